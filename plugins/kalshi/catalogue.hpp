// The catalogue: every open event with its markets, swept over REST and pushed where it changed; markets that
// leave the open set until their final state is known; what the stream says of single markets in between.
//
// Thread safety: none; on the venue's thread. Keeps about 200 bytes a market, never a row.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "decode_rest.hpp"
#include "health.hpp"
#include "options.hpp"
#include "rest.hpp"
#include "venue/change_filter.hpp"
#include "venue/gaps.hpp"
#include "venue/outbox.hpp"

namespace arb::kalshi {

class Catalogue {
  public:
    struct Parts {
        Host host;
        Settings const& settings;
        Outbox& outbox;
        Gaps& gaps;
        Rest& rest;
        Health& health;
        // The markets that prices are to be had of: selected, and not closed yet.
        std::function<void(std::vector<std::string> const&)> wanted;
    };
    explicit Catalogue(Parts parts) : parts_{std::move(parts)} {}

    // Both run until the instance stops.
    net::asio::awaitable<void> sweep_for_ever();
    net::asio::awaitable<void> look_for_ever();

    // Whether this market is collected. Before the first sweep is through nobody knows; then without `select`
    // all are.
    bool wants(std::string_view market) const;

    // A sweep was through.
    bool complete() const { return complete_; }

    // A frame said that a market or event changed: it is read again soon.
    void changed(std::string_view market, std::string_view event, int lifecycle);
    // Frames of that kind were missed: everything is read again soon.
    void sweep_soon() { sweep_now_ = true; }

  private:
    struct Known {
        std::string event;
        int lifecycle = ARB_LIFECYCLE_NONE;
        unsigned sweep = 0;   // in which it was last seen
        unsigned absent = 0;  // how many times in a row the venue did not list it by its ticker
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    template<class Value>
    using Table = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

    net::asio::awaitable<Result<>> sweep();
    net::asio::awaitable<Result<>> read_series_table();
    net::asio::awaitable<Result<>> read_events(std::string target);
    net::asio::awaitable<Result<>> follow_leavers();
    net::asio::awaitable<Result<>> read_leavers(char const* path, std::vector<std::string> const& tickers);
    net::asio::awaitable<void> look_in_history(std::vector<std::string> tickers);
    net::asio::awaitable<void> look(std::vector<std::string> events);
    void swept(Result<> const& result, arb_time began);
    void take_events(Document const& page, bool once);
    void take_event(EventRow const& event);
    bool take_market(MarketRow const& market, EventRow const& event, EventContext const& context);
    void push_market(MarketRow const& market, Fee const& fee, Known& known);
    void push_status(MarketRow const& market);
    void forget_final();
    void announce();
    void log_selection();
    std::vector<std::string> sweep_targets() const;

    Parts const parts_;
    SeriesTable series_;
    arb_time series_read_ = 0;
    ChangeFilter filter_;
    Table<Known> markets_;
    Table<Fee> fees_;                                // of events with selected markets
    std::unordered_set<std::string> swept_events_;   // of the sweep that runs
    std::set<std::string, std::less<>> look_again_;  // events
    std::size_t page_ = 200;                         // events on a page; halved when a page was too large
    unsigned sweep_ = 0;
    bool sweep_now_ = false;
    bool complete_ = false;  // a sweep was through
    arb_time complete_until_ = 0;
    std::map<std::string, std::size_t, std::less<>> left_out_;  // markets by the rule, in this sweep
    std::size_t selected_ = 0;
    std::string logged_;
};

}  // namespace arb::kalshi
