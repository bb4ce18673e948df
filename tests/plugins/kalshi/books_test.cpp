#include "kalshi/books.hpp"

#include "kalshi/sequence.hpp"
#include "packet_text.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;
using arb::test::all;

namespace {

struct Feed {
    FrameDecoder decoder;
    Packets packets;
    Books books;

    void snapshot(std::string const& market, std::string const& sides) {
        Packets none;
        auto const bytes =
            R"({"type":"orderbook_snapshot","sid":1,"msg":{"market_ticker":")" + market + "\"" + sides + "}}";
        auto const& frame = decoder.decode(bytes, 1, none);
        REQUIRE(frame.rejected.empty());
        packets.clear();
        books.snapshot(frame, 1, packets);
    }
    Books::Change change(std::string const& market, char const* side, char const* price, char const* delta) {
        Packets none;
        auto const bytes = R"({"type":"orderbook_delta","sid":1,"msg":{"market_ticker":")" + market +
                           R"(","price_dollars":")" + price + R"(","delta_fp":")" + delta + R"(","side":")" +
                           side + R"("}})";
        auto const& frame = decoder.decode(bytes, 1, none);
        REQUIRE(frame.rejected.empty());
        packets.clear();
        return books.change(frame, 1, packets);
    }
};

}  // namespace

TEST_CASE("a book is written for YES, NO bids as offers at the complement, best first", "[kalshi]") {
    Feed feed;
    feed.snapshot(
        "M",
        R"(,"yes_dollars_fp":[["0.01","5"],["0.42","7.5"]],"no_dollars_fp":[["0.02","1"],["0.55","2"]])");
    auto const books = all<arb_book>(feed.packets);
    REQUIRE(books.size() == 1);
    auto const bids = array<arb_level>(books[0]->header, books[0]->bids);
    auto const asks = array<arb_level>(books[0]->header, books[0]->asks);
    REQUIRE(bids.size() == 2);
    REQUIRE(asks.size() == 2);
    CHECK(bids[0].price == 420'000);
    CHECK(bids[0].size == 7'500'000);
    CHECK(asks[0].price == 450'000);
    CHECK(asks[0].size == 2'000'000);
    CHECK(asks[1].price == 980'000);
    CHECK(books[0]->epoch != 0);
}

TEST_CASE("changes add exactly and a level goes at exactly zero", "[kalshi]") {
    Feed feed;
    feed.snapshot("M", R"(,"yes_dollars_fp":[["0.42","0.03"]])");
    CHECK(feed.change("M", "yes", "0.42", "-0.02") == Books::Change::written);
    CHECK(all<arb_book_change>(feed.packets).at(0)->size == 10'000);
    CHECK(feed.change("M", "yes", "0.42", "-0.01") == Books::Change::written);
    CHECK(all<arb_book_change>(feed.packets).at(0)->size == 0);
    CHECK(feed.books.find("M")->yes.empty());
    CHECK(feed.change("M", "no", "0.30", "4") == Books::Change::written);
    auto const change = all<arb_book_change>(feed.packets).at(0);
    CHECK(change->side == ARB_BOOK_ASK);
    CHECK(change->price == 700'000);
    CHECK(change->size == 4'000'000);
    CHECK(change->epoch == feed.books.find("M")->epoch);
}

TEST_CASE("a change that does not fit spoils its book until the next snapshot, which begins an epoch",
          "[kalshi]") {
    Feed feed;
    feed.snapshot("M", R"(,"yes_dollars_fp":[["0.42","1"]])");
    feed.snapshot("N", "");
    auto const epoch = feed.books.find("M")->epoch;
    CHECK(feed.change("M", "yes", "0.42", "-2") == Books::Change::spoiled);
    CHECK(feed.packets.empty());
    CHECK(feed.change("M", "yes", "0.42", "1") == Books::Change::ignored);
    CHECK(feed.change("N", "yes", "0.42", "1") == Books::Change::written);
    CHECK(feed.books.waiting() == std::vector<std::string>{"M"});
    feed.snapshot("M", R"(,"yes_dollars_fp":[["0.42","1"]])");
    CHECK(feed.books.complete());
    CHECK(feed.books.find("M")->epoch > epoch);
    feed.books.spoil_all();
    CHECK(feed.books.waiting() == std::vector<std::string>{"M", "N"});
    feed.books.remove("M");
    feed.books.remove("N");
    CHECK(feed.books.complete());
    CHECK(feed.change("unknown", "yes", "0.42", "1") == Books::Change::ignored);
}

TEST_CASE("frames are numbered per subscription, whatever their type", "[kalshi]") {
    Sequence sequence;
    CHECK(sequence.check(1, 1) == Order::next);
    CHECK(sequence.check(2, 1) == Order::next);
    CHECK(sequence.check(1, 2) == Order::next);
    CHECK(sequence.check(1, 2) == Order::repeated);
    CHECK(sequence.check(1, 4) == Order::missing);
    CHECK(sequence.check(1, 3) == Order::repeated);
    CHECK(sequence.check(1, 5) == Order::next);
    CHECK(sequence.check(2, 2) == Order::next);
    CHECK(sequence.check(3, 0) == Order::next);
    CHECK(sequence.check(4, 2) == Order::missing);  // the first frame of a subscription did not come
    CHECK(sequence.last(1) == 5);
}

TEST_CASE("a book follows the connection of its latest snapshot", "[kalshi]") {
    FrameDecoder decoder;
    Packets packets;
    Books books;
    std::string const snapshot =
        R"({"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"KX-A","yes_dollars_fp":[["0.4200","10.00"]]}})";
    std::string const change =
        R"({"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"KX-A","price_dollars":"0.4200","delta_fp":"1.00","side":"yes"}})";
    books.snapshot(decoder.decode(snapshot, 1, packets), 1, packets, 1);
    CHECK(books.change(decoder.decode(change, 2, packets), 2, packets, 2) == Books::Change::ignored);
    CHECK(books.change(decoder.decode(change, 2, packets), 2, packets, 1) == Books::Change::written);
    books.snapshot(decoder.decode(snapshot, 3, packets), 3, packets, 2);
    CHECK(books.find("KX-A")->epoch == 2);
    CHECK(books.change(decoder.decode(change, 4, packets), 4, packets, 1) == Books::Change::ignored);
    CHECK(books.find("KX-A")->yes.at(420'000) == 10 * ARB_UNIT);
    CHECK(books.spoil_link(1).empty());
    CHECK(books.spoil_link(2) == std::vector<std::string>{"KX-A"});
    CHECK_FALSE(books.in_step("KX-A"));
}
