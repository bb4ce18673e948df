// The lives of markets: what opens, moves, closes, is decided and paid while a run goes on.
#include <algorithm>

#include "simulator/world.hpp"

namespace arb::simulator {
namespace {

// When each phase of the story is due, as a share of the run.
constexpr double phases[] = {0.10, 0.20, 0.30, 0.40, 0.45, 0.50, 0.60, 0.70, 0.80};
constexpr std::int64_t soon_ms = 3'600'000;  // a market said to open within the hour opens with its phase

}  // namespace

// An open market whose end would hurt nothing else: not of a pair, and of that venue.
Market* World::candidate(Venue venue) {
    for (auto& market : markets_) {
        if (market.venue != venue || market.combo || market.status != Status::open) continue;
        bool const paired = std::any_of(pairs_.begin(), pairs_.end(), [&](Pair const& pair) {
            return pair.kalshi == market.index || pair.polymarket == market.index;
        });
        if (!paired && &market != closing_[0] && &market != closing_[1]) return &market;
    }
    return nullptr;
}

// One market of each venue waits for its opening.
void World::hold_back() {
    for (auto const venue : {Venue::kalshi, Venue::polymarket}) {
        auto* const market = candidate(venue);
        if (market == nullptr) continue;
        market->status = Status::unopened;
        market->open_ms = now_ms() + soon_ms;
        market->bids.clear();
        market->asks.clear();
        closing_[static_cast<int>(venue)] = market;
    }
}

unsigned World::set_status(Market& market, Status status) {
    auto const before = market.status;
    market.status = status;
    market.updated_ms = now_ms();
    events_[market.event].updated_ms = market.updated_ms;
    return observer(market.venue).status_changed(market, before);
}

// Resting orders are cancelled level by level.
unsigned World::drain(Market& market) {
    unsigned frames = 0;
    while (!market.bids.empty() || !market.asks.empty()) {
        Action action{now_ms(), {}, {}};
        bool const bid = !market.bids.empty();
        auto const level = bid ? *market.bids.rbegin() : *market.asks.begin();
        change(market, action, bid, level.first, -level.second);
        frames += publish(market, action);
    }
    return frames;
}

unsigned World::add_late_event() {
    unsigned frames = 0;
    for (auto const venue : {Venue::kalshi, Venue::polymarket}) {
        auto& event = add_event(venue, 40 + late_, 0);
        event.created_ms = event.updated_ms = now_ms();
        frames += observer(venue).event_created(event);
        for (std::size_t n = 0; n != 2; ++n) {
            questions_.push_back({random_.between(20, 80) * 10'000});
            auto& market = add_market(event, questions_.size() - 1, n);
            market.created_ms = market.updated_ms = market.open_ms = now_ms();
            frames += observer(venue).market_created(market);
        }
    }
    ++late_;
    return frames;
}

// The waiting ones open, without a word on the wire.
unsigned World::open_waiting() {
    unsigned frames = 0;
    for (auto* const market : closing_) {
        if (market == nullptr) continue;
        market->open_ms = now_ms();
        frames += set_status(*market, Status::open);
    }
    return frames;
}

// Others are chosen for an early end; a pause first.
unsigned World::choose_ending() {
    closing_[0] = candidate(Venue::kalshi);
    closing_[1] = candidate(Venue::polymarket);
    return closing_[0] == nullptr ? 0 : set_status(*closing_[0], Status::paused);
}

unsigned World::change_ticks() {
    unsigned frames = 0;
    for (auto* const market : closing_) {
        if (market == nullptr) continue;
        auto const before = market->tick;
        market->tick = before == 1'000 ? 100 : 1'000;
        if (market->venue == Venue::kalshi)
            market->grid = before == 1'000 ? "center_centi_edge_centi_cent" : "deci_cent";
        market->updated_ms = now_ms();
        frames += observer(market->venue).ticks_changed(*market, before);
    }
    return frames;
}

unsigned World::close_ending() {
    unsigned frames = 0;
    if (auto* const kalshi = closing_[0]) {
        kalshi->close_ms = kalshi->updated_ms = now_ms();
        frames += observer(Venue::kalshi).close_moved(*kalshi);
        frames += set_status(*kalshi, Status::closed) + drain(*kalshi);
    }
    if (auto* const polymarket = closing_[1])
        frames += set_status(*polymarket, Status::paused) + drain(*polymarket);
    return frames;
}

unsigned World::decide() {
    unsigned frames = 0;
    for (auto* const market : closing_) {
        if (market == nullptr) continue;
        bool const yes = random_.chance(50);
        market->result =
            market->venue == Venue::kalshi ? (yes ? "yes" : "no") : market->outcomes[yes ? 0 : 1];
        market->settlement = yes ? ARB_UNIT : 0;
        frames += set_status(*market, Status::determined);
    }
    return frames;
}

unsigned World::settle() {
    unsigned frames = 0;
    for (auto* const market : closing_) {
        if (market == nullptr) continue;
        market->settled_ms = now_ms();
        frames += set_status(*market, Status::settled);
    }
    return frames;
}

unsigned World::live(double share) {
    if (settings_.flood != 0 || phase_ == std::size(phases) || share - stories_ < phases[phase_]) return 0;
    switch (phase_++) {
        case 0:
            return open_waiting();
        case 1:
            return add_late_event();
        case 2:
            return choose_ending();
        case 3:
            return closing_[0] == nullptr ? 0 : drain(*closing_[0]) + set_status(*closing_[0], Status::open);
        case 4:
            return change_ticks();
        case 5:
            return close_ending();
        case 6:
            return decide();
        case 7:
            return settle();
        default:
            break;
    }
    // A run without an end tells its story again and again.
    if (settings_.seconds <= 0) {
        phase_ = 1;
        ++stories_;
    }
    return add_late_event();
}

}  // namespace arb::simulator
