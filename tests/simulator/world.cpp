#include "simulator/world.hpp"

#include <algorithm>
#include <array>

#include "simulator/names.hpp"

namespace arb::simulator {
namespace {

constexpr std::size_t trades_kept = 200'000;  // what the venues' trade listings reach back to
constexpr std::size_t levels_max = 30;  // per side; enough to see depth, few enough to hash at every change
constexpr std::size_t shared_events_max = 6;   // events both venues have
constexpr std::size_t shared_markets_max = 5;  // of each of them
constexpr std::size_t combo_numbers = 900;     // above those of an event's own markets
constexpr std::int64_t day_ms = 24 * 3600 * 1000;

struct Grid {
    char const* name;
    std::int64_t finest;
};
constexpr std::array kalshi_grids = std::to_array<Grid>({{"linear_cent", 10'000},
                                                         {"tapered_deci_cent", 1'000},
                                                         {"deci_cent", 1'000},
                                                         {"center_centi_edge_centi_cent", 100}});
constexpr std::array<std::int64_t, 5> polymarket_ticks = {10'000, 1'000, 2'500, 100, 5'000};

}  // namespace

std::int64_t Market::tick_at(std::int64_t price) const {
    if (grid == "tapered_deci_cent") return price < 100'000 || price > 900'000 ? 1'000 : 10'000;
    return tick;
}

World::World(Settings const& settings) : settings_{settings}, random_{settings.seed} {
    if (settings.flood != 0) {
        build(2, settings.flood_markets);
    } else {
        build(std::max(settings.events, 2U), std::max(settings.markets, 2U));
        hold_back();
    }
}

void World::build(std::size_t events, std::size_t markets) {
    bool const flood = settings_.flood != 0;
    std::size_t const each = std::max<std::size_t>(events / 2, 1);
    std::size_t const per_event = flood ? markets : std::max<std::size_t>(markets / 2 / each, 1);
    for (std::size_t e = 0; e != each; ++e) {
        auto& kalshi = add_event(Venue::kalshi, e, e);
        auto& polymarket = add_event(Venue::polymarket, e, e + 3);
        for (std::size_t n = 0; n != per_event; ++n) {
            questions_.push_back({random_.between(6, 94) * 10'000});
            auto const question = questions_.size() - 1;
            auto& a = add_market(kalshi, question, n);
            if (flood && n != 0) continue;
            bool const shared = e < shared_events_max && n < shared_markets_max;
            if (!shared) questions_.push_back({random_.between(6, 94) * 10'000});
            auto& b = add_market(polymarket, questions_.size() - 1, n);
            if (!shared) continue;
            // A few pairs disagree by more than any fee: the arbitrage a scanner must find.
            b.inverse = n % 4 == 3;
            b.offset = (n % 3 == 1 ? 60'000 : 5'000) * (b.inverse ? -1 : 1);
            if (b.inverse) b.title = "Will this not happen? " + b.title;
            pairs_.push_back({a.index, b.index, b.inverse});
        }
    }
    for (std::size_t n = 0; n != 3 && !flood; ++n) {
        // Combos: listed among the markets, never among the events, and nobody should be looking.
        auto& combo = add_market(events_[0], 0, combo_numbers + n);
        events_[0].markets.pop_back();
        combo.combo = true;
        by_id_.erase("kalshi/" + combo.id);
        combo.id = "KXMVESIM-S2026" + random_.hex(8) + "-" + random_.hex(6);
        combo.bids.clear();
        combo.asks.clear();
        by_id_["kalshi/" + combo.id] = combo.index;
        std::erase(open_, combo.index);
    }
}

Event& World::add_event(Venue venue, std::size_t topic_number, std::size_t hostile) {
    auto const& topic = topics[topic_number % topics.size()];
    auto const month = months[topic_number / topics.size() % months.size()];
    auto const round = std::to_string(topic_number);
    auto& event = events_.emplace_back();
    event.venue = venue;
    event.index = events_.size() - 1;
    event.series = topic.series;
    event.category = topic.category;
    event.title = filled(topic.title, month);
    event.subtitle = filled(topic.subtitle, month);
    if (hostile % 3 == 1) event.title.append(" ").append(hostile_texts[hostile / 3 % hostile_texts.size()]);
    event.slug = std::string{topic.slug} + '-' + round;
    event.id = venue == Venue::kalshi
                   ? std::string{topic.series} + "-26DEC" + (round.size() < 2 ? "0" : "") + round
                   : std::to_string(610'000 + event.index);
    event.exclusive = topic_number % 2 == 0;
    event.neg_risk_id = "0x" + random_.hex(62) + "00";
    event.created_ms = event.updated_ms = now_ms() - day_ms * random_.between(2, 60);
    by_event_[std::string{name_of(venue)} + '/' + event.id] = event.index;
    return event;
}

Market& World::add_market(Event& event, std::size_t question, std::size_t number) {
    auto& market = markets_.emplace_back();
    market.venue = event.venue;
    market.index = markets_.size() - 1;
    market.event = event.index;
    market.question = question;
    market.uuid = random_.uuid();
    market.created_ms = market.updated_ms = event.created_ms;
    market.open_ms = event.created_ms + 300'000;
    market.close_ms = now_ms() + day_ms * random_.between(5, 90);
    name(market, event, number);
    event.markets.push_back(market.index);
    by_id_[std::string{name_of(market.venue)} + '/' + market.id] = market.index;
    for (auto const& token : market.tokens) by_token_[token] = market.index;
    // Every eleventh has no orders on one side, every thirteenth none at all, as real quiet markets.
    if (settings_.flood == 0) fill_book(market);
    open_.push_back(market.index);
    return market;
}

void World::name(Market& market, Event const& event, std::size_t number) {
    auto const& topic = topics[event.index / 2 % topics.size()];
    market.title = filled(topic.question, std::to_string(number + 1));
    if (market.index % 7 == 3)
        market.title.append(" ").append(hostile_texts[market.index / 7 % hostile_texts.size()]);
    market.rules = "If the answer to \"" + market.title +
                   "\" is yes, then the market resolves to Yes.\n\nSources decide.";
    if (market.index % 29 == 5) market.rules.append(20'000, 'x');
    if (event.venue == Venue::kalshi) {
        // A dot in the ticker: the venue's own documentation says there is none.
        market.id = event.id + "-T" + std::to_string(number) + (number % 2 == 0 ? ".50" : "");
        auto const& grid = kalshi_grids[market.index / 2 % kalshi_grids.size()];
        market.grid = grid.name;
        market.tick = grid.finest;
        market.outcomes = {"Yes", "No"};
        return;
    }
    market.version_2 = market.index % 9 == 4;
    market.id = market.version_2 ? "0x01" + random_.hex(60) : "0x" + random_.hex(64);
    market.gamma_id = std::to_string(5'200'000 + market.index);
    market.tokens = {random_.digits(77), random_.digits(76)};
    market.outcomes = number % 3 == 2 ? std::vector<std::string>{"Harbour Town", "Mill City"}
                                      : std::vector<std::string>{"Yes", "No"};
    market.tick = polymarket_ticks[market.index / 2 % polymarket_ticks.size()];
    market.size_unit = 1;
    market.neg_risk = event.exclusive;
}

void World::fill_book(Market& market) {
    Action ignored{now_ms(), {}, {}};
    if (market.index % 13 == 12) return;
    auto const middle = centre(market);
    for (int side = 0; side != 2; ++side) {
        if (market.index % 11 == 10 && side == 1) break;
        auto price = middle;
        auto const levels = random_.between(2, 12);
        for (std::int64_t n = 0; n != levels; ++n) {
            auto const tick = market.tick_at(price);
            price += (side == 0 ? -1 : 1) * tick * random_.between(1, 3);
            price -= price % market.tick_at(price);
            if (price < market.tick_at(price) || price > ARB_UNIT - market.tick_at(price)) break;
            if (price == middle) continue;
            change(market, ignored, side == 0, price, random_size(market));
        }
    }
    market.book_ms = ignored.ms - random_.between(0, 600'000);
}

std::int64_t World::centre(Market const& market) const {
    auto const true_price = questions_[market.question].probability;
    auto price = (market.inverse ? ARB_UNIT - true_price : true_price) + market.offset;
    price = std::clamp<std::int64_t>(price, 20'000, 980'000);
    return price - price % market.tick_at(price);
}

std::int64_t World::random_size(Market const& market) {
    if (random_.chance(4)) return market.size_unit;  // 0.01 contracts, 0.000001 shares
    if (random_.chance(30)) return random_.between(1, 3000) * ARB_UNIT;
    auto const size = random_.between(1, 2'000'000'000);
    return size - size % market.size_unit + market.size_unit;
}

void World::change(Market& market, Action& action, bool bid, std::int64_t price, std::int64_t delta) {
    auto& side = bid ? market.bids : market.asks;
    auto& level = side[price];
    level += delta;
    auto const size = level;
    if (size == 0) side.erase(price);
    market.book_ms = action.ms;
    action.changes.push_back({bid, price, delta, size});
}

void World::place(Market& market, Action& action) {
    bool const bid = random_.chance(50);
    auto const middle = centre(market);
    auto const tick = market.tick_at(middle);
    auto const away = tick * (random_.chance(60) ? random_.between(1, 4) : random_.between(1, 25));
    auto price = bid ? middle - away : middle + away;
    price -= price % market.tick_at(price);
    if (price < market.tick_at(price) || price > ARB_UNIT - market.tick_at(price)) return;
    // An order that would cross is a trade, not a resting order.
    if (bid && !market.asks.empty() && price >= market.best_ask()) return trade(market, action, true);
    if (!bid && !market.bids.empty() && price <= market.best_bid()) return trade(market, action, false);
    if ((bid ? market.bids : market.asks).size() >= levels_max) return cancel(market, action);
    change(market, action, bid, price, random_size(market));
}

void World::cancel(Market& market, Action& action) {
    bool const bid = market.asks.empty() || (!market.bids.empty() && random_.chance(50));
    auto& side = bid ? market.bids : market.asks;
    if (side.empty()) return;
    auto const steps = static_cast<std::ptrdiff_t>(random_.below(std::min<std::size_t>(side.size(), 8)));
    auto const level = bid ? *std::prev(side.end(), steps + 1) : *std::next(side.begin(), steps);
    bool const partly = level.second > 2 * market.size_unit && random_.chance(40);
    auto const left = partly ? level.second / 2 - level.second / 2 % market.size_unit : 0;
    change(market, action, bid, level.first, left - level.second);
    // A re-priced order is two changes at the same instant.
    if (!partly && random_.chance(20)) place(market, action);
}

void World::trade(Market& market, Action& action, bool taker_buys) {
    auto& side = taker_buys ? market.asks : market.bids;
    if (side.empty()) return;
    auto wanted = random_size(market) * (random_.chance(20) ? 3 : 1);
    auto const hash = "0x" + random_.hex(64);
    bool const block = market.venue == Venue::kalshi && random_.chance(2);
    int const printed = market.venue == Venue::polymarket && random_.chance(40) ? 1 : 0;
    for (int fills = 0; fills != 5 && wanted > 0 && !side.empty(); ++fills) {
        auto const level = taker_buys ? *side.begin() : *side.rbegin();
        auto const size = std::min(wanted, level.second);
        // Negotiated off the book: printed, but no level changes.
        if (!block) change(market, action, !taker_buys, level.first, -size);
        Trade const made{market.index, market.venue == Venue::kalshi ? random_.uuid() : hash,
                         level.first,  size,
                         taker_buys,   printed,
                         block,        action.ms};
        action.trades.push_back(made);
        auto& kept = trades_[static_cast<int>(market.venue)];
        kept.push_back(made);
        if (kept.size() > trades_kept) kept.pop_front();
        market.last_price = level.first;
        market.last_size = size;
        market.printed_price = printed == 1 ? ARB_UNIT - level.first : level.first;
        market.volume += size;
        market.volume_24h += size;
        market.open_interest += random_.chance(50) ? size : 0;
        wanted -= size;
        if (block) break;
    }
}

unsigned World::play(Market& market) {
    Action action{now_ms(), {}, {}};
    auto const middle = centre(market);
    if (random_.chance(1)) {
        // A side empties, as before every resolution and in thin markets at night.
        bool const bid = random_.chance(50);
        auto const levels = bid ? market.bids : market.asks;
        if (levels.size() <= 3)
            for (auto const& [price, size] : levels) change(market, action, bid, price, -size);
    } else if (!market.bids.empty() && market.best_bid() > middle) {
        trade(market, action, false);
    } else if (!market.asks.empty() && market.best_ask() < middle) {
        trade(market, action, true);
    } else {
        auto const what = random_.below(100);
        if (what < 55)
            place(market, action);
        else if (what < 80)
            cancel(market, action);
        else
            trade(market, action, random_.chance(50));
    }
    return publish(market, action);
}

unsigned World::publish(Market& market, Action const& action) {
    if (action.changes.empty() && action.trades.empty()) return 0;
    return observer(market.venue).acted(market, action);
}

unsigned World::step() {
    if (random_.chance(5)) {
        auto& question = questions_[random_.below(questions_.size())];
        question.probability =
            std::clamp<std::int64_t>(question.probability + random_.between(-2, 2) * 5'000, 30'000, 970'000);
    }
    if (open_.empty()) return 0;
    auto& market = markets_[open_[random_.below(open_.size())]];
    return market.trades() ? play(market) : 0;
}

Market* World::find(Venue venue, std::string const& id) {
    auto const found = by_id_.find(std::string{name_of(venue)} + '/' + id);
    return found == by_id_.end() ? nullptr : &markets_[found->second];
}

Market* World::find_token(std::string const& token) {
    auto const found = by_token_.find(token);
    return found == by_token_.end() ? nullptr : &markets_[found->second];
}

Event* World::find_event(Venue venue, std::string const& id) {
    auto const found = by_event_.find(std::string{name_of(venue)} + '/' + id);
    return found == by_event_.end() ? nullptr : &events_[found->second];
}

}  // namespace arb::simulator
