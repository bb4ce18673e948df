#include <filesystem>
#include <fstream>

#include "sinks/shared.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::test;

TEST_CASE("sqlite stores what both database sinks promise") {
    SqliteDatabase database;
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

TEST_CASE("sqlite keeps numbers as numbers and what a double cannot hold as text") {
    SqliteDatabase database;
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    add_quote(packets, "kalshi", "M1", 425'000, 430'000);
    {
        auto quote = packets.add<arb_quote>("kalshi", noon);
        quote->bid_size = INT64_MAX;
        quote.text(&arb_quote::market_id, "M1");
    }
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(database.text("SELECT typeof(bid) FROM tick_history WHERE position = 1") == "real");
    CHECK(database.text("SELECT bid = 0.425 FROM tick_history WHERE position = 1") == "1");
    CHECK(database.text("SELECT typeof(bid_size) FROM tick_history WHERE position = 2") == "text");
    CHECK(database.text("SELECT received_at FROM tick_history WHERE position = 1") ==
          "2026-11-20T12:00:00.000000Z");
}

TEST_CASE("sqlite finds the terms of a quote by keys, however many there are") {
    SqliteDatabase database;
    {
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
    }
    auto const plan = database.query("EXPLAIN QUERY PLAN SELECT * FROM tick_terms WHERE market_id = 'M1'");
    REQUIRE(plan.size() > 4);
    for (auto const& row : plan) {
        INFO(row[3].value_or(""));
        CHECK(row[3]->find("SCAN") == std::string::npos);
        CHECK(row[3]->find("(venue=?)") == std::string::npos);
    }
}

TEST_CASE("sqlite deletes rows past their retention") {
    SqliteDatabase database;
    SinkUnderTest sink{"sqlite", R"({"file":")" + database.file() + R"(","retention":{"ticks":"2d"}})"};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    add_quote(packets, "kalshi", "M1", 1, 2, noon - 5 * 86'400 * second_ns);
    add_quote(packets, "kalshi", "M1", 1, 2, noon);
    add_trade(packets, "M1", "", 1, noon - 5 * 86'400 * second_ns);
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(database.count("tick_history") == 1);
    CHECK(database.count("trades") == 1);
}

TEST_CASE("sqlite makes its file when the pipeline runs, not when somebody looks") {
    SqliteDatabase database;
    SinkUnderTest sink{database};
    std::vector<boost::json::object> rows;
    CHECK(sink.probe() == ARB_OK);
    CHECK(sink.command("tables", "{}", rows) == ARB_PERMANENT);
    CHECK(sink.error.find("there is no " + database.file()) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(std::filesystem::path{database.file()}.parent_path()));
    SinkUnderTest elsewhere{"sqlite", R"({"file":"/dev/null/below/a.db"})"};
    CHECK(elsewhere.probe() == ARB_INVALID);
    CHECK(elsewhere.where == "/file");
    CHECK(elsewhere.error.find("/dev/null is not a directory") != std::string::npos);
}

TEST_CASE("sqlite says what is wrong with its file") {
    SqliteDatabase database;
    auto const directory = std::filesystem::path{database.file()}.parent_path();
    std::filesystem::create_directories(directory);
    SECTION("not a database") {
        std::ofstream{database.file()} << std::string(4096, 'x');
        SinkUnderTest sink{database};
        CHECK(sink.start() == ARB_INVALID);
        CHECK(sink.where == "/file");
        CHECK(sink.error.find("is not an SQLite database") != std::string::npos);
    }
    SECTION("a directory") {
        std::filesystem::create_directories(database.file());
        SinkUnderTest sink{database};
        CHECK(sink.start() == ARB_INVALID);
        CHECK(sink.error.find("cannot be opened") != std::string::npos);
    }
}

TEST_CASE("sqlite refuses retention shorter than a day") {
    SinkUnderTest sink{"sqlite", R"({"retention":{"ticks":"1h"}})"};
    CHECK(sink.where == "/retention/ticks");
}
