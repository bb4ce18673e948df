// A set of sequence numbers kept as ranges: those that exist nowhere, because they were damaged or never
// written.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

namespace arb::queue {

class Ranges {
  public:
    void add(std::uint64_t first, std::uint64_t last) {
        if (first > last) return;
        auto at = ranges_.upper_bound(first);
        if (at != ranges_.begin() && std::prev(at)->second + 1 >= first) --at;
        while (at != ranges_.end() && at->first <= last + 1) {
            first = std::min(first, at->first);
            last = std::max(last, at->second);
            at = ranges_.erase(at);
        }
        ranges_.emplace(first, last);
    }

    // How many numbers of [first, last] are in the set.
    std::uint64_t count(std::uint64_t first, std::uint64_t last) const {
        std::uint64_t sum = 0;
        auto at = ranges_.upper_bound(first);
        if (at != ranges_.begin()) --at;
        for (; at != ranges_.end() && at->first <= last; ++at) {
            auto const from = std::max(first, at->first);
            auto const to = std::min(last, at->second);
            if (from <= to) sum += to - from + 1;
        }
        return sum;
    }

    // The end of the range that holds `number`, or the number before it.
    std::uint64_t end_of(std::uint64_t number) const {
        auto at = ranges_.upper_bound(number);
        if (at == ranges_.begin()) return number - 1;
        --at;
        return at->second >= number ? at->second : number - 1;
    }

    void forget_up_to(std::uint64_t number) {
        while (!ranges_.empty() && ranges_.begin()->second <= number) ranges_.erase(ranges_.begin());
    }

  private:
    std::map<std::uint64_t, std::uint64_t> ranges_;  // first to last, apart from each other
};

}  // namespace arb::queue
