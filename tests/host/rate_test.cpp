#include "host/rate.hpp"

#include "support/catch.hpp"

using arb::host::Rate;
using namespace std::chrono_literals;

TEST_CASE("two seconds' worth may be taken at once, the rest is waited for") {
    auto now = Rate::Clock::now();
    Rate rate{1000, now};
    CHECK(rate.take(2000, now).count() == 0);
    CHECK(rate.take(500, now) == 500ms);
    CHECK(rate.take(500, now) == 1s);
    now += 1s;
    CHECK(rate.take(0, now).count() == 0);
    CHECK(rate.take(100, now) == 100ms);
}

TEST_CASE("whoever stays below the rate never waits, and quiet hours add up to no more than the burst") {
    auto now = Rate::Clock::now();
    Rate rate{1000, now};
    for (int i = 0; i != 10'000; ++i, now += 1ms) REQUIRE(rate.take(1, now).count() == 0);
    now += 5h;
    CHECK(rate.take(2000, now).count() == 0);
    CHECK(rate.take(1, now) == 1ms);
}
