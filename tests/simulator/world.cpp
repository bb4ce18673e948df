#include "simulator/world.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "simulator/names.hpp"

namespace arb::simulator {
namespace {

constexpr std::size_t trades_kept = 200'000;  // what the venues' trade listings reach back to
constexpr std::size_t levels_max = 30;  // per side; enough to see depth, few enough to hash at every change
constexpr std::size_t shared_events_max = 6;   // events both venues have
constexpr std::size_t shared_markets_max = 5;  // of each of them
constexpr std::size_t combo_numbers = 900;     // above those of an event's own markets
constexpr std::int64_t day_ms = 24 * 3600 * 1000;
constexpr std::size_t series_topics = 80;       // events after which new series begin
constexpr std::size_t late_topics = 40;         // events that come later are numbered from here
constexpr std::size_t long_rules_below = 2000;  // markets, lest 280,000 of them fill the memory
// By topic; 0: no fees.
constexpr std::array<std::int64_t, 8> polymarket_rates = {50'000, 50'000, 70'000, 30'000,
                                                          40'000, 50'000, 40'000, 0};

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
    build();
    if (settings.flood == 0) hold_back();
    choose_sample();
}

World::Size World::size_of(Venue venue) const {
    if (settings_.flood != 0) return {1, venue == Venue::kalshi ? settings_.flood_markets : 1};
    bool const kalshi = venue == Venue::kalshi;
    auto const events = kalshi ? settings_.kalshi_events : settings_.polymarket_events;
    auto const markets = kalshi ? settings_.kalshi_markets : settings_.polymarket_markets;
    Size size{events != 0 ? events : std::max(settings_.events / 2, 1U), markets};
    // Every event of a small world has equally many markets.
    if (markets == 0)
        size.markets = size.events * std::max<std::size_t>(settings_.markets / 2 / size.events, 1);
    size.events = std::min(size.events, size.markets);
    return size;
}

void World::build() {
    Size const sizes[] = {size_of(Venue::kalshi), size_of(Venue::polymarket)};
    bool const flood = settings_.flood != 0;
    for (std::size_t e = 0; e != std::max(sizes[0].events, sizes[1].events); ++e) {
        Event* events[2] = {};
        std::size_t numbers[2] = {};
        for (auto const venue : {Venue::kalshi, Venue::polymarket}) {
            auto const v = static_cast<std::size_t>(venue);
            if (e >= sizes[v].events) continue;
            events[v] = &add_event(venue, e, venue == Venue::kalshi ? e : e + 3);
            numbers[v] =
                sizes[v].markets / sizes[v].events + (e < sizes[v].markets % sizes[v].events ? 1 : 0);
        }
        for (std::size_t n = 0; n != std::max(numbers[0], numbers[1]); ++n) {
            if (!flood && e < shared_events_max && n < shared_markets_max && n < numbers[0] &&
                n < numbers[1]) {
                add_shared(*events[0], *events[1], n);
                continue;
            }
            for (std::size_t v = 0; v != 2; ++v) {
                if (n >= numbers[v]) continue;
                questions_.push_back({random_.between(6, 94) * 10'000});
                add_market(*events[v], questions_.size() - 1, n);
            }
        }
    }
    if (!flood) add_combos();
    next_topic_ = std::max<std::size_t>({late_topics, sizes[0].events, sizes[1].events});
}

// A market of each venue that ask the same.
void World::add_shared(Event& kalshi, Event& polymarket, std::size_t number) {
    questions_.push_back({random_.between(6, 94) * 10'000});
    auto const& a = add_market(kalshi, questions_.size() - 1, number);
    auto& b = add_market(polymarket, questions_.size() - 1, number);
    // A few pairs disagree by more than any fee: the arbitrage a scanner must find.
    b.inverse = number % 4 == 3;
    b.offset = (number % 3 == 1 ? 60'000 : 5'000) * (b.inverse ? -1 : 1);
    if (b.inverse) b.title = "Will this not happen? " + b.title;
    pairs_.push_back({a.index, b.index, b.inverse});
}

// Listed among the markets, never among the events, and nobody should be looking.
void World::add_combos() {
    for (std::size_t n = 0; n != 3; ++n) {
        auto& combo = add_market(events_[0], 0, combo_numbers + n);
        events_[0].markets.pop_back();
        combo.combo = true;
        by_id_[0].erase(combo.id);
        combo.id = "KXMVESIM-S2026" + random_.hex(8) + "-" + random_.hex(6);
        combo.bids.clear();
        combo.asks.clear();
        by_id_[0][combo.id] = combo.index;
        std::erase(open_, combo.index);
    }
}

// Which markets are busy is drawn by lot; of the busiest and of all others equally many are in the sample.
void World::choose_sample() {
    if (settings_.skewed)
        for (std::size_t n = open_.size(); n > 1; --n) std::swap(open_[n - 1], open_[random_.below(n)]);
    if (settings_.sample == 0) return;
    for (auto& market : markets_) market.sampled = false;
    for (std::size_t n = 0; n != std::min<std::size_t>(settings_.sample, open_.size()); ++n)
        markets_[open_[n % 2 == 0 ? n / 2 : random_.below(open_.size())]].sampled = true;
}

Event& World::add_event(Venue venue, std::size_t topic_number, std::size_t hostile) {
    auto const& topic = topics[topic_number % topics.size()];
    auto const month = months[topic_number / topics.size() % months.size()];
    auto const round = std::to_string(topic_number), group = std::to_string(topic_number / series_topics);
    auto& event = events_.emplace_back();
    event.venue = venue;
    event.index = events_.size() - 1;
    event.topic = topic_number;
    event.series = std::string{topic.series} + (group == "0" ? "" : group);
    event.category = topic.category;
    event.title = filled(topic.title, month);
    event.subtitle = filled(topic.subtitle, month);
    if (hostile % 3 == 1) event.title.append(" ").append(hostile_texts[hostile / 3 % hostile_texts.size()]);
    event.slug = std::string{topic.slug} + '-' + round;
    event.id = venue == Venue::kalshi ? event.series + "-26DEC" + (round.size() < 2 ? "0" : "") + round
                                      : std::to_string(610'000 + event.index);
    event.exclusive = topic_number % 2 == 0;
    event.neg_risk_id = "0x" + random_.hex(62) + "00";
    event.created_ms = event.updated_ms = now_ms() - day_ms * random_.between(2, 60);
    by_event_[static_cast<int>(venue)][event.id] = event.index;
    // Index series cost half, some series charge makers, too.
    if (venue == Venue::kalshi)
        series_.try_emplace(event.series,
                            Series{event.series, event.category,
                                   series_.size() % 3 == 2 ? "quadratic_with_maker_fees" : "quadratic",
                                   series_.size() % 4 == 3 ? 500'000 : ARB_UNIT, event.created_ms});
    return event;
}

Market& World::add_market(Event& event, std::size_t question, std::size_t number) {
    auto& market = markets_.emplace_back();
    market.venue = event.venue;
    market.index = markets_.size() - 1;
    market.event = event.index;
    market.question = question;
    market.uuid = random_.uuid();
    market.created_ms = market.updated_ms = market.book_ms = event.created_ms;
    market.open_ms = event.created_ms + 300'000;
    market.close_ms = now_ms() + day_ms * random_.between(5, 90);
    name(market, event, number);
    event.markets.push_back(market.index);
    by_id_[static_cast<int>(market.venue)][market.id] = market.index;
    for (auto const& token : market.tokens) by_token_[token] = market.index;
    // Every eleventh has no orders on one side, every thirteenth none at all, as real quiet markets.
    if (settings_.flood == 0 && market.index % 13 != 12) {
        Action before_us{now_ms(), {}, {}};
        fill_book(market, before_us);
        market.book_ms = before_us.ms - random_.between(0, 600'000);
    }
    open_.push_back(market.index);
    return market;
}

void World::name(Market& market, Event const& event, std::size_t number) {
    auto const& topic = topics[event.topic % topics.size()];
    market.title = filled(topic.question, std::to_string(number + 1));
    if (market.index % 7 == 3)
        market.title.append(" ").append(hostile_texts[market.index / 7 % hostile_texts.size()]);
    market.rules = "If the answer to \"" + market.title +
                   "\" is yes, then the market resolves to Yes.\n\nSources decide.";
    if (market.index % 29 == 5 && market.index < long_rules_below) market.rules.append(20'000, 'x');
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
    market.gamma_id = std::to_string(gamma_ids_from + market.index);
    market.tokens = {random_.digits(77), random_.digits(76)};
    market.outcomes = number % 3 == 2 ? std::vector<std::string>{"Harbour Town", "Mill City"}
                                      : std::vector<std::string>{"Yes", "No"};
    market.tick = polymarket_ticks[market.index / 2 % polymarket_ticks.size()];
    market.size_unit = 1;
    market.neg_risk = event.exclusive;
    auto const fee = polymarket_rates[event.topic % polymarket_rates.size()];
    if (fee != 0) market.fee_rate = fee;
}

// The first orders, as changes of one instant.
void World::fill_book(Market& market, Action& action) {
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
            change(market, action, side == 0, price, random_size(market));
        }
    }
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

std::size_t World::pick() {
    if (!settings_.skewed) return random_.below(open_.size());
    // n^u for an even u: each market acts in inverse proportion to its rank.
    constexpr double steps = 1ULL << 53;
    auto const even = static_cast<double>(random_.below(1ULL << 53)) / steps;
    auto const rank = std::pow(static_cast<double>(open_.size()), even);
    return std::min(static_cast<std::size_t>(rank) - 1, open_.size() - 1);
}

unsigned World::step() {
    if (random_.chance(5)) {
        auto& question = questions_[random_.below(questions_.size())];
        question.probability =
            std::clamp<std::int64_t>(question.probability + random_.between(-2, 2) * 5'000, 30'000, 970'000);
    }
    if (open_.empty()) return 0;
    auto& market = markets_[open_[pick()]];
    return market.trades() ? play(market) : 0;
}

std::vector<Market const*> World::settled_last_first(Venue venue) const {
    std::vector<Market const*> out;
    for (auto at = settled_.rbegin(); at != settled_.rend(); ++at)
        if (markets_[*at].venue == venue) out.push_back(&markets_[*at]);
    return out;
}

Market* World::find(Venue venue, std::string_view id) {
    auto const& names = by_id_[static_cast<int>(venue)];
    auto const found = names.find(id);
    return found == names.end() ? nullptr : &markets_[found->second];
}

Market* World::find_token(std::string_view token) {
    auto const found = by_token_.find(token);
    return found == by_token_.end() ? nullptr : &markets_[found->second];
}

Event* World::find_event(Venue venue, std::string_view id) {
    auto const& names = by_event_[static_cast<int>(venue)];
    auto const found = names.find(id);
    return found == names.end() ? nullptr : &events_[found->second];
}

}  // namespace arb::simulator
