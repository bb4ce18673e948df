// When a connection that ended is opened again. What failed decides the pause: a network that hiccups is
// tried sooner than a key that is refused, and what the server asks for is obeyed. Pure: time and chance are
// given.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string_view>

#include "net/pace.hpp"

namespace arb::net {

// How many connections may be begun in a minute, whoever of one venue begins them: a server that accepts and
// drops must not be hammered. Any thread: instances of one venue share it.
class ConnectBudget {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr unsigned connects_max = 12;
    static constexpr std::chrono::seconds window{60};

    // The budget of a server, the same for all instances of this process: "wss://host:port/path" or any other
    // address of it.
    static std::shared_ptr<ConnectBudget> of(std::string_view url);

    // Counts a connection that is begun now or as soon as the budget allows; how long to wait for that. Who
    // asks while others wait comes after them.
    std::chrono::milliseconds take(Clock::time_point now);

  private:
    std::mutex mutex_;
    // Protected by mutex_.
    std::deque<Clock::time_point> begun_;  // the last `connects_max`, in order
};

class Reconnect {
  public:
    using Clock = std::chrono::steady_clock;
    // A connection that gave data for so long was a good one. Being accepted proves nothing.
    static constexpr std::chrono::seconds good_after{60};

    explicit Reconnect(std::uint64_t seed = std::random_device{}());

    // The connection gave data.
    void data(Clock::time_point now) {
        if (first_data_ == Clock::time_point{}) first_data_ = now;
        last_data_ = now;
    }
    // It ended, or could not be opened: how long to wait before the next. `where` is the one of the error
    // (session.hpp); `retry_after` what the server asked for, below 0 if nothing.
    std::chrono::milliseconds pause(std::string_view where,
                                    std::chrono::milliseconds retry_after = std::chrono::milliseconds{-1});

  private:
    std::chrono::milliseconds at_once();

    std::mt19937_64 random_;
    Backoff usual_, denied_, unreachable_, busy_;
    bool in_a_row_ = false;  // the last connection was no good one either
    Clock::time_point first_data_{}, last_data_{};
};

}  // namespace arb::net
