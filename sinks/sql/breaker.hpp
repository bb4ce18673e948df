// Keeps a fault that looks like bad data, such as a table changed by hand, from draining a whole journal into
// dead_letters.
//
// Thread safety: none.
#pragma once

#include <cstdint>

namespace arb::sql {

class Breaker {
  public:
    void stored(std::uint64_t packets) {
        if (packets == 0) return;
        in_a_row_ = 0;
        advance(packets);
    }
    void buried() {
        ++in_a_row_;
        ++dead_;
        advance(1);
    }
    // Whether one more dead letter would be too many.
    bool open() const { return in_a_row_ >= in_a_row_max || dead_ >= window_dead_max; }

  private:
    static constexpr std::uint64_t window_packets = 10'000;
    static constexpr std::uint64_t window_dead_max = window_packets / 100;  // 1 %
    static constexpr std::uint64_t in_a_row_max = 100;

    void advance(std::uint64_t packets) {
        packets_ += packets;
        if (packets_ < window_packets) return;
        packets_ = 0;
        dead_ = 0;
    }

    std::uint64_t packets_ = 0;
    std::uint64_t dead_ = 0;
    std::uint64_t in_a_row_ = 0;
};

}  // namespace arb::sql
