#include "polymarket/prices.hpp"

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

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

TEST_CASE("best prices that run ahead of a busy market that trends accuse nobody") {
    Live live;
    live.prices.add(names());
    auto const at = 1'800'000'000 * second_ns, step = second_ns / 10;
    live.frame(book_frame(yes, level("0.200", "10"), level("0.9", "1")), at);
    auto const bid = [](int n) { return "0." + std::to_string(200 + n); };
    auto const time = [](int n) { return std::to_string(1'790'000'000'100 + n * 100); };
    // The best bid rises ten times a second; it is named four changes ahead, later two late.
    for (int n = 1; n != 300; ++n) {
        auto const now = at + n * step;
        auto const named = n + (n < 150 ? 4 : -2);
        live.frame(best_frame(bid(named), "0.9", time(named)), now);
        live.frame(change_frame(change_entry(yes, bid(n), "1", "BUY"), time(n)), now);
        live.prices.check_books(now);
    }
    CHECK(live.doubtful.empty());
    // One of them is lost, and its level stays the best; the venue goes on, a little ahead as before.
    live.frame(change_frame(change_entry(yes, "0.6", "1", "BUY"), time(300)), at + 300 * step);
    for (int n = 301; n != 340; ++n) {
        auto const now = at + n * step;
        live.frame(best_frame(bid(n + 4), "0.9", time(n + 4)), now);
        live.frame(change_frame(change_entry(yes, bid(n), "1", "BUY"), time(n)), now);
        live.prices.check_books(now);
    }
    REQUIRE(live.doubtful.size() == 1);
    CHECK(live.doubtful[0].second == "book_differs");
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
