#include <signal.h>

#include <chrono>
#include <thread>

#include "arbitrage/time.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::test;

namespace {

constexpr arb_time day = 86'400 * second_ns;

// One cluster for all cases; a database for each.
PostgresCluster& cluster() {
    static PostgresCluster made;
    made.start();
    return made;
}

Packets quotes(int count, arb_time received = noon) {
    Packets packets;
    for (int i = 0; i != count; ++i)
        add_quote(packets, "kalshi", "M" + std::to_string(i), 420'000, 430'000, received + i);
    return packets;
}

}  // namespace

TEST_CASE("postgres stores what both database sinks promise") {
    PostgresDatabase database{cluster(), "shared"};
    SECTION("catalogue") { stores_catalogue(database); }
    SECTION("prices") { stores_prices(database); }
    SECTION("trades") { stores_trades(database); }
    SECTION("books") { stores_books(database); }
    SECTION("the rest") { stores_the_rest(database); }
    SECTION("decimals") { keeps_decimals_exact(database); }
    SECTION("hostile texts") { survives_hostile_texts(database); }
    SECTION("nothing twice") { stores_nothing_twice(database); }
    SECTION("unchanged catalogue") { skips_unchanged_catalogue(database); }
    SECTION("poison") { isolates_poison(database); }
    SECTION("comparison") { compares_prices(database); }
    SECTION("commands") { answers_commands(database); }
    SECTION("newer schema") { refuses_newer_schema(database); }
    SECTION("venues") { has_tables_per_venue(database); }
}

TEST_CASE("postgres goes on after the server was stopped and started") {
    PostgresDatabase database{cluster(), "restart"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(10)) == ARB_OK);
    for (auto const immediate : {false, true}) {
        cluster().stop(immediate);
        auto const packets = quotes(10, noon + second_ns);
        CHECK(sink.write(packets) == ARB_RETRY);
        CHECK(sink.error.find("is not available") != std::string::npos);
        CHECK(sink.again() == ARB_RETRY);
        cluster().start();
        CHECK(sink.again() == ARB_OK);
    }
    CHECK(database.count("tick_history") == 30);
    CHECK(database.count("dead_letters") == 0);
}

TEST_CASE("postgres goes on after its connection was terminated") {
    PostgresDatabase database{cluster(), "terminated"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(10)) == ARB_OK);
    database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'terminated' AND pid <> "
        "pg_backend_pid()");
    CHECK(sink.write(quotes(10, noon + second_ns)) == ARB_RETRY);
    CHECK(sink.again() == ARB_OK);
    CHECK(database.count("tick_history") == 20);
}

TEST_CASE("postgres buries the one packet that the table refuses and keeps the others") {
    PostgresDatabase database{cluster(), "poison"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    database.query("ALTER TABLE tick_history ADD CONSTRAINT cheap CHECK (bid < 0.9)");
    Packets packets;
    for (int i = 0; i != 100; ++i)
        add_quote(packets, "kalshi", "M" + std::to_string(i), i == 37 ? 950'000 : 420'000, 960'000, noon + i);
    CHECK(sink.write(packets) == ARB_OK);
    CHECK(sink.dead_letters == 1);
    CHECK(database.count("tick_history") == 100);
    auto const letter = database.row("SELECT position, kind, reason, length(packet) FROM dead_letters");
    CHECK(letter[0] == "39");
    CHECK(letter[1] == "quote");
    CHECK(letter[2]->find("23514") != std::string::npos);
    CHECK(sink.start() == ARB_OK);
    CHECK(sink.stored_up_to(1, 101));
}

TEST_CASE("postgres does not drain the queue into dead_letters") {
    PostgresDatabase database{cluster(), "breaker"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    database.query("ALTER TABLE tick_history ADD CONSTRAINT none CHECK (bid < 0) NOT VALID");
    CHECK(sink.write(quotes(300, noon + second_ns)) == ARB_PERMANENT);
    CHECK(sink.error.find("too many packets") != std::string::npos);
    CHECK(database.count("dead_letters") == 100);
    CHECK(sink.again() == ARB_PERMANENT);
    CHECK(database.count("dead_letters") == 100);
    database.query("ALTER TABLE tick_history DROP CONSTRAINT none");
    CHECK(sink.again() == ARB_OK);
    CHECK(database.count("tick_history") == 201);
}

TEST_CASE("postgres is held by a schema or rights that a person must mend") {
    PostgresDatabase database{cluster(), "held"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    SECTION("a dropped column") {
        database.query("ALTER TABLE tick_history RENAME COLUMN bid TO was_bid");
        CHECK(sink.write(quotes(5, noon + second_ns)) == ARB_PERMANENT);
        CHECK(sink.error.find("42703") != std::string::npos);
        database.query("ALTER TABLE tick_history RENAME COLUMN was_bid TO bid");
        CHECK(sink.again() == ARB_OK);
        CHECK(database.count("tick_history") == 6);
    }
    SECTION("no such database") {
        SinkUnderTest other{"postgres", R"({"url":")" + cluster().url("nowhere") + "\"}"};
        CHECK(other.start() == ARB_INVALID);
        CHECK(other.where == "/url");
        CHECK(other.error.find("3D000") != std::string::npos);
    }
    SECTION("a user without rights") {
        cluster().query("held", "DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN");
        auto const url = "postgresql:///held?host=" + cluster().directory() + "&user=guest";
        SinkUnderTest other{"postgres", R"({"url":")" + url + "\"}"};
        CHECK(other.probe() == ARB_INVALID);
        CHECK(other.start() == ARB_PERMANENT);
        CHECK(other.error.find("42501") != std::string::npos);
    }
}

TEST_CASE("postgres notices a frozen server by itself", "[.slow]") {
    PostgresDatabase database{cluster(), "frozen"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    auto const pid =
        std::stoi(database.text("SELECT pid FROM pg_stat_activity WHERE datname = 'frozen' AND "
                                "application_name = 'arbitrage'"));
    REQUIRE(::kill(pid, SIGSTOP) == 0);
    auto const begin = std::chrono::steady_clock::now();
    CHECK(sink.write(quotes(5, noon + second_ns)) == ARB_RETRY);
    CHECK(sink.error.find("did not answer in time") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{35});
    ::kill(pid, SIGCONT);
    CHECK(sink.again() == ARB_OK);
    CHECK(database.count("tick_history") == 6);
}

TEST_CASE("postgres makes a partition for each day and drops old ones") {
    PostgresDatabase database{cluster(), "days"};
    {
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
        Packets packets;
        for (int i = -3; i != 1; ++i) {
            add_quote(packets, "kalshi", "M1", 1, 2, noon + i * day);
            add_trade(packets, "M1", "t" + std::to_string(i), 1, noon + i * day);
        }
        REQUIRE(sink.write(packets) == ARB_OK);
        CHECK(database.count("kalshi_tick_history_20261117") == 1);
        CHECK(database.count("kalshi_tick_history_20261120") == 1);
        CHECK(database.count("kalshi_tick_history_20261121") == 0);  // tomorrow's is there already
        CHECK(database.count("tick_history") == 4);
    }
    SinkUnderTest sink{
        "postgres", R"({"url":")" + cluster().url("days") + R"(","retention":{"ticks":"2d","trades":"2d"}})"};
    REQUIRE(sink.start() == ARB_OK);
    sink.next_sequence = 100;
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    CHECK(database.text("SELECT to_regclass('kalshi_tick_history_20261117')") == "NULL");
    CHECK(database.text("SELECT to_regclass('kalshi_trades_20261117')") == "NULL");
    CHECK(database.text("SELECT to_regclass('kalshi_tick_history_20261118')") != "NULL");
    CHECK(database.count("tick_history") == 4);
    CHECK(database.count("trade_ids") == 3);
}

TEST_CASE("postgres says what is wrong with its address and keeps the password to itself") {
    SinkUnderTest sink{"postgres", R"({"url":"postgres//me:secret@host"})"};
    CHECK(sink.where == "/url");
    CHECK(sink.error.find("secret") == std::string::npos);
    SinkUnderTest empty{"postgres", R"({"url":""})"};
    CHECK(empty.where == "/url");
    SinkUnderTest nobody{"postgres", R"({"url":"postgresql://me:secret@127.0.0.1:1/db"})"};
    CHECK(nobody.start() == ARB_RETRY);
    CHECK(nobody.error.find("secret") == std::string::npos);
    CHECK(nobody.error.find("127.0.0.1") != std::string::npos);
}
