// The lives of markets: what opens, moves, closes, is decided and paid while a run goes on.
#include <algorithm>

#include "simulator/world.hpp"

namespace arb::simulator {
namespace {

// When each phase of the story is due, as a share of the run.
constexpr double phases[] = {0.10, 0.20, 0.30, 0.40, 0.45, 0.50, 0.54, 0.57, 0.60, 0.70, 0.80};
constexpr std::int64_t soon_ms = 3'600'000;  // a market said to open within the hour opens with its phase
constexpr std::int64_t day_ms = 24 * soon_ms;
constexpr std::int64_t fee_notice_ms =
    1'000;  // between the announcement of a series' new fees and their begin

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
    if (status == Status::settled) settled_.push_back(market.index);
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
        auto& event = add_event(venue, next_topic_, 0);
        event.created_ms = event.updated_ms = now_ms();
        frames += observer(venue).event_created(event);
        for (std::size_t n = 0; n != 2; ++n) {
            questions_.push_back({random_.between(20, 80) * 10'000});
            auto& market = add_market(event, questions_.size() - 1, n);
            market.created_ms = market.updated_ms = market.open_ms = now_ms();
            // Nobody can have ordered in it before it was there: its first orders are changes like all
            // others.
            market.bids.clear();
            market.asks.clear();
            frames += observer(venue).market_created(market) + first_orders(market);
        }
    }
    ++next_topic_;
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
        market->strike += ARB_UNIT;
        frames += observer(market->venue).strike_changed(*market);
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
    if (auto* const polymarket = closing_[1]; polymarket != nullptr && polymarket->trades())
        frames += set_status(*polymarket, Status::paused) + drain(*polymarket);
    return frames;
}

// Closing was too early: a later close, and trading goes on.
unsigned World::reopen() {
    auto* const kalshi = closing_[0];
    if (kalshi == nullptr) return 0;
    kalshi->close_ms = now_ms() + day_ms;
    return observer(Venue::kalshi).close_moved(*kalshi) + set_status(*kalshi, Status::open);
}

// Fees of a series are announced and then begin; those of an event begin with the announcement.
unsigned World::change_fees() {
    for (auto& event : events_)
        if (event.venue == Venue::kalshi && fee_event_ == nullptr) fee_event_ = &event;
    if (fee_event_ == nullptr) return 0;
    auto const now = now_ms();
    fee_event_->fee_type = "quadratic_with_maker_fees";
    fee_event_->fee_multiplier = 250'000;
    fee_event_->updated_ms = now;
    event_fee_changes_.push_back(
        {random_.uuid(), fee_event_->id, fee_event_->fee_type, fee_event_->fee_multiplier, now});
    auto const& ticker = series_.rbegin()->first;
    auto const begin = (now + fee_notice_ms + 999) / 1000 * 1000;
    series_fee_changes_.push_back(
        {random_.uuid(), ticker, "quadratic_with_combo_maker_fees", 1'500'000, begin});
    at(begin, [this, change = series_fee_changes_.back()] {
        auto& series = series_.at(change.subject);
        series.fee_type = change.type;
        series.fee_multiplier = change.multiplier;
        series.updated_ms = change.ms;
        return observer(Venue::kalshi).series_fees_changed(change);
    });
    return observer(Venue::kalshi).event_fees_changed(*fee_event_);
}

unsigned World::clear_fees() {
    if (fee_event_ == nullptr) return 0;
    fee_event_->fee_type.clear();
    fee_event_->fee_multiplier = ARB_ABSENT;
    fee_event_->updated_ms = now_ms();
    event_fee_changes_.push_back({random_.uuid(), fee_event_->id, "", ARB_ABSENT, fee_event_->updated_ms});
    return observer(Venue::kalshi).event_fees_changed(*fee_event_);
}

// Yes, no, or something between: Kalshi's scalar markets, Polymarket's halves, which nothing announces.
void World::choose_result(Market& market) {
    bool const yes = random_.chance(50), between = random_.below(6) == 0;
    bool const kalshi = market.venue == Venue::kalshi;
    if (between) {
        market.result = kalshi ? "scalar" : "50-50";
        market.settlement = kalshi ? 370'000 : ARB_UNIT / 2;
        market.announced = kalshi;
        return;
    }
    market.result = kalshi ? (yes ? "yes" : "no") : market.outcomes[yes ? 0 : 1];
    market.settlement = yes ? ARB_UNIT : 0;
}

unsigned World::decide() {
    unsigned frames = 0;
    for (auto* const market : closing_) {
        if (market == nullptr) continue;
        choose_result(*market);
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
            return choose_ending() + change_fees();
        case 3:
            return closing_[0] == nullptr ? 0 : drain(*closing_[0]) + set_status(*closing_[0], Status::open);
        case 4:
            return change_ticks();
        case 5:
            return close_ending();
        case 6:
            return reopen();
        case 7:
            return close_ending();
        case 8:
            return decide();
        case 9:
            return settle() + clear_fees();
        default:
            break;
    }
    // A run without an end tells its story again and again.
    if (settings_.endless()) {
        phase_ = 1;
        ++stories_;
    }
    return add_late_event();
}

bool World::story_told() const { return phase_ == std::size(phases); }

}  // namespace arb::simulator
