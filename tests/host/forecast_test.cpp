#include "host/forecast.hpp"

#include "arbitrage/packet.hpp"
#include "support.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

using namespace arb::test;
using arb::host::Measured;
using arb::host::Meter;

namespace {

arb::Packets quotes(std::initializer_list<char const*> markets, std::uint16_t flags = 0) {
    arb::Packets out;
    for (auto const* const market : markets) {
        auto quote = out.add<arb_quote>("counting", 1, 0, flags);
        quote.text(&arb_quote::market_id, market);
    }
    return out;
}

}  // namespace

TEST_CASE(
    "the meter tells the first packet of a market from those that follow, and from what is read again") {
    Meter meter;
    CHECK(meter.push(quotes({"A", "B", "A"}).bytes(), {}, 100).has_value());
    CHECK(meter.push(quotes({"A", "C"}).bytes(), {}, 100).has_value());
    CHECK(meter.push(quotes({"A"}, ARB_FLAG_BACKFILLED).bytes(), {}, 100).has_value());
    auto const quote = meter.tallies()[ARB_KIND_QUOTE];
    CHECK(quote.once == 4);
    CHECK(quote.again == 2);
    CHECK(quote.again_bytes == 2 * (152 + 32));
    CHECK(meter.statistics().accepted_packets == 6);

    arb::Packets changes;
    for (int i = 0; i != 3; ++i)
        changes.add<arb_book_change>("counting", 1).text(&arb_book_change::market_id, "A");
    CHECK(meter.push(changes.bytes(), {}, 100).has_value());
    CHECK(meter.tallies()[ARB_KIND_BOOK_CHANGE].again == 3);
    CHECK(meter.tallies()[ARB_KIND_BOOK_CHANGE].once == 0);
}

TEST_CASE("a forecast multiplies what repeats, and says once what comes once") {
    auto const end = std::chrono::steady_clock::now();
    Measured one{"counting", {ARB_STATE_LIVE, 0, "collecting"}, {}, {}};
    one.tallies[ARB_KIND_QUOTE] = {50, 9000, 600, 110'400, end - 60s};
    one.tallies[ARB_KIND_MARKET] = {50, 20'000, 0, 0, end - 60s};
    one.half = one.tallies;
    arb::host::Config config;
    config.queue.size_max = 1'000'000'000;
    arb::host::InstanceConfig sink;
    sink.name = "filing";
    sink.role = arb::host::Role::sink;
    sink.manifest.emplace().json = {{"bytes_per_row", {{"quote", 100}, {"market", 1000}}}};
    config.sinks = {sink};
    sink.name = "silent";
    sink.manifest->json = {};
    config.sinks.push_back(sink);

    auto const forecast = arb::host::forecast_json({one}, config, end, 60s);
    auto const& kinds = forecast.at("instances").as_array()[0].at("kinds").as_array();
    REQUIRE(kinds.size() == 2);
    CHECK(kinds[1].at("kind") == "quote");
    CHECK(kinds[1].at("once") == 50);
    CHECK(kinds[1].at("rows_a_day") == 864'000);
    CHECK(kinds[1].at("queue_bytes_a_day") == 158'976'000);
    CHECK(kinds[1].at("sink_bytes_a_day").at("filing") == 86'400'000);
    CHECK(forecast.at("sinks").as_array()[0] ==
          boost::json::value{{"instance", "filing"}, {"bytes_a_day", 86'400'000}, {"bytes_once", 55'000}});
    // 950 MB at 1,840 bytes a second.
    CHECK(forecast.at("queue").at("lasts_seconds") == 516'304);
    auto const text = arb::host::forecast_text(forecast);
    CHECK(text.find("864,000") != std::string::npos);
    CHECK(text.find("82.4 MiB a day") != std::string::npos);
    CHECK(text.find("last 5 d 23 h") != std::string::npos);
    CHECK(text.find("silent does not say how many bytes its rows take") != std::string::npos);
    CHECK(text.find("still subscribing") == std::string::npos);

    one.half[ARB_KIND_QUOTE].once = 30;
    CHECK(arb::host::forecast_text(arb::host::forecast_json({one}, config, end, 60s))
              .find("counting was still subscribing") != std::string::npos);
}

TEST_CASE("forecast runs the venues, stores nothing, and ends by itself") {
    TemporaryDirectory const directory;
    directory.write(
        "pipeline.yaml",
        plugin_path_line +
            "queue: {directory: q}\nservice: {socket: s.sock}\nvenues: {counting: {quotes: 100000, every: "
            "5ms, markets: 5}}\nsinks: {filing: {file: out.txt}}\n");
    auto const done = run({{ARBITRAGE_PROGRAM, "forecast", "--minutes", "0.04", "--format", "json"},
                           {},
                           directory.path().string()});
    INFO(done.errors);
    REQUIRE(done.code == 0);
    auto const forecast = boost::json::parse(done.out).as_object();
    auto const& kinds = forecast.at("instances").as_array()[0].at("kinds").as_array();
    REQUIRE(kinds.size() == 2);
    CHECK(kinds[0].at("kind") == "market");
    CHECK(kinds[0].at("once") == 5);
    CHECK(kinds[0].at("rows_a_day") == 0);
    CHECK(kinds[1].at("once") == 5);
    auto const rows = kinds[1].at("rows_a_day").to_number<double>();
    CHECK(rows > 86'400 * 10);
    CHECK(rows <= 86'400 * 200);
    CHECK(forecast.at("sinks").as_array()[0].at("bytes_once") == 5500);
    CHECK_FALSE(std::filesystem::exists(directory / "q"));
    CHECK_FALSE(std::filesystem::exists(directory / "out.txt"));
}

TEST_CASE("a forecast of a venue that gives nothing says so") {
    TemporaryDirectory const directory;
    directory.write(
        "pipeline.yaml",
        plugin_path_line + "venues: {counting: {quotes: 0, then: fail}}\nsinks: {filing: {file: o}}\n");
    auto const done =
        run({{ARBITRAGE_PROGRAM, "forecast", "--minutes", "0.02"}, {}, directory.path().string()});
    CHECK(done.code == 69);
    CHECK(done.out.find("counting is retrying: failed: the feed broke") != std::string::npos);
    CHECK(done.errors.find("nothing arrived") != std::string::npos);
}
