// Feeds that look alive and are not, and connections that are replaced while they run.
#include "against_simulator.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::kalshi::test;

namespace {

// A tenth and less of the usual patience.
Timing hurried() {
    Timing timing;
    timing.silence_min = timing.silence_max = 1s;
    timing.overlap = 500ms;
    timing.confirm_max = 1s;
    timing.grace = 500ms;
    timing.replace_every = 1s;
    timing.watch_every = 50ms;
    timing.backfill_after = 300ms;
    return timing;
}

bool has_gap(arb::test::RecordingHost& host, std::string const& reason) {
    return gap_reasons(host).contains(reason);
}

std::string lost_trades(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    auto const expected = trades_of_ledger(simulated, false), got = trades_of(host);
    std::string lost;
    for (auto const& trade : expected)
        if (!std::binary_search(got.begin(), got.end(), trade)) lost += trade + "; ";
    return lost;
}

void wait_for_everything(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    REQUIRE(eventually(30s, [&] { return simulated.finished(); }));
    eventually(20s, [&] {
        return open_gaps(host) == 0 && lost_trades(simulated, host).empty() &&
               wrong_quotes(simulated, host).empty() && wrong_books(simulated, host).empty();
    });
}

void check_everything(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    CHECK(open_gaps(host) == 0);
    CHECK(lost_trades(simulated, host) == "");
    CHECK(host.all<arb_trade>().size() == trades_of_ledger(simulated, false).size());  // none twice
    CHECK(wrong_quotes(simulated, host) == "");
    CHECK(wrong_books(simulated, host) == "");
}

}  // namespace

TEST_CASE("a feed that answers pings and gives no data is found out, written down and opened again") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "8", "--markets", "20"}};
    Running running{simulated, settings_for(simulated, true), hurried()};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
    simulated.fault("freeze", "kalshi", 4);
    CHECK(eventually(5s, [&] { return has_gap(running.host, "stalled"); }));
    wait_for_everything(simulated, running.host);
    INFO(told(running.host));
    check_everything(simulated, running.host);
    CHECK(violations(simulated) == "");
}

TEST_CASE("one connection that is dead is replaced by another before it is given up") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "6", "--markets", "20"}};
    Running running{simulated, settings_for(simulated, true), hurried()};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
    simulated.fault("freeze", "kalshi", 60, "&connection=1");
    CHECK(eventually(8s, [&] { return has_gap(running.host, "stalled"); }));
    wait_for_everything(simulated, running.host);
    INFO(told(running.host));
    check_everything(simulated, running.host);
    CHECK_FALSE(has_gap(running.host, "disconnected"));
    CHECK(violations(simulated) == "");
}

TEST_CASE("connections are replaced while data flows, and nothing is lost, doubled or called a gap") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "300", "--seconds", "6", "--markets", "20"}};
    auto timing = hurried();
    // Every pause between two frames is taken for a stall.
    timing.silence_min = timing.silence_max = 1ms;
    timing.grace = 10s;
    Running running{simulated, settings_for(simulated, true), timing};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    wait_for_everything(simulated, running.host);
    INFO(told(running.host));
    check_everything(simulated, running.host);
    CHECK(running.host.all<arb_gap>().empty());
    CHECK(simulated.control("report").at("counters").at("kalshi.connections").to_number<int>() >= 3);
    CHECK(violations(simulated) == "");
}

TEST_CASE("a market whose book never comes has a gap of its own, and the others are whole") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "300", "--seconds", "4", "--markets", "20"}};
    auto timing = hurried();
    timing.silence_min = timing.silence_max = 30s;
    timing.snapshot_max = 500ms;
    Running running{simulated, settings_for(simulated, true), timing};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.fault("no_snapshot", "kalshi", 1);
    simulated.fault("cut", "kalshi", 0.1);
    simulated.control("start");
    wait_for_everything(simulated, running.host);
    INFO(told(running.host));
    check_everything(simulated, running.host);
    CHECK(has_gap(running.host, "disconnected"));
}
