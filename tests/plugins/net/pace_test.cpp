#include "net/pace.hpp"

#include <algorithm>

#include "loopback.hpp"

using namespace arb;
using namespace arb::test;
using Clock = std::chrono::steady_clock;

TEST_CASE("backoff is jittered between its floor and a bound that doubles up to the cap", "[net]") {
    net::Backoff backoff{500ms, 4s};
    for (int round = 0; round != 50; ++round) {
        backoff.reset();
        for (auto const bound : {500ms, 1000ms, 2000ms, 4000ms, 4000ms}) {
            auto const pause = backoff.next();
            CHECK(pause >= 50ms);
            CHECK(pause <= bound);
        }
    }
    CHECK(backoff.tries() == 5);
}

TEST_CASE("backoff spreads over the whole range and never overflows", "[net]") {
    net::Backoff backoff{500ms, 30s};
    for (int i = 0; i != 10; ++i) backoff.next();
    auto least = 30s + 0ms, most = 0ms;
    for (int i = 0; i != 1000; ++i) {
        auto const pause = backoff.next();
        least = std::min(least, pause);
        most = std::max(most, pause);
    }
    CHECK(least < 3s);
    CHECK(most > 27s);
    CHECK(most <= 30s);
}

TEST_CASE("a bucket gives its capacity at once and then at its rate, in order", "[net]") {
    asio::io_context io{1};
    net::TokenBucket bucket{100, 5};
    std::vector<int> order;
    auto const begin = Clock::now();
    for (int i = 0; i != 15; ++i) {
        auto const take = [&, i]() -> asio::awaitable<void> {
            co_await bucket.take();
            order.push_back(i);
        };
        asio::co_spawn(io, take, [](std::exception_ptr) {});
    }
    io.poll();
    CHECK(order.size() == 5);
    io.run_for(5s);
    auto const took = Clock::now() - begin;
    CHECK(order.size() == 15);
    CHECK(std::is_sorted(order.begin(), order.end()));
    CHECK(took >= 95ms);
    CHECK(took < 2s);
}

TEST_CASE("more than the capacity costs the capacity, and a pause holds everyone back", "[net]") {
    asio::io_context io{1};
    net::TokenBucket bucket{1000, 10};
    finish(io, bucket.take(1'000'000));
    bucket.pause(150ms);
    auto const begin = Clock::now();
    finish(io, bucket.take());
    CHECK(Clock::now() - begin >= 145ms);
}
