// What the venue may do wrong: each fault leaves its gaps, and everything is right again when it is over.
#include <future>

#include "against_simulator.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::kalshi::test;

namespace {

struct Expectation {
    std::string fault;
    std::string gap = {};  // a reason that has to be written down; empty: none has to
};

// What is wrong in the end of a run with this fault; empty if nothing.
std::string wrong_after(Expectation const& expected) {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "300", "--seconds", "2", "--markets", "20"}};
    Timing timing;
    timing.backfill_after = 300ms;
    Running running{simulated, settings_for(simulated, true), timing};
    auto& host = running.host;
    if (!eventually(20s, [&] { return running.live(); })) return "not live: " + told(host);
    simulated.control("start");
    if (!eventually(10s, [&] { return host.all<arb_trade>().size() > 5; })) return "no trades: " + told(host);
    simulated.fault(expected.fault, "kalshi", 0.8);
    if (!eventually(20s, [&] { return simulated.finished(); })) return "the simulator does not end";
    // A trade that a fault kept from us is read over REST.
    auto const trades = trades_of_ledger(simulated, false);
    eventually(25s, [&] {
        return wrong_books(simulated, host).empty() && open_gaps(host) == 0 &&
               trades_of(host).size() >= trades.size();
    });
    std::string wrong;
    if (auto const books = wrong_books(simulated, host); !books.empty()) wrong += "books: " + books + "\n";
    if (open_gaps(host) != 0) wrong += "gaps are open\n";
    if (trades_of(host) != trades) wrong += "trades are missing\n";
    if (host.all<arb_trade>().size() != trades_of(host).size()) wrong += "trades count twice\n";
    if (!expected.gap.empty() && !gap_reasons(host).contains(expected.gap))
        wrong += "no gap " + expected.gap + "\n";
    // After a reconnect each price is told anew.
    if (expected.fault == "cut") {
        eventually(10s, [&] { return wrong_quotes(simulated, host).empty(); });
        wrong += wrong_quotes(simulated, host);
    }
    return wrong.empty() ? "" : wrong + told(host);
}

}  // namespace

TEST_CASE("faults of the feed leave gaps that are written down and closed, and everything is right again") {
    std::vector<std::vector<Expectation>> const groups{
        {{"cut", "disconnected"}, {"seq_gap", "sequence"}, {"duplicate"}, {"reorder"}, {"bad_utf8"}},
        {{"malformed", "unreadable"}, {"renamed_field"}, {"seq_restart", "sequence"}, {"no_snapshot"}},
        {{"overflow", "subscription_ended"}, {"http_500"}, {"http_429"}, {"accept_then_drop"}},
    };
    // Side by side, because each of them waits most of its time.
    for (auto const& group : groups) {
        std::vector<std::future<std::string>> runs;
        for (auto const& expected : group)
            runs.push_back(std::async(std::launch::async, wrong_after, expected));
        for (std::size_t i = 0; i != group.size(); ++i) {
            INFO(group[i].fault);
            CHECK(runs[i].get() == "");
        }
    }
}
