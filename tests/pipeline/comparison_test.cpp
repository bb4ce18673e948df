// Accepted pairs reach market_pairs, the view puts both sides next to each other, and `compare` prints it.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "pipeline/collector.hpp"
#include "pipeline/database.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;

TEST_CASE("pairs a person accepted are stored, viewed and printed") {
    arb::test::TemporaryDirectory const directory;
    arb::test::Simulated simulated{{"--rate", "500"}};
    auto const file = directory / "rows.db";
    arb::test::Collector collector{
        directory, arb::test::venue_yaml(simulated) + "sinks:\n  sqlite: {file: \"" + file +
                       "\"}\n  scanner: {pairs_file: \"" + simulated.endpoint("pairs_file") + "\"}\n"};
    collector.start();
    collector.await_ready();
    auto const database = arb::test::open_sqlite(file);
    auto const count = [&](std::string const& from) {
        return std::stoll(database->one("SELECT count(*) FROM " + from));
    };
    CHECK(arb::test::eventually(20s, [&] { return count("market_pairs WHERE status = 'accepted'") == 30; }));
    CHECK(count("market_pairs WHERE relation = 'inverse'") > 0);
    CHECK(arb::test::eventually(
        20s, [&] { return count("price_comparison WHERE bid_a IS NOT NULL AND ask_b IS NOT NULL") > 0; }));
    // The far apart ones show a gap above any fee.
    CHECK(arb::test::eventually(20s, [&] { return count("price_comparison WHERE gap > 0.02") > 0; }));

    auto const table = collector.run({"compare"});
    INFO(table.out + table.errors);
    CHECK(table.code == 0);
    CHECK(table.out.find("KXRATECUT-26DEC00") != std::string::npos);
    auto const printed = collector.run({"compare", "--format", "json"});
    REQUIRE(printed.code == 0);
    CHECK(boost::json::parse(printed.out).as_array().size() > 0);
    CHECK(collector.stop() == 0);
}
