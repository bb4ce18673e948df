// Packets that cannot be stored: set aside one by one, counted, shown, and stored again when they can be.
#include <string>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"

namespace arb::test {
namespace {

constexpr std::int64_t cent = 10'000;
constexpr std::int64_t dear = 95 * cent;  // what the tables refuse

std::vector<boost::json::object> run(SinkUnderTest& sink, std::string const& command,
                                     std::string const& parameters = "{}") {
    std::vector<boost::json::object> rows;
    INFO(command << ": " << sink.error);
    REQUIRE(sink.command("deadletters " + command, parameters, rows) == ARB_OK);
    return rows;
}

// `count` quotes, every `each`-th of which the table refuses, or, for `broken`, no table could hold.
Packets poisoned(int count, int each, bool broken) {
    Packets packets;
    for (int i = 0; i != count; ++i) {
        bool const bad = i % each == each - 1;
        add_quote(packets, "kalshi", bad && broken ? "" : "M" + std::to_string(i % 50),
                  bad ? dear : 42 * cent, 96 * cent, noon + i);
    }
    return packets;
}

}  // namespace

void buries_what_the_table_refuses(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    database.forbid();
    std::int64_t stored = 1;
    for (auto const place : {0, 37, 99}) {
        Packets packets;
        for (int i = 0; i != 100; ++i)
            add_quote(packets, "kalshi", "M" + std::to_string(i), i == place ? dear : 42 * cent, 96 * cent,
                      noon + i);
        auto const first = sink.next_sequence;
        CHECK(sink.write(packets) == ARB_OK);
        CHECK(sink.dead_letters == 1);
        CHECK(database.count("tick_history") == (stored += 99));
        auto const position = std::to_string(first + static_cast<std::uint64_t>(place));
        auto const letter = database.row(
            "SELECT kind, reason, length(packet) FROM dead_letters WHERE position = " + position);
        CHECK(letter[0] == "quote");
        CHECK(letter[1]->find(std::string{database.plugin()} == "postgres" ? "23514" : "too dear") !=
              std::string::npos);
        CHECK(database.count("tick_history WHERE position = " + position) == 0);
    }
    // The same batch once more, as after an ambiguous commit: no second dead letter.
    CHECK(sink.again() == ARB_OK);
    CHECK(sink.dead_letters == 0);
    CHECK(database.count("dead_letters") == 3);
    CHECK(sink.start() == ARB_OK);
    CHECK(sink.stored_up_to(1, 301));
}

void stops_burying(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    SECTION("1 in 100 may go on for ever") {
        for (int i = 0; i != 3; ++i) CHECK(sink.write(poisoned(5000, 100, true)) == ARB_OK);
        CHECK(database.count("dead_letters") == 150);
    }
    SECTION("2 in 100") {
        CHECK(sink.write(poisoned(5000, 50, true)) == ARB_OK);
        CHECK(sink.write(poisoned(5000, 50, true)) == ARB_PERMANENT);
        CHECK(sink.error.find("too many packets") != std::string::npos);
        CHECK(sink.error.find("market_id") != std::string::npos);
        CHECK(database.count("dead_letters") == 100);
        CHECK(sink.write(quotes(50, noon + second_ns)) == ARB_OK);
    }
    SECTION("2 in 100 of what the table refuses") {
        database.forbid();
        CHECK(sink.write(poisoned(5000, 50, false)) == ARB_OK);
        CHECK(sink.write(poisoned(100, 50, false)) == ARB_PERMANENT);
        CHECK(database.count("dead_letters") == 100);
    }
    SECTION("all of them") {
        database.forbid();
        CHECK(sink.write(poisoned(300, 1, false)) == ARB_PERMANENT);
        CHECK(sink.error.find("too many packets") != std::string::npos);
        CHECK(database.count("dead_letters") == 100);
        CHECK(sink.again() == ARB_PERMANENT);
        CHECK(database.count("dead_letters") == 100);
        database.allow();
        CHECK(sink.again() == ARB_OK);
        CHECK(database.count("tick_history") == 201);
    }
}

void replays_dead_letters(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    database.forbid();
    Packets packets;
    add_market(packets, "kalshi", "M7", "poison", noon);
    add_quote(packets, "kalshi", "M7", dear, 96 * cent, noon + 1);
    add_quote(packets, "kalshi", "", 1, 2, noon + 2);
    add_market(packets, "kalshi", "M8", "poison", noon + 3);
    REQUIRE(sink.write(packets) == ARB_OK);
    Packets later;
    add_market(later, "kalshi", "M8", "a later title", noon + second_ns);
    REQUIRE(sink.write(later) == ARB_OK);
    REQUIRE(database.count("dead_letters") == 4);

    SinkUnderTest other{database};
    // Nothing was mended: each is kept, and says why.
    auto rows = run(other, "replay");
    REQUIRE(rows.size() == 4);
    for (auto const& row : rows) CHECK(row.at("result") == "kept");
    CHECK(rows[1].at("position") == 3);
    CHECK(rows[1].at("kind") == "quote");
    CHECK(std::string{rows[2].at("reason").as_string()}.find("market_id") != std::string::npos);
    CHECK(database.count("dead_letters") == 4);
    CHECK(database.count("tick_history") == 1);

    database.allow();
    rows = run(other, "replay", R"({"kind":"quote"})");
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].at("result") == "stored");
    CHECK(rows[1].at("result") == "kept");
    rows = run(other, "replay", R"({"position":2})");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("result") == "stored");
    rows = run(other, "replay");
    CHECK(rows.size() == 2);
    CHECK(database.count("dead_letters") == 1);
    CHECK(database.count("tick_history WHERE position = 3") == 1);
    CHECK(database.amount("SELECT bid FROM prices WHERE market_id = 'M7'") == dear);
    CHECK(database.text("SELECT title FROM markets WHERE market_id = 'M7'") == "poison");
    // What came later stays.
    CHECK(database.text("SELECT title FROM markets WHERE market_id = 'M8'") == "a later title");
    // The sink that runs meanwhile goes on; its position has not moved.
    REQUIRE(sink.write(quotes(2, noon + 2 * second_ns)) == ARB_OK);
    CHECK(database.count("tick_history") == 4);
}

void shows_dead_letters(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    add_quote(packets, "kalshi", "", 42 * cent, 43 * cent);
    add_trade(packets, "M1", std::string(600, 'x'), 44 * cent);
    add_quote(packets, "kalshi", "M1", 1, 2, noon * 4);
    REQUIRE(sink.write(packets) == ARB_OK);
    REQUIRE(sink.dead_letters == 3);

    CHECK(run(sink, "list").size() == 3);
    CHECK(run(sink, "list").front().at("position") == 3);  // the newest first
    CHECK(run(sink, "list", R"({"limit":1})").size() == 1);
    CHECK(run(sink, "list", R"({"kind":"trade"})").size() == 1);
    CHECK(run(sink, "list", R"({"reason":"Market_ID"})").size() == 1);
    CHECK(run(sink, "list", R"({"reason":"' OR 1 = 1 --"})").empty());
    CHECK(run(sink, "list", R"({"instance":"another"})").empty());
    CHECK(run(sink, "list", R"({"instance":")" + std::string{database.plugin()} + "\"}").size() == 3);

    auto const shown = run(sink, "show", R"({"position":2})");
    REQUIRE(shown.size() == 1);
    CHECK(std::string{shown[0].at("reason").as_string()}.find("trade_id") != std::string::npos);
    auto const& packet = shown[0].at("packet").as_object();
    CHECK(packet.at("kind") == "trade");
    CHECK(packet.at("venue") == "kalshi");
    CHECK(packet.at("trade_id").as_string() == std::string(600, 'x'));  // whole
    CHECK(packet.at("price") == "0.44");
    CHECK(packet.at("taker_side") == "buy");
    CHECK(packet.at("block") == false);
    std::vector<boost::json::object> rows;
    CHECK(sink.command("deadletters show", R"({"position":99})", rows) == ARB_PERMANENT);
    CHECK(sink.error.find("no dead letter of position 99") != std::string::npos);
    // Bytes that somebody changed are shown as what they are, and kept.
    database.query("UPDATE dead_letters SET packet = substr(packet, 1, 20) WHERE position = 1");
    CHECK(std::string{run(sink, "show", R"({"position":1})")[0].at("problem").as_string()}.find(
              "shorter than its header") != std::string::npos);
    CHECK(run(sink, "replay", R"({"position":1})")[0].at("result") == "kept");
}

void fills_what_a_restore_lost(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(10)) == ARB_OK);
    auto const second = quotes(10, noon + second_ns), third = quotes(10, noon + 60 * second_ns);
    database.save();
    for (int i = 0; i != 2 && sink.write(second) != ARB_OK; ++i) sink.next_sequence = 11;
    REQUIRE(database.count("tick_history") == 20);

    database.restore();
    // Going on would leave a hole: the sink asks for a start, however often it is tried.
    sink.next_sequence = 21;
    auto status = sink.write(third);
    for (int i = 0; i != 3; ++i) {
        CHECK(status == ARB_RETRY);
        status = sink.again();
    }
    CHECK(sink.error.find("set back to an older state") != std::string::npos);
    CHECK(database.count("tick_history") == 10);
    REQUIRE(sink.start() == ARB_OK);
    CHECK(sink.stored_up_to(1, 10));
    SECTION("the queue still has it all") {
        sink.next_sequence = 11;
        REQUIRE(sink.write(second) == ARB_OK);
        REQUIRE(sink.write(third) == ARB_OK);
        CHECK(database.count("tick_history") == 30);
        CHECK(database.count("gaps") == 0);
    }
    SECTION("a person set the position aside") {
        database.query("DELETE FROM ingest_positions");
        REQUIRE(sink.start() == ARB_OK);
        CHECK(sink.stored_up_to(0, 0));  // then the host's own mark counts
        sink.next_sequence = 21;
        REQUIRE(sink.write(third) == ARB_OK);
        CHECK(database.count("tick_history") == 20);
        CHECK(database.count("gaps") == 0);
    }
    SECTION("the queue no longer has it") {
        sink.next_sequence = 21;
        REQUIRE(sink.write(third) == ARB_OK);
        CHECK(database.count("tick_history") == 20);
        auto const gap = database.row(
            "SELECT venue, instance, stream, from_time, to_time, reason, detail, market_key FROM gaps");
        CHECK(gap[0] == "kalshi");
        CHECK(gap[1] == database.plugin());
        CHECK(gap[2] == "all");
        CHECK(parse_time(*gap[3]).value_or(0) <= noon + second_ns);
        CHECK(parse_time(*gap[4]) == noon + 60 * second_ns);
        CHECK(gap[5] == "not_in_queue");
        CHECK(gap[6] == "packets 11 to 20 are neither in the database nor in the queue");
        CHECK_FALSE(gap[7].has_value());
        // Once is enough.
        sink.next_sequence = 31;
        REQUIRE(sink.write(quotes(1, noon + 61 * second_ns)) == ARB_OK);
        CHECK(database.count("gaps") == 1);
    }
}

}  // namespace arb::test
