#include "host/clock_watch.hpp"

#include "support/catch.hpp"

using arb::second_ns;
using arb::host::ClockWatch;

TEST_CASE("a look every second, late now and then, is neither a pause nor a step") {
    ClockWatch::Clocks now{1000 * second_ns, 1'700'000'000 * second_ns};
    ClockWatch watch{now};
    for (int i = 1; i != 100; ++i) {
        auto const elapsed = i % 10 == 0 ? 9 * second_ns : second_ns;
        now.boot += elapsed;
        now.wall += elapsed + i % 3 * 100 * arb::millisecond_ns - 100 * arb::millisecond_ns;
        auto const noticed = watch.look(now);
        CHECK(noticed.paused == 0);
        CHECK_FALSE(noticed.step);
    }
}

TEST_CASE("a program that did not run for 30 s says for how long") {
    ClockWatch::Clocks now{1000 * second_ns, 1'700'000'000 * second_ns};
    ClockWatch watch{now};
    now.boot += 30 * second_ns;
    now.wall += 30 * second_ns;
    auto const noticed = watch.look(now);
    CHECK(noticed.paused == 30 * second_ns);
    CHECK_FALSE(noticed.step);
}

TEST_CASE("a wall clock that is set is noticed once, in either direction, with where it was and is") {
    ClockWatch::Clocks now{1000 * second_ns, 1'700'000'000 * second_ns};
    ClockWatch watch{now};
    for (auto const by : {3600 * second_ns, -3600 * second_ns, 2 * second_ns}) {
        now.boot += second_ns;
        now.wall += second_ns + by;
        auto const noticed = watch.look(now);
        CHECK(noticed.paused == 0);
        REQUIRE(noticed.step);
        CHECK(noticed.step->first == now.wall - by);
        CHECK(noticed.step->second == now.wall);
        now.boot += second_ns;
        now.wall += second_ns;
        CHECK_FALSE(watch.look(now).step);
    }
}
