#include "venue/silence.hpp"

#include "support/catch.hpp"

using arb::Silence;
using namespace std::chrono_literals;

namespace {
Silence::Clock::time_point const begin{1h};
}

TEST_CASE("the clock starts at the connect, not at the first message", "[venue]") {
    Silence silence;
    silence.connected(begin);
    CHECK_FALSE(silence.exceeded(begin + 29s));
    CHECK(silence.exceeded(begin + 30s));
    silence.connected(begin + 31s);
    CHECK_FALSE(silence.exceeded(begin + 60s));
    CHECK(silence.exceeded(begin + 61s));
}

TEST_CASE("data ends the silence", "[venue]") {
    Silence silence;
    silence.connected(begin);
    silence.data(begin + 20s);
    CHECK(silence.silent(begin + 45s) == 25s);
    CHECK_FALSE(silence.exceeded(begin + 45s));
}

TEST_CASE("a busy feed is called dead at the least limit", "[venue]") {
    Silence silence;
    auto now = begin;
    silence.connected(now);
    for (int i = 0; i != 50'000; ++i) silence.data(now += 3ms);
    CHECK(silence.limit() == Silence::limit_min);
}

TEST_CASE("a slow feed is given ten times its usual pause, within the promise", "[venue]") {
    Silence slow;
    auto now = begin;
    slow.connected(now);
    for (int i = 0; i != 200; ++i) slow.data(now += 4s);
    CHECK(slow.limit() > 30s);
    CHECK(slow.limit() <= Silence::limit_max);

    Silence slower;
    slower.connected(now);
    for (int i = 0; i != 200; ++i) slower.data(now += 25s);
    CHECK(slower.limit() == Silence::limit_max);
}

TEST_CASE("one pause in a thousand does not raise the limit, and a feed may become fast again", "[venue]") {
    Silence silence;
    auto now = begin;
    silence.connected(now);
    for (int i = 0; i != 5000; ++i) silence.data(now += i % 1000 == 0 ? 20s : 10ms);
    CHECK(silence.limit() == Silence::limit_min);
    for (int i = 0; i != 500; ++i) silence.data(now += 20s);
    CHECK(silence.limit() == Silence::limit_max);
    for (int i = 0; i != 100'000; ++i) silence.data(now += 10ms);
    CHECK(silence.limit() == Silence::limit_min);
}
