// What the venue lists: sweeps every open event again and again, pushes what changed, and says which markets
// are to be followed live. A market that leaves the list is asked for by name until its result is known, an
// event until it is closed, a market that was just announced or paused until it can be traded, and each at
// the times at which it says that it opens and ends: the venue does both without a word.
//
// A market whose text is the same as in the last sweep is not read again, and long pages are read in pieces,
// so that the stream has its turn in between.
//
// Thread safety: none; on the venue's thread. Memory: some hundred bytes a selected market and no row.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "arbitrage/host.hpp"
#include "polymarket/decode_catalogue.hpp"
#include "polymarket/drift.hpp"
#include "polymarket/rest.hpp"
#include "polymarket/selection.hpp"
#include "venue/change_filter.hpp"
#include "venue/gaps.hpp"
#include "venue/outbox.hpp"

namespace arb::polymarket {

class Catalogue {
  public:
    struct Events {
        std::function<void(MarketRow const&)> opened;      // selected, and its book is live
        std::function<void(std::string const& id)> ended;  // its book is no longer live
        // One that is followed was read again: its tokens may be others. May be empty.
        std::function<void(MarketRow const&)> relisted;
        // Whether the stream has its book. May be empty.
        std::function<bool(std::string const& id)> on_stream;
        // Selected, and closed within the reach without ever having been live in this run.
        std::function<void(MarketRow const&)> closed;
        // A sweep did not reach its end, and why; empty when one did.
        std::function<void(std::string const& sentence)> failed;
    };

    Catalogue(Host host, Outbox& outbox, Gaps& gaps, Drift& drift, Rest& gamma, Select const& select,
              std::chrono::milliseconds every, std::chrono::milliseconds reach, Events events);

    // Sweeps until the executor stops.
    net::asio::awaitable<void> sweep_for_ever();
    // One sweep; false if it did not reach its end.
    net::asio::awaitable<bool> sweep();
    // Markets that closed within `reach`, which no listing of open ones has: what was resolved while nothing
    // ran. True if the listing was read as far as that.
    net::asio::awaitable<bool> read_closed();
    // Looks again at single markets when asked to, until the executor stops.
    net::asio::awaitable<void> look_for_ever();

    // Reads this market again soon: it is new, or something of it changed.
    void look_again(std::string_view market_id);
    // The stream knows a new tick before the listing does.
    void set_tick(std::string_view market_id, std::int64_t tick_size);
    // The stream said that it is resolved, and what outcome 0 paid if it said so; the listing follows minutes
    // later. Where it does not, and takes orders, the market has opened again.
    void set_settled(std::string_view market_id, std::int64_t settlement_value);
    // As the listing last said; 0 where it did not.
    arb_time closes_at(std::string_view market_id) const;
    // The stream announced a market that is selected and followed already; the listing has it soon.
    void announced(std::string_view market_id, FeeSchedule const& fees, arb_time at);

    // Takes one row of a listing; `candidate` names its event.
    void take(MarketRow& row, Candidate candidate);
    // The same for one that has closed, of which nothing may be known yet.
    void take_closed(MarketRow& row, Candidate candidate);

    // Markets of the last sweep whose text was the same as in the one before.
    std::size_t unchanged() const { return unchanged_; }
    // Whether a sweep has reached its end.
    bool complete() const { return complete_at_ != 0; }
    // Those that closed before the start are known, too, as far back as they are wanted.
    bool knows_closed() const { return complete() && (closed_read_ || reach_.count() <= 0); }
    // It has, and there is a selection that no market passes.
    bool takes_nothing() const { return complete() && selected_ == 0 && !select_.all(); }

  private:
    // A market or event that left the list and was not found so often is given up.
    static constexpr std::uint16_t misses_max = 24;

    struct Known {
        std::size_t text = 0;  // hash of the listing's text when it was last read; 0: read it again
        std::int64_t tick_size = ARB_ABSENT;   // from the stream
        std::int64_t settlement = ARB_ABSENT;  // what was said of it
        arb_time closes_at = 0;
        arb_time turns_at = 0;     // when it is to be looked at: it opens or ends then
        arb_time status_at = 0;    // when its lifecycle was learned
        std::size_t status = 0;    // hash of the venue's word
        std::uint32_t sweep = 0;   // the last one that listed it
        std::uint16_t misses = 0;  // times it was asked for by name and not found
        std::int8_t lifecycle = ARB_LIFECYCLE_NONE;
        bool selected = false;  // stays so: a market at the edge of a rule does not come and go
        bool live = false;
        bool told = false;       // that it opened, or that it closed unseen
        bool charges = false;    // it had a fee when it was last read
        bool fee_gone = false;   // and the listing says nothing of it any more
        bool final_row = false;  // the row with its result was read; what the stream says comes earlier

        bool awaits_listing() const { return lifecycle == ARB_LIFECYCLE_SETTLED && !final_row; }
    };
    // An event that was pushed and is not closed.
    struct OpenEvent {
        std::uint32_t sweep = 0;   // the last one that listed it
        std::uint16_t misses = 0;  // times it was asked for by name and not found
    };
    struct Look {
        std::string id;
        unsigned tries = 0;
        std::chrono::steady_clock::time_point due;
        bool ending = false;  // its time is over: until the venue says so, else until it can be traded
    };

    net::asio::awaitable<void> take_events(std::vector<std::string_view> const& items);
    void take_event(std::string_view text);
    // One market of an event; true if it is selected.
    bool take_listed(std::string_view text, EventRow const& event, Candidate& candidate);
    void take_closed_item(std::string_view item, MarketRow& row);
    void leave_out_nameless(std::string_view text, std::string_view event_id);
    void push_series(EventRow const& row);
    void push_event(EventRow const& row);
    void push_market(MarketRow const& row);
    void take_status(MarketRow const& row, Known& known);
    void push_status(MarketRow const& row, arb_time at, std::string const& detail);
    void push_moved_end(MarketRow const& row, arb_time before);
    void say_differences(char const* source, std::vector<Difference> const& differences,
                         std::string_view text);
    void follow(MarketRow const& row, Known& known);
    void take_fees(MarketRow& row, Known& known);
    // Looks at it when it opens or ends, if that is before it is listed again.
    void plan(std::string const& id, Known const& known);
    void look_at_turns();
    void look_later(Look look);
    void look_for_the_end(std::string const& id);
    std::vector<Look> take_due_looks();
    bool looked_enough(Look const& look) const;
    bool closed_lately(MarketRow const& row) const;
    net::asio::awaitable<void> fetch_missing();
    // Asks for these by name; those that came are taken and removed from `ids`. False if there was no answer.
    net::asio::awaitable<bool> fetch(std::vector<std::string>& ids, bool closed);
    net::asio::awaitable<void> fetch_closed(std::vector<std::string>& ids);
    // Events that the listing of open ones has no more.
    net::asio::awaitable<void> fetch_closed_events();
    void forget_settled();
    bool fail(std::string const& sentence);
    void report_selection();

    Host const host_;
    Outbox& outbox_;
    Gaps& gaps_;
    Drift& drift_;
    Rest& gamma_;
    Select const select_;
    std::chrono::milliseconds const every_, reach_;
    Events const events_;
    ChangeFilter filter_;
    Fees fees_{host_, outbox_};
    std::unordered_map<std::string, Known> markets_;
    std::unordered_map<std::string, OpenEvent> open_events_;
    std::deque<Look> looks_;
    std::set<std::pair<arb_time, std::string>> turns_;            // what `plan` has planned
    std::map<std::string, std::uint64_t, std::less<>> left_out_;  // of this sweep, by rule
    std::string last_report_;
    std::uint32_t sweep_ = 0;
    std::size_t selected_ = 0, listed_ = 0, unchanged_ = 0;
    std::size_t page_events_;  // asked for at a time
    bool closed_read_ = false;
    arb_time complete_at_ = 0;  // when the last complete sweep began
};

}  // namespace arb::polymarket
