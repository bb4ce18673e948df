// The catalogue: every open event with its markets, swept over REST and pushed where it changed; markets that
// leave the open set until their final state is known (catalogue.cpp); what the stream says of single markets
// in between, and what is due by the clock (catalogue_news.cpp).
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
#include "drift.hpp"
#include "fees.hpp"
#include "health.hpp"
#include "options.hpp"
#include "rest.hpp"
#include "series.hpp"
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
        Drift& drift;
        Health& health;
        // The markets that prices are to be had of: selected, and not closed yet.
        std::function<void(std::vector<std::string> const&)> wanted;
        // Some that come in addition, before the next word of all.
        std::function<void(std::vector<std::string> const&)> wanted_more;
    };
    explicit Catalogue(Parts parts);

    // Both run until the instance stops.
    net::asio::awaitable<void> sweep_for_ever();
    net::asio::awaitable<void> look_for_ever();

    // Whether this market is collected. Before the first sweep is through nobody knows; then without `select`
    // all are.
    bool wants(std::string_view market) const;

    // A sweep was through.
    bool complete() const { return complete_; }

    // A frame said that a market was created. If the selection lets it in it is one of ours from now on,
    // before REST lists it.
    void created(std::string_view market, std::string_view event, arb_time closes_at);
    // A frame said that a market changed: its event is read again soon. What the frame said stands against
    // lists that lag behind it, for a while.
    struct News {
        std::string_view market, event;
        std::string_view word;  // the venue's
        int lifecycle = ARB_LIFECYCLE_NONE;
        arb_time closes_at = 0;  // 0: it does not say
    };
    void changed(News const& news);
    // A frame told of an event, which comes before those of its markets.
    void event_created(std::string_view event, std::string_view series);
    // A frame told of the fee of an event.
    void fee_changed(FeeSchedule schedule);
    // Frames of that kind were missed: everything is read again soon.
    void sweep_soon() { sweep_now_ = true; }

  private:
    struct Known {
        std::string event;
        int lifecycle = ARB_LIFECYCLE_NONE;
        unsigned sweep = 0;   // in which it was last seen
        unsigned absent = 0;  // how many times in a row the venue did not list it by its ticker
        bool read = false;    // over REST; a frame alone may have told of it
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    // What a frame said of a market, and of the fee of an event.
    struct Told {
        arb_time at = 0;
        std::string word;
        int lifecycle = ARB_LIFECYCLE_NONE;
        arb_time closes_at = 0;
        bool more = false;  // something that a row shows and this does not hold: ticks, a strike
    };
    struct ToldFee {
        arb_time at = 0;
        std::optional<Fee> fee;
    };
    template<class Value>
    using Table = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

    // catalogue.cpp
    net::asio::awaitable<Result<>> sweep();
    net::asio::awaitable<Result<>> read_events(std::string target);
    net::asio::awaitable<Result<>> read_combos();
    net::asio::awaitable<Result<>> follow_leavers();
    net::asio::awaitable<Result<>> read_leavers(char const* path, std::vector<std::string> const& tickers);
    net::asio::awaitable<Result<>> give_up(std::vector<std::string> tickers);
    net::asio::awaitable<Result<>> ask_by_name(std::string ticker);
    void swept(Result<> const& result, arb_time began);
    void take_events(Document const& page, bool once);
    void take_event(EventRow event);
    bool take_market(MarketRow const& market, EventRow const& event, EventContext const& context);
    Known* take_up(std::string_view market, std::string_view event, Candidate const& candidate);
    void push_market(MarketRow const& market, Fee const& fee, Known& known);
    void push_status(MarketRow const& market);
    void forget_final();
    void announce();
    void announce_fresh();
    void log_selection();

    // catalogue_news.cpp
    net::asio::awaitable<void> look(std::vector<std::string> events);
    net::asio::awaitable<bool> look_at_combo(std::string event);
    net::asio::awaitable<void> look_for_events(std::vector<std::string> markets);
    void look_at(std::string_view event, arb_time due);
    void set_right(MarketRow& market);
    void set_right(MarketRow& market, Told& told, arb_time now);
    void set_right(EventRow& event);
    void forget_told();
    void look_again_at_unread(std::vector<std::string> const& events);
    void foresee(MarketRow const& market);
    bool may_collect(std::string_view event, std::string_view series) const;
    std::string_view series_of(std::string_view event) const;

    Parts const parts_;
    Fees fees_;
    SeriesBook series_;
    ChangeFilter filter_;
    Table<Known> markets_;
    Table<Fee> event_fees_;                         // of events with selected markets
    std::unordered_set<std::string> swept_events_;  // of the sweep that runs
    Table<Told> told_;                              // markets that frames told of a moment ago
    Table<ToldFee> told_fees_;                      // events
    Table<arb_time> look_again_;                    // events, and when
    Table<std::string> series_of_events_;           // as frames told, until the next sweep
    std::set<std::string, std::less<>> unknown_;    // markets that frames named, and nothing else did
    Table<unsigned> unread_;                        // markets that REST has not listed yet; looks in vain
    std::vector<std::string> fresh_;                // taken up and not announced
    std::size_t page_ = 200;                        // events on a page; halved when a page was too large
    unsigned sweep_ = 0;
    bool sweep_now_ = false;
    bool complete_ = false;  // a sweep was through
    bool put_off_ = false;   // a sweep waits, because the queue is nearly full
    arb_time complete_until_ = 0;
    std::map<std::string, std::size_t, std::less<>> left_out_;  // markets by the rule, in this sweep
    std::size_t selected_ = 0;
    std::string logged_;
};

// Where the events that `select` can let in are listed: open ones, and those that will open before the next
// sweep; `page` of them at a time.
std::vector<std::string> sweep_targets(Select const& select, std::size_t page);

}  // namespace arb::kalshi
