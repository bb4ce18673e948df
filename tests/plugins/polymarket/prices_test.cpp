#include "polymarket/prices.hpp"

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

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

TEST_CASE("a bad book leaves the held one and asks for another") {
    Live live;
    live.prices.add(names());
    live.frame(book_frame(yes, level("0.4", "10"), ""));
    live.frame(book_frame(yes, level("0.5", "x"), ""));
    CHECK(live.host.counter("rejected/bad_book") == 1);
    CHECK(live.doubtful.size() == 1);
    CHECK(live.prices.token(yes)->book.best_bid()->price == 400'000);
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

TEST_CASE("unknown types are counted and new markets handed on") {
    Live live;
    live.frame(R"([{"event_type":"settlement_preview"},{"event_type":"new_market","id":"5"}])");
    CHECK(live.host.counter("unknown_events") == 1);
    CHECK(live.announced == std::vector<std::string>{"5"});
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
