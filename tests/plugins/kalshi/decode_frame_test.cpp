#include "kalshi/decode_frame.hpp"

#include "packet_text.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;
using arb::test::all;
using arb::test::text_of;
using arb::test::to_text;

namespace {

constexpr arb_time received = 1'791'427'623'777'436'828;

struct Decoded {
    FrameDecoder decoder;
    Packets packets;
    std::string bytes;
    Frame frame;
    explicit Decoded(std::string text) : bytes{std::move(text)} {
        frame = decoder.decode(bytes, received, packets);
    }
};

std::string const ticker =
    R"({"type":"ticker","sid":4,"msg":{"market_id":"ef793c45-beed-4096-8a3a-1c70af894be7","market_ticker":"KXGOLDH-26AUG2711-T4615.99","price_dollars":"0.4200","yes_bid_dollars":"0.0100","yes_ask_dollars":"0.9800","volume_fp":"12.34","open_interest_fp":"0.00","dollar_volume":0,"dollar_open_interest":0,"yes_bid_size_fp":"1410.00","yes_ask_size_fp":"2500.00","last_trade_size_fp":"3.00","ts":1787838990,"ts_ms":1787838990880,"time":"2026-08-27T13:56:30Z"},"sending_ts_ms":1787838990885})"
    "\n";

std::string const trade =
    R"({"type":"trade","sid":2,"seq":1,"msg":{"trade_id":"07257cc7-1ca1-a990-846a-5d3b7c016969","market_ticker":"KXMLBGAME-26OCT072200MILSD-SD","yes_price_dollars":"0.4200","no_price_dollars":"0.5800","count_fp":"4.57","taker_side":"yes","taker_outcome_side":"yes","taker_book_side":"bid","is_block_trade":false,"ts":1791427623,"ts_ms":1791427623401},"sending_ts_ms":1791427623405})"
    "\n";

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    auto const at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("a ticker becomes a quote of YES with the venue's milliseconds", "[kalshi]") {
    Decoded const got{ticker};
    CHECK(got.frame.type == FrameType::ticker);
    CHECK(got.frame.sid == 4);
    CHECK(got.frame.sequence == 0);
    CHECK(got.frame.rejected.empty());
    auto const quotes = all<arb_quote>(got.packets);
    REQUIRE(quotes.size() == 1);
    CHECK(to_text(*quotes[0]) == "0.01 x 1410 | 0.98 x 2500 last 0.42 x 3 volume 12.34 interest 0");
    CHECK(text_of(*quotes[0], &arb_quote::market_id) == "KXGOLDH-26AUG2711-T4615.99");
    CHECK(quotes[0]->outcome == 0);
    CHECK(quotes[0]->header.venue_time == 1'787'838'990'880'000'000);
    CHECK(quotes[0]->header.received_time == received);
    CHECK(quotes[0]->header.flags == 0);
    CHECK(venue(quotes[0]->header) == "kalshi");
}

TEST_CASE("a ticker side without size is absent whatever its price says", "[kalshi]") {
    auto const no_ask = Decoded{replaced(replaced(ticker, R"("0.9800")", R"("1.0000")"), "2500.00", "0.00")};
    CHECK(to_text(*all<arb_quote>(no_ask.packets).at(0)) ==
          "0.01 x 1410 | - x - last 0.42 x 3 volume 12.34 interest 0");
    auto const stale_bid = Decoded{replaced(ticker, "1410.00", "0.00")};
    CHECK(to_text(*all<arb_quote>(stale_bid.packets).at(0)) ==
          "- x - | 0.98 x 2500 last 0.42 x 3 volume 12.34 interest 0");
    auto const never_quoted =
        Decoded{replaced(replaced(ticker, R"("0.9800")", R"("0.0000")"), "2500.00", "0.00")};
    CHECK(all<arb_quote>(never_quoted.packets).at(0)->ask == ARB_ABSENT);
    CHECK(all<arb_quote>(never_quoted.packets).at(0)->header.flags == 0);
}

TEST_CASE("a market that never traded has no last price", "[kalshi]") {
    for (auto const* const price : {R"("0.0000")", R"("")"}) {
        auto const got = Decoded{replaced(ticker, R"("0.4200")", price)};
        auto const quotes = all<arb_quote>(got.packets);
        CHECK(quotes.at(0)->last_price == ARB_ABSENT);
        CHECK(quotes.at(0)->last_size == ARB_ABSENT);
        CHECK(quotes.at(0)->header.flags == 0);
    }
}

TEST_CASE("a ticker without milliseconds has the venue's seconds, and without both no time", "[kalshi]") {
    auto const seconds = replaced(ticker, R"(,"ts_ms":1787838990880)", "");
    CHECK(all<arb_quote>(Decoded{seconds}.packets).at(0)->header.venue_time == 1'787'838'990'000'000'000);
    auto const none = replaced(seconds, R"("ts":1787838990,)", "");
    CHECK(all<arb_quote>(Decoded{none}.packets).at(0)->header.venue_time == 0);
}

TEST_CASE("a value of a ticker that is wrong is left absent, flagged and named, the others stay",
          "[kalshi]") {
    struct Mutation {
        char const *what, *with, *doubt;
    };
    Mutation const mutations[] = {
        {R"("yes_bid_dollars":"0.0100",)", "", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":null)", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":true)", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":["0.0100"])", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":{"a":"0.0100"})", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":"1 cent")", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":"99999999999999999999999")",
         "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":"1.0100")", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":"-0.0100")", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":"0.00000001")", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":"0.0000")", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":0.01e400)", "yes_bid_dollars"},
        {R"("yes_bid_dollars":"0.0100")", R"("yes_bid_price":"0.0100")", "yes_bid_dollars"},
    };
    for (auto const& mutation : mutations) {
        INFO(mutation.with);
        auto const got = Decoded{replaced(ticker, mutation.what, mutation.with)};
        auto const quotes = all<arb_quote>(got.packets);
        if (quotes.empty()) {
            CHECK(!got.frame.rejected.empty());
            continue;
        }
        CHECK(got.frame.doubt == mutation.doubt);
        CHECK(to_text(*quotes[0]) == "- x - | 0.98 x 2500 last 0.42 x 3 volume 12.34 interest 0");
        CHECK(quotes[0]->header.flags == ARB_FLAG_ANOMALY);
    }
    for (auto const* const field : {"yes_ask_dollars", "yes_bid_size_fp", "yes_ask_size_fp", "volume_fp",
                                    "open_interest_fp", "price_dollars"}) {
        INFO(field);
        auto const got = Decoded{replaced(ticker, field, "renamed")};
        REQUIRE(all<arb_quote>(got.packets).size() == 1);
        CHECK(all<arb_quote>(got.packets)[0]->header.flags == ARB_FLAG_ANOMALY);
        CHECK(!got.frame.doubt.empty());
    }
    auto const clock = Decoded{replaced(ticker, "1787838990880", "99999999999999999")};
    CHECK(clock.frame.doubt == "ts_ms");
    CHECK(all<arb_quote>(clock.packets).at(0)->header.venue_time == 1'787'838'990'000'000'000);
}

TEST_CASE("a price that came as a number is read from its digits", "[kalshi]") {
    auto const got =
        Decoded{replaced(ticker, R"("yes_bid_dollars":"0.0100")", R"("yes_bid_dollars":0.0101)")};
    CHECK(all<arb_quote>(got.packets).at(0)->bid == 10'100);
    CHECK(all<arb_quote>(got.packets).at(0)->header.flags == 0);
}

TEST_CASE("a ticker without its market is rejected with a word", "[kalshi]") {
    for (auto const* const with :
         {R"("market_ticker":null)", R"("market_ticker":7)", R"("market_ticker":"")", R"("x":"y")"}) {
        auto const got = Decoded{replaced(ticker, R"("market_ticker":"KXGOLDH-26AUG2711-T4615.99")", with)};
        CHECK(got.frame.rejected == "ticker_without_market");
        CHECK(got.packets.empty());
    }
}

TEST_CASE("keys may come in any order and texts may be escaped", "[kalshi]") {
    Decoded const got{
        R"({"msg":{"yes_ask_size_fp":"1.00","yes_bid_size_fp":"2.5","yes_ask_dollars":"0.5","yes_bid_dollars":"\u0030.25","price_dollars":"","open_interest_fp":"1","volume_fp":"1","market_ticker":"KX\u0041-\"\\-1","custom":{"market_ticker":"WRONG","ts_ms":1},"ts_ms":1787838990880},"sid":9,"type":"ticker"})"};
    auto const quotes = all<arb_quote>(got.packets);
    REQUIRE(quotes.size() == 1);
    CHECK(text_of(*quotes[0], &arb_quote::market_id) == "KXA-\"\\-1");
    CHECK(to_text(*quotes[0]) == "0.25 x 2.5 | 0.5 x 1 last - x - volume 1 interest 1");
    CHECK(quotes[0]->header.venue_time == 1'787'838'990'880'000'000);
    CHECK(got.frame.sid == 9);
}

TEST_CASE("a combo's frames are read and not written", "[kalshi]") {
    auto const got = Decoded{replaced(ticker, "KXGOLDH-26AUG2711-T4615.99", "KXMVECROSS-1")};
    CHECK(got.frame.is_combo);
    CHECK(got.packets.empty());
    CHECK(got.frame.rejected.empty());
}

TEST_CASE("a trade is stored for YES at the YES price with the taker's direction", "[kalshi]") {
    Decoded const yes{trade};
    auto const trades = all<arb_trade>(yes.packets);
    REQUIRE(trades.size() == 1);
    CHECK(trades[0]->price == 420'000);
    CHECK(trades[0]->size == 4'570'000);
    CHECK(trades[0]->outcome == 0);
    CHECK(trades[0]->taker_side == ARB_SIDE_BUY);
    CHECK(trades[0]->block == ARB_NO);
    CHECK(text_of(*trades[0], &arb_trade::trade_id) == "07257cc7-1ca1-a990-846a-5d3b7c016969");
    CHECK(trades[0]->header.venue_time == 1'791'427'623'401'000'000);
    CHECK(yes.frame.sequence == 1);

    auto no = replaced(trade, R"("taker_outcome_side":"yes")", R"("taker_outcome_side":"no")");
    no = replaced(no, R"("taker_book_side":"bid")", R"("taker_book_side":"ask")");
    no = replaced(no, R"("taker_side":"yes")", R"("taker_side":"no")");
    CHECK(all<arb_trade>(Decoded{no}.packets).at(0)->taker_side == ARB_SIDE_SELL);
    CHECK(all<arb_trade>(Decoded{no}.packets).at(0)->price == 420'000);
    auto const old =
        replaced(replaced(no, R"("taker_outcome_side":"no",)", ""), R"("taker_book_side":"ask",)", "");
    CHECK(all<arb_trade>(Decoded{old}.packets).at(0)->taker_side == ARB_SIDE_SELL);
    auto const block = replaced(trade, "false", "true");
    CHECK(all<arb_trade>(Decoded{block}.packets).at(0)->block == ARB_YES);
    // Older frames do not say, and what cannot be read is not known either.
    auto const silent = replaced(trade, "is_block_trade", "was_block_trade");
    CHECK(all<arb_trade>(Decoded{silent}.packets).at(0)->block == ARB_NOT_KNOWN);
    auto const text = replaced(trade, "false", R"("false")");
    CHECK(all<arb_trade>(Decoded{text}.packets).at(0)->block == ARB_NOT_KNOWN);
}

TEST_CASE("a trade that cannot be right is rejected, one with an unknown taker flagged", "[kalshi]") {
    struct Mutation {
        char const *what, *with, *rejected;
    };
    Mutation const mutations[] = {
        {R"("market_ticker":"KXMLBGAME-26OCT072200MILSD-SD")", R"("market_ticker":[])",
         "trade_without_market"},
        {R"("yes_price_dollars":"0.4200")", R"("yes_price":42)", "trade_without_price"},
        {R"("yes_price_dollars":"0.4200")", R"("yes_price_dollars":null)", "trade_without_price"},
        {R"("yes_price_dollars":"0.4200")", R"("yes_price_dollars":"42")", "trade_without_price"},
        {R"("yes_price_dollars":"0.4200")", R"("yes_price_dollars":"0.5800")", "trade_prices_disagree"},
        {R"("count_fp":"4.57")", R"("count":4)", "trade_without_size"},
        {R"("count_fp":"4.57")", R"("count_fp":"0.00")", "trade_without_size"},
        {R"("count_fp":"4.57")", R"("count_fp":"-4.57")", "trade_without_size"},
        {R"("count_fp":"4.57")", R"("count_fp":"1e30")", "trade_without_size"},
    };
    for (auto const& mutation : mutations) {
        INFO(mutation.with);
        auto const got = Decoded{replaced(trade, mutation.what, mutation.with)};
        CHECK(got.frame.rejected == mutation.rejected);
        CHECK(got.packets.empty());
        CHECK(got.frame.sequence == 1);
    }
    auto unknown = replaced(trade, R"("taker_outcome_side":"yes")", R"("taker_outcome_side":"maybe")");
    unknown = replaced(replaced(unknown, R"("bid")", R"("?")"), R"("taker_side":"yes")", R"("taker_side":1)");
    auto const got = Decoded{unknown};
    CHECK(got.frame.doubt == "taker_outcome_side");
    CHECK(all<arb_trade>(got.packets).at(0)->taker_side == ARB_SIDE_NONE);
    CHECK(all<arb_trade>(got.packets).at(0)->header.flags == ARB_FLAG_ANOMALY);
}

TEST_CASE("a snapshot gives both ladders, an absent side is empty", "[kalshi]") {
    Decoded const both{
        R"({"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"M","market_id":"x","yes_dollars_fp":[["0.0100","1410.00"]],"no_dollars_fp":[["0.0100","100.00"],["0.0200","2500.05"],["0.0300","0.00"]]}})"};
    CHECK(both.frame.rejected.empty());
    CHECK(both.frame.has_sides);
    REQUIRE(both.frame.yes.size() == 1);
    REQUIRE(both.frame.no.size() == 2);
    CHECK(both.frame.no[1].price == 20'000);
    CHECK(both.frame.no[1].size == 2'500'050'000);
    Decoded const empty{
        R"({"type":"orderbook_snapshot","sid":1,"seq":2,"msg":{"market_ticker":"M","market_id":""}})"};
    CHECK(empty.frame.rejected.empty());
    CHECK(!empty.frame.has_sides);
    CHECK(empty.frame.yes.empty());
}

TEST_CASE("a snapshot with one bad level is rejected whole", "[kalshi]") {
    for (auto const* const level : {R"(["0.01"])", R"(["0.01","1","2"])", R"(["x","1"])", R"(["0.01",null])",
                                    R"("0.01")", R"({"0.01":"1"})", R"(["0.01",["1"]])", R"(["1.01","1"])",
                                    R"(["0.01","-1"])", R"([true,"1"])", R"(["0.00000001","1"])"}) {
        INFO(level);
        Decoded const got{
            R"({"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"M","yes_dollars_fp":[["0.02","1"],)" +
            std::string{level} + R"(,["0.03","1"]]}})"};
        CHECK(got.frame.rejected == "snapshot_with_bad_level");
        CHECK(got.frame.sequence == 1);
    }
    Decoded const text{
        R"({"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"M","yes_dollars_fp":"none"}})"};
    CHECK(text.frame.rejected == "snapshot_with_bad_level");
}

TEST_CASE("a book change carries side, level and signed size", "[kalshi]") {
    std::string const delta =
        R"({"type":"orderbook_delta","sid":1,"seq":10,"msg":{"market_ticker":"M","market_id":"x","price_dollars":"0.960","delta_fp":"-4.57","side":"no","ts":"2026-10-08T02:47:03.401Z","ts_ms":1791427623401},"sending_ts_ms":1})";
    Decoded const got{delta};
    CHECK(got.frame.rejected.empty());
    CHECK(!got.frame.is_yes);
    CHECK(got.frame.price == 960'000);
    CHECK(got.frame.delta == -4'570'000);
    CHECK(got.frame.time == 1'791'427'623'401'000'000);
    CHECK(Decoded{replaced(delta, R"(,"ts_ms":1791427623401)", "")}.frame.time == 1'791'427'623'401'000'000);
    CHECK(Decoded{replaced(delta, R"("no")", R"("both")")}.frame.rejected == "delta_without_side");
    CHECK(Decoded{replaced(delta, R"("-4.57")", "null")}.frame.rejected == "delta_without_size");
    CHECK(Decoded{replaced(delta, R"("0.960")", R"("0")")}.frame.rejected == "delta_without_price");
}

TEST_CASE("a market's lifecycle becomes a status change", "[kalshi]") {
    Decoded const determined{
        R"({"type":"market_lifecycle_v2","sid":1,"seq":279597,"msg":{"market_ticker":"KXMLBSPREAD-1","determination_ts":1784501722,"result":"no","settlement_value":"0.0000","event_type":"determined"}})"};
    auto const changes = all<arb_status_change>(determined.packets);
    REQUIRE(changes.size() == 1);
    CHECK(changes[0]->lifecycle == ARB_LIFECYCLE_DETERMINED);
    CHECK(changes[0]->settlement_value == 0);
    CHECK(text_of(*changes[0], &arb_status_change::result) == "no");
    CHECK(text_of(*changes[0], &arb_status_change::venue_status) == "determined");
    CHECK(changes[0]->header.venue_time == 1'784'501'722'000'000'000);
    CHECK(text_of(*changes[0], &arb_status_change::detail).find("\"determination_ts\":1784501722") !=
          std::string::npos);

    Decoded const moved{
        R"({"type":"market_lifecycle_v2","sid":1,"seq":43,"msg":{"market_ticker":"A","close_ts":1759353839,"event_type":"close_date_updated"}})"};
    CHECK(all<arb_status_change>(moved.packets).at(0)->lifecycle == ARB_LIFECYCLE_NONE);
    CHECK(all<arb_status_change>(moved.packets).at(0)->settlement_value == ARB_ABSENT);

    Decoded const created{
        R"({"type":"market_lifecycle_v2","sid":1,"msg":{"market_ticker":"B","event_type":"created","open_ts":1,"additional_metadata":{"event_ticker":"EVENT-B","title":"x"}}})"};
    CHECK(created.frame.event_ticker == "EVENT-B");
    CHECK(all<arb_status_change>(created.packets).at(0)->lifecycle == ARB_LIFECYCLE_UNOPENED);

    Decoded const odd{
        R"({"type":"market_lifecycle_v2","sid":1,"msg":{"market_ticker":"B","event_type":"determined","result":"yes","settlement_value":"12.00"}})"};
    CHECK(odd.frame.doubt == "settlement_value");
    CHECK(all<arb_status_change>(odd.packets).at(0)->header.flags == ARB_FLAG_ANOMALY);
}

TEST_CASE("replies name their command, subscription and error", "[kalshi]") {
    auto const subscribed =
        Decoded{R"({"type":"subscribed","id":1,"msg":{"channel":"trade","sid":2},"sending_ts_ms":1})"};
    CHECK(subscribed.frame.type == FrameType::subscribed);
    CHECK(subscribed.frame.channel == "trade");
    CHECK(subscribed.frame.sid == 2);
    CHECK(subscribed.frame.id == 1);
    auto const ok = Decoded{R"({"type":"ok","id":2,"sid":1,"seq":108,"msg":{"market_tickers":["A","B"]}})"};
    CHECK(ok.frame.type == FrameType::ok);
    CHECK(ok.frame.sequence == 108);
    CHECK(Decoded{R"({"id":3,"type":"ok","msg":[{"channel":"fill","sid":3}]})"}.frame.type == FrameType::ok);
    auto const error =
        Decoded{R"({"type":"error","id":3,"sid":7,"msg":{"code":8,"msg":"Unknown channel name"}})"};
    CHECK(error.frame.type == FrameType::error);
    CHECK(error.frame.error_code == 8);
    CHECK(error.frame.error_text == "Unknown channel name");
    CHECK(error.frame.sid == 7);
    CHECK(Decoded{R"({"id":102,"sid":2,"seq":7,"type":"unsubscribed"})"}.frame.sequence == 7);
}

TEST_CASE("bytes that are no frame are rejected, a new type is not an error", "[kalshi]") {
    for (auto const* const bytes :
         {"", "{", "[1]", "null", "{\"type\":\"ticker\"} trailing", "<html>", "{\"type\":7}", "{}"}) {
        INFO(bytes);
        Decoded const got{bytes};
        CHECK(!got.frame.rejected.empty());
        CHECK(got.packets.empty());
    }
    Decoded const novel{R"({"type":"weather","sid":3,"seq":5,"msg":{"market_ticker":"A"}})"};
    CHECK(novel.frame.type == FrameType::unknown);
    CHECK(novel.frame.rejected.empty());
    CHECK(novel.frame.sequence == 5);
}

TEST_CASE("invalid UTF-8 in a text does not cost the frame", "[kalshi]") {
    auto const got = Decoded{replaced(ticker, "T4615.99", "T\xff\xfe")};
    REQUIRE(all<arb_quote>(got.packets).size() == 1);
    CHECK(text_of(*all<arb_quote>(got.packets)[0], &arb_quote::market_id) == "KXGOLDH-26AUG2711-T\xff\xfe");
}

TEST_CASE("a decoder keeps nothing of the frame before", "[kalshi]") {
    FrameDecoder decoder;
    Packets packets;
    decoder.decode(ticker, received, packets);
    packets.clear();
    auto const& frame = decoder.decode(R"({"type":"ticker","msg":{"market_ticker":"A"}})", received, packets);
    CHECK(frame.sid == 0);
    CHECK(to_text(*all<arb_quote>(packets).at(0)) == "- x - | - x - last - x - volume - interest -");
}
