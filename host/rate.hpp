// A token bucket: so much a second, and what two quiet seconds left over. What is taken beyond it is a debt
// that whoever took it waits for, so that nothing is refused and nobody else waits.
//
// Thread safety: none; its owner locks.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace arb::host {

class Rate {
  public:
    using Clock = std::chrono::steady_clock;

    Rate(std::uint64_t per_second, Clock::time_point now)
        : per_second_{static_cast<double>(per_second)}, level_{burst_seconds * per_second_}, since_{now} {}

    // Takes `amount`; how long to wait before using it.
    std::chrono::nanoseconds take(std::uint64_t amount, Clock::time_point now) {
        auto const elapsed = std::chrono::duration<double>(now - since_).count();
        level_ = std::min(burst_seconds * per_second_, level_ + elapsed * per_second_);
        since_ = now;
        level_ -= static_cast<double>(amount);
        if (level_ >= 0) return {};
        return std::chrono::nanoseconds{static_cast<std::int64_t>(-level_ / per_second_ * 1e9)};
    }

  private:
    static constexpr double burst_seconds = 2;  // a reconnect brings many snapshots at once

    double const per_second_;
    double level_;
    Clock::time_point since_;
};

}  // namespace arb::host
