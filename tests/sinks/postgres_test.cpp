#include "arbitrage/time.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::test;

namespace {

constexpr arb_time day = 86'400 * second_ns;

// One cluster for all cases; a database for each. No case crashes the machine, so no disk need be waited for.
PostgresCluster& cluster() {
    static PostgresCluster made{{"fsync=off"}};
    made.start();
    return made;
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
    SECTION("refused rows") { buries_what_the_table_refuses(database); }
    SECTION("breaker") { stops_burying(database); }
    SECTION("replay") { replays_dead_letters(database); }
    SECTION("dead letters") { shows_dead_letters(database); }
    SECTION("restore") { fills_what_a_restore_lost(database); }
    SECTION("history") { keeps_history(database); }
    SECTION("terms") { knows_the_terms_of_a_quote(database); }
    SECTION("series and fees") { stores_series_and_fees(database); }
    SECTION("messages") { keeps_messages(database); }
    SECTION("books of the past") { rebuilds_books(database); }
    SECTION("books at random times") { rebuilds_books_like_a_reader_of_the_feed(database); }
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

TEST_CASE("postgres is held by a schema or rights that a person must mend") {
    PostgresDatabase database{cluster(), "held"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
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
