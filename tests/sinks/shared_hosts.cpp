// Two hosts that store in one database, as those of two shards do, and rows that somebody deleted.
#include <algorithm>
#include <thread>

#include "arbitrage/time.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"

namespace arb::test {
namespace {

constexpr int rounds = 20, events = 40;

void add_event(Packets& to, int number, std::string_view title) {
    auto event = to.add<arb_event>("kalshi", noon);
    event.text(&arb_event::event_id, "E" + std::to_string(number));
    event.text(&arb_event::title, title);
}

// All events, which both hosts know, in an order of the host's own; markets of its own, and one of both.
Packets sweep(int host, int round) {
    Packets packets;
    auto const name = std::to_string(host) + "-" + std::to_string(round);
    for (int i = 0; i != events; ++i)
        add_event(packets, host == 0 ? i : events - 1 - i, "Event of round " + std::to_string(round));
    add_market(packets, "kalshi", "M" + name, "Market " + name);
    add_market(packets, "kalshi", "both", "Market of both");
    add_quote(packets, "kalshi", "M" + name, 1, 2, noon + round);
    add_quote(packets, "kalshi", "both", 1, 2, noon + round);
    return packets;
}

void runs(SinkUnderTest& sink, int host) {
    for (int round = 0; round != rounds; ++round) {
        // Locks of the other are waited for, or the batch is handed in again, as the host does.
        auto status = sink.write(sweep(host, round));
        for (int tries = 0; status == ARB_RETRY && tries != 20; ++tries) status = sink.again();
        if (status != ARB_OK) return;
    }
}

}  // namespace

void is_shared_by_two_hosts(Database& database) {
    SinkUnderTest first{database}, second{database};
    second.journal[0] = 99;
    REQUIRE(first.start() == ARB_OK);
    REQUIRE(second.start() == ARB_OK);
    std::thread other{[&] { runs(second, 1); }};
    runs(first, 0);
    other.join();
    CHECK(first.error.empty());
    CHECK(second.error.empty());
    CHECK(database.count("market_keys") == 2 * rounds + 1);
    CHECK(database.count("markets") == 2 * rounds + 1);
    CHECK(database.count("tick_history") == 4 * rounds);
    CHECK(database.count("latest_prices") == 2 * rounds + 1);
    CHECK(database.count("dead_letters") == 0);
    CHECK(database.count("ticks WHERE market_id = 'both'") == 2 * rounds);
    CHECK(database.count("events") == events);
    CHECK(database.count("market_history") == 2 * rounds + 1);
    // Each goes on where it was.
    CHECK(database.count("ingest_positions") == 2);
    for (auto* const sink : {&first, &second}) {
        auto const stored = sink->next_sequence - 1;
        REQUIRE(sink->start() == ARB_OK);
        CHECK(sink->stored_up_to(1, stored));
    }
}

// What the process remembers is what it stored; a new one looks.
void stores_a_queue_once(Database& database) {
    {
        SinkUnderTest sink{database, "old/name"};
        REQUIRE(sink.start() == ARB_OK);
        REQUIRE(sink.write(quotes(10)) == ARB_OK);
    }
    SinkUnderTest renamed{database, "new/name"};
    REQUIRE(renamed.start() == ARB_OK);
    CHECK(renamed.stored_up_to(1, 10));
    auto const lines = renamed.host.lines();
    CHECK(std::any_of(lines.begin(), lines.end(), [](std::string const& line) {
        return line.find("was written by sink old/name from the same queue") != std::string::npos;
    }));
    renamed.next_sequence = 11;
    REQUIRE(renamed.write(quotes(5)) == ARB_OK);
    CHECK(database.count("tick_history") == 15);

    // A second one of the same pipeline, by a slip.
    SinkUnderTest second{database, "second"};
    REQUIRE(second.start() == ARB_OK);
    CHECK(second.stored_up_to(1, 15));
    second.next_sequence = 16;
    CHECK(renamed.write(quotes(1)) == ARB_RETRY);  // its row is gone
    for (int i = 0; i != 3; ++i) {
        CHECK(renamed.again() == ARB_PERMANENT);
        CHECK(renamed.error.find("sink second stores the same queue") != std::string::npos);
        REQUIRE(second.write(quotes(1)) == ARB_OK);
    }
    CHECK(database.count("tick_history") == 18);
    CHECK(database.count("ingest_positions") == 1);
    // The second is gone from the pipeline, which starts anew.
    REQUIRE(renamed.start() == ARB_OK);
    CHECK(renamed.stored_up_to(1, 18));

    for (int round = 0; round != 20; ++round) {  // both start at the same time
        auto const start = [](SinkUnderTest& sink) {
            for (int i = 0; i != 20 && sink.start() == ARB_RETRY; ++i) {}
        };
        std::thread other{[&] { start(second); }};
        start(renamed);
        other.join();
        CHECK(database.count("ingest_positions") == 1);
        CHECK(renamed.stored_up_to(1, 18));
        CHECK(second.stored_up_to(1, 18));
    }
}

void tells_what_a_lost_queue_leaves_out(Database& database) {
    {
        SinkUnderTest before{database};
        REQUIRE(before.start() == ARB_OK);
        CHECK(before.write(quotes(10)) == ARB_OK);
        CHECK(database.count("gaps") == 0);  // nothing was there before it
    }
    SinkUnderTest after{database};
    after.journal[0] = 77;
    REQUIRE(after.start() == ARB_OK);
    REQUIRE(after.start() == ARB_OK);  // it had stored nothing yet
    REQUIRE(after.write(quotes(1, noon + 60 * second_ns)) == ARB_OK);
    auto const gap =
        database.row("SELECT venue, instance, stream, from_time, to_time, reason, recovered FROM gaps");
    CHECK(gap[0] == "kalshi");
    CHECK(gap[1] == database.plugin());
    CHECK(gap[2] == "all");
    CHECK(parse_time(gap[3].value_or("")) == noon);  // to the microsecond
    CHECK(parse_time(gap[4].value_or("")) == noon + 60 * second_ns);
    CHECK(gap[5] == "another_queue");
    // One that goes on itself, and one that joins while another host is storing.
    REQUIRE(after.start() == ARB_OK);
    REQUIRE(after.write(quotes(1, noon + 120 * second_ns)) == ARB_OK);
    SinkUnderTest joining{database};
    joining.journal[0] = 88;
    REQUIRE(joining.start() == ARB_OK);
    REQUIRE(after.write(quotes(1, noon + 121 * second_ns)) == ARB_OK);
    REQUIRE(joining.write(quotes(1, noon + 122 * second_ns)) == ARB_OK);
    CHECK(database.count("gaps") == 1);
}

void stores_again_what_was_deleted(Database& database) {
    Packets packets;
    add_event(packets, 1, "An event");
    add_market(packets, "kalshi", "M1", "A market");
    add_quote(packets, "kalshi", "M1", 1, 2);
    std::uint64_t next = 0;
    {
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
        REQUIRE(sink.write(packets) == ARB_OK);
        next = sink.next_sequence;
    }
    for (auto const* const table : {"markets", "events", "latest_prices", "market_keys"})
        database.query("DELETE FROM " + std::string{table});
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    sink.next_sequence = next;
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(sink.dead_letters == 0);
    CHECK(database.text("SELECT title FROM markets") == "A market");
    CHECK(database.text("SELECT title FROM events") == "An event");
    CHECK(database.text("SELECT market_id FROM prices") == "M1");
    CHECK(database.count("tick_history") == 2);
}

}  // namespace arb::test
