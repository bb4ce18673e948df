#include "kalshi/sequence.hpp"

#include "support/catch.hpp"

using namespace arb::kalshi;

TEST_CASE("numbers follow one another within a subscription, whatever the frames are", "[kalshi]") {
    Sequence sequence;
    CHECK(sequence.check(1, 1) == Order::next);
    CHECK(sequence.check(1, 2) == Order::next);
    CHECK(sequence.check(2, 1) == Order::next);  // another subscription
    CHECK(sequence.check(1, 3) == Order::next);
    CHECK(sequence.check(0, 0) == Order::next);  // not numbered
    CHECK(sequence.check(3, 0) == Order::next);
}

TEST_CASE("a subscription that does not begin with 1 has missed something", "[kalshi]") {
    Sequence sequence;
    CHECK(sequence.check(1, 2) == Order::missing);
    CHECK(sequence.check(1, 3) == Order::next);
}

TEST_CASE("a hole is told once, a frame sent twice is none", "[kalshi]") {
    Sequence sequence;
    sequence.check(1, 1);
    CHECK(sequence.check(1, 4) == Order::missing);
    CHECK(sequence.check(1, 5) == Order::next);
    for (auto number = 6; number != 20; ++number) {
        CHECK(sequence.check(1, number) == Order::next);
        CHECK(sequence.check(1, number) == Order::repeated);
    }
    CHECK(sequence.check(1, 3) == Order::repeated);  // overtaken
    CHECK(sequence.check(1, 20) == Order::next);
}

TEST_CASE("a count that begins anew is noticed and followed", "[kalshi]") {
    Sequence sequence;
    for (auto number = 1; number != 1000; ++number) sequence.check(1, number);
    CHECK(sequence.check(1, 1) == Order::repeated);
    CHECK(sequence.check(1, 2) == Order::repeated);
    CHECK(sequence.check(1, 3) == Order::missing);
    CHECK(sequence.check(1, 4) == Order::next);
    CHECK(sequence.last(1) == 4);
    CHECK(sequence.check(1, 6) == Order::missing);
}
