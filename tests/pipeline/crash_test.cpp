// What goes wrong in the middle: the host is killed, the database stops, a venue cuts the line.
#include <signal.h>

#include <boost/json/serialize.hpp>

#include "pipeline/collector.hpp"
#include "pipeline/ledger.hpp"
#include "support/catch.hpp"
#include "support/postgres.hpp"

using namespace std::chrono_literals;

namespace {

// Rows so far, to wait for progress and not for time.
std::int64_t trades(arb::test::Database& database) {
    return std::stoll(database.one("SELECT count(*) FROM trades"));
}

bool grows(arb::test::Database& database, std::int64_t by) {
    auto const from = trades(database);
    return arb::test::eventually(20s, [&] { return trades(database) >= from + by; });
}

// The checks that hold in spite of gaps: no trade twice, none wrong, and the last prices.
arb::test::Problems in_spite_of_gaps(arb::test::Ledger const& ledger, arb::test::Database& database,
                                     arb::test::Ledger::Wanted wanted) {
    auto problems = ledger.trades(database, wanted);
    for (auto const& problem : ledger.latest_prices(database)) problems.push_back(problem);
    for (auto const& problem : ledger.catalogue(database)) problems.push_back(problem);
    return problems;
}

}  // namespace

TEST_CASE("two kill -9 in the middle of the stream lose and double nothing that was accepted") {
    arb::test::TemporaryDirectory const directory;
    auto const file = directory / "rows.db";
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "600", "--markets", "40", "--events", "8"}};
    arb::test::Collector collector{
        directory, arb::test::venue_yaml(simulated) + "sinks:\n  sqlite: {file: \"" + file + "\"}\n"};
    collector.start();
    collector.await_ready();
    simulated.control("start");
    auto const database = arb::test::open_sqlite(file);
    for (int kills = 0; kills != 2; ++kills) {
        REQUIRE(grows(*database, 100));
        collector.kill();
        collector.start();
        collector.await_ready();
    }
    REQUIRE(grows(*database, 100));
    simulated.finish();
    arb::test::Ledger const ledger{simulated.endpoint("ledger_file")};
    // What was accepted before the kill must be there; what was on its way falls into a gap that says so.
    auto const check = [&] {
        return in_spite_of_gaps(ledger, *database, arb::test::Ledger::Wanted::sent_outside_gaps);
    };
    arb::test::eventually(30s, [&] { return check().empty() && collector.drained(); });
    auto const problems = check();
    INFO(arb::test::told(problems));
    INFO(collector.log());
    CHECK(problems.empty());
    CHECK(collector.drained());
    CHECK(database->one("SELECT count(*) FROM gaps WHERE venue = 'kalshi'") != "0");
    CHECK(database->one("SELECT count(*) FROM gaps WHERE venue = 'polymarket'") != "0");
    CHECK(database->one("SELECT count(*) FROM dead_letters") == "0");
    CHECK(collector.stop() == 0);
}

TEST_CASE("PostgreSQL stopped for five seconds costs nothing") {
    if (!arb::test::PostgresCluster::installed()) {
        WARN("PostgreSQL is not installed: skipped");
        return;
    }
    arb::test::PostgresCluster cluster;
    cluster.create_database("rows");
    arb::test::TemporaryDirectory const directory;
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "800", "--seconds", "12", "--markets", "40", "--events", "8"}};
    arb::test::Collector collector{
        directory,
        arb::test::venue_yaml(simulated) + "sinks:\n  postgres: {url: \"" + cluster.url("rows") + "\"}\n"};
    collector.start();
    collector.await_ready();
    simulated.control("start");
    REQUIRE(grows(*arb::test::open_postgres(cluster.url("rows")), 50));
    cluster.stop();
    auto const down = std::chrono::steady_clock::now();
    CHECK(arb::test::eventually(10s, [&] { return collector.state("postgres") == "retrying"; }));
    CHECK(collector.sentence("postgres").find("\n") == std::string::npos);
    auto const accepted = collector.counter("kalshi", "accepted");
    // Collection goes on into the queue meanwhile.
    CHECK(
        arb::test::eventually(10s, [&] { return collector.counter("kalshi", "accepted") > accepted + 100; }));
    arb::test::eventually(10s, [&] { return std::chrono::steady_clock::now() - down >= 5s; });
    cluster.start();
    REQUIRE(arb::test::eventually(40s, [&] { return simulated.finished(); }));
    arb::test::Ledger const ledger{simulated.endpoint("ledger_file")};
    auto const database = arb::test::open_postgres(cluster.url("rows"));
    arb::test::eventually(40s, [&] { return collector.drained() && ledger.everything(*database).empty(); });
    auto const problems = ledger.everything(*database);
    INFO(arb::test::told(problems));
    INFO(collector.log());
    CHECK(problems.empty());
    CHECK(collector.drained());
    CHECK(collector.stop() == 0);
}

TEST_CASE("a venue that cuts its lines leaves gaps, and prices recover") {
    arb::test::TemporaryDirectory const directory;
    auto const file = directory / "rows.db";
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "600", "--markets", "40", "--events", "8"}};
    arb::test::Collector collector{
        directory, arb::test::venue_yaml(simulated) + "sinks:\n  sqlite: {file: \"" + file + "\"}\n"};
    collector.start();
    collector.await_ready();
    simulated.control("start");
    auto const database = arb::test::open_sqlite(file);
    REQUIRE(grows(*database, 50));
    simulated.fault("cut", "all", 2);
    auto const closed_gaps = [&](std::string const& venue) {
        return database->one("SELECT count(*) FROM gaps WHERE to_time IS NOT NULL AND venue = '" + venue +
                             "'") != "0";
    };
    CHECK(arb::test::eventually(30s, [&] { return closed_gaps("kalshi") && closed_gaps("polymarket"); }));
    REQUIRE(grows(*database, 50));
    simulated.finish();
    arb::test::Ledger const ledger{simulated.endpoint("ledger_file")};
    auto const check = [&] {
        auto problems = in_spite_of_gaps(ledger, *database, arb::test::Ledger::Wanted::all_of_kalshi);
        for (auto const& problem : ledger.books(*database)) problems.push_back(problem);
        return problems;
    };
    arb::test::eventually(30s, [&] { return check().empty() && collector.drained(); });
    auto const problems = check();
    INFO(arb::test::told(problems));
    INFO(collector.log());
    CHECK(problems.empty());
    CHECK(collector.stop() == 0);
}

TEST_CASE("lost and mangled frames are noticed and repaired") {
    arb::test::TemporaryDirectory const directory;
    auto const file = directory / "rows.db";
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "600", "--markets", "40", "--events", "8"}};
    arb::test::Collector collector{
        directory, arb::test::venue_yaml(simulated) + "sinks:\n  sqlite: {file: \"" + file + "\"}\n"};
    collector.start();
    collector.await_ready();
    simulated.control("start");
    auto const database = arb::test::open_sqlite(file);
    REQUIRE(grows(*database, 50));
    // A print of Polymarket's sent twice is two trades: it has no id. And nothing tells the order of its
    // frames.
    for (auto const* const kind : {"duplicate", "reorder"}) {
        simulated.fault(kind, "kalshi", 0.5);
        REQUIRE(grows(*database, 50));
    }
    for (auto const* const kind : {"seq_gap", "malformed"}) {
        simulated.fault(kind, "all", 0.5);
        REQUIRE(grows(*database, 50));
    }
    simulated.finish();
    arb::test::Ledger const ledger{simulated.endpoint("ledger_file")};
    // A lost change of Polymarket's is healed by the market's next book, which a quiet market never sends.
    auto const check = [&] {
        arb::test::Problems problems = ledger.trades(*database, arb::test::Ledger::Wanted::all_of_kalshi);
        for (auto const& problem : ledger.latest_prices(*database))
            if (problem.find("polymarket") == std::string::npos) problems.push_back(problem);
        return problems;
    };
    arb::test::eventually(30s, [&] { return check().empty() && collector.drained(); });
    auto const problems = check();
    INFO(arb::test::told(problems));
    INFO(collector.log());
    CHECK(problems.empty());
    CHECK(database->one("SELECT count(*) FROM gaps WHERE venue = 'kalshi'") != "0");
    CHECK(collector.counter("kalshi", "rejected") > 0);
    CHECK(collector.stop() == 0);
}
