// How one connection takes the place of another without a moment between them.
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "polymarket/stream.hpp"

namespace arb::polymarket {

namespace {

// A connection that lost one market goes on with the others; one that said nothing for so long lost them all.
constexpr arb_time silent_as_a_whole = 2 * second_ns;

}  // namespace

Shard::Clock::time_point Shard::next_renewal() const {
    std::random_device random;
    auto const& timing = context_.timing;
    std::uniform_int_distribution<std::int64_t> pause{timing.renew_min.count(), timing.renew_max.count()};
    return Clock::now() + std::chrono::milliseconds{pause(random)};
}

void Shard::look_after_renewal() {
    auto const now = Clock::now();
    if (feed_.overlaps && successor_ == nullptr && stands_ && now >= overlaps_until_) feed_.overlaps = false;
    if (stands_ && successor_ == nullptr && !lost_ && now >= renew_at_) context_.renew(*this);
}

void Shard::stalled(Market& market) {
    if (!open_ || lost_) return;
    // Not only this market: nothing came of any other either, and all that was missed is a gap.
    if (context_.host.now() - last_data_ >= silent_as_a_whole) return cut("stalled");
    context_.host.warning(
        fmt::format("connection {} is replaced: it is silent about market {}", number_, market.id));
    context_.host.count("stalled_markets");
    coverage_.open(market.id, market.heard != 0 ? market.heard : context_.host.now(), "stalled");
    Prices::lost(market);
    for (auto const& token : market.tokens) await_book(token.id, context_.timing.book_wait);
    if (successor_ == nullptr) context_.renew(*this);
}

void Shard::succeed_with(Shard& next) {
    successor_ = &next;
    next.stands_ = false;
    next.feed_.overlaps = feed_.overlaps = true;
    for (auto* const market : markets_) next.share(*market);
}

void Shard::give_up_successor() {
    successor_ = nullptr;
    overlaps_until_ = Clock::now() + context_.timing.overlap;
    renew_at_ = Clock::now() + context_.timing.renew_again;
}

bool Shard::confirmed() const {
    if (!open_ || !got_data_ || wanted_.to_add() != 0) return false;
    return std::none_of(pending_.begin(), pending_.end(), [&](auto const& entry) {
        auto const* const token = context_.prices.token(entry.first);
        return token != nullptr && token->live;
    });
}

void Shard::take_over(Shard& old) {
    stands_ = true;
    // What the old connection brought may be ahead of this one for as long as both lag.
    overlaps_until_ = Clock::now() + context_.timing.overlap;
    renew_at_ = next_renewal();
    coverage_.take_over(old.coverage_);
    for (auto* const market : markets_) market->shard = this;
    old.successor_ = nullptr;
    old.retire();
    lost_ = !pending_.empty() && old.lost_;
    context_.host.count("renewals");
    recover(nullptr);
}

void Shard::retire() {
    retired_ = true;
    markets_.clear();
    tokens_ = 0;
    open_ = false;
    if (socket_) socket_->cut();
}

}  // namespace arb::polymarket
