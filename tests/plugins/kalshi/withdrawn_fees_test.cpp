// Fees that were announced and do not come.
#include <boost/asio/io_context.hpp>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "kalshi/fees.hpp"
#include "support/catch.hpp"
#include "support/recording_host.hpp"

using namespace arb;
using namespace arb::kalshi;
using Rows = std::vector<std::string>;

namespace {

constexpr arb_time hour = 3600 * second_ns;
arb_time const begin = parse_time("2026-12-24T00:00:00Z").value();

struct Announced {
    boost::asio::io_context io;
    arb::test::RecordingHost host{"kalshi"};
    Outbox outbox{io.get_executor(), host.host(), {}};
    Fees fees{host.host(), outbox};
    std::size_t told = 0;

    Announced() {
        host.set_clock(begin - hour);
        fees.holds({ARB_SCOPE_SERIES, "KXA", {"quadratic", "1"}, begin - 100 * hour, "series", "{}", {}});
        rows();
    }
    void announce(char const* id, char const* multiplier, arb_time from, int scope = ARB_SCOPE_SERIES) {
        fees.announced({scope, id, {"quadratic", multiplier}, from, "fee_changes", "{}", {}});
    }
    void read() { fees.all_announced(ARB_SCOPE_SERIES), fees.all_announced(ARB_SCOPE_EVENT); }
    // What was pushed since the last time: whose, its multiplier, hours after the announced beginning.
    Rows rows() {
        outbox.flush();
        Rows out;
        auto const all = host.all<arb_fee_schedule>();
        for (; told != all.size(); ++told) {
            auto const& row = *all[told];
            out.push_back(std::string{text(row.header, row.scope_id)} + " " +
                          std::string{text(row.header, row.type)} + " " +
                          (row.multiplier == ARB_ABSENT ? "-" : format_decimal(row.multiplier)) + " " +
                          std::to_string((row.effective_from - begin) / hour));
        }
        return out;
    }
};

}  // namespace

TEST_CASE("a change that is withdrawn before it begins is a row with the fee that holds", "[kalshi]") {
    Announced venue;
    venue.announce("KXA", "3", begin);
    venue.read();
    CHECK(venue.rows() == Rows{"KXA quadratic 3 0"});
    venue.announce("KXA", "3", begin);
    venue.read();
    CHECK(venue.rows().empty());
    // Noticed in time or not.
    venue.host.set_clock(GENERATE(begin - hour / 2, begin + hour / 2));
    venue.read();
    CHECK(venue.rows() == Rows{"KXA quadratic 1 0"});
    venue.read();
    CHECK(venue.rows().empty());
    // Announced once more.
    venue.host.set_clock(begin - hour / 4);
    venue.announce("KXA", "3", begin);
    venue.read();
    CHECK(venue.rows() == Rows{"KXA quadratic 3 0"});
}

TEST_CASE("a change that is put off leaves the fee before it at its first date", "[kalshi]") {
    Announced venue;
    venue.announce("KXA", "2", begin);
    venue.announce("KXA", "3", begin + 10 * hour);
    venue.read();
    venue.rows();
    venue.announce("KXA", "2", begin);
    venue.announce("KXA", "3", begin + 20 * hour);
    venue.read();
    CHECK(venue.rows() == Rows{"KXA quadratic 3 20", "KXA quadratic 2 10"});
}

TEST_CASE("a change that began is not withdrawn when the list forgets it", "[kalshi]") {
    Announced venue;
    venue.announce("KXA", "3", begin);
    venue.read();
    venue.host.set_clock(begin + hour);
    venue.announce("KXA", "3", begin);
    venue.read();
    venue.rows();
    venue.read();
    CHECK(venue.rows().empty());
    // Nor is one that had begun when it was first read.
    venue.announce("KXA", "4", begin + hour / 2);
    venue.read();
    venue.rows();
    venue.read();
    CHECK(venue.rows().empty());
}

TEST_CASE("an override that is withdrawn leaves its event to the series, or to the override before",
          "[kalshi]") {
    Announced venue;
    venue.announce("KXA-1", "3", begin, ARB_SCOPE_EVENT);
    venue.fees.holds({ARB_SCOPE_EVENT, "KXA-2", {"quadratic", "5"}, begin - hour, "event", "{}", {}});
    venue.announce("KXA-2", "3", begin, ARB_SCOPE_EVENT);
    venue.read();
    venue.rows();
    // Listed, but of an event that is collected no more.
    venue.fees.announced({ARB_SCOPE_EVENT, "KXA-1", {"quadratic", "3"}, begin, "fee_changes", "{}", {}},
                         false);
    venue.read();
    CHECK(venue.rows() == Rows{"KXA-2 quadratic 5 0"});
    venue.read();
    CHECK(venue.rows() == Rows{"KXA-1  - 0"});
}
