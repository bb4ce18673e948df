// Simulator -> host -> database: every trade once, every final price, every event and market, decimals exact.
#include <boost/json/serialize.hpp>
#include <functional>

#include "pipeline/collector.hpp"
#include "pipeline/ledger.hpp"
#include "support/catch.hpp"
#include "support/postgres.hpp"

using namespace std::chrono_literals;

namespace {

// A check that sees nothing proves nothing: each of these must be noticed.
void check_the_checks(arb::test::Ledger const& ledger, arb::test::Database& database) {
    database.rows("BEGIN");
    for (std::string const spoil :
         {"DELETE FROM trades WHERE rowid = (SELECT max(rowid) FROM trades)",
          "INSERT INTO trades SELECT venue, market_key, outcome, NULL, price, size, taker_side, block, "
          "venue_time, "
          "received_at, position, flags FROM trades WHERE venue = 'polymarket' LIMIT 1",
          "UPDATE trades SET price = price + 0.0001 WHERE rowid = (SELECT max(rowid) FROM trades)",
          "UPDATE latest_prices SET bid_size = bid_size + 0.000001 WHERE bid_size IS NOT NULL",
          "UPDATE markets SET title = title || '.' WHERE market_key = (SELECT max(market_key) FROM markets)",
          "DELETE FROM events WHERE event_key = (SELECT max(event_key) FROM events)",
          "DELETE FROM tick_history WHERE venue = 'kalshi'",
          "DELETE FROM book_changes WHERE venue = 'kalshi'"}) {
        database.rows("SAVEPOINT spoilt");
        database.rows(spoil);
        INFO(spoil);
        CHECK_FALSE(ledger.everything(database).empty());
        database.rows("ROLLBACK TO spoilt");
    }
    database.rows("ROLLBACK");
    CHECK(ledger.everything(database).empty());
}

// Collects a whole run into one sink and compares.
void collect(std::string const& sink_yaml, std::function<std::unique_ptr<arb::test::Database>()> const& open,
             std::function<void(arb::test::Ledger const&, arb::test::Database&)> const& finally = {}) {
    arb::test::TemporaryDirectory const directory;
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "1500", "--seconds", "6", "--markets", "60", "--events", "12"}};
    arb::test::Collector collector{directory, arb::test::venue_yaml(simulated) + "sinks:\n" + sink_yaml};
    collector.start();
    collector.await_ready();
    simulated.control("start");
    REQUIRE(arb::test::eventually(30s, [&] { return simulated.finished(); }));

    arb::test::Ledger const ledger{simulated.endpoint("ledger_file")};
    CHECK(ledger.count("trade") > 200);
    auto const database = open();
    // Sweeps of the catalogue go on: what the venues say last arrives within a few.
    arb::test::eventually(20s, [&] { return ledger.everything(*database).empty() && collector.drained(); });
    auto const problems = ledger.everything(*database);
    INFO(arb::test::told(problems));
    CHECK(problems.empty());
    CHECK(collector.drained());
    CHECK(collector.stop() == 0);
    auto const after = ledger.everything(*database);
    INFO(arb::test::told(after));
    CHECK(after.empty());
    auto const report = simulated.control("report");
    INFO(boost::json::serialize(report));
    CHECK(report.at("violations").as_object().empty());
    INFO(collector.log());
    // The trades of the day before were read at the start, completely.
    CHECK(database->one(
              "SELECT count(*) FROM gaps WHERE NOT (reason = 'not_running' AND recovered IS TRUE)") == "0");
    if (finally) finally(ledger, *database);
}

}  // namespace

TEST_CASE("everything the venues send reaches SQLite once and exact") {
    arb::test::TemporaryDirectory const directory;
    auto const file = directory / "rows.db";
    collect(
        "  sqlite: {file: \"" + file + "\"}\n", [&] { return arb::test::open_sqlite(file); },
        check_the_checks);
}

TEST_CASE("everything the venues send reaches PostgreSQL once and exact") {
    if (!arb::test::PostgresCluster::installed()) {
        WARN("PostgreSQL is not installed: skipped");
        return;
    }
    arb::test::PostgresCluster cluster;
    cluster.create_database("rows");
    auto const url = cluster.url("rows");
    collect("  postgres: {url: \"" + url + "\"}\n", [&] { return arb::test::open_postgres(url); });
}
