// The whole plugin against the simulator: TLS, signatures, sweeps, subscriptions, faults.
#include "against_simulator.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::kalshi::test;

TEST_CASE("every trade once, every final quote and book, and no rule of the venue broken") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "800", "--seconds", "3", "--markets", "40"}};
    Running running{simulated, settings_for(simulated, true)};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto const expected = trades_of_ledger(simulated, true);
    CHECK(expected.size() > 50);
    eventually(10s, [&] { return running.host.all<arb_trade>().size() >= expected.size(); });
    eventually(10s, [&] {
        return wrong_quotes(simulated, running.host).empty() && wrong_books(simulated, running.host).empty();
    });
    INFO(told(running.host));
    CHECK(trades_of(running.host) == expected);
    CHECK(running.host.all<arb_trade>().size() == expected.size());
    CHECK(wrong_quotes(simulated, running.host) == "");
    CHECK(wrong_books(simulated, running.host) == "");
    CHECK(violations(simulated) == "");
    CHECK(running.host.all<arb_gap>().empty());
    eventually(10s, [&] { return without_end(simulated, running.host).empty(); });
    CHECK(without_end(simulated, running.host) == "");
}

TEST_CASE("without a key prices and trades are polled within the rate limit") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "3", "--markets", "40"}};
    Running running{simulated, settings_for(simulated, false)};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto const expected = trades_of_ledger(simulated, false);
    eventually(10s, [&] { return running.host.all<arb_trade>().size() >= expected.size(); });
    eventually(5s, [&] { return wrong_quotes(simulated, running.host).empty(); });
    INFO(told(running.host));
    CHECK(trades_of(running.host) == expected);
    CHECK(wrong_quotes(simulated, running.host) == "");
    CHECK(violations(simulated) == "");
    for (auto const* const quote : running.host.all<arb_quote>())
        CHECK((quote->header.flags & ARB_FLAG_POLLED) != 0);
}

TEST_CASE("a selection subscribes to what it names and nothing else") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "2", "--markets", "40"}};
    auto settings = settings_for(simulated, true);
    auto const events =
        json::parse(simulated.get("/trade-api/v2/events?status=open&limit=2&with_nested_markets=true"));
    std::set<std::string> wanted;
    for (auto const& event : events.at("events").as_array()) {
        settings.select.events.emplace_back(event.at("event_ticker").as_string());
        for (auto const& market : event.at("markets").as_array())
            wanted.emplace(market.at("ticker").as_string());
    }
    Running running{simulated, settings};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    INFO(told(running.host));
    CHECK_FALSE(running.host.all<arb_quote>().empty());
    for (auto const* const quote : running.host.all<arb_quote>())
        CHECK(wanted.contains(std::string{text(quote->header, quote->market_id)}));
    for (auto const* const row : running.host.all<arb_market>())
        CHECK(wanted.contains(std::string{text(row->header, row->market_id)}));
    CHECK(violations(simulated) == "");
}

TEST_CASE("a selection that takes no market is degraded and says how to see why") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "20"}};
    auto settings = settings_for(simulated, true);
    settings.select.markets = {"KXNOPE-1"};
    Running running{simulated, settings};
    auto const said = [&] {
        return running.host.state() == ARB_STATE_DEGRADED &&
               told(running.host).find("select takes no market") != std::string::npos;
    };
    bool const degraded = eventually(20s, said);
    INFO(told(running.host));
    CHECK(degraded);
}

TEST_CASE("commands, the probe, and a key that is refused") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "20"}};
    auto settings = settings_for(simulated, true);
    Access const access{settings, simulated.tls(), signer_for(settings)};
    auto const unheard = [](std::string const& line) { FAIL_CHECK(line); };
    CHECK(probe_venue(access, unheard).has_value());
    std::vector<json::object> rows;
    auto const run = [&](Access const& as_whom, std::string_view name, std::string const& parameters) {
        rows.clear();
        return run_command(as_whom, name, Options{std::string_view{parameters}},
                           [&](json::object const& row) {
                               rows.push_back(row);
                               return true;
                           });
    };
    REQUIRE(run(access, "markets", R"({"limit":5})").has_value());
    REQUIRE(rows.size() == 5);
    auto const ticker = std::string{rows[0].at("ticker").as_string()};
    REQUIRE(run(access, "markets", R"({"ticker":")" + ticker + "\"}").has_value());
    CHECK(rows.size() == 1);
    CHECK(run(access, "trades", R"({"ticker":")" + ticker + "\"}").has_value());
    REQUIRE(run(access, "events", R"({"limit":2})").has_value());
    CHECK(rows.size() == 2);
    REQUIRE(run(access, "exchange_status", "{}").has_value());
    CHECK(rows.at(0).at("trading_active").as_bool());
    REQUIRE(run(access, "market", R"({"ticker":")" + ticker + "\"}").has_value());
    CHECK(rows.at(0).at("ticker").as_string() == ticker);
    CHECK(rows.at(0).contains("rules"));
    REQUIRE(run(access, "book", R"({"ticker":")" + ticker + R"(","depth":2})").has_value());
    CHECK(rows.size() <= 4);
    REQUIRE(run(access, "candlesticks", R"({"ticker":")" + ticker + R"(","last":"5h"})").has_value());
    CHECK(rows.size() >= 4);
    CHECK(rows.at(0).at("bid").is_string());
    REQUIRE(run(access, "schedule", "{}").has_value());
    CHECK(rows.size() >= 7);
    REQUIRE(run(access, "limits", "{}").has_value());
    CHECK(rows.at(0).at("tier").as_string() == "basic");
    for (auto const* const name : {"positions", "fills", "settlements", "orders"}) {
        INFO(name);
        REQUIRE(run(access, name, R"({"limit":3})").has_value());
        CHECK(rows.size() == 3);
        REQUIRE(run(access, name, R"({"limit":1000})").has_value());
        CHECK(rows.size() > 3);
        CHECK_FALSE(rows.at(0).at("ticker").as_string().empty());
        CHECK(run({settings, simulated.tls(), nullptr}, name, "{}").error().where == "/key_id");
    }
    auto chosen = settings;
    chosen.select.categories = {"no such category"};
    chosen.shard = parse_shard("1/2").value();
    REQUIRE(run({chosen, simulated.tls(), nullptr}, "selection", "{}").has_value());
    auto const& total = rows.back();
    CHECK(total.at("rule").as_string() == "all rules together");
    CHECK(total.at("takes").as_int64() == 0);
    CHECK(total.at("leaves_out").as_int64() > 5);
    for (auto const& row : rows)
        CHECK(row.at("takes").as_int64() + row.at("leaves_out").as_int64() ==
              total.at("leaves_out").as_int64());
    CHECK(rows.size() == 5);  // combos, categories, shard, the category that nothing has, all
    REQUIRE(run(access, "balance", "{}").has_value());
    CHECK(rows.at(0).at("balance").as_string() == "12345.67");
    CHECK(rows.at(0).at("portfolio_value").as_string() == "250");
    CHECK(run({settings, simulated.tls(), nullptr}, "balance", "{}").error().where == "/key_id");
    CHECK(violations(simulated) == "");

    Access const wrong{settings, simulated.tls(), Signer::load("another-key", settings.key_file).value()};
    CHECK(probe_venue(wrong, unheard).error().where == "/key_id");
    settings.key_id = "another-key";
    Running running{simulated, settings};
    REQUIRE(eventually(10s, [&] { return running.host.state() == ARB_STATE_HELD; }));
    CHECK(told(running.host).find("auth_failed") != std::string::npos);
    REQUIRE(eventually(10s, [&] { return !running.host.all<arb_market>().empty(); }));
}

TEST_CASE("trades of the time before the start are read") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "1", "--markets", "20"}};
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto settings = settings_for(simulated, true);
    settings.backfill = 1h;
    Running running{simulated, settings};
    auto const expected = trades_of_ledger(simulated, false);
    REQUIRE(expected.size() > 10);
    CHECK(eventually(15s, [&] { return !running.host.all<arb_gap>().empty(); }));
    INFO(told(running.host));
    CHECK(trades_of(running.host) == expected);
    CHECK(running.host.all<arb_trade>().size() == expected.size());
    for (auto const* const trade : running.host.all<arb_trade>())
        CHECK((trade->header.flags & ARB_FLAG_BACKFILLED) != 0);
    auto const gaps = running.host.all<arb_gap>();
    REQUIRE(gaps.size() == 1);
    CHECK(text(gaps[0]->header, gaps[0]->reason) == "not_running");
    CHECK(gaps[0]->stream == ARB_STREAM_TRADES);
    CHECK(gaps[0]->recovered == ARB_YES);
    CHECK(violations(simulated) == "");
}
