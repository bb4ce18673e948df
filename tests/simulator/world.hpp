// The invented world behind both venues: events, markets, and order books whose levels add up. Seeded: the
// same settings give the same world and the same sequence of actions.
//
// Thread safety: none. Prices and sizes are millionths, times Unix milliseconds; books are those of outcome
// 0.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "simulator/settings.hpp"
#include "simulator/text.hpp"

namespace arb::simulator {

inline constexpr std::size_t gamma_ids_from = 5'200'000;  // Polymarket's number of the world's first market

enum class Venue { kalshi, polymarket };
enum class Status { unopened, open, paused, closed, determined, settled };

inline char const* name_of(Venue venue) { return venue == Venue::kalshi ? "kalshi" : "polymarket"; }
inline char const* name_of(Status status) {
    constexpr char const* names[] = {"unopened", "open", "paused", "closed", "determined", "settled"};
    return names[static_cast<int>(status)];
}

// What both venues may ask about; markets of one question move together.
struct Question {
    std::int64_t probability;
};

struct Market {
    Venue venue;
    std::size_t index, event;
    std::string id;        // ticker or condition id
    std::string uuid;      // Kalshi's market_id
    std::string gamma_id;  // Polymarket's own number
    std::vector<std::string> tokens;
    std::vector<std::string> outcomes;
    std::string title, rules;
    std::string grid;  // Kalshi's price_level_structure
    std::int64_t tick = 10'000;
    std::int64_t size_unit = 10'000;  // the smallest step of a size
    bool neg_risk = false, version_2 = false, combo = false;
    std::size_t question = 0;
    std::int64_t offset = 0;  // of this venue's opinion
    std::int64_t strike = 3'500'000;
    std::int64_t fee_rate = ARB_ABSENT;  // Polymarket's own schedule; absent: no fees
    bool sampled = true;                 // the ledger holds its quotes and books
    bool announced = true;               // its resolution is told on the stream
    bool inverse = false;                // pays when the question is not true

    Status status = Status::open;
    std::int64_t created_ms = 0, open_ms = 0, close_ms = 0, updated_ms = 0, settled_ms = 0;
    std::int64_t listed_ms = 0;  // since when listings know it
    std::string result;
    std::int64_t settlement = ARB_ABSENT;

    std::map<std::int64_t, std::int64_t> bids, asks;  // price -> size
    std::int64_t book_ms = 0;                         // of the last change
    std::int64_t last_price = ARB_ABSENT, last_size = 0, volume = 0, volume_24h = 0, open_interest = 0;
    std::int64_t printed_price = ARB_ABSENT;  // as the newest trade was printed, of either token

    std::int64_t best_bid() const { return bids.empty() ? ARB_ABSENT : bids.rbegin()->first; }
    std::int64_t best_ask() const { return asks.empty() ? ARB_ABSENT : asks.begin()->first; }
    std::int64_t bid_size() const { return bids.empty() ? 0 : bids.rbegin()->second; }
    std::int64_t ask_size() const { return asks.empty() ? 0 : asks.begin()->second; }
    std::int64_t tick_at(std::int64_t price) const;
    bool trades() const { return status == Status::open; }
};

struct Event {
    Venue venue;
    std::size_t index, topic;
    std::string id, series, slug, title, subtitle, category;
    bool exclusive = false;
    std::int64_t created_ms = 0, updated_ms = 0, listed_ms = 0;
    // Kalshi's override of the fees of its series; empty and absent: there is none.
    std::string fee_type;
    std::int64_t fee_multiplier = ARB_ABSENT;
    std::string neg_risk_id;
    std::vector<std::size_t> markets;
};

// Kalshi's, with the fees of all its events.
struct Series {
    std::string ticker, category, fee_type;
    std::int64_t fee_multiplier;
    std::int64_t updated_ms;
};

// A change of fees: of a series, scheduled; of an event, made. Without a type: the override was cleared.
struct FeeChange {
    std::string id, subject, type;
    std::int64_t multiplier;
    std::int64_t ms;
};

struct Trade {
    std::size_t market;
    std::string id;            // Kalshi's trade id, Polymarket's transaction hash
    std::int64_t price, size;  // in terms of outcome 0
    bool taker_buys;           // outcome 0
    int printed_outcome;       // which token's print it is
    bool block;
    std::int64_t ms;
};

struct Change {
    bool bid;
    std::int64_t price, delta, size;  // size: the level's new total
};

// One step of the matching engine: everything in it has the same time.
struct Action {
    std::int64_t ms;
    std::vector<Change> changes;
    std::vector<Trade> trades;
};

struct Pair {
    std::size_t kalshi, polymarket;
    bool inverse;
};

// Who makes frames of what happens. Each function returns how many frames it made.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual unsigned acted(Market const& market, Action const& action) = 0;
    virtual unsigned event_created(Event const& event) = 0;
    virtual unsigned market_created(Market const& market) = 0;
    virtual unsigned status_changed(Market const& market, Status before) = 0;
    virtual unsigned close_moved(Market const& market) = 0;
    virtual unsigned ticks_changed(Market const& market, std::int64_t before) = 0;
    virtual unsigned strike_changed(Market const& market) = 0;
    virtual unsigned event_fees_changed(Event const& event) = 0;
    virtual unsigned series_fees_changed(FeeChange const& change) = 0;
};

class World {
  public:
    explicit World(Settings const& settings);
    void observe(Venue venue, Observer& observer) { observers_[static_cast<int>(venue)] = &observer; }

    // One random action in some open market; how many frames it made.
    unsigned step();
    // Moves markets through their lives; call it now and then. `share`: how much of the story is told, 1 is
    // all of it; a run without an end tells it again and again.
    unsigned live(double share);
    // Of a run with an end: nothing of it is left.
    bool story_told() const;
    // What is due by the clock: new and rolling markets, scheduled openings and ends.
    unsigned turn(std::int64_t now);

    std::deque<Market>& markets() { return markets_; }
    std::deque<Event>& events() { return events_; }
    std::deque<Trade> const& trades(Venue venue) const { return trades_[static_cast<int>(venue)]; }
    std::vector<Pair> const& pairs() const { return pairs_; }
    std::map<std::string, Series> const& series() const { return series_; }
    std::vector<FeeChange> const& series_fee_changes() const { return series_fee_changes_; }
    std::vector<FeeChange> const& event_fee_changes() const { return event_fee_changes_; }
    std::vector<Market const*> settled_last_first(Venue venue) const;
    Market* find(Venue venue, std::string_view id);
    Market* find_token(std::string_view token);
    Event* find_event(Venue venue, std::string_view id);
    Random& random() { return random_; }

  private:
    struct Size {
        std::size_t events, markets;
    };
    Size size_of(Venue venue) const;
    Event& add_event(Venue venue, std::size_t topic, std::size_t hostile);
    Market& add_market(Event& event, std::size_t question, std::size_t number);
    void name(Market& market, Event const& event, std::size_t number);
    void fill_book(Market& market, Action& action);
    void hold_back();
    void build();
    void add_shared(Event& kalshi, Event& polymarket, std::size_t number);
    void add_combos();
    void choose_sample();
    std::size_t pick();
    unsigned play(Market& market);
    void place(Market& market, Action& action);
    void cancel(Market& market, Action& action);
    void trade(Market& market, Action& action, bool taker_buys);
    void change(Market& market, Action& action, bool bid, std::int64_t price, std::int64_t delta);
    std::int64_t centre(Market const& market) const;
    std::int64_t random_size(Market const& market);
    unsigned publish(Market& market, Action const& action);
    unsigned set_status(Market& market, Status status);
    unsigned drain(Market& market);
    unsigned open_waiting();
    unsigned add_late_event();
    unsigned choose_ending();
    unsigned change_ticks();
    unsigned close_ending();
    unsigned decide();
    unsigned settle();
    unsigned reopen();
    unsigned change_fees();
    unsigned clear_fees();
    void choose_result(Market& market);
    void rename(Event& event, std::string const& id);
    Market& add_new(Event& event, std::int64_t now);
    void schedule(Market& market, std::int64_t open_ms);
    unsigned announce(Market& market);
    unsigned first_orders(Market& market);
    unsigned bear(Venue venue, std::int64_t now);
    unsigned roll(Venue venue, std::int64_t now);
    unsigned end_rolling(Market& market);
    void at(std::int64_t ms, std::function<unsigned()> deed) { agenda_.emplace(ms, std::move(deed)); }
    Market* candidate(Venue venue);
    Observer& observer(Venue venue) { return *observers_[static_cast<int>(venue)]; }

    Settings settings_;
    Random random_;
    std::vector<Question> questions_;
    std::deque<Event> events_;  // deques: references stay valid as the world grows
    std::deque<Market> markets_;
    std::deque<Trade> trades_[2];  // oldest first
    std::vector<Pair> pairs_;
    // Names lie in the markets and events themselves, which never move.
    std::unordered_map<std::string_view, std::size_t> by_id_[2], by_token_, by_event_[2];
    std::vector<std::size_t> settled_;  // in their order
    std::map<std::string, Series> series_;
    std::vector<FeeChange> series_fee_changes_, event_fee_changes_;
    std::multimap<std::int64_t, std::function<unsigned()>> agenda_;
    std::int64_t born_ms_ = 0, rolled_ms_ = 0;
    double due_births_ = 0;
    std::size_t births_ = 0, rolls_ = 0, next_topic_ = 0;
    std::vector<std::size_t> open_;  // markets worth picking for an action
    Observer* observers_[2] = {};
    unsigned phase_ = 0, stories_ = 0;
    Event* fee_event_ = nullptr;  // whose fees the story changes
    Market* closing_[2] = {};
};

}  // namespace arb::simulator
