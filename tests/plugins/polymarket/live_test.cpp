// The whole plugin against the simulator: TLS, listing, connections, commands.
#include "net/signature.hpp"
#include "polymarket/against_simulator.hpp"
#include "polymarket/commands.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;
using arb::test::eventually;

TEST_CASE("every trade once, every final quote, and no rule of the venue broken") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "1200", "--seconds", "3", "--markets", "60"}};
    Running running{simulated};
    INFO(told(running.host));
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto const expected = trades_of_ledger(simulated);
    CHECK(expected.size() > 50);
    eventually(5s, [&] { return wrong_quotes(simulated, running.host).empty(); });
    eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
    CHECK(wrong_trades(simulated, running.host) == "");
    CHECK(wrong_quotes(simulated, running.host).empty());
    CHECK(violations(simulated).empty());
    for (auto const* const gap : gaps(running.host))
        FAIL_CHECK("a gap: " << text(gap->header, gap->reason) << ", " << text(gap->header, gap->detail)
                             << "\n"
                             << told(running.host) << violations(simulated));
    CHECK(running.host.counter("book_hashes/different") == 0);
    // Each market that was resolved meanwhile has its result, from the stream or the listing.
    eventually(10s, [&] {
        return running.host.all<arb_status_change>().size() >= ledger(simulated, "status").size();
    });
    for (auto const& market : ledger(simulated, "final_market")) {
        if (market.at("status").as_string() != "settled") continue;
        std::string const id{market.at("market").as_string()};
        bool const known = eventually(10s, [&] {
            for (auto const* const row : running.host.all<arb_market>())
                if (text(row->header, row->market_id) == id && row->lifecycle == ARB_LIFECYCLE_SETTLED)
                    return true;
            return false;
        });
        INFO(id << "\n" << told(running.host));
        CHECK(known);
    }
    INFO(told(running.host));
}

TEST_CASE(
    "connections are renewed while they are good: nothing is missing, doubled or written down as a gap") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "800", "--seconds", "5", "--markets", "40"}};
    auto settings = settings_for(simulated);
    settings.timing.renew_min = settings.timing.renew_max = 700ms;
    settings.timing.overlap = 600ms;
    Running running{simulated, settings};
    INFO(told(running.host));
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    CHECK(running.host.counter("renewals") >= 2);
    CHECK(running.host.counter("repeated_trades") > 0);
    eventually(5s, [&] { return wrong_quotes(simulated, running.host).empty(); });
    eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
    CHECK(wrong_trades(simulated, running.host) == "");
    CHECK(wrong_quotes(simulated, running.host).empty());
    CHECK(gaps(running.host).empty());
    CHECK(violations(simulated).empty());
}

TEST_CASE("what was resolved and traded while nothing ran is there after the next start") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "3", "--markets", "20"}};
    {
        Running before{simulated};
        REQUIRE(eventually(15s, [&] { return before.live(); }));
    }
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    std::set<std::string> settled;
    for (auto const& market : ledger(simulated, "final_market"))
        if (market.at("status").as_string() == "settled")
            settled.insert(std::string{market.at("market").as_string()});
    REQUIRE_FALSE(settled.empty());
    Running after{simulated};
    auto const known = [&] {
        std::set<std::string> out;
        for (auto const* const row : after.host.all<arb_market>())
            if (row->lifecycle == ARB_LIFECYCLE_SETTLED && row->result.length != 0)
                out.insert(std::string{text(row->header, row->market_id)});
        return out;
    };
    eventually(15s, [&] { return known() == settled; });
    INFO(told(after.host));
    CHECK(known() == settled);
    eventually(15s, [&] { return wrong_trades(simulated, after.host).empty(); });
    CHECK(wrong_trades(simulated, after.host) == "");
}

TEST_CASE("a market made while it runs has its first quote within 5 s of its announcement") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "800", "--seconds", "8", "--markets", "30"}};
    auto settings = settings_for(simulated);
    settings.catalogue_every = 60s;  // the listing will not help
    Running running{simulated, settings};
    INFO(told(running.host));
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    std::set<std::string> before;
    for (auto const* const row : running.host.all<arb_market>())
        before.insert(std::string{text(row->header, row->market_id)});
    simulated.control("start");
    REQUIRE(eventually(30s, [&] { return simulated.finished(); }));
    std::map<std::string, arb_time> first;
    for (auto const* const quote : running.host.all<arb_quote>())
        first.try_emplace(std::string{text(quote->header, quote->market_id)}, quote->header.received_time);
    int made = 0;
    for (auto const& line : ledger(simulated, "created")) {
        std::string const id{line.at("market").as_string()};
        auto const at = std::max(line.at("ms").to_number<std::int64_t>(),
                                 line.at("tradable_ms").to_number<std::int64_t>()) *
                        millisecond_ns;
        // One of the last seconds has not had its time.
        if (before.contains(id) || running.host.host().now() - at < 5 * second_ns) continue;
        ++made;
        INFO(id);
        REQUIRE(first.contains(id));
        CHECK(first[id] - at < 5 * second_ns);
    }
    CHECK(made > 0);
    CHECK(eventually(15s, [&] { return running.host.all<arb_fee_schedule>().size() >= before.size(); }));
}

TEST_CASE("a selection that takes no market is degraded and says how to see why") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "20"}};
    auto settings = settings_for(simulated);
    settings.select.markets = {"no-such-market"};
    Running running{simulated, settings};
    auto const said = [&] {
        return running.host.state() == ARB_STATE_DEGRADED &&
               told(running.host).find("select takes no market") != std::string::npos;
    };
    bool const degraded = eventually(20s, said);
    INFO(told(running.host));
    CHECK(degraded);
}

TEST_CASE("commands and the probe") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "20"}};
    auto settings = settings_for(simulated);
    auto const tls = simulated.tls();
    auto chosen = settings;
    chosen.select.markets = {"no-such-market"};
    chosen.select.events = {"no-such-event"};
    std::vector<std::string> unknown;
    CHECK(probe_services(chosen, tls, [&](std::string const& line) { unknown.push_back(line); }).has_value());
    CHECK(unknown == std::vector<std::string>{"select.events no-such-event is not known to the venue",
                                              "select.markets no-such-market is not known to the venue"});
    std::vector<json::object> rows;
    auto const run = [&](std::string_view name, std::string const& parameters) {
        rows.clear();
        return run_command(settings, tls, name, Options{std::string_view{parameters}},
                           [&](json::object const& row) {
                               rows.push_back(row);
                               return true;
                           });
    };
    REQUIRE(run("markets", R"({"limit":5})").has_value());
    REQUIRE(rows.size() == 5);
    std::string const id{rows[0].at("market_id").as_string()};
    REQUIRE(run("book", R"({"market":")" + id + "\"}").has_value());
    REQUIRE_FALSE(rows.empty());
    CHECK(rows[0].at("price").is_string());
    CHECK(run("trades", R"({"market":")" + id + "\"}").has_value());
    REQUIRE(run("market", R"({"market":")" + id + "\"}").has_value());
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].at("status").as_string() == "open");
    CHECK(rows[1].at("outcome").as_string() != rows[0].at("outcome").as_string());
    CHECK_FALSE(rows[0].at("tick_size").as_string().empty());
    REQUIRE(run("events", R"({"limit":2})").has_value());
    CHECK(rows.size() == 2);
    REQUIRE(run("selection", "{}").has_value());
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("rule").as_string() == "all rules together");
    CHECK(rows[0].at("takes").to_number<int>() >= 5);
    REQUIRE(run("tags", "{}").has_value());
    CHECK_FALSE(rows.empty());
    REQUIRE(
        run("positions", R"({"limit":3,"user":"0x1111111111111111111111111111111111111111"})").has_value());
    CHECK(rows.size() == 3);
    REQUIRE(run("history", R"({"interval":"1h","market":")" + id + "\"}").has_value());
    CHECK_FALSE(rows.empty());
    CHECK(run("positions", "{}").error().where == "/user");
    CHECK(run("fills", "{}").error().where == "/api_key");
    CHECK(run("book", R"({"market":"no-such-market"})").error().where == "/market");
    CHECK(run("orders", "{}").error().where == "/api_key");
    auto const account = [&](char const* name) { return simulated.endpoint("polymarket", name); };
    auto const secret = [&](char const* name) { return net::read_secret(account(name)).value(); };
    settings.credentials = Credentials{account("address"), account("api_key"), secret("api_secret_file"),
                                       secret("api_passphrase_file")};
    auto const orders = run("orders", "{}");
    INFO((orders.has_error() ? orders.error().text : ""));
    REQUIRE(orders.has_value());
    CHECK(rows.size() == 1);
    CHECK(run("fills", "{}").has_value());
    REQUIRE(run("balance", "{}").has_value());
    CHECK(rows.at(0).at("collateral").as_string() == "250");
    settings.credentials->secret = "d3Jvbmc=";
    CHECK(run("balance", "{}").has_error());
    CHECK(violations(simulated).find("unknown_path") == std::string::npos);
}
