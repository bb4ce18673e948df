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
    SECTION("fees that return") { keeps_fees_that_return(database); }
    SECTION("messages") { keeps_messages(database); }
    SECTION("books of the past") { rebuilds_books(database); }
    SECTION("names of markets") { names_markets_as_people_do(database); }
    SECTION("books at random times") { rebuilds_books_like_a_reader_of_the_feed(database); }
    SECTION("books while they are written") { rebuilds_books_while_they_are_written(database); }
    SECTION("two hosts") { is_shared_by_two_hosts(database); }
    SECTION("one queue") { stores_a_queue_once(database); }
    SECTION("a lost queue") { tells_what_a_lost_queue_leaves_out(database); }
    SECTION("deleted rows") { stores_again_what_was_deleted(database); }
    SECTION("a clock that jumped") { deletes_nothing_by_a_clock_that_jumped(database); }
    SECTION("old books") { keeps_changes_as_long_as_their_books(database); }
    SECTION("pauses of a venue") { stores_pauses_of_a_venue(database); }
    SECTION("old pauses of a venue") { forgets_old_pauses_of_a_venue(database); }
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

TEST_CASE("postgres forgets the ids of old trades with their days, one day a batch") {
    PostgresDatabase database{cluster(), "ids"};
    {
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
        Packets packets;
        for (int i = -5; i != 1; ++i)
            for (auto const* const hour : {"00", "12", "23"})
                add_trade(packets, "M1", std::to_string(i) + "-" + hour, 1,
                          noon + i * day + (std::stoi(hour) - 12) * 3600 * second_ns);
        add_quote(packets, "kalshi", "M1", 1, 2);
        REQUIRE(sink.write(packets) == ARB_OK);
    }
    SinkUnderTest sink{database.plugin(), database.options_keeping(R"({"trades":"2d"})")};
    REQUIRE(sink.start() == ARB_OK);
    sink.next_sequence = 100;
    for (int gone = 1; gone != 4; ++gone) {
        REQUIRE(sink.write(quotes(1)) == ARB_OK);
        CHECK(database.count("trades") == 18 - 3 * gone);
        CHECK(database.count("trade_ids") == 18 - 3 * gone);
    }
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    CHECK(database.count("trades") == 9);
    CHECK(database.count("trade_ids WHERE NOT EXISTS (SELECT 1 FROM trades t WHERE t.trade_id = "
                         "trade_ids.trade_id)") == 0);
}

TEST_CASE("postgres has a table for the next day before that day begins") {
    PostgresDatabase database{cluster(), "borders"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    struct Border {
        char const* last;
        char const* first;
        char const* day;
    };
    for (auto const& border : {Border{"2026-11-30T23:59:59.999999Z", "2026-12-01T00:00:00Z", "20261201"},
                               Border{"2026-12-31T23:59:59.999999Z", "2027-01-01T00:00:00Z", "20270101"},
                               Border{"2028-02-28T23:59:59.999999Z", "2028-02-29T00:00:00Z", "20280229"},
                               Border{"2028-02-29T23:59:59.999999Z", "2028-03-01T00:00:00Z", "20280301"}}) {
        INFO(border.first);
        auto const last = parse_time(border.last).value(), first = parse_time(border.first).value();
        auto const table = "kalshi_tick_history_" + std::string{border.day};
        sink.host.set_clock(last);
        REQUIRE(sink.write(quotes(1, last)) == ARB_OK);
        CHECK(database.count(table) == 0);
        Packets both;
        add_quote(both, "kalshi", "M1", 1, 2, last);
        add_quote(both, "kalshi", "M1", 1, 2, first);
        REQUIRE(sink.write(both) == ARB_OK);
        CHECK(database.count(table) == 1);
    }
    CHECK(sink.host.counter("packets_already_stored") == 0);
    CHECK(database.count("tick_history") == 12);
}

TEST_CASE("postgres makes no table for a day that cannot be") {
    PostgresDatabase database{cluster(), "absurd"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    auto const tables = database.count("pg_class");
    Packets packets;
    for (auto const* const time :
         {"1970-01-01T00:00:01Z", "1999-12-31T23:59:59Z", "2026-11-21T12:00:01Z", "2255-01-01T00:00:00Z"})
        add_quote(packets, "kalshi", "M0", 1, 2, parse_time(time).value());
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(sink.dead_letters == 4);
    CHECK(database.count("pg_class") == tables);
    CHECK(database.count("ingest_positions WHERE received_at = '2026-11-20 12:00:00+00'") == 1);
    // A clock that was set back a little makes days that are gone anew.
    sink.host.set_clock(noon - 3 * day);
    REQUIRE(sink.write(quotes(1, noon - 3 * day)) == ARB_OK);
    CHECK(database.count("kalshi_tick_history_20261117") == 1);
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
