// What is new by the clock: markets born while a run goes on, and rolling ones, of which one follows the
// other.
#include "simulator/world.hpp"

namespace arb::simulator {
namespace {

constexpr double births_owed_max = 2;  // after a stall the lost ones are not made up for
constexpr std::int64_t opening_notice_ms =
    3'000;                                    // between a scheduled market's announcement and its opening
constexpr std::size_t scheduled_every = 4;    // of Kalshi's new markets one in so many opens later
constexpr std::size_t unannounced_every = 5;  // of Polymarket's resolutions one in so many is never told
constexpr std::int64_t result_after = 10;     // a rolling market's result comes after a tenth of its life

std::int64_t whole_seconds(std::int64_t ms) { return (ms + 999) / 1000 * 1000; }

}  // namespace

void World::rename(Event& event, std::string const& id) {
    auto& names = by_event_[static_cast<int>(event.venue)];
    names.erase(event.id);
    event.id = id;
    names[event.id] = event.index;
}

// A market nobody knows yet and nobody has ordered in.
Market& World::add_new(Event& event, std::int64_t now) {
    event.created_ms = event.updated_ms = now;
    event.listed_ms = now + settings_.listing_lag_ms;
    questions_.push_back({random_.between(20, 80) * 10'000});
    auto& market = add_market(event, questions_.size() - 1, event.markets.size());
    market.created_ms = market.updated_ms = market.open_ms = now;
    market.listed_ms = event.listed_ms;
    market.bids.clear();
    market.asks.clear();
    return market;
}

// It opens later, without a word on the wire.
void World::schedule(Market& market, std::int64_t open_ms) {
    market.status = Status::unopened;
    market.open_ms = whole_seconds(open_ms);
    at(market.open_ms, [this, index = market.index] {
        auto& opened = markets_[index];
        return set_status(opened, Status::open) + first_orders(opened);
    });
}

unsigned World::announce(Market& market) {
    auto& venue = observer(market.venue);
    auto const frames = venue.event_created(events_[market.event]) + venue.market_created(market);
    return frames + (market.trades() ? first_orders(market) : 0);
}

unsigned World::first_orders(Market& market) {
    Action action{now_ms(), {}, {}};
    fill_book(market, action);
    return publish(market, action);
}

unsigned World::bear(Venue venue, std::int64_t now) {
    auto& event = add_event(venue, next_topic_++, 0);
    auto& market = add_new(event, now);
    if (venue == Venue::kalshi && ++births_ % scheduled_every == 0) schedule(market, now + opening_notice_ms);
    return announce(market);
}

// The next of a series that asks the same again and again: announced one life ahead.
unsigned World::roll(Venue venue, std::int64_t now) {
    auto const life = static_cast<std::int64_t>(settings_.rolling * 1000);
    bool const kalshi = venue == Venue::kalshi;
    auto& event = add_event(venue, next_topic_++, 0);
    auto const number = std::to_string(rolls_);
    event.slug = "coin-updown-" + number;
    event.title = "Coin up or down, number " + number;
    event.category = "Crypto";
    event.exclusive = false;
    if (kalshi) rename(event, event.series + "-26ROLL" + number);
    auto& market = add_new(event, now);
    market.close_ms = whole_seconds(now + 2 * life);
    if (kalshi) {
        schedule(market, now + life);
    } else {
        market.outcomes = {"Up", "Down"};
        market.announced = rolls_ % unannounced_every != unannounced_every - 1;
    }
    at(market.close_ms, [this, index = market.index] { return end_rolling(markets_[index]); });
    return announce(market);
}

// It closes by its time, its book empties, and the rest follows by itself.
unsigned World::end_rolling(Market& market) {
    auto const wait = static_cast<std::int64_t>(settings_.rolling * 1000) / result_after;
    auto const index = market.index;
    auto const frames =
        set_status(market, market.venue == Venue::kalshi ? Status::closed : Status::paused) + drain(market);
    at(now_ms() + wait, [this, index] {
        auto& over = markets_[index];
        bool const announced = over.announced;
        choose_result(over);
        over.announced = over.announced && announced;
        return set_status(over, Status::determined);
    });
    at(now_ms() + 2 * wait, [this, index] {
        auto& over = markets_[index];
        over.settled_ms = now_ms();
        return set_status(over, Status::settled);
    });
    return frames;
}

unsigned World::turn(std::int64_t now) {
    unsigned frames = 0;
    while (!agenda_.empty() && agenda_.begin()->first <= now) {
        auto const deed = std::move(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        frames += deed();
    }
    if (settings_.births > 0 && born_ms_ != 0)
        due_births_ = std::min(due_births_ + static_cast<double>(now - born_ms_) / 1000 * settings_.births,
                               births_owed_max);
    born_ms_ = now;
    for (; due_births_ >= 1; --due_births_)
        frames += bear(next_topic_ % 2 == 0 ? Venue::kalshi : Venue::polymarket, now);
    if (settings_.rolling > 0 && static_cast<double>(now - rolled_ms_) >= settings_.rolling * 1000) {
        rolled_ms_ = now;
        frames += roll(Venue::kalshi, now) + roll(Venue::polymarket, now);
        ++rolls_;
    }
    return frames;
}

}  // namespace arb::simulator
