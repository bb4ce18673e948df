// What cannot be reached or read: one clear sentence with the instance's name, while the others go on.
#include "pipeline/collector.hpp"
#include "pipeline/ledger.hpp"
#include "support/catch.hpp"
#include "support/postgres.hpp"

using namespace std::chrono_literals;
using arb::test::Collector;
using arb::test::Simulated;
using arb::test::TemporaryDirectory;

namespace {

std::string sqlite(TemporaryDirectory const& directory) {
    return "sinks:\n  sqlite: {file: \"" + (directory / "rows.db") + "\"}\n";
}

// Polymarket goes on, whatever is wrong with Kalshi.
void check_others_go_on(TemporaryDirectory const& directory, Collector& collector, std::string const& about) {
    collector.start();
    CHECK(arb::test::eventually(20s, [&] { return collector.state("polymarket") == "live"; }));
    CHECK(arb::test::eventually(20s, [&] {
        return std::filesystem::exists(directory / "rows.db") &&
               std::stoll(arb::test::open_sqlite(directory / "rows.db")->one("SELECT count(*) FROM trades")) >
                   0;
    }));
    CHECK(arb::test::eventually(10s, [&] { return collector.state("kalshi") == "retrying"; }));
    auto const sentence = collector.sentence("kalshi");
    INFO(sentence);
    CHECK(sentence.find(about) != std::string::npos);
    CHECK(sentence.size() < 400);
    CHECK_FALSE(collector.ready());
    CHECK(collector.stop() == 0);
}

// The lines of standard error that name the instance.
std::vector<std::string> lines_about(std::string const& errors, std::string const& instance) {
    std::vector<std::string> out;
    std::istringstream lines{errors};
    for (std::string line; std::getline(lines, line);)
        if (line.find(instance) != std::string::npos) out.push_back(line);
    return out;
}

}  // namespace

TEST_CASE("an unreachable venue is retried and said, and validate exits 69") {
    TemporaryDirectory const directory;
    Simulated simulated{{"--rate", "300"}};
    std::string const nowhere =
        "  kalshi: {rest_url: \"https://127.0.0.1:1/trade-api/v2\", websocket_url: \"wss://127.0.0.1:1/ws\", "
        "ca_file: \"" +
        simulated.endpoint("ca_file") + "\"}\n";
    Collector collector{directory,
                        "venues:\n" + nowhere + arb::test::polymarket_yaml(simulated) + sqlite(directory)};
    auto const validated = collector.run({"validate"});
    INFO(validated.out + validated.errors);
    CHECK(validated.code == 69);
    CHECK(!lines_about(validated.errors + validated.out, "kalshi").empty());
    CHECK(collector.run({"validate", "--no-environment"}).code == 0);
    check_others_go_on(directory, collector, "127.0.0.1");
}

TEST_CASE("a certificate of another CA is refused and said, and validate exits 69") {
    TemporaryDirectory const directory;
    Simulated simulated{{"--rate", "300"}}, other{{"--quiet-start"}};
    auto yaml = arb::test::kalshi_yaml(simulated);
    auto const ca = simulated.endpoint("ca_file");
    yaml.replace(yaml.find(ca), ca.size(), other.endpoint("ca_file"));
    Collector collector{directory,
                        "venues:\n" + yaml + arb::test::polymarket_yaml(simulated) + sqlite(directory)};
    auto const validated = collector.run({"validate"});
    INFO(validated.out + validated.errors);
    CHECK(validated.code == 69);
    CHECK((validated.out + validated.errors).find("certificate") != std::string::npos);
    check_others_go_on(directory, collector, "certificate");
}

TEST_CASE("a missing key file is exit 78 with file, line and column, at once") {
    TemporaryDirectory const directory;
    Simulated simulated{{"--quiet-start"}};
    auto yaml = arb::test::kalshi_yaml(simulated);
    auto const key = simulated.endpoint("kalshi", "key_file");
    yaml.replace(yaml.find(key), key.size(), directory / "no_such_key.pem");
    Collector const collector{directory, "venues:\n" + yaml + sqlite(directory)};
    for (std::string const command : {"validate", "run"}) {
        auto const begin = std::chrono::steady_clock::now();
        auto const refused = collector.run({command});
        INFO(command + ": " + refused.errors);
        CHECK(refused.code == 78);
        CHECK(refused.errors.find("no_such_key.pem") != std::string::npos);
        CHECK(refused.errors.find("kalshi") != std::string::npos);
        CHECK(std::chrono::steady_clock::now() - begin < 2s);
    }
}

TEST_CASE("a key the venue does not know is said and retried, and the others go on") {
    TemporaryDirectory const directory;
    Simulated simulated{{"--rate", "300"}}, other{{"--quiet-start"}};
    auto yaml = arb::test::kalshi_yaml(simulated);
    auto const key = simulated.endpoint("kalshi", "key_file");
    yaml.replace(yaml.find(key), key.size(), other.endpoint("kalshi", "key_file"));
    Collector collector{directory,
                        "venues:\n" + yaml + arb::test::polymarket_yaml(simulated) + sqlite(directory)};
    collector.start();
    CHECK(arb::test::eventually(20s, [&] { return collector.state("polymarket") == "live"; }));
    CHECK(arb::test::eventually(
        20s, [&] { return collector.sentence("kalshi").find("401") != std::string::npos; }));
    CHECK(collector.state("kalshi") != "live");
    CHECK(collector.stop() == 0);
}

TEST_CASE("a refused database is held or retried with its name, venues go on, and validate exits 78") {
    if (!arb::test::PostgresCluster::installed()) {
        WARN("PostgreSQL is not installed: skipped");
        return;
    }
    arb::test::PostgresCluster cluster;
    TemporaryDirectory const directory;
    Simulated simulated{{"--rate", "300"}};
    Collector collector{directory, arb::test::venue_yaml(simulated) + sqlite(directory) +
                                       "  postgres: {url: \"" + cluster.url("no_such_database") + "\"}\n"};
    auto const validated = collector.run({"validate"});
    INFO(validated.out + validated.errors);
    CHECK(validated.code == 78);  // the server is there; what the pipeline names is not
    CHECK((validated.out + validated.errors).find("no_such_database") != std::string::npos);
    collector.start();
    CHECK(arb::test::eventually(
        20s, [&] { return collector.state("sqlite") == "live" && collector.state("kalshi") == "live"; }));
    auto const state = collector.state("postgres");
    CHECK((state == "held" || state == "retrying"));
    CHECK(collector.sentence("postgres").find("no_such_database") != std::string::npos);
    // It appears later, and everything that waited goes in.
    cluster.create_database("no_such_database");
    CHECK(arb::test::eventually(60s, [&] { return collector.state("postgres") == "live"; }));
    simulated.finish();
    arb::test::Ledger const ledger{simulated.endpoint("ledger_file")};
    auto const database = arb::test::open_postgres(cluster.url("no_such_database"));
    arb::test::eventually(30s, [&] { return collector.drained() && ledger.trades(*database).empty(); });
    auto const problems = ledger.trades(*database);
    INFO(arb::test::told(problems));
    CHECK(problems.empty());
    CHECK(collector.stop() == 0);
}

TEST_CASE("a database server that is not there is retried, and validate exits 69") {
    TemporaryDirectory const directory;
    Simulated simulated{{"--rate", "300"}};
    Collector collector{
        directory, arb::test::venue_yaml(simulated) + sqlite(directory) +
                       "  postgres: {url: \"postgresql://nobody@/x?host=" + directory / "nowhere" + "\"}\n"};
    auto const validated = collector.run({"validate"});
    INFO(validated.out + validated.errors);
    CHECK(validated.code == 69);
    CHECK(!lines_about(validated.errors + validated.out, "postgres").empty());
    collector.start();
    CHECK(arb::test::eventually(
        20s, [&] { return collector.state("sqlite") == "live" && collector.state("kalshi") == "live"; }));
    CHECK(arb::test::eventually(10s, [&] { return collector.state("postgres") == "retrying"; }));
    CHECK(collector.stop() == 0);
}
