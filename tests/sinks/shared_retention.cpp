// Months of recording: what is old goes, and nothing else, whatever the clock says.
#include "arbitrage/time.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"

namespace arb::test {
namespace {

constexpr arb_time day = 86'400 * second_ns;

bool warned(SinkUnderTest& sink) {
    for (auto const& line : sink.host.lines())
        if (line.find("nothing is deleted as old") != std::string::npos) return true;
    return false;
}

void add_book(Packets& to, arb_time received) {
    auto book = to.add<arb_book>("kalshi", received);
    book->epoch = 1;
    book.text(&arb_book::market_id, "M1");
}

void add_change(Packets& to, arb_time received) {
    auto change = to.add<arb_book_change>("kalshi", received);
    change->epoch = 1;
    change->side = ARB_BOOK_BID;
    change->price = change->size = ARB_UNIT;
    change.text(&arb_book_change::market_id, "M1");
}

}  // namespace

void deletes_nothing_by_a_clock_that_jumped(Database& database) {
    auto const options = database.options_keeping(R"({"ticks":"2d","trades":"2d"})");
    std::uint64_t next = 0;
    auto const quote = [&](SinkUnderTest& sink, arb_time time) {
        sink.host.set_clock(time);
        sink.next_sequence = next == 0 ? 1 : next;
        REQUIRE(sink.write(quotes(1, time)) == ARB_OK);
        next = sink.next_sequence;
    };
    {
        SinkUnderTest sink{database.plugin(), options};
        REQUIRE(sink.start() == ARB_OK);
        quote(sink, noon);
        CHECK_FALSE(warned(sink));
        quote(sink, noon + 1000 * day);
        CHECK(warned(sink));
        quote(sink, noon + 1000 * day + second_ns);
        CHECK(database.count("tick_history") == 3);
        quote(sink, noon + second_ns);  // put right again
        CHECK(database.count("tick_history") == 4);
    }
    database.query("DELETE FROM tick_history WHERE received_at > '2027-01-01T00:00:00.000000Z'");
    {
        SinkUnderTest sink{database.plugin(), options};
        REQUIRE(sink.start() == ARB_OK);
        quote(sink, noon + 10 * day);  // it was off for long, or so it seems
        CHECK(warned(sink));
        CHECK(database.count("tick_history") == 3);
    }
    SinkUnderTest sink{database.plugin(), options};
    REQUIRE(sink.start() == ARB_OK);
    quote(sink, noon + 10 * day + second_ns);
    CHECK_FALSE(warned(sink));
    CHECK(database.count("tick_history") == 2);
}

// However slowly the old is deleted: a whole book without the changes after it would be a wrong book.
void keeps_changes_as_long_as_their_books(Database& database) {
    constexpr int batches = 5, books = 4'500;  // more than SQLite deletes at once
    Packets packets;
    std::uint64_t next = 0;
    {
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
        for (int batch = 0; batch != batches; ++batch) {
            packets.clear();
            for (int i = 0; i != books; ++i) add_book(packets, noon - 5 * day + batch * books + i);
            if (batch + 1 == batches) {
                add_change(packets, noon - 4 * day);
                add_quote(packets, "kalshi", "M1", 1, 2);
            }
            REQUIRE(sink.write(packets) == ARB_OK);
        }
        next = sink.next_sequence;
        CHECK(database.count("tick_history") == 1);
    }
    SinkUnderTest sink{database.plugin(), database.options_keeping(R"({"books":"2d"})")};
    REQUIRE(sink.start() == ARB_OK);
    sink.next_sequence = next;
    for (int batch = 0; batch != 4; ++batch) {
        REQUIRE(sink.write(quotes(1)) == ARB_OK);
        CHECK(database.count("book_changes") >= (database.count("book_snapshots") == 0 ? 0 : 1));
    }
    CHECK(database.count("book_snapshots") == 0);
    CHECK(database.count("book_changes") == 0);
    CHECK(database.count("tick_history") == 5);
}

}  // namespace arb::test
