#include "kalshi/link.hpp"

#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;

namespace {

constexpr arb_time start = 1'790'000'000 * second_ns;

}  // namespace

TEST_CASE("how long frames wait is known whatever the venue's clock says", "[kalshi]") {
    // Behind ours, right, ahead of ours.
    arb_time const differs = GENERATE(-40 * second_ns, 0 * second_ns, 40 * second_ns);
    Link link{1, nullptr, {}, start};
    CHECK(link.behind() == 0);
    link.took(start, start + differs);
    CHECK(link.behind() == 0);
    // Read ten seconds after it was sent.
    link.took(start + 30 * second_ns, start + 20 * second_ns + differs);
    CHECK(link.behind() == 10 * second_ns);
    link.took(start + 31 * second_ns, start + 31 * second_ns + differs);
    CHECK(link.behind() == 0);
}

TEST_CASE("a time of sending that cannot be is not believed", "[kalshi]") {
    Link link{1, nullptr, {}, start};
    link.took(start, start);
    for (arb_time const sent : {arb_time{1}, start - 90'000 * second_ns, start + 90'000 * second_ns}) {
        link.took(start, sent);
        CHECK(link.behind() == 0);
    }
    link.took(start, start - 3'600 * second_ns);
    CHECK(link.behind() == Link::behind_max);
}
