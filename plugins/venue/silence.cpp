#include "venue/silence.hpp"

#include <algorithm>
#include <bit>

namespace arb {

void Silence::data(Clock::time_point now) {
    auto const pause = std::max<std::int64_t>(0, silent(now).count());
    auto const bucket =
        std::min<std::size_t>(std::bit_width(static_cast<std::uint64_t>(pause)), buckets_.size() - 1);
    ++buckets_[bucket];
    last_ = now;
    if (++pauses_ < pauses_max) return;
    pauses_ = 0;
    for (auto& count : buckets_) pauses_ += count /= 2;
}

std::chrono::milliseconds Silence::limit() const {
    // Buckets are passed until at most one pause in a hundred is longer.
    auto longer = pauses_;
    std::size_t bucket = 0;
    for (; bucket != buckets_.size() && longer * 100 > pauses_; ++bucket) longer -= buckets_[bucket];
    if (bucket == 0) return least_;
    std::chrono::milliseconds const pause{std::int64_t{1} << (bucket - 1)};
    return std::clamp<std::chrono::milliseconds>(10 * pause, least_, most_);
}

}  // namespace arb
