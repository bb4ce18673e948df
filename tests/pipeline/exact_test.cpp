// Simulator -> host -> database: every trade once, every final price, every event and market, decimals exact.
#include <boost/json/serialize.hpp>
#include <functional>

#include "pipeline/collector.hpp"
#include "pipeline/ledger.hpp"
#include "support/catch.hpp"
#include "support/postgres.hpp"

using namespace std::chrono_literals;

namespace {

// Collects a whole run into one sink and compares.
void collect(std::string const& sink_yaml,
             std::function<std::unique_ptr<arb::test::Database>()> const& open) {
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
    CHECK(database->one("SELECT count(*) FROM gaps WHERE reason <> 'disconnected'") == "0");
}

}  // namespace

TEST_CASE("everything the venues send reaches SQLite once and exact") {
    arb::test::TemporaryDirectory const directory;
    auto const file = directory / "rows.db";
    collect("  sqlite: {file: \"" + file + "\"}\n", [&] { return arb::test::open_sqlite(file); });
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
