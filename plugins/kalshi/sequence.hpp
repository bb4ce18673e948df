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
    // A subscription begins with 1.
    Order check(std::int64_t sid, std::int64_t number) {
        if (sid <= 0 || number <= 0) return Order::next;
        auto& last = last_[sid];
        if (number <= last) return Order::repeated;
        auto const missing = number != last + 1;
        last = number;
        return missing ? Order::missing : Order::next;
    }
    std::int64_t last(std::int64_t sid) const {
        auto const found = last_.find(sid);
        return found == last_.end() ? 0 : found->second;
    }
    void clear() { last_.clear(); }

  private:
    std::unordered_map<std::int64_t, std::int64_t> last_;
};

}  // namespace arb::kalshi
