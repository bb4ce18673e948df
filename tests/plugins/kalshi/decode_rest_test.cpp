#include "kalshi/decode_rest.hpp"

#include <fstream>
#include <sstream>

#include "arbitrage/time.hpp"
#include "kalshi/member.hpp"
#include "packet_text.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;
using arb::test::all;
using arb::test::amount;
using arb::test::text_of;

namespace {

std::string file(std::string const& name) {
    std::ifstream in{ARBITRAGE_TEST_DATA "/kalshi/" + name};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

Document parse(std::string_view body) { return Document::parse(body).value(); }

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    auto const at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

// The markets of the first event of a page; those that cannot be used are missing and counted.
struct Markets {
    Document document;
    std::vector<MarketRow> rows;
    std::string_view reason;
    explicit Markets(std::string const& body) : document{parse(body)} {
        std::string_view none;
        auto const event = read_event(document.list("events").at(0), none);
        for (auto const& item : *event->markets)
            if (auto row = read_market(item, reason)) rows.push_back(*row);
    }
};

}  // namespace

TEST_CASE("a page of events gives events, markets and where to go on", "[kalshi]") {
    auto const document = parse(file("events_page.json"));
    CHECK(document.cursor() == "CgYI8Kmw1gYSF0tYTkZMR0FNRS0yNk9DVDExQ0lOTUlB");
    REQUIRE(document.list("events").size() == 2);
    std::string_view reason;
    auto const event = read_event(document.list("events").at(0), reason);
    REQUIRE(event.has_value());
    CHECK(event->markets->size() == 2);
    SeriesTable series;
    read_series(
        parse(
            R"({"series":[{"ticker":"KXNFLGAME","category":"Football","fee_type":"quadratic","fee_multiplier":1}]})"),
        series);
    auto const context = context_of(*event, series);
    Packets packets;
    EventSpan span;
    for (auto const& item : *event->markets) span.add(*read_market(item, reason));
    write_event(packets, *event, context, span, 7);
    auto const events = all<arb_event>(packets);
    REQUIRE(events.size() == 1);
    CHECK(text_of(*events[0], &arb_event::event_id) == "KXNFLGAME-26OCT08TBDAL");
    CHECK(text_of(*events[0], &arb_event::series) == "KXNFLGAME");
    CHECK(text_of(*events[0], &arb_event::title) == "TB Buccaneers vs DAL Cowboys");
    CHECK(text_of(*events[0], &arb_event::subtitle) == "TB vs DAL (Oct 8)");
    CHECK(text_of(*events[0], &arb_event::category) == "Football");
    CHECK(events[0]->mutually_exclusive == ARB_YES);
    CHECK(events[0]->lifecycle == ARB_LIFECYCLE_OPEN);
    CHECK(format_time(events[0]->closes_at) == "2026-10-11T00:15:00.000000Z");
    auto const raw = boost::json::parse(std::string{text_of(*events[0], &arb_event::raw)}).as_object();
    CHECK(!raw.contains("markets"));
    CHECK(raw.at("product_metadata").at("competition").as_string() == "Pro Football");
}

TEST_CASE("a market keeps grid, fee, rules, times and the venue's words", "[kalshi]") {
    Markets const got{file("events_page.json")};
    REQUIRE(got.rows.size() == 2);
    Packets packets;
    write_market(packets, got.rows[0], Fee{"quadratic", "1"}, 7);
    write_market(packets, got.rows[1], Fee{"quadratic", "0.5"}, 7);
    auto const markets = all<arb_market>(packets);
    REQUIRE(markets.size() == 2);
    auto const& open = *markets[0];
    CHECK(open.header.flags == 0);
    CHECK(text_of(open, &arb_market::market_id) == "KXNFLGAME-26OCT08TBDAL-DAL");
    CHECK(text_of(open, &arb_market::event_id) == "KXNFLGAME-26OCT08TBDAL");
    CHECK(text_of(open, &arb_market::title) == "Dallas wins");
    CHECK(text_of(open, &arb_market::venue_status) == "active");
    CHECK(text_of(open, &arb_market::rules) ==
          "If Dallas wins, the market resolves to Yes.\n\nA tie pays half.");
    CHECK(text_of(open, &arb_market::fee) == R"({"type":"quadratic","multiplier":1})");
    CHECK(text_of(open, &arb_market::result).empty());
    CHECK(open.lifecycle == ARB_LIFECYCLE_OPEN);
    CHECK(open.tick_size == 1'000);
    CHECK(boost::json::parse(std::string{text_of(open, &arb_market::price_ranges)}).as_array().size() == 3);
    CHECK(amount(open.volume) == "271926.68");
    CHECK(open.settlement_value == ARB_ABSENT);
    CHECK(format_time(open.opens_at) == "2026-09-29T04:05:00.000000Z");
    CHECK(format_time(open.expected_at) == "2026-10-09T03:15:00.000000Z");
    CHECK(open.settled_at == 0);
    auto const outcomes = array<arb_ref>(open.header, open.outcomes);
    REQUIRE(outcomes.size() == 2);
    CHECK(text(open.header, outcomes[0]) == "Yes");
    CHECK(boost::json::parse(std::string{text_of(open, &arb_market::raw)}).at("strike_type").as_string() ==
          "structured");

    auto const& paid = *markets[1];
    CHECK(paid.header.flags == 0);
    CHECK(paid.lifecycle == ARB_LIFECYCLE_SETTLED);
    CHECK(paid.settlement_value == ARB_UNIT);
    CHECK(text_of(paid, &arb_market::result) == "yes");
    CHECK(paid.expected_at == 0);
    CHECK(format_time(paid.settled_at) == "2026-10-09T04:00:00.500000Z");
    CHECK(text_of(paid, &arb_market::fee) ==
          R"({"type":"quadratic","multiplier":0.5,"waived_until":"2026-10-01T00:00:00Z"})");
}

TEST_CASE("quotes of REST markets lose the venue's stand-ins", "[kalshi]") {
    Markets const got{file("events_page.json")};
    Packets packets;
    write_quote(packets, got.rows[0].ticker, got.rows[0].quote, 1, 0, ARB_FLAG_POLLED);
    write_quote(packets, got.rows[1].ticker, got.rows[1].quote, 1, 0, ARB_FLAG_POLLED);
    auto const quotes = all<arb_quote>(packets);
    CHECK(test::to_text(*quotes[0]) ==
          "0.8 x 16529.55 | 0.81 x 375864.43 last 0.81 x - volume 271926.68 interest 242310.93");
    CHECK(test::to_text(*quotes[1]) == "- x - | - x - last - x - volume 0 interest 0");
    CHECK(!got.rows[1].quote_doubts.any());
}

TEST_CASE("fees of an event outrank those of its series", "[kalshi]") {
    auto const document = parse(file("events_page.json"));
    std::string_view reason;
    SeriesTable series;
    read_series(
        parse(
            R"({"series":[{"ticker":"KXELONMARS","category":"World","fee_type":"quadratic","fee_multiplier":1},
                                    {"ticker":7},"odd",{"ticker":"A","fee_type":null}]})"),
        series);
    CHECK(series.size() == 2);
    auto const context = context_of(*read_event(document.list("events").at(1), reason), series);
    CHECK(fee_json(context.fee, {}) == R"({"type":"quadratic_with_maker_fees","multiplier":0.5})");
    CHECK(fee_json(series.at("A").fee, {}).empty());
}

TEST_CASE("the venue's status words map to lifecycles", "[kalshi]") {
    CHECK(lifecycle_of("initialized") == ARB_LIFECYCLE_UNOPENED);
    CHECK(lifecycle_of("active") == ARB_LIFECYCLE_OPEN);
    CHECK(lifecycle_of("inactive") == ARB_LIFECYCLE_PAUSED);
    CHECK(lifecycle_of("closed") == ARB_LIFECYCLE_CLOSED);
    for (auto const* const word : {"determined", "disputed", "amended"})
        CHECK(lifecycle_of(word) == ARB_LIFECYCLE_DETERMINED);
    CHECK(lifecycle_of("finalized") == ARB_LIFECYCLE_SETTLED);
    CHECK(lifecycle_of("frozen") == ARB_LIFECYCLE_NONE);
}

TEST_CASE("a market with a bad value is flagged or left out, its neighbour stays", "[kalshi]") {
    struct Mutation {
        char const *what, *with;
        bool used;
        char const* reason;
    };
    Mutation const mutations[] = {
        {R"("ticker":"KXNFLGAME-26OCT08TBDAL-DAL")", R"("ticker":null)", false, "market_without_ticker"},
        {R"("ticker":"KXNFLGAME-26OCT08TBDAL-DAL")", R"("ticker":12)", false, "market_without_ticker"},
        {R"("title":"Dallas wins")", R"("title":{})", true, "title"},
        {R"("status":"active")", R"("status":"limbo")", true, "status"},
        {R"("status":"active")", R"("status":3)", true, "status"},
        {R"("step":"0.0010")", R"("step":"0")", true, "price_ranges"},
        {R"("step":"0.0010")", R"("step":[])", true, "price_ranges"},
        {R"("price_ranges":[)", R"("price_grid":[)", true, "price_ranges"},
        {R"("close_time":"2026-10-11T00:15:00Z")", R"("close_time":"tomorrow")", true, "close_time"},
        {R"("close_time":"2026-10-11T00:15:00Z")", R"("close_time":1760141700)", true, "close_time"},
        {R"("close_time":"2026-10-11T00:15:00Z")", R"("close_time":"9999-12-31T00:00:00Z")", true,
         "close_time"},
        {R"("open_time":"2026-09-29T04:05:00Z",)", "", true, "open_time"},
        {R"("volume_fp":"271926.68")", R"("volume_fp":"-1")", true, "volume_fp"},
        {R"("volume_fp":"271926.68")", R"("volume_fp":"1e40")", true, "volume_fp"},
        {R"("event_ticker":"KXNFLGAME-26OCT08TBDAL",
   "exchange_index")",
         R"("exchange_index")", true, "event_ticker"},
    };
    for (auto const& mutation : mutations) {
        INFO(mutation.with);
        Markets const got{replaced(file("events_page.json"), mutation.what, mutation.with)};
        REQUIRE(got.rows.size() == (mutation.used ? 2 : 1));
        CHECK(got.rows.back().ticker == "KXNFLGAME-26OCT08TBDAL-TB");
        CHECK(!got.rows.back().doubts.any());
        if (mutation.used)
            CHECK(got.rows.front().doubts.first() == mutation.reason);
        else
            CHECK(got.reason == mutation.reason);
    }
}

TEST_CASE("trading alone does not change a market's content, anything else does", "[kalshi]") {
    auto const content = [](std::string const& body) {
        auto const document = parse(body);
        return content_of(document.list("events").at(0).at("markets").as_array().at(0).as_object());
    };
    auto const page = file("events_page.json");
    CHECK(content(page) == content(replaced(page, R"("0.8100")", R"("0.8200")")));
    CHECK(content(page) == content(replaced(page, "271926.68", "271927.00")));
    CHECK(content(page) == content(replaced(page, "2026-09-29T04:05:00.889551Z", "2026-09-29T04:05:01Z")));
    CHECK(content(page) != content(replaced(page, R"("status":"active")", R"("status":"closed")")));
    CHECK(content(page) != content(replaced(page, "Dallas wins", "Dallas win")));
    CHECK(content(page) !=
          content(replaced(page, R"("close_time":"2026-10-11)", R"("close_time":"2026-10-12)")));
}

TEST_CASE("trades of a page are read one by one", "[kalshi]") {
    auto const document = parse(R"({"cursor":"","trades":[
        {"count_fp":"1.00","created_time":"2026-10-06T06:38:16.55614Z","is_block_trade":true,"no_price_dollars":"0.1900",
         "taker_book_side":"bid","taker_outcome_side":"yes","taker_side":"yes","ticker":"A","trade_id":"t1","yes_price_dollars":"0.8100"},
        7,{"ticker":"B"},{"ticker":"C","count_fp":"2","yes_price_dollars":"0.3","no_price_dollars":"0.3"},
        {"ticker":"D","count_fp":2,"yes_price_dollars":0.31,"taker_side":"no","trade_id":"t2","created_time":"2026-10-06T06:38:16Z"}]})");
    std::vector<std::string> reasons;
    std::vector<TradeRow> rows;
    for (auto const& item : document.list("trades")) {
        std::string_view reason;
        if (auto const row = read_trade(item, reason))
            rows.push_back(*row);
        else
            reasons.emplace_back(reason);
    }
    CHECK(reasons ==
          std::vector<std::string>{"trade_without_market", "trade_without_price", "trade_prices_disagree"});
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].trade.price == 810'000);
    CHECK(rows[0].trade.block == ARB_YES);
    CHECK(rows[1].trade.block == ARB_NOT_KNOWN);
    CHECK(rows[0].trade.taker_side == ARB_SIDE_BUY);
    CHECK(format_time(rows[0].trade.time) == "2026-10-06T06:38:16.556140Z");
    CHECK(rows[1].trade.price == 310'000);
    CHECK(rows[1].trade.size == 2'000'000);
    CHECK(rows[1].trade.taker_side == ARB_SIDE_SELL);
    CHECK(!rows[1].doubts.any());
}

TEST_CASE("bodies that are not what was asked for are errors with a sentence", "[kalshi]") {
    for (auto const* const body : {"", "<html>gateway</html>", "[]", "{\"events\":"})
        CHECK(Document::parse(body).error().status == ARB_RETRY);
    CHECK(parse("{}").cursor().empty());
    CHECK(parse(R"({"cursor":null,"events":null})").list("events").empty());
    CHECK(error_text(R"({"code":"bad_request","message":"limit is wrong","details":"max 200"})") ==
          "bad_request: limit is wrong: max 200");
    CHECK(error_text(R"({"error":{"code":"not_found","message":"no market","service":"exchange"}})") ==
          "not_found: no market");
    CHECK(error_text(R"({"error":"too many requests"})") == "too many requests");
    CHECK(error_text("<html>").empty());
}

TEST_CASE("half a surrogate pair or invalid UTF-8 in one title does not cost the page", "[kalshi]") {
    Markets const half{replaced(file("events_page.json"), R"("title":"Dallas wins")",
                                R"("title":"a\ud83db \ud83d\ude00 \\ud83d")")};
    REQUIRE(half.rows.size() == 2);
    CHECK(half.rows[0].title ==
          "a\xef\xbf\xbd"
          "b \xf0\x9f\x98\x80 \\ud83d");
    Markets const bytes{replaced(file("events_page.json"), R"("title":"Dallas wins")",
                                 "\"title\":\"a\xff\xfe'); DROP TABLE markets; --\"")};
    REQUIRE(bytes.rows.size() == 2);
    CHECK(bytes.rows[0].title == "a\xff\xfe'); DROP TABLE markets; --");
    Markets const nul{
        replaced(file("events_page.json"), R"("title":"Dallas wins")", R"("title":"a\u0000b\n")")};
    CHECK(nul.rows.at(0).title == std::string_view{"a\0b\n", 4});
}

TEST_CASE("the exchange trades while any of its parts does, and what says nothing trades", "[kalshi]") {
    auto const state = [](std::string_view body) { return read_exchange(Document::parse(body).value()); };
    CHECK(state(R"({"exchange_active":true,"trading_active":true})").trading);
    CHECK(state("{}").trading);
    CHECK(state(R"({"trading_active":"no"})").trading);
    auto const paused = state(
        R"({"exchange_active":true,"trading_active":false,"exchange_estimated_resume_time":"2026-10-08T09:00:00Z"})");
    CHECK_FALSE(paused.trading);
    CHECK(paused.word == "trading_inactive");
    CHECK(paused.resumes == "2026-10-08T09:00:00Z");
    CHECK_FALSE(
        state(R"({"exchange_active":false,"trading_active":true,"exchange_estimated_resume_time":null})")
            .trading);
    auto const part = state(R"({"trading_active":false,"exchange_index_statuses":[
        {"exchange_index":0,"trading_active":false},{"exchange_index":2,"trading_active":true}]})");
    CHECK(part.trading);
    CHECK(part.word == "active");
    REQUIRE(part.parts.size() == 1);
    CHECK(part.parts[0].number == 0);
    CHECK(part.parts[0].word == "trading_inactive");
    auto const named = state(R"({"exchange_index_statuses":[
        {"exchange_index":2,"description":"Crypto","exchange_active":false,"trading_active":false},
        {"exchange_index":"x","trading_active":false},{"trading_active":false},7]})");
    CHECK(named.trading);
    REQUIRE(named.parts.size() == 1);
    CHECK(named.parts[0].description == "Crypto");
    CHECK(named.parts[0].word == "exchange_inactive");
    CHECK_FALSE(
        state(
            R"({"trading_active":false,"exchange_index_statuses":[{"exchange_index":0,"trading_active":false}]})")
            .trading);
}

TEST_CASE("the cutoff says until when the venue moved its past away", "[kalshi]") {
    Doubts doubts;
    auto const cutoff = read_cutoff(parse(R"({"market_settled_ts":"2026-08-20T00:00:00Z",
        "trades_created_ts":"2026-08-21T06:30:00.5Z","orders_updated_ts":"2026-08-20T00:00:00Z",
        "market_positions_last_updated_ts":"2026-08-20T00:00:00Z"})"),
                                    doubts);
    CHECK(format_time(cutoff.markets_settled) == "2026-08-20T00:00:00.000000Z");
    CHECK(format_time(cutoff.trades_created) == "2026-08-21T06:30:00.500000Z");
    CHECK(!doubts.any());
    for (auto const* const odd :
         {R"({})", R"({"market_settled_ts":"2026-08-20T00:00:00Z","trades_created_ts":null})",
          R"({"market_settled_ts":"2026-08-20T00:00:00Z","trades_created_ts":1787184000})",
          R"({"market_settled_ts":"2026-08-20T00:00:00Z","trades_created_ts":"soon"})"}) {
        INFO(odd);
        Doubts of_this;
        CHECK(read_cutoff(parse(odd), of_this).trades_created == 0);
        CHECK(of_this.any());
    }
}

TEST_CASE("a list may call its cursor the next one", "[kalshi]") {
    CHECK(parse(R"({"incentive_programs":[],"next_cursor":"abc"})").cursor() == "abc");
    CHECK(parse(R"({"incentive_programs":[],"next_cursor":""})").cursor().empty());
    CHECK(parse(R"({"incentive_programs":[],"next_cursor":null})").cursor().empty());
}

TEST_CASE("raw JSON keeps numbers as the venue wrote them", "[kalshi]") {
    auto const* const text =
        R"({"floor_strike":0.5,"cap_strike":4615.990000000001,"exchange_index":2,"custom":{"a":[1.5,"\u0000",null]},"none":{},"empty":[]})";
    CHECK(json_text(boost::json::parse(text)) == text);
    CHECK(json_text(boost::json::parse(R"([0.1,[2.25]])")) == "[0.1,[2.25]]");
}

TEST_CASE("an id that would steer a terminal is none", "[kalshi]") {
    CHECK(is_id("KXA-26.5_b:c"));
    for (auto const& id :
         {std::string{}, std::string{"KX\x1b[31m"}, std::string{"KX\0A", 4}, std::string(257, 'A')}) {
        INFO(id.size());
        CHECK_FALSE(is_id(id));
        std::string_view reason;
        boost::json::object market{{"ticker", id}};
        CHECK_FALSE(read_market(market, reason).has_value());
        CHECK(reason == "market_without_ticker");
    }
}
