#include "sinks/shared.hpp"

#include <string>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "support/catch.hpp"

namespace arb::test {
namespace {

constexpr std::int64_t cent = 10'000;

std::int64_t decimal(std::string_view text) { return parse_decimal(text).millionths; }

arb_time time_of(std::string const& text) { return parse_time(text).value_or(-1); }

}  // namespace

void survives_hostile_texts(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    using namespace std::string_literals;
    std::string const titles[] = {"'); DROP TABLE markets; --",
                                  "two\nlines\tand \"quotes\" and \\backslashes\\",
                                  "nul \0 inside"s,
                                  "not utf-8: \xC3\x28 \xFF\xED\xA0\x80",
                                  "\\N",
                                  "{1,2}",
                                  "\xF0\x9F\x8E\xB2"};
    std::string const raws[] = {R"({"a":"\u0000"})",
                                "{\"a\":\"\xFF\"}",
                                "not json",
                                R"({"a":1e999999})",
                                std::string(40, '[') + std::string(40, ']'),
                                R"({"a":"\ud800"})",
                                R"({"a":1})"};
    Packets packets;
    for (std::size_t i = 0; i != std::size(titles); ++i) {
        auto market = packets.add<arb_market>("kalshi", noon);
        market.text(&arb_market::market_id, "M" + std::to_string(i));
        market.text(&arb_market::title, titles[i]);
        market.text(&arb_market::raw, raws[i]);
        std::string_view const outcomes[] = {titles[i], ""};
        market.texts(&arb_market::outcomes, outcomes);
    }
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(sink.dead_letters == 0);
    auto const rows =
        database.query("SELECT title, CAST(raw AS text), flags FROM markets ORDER BY market_id");
    REQUIRE(rows.size() == std::size(titles));
    for (auto const i : {0, 1, 4, 5, 6}) CHECK(rows[static_cast<std::size_t>(i)][0] == titles[i]);
    CHECK(rows[2][0] == "nul \xEF\xBF\xBD inside");
    CHECK(rows[3][0] == "not utf-8: \xEF\xBF\xBD( \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    // 256: a text was cleaned; 512: the JSON is kept as one JSON string.
    CHECK(rows[0][2] == "512");
    CHECK(rows[2][2] == "768");
    CHECK(rows[6][2] == "0");
    CHECK(boost::json::parse(*rows[0][1]) == R"({"a":"\u0000"})");
    CHECK(boost::json::parse(*rows[1][1]) == "{\"a\":\"\xEF\xBF\xBD\"}");
    CHECK(boost::json::parse(*rows[2][1]) == "not json");
    CHECK(boost::json::parse(*rows[6][1]).as_object().at("a") == 1);
}

void stores_nothing_twice(Database& database) {
    Packets packets;
    add_market(packets, "kalshi", "M1", "A market");
    add_quote(packets, "kalshi", "M1", 42 * cent, 43 * cent);
    add_trade(packets, "M1", "", 42 * cent);
    {
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
        CHECK(sink.stored_up_to(1, 0));  // nothing yet, and not for the host to guess
        REQUIRE(sink.write(packets) == ARB_OK);
        REQUIRE(sink.again() == ARB_OK);  // as after an ambiguous commit
        REQUIRE(sink.start() == ARB_OK);
        CHECK(sink.stored_up_to(1, 3));
        REQUIRE(sink.again() == ARB_OK);
        CHECK(database.count("tick_history") == 1);
        CHECK(database.count("trades") == 1);
    }
    // A new process: the database says where to go on. A batch may begin before that place.
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    CHECK(sink.stored_up_to(1, 3));
    sink.next_sequence = 3;
    Packets overlap;
    add_trade(overlap, "M1", "", 42 * cent);
    add_trade(overlap, "M1", "", 44 * cent);
    REQUIRE(sink.write(overlap) == ARB_OK);
    CHECK(database.count("trades") == 2);
    // After a power loss the journal may number anew: a higher incarnation is never an old record.
    sink.incarnation = 2;
    sink.next_sequence = 2;
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(database.count("tick_history") == 2);
    auto const mark = database.row("SELECT incarnation, sequence, sink, journal_uuid FROM ingest_positions");
    CHECK(mark[0] == "2");
    CHECK(mark[1] == "4");
    CHECK(mark[2] == database.plugin());
    CHECK(mark[3] == "01020304-0506-0708-090a-0b0c0d0e0f10");
}

void skips_unchanged_catalogue(Database& database) {
    auto const changed_at = [&] { return time_of(database.text("SELECT changed_at FROM markets")); };
    {
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
        for (int i = 0; i != 3; ++i) {
            Packets packets;
            add_market(packets, "kalshi", "M1", "A market", noon + i * second_ns);
            REQUIRE(sink.write(packets) == ARB_OK);
        }
        CHECK(sink.host.counter("packets_unchanged") == 2);
        CHECK(changed_at() == noon);
    }
    SinkUnderTest sink{database};  // a new process remembers nothing, the database does
    REQUIRE(sink.start() == ARB_OK);
    sink.next_sequence = 10;
    Packets same;
    add_market(same, "kalshi", "M1", "A market", noon + 5 * second_ns);
    REQUIRE(sink.write(same) == ARB_OK);
    CHECK(changed_at() == noon);
    Packets changes;
    add_market(changes, "kalshi", "M1", "Another title", noon + 6 * second_ns);
    add_market(changes, "kalshi", "M1", "A market", noon + 7 * second_ns);  // and back, in one batch
    REQUIRE(sink.write(changes) == ARB_OK);
    CHECK(database.text("SELECT title FROM markets") == "A market");
    CHECK(changed_at() == noon + 7 * second_ns);  // it did change, and so says the history
    CHECK(database.count("market_history") == 3);
    CHECK(time_of(database.text("SELECT first_seen_at FROM markets")) == noon);
    // A status change by itself is later news than the catalogue; the next catalogue row is written again.
    Packets paused;
    {
        auto status = paused.add<arb_status_change>("kalshi", noon + 8 * second_ns);
        status->lifecycle = ARB_LIFECYCLE_PAUSED;
        status.text(&arb_status_change::market_id, "M1");
    }
    REQUIRE(sink.write(paused) == ARB_OK);
    CHECK(database.text("SELECT status FROM markets") == "paused");
    Packets open;
    add_market(open, "kalshi", "M1", "A market", noon + 9 * second_ns);
    REQUIRE(sink.write(open) == ARB_OK);
    CHECK(database.text("SELECT status FROM markets") == "open");
}

void isolates_poison(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    for (int i = 0; i != 9; ++i) {
        if (i == 4)
            add_quote(packets, "kalshi", "", 1, 2);  // no market
        else if (i == 6)
            add_quote(packets, "kalshi", "M1", 1, 2, noon * 4);  // the year 2197
        else
            add_quote(packets, "kalshi", "M1", i * cent, 50 * cent, noon + i);
    }
    add_trade(packets, "M1", std::string(5000, 'x'), 42 * cent);
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(sink.dead_letters == 3);
    CHECK(database.count("tick_history") == 7);
    auto const rows =
        database.query("SELECT position, kind, reason, instance FROM dead_letters ORDER BY position");
    REQUIRE(rows.size() == 3);
    CHECK(rows[0][0] == "5");
    CHECK(rows[0][1] == "quote");
    CHECK(rows[0][2]->find("market_id") != std::string::npos);
    CHECK(rows[0][3] == database.plugin());
    CHECK(rows[1][0] == "7");
    CHECK(rows[2][1] == "trade");
    CHECK(sink.start() == ARB_OK);
    CHECK(sink.stored_up_to(1, 10));
}

void compares_prices(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    add_market(packets, "kalshi", "FED-CUT", "Cut");
    add_quote(packets, "kalshi", "FED-CUT", 42 * cent, 44 * cent);
    add_quote(packets, "polymarket", "0xsame", 48 * cent, 49 * cent);
    add_quote(packets, "polymarket", "0xinverse", 60 * cent, decimal("0.6025"));
    add_pair(packets, "same", ARB_RELATION_SAME, ARB_PAIR_ACCEPTED, "0xsame");
    add_pair(packets, "inverse", ARB_RELATION_INVERSE, ARB_PAIR_ACCEPTED, "0xinverse");
    add_pair(packets, "candidate", ARB_RELATION_SAME, ARB_PAIR_CANDIDATE, "0xsame");
    add_pair(packets, "quoteless", ARB_RELATION_SAME, ARB_PAIR_ACCEPTED, "0xnone");
    REQUIRE(sink.write(packets) == ARB_OK);

    CHECK(database.count("price_comparison") == 3);
    auto const value = [&](char const* pair, std::string const& column) {
        return database.amount("SELECT CAST(" + column + " AS text) FROM price_comparison WHERE pair_id = '" +
                               pair + "'");
    };
    CHECK(value("same", "bid_a") == 42 * cent);
    CHECK(value("same", "ask_b") == 49 * cent);
    CHECK(value("same", "gap_buy_a") == 4 * cent);   // buy at 0.44, sell at 0.48
    CHECK(value("same", "gap_buy_b") == -7 * cent);  // buy at 0.49, sell at 0.42
    CHECK(value("same", "gap") == 4 * cent);
    // Outcome 1 of b is bid 1 - 0.6025 and asked 1 - 0.60.
    CHECK(value("inverse", "bid_b") == decimal("0.3975"));
    CHECK(value("inverse", "ask_b") == 40 * cent);
    CHECK(value("inverse", "bid_size_b") == 200 * ARB_UNIT);
    CHECK(value("inverse", "gap_buy_a") == decimal("-0.0425"));
    CHECK(value("inverse", "gap_buy_b") == 2 * cent);
    CHECK(database.text("SELECT gap_buy_a FROM price_comparison WHERE pair_id = 'quoteless'") == "NULL");
    CHECK(database.text("SELECT title_a FROM price_comparison WHERE pair_id = 'same'") == "Cut");
}

void answers_commands(Database& database) {
    {
        SinkUnderTest sink{database};
        std::vector<boost::json::object> rows;
        CHECK(sink.command("tables", "{}", rows) != ARB_OK);
        CHECK(sink.error.find("made when the pipeline first runs") != std::string::npos);
    }
    compares_prices(database);
    SinkUnderTest sink{database};
    CHECK(sink.probe() == ARB_OK);
    std::vector<boost::json::object> rows;
    REQUIRE(sink.command("compare", "{}", rows) == ARB_OK);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].at("pair_id") == "same");  // the widest gap first
    CHECK(decimal(rows[0].at("gap_buy_a").as_string()) == 4 * cent);
    CHECK(rows[2].at("gap_buy_a").is_null());
    CHECK(rows[0].at("age_a").is_number());
    rows.clear();
    REQUIRE(sink.command("compare", R"({"pair":"inverse"})", rows) == ARB_OK);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("relation") == "inverse");
    rows.clear();
    REQUIRE(sink.command("tables", "{}", rows) == ARB_OK);
    for (auto const& row : rows) {
        if (row.at("table") == "tick_history") CHECK(row.at("rows") == 3);
        if (row.at("table") == "market_pairs") CHECK(row.at("rows") == 4);
    }
    CHECK(rows.size() == 18);

    Packets packets;
    {
        auto gap = packets.add<arb_gap>("kalshi", noon);
        gap->from_time = noon;
        gap.text(&arb_gap::instance, "kalshi");
        gap.text(&arb_gap::market_id, "FED-CUT");
    }
    add_quote(packets, "kalshi", "", 1, 2);
    SinkUnderTest writer{database};
    REQUIRE(writer.start() == ARB_OK);
    writer.next_sequence = 100;
    REQUIRE(writer.write(packets) == ARB_OK);
    rows.clear();
    REQUIRE(sink.command("gaps", R"({"venue":"kalshi","open":true})", rows) == ARB_OK);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("market_id") == "FED-CUT");
    CHECK(rows[0].at("to_time").is_null());
    CHECK(rows[0].at("recovered") == false);
    CHECK(rows[0].at("from_time") == "2026-11-20T12:00:00.000000Z");
    rows.clear();
    REQUIRE(sink.command("deadletters list", "{}", rows) == ARB_OK);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("kind") == "quote");
    CHECK(rows[0].at("position") == 101);
    CHECK(rows[0].at("bytes").is_int64());
    CHECK(rows[0].at("received_at") == "2026-11-20T12:00:00.000000Z");
}

void refuses_newer_schema(Database& database) {
    {
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
    }
    database.query(
        "INSERT INTO schema_version (version, description, applied_at) VALUES (99, 'from the future', "
        "'2030-01-01 00:00:00+00')");
    SinkUnderTest sink{database};
    CHECK(sink.start() == ARB_PERMANENT);
    CHECK(sink.error.find("schema version 99") != std::string::npos);
    CHECK(sink.error.find("newer arbitrage") != std::string::npos);
    database.query("DELETE FROM schema_version WHERE version = 99");
    CHECK(sink.start() == ARB_OK);
}

void has_tables_per_venue(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    add_quote(packets, "manifold_2", "M1", 1, 2);
    {
        auto gap = packets.add<arb_gap>("silent", noon);  // it was never reached
        gap->from_time = noon;
        gap.text(&arb_gap::instance, "silent");
    }
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(database.count("silent_markets") == 0);
    for (auto const* const each :
         {"events", "markets", "tick_history", "latest_prices", "trades", "book_snapshots", "book_changes",
          "status_changes", "series", "fee_schedules", "market_history", "event_history"}) {
        auto const is_quote = std::string{each} == "tick_history" || std::string{each} == "latest_prices";
        CHECK(database.count("manifold_2_" + std::string{each}) == (is_quote ? 1 : 0));
    }
}

}  // namespace arb::test
