#include "polymarket/prices.hpp"

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

namespace {

std::string trade_frame(std::string const& token, std::string const& price, std::string const& size,
                        std::string const& side, std::string const& time = "1790000000002") {
    return R"({"market":")" + market_id + R"(","asset_id":")" + token + R"(","price":")" + price +
           R"(","size":")" + size + R"(","fee_rate_bps":"0","side":")" + side + R"(","timestamp":")" + time +
           R"(","event_type":"last_trade_price","transaction_hash":"0x1"})";
}

// With this hash in place of the one it has.
std::string with_hash(std::string text, std::string const& hash) {
    auto const begin = text.find(R"("hash":")") + 8;
    return text.replace(begin, text.find('"', begin) - begin, hash);
}

std::string best_frame(std::string const& bid, std::string const& ask, std::string const& time) {
    return R"({"market":")" + market_id + R"(","asset_id":")" + yes + R"(","best_bid":")" + bid +
           R"(","best_ask":")" + ask + R"(","spread":"0.1","timestamp":")" + time +
           R"(","event_type":"best_bid_ask"})";
}

}  // namespace

TEST_CASE("quotes come from the kept book of outcome 0 and only when a stored value changed") {
    Live live;
    live.prices.add(names());
    live.frame("[" + book_frame(yes, level("0.4", "10"), level("0.6", "20")) + "," +
               book_frame(no, level("0.4", "20"), level("0.6", "10")) + "]\n");
    CHECK(live.opened == std::vector<std::string>{yes, no});
    live.frame(
        change_frame(change_entry(yes, "0.45", "3", "BUY") + "," + change_entry(no, "0.55", "3", "SELL")));
    live.frame(
        change_frame(change_entry(yes, "0.1", "3", "BUY") + "," + change_entry(no, "0.9", "3", "SELL")));
    live.frame(change_frame(change_entry(yes, "0.6", "0", "SELL")));
    auto const quotes = live.host.all<arb_quote>();
    REQUIRE(quotes.size() == 3);
    CHECK(quotes[0]->bid == 400'000);
    CHECK(quotes[0]->ask_size == 20'000'000);
    CHECK(quotes[0]->last_price == ARB_ABSENT);
    CHECK(quotes[0]->volume == ARB_ABSENT);
    CHECK(text(quotes[0]->header, quotes[0]->market_id) == market_id);
    CHECK(quotes[0]->header.venue_time == 1'790'000'000'000 * millisecond_ns);
    CHECK(quotes[1]->bid == 450'000);
    CHECK(quotes[1]->bid_size == 3'000'000);
    CHECK(quotes[2]->ask == ARB_ABSENT);  // an empty side is absent, never 1
    CHECK(quotes[2]->ask_size == ARB_ABSENT);
}

TEST_CASE("a trade keeps the printed outcome, and the quote's last price is in terms of outcome 0") {
    Live live;
    live.prices.add(names());
    live.frame("[" + book_frame(yes, level("0.4", "10"), level("0.6", "20")) + "]");
    live.frame(trade_frame(no, "0.585", "2.46", "SELL"));
    live.frame(trade_frame(no, "0.585", "2.46", "SELL"));  // looks alike: another trade
    auto const trades = live.host.all<arb_trade>();
    REQUIRE(trades.size() == 2);
    CHECK(trades[0]->outcome == 1);
    CHECK(trades[0]->price == 585'000);
    CHECK(trades[0]->size == 2'460'000);
    CHECK(trades[0]->taker_side == ARB_SIDE_SELL);
    // The transaction, what it says, and how many like it came before.
    auto const id = std::string{text(trades[0]->header, trades[0]->trade_id)};
    CHECK(id.starts_with("0x1:"));
    CHECK(id.ends_with(":0"));
    CHECK(std::string{text(trades[1]->header, trades[1]->trade_id)} == id.substr(0, id.size() - 1) + "1");
    CHECK(trades[0]->header.venue_time == 1'790'000'000'002 * millisecond_ns);
    auto const quotes = live.host.all<arb_quote>();
    REQUIRE(quotes.size() == 2);
    CHECK(quotes[1]->last_price == 415'000);
    CHECK(quotes[1]->last_size == 2'460'000);
}

TEST_CASE("changes before the opening book and older than it are not applied") {
    Live live;
    live.prices.add(names());
    live.frame(change_frame(change_entry(yes, "0.5", "3", "BUY")));
    CHECK(live.host.count() == 0);
    live.frame(book_frame(yes, level("0.4", "10"), "", "1790000000005"));
    live.frame(change_frame(change_entry(yes, "0.5", "3", "BUY"), "1790000000004"));
    CHECK(live.host.all<arb_quote>().size() == 1);
    CHECK(live.host.counter("older_changes") == 1);
    live.frame(book_frame(yes, level("0.3", "10"), "", "1790000000001"));
    CHECK(live.host.counter("older_books") == 1);
    live.frame(change_frame(change_entry(yes, "0.5", "3", "BUY"), "1790000000005"));
    CHECK(live.host.all<arb_quote>().back()->bid == 500'000);
}

TEST_CASE(
    "after a lost connection nothing is applied until the next opening book, which counts whatever its "
    "time") {
    Live live{{true, true, true}};
    auto& market = live.prices.add(names());
    live.frame(book_frame(yes, level("0.4", "10"), "", "1790000000005"), 100);
    Prices::lost(market);
    live.frame(change_frame(change_entry(yes, "0.5", "3", "BUY"), "1790000000009"));
    live.frame(book_frame(yes, level("0.3", "1"), "", "1790000000001"), 200);
    live.frame(change_frame(change_entry(yes, "0.31", "3", "BUY"), "1790000000009"), 300);
    auto const books = live.host.all<arb_book>();
    REQUIRE(books.size() == 2);
    CHECK(books[0]->epoch < books[1]->epoch);
    auto const changes = live.host.all<arb_book_change>();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0]->epoch == books[1]->epoch);
    CHECK(live.opened.size() == 2);
}

TEST_CASE("recorded books: whole, best level first, and one change per level") {
    Live live{{true, true, true}};
    live.prices.add(names());
    live.frame(book_frame(yes, level("0.4", "10") + "," + level("0.41", "11"),
                          level("0.9", "1") + "," + level("0.6", "2")));
    live.frame(
        change_frame(change_entry(yes, "0.41", "0", "BUY") + "," + change_entry(no, "0.59", "0", "SELL")));
    auto const books = live.host.all<arb_book>();
    REQUIRE(books.size() == 1);
    auto const bids = array<arb_level>(books[0]->header, books[0]->bids);
    auto const asks = array<arb_level>(books[0]->header, books[0]->asks);
    REQUIRE(bids.size() == 2);
    CHECK(bids[0].price == 410'000);
    CHECK(asks[0].price == 600'000);
    CHECK(text(books[0]->header, books[0]->venue_hash) == "h");
    auto const changes = live.host.all<arb_book_change>();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0]->side == ARB_BOOK_BID);
    CHECK(changes[0]->size == 0);
    CHECK(live.host.all<arb_quote>().back()->bid == 400'000);
}

TEST_CASE("a book is written whole again when it was not for long") {
    Live live{{true, true, true}};
    live.host.set_clock(100);
    live.prices.add(names());
    live.frame(book_frame(yes, level("0.4", "10"), level("0.6", "20")), 100);
    live.frame(change_frame(change_entry(yes, "0.45", "3", "BUY")), 200);
    live.prices.snapshot(1000, std::chrono::nanoseconds{2000}, 1);
    live.outbox.flush();
    CHECK(live.host.all<arb_book>().size() == 1);
    live.prices.snapshot(2100, std::chrono::nanoseconds{2000}, 1);
    live.prices.snapshot(2200, std::chrono::nanoseconds{2000}, 1);
    live.outbox.flush();
    auto const books = live.host.all<arb_book>();
    REQUIRE(books.size() == 2);
    CHECK(books[1]->bids.length == 2);
    CHECK(books[1]->epoch == books[0]->epoch);
    CHECK(books[1]->header.venue_time == 1'790'000'000'001 * millisecond_ns);
    live.prices.snapshot(9000, std::chrono::nanoseconds{0}, 1);
    live.outbox.flush();
    CHECK(live.host.all<arb_book>().size() == 2);
}

TEST_CASE("what markets and books take is known at any time, and nothing is left of one that is gone") {
    Live live;
    CHECK(live.prices.bytes() == 0);
    live.prices.add(names());
    auto const empty = live.prices.bytes();
    CHECK(empty > sizeof(Market) + 2 * sizeof(Token));
    live.frame(book_frame(yes, level("0.4", "10") + "," + level("0.3", "5"), level("0.6", "20")));
    CHECK(live.prices.bytes() == empty + 3 * sizeof(arb_level));
    for (int n = 10; n != 30; ++n)
        live.frame(change_frame(change_entry(yes, "0." + std::to_string(n), "1", "BUY")));
    CHECK(live.prices.bytes() >= empty + 22 * sizeof(arb_level));
    live.prices.remove(market_id);
    CHECK(live.prices.bytes() == 0);
}

TEST_CASE("a book that nobody has changed yet has no time, and that is no change of the venue's") {
    Live live;
    live.prices.add(names());
    live.frame(book_frame(yes, "", "", "0"));
    REQUIRE(live.host.all<arb_quote>().size() == 1);
    CHECK(live.host.all<arb_quote>()[0]->header.venue_time == 0);
    CHECK(live.host.counter("drift/book/timestamp/retyped") == 0);
    live.frame(change_frame(change_entry(yes, "0.45", "3", "BUY")));
    CHECK(live.host.all<arb_quote>().back()->bid == 450'000);
    CHECK(live.doubtful.empty());
}

TEST_CASE("a change that is told of the other outcome alone is a change all the same") {
    Live live{{true, true, true}};
    live.prices.add(names());
    live.frame(book_frame(yes, level("0.4", "10"), level("0.6", "20")));
    live.frame(change_frame(change_entry(no, "0.505", "7", "SELL")));
    auto const changes = live.host.all<arb_book_change>();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0]->outcome == 0);
    CHECK(changes[0]->side == ARB_BOOK_BID);
    CHECK(changes[0]->price == 495'000);
    CHECK(live.host.all<arb_quote>().back()->bid == 495'000);
    // What is known already is no other change, and what is unreadable is said.
    live.frame(change_frame(change_entry(no, "0.505", "7", "SELL"), "1790000000002"));
    CHECK(live.host.all<arb_book_change>().size() == 1);
    live.frame(change_frame(change_entry(no, "1.505", "7", "SELL"), "1790000000003"));
    CHECK(live.host.counter("rejected/bad_price_change") == 1);
}

TEST_CASE("what is not to be recorded is not pushed") {
    Live live{{false, false, false}};
    live.prices.add(names());
    live.frame(book_frame(yes, level("0.4", "10"), ""));
    live.frame(trade_frame(yes, "0.5", "1", "BUY"));
    CHECK(live.host.count() == 0);
}

TEST_CASE("older formats of changes are applied") {
    Live live;
    live.prices.add(names());
    live.frame(book_frame(yes, level("0.4", "10"), ""));
    live.frame(
        R"({"asset_id":")" + yes +
        R"(","event_type":"price_change","price":"0.41","side":"BUY","size":"2","timestamp":"1790000000001"})");
    CHECK(live.host.all<arb_quote>().back()->bid == 410'000);
    live.frame(R"({"asset_id":")" + yes + R"(","changes":[{"price":"0.42","side":"BUY","size":"2"}],)" +
               R"("event_type":"price_change","timestamp":"1790000000001"})");
    CHECK(live.host.all<arb_quote>().back()->bid == 420'000);
}

TEST_CASE("a bad change is counted, its neighbours count, and a fresh book is asked for") {
    for (auto const& bad :
         {change_entry(yes, "1.5", "3", "BUY"), change_entry(yes, "", "3", "BUY"),
          change_entry(yes, "0.5", "", "BUY"), change_entry(yes, "0.5", "-3", "BUY"),
          change_entry(yes, "0.5", "3", "HOLD"), change_entry(yes, "0.5", "3", ""),
          std::string{R"({"asset_id":")" + yes + R"(","price":null,"size":"3","side":"BUY"})"},
          std::string{R"({"asset_id":")" + yes + R"(","price":["0.5"],"size":"3","side":"BUY"})"},
          std::string{R"({"asset_id":")" + yes + R"(","size":"3","side":"BUY"})"},
          std::string{R"({"asset_id":")" + yes + R"(","price":"1e999","size":"3","side":"BUY"})"}}) {
        Live live;
        live.prices.add(names());
        live.frame(book_frame(yes, level("0.4", "10"), ""));
        live.frame(change_frame(bad + "," + change_entry(yes, "0.45", "3", "BUY")));
        CHECK(live.host.counter("rejected/bad_price_change") == 1);
        CHECK(live.host.all<arb_quote>().back()->bid == 450'000);
        REQUIRE(live.doubtful.size() == 1);
        CHECK(live.doubtful[0].first == yes);
    }
}

TEST_CASE("mutations of a trade: rejected, or flagged, never a wrong value") {
    Live live;
    live.prices.add(names());
    int rejected = 0;
    for (auto const& frame : {trade_frame(yes, "", "1", "BUY"), trade_frame(yes, "0", "1", "BUY"),
                              trade_frame(yes, "1", "1", "BUY"), trade_frame(yes, "0.5", "0", "BUY"),
                              trade_frame(yes, "0.5", "", "BUY"), trade_frame(yes, "abc", "1", "BUY"),
                              trade_frame(yes, "0.5", "99999999999999999999", "BUY")}) {
        live.frame(frame);
        CHECK(live.host.counter("rejected/bad_trade") == static_cast<unsigned>(++rejected));
    }
    CHECK(live.host.count() == live.host.all<arb_message>().size());
    live.frame(trade_frame(yes, "0.5", "1", "", "1790000000002"));
    live.frame(trade_frame(yes, "0.5", "1", "BUY", "100000000"));
    auto const trades = live.host.all<arb_trade>();
    REQUIRE(trades.size() == 2);
    CHECK(trades[0]->taker_side == ARB_SIDE_NONE);
    CHECK(trades[0]->header.flags == ARB_FLAG_ANOMALY);
    CHECK(trades[1]->header.venue_time == 0);
    CHECK(trades[1]->header.flags == ARB_FLAG_ANOMALY);
    live.frame(trade_frame("12345", "0.5", "1", "BUY"));
    CHECK(live.host.counter("other_tokens") == 1);
}

TEST_CASE("a bad book leaves the held one and asks for another") {
    Live live;
    live.prices.add(names());
    live.frame(book_frame(yes, level("0.4", "10"), ""));
    live.frame(book_frame(yes, level("0.5", "x"), ""));
    CHECK(live.host.counter("rejected/bad_book") == 1);
    CHECK(live.doubtful.size() == 1);
    CHECK(live.prices.token(yes)->book.best_bid()->price == 400'000);
}

TEST_CASE("a resolution is said once, with what outcome 0 pays") {
    auto const frame = [](std::string const& winner, std::string const& outcome) {
        return R"({"id":"1","market":")" + market_id + R"(","assets_ids":[")" + yes + R"(",")" + no +
               R"("],"winning_asset_id":")" + winner + R"(","winning_outcome":")" + outcome +
               R"(","event_message":null,"timestamp":"1790000000009","event_type":"market_resolved","tags":["x"]})";
    };
    Live live;
    live.prices.add(names());
    live.frame(frame(no, "No"));
    live.frame(frame(no, "No"));
    auto const changes = live.host.all<arb_status_change>();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0]->lifecycle == ARB_LIFECYCLE_SETTLED);
    CHECK(changes[0]->settlement_value == 0);
    CHECK(text(changes[0]->header, changes[0]->result) == "No");
    CHECK(live.resolved == std::vector<std::string>{market_id});

    CHECK(changes[0]->detail.length == 0);
    // Before the end that was announced.
    Live early;
    early.ends = 1'790'000'000'009 * millisecond_ns + 1;
    early.prices.add(names());
    early.frame(frame(yes, "Yes"));
    auto const* const status = early.host.all<arb_status_change>().at(0);
    CHECK(text(status->header, status->detail).starts_with(R"({"early":true,"closes_at":"2026-)"));
    Live half;
    half.prices.add(names());
    half.frame(frame("", ""));
    CHECK(half.host.all<arb_status_change>().at(0)->settlement_value == ARB_ABSENT);
}

TEST_CASE("a market that ended has no bid and no ask, whatever was stored of it before") {
    Live live;
    auto& followed = live.prices.add(names());
    live.frame("[" + book_frame(yes, level("0.4", "10"), level("0.6", "20")) + "]");
    live.prices.ended(followed, ARB_ABSENT, 7);
    Live later;  // another run, in which it is only listed
    auto& listed = later.prices.add(names());
    later.prices.ended(listed, 400'000, 7);
    later.prices.ended(listed, 400'000, 8);
    for (auto* const quotes : {&live, &later}) {
        quotes->outbox.flush();
        auto const all = quotes->host.all<arb_quote>();
        REQUIRE(all.size() == (quotes == &live ? 2 : 1));
        CHECK(all.back()->bid == ARB_ABSENT);
        CHECK(all.back()->ask_size == ARB_ABSENT);
        CHECK(all.back()->last_price == (quotes == &live ? ARB_ABSENT : 400'000));
    }
}

TEST_CASE("the book of a market that ended is empty from then on, and exact until then") {
    Live live{{true, true, true}};
    auto& market = live.prices.add(names());
    auto const ends = [&](arb_time at) {
        live.prices.ended(market, ARB_ABSENT, at);
        live.outbox.flush();
        return live.host.all<arb_book>().size();
    };
    live.frame(book_frame(yes, level("0.4", "10"), level("0.6", "20")), 100);
    CHECK(ends(200) == 2);
    auto const* const empty = live.host.all<arb_book>().back();
    CHECK(empty->bids.length + empty->asks.length == 0);
    CHECK(empty->header.venue_time == 0);
    CHECK(empty->header.received_time == 200);
    CHECK(text(empty->header, empty->venue_hash).empty());
    // Changes were missed before it: it is not the same book any more.
    CHECK(empty->epoch > live.host.all<arb_book>().front()->epoch);
    // What is said of it afterwards changes nothing, and the end is written once.
    live.frame(change_frame(change_entry(yes, "0.4", "0", "BUY")), 300);
    CHECK(ends(400) == 2);
    CHECK(live.host.all<arb_book_change>().empty());
    // It opens again; the stream empties it, and then it ends: everything is written already.
    live.frame(book_frame(yes, level("0.4", "10"), "", "1790000000500"), 500);
    live.frame(change_frame(change_entry(yes, "0.4", "0", "BUY"), "1790000000600"), 600);
    CHECK(live.host.all<arb_book_change>().size() == 1);
    CHECK(ends(700) == 3);
    // And once more, unheard: the connection was lost when it ended.
    live.frame(book_frame(yes, level("0.4", "10"), "", "1790000000800"), 800);
    Prices::lost(market);
    CHECK(ends(900) == 5);
    CHECK(live.host.all<arb_book>().back()->bids.length == 0);
    // Of one that nobody wants books of there is none.
    Live quotes;
    quotes.prices.ended(quotes.prices.add(names()), 400'000, 7);
    quotes.outbox.flush();
    CHECK(quotes.host.all<arb_book>().empty());
}

TEST_CASE("a change of tick is one status packet for both tokens") {
    Live live;
    live.prices.add(names());
    for (auto const& token : {yes, no})
        live.frame(R"({"market":")" + market_id + R"(","asset_id":")" + token +
                   R"(","old_tick_size":"0.01","new_tick_size":"0.001","timestamp":"1790000000009",)" +
                   R"("event_type":"tick_size_change"})");
    auto const changes = live.host.all<arb_status_change>();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0]->lifecycle == ARB_LIFECYCLE_NONE);
    CHECK(text(changes[0]->header, changes[0]->detail) == R"({"tick_size":"0.001","old_tick_size":"0.01"})");
    CHECK(live.ticks.size() == 1);
    live.frame(R"({"asset_id":")" + yes + R"(","new_tick_size":"7","event_type":"tick_size_change"})");
    CHECK(live.host.counter("rejected/bad_tick_size") == 1);
}

TEST_CASE("best prices that the book does not reach mean a lost change") {
    Live live;
    live.prices.add(names());
    live.frame(book_frame(yes, level("0.4", "10"), level("0.6", "1"), "1790000000000"));
    auto const at = 1'800'000'000 * second_ns;
    // The usual case: the change follows.
    live.frame(best_frame("0.45", "0.6", "1790000000001"), at);
    live.frame(change_frame(change_entry(yes, "0.45", "3", "BUY"), "1790000000001"));
    live.prices.check_books(at + 10 * second_ns);
    CHECK(live.doubtful.empty());
    // The change never comes.
    live.frame(best_frame("0.46", "0.6", "1790000000002"), at);
    live.prices.check_books(at + second_ns);
    CHECK(live.doubtful.empty());
    live.prices.check_books(at + 4 * second_ns);
    REQUIRE(live.doubtful.size() == 1);
    CHECK(live.doubtful[0].second == "book_differs");
    live.prices.check_books(at + 20 * second_ns);
    CHECK(live.doubtful.size() == 1);
}

TEST_CASE("empty sides are named 0 and 1 and compare equal to an empty book") {
    Live live;
    live.prices.add(names());
    live.frame(book_frame(yes, "", ""));
    for (auto const* const ask : {"0", "1"}) live.frame(best_frame("0", ask, "1790000000009"));
    live.prices.check_books(1'900'000'000 * second_ns);
    CHECK(live.doubtful.empty());
    CHECK(live.host.all<arb_quote>().size() == 1);
    CHECK(live.host.all<arb_quote>()[0]->bid == ARB_ABSENT);
}

TEST_CASE("a market of three outcomes is kept by each of them") {
    Live live;
    live.prices.add({"0xc3", {"31", "32", "33"}, {"A", "B", "C"}, "", std::nullopt});
    live.frame(book_frame("32", level("0.2", "1"), ""));
    auto const quotes = live.host.all<arb_quote>();
    REQUIRE(quotes.size() == 1);
    CHECK(quotes[0]->outcome == 1);
    live.prices.remove("0xc3");
    CHECK(live.prices.token("32") == nullptr);
    CHECK(live.prices.market_count() == 0);
}

TEST_CASE("opening books are checked by the venue's hash as a hint") {
    Live live;
    live.prices.add(names());
    live.frame(with_hash(book_frame(yes, level("0.4", "1"), "", "1790000000000",
                                    R"(,"tick_size":"0.01","last_trade_price":"")"),
                         std::string(40, '0')));
    CHECK(live.host.counter("book_hashes/different") == 1);
    CHECK(live.doubtful.empty());
    CHECK(live.hash_differs == std::vector<std::string>{yes});  // REST is asked about it
}

TEST_CASE("a change that was lost shows in the hash of the next one, and the book was right until then") {
    Live live{{true, true, true}};
    live.prices.add(names());
    // What the venue has; its hashes are made of it.
    std::vector<std::string> bids{level("0.3", "5"), level("0.4", "1")};
    auto const hash = [&](std::string const& time, std::string const& price) {
        std::string list;
        for (auto const& one : bids) list += (list.empty() ? "" : ",") + one;
        auto const kept = decode(book_frame(yes, list, level("0.6", "2"), time));
        BookReader reader;
        REQUIRE(reader.read(kept.events.at(0)));
        Book book;
        book.replace(reader, 0, true);
        return book_hash({market_id, yes, time, "5", "0.01", price, false}, book);
    };
    auto const look = [&](arb_time received, std::string const& frame) {
        live.frame(frame, received);
        live.prices.check_hashes(received + second_ns, 1);
    };
    auto const opening = book_frame(yes, bids[0] + "," + bids[1], level("0.6", "2"), "1790000000000",
                                    R"(,"tick_size":"0.01","last_trade_price":"")");
    look(100, with_hash(opening, hash("1790000000000", "")));
    CHECK(live.host.counter("book_hashes/verified") == 1);
    // A trade is part of it from then on, whichever outcome it was printed on.
    live.frame(trade_frame(no, "0.255", "1", "BUY"), 150);
    bids[1] = level("0.4", "2");
    auto change = change_entry(yes, "0.4", "2", "BUY");
    look(200, change_frame(with_hash(change, hash("1790000000001", "0.255")), "1790000000001"));
    CHECK(live.host.counter("book_hashes/verified") == 2);
    CHECK(live.prices.token(yes)->right_at == 200);
    live.prices.check_hashes(200 + second_ns, 1);  // nothing changed: nothing to compare
    CHECK(live.host.counter("book_hashes/verified") == 2);
    // A market that does not pause is given time.
    bids[1] = level("0.4", "3");
    live.frame(change_frame(with_hash(change_entry(yes, "0.4", "3", "BUY"), hash("1790000000002", "0.255")),
                            "1790000000002"),
               250);
    live.prices.check_hashes(260, 1);
    CHECK(live.host.counter("book_hashes/verified") == 2);
    live.prices.check_hashes(31 * second_ns, 1);
    CHECK(live.host.counter("book_hashes/verified") == 3);
    // 0.3 goes without a word. The best price stays.
    bids[0] = level("0.2", "1");
    change = change_entry(yes, "0.2", "1", "BUY");
    look(300, change_frame(with_hash(change, hash("1790000000009", "0.255")), "1790000000009"));
    CHECK(live.host.counter("book_hashes/different") == 1);
    CHECK(live.hash_differs == std::vector<std::string>{yes});
    CHECK(live.doubtful.empty());  // REST decides
    CHECK(live.prices.token(yes)->right_at == 250);
}

TEST_CASE("a book that follows a trade and says nothing new is not written again") {
    Live live{{true, true, true}};
    live.prices.add(names());
    live.frame(book_frame(yes, level("0.4", "10"), level("0.6", "20"), "1790000000000"), 100);
    live.frame(book_frame(yes, level("0.4", "10"), level("0.6", "20"), "1790000000005"), 200);
    CHECK(live.host.all<arb_book>().size() == 1);
    CHECK(live.prices.token(yes)->book.time() == 1'790'000'000'005 * millisecond_ns);
    CHECK(live.prices.token(yes)->right_at == 200);
    live.frame(book_frame(yes, level("0.4", "9"), level("0.6", "20"), "1790000000006"), 300);
    CHECK(live.host.all<arb_book>().size() == 2);
}

TEST_CASE("a lost best price is noticed on a market that never pauses") {
    Live live;
    live.prices.add(names());
    auto const at = 1'800'000'000 * second_ns;
    live.frame(book_frame(yes, level("0.4", "10") + "," + level("0.39", "1"), level("0.6", "1")), at);
    // The bid of 0.4 is gone, and the venue goes on talking of the next ones.
    auto const speak = [&](int second) {
        auto const time = std::to_string(1'790'000'000'100 + second * 1000);
        auto const now = at + second * second_ns;
        live.frame(change_frame(change_entry(yes, "0.1", std::to_string(second), "BUY"), time), now);
        live.frame(best_frame("0.39", "0.6", time), now);
        live.prices.check_books(now);
    };
    speak(1), speak(2), speak(3);
    CHECK(live.doubtful.empty());
    speak(4), speak(5);
    REQUIRE(live.doubtful.size() == 1);
    CHECK(live.doubtful[0].second == "book_differs");
    // One whose best prices always follow a moment later is fine however busy it is.
    Live busy;
    busy.prices.add(names());
    busy.frame(book_frame(yes, level("0.4", "10"), level("0.6", "1")), at);
    for (int second = 1; second != 12; ++second) {
        auto const time = std::to_string(1'790'000'000'100 + second * 1000);
        auto const now = at + second * second_ns;
        auto const bid = second % 2 == 0 ? "0.4" : "0.41";
        busy.frame(best_frame(bid, "0.6", time), now);
        busy.prices.check_books(now);
        busy.frame(change_frame(change_entry(yes, "0.41", second % 2 == 0 ? "0" : "5", "BUY"), time), now);
    }
    CHECK(busy.doubtful.empty());
}

TEST_CASE("unknown types are counted and new markets handed on") {
    Live live;
    live.frame(R"([{"event_type":"settlement_preview"},{"event_type":"new_market","id":"5"}])");
    CHECK(live.host.counter("unknown_events") == 1);
    CHECK(live.announced == std::vector<std::string>{"5"});
}

TEST_CASE("the same print on two connections is one trade, and two on one are two") {
    Live live;
    live.prices.add(names());
    Feed first, second;
    auto const print = [&](Feed& feed, std::string const& size = "2.46") {
        auto const kept = decode(trade_frame(no, "0.585", size, "SELL"));
        live.prices.apply(kept.events.at(0), 1, feed);
        live.outbox.flush();
        return live.host.all<arb_trade>().size();
    };
    CHECK(print(first) == 1);
    CHECK(print(second) == 1);  // the other connection says the same
    CHECK(print(second) == 2);  // again: another one
    CHECK(print(first) == 2);
    CHECK(print(first, "3") == 3);
    CHECK(print(second, "3") == 3);
    CHECK(live.host.counter("repeated_trades") == 3);
}

TEST_CASE("a trade read afterwards is known if the stream brought it, by its transaction or without") {
    Live live;
    live.prices.add(names());
    live.frame(trade_frame(no, "0.585", "2.46", "SELL"));
    Print past{"0x1", no, ARB_SIDE_SELL, 585'000, 2'460'000, 1'790'000'000 * second_ns};
    Occurrences reading;
    CHECK(live.prices.take_past(past, reading, 1));
    live.outbox.flush();
    CHECK(live.host.all<arb_trade>().size() == 1);
    // One more that is alike: the stream missed it. Reading all of it again gives nothing new.
    CHECK(live.prices.take_past(past, reading, 1));
    Occurrences again;
    for (int n = 0; n != 2; ++n) CHECK(live.prices.take_past(past, again, 1));
    live.outbox.flush();
    auto const trades = live.host.all<arb_trade>();
    REQUIRE(trades.size() == 2);
    CHECK(trades[1]->header.flags == ARB_FLAG_BACKFILLED);
    CHECK(text(trades[1]->header, trades[1]->trade_id).substr(0, 20) ==
          text(trades[0]->header, trades[0]->trade_id).substr(0, 20));
    // The stream may leave the transaction out.
    live.frame(
        R"({"market":")" + market_id + R"(","asset_id":")" + yes +
        R"(","price":"0.4","size":"1","side":"BUY","timestamp":"1790000000777","event_type":"last_trade_price"})");
    CHECK(live.host.all<arb_trade>().size() == 3);
    CHECK(live.prices.take_past({"0x2", yes, ARB_SIDE_BUY, 400'000, 1'000'000, past.time}, again, 1));
    live.outbox.flush();
    CHECK(live.host.all<arb_trade>().size() == 3);
    // Nobody follows it, or it is no trade.
    CHECK_FALSE(live.prices.take_past({"0x2", "9", ARB_SIDE_BUY, 400'000, 1, past.time}, again, 1));
    CHECK_FALSE(live.prices.take_past({"0x2", yes, ARB_SIDE_BUY, 0, 1, past.time}, again, 1));
}

TEST_CASE("while two connections overlap a change or book that was said already is not said again") {
    Live live{{true, true, true}};
    live.prices.add(names());
    Feed other;
    other.overlaps = true;
    auto const also = [&](std::string const& frame) {
        for (auto const& event : decode(frame).events) live.prices.apply(event, 2, other);
        live.outbox.flush();
    };
    auto const book = book_frame(yes, level("0.4", "10"), level("0.6", "20"));
    std::string hashed = book;
    hashed.replace(hashed.find(R"("hash":"h")"), 10, R"("hash":"0123456789012345678901234567890123456789")");
    live.frame(hashed);
    also(hashed);
    auto const change = change_frame(change_entry(yes, "0.45", "3", "BUY"));
    live.frame(change);
    also(change);
    CHECK(live.host.all<arb_book>().size() == 1);
    CHECK(live.host.all<arb_book_change>().size() == 1);
    CHECK(live.host.all<arb_quote>().size() == 2);
    // What the other one is first with counts.
    also(change_frame(change_entry(yes, "0.46", "3", "BUY"), "1790000000005"));
    CHECK(live.host.all<arb_quote>().back()->bid == 460'000);
    // And being behind is no disorder.
    also(change_frame(change_entry(yes, "0.47", "3", "BUY"), "1789999990000"));
    CHECK(live.doubtful.empty());
    CHECK(live.host.all<arb_quote>().back()->bid == 460'000);
}

TEST_CASE("a book whose bids reach its asks for seconds is in doubt, and so is a time that goes back") {
    Live live;
    live.prices.add(names());
    auto const at = 1'800'000'000 * second_ns;
    live.frame(book_frame(yes, level("0.4", "10"), level("0.6", "1")), at);
    // For a moment, within one step of the venue.
    live.frame(change_frame(change_entry(yes, "0.6", "3", "BUY")), at);
    live.prices.check_books(at + second_ns);
    live.frame(change_frame(change_entry(yes, "0.6", "0", "BUY")), at + second_ns);
    live.prices.check_books(at + 4 * second_ns);
    CHECK(live.doubtful.empty());
    // For good.
    live.frame(change_frame(change_entry(yes, "0.61", "3", "BUY")), at + 5 * second_ns);
    live.prices.check_books(at + 6 * second_ns);
    CHECK(live.doubtful.empty());
    live.prices.check_books(at + 9 * second_ns);
    REQUIRE(live.doubtful.size() == 1);
    CHECK(live.doubtful[0].second == "crossed");
    // The venue repeats itself within 120 ms; minutes are disorder.
    live.frame(change_frame(change_entry(yes, "0.1", "3", "BUY"), "1789999999900"), at);
    CHECK(live.doubtful.size() == 1);
    live.frame(change_frame(change_entry(yes, "0.1", "3", "BUY"), "1789999900000"), at);
    REQUIRE(live.doubtful.size() == 2);
    CHECK(live.doubtful[1].second == "time_went_back");
}
