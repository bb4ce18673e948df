// Keeps a fault that looks like bad data, such as a table changed by hand or a clock that was set wrong, from
// draining a whole journal into dead_letters: at most 100 of any 10,000 packets in a row, and at most 100 one
// after the other, become dead letters. Then a person has to look.
//
// Thread safety: none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace arb::sql {

class Breaker {
  public:
    void stored(std::uint64_t packets) {
        if (packets == 0) return;
        in_a_row_ = 0;
        packets_ += packets;
    }
    void buried() {
        ++in_a_row_;
        places_[next_] = ++packets_;
        next_ = (next_ + 1) % dead_max;
    }
    // Whether one more dead letter would be too many.
    bool open() const {
        auto const oldest = places_[next_];  // of the last dead_max; 0: there were fewer
        return in_a_row_ >= dead_max || (oldest != 0 && packets_ + 1 - oldest < window_packets);
    }

  private:
    static constexpr std::uint64_t window_packets = 10'000;
    static constexpr std::size_t dead_max = window_packets / 100;  // 1 %

    std::uint64_t packets_ = 0;
    std::uint64_t in_a_row_ = 0;
    std::array<std::uint64_t, dead_max>
        places_{};          // the how-many-th packet each of the last dead letters was
    std::size_t next_ = 0;  // the oldest of places_
};

}  // namespace arb::sql
