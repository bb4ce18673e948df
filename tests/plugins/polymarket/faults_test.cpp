// The whole plugin against the simulator that misbehaves.
#include "polymarket/against_simulator.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;
using arb::test::eventually;

namespace {

bool said(arb::test::RecordingHost& host, std::string const& part) {
    auto const all = host.sentences();
    return std::any_of(all.begin(), all.end(),
                       [&](std::string const& one) { return one.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("faults of the feed: prices are right again afterwards, gaps are closed and trades are all there") {
    for (std::string const fault : {"cut", "reset", "malformed", "renamed_field", "overflow"}) {
        arb::test::Simulated simulated{
            {"--quiet-start", "--rate", "400", "--seconds", "4", "--markets", "20"}};
        Running running{simulated};
        REQUIRE(eventually(15s, [&] { return running.live(); }));
        simulated.control("start");
        REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
        simulated.fault(fault, "polymarket", 1.5);
        REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
        eventually(25s, [&] { return wrong_quotes(simulated, running.host).empty(); });
        INFO(fault << "\n" << told(running.host));
        CHECK(wrong_quotes(simulated, running.host).empty());
        // A catalogue that could not be read is tried again after a pause, so its gap closes last.
        CHECK(eventually(40s, [&] { return open_gaps(running.host) == 0; }));
        auto const rows = gap_rows(running.host);
        // However often a book was in doubt, its gap is one row.
        for (auto const& [name, count] : rows.by_market) CHECK((name.second.empty() || count == 1));
        CHECK(eventually(20s, [&] { return gap_rows(running.host).trades_lost.empty(); }));
        eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
        CHECK(wrong_trades(simulated, running.host) == "");
        if (fault != "malformed") CHECK_FALSE(rows.by_market.empty());
    }
}

TEST_CASE("a feed that only answers PING is replaced, and what it kept back is obtained") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "5", "--markets", "20"}};
    auto settings = settings_for(simulated);
    settings.timing.ping_every = 300ms;
    settings.timing.silence_min = settings.timing.silence_max = 1500ms;
    settings.timing.rest_ahead = 200ms;
    Running running{simulated, settings};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
    simulated.fault("freeze", "polymarket", 120, "&connection=open");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    eventually(15s, [&] { return wrong_quotes(simulated, running.host).empty(); });
    CHECK(eventually(
        15s, [&] { return open_gaps(running.host) == 0 && gap_rows(running.host).trades_lost.empty(); }));
    INFO(told(running.host));
    CHECK(wrong_quotes(simulated, running.host).empty());
    eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
    CHECK(wrong_trades(simulated, running.host) == "");
    CHECK(gap_rows(running.host).reasons.count("stalled") == 1);
}

TEST_CASE("a connection that is silent about one market is replaced, and the others do not notice") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "6", "--markets", "20"}};
    auto settings = settings_for(simulated);
    settings.timing.quiet_after = 1s;
    settings.timing.audit_every = 100ms;
    settings.timing.audit_round = 1s;
    settings.timing.rest_ahead = 300ms;
    settings.timing.overlap = 500ms;
    Running running{simulated, settings};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
    auto const traded = running.host.all<arb_trade>();
    std::string const silent{text(traded.back()->header, traded.back()->market_id)};
    simulated.fault("silent_market", "polymarket", 120, "&connection=open&market=" + silent);
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    eventually(15s, [&] { return wrong_quotes(simulated, running.host).empty(); });
    CHECK(eventually(
        15s, [&] { return open_gaps(running.host) == 0 && gap_rows(running.host).trades_lost.empty(); }));
    INFO(told(running.host));
    CHECK(wrong_quotes(simulated, running.host).empty());
    eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
    CHECK(wrong_trades(simulated, running.host) == "");
    CHECK(running.host.counter("renewals") >= 1);
    for (auto const& [name, count] : gap_rows(running.host).by_market) CHECK(name.second == silent);
}

TEST_CASE("a venue that accepts and drops is not hammered, and one that sends no books is asked again") {
    for (std::string const fault : {"accept_then_drop", "no_snapshot"}) {
        arb::test::Simulated simulated{
            {"--quiet-start", "--rate", "300", "--seconds", "3", "--markets", "20"}};
        simulated.fault(fault, "polymarket", 600);
        auto settings = settings_for(simulated);
        settings.timing.ping_every = 300ms;
        settings.timing.book_wait = 500ms;
        Running running{simulated, settings};
        INFO(fault << "\n" << told(running.host));
        // A PING comes after the subscription.
        REQUIRE(eventually(40s, [&] {
            return fault == "no_snapshot" ? counted(simulated, "pings") != 0
                                          : running.host.counter("reconnects") != 0;
        }));
        CHECK_FALSE(running.live());
        CHECK(running.host.all<arb_quote>().empty());
        if (fault == "no_snapshot") {
            // Subscribed is not live, and what does not come is missing.
            CHECK(eventually(
                30s, [&] { return said(running.host, "1 of 1 connections have brought nothing yet"); }));
            CHECK(eventually(30s, [&] { return gap_rows(running.host).reasons.contains("no_book"); }));
            CHECK_FALSE(running.live());
        }
        CHECK(running.host.counter("reconnects") <= net::ConnectBudget::connects_max);
        simulated.stop_faults();
        REQUIRE(eventually(60s, [&] { return running.live(); }));
        if (fault == "no_snapshot") CHECK(running.host.counter("books_asked_again") != 0);
        simulated.control("start");
        REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
        eventually(10s, [&] { return wrong_quotes(simulated, running.host).empty(); });
        CHECK(wrong_quotes(simulated, running.host).empty());
        CHECK(eventually(40s, [&] { return open_gaps(running.host) == 0; }));
        eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
        CHECK(wrong_trades(simulated, running.host) == "");
        CHECK(violations(simulated).empty());
    }
}

TEST_CASE("the time before the start is read although one market never gets its book") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "200", "--seconds", "3", "--markets", "6"}};
    auto settings = settings_for(simulated);
    settings.timing.book_wait = 500ms;
    std::string silent;
    {
        Running first{simulated, settings};
        REQUIRE(eventually(30s, [&] { return !first.host.all<arb_market>().empty(); }));
        auto const* const market = first.host.all<arb_market>().front();
        silent = text(market->header, market->market_id);
    }
    simulated.fault("silent_market", "polymarket", 600, "&market=" + silent);
    simulated.control("start");
    Running running{simulated, settings};
    auto const read = [&] {
        for (auto const* const gap : running.host.all<arb_gap>())
            if (text(gap->header, gap->reason) == "not_running" && gap->recovered == ARB_YES) return true;
        return false;
    };
    CHECK(eventually(60s, read));
    REQUIRE(eventually(30s, [&] { return simulated.finished(); }));
    // Its trades are there, too, and that its prices are missing is said.
    CHECK(eventually(30s, [&] { return gap_rows(running.host).reasons.contains("no_book"); }));
    for (auto const& [name, count] : gap_rows(running.host).by_market) CHECK(name.second == silent);
}
