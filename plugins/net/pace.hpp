// When to try again, and how fast to ask: backoff with full jitter, and a token bucket.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <random>

namespace arb::net {

namespace asio = boost::asio;

// sleep = uniform(floor, min(cap, base * 2^n)), the full jitter that keeps clients from returning in step.
class Backoff {
  public:
    Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap,
            std::uint64_t seed = std::random_device{}())
        : base_{base}, cap_{cap}, random_{seed} {}
    std::chrono::milliseconds next();
    void reset() { tries_ = 0; }
    unsigned tries() const { return tries_; }

  private:
    static constexpr std::chrono::milliseconds floor_{50};
    std::chrono::milliseconds const base_, cap_;
    unsigned tries_ = 0;
    std::mt19937_64 random_;
};

// Tokens refill continuously up to `capacity`, which is also what a new bucket holds.
class TokenBucket {
  public:
    TokenBucket(double per_second, double capacity);
    // Waits until the tokens are there; first come, first served. More than `capacity` counts as `capacity`.
    asio::awaitable<void> take(double tokens = 1);
    // Nothing is given out before that long has passed: the server asked for a pause.
    void pause(std::chrono::milliseconds time);

  private:
    void refill();
    double const per_second_, capacity_;
    double tokens_;  // below 0: promised to takers that wait
    std::chrono::steady_clock::time_point refilled_;
    std::chrono::steady_clock::time_point paused_until_{};
};

// Waits; returns early when the executor is stopped or the coroutine is cancelled.
asio::awaitable<void> sleep(std::chrono::milliseconds time);

}  // namespace arb::net
