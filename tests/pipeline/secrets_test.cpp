// Planted secrets: wherever the program writes, none of them is found.
#include <boost/json/serialize.hpp>
#include <fstream>

#include "pipeline/collector.hpp"
#include "support/catch.hpp"
#include "support/postgres.hpp"

using namespace std::chrono_literals;
using arb::test::Collector;
using arb::test::Simulated;
using arb::test::TemporaryDirectory;

namespace {

namespace fs = std::filesystem;

// Where a secret may lie: what the test itself wrote.
bool written_by_the_test(fs::path const& file) { return file.filename() == "pipeline.yaml"; }

// The files below `folder` that hold `secret`.
std::vector<std::string> holders(fs::path const& folder, std::string const& secret) {
    std::vector<std::string> out;
    for (auto const& entry : fs::recursive_directory_iterator{folder})
        if (entry.is_regular_file() && !written_by_the_test(entry.path()) &&
            arb::test::read_file(entry.path()).find(secret) != std::string::npos)
            out.push_back(entry.path().string());
    return out;
}

// A line from the middle of a PEM file.
std::string key_line(std::string const& file) {
    std::ifstream in{file};
    std::string line;
    for (int n = 0; n != 4; ++n) std::getline(in, line);
    return line;
}

}  // namespace

TEST_CASE("no secret is in any log, status, metric, queue or database") {
    TemporaryDirectory const directory;
    Simulated simulated{{"--rate", "300"}};
    std::string const password = "canary-password-5f1c";
    auto const passphrase = arb::test::read_file(simulated.endpoint("polymarket", "api_passphrase_file"));
    auto const secret = arb::test::read_file(simulated.endpoint("polymarket", "api_secret_file"));
    auto const key = key_line(simulated.endpoint("kalshi", "key_file"));
    REQUIRE(key.size() > 30);
    REQUIRE(!passphrase.empty());
    REQUIRE(secret.size() > 10);
    auto const account = "    address: \"" + simulated.endpoint("polymarket", "address") +
                         "\"\n    api_key: \"" + simulated.endpoint("polymarket", "api_key") +
                         "\"\n    api_secret_file: \"" + simulated.endpoint("polymarket", "api_secret_file") +
                         "\"\n    api_passphrase_file: \"" +
                         simulated.endpoint("polymarket", "api_passphrase_file") + "\"\n";
    // A database that is not there: its address, with the password in it, is what errors are about.
    Collector collector{directory, "venues:\n" + arb::test::kalshi_yaml(simulated) +
                                       arb::test::polymarket_yaml(simulated, account) +
                                       "sinks:\n  sqlite: {file: \"" + directory / "rows.db" +
                                       "\"}\n  postgres: {required: false, url: \"postgresql://someone:" +
                                       password + "@127.0.0.1:1/rows\"}\n"};
    collector.start();
    REQUIRE(arb::test::eventually(20s, [&] { return collector.counter("sqlite", "written") > 200; }));
    REQUIRE(arb::test::eventually(20s, [&] { return collector.state("postgres") == "retrying"; }));

    std::string said = boost::json::serialize(collector.status());
    for (std::vector<std::string> const& words : {std::vector<std::string>{"validate"},
                                                  {"kalshi", "balance"},
                                                  {"polymarket", "balance"},
                                                  {"polymarket", "orders"},
                                                  {"plugins", "inspect", "postgres"},
                                                  {"status"}}) {
        auto const finished = collector.run(words);
        said += finished.out + finished.errors;
    }
    CHECK(collector.stop() == 0);
    said += collector.log();
    CHECK(said.size() > 1000);
    for (auto const& [name, planted] : {std::pair{"password", password},
                                        {"passphrase", passphrase},
                                        {"API secret", secret},
                                        {"private key", key}}) {
        INFO(name);
        auto const where = holders(directory.path(), planted);
        for (auto const& file : where) UNSCOPED_INFO(file);
        CHECK(where.empty());
        CHECK(said.find(planted) == std::string::npos);
    }
}
