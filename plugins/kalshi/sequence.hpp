// The order of frames on one connection. The venue numbers the frames of a subscription (sid), whatever
// market or type they are of: a frame missing means that anything of that subscription may be missing.
//
// Thread safety: none. A new connection begins with a new Sequence.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace arb::kalshi {

enum class Order : std::uint8_t {
    next,      // follows the one before, or the frame is not numbered
    missing,   // at least one frame before this one did not come
    repeated,  // this number has passed: a frame sent twice, or one that was overtaken
};

class Sequence {
  public:
    // So many old numbers in a row are no repetition of single frames: the venue counts anew.
    static constexpr unsigned old_in_a_row_max = 3;

    // A subscription begins with 1.
    Order check(std::int64_t sid, std::int64_t number) {
        if (sid <= 0 || number <= 0) return Order::next;
        auto& state = states_[sid];
        if (number > state.last) {
            auto const missing = number != state.last + 1;
            state = {number, 0, 0};
            return missing ? Order::missing : Order::next;
        }
        state.old_in_a_row = number == state.old + 1 ? state.old_in_a_row + 1 : 1;
        state.old = number;
        if (state.old_in_a_row < old_in_a_row_max) return Order::repeated;
        // What came between the last number and the new 1 nobody knows.
        state = {number, 0, 0};
        return Order::missing;
    }
    std::int64_t last(std::int64_t sid) const {
        auto const found = states_.find(sid);
        return found == states_.end() ? 0 : found->second.last;
    }
    void clear() { states_.clear(); }

  private:
    struct State {
        std::int64_t last = 0, old = 0;
        unsigned old_in_a_row = 0;
    };
    std::unordered_map<std::int64_t, State> states_;
};

}  // namespace arb::kalshi
