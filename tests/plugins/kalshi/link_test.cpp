#include "kalshi/link.hpp"

#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;

namespace {

constexpr arb_time start = 1'790'000'000 * second_ns;

// Read when both of our clocks stood there.
void took(Link& link, arb_time received, arb_time sent) { link.took(received, sent, received); }

}  // namespace

TEST_CASE("how long frames wait is known whatever the venue's clock says", "[kalshi]") {
    // Behind ours, right, ahead of ours.
    arb_time const differs = GENERATE(-40 * second_ns, 0 * second_ns, 40 * second_ns);
    Link link{1, nullptr, {}, start};
    CHECK(link.behind() == 0);
    took(link, start, start + differs);
    CHECK(link.behind() == 0);
    // Read ten seconds after it was sent.
    took(link, start + 30 * second_ns, start + 20 * second_ns + differs);
    CHECK(link.behind() == 10 * second_ns);
    took(link, start + 31 * second_ns, start + 31 * second_ns + differs);
    CHECK(link.behind() == 0);
}

TEST_CASE("a time of sending that cannot be is not believed", "[kalshi]") {
    Link link{1, nullptr, {}, start};
    took(link, start, start);
    for (arb_time const sent : {arb_time{1}, start - 90'000 * second_ns, start + 90'000 * second_ns}) {
        took(link, start, sent);
        CHECK(link.behind() == 0);
    }
    took(link, start, start - 3'600 * second_ns);
    CHECK(link.behind() == Link::behind_max);
}

TEST_CASE("one frame with a wrong time, or a clock that is set, is no backlog for ever", "[kalshi]") {
    Link link{1, nullptr, {}, start};
    auto at = start;
    auto const read = [&](arb_time waited) {
        at += second_ns;
        took(link, at, at - waited);
    };
    SECTION("an hour ahead among right ones") {
        read(0);
        read(-3'600 * second_ns);
        read(0);
        CHECK(link.behind() == 0);
        // Several of them are the truth.
        read(-20 * second_ns);
        read(-20 * second_ns);
        read(0);
        CHECK(link.behind() == 20 * second_ns);
    }
    SECTION("an hour ahead as the first") {
        read(-3'600 * second_ns);
        for (unsigned n = 0; n != Link::absurd_max; ++n) read(0);
        CHECK(link.behind() == 0);
    }
    SECTION("our clock is set ahead by two minutes") {
        read(0);
        link.took(at + 120 * second_ns, at, at);
        CHECK(link.behind() == 0);
        link.took(at + 121 * second_ns, at, at + second_ns);
        CHECK(link.behind() == second_ns);
    }
}
