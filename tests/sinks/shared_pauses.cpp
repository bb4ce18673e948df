// What a venue says of itself: that it, or a part of it, pauses. It is about no market.
#include <cstdio>

#include "arbitrage/time.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"

namespace arb::test {
namespace {

constexpr arb_time day = 86'400 * second_ns;

void add_state(Packets& to, arb_time received, std::int32_t lifecycle, std::string_view detail = {},
               std::string_view market = {}) {
    auto status = to.add<arb_status_change>("kalshi", received, 0, ARB_FLAG_POLLED);
    status->lifecycle = lifecycle;
    status.text(&arb_status_change::market_id, market);
    status.text(&arb_status_change::venue_status,
                lifecycle == ARB_LIFECYCLE_PAUSED ? "trading_inactive" : "active");
    status.text(&arb_status_change::detail, detail);
}

// The first packet, as the database writes bytes.
std::string literal(Database const& database, Packets const& packets) {
    std::string out = database.plugin() == std::string_view{"postgres"} ? "'\\x" : "X'";
    for (auto const byte : packets.bytes()) {
        char text[3];
        std::snprintf(text, sizeof text, "%02x", static_cast<unsigned>(byte));
        out += text;
    }
    return out + "'";
}

}  // namespace

void stores_pauses_of_a_venue(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    add_market(packets, "kalshi", "M1", "A market");
    add_state(packets, noon, ARB_LIFECYCLE_OPEN);
    add_state(packets, noon + second_ns, ARB_LIFECYCLE_PAUSED, R"({"part":2,"resumes_at":"soon"})");
    add_state(packets, noon + second_ns, ARB_LIFECYCLE_NONE, R"({"from":"then"})");  // an announcement
    add_state(packets, noon + 2 * second_ns, ARB_LIFECYCLE_PAUSED, "", "M1");
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(sink.dead_letters == 0);
    auto const rows = database.query(
        "SELECT status, venue_status, detail, venue_time, flags, received_at FROM kalshi_status_changes "
        "WHERE market_key IS NULL ORDER BY position");
    REQUIRE(rows.size() == 3);
    CHECK(rows[0][0] == "open");
    CHECK_FALSE(rows[0][2].has_value());
    CHECK_FALSE(rows[0][3].has_value());
    CHECK(rows[0][4] == std::to_string(ARB_FLAG_POLLED));
    CHECK(rows[1][0] == "paused");
    CHECK(rows[1][1] == "trading_inactive");
    CHECK(boost::json::parse(*rows[1][2]).at("part") == 2);
    CHECK(parse_time(*rows[1][5]) == noon + second_ns);
    CHECK_FALSE(rows[2][0].has_value());
    CHECK(database.count("status_changes") == 4);
    // No market follows but the one that was named, and none was invented.
    CHECK(database.count("market_keys") == 1);
    CHECK(database.text("SELECT status FROM markets") == "paused");
    CHECK(database.count("market_history") == 2);

    Packets wrong;
    add_state(wrong, noon + 3 * second_ns, ARB_LIFECYCLE_SETTLED);
    REQUIRE(sink.write(wrong) == ARB_OK);
    CHECK(sink.dead_letters == 1);
    CHECK(database.text("SELECT reason FROM dead_letters").find("a whole venue is open or paused") !=
          std::string::npos);
    // What an earlier version set aside is stored now.
    Packets early;
    add_state(early, noon - second_ns, ARB_LIFECYCLE_PAUSED);
    database.query(
        "INSERT INTO dead_letters (instance, position, kind, reason, packet, received_at) VALUES "
        "('sink', 77, 'status', 'market_id is empty', " +
        literal(database, early) + ", '2026-11-20T11:59:59.000000Z')");
    std::vector<boost::json::object> replayed;
    REQUIRE(sink.command("deadletters replay", "{}", replayed) == ARB_OK);
    REQUIRE(replayed.size() == 2);
    CHECK(replayed[0].at("result") == "kept");
    CHECK(replayed[1].at("result") == "stored");
    CHECK(database.count("status_changes WHERE market_key IS NULL") == 4);
    CHECK(database.count("dead_letters") == 1);
}

void forgets_old_pauses_of_a_venue(Database& database) {
    SinkUnderTest sink{database.plugin(), database.options_keeping(R"({"status":"2d"})")};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    add_state(packets, noon - 5 * day, ARB_LIFECYCLE_PAUSED);
    add_state(packets, noon, ARB_LIFECYCLE_OPEN);
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(database.count("status_changes") == 1);
    CHECK(database.text("SELECT status FROM kalshi_status_changes") == "open");
}

void brings_status_changes_up_to_date(Database& database, std::vector<std::string> const& older) {
    for (auto const& statement : older) database.query(statement);
    bool const parts = database.plugin() == std::string_view{"postgres"};
    std::vector<std::string> more{
        "INSERT INTO market_keys (venue, market_id) VALUES ('kalshi', 'M1')",
        "INSERT INTO status_changes (venue, market_key, status, detail, received_at, position, flags) VALUES "
        "('kalshi', 1, 'open', '{\"a\":1}', '2026-11-19T12:00:00.000000Z', 9, 0), "
        "('kalshi', 1, 'paused', NULL, '2026-11-19T13:00:00.000000Z', 8, 4)"};
    if (parts)
        more.insert(
            more.begin(),
            {"CREATE TABLE kalshi_status_changes PARTITION OF status_changes FOR VALUES IN ('kalshi') "
             "PARTITION BY RANGE (received_at)",
             "CREATE TABLE kalshi_status_changes_20261119 PARTITION OF kalshi_status_changes FOR "
             "VALUES FROM ('2026-11-19 00:00:00+00') TO ('2026-11-20 00:00:00+00')"});
    else
        more.push_back(
            "CREATE VIEW kalshi_status_changes AS SELECT * FROM status_changes WHERE venue = 'kalshi'");
    for (int version = 1; version != 5; ++version)
        more.push_back("INSERT INTO schema_version (version, description, applied_at) VALUES (" +
                       std::to_string(version) + ", 'before', '2026-11-20T12:00:00.000000Z')");
    for (auto const& statement : more) database.query(statement);

    SinkUnderTest sink{database};
    std::vector<boost::json::object> none;
    CHECK(sink.command("book", R"({"market":"M1"})", none) == ARB_PERMANENT);
    CHECK(sink.error.find("has an older schema: run the pipeline once") != std::string::npos);
    REQUIRE(sink.start() == ARB_OK);
    CHECK(database.text("SELECT max(version) FROM schema_version") == "5");
    Packets packets;
    add_state(packets, noon - day, ARB_LIFECYCLE_PAUSED);  // into a table that was there
    add_state(packets, noon, ARB_LIFECYCLE_OPEN);
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(sink.dead_letters == 0);
    auto const rows = database.query(
        "SELECT market_key, status, detail, position, flags FROM kalshi_status_changes ORDER BY received_at, "
        "position");
    REQUIRE(rows.size() == 4);
    CHECK_FALSE(rows[0][0].has_value());
    CHECK(rows[1][0] == "1");
    CHECK(rows[1][1] == "open");
    CHECK(boost::json::parse(*rows[1][2]).at("a") == 1);
    CHECK(rows[1][3] == "9");
    CHECK(rows[2][1] == "paused");
    CHECK_FALSE(rows[2][2].has_value());
    CHECK(rows[2][4] == "4");
    CHECK(rows[3][1] == "open");
    // Found by its index as before.
    std::string plan;
    for (auto const& row : database.query(
             std::string{parts ? "SET enable_seqscan = off; EXPLAIN" : "EXPLAIN QUERY PLAN"} +
             " SELECT * FROM status_changes WHERE market_key = 1 AND received_at > '2026-11-19T12:30:00Z'"))
        plan += row.back().value_or("") + '\n';
    INFO(plan);
    CHECK(plan.find(parts ? "Index" : "status_changes_market") != std::string::npos);
}

}  // namespace arb::test
