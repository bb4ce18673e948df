#include "polymarket/book.hpp"

#include <boost/json.hpp>

#include "arbitrage/decimal.hpp"
#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

namespace {

bool take(Book& book, std::string const& bids, std::string const& asks, arb_time time, bool fresh = false) {
    auto const kept = decode(book_frame(yes, bids, asks));
    BookReader reader;
    REQUIRE(reader.read(kept.events.at(0)));
    return book.replace(reader, time, fresh);
}

}  // namespace

TEST_CASE("a book is sorted, best level last, whatever the order it came in") {
    Book book;
    take(book, level("0.45", "1") + "," + level("0.4", "2") + "," + level("0.41", "0"),
         level("0.5", "3") + "," + level("0.9", "4"), 5);
    REQUIRE(book.bids().size() == 2);
    CHECK(book.best_bid()->price == 450'000);
    CHECK(book.bids().front().price == 400'000);
    CHECK(book.best_ask()->price == 500'000);
    CHECK(book.asks().front().price == 900'000);
}

TEST_CASE("levels are set to totals, added in order and removed by zero") {
    Book book;
    take(book, level("0.4", "2"), "", 5);
    CHECK(book.best_ask() == nullptr);
    CHECK(book.set(ARB_BOOK_BID, {410'000, 7}, 5) == Set::applied);
    CHECK(book.set(ARB_BOOK_BID, {390'000, 8}, 6) == Set::applied);
    CHECK(book.set(ARB_BOOK_BID, {400'000, 9}, 6) == Set::applied);
    CHECK(book.set(ARB_BOOK_ASK, {700'000, 1}, 6) == Set::applied);
    CHECK(book.set(ARB_BOOK_ASK, {600'000, 2}, 6) == Set::applied);
    CHECK(book.set(ARB_BOOK_ASK, {650'000, 3}, 6) == Set::applied);
    REQUIRE(book.bids().size() == 3);
    CHECK(book.bids()[0].price == 390'000);
    CHECK(book.bids()[1].size == 9);
    CHECK(book.best_bid()->price == 410'000);
    CHECK(book.asks()[1].price == 650'000);
    CHECK(book.best_ask()->price == 600'000);
    CHECK(book.set(ARB_BOOK_BID, {410'000, 0}, 7) == Set::applied);
    CHECK(book.set(ARB_BOOK_BID, {300'000, 0}, 7) == Set::applied);  // was not there: nothing to remove
    CHECK(book.best_bid()->price == 400'000);
    CHECK(book.bids().size() == 2);
}

TEST_CASE("what is older than the book is ignored, what is as old is applied") {
    Book book;
    take(book, level("0.4", "2"), "", 100);
    CHECK(book.set(ARB_BOOK_BID, {500'000, 1}, 99) == Set::older);
    CHECK(book.best_bid()->price == 400'000);
    CHECK(book.set(ARB_BOOK_BID, {500'000, 1}, 100) == Set::applied);
    CHECK(book.set(ARB_BOOK_BID, {500'000, 1}, 100) == Set::applied);
    CHECK(book.best_bid()->price == 500'000);
    CHECK_FALSE(take(book, "", "", 99));
    CHECK(book.best_bid() != nullptr);
    CHECK(take(book, "", "", 50, true));  // the first one after a subscription always counts
    CHECK(book.best_bid() == nullptr);
    CHECK(book.time() == 50);
}

TEST_CASE("a book with a bad level, a missing side or a doubled price is none") {
    BookReader reader;
    for (auto const& frame :
         {book_frame(yes, level("1.5", "1"), ""), book_frame(yes, level("0.5", "-1"), ""),
          book_frame(yes, level("0.5", "x"), ""), book_frame(yes, R"({"price":"0.5"})", ""),
          book_frame(yes, "7", ""), book_frame(yes, "null", ""), book_frame(yes, "[]", ""),
          book_frame(yes, level("0.5", "1") + "," + level("0.50", "2"), ""),
          std::string{R"({"event_type":"book","bids":[]})"},
          std::string{R"({"event_type":"book","bids":[],"asks":null})"},
          std::string{R"({"event_type":"book","bids":{},"asks":[]})"}})
        CHECK_FALSE(reader.read(decode(frame).events.at(0)));
    CHECK(reader.read(decode(book_frame(yes, "", "")).events.at(0)));
}

TEST_CASE("the venue's hash of a book: the official vector") {
    auto const kept = decode(R"({"bids":[{"price":"0.3","size":"100"},{"price":"0.4","size":"100"}],)"
                             R"("asks":[{"price":"0.7","size":"100"},{"price":"0.6","size":"100"}]})");
    BookReader reader;
    REQUIRE(reader.read(kept.events.at(0)));
    Book book;
    book.replace(reader, 0, true);
    auto const text = hash_text({"0xaabbcc", "100", "123456789", "100", "0.01", "0.5", false}, book);
    CHECK(
        text.rfind(
            R"({"market":"0xaabbcc","asset_id":"100","timestamp":"123456789","hash":"","bids":[{"price":"0.3",)",
            0) == 0);
    // The vector gives the asks ascending; the live service, and so this recipe, descending.
    CHECK(
        text.find(
            R"("asks":[{"price":"0.7","size":"100"},{"price":"0.6","size":"100"}],"min_order_size":"100")") !=
        std::string::npos);
    CHECK(text.find(R"("tick_size":"0.01","neg_risk":false,"last_trade_price":"0.5"})") != std::string::npos);
}

TEST_CASE("a recorded chain of changes reproduces every hash, also through the mirror") {
    std::string const file = std::string{ARBITRAGE_TEST_DATA} + "/polymarket/price_change_hash_chain.jsonl";
    Book books[2];
    std::string ids[2];
    int verified = 0;
    for (auto const& line : read_lines(file)) {
        std::string const text{boost::json::parse(line).at("text").as_string()};
        auto const kept = decode(text);
        auto const& event = kept.events.at(0);
        if (event.type == EventType::book) {
            BookReader reader;
            REQUIRE(reader.read(event));
            books[0].replace(reader, *read_milliseconds(event.timestamp), true);
            ids[0] = event.asset_id;
            // The other outcome's book is the exact mirror.
            for (auto const& bid : books[0].bids())
                books[1].set(ARB_BOOK_ASK, {complement(bid.price), bid.size}, 0);
            for (auto const& ask : books[0].asks())
                books[1].set(ARB_BOOK_BID, {complement(ask.price), ask.size}, 0);
            BookIdentity const identity{event.market, event.asset_id, event.timestamp, "5", "0.001",
                                        "0.255",      false};
            CHECK(book_hash(identity, books[0]) == event.hash);
            continue;
        }
        for (auto const& change : event.changes) {
            auto const which = change.asset_id == ids[0] ? 0U : 1U;
            arb_level level{};
            REQUIRE(read_level({change.price, change.size}, level) == LevelError::none);
            books[which].set(*read_side(change.side), level, *read_milliseconds(event.timestamp));
        }
        for (auto const& change : event.changes) {
            auto const which = change.asset_id == ids[0] ? 0U : 1U;
            BookIdentity const identity{event.market, change.asset_id, event.timestamp, "5", "0.001", "0.255",
                                        false};
            CHECK(book_hash(identity, books[which]) == change.hash);
            ++verified;
        }
    }
    CHECK(verified == 46);
}
