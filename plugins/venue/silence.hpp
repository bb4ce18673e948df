// How long a connection has delivered no data. Pongs and heartbeats are not data: venues have been seen to
// answer both for hours on a feed that was dead. The clock starts at the connect, so a connection on which
// nothing ever arrives is noticed as well.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace arb {

class Silence {
  public:
    using Clock = std::chrono::steady_clock;

    // A feed is called dead after ten times the pause that all but one in a hundred of its pauses stay below,
    // but not before 30 s, and after 55 s in any case: a stall is to be noticed within 60 s.
    static constexpr std::chrono::milliseconds limit_min{30'000};
    static constexpr std::chrono::milliseconds limit_max{55'000};

    explicit Silence(std::chrono::milliseconds least = limit_min, std::chrono::milliseconds most = limit_max)
        : least_{least}, most_{most} {}

    // A new connection: the clock starts now, what was learned of the pauses stays.
    void connected(Clock::time_point now = Clock::now()) { last_ = now; }

    // A message that carries data arrived.
    void data(Clock::time_point now = Clock::now());

    std::chrono::milliseconds silent(Clock::time_point now = Clock::now()) const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(now - last_);
    }

    // How much silence is too much for this feed.
    std::chrono::milliseconds limit() const;

    // Ask only while markets of this connection are open: when all are closed silence is what is expected.
    bool exceeded(Clock::time_point now = Clock::now()) const { return silent(now) >= limit(); }

  private:
    // Pauses by the power of two of their milliseconds: bucket n counts pauses below 2^n ms. Halved when
    // `pauses_max` were counted, so that the present counts more than the past.
    static constexpr std::uint32_t pauses_max = 10'000;
    std::array<std::uint32_t, 17> buckets_{};
    std::uint32_t pauses_ = 0;
    std::chrono::milliseconds least_, most_;
    Clock::time_point last_ = Clock::now();
};

}  // namespace arb
