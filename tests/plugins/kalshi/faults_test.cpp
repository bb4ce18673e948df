// What the venue may do wrong: each fault leaves its gaps, and everything is right again when it is over.
#include "against_simulator.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::kalshi::test;

TEST_CASE("faults of the feed leave gaps that are written down and closed, and everything is right again") {
    for (std::string const fault :
         {"cut", "seq_gap", "duplicate", "reorder", "malformed", "renamed_field", "no_snapshot", "http_500",
          "http_429", "accept_then_drop", "seq_restart", "overflow", "bad_utf8"}) {
        arb::test::Simulated simulated{
            {"--quiet-start", "--rate", "400", "--seconds", "2", "--markets", "20"}};
        Timing timing;
        timing.backfill_after = 300ms;
        Running running{simulated, settings_for(simulated, true), timing};
        REQUIRE(eventually(15s, [&] { return running.live(); }));
        simulated.control("start");
        REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
        simulated.fault(fault, "kalshi", 0.8);
        REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
        eventually(25s, [&] {
            return wrong_books(simulated, running.host).empty() && open_gaps(running.host) == 0;
        });
        INFO(fault << "\n" << told(running.host));
        CHECK(wrong_books(simulated, running.host) == "");
        CHECK(open_gaps(running.host) == 0);
        // A trade that a fault kept from us is read over REST; one told twice counts once.
        eventually(
            15s, [&] { return trades_of(running.host).size() >= trades_of_ledger(simulated, false).size(); });
        CHECK(trades_of(running.host) == trades_of_ledger(simulated, false));
        CHECK(running.host.all<arb_trade>().size() == trades_of(running.host).size());
        if (fault == "malformed") CHECK(gap_reasons(running.host).contains("unreadable"));
        if (fault == "seq_gap" || fault == "seq_restart")
            CHECK(gap_reasons(running.host).contains("sequence"));
        if (fault == "overflow") CHECK(gap_reasons(running.host).contains("subscription_ended"));
        if (fault == "cut") {
            eventually(10s, [&] { return wrong_quotes(simulated, running.host).empty(); });
            CHECK(wrong_quotes(simulated, running.host) == "");
            CHECK_FALSE(running.host.all<arb_gap>().empty());
        }
    }
}
