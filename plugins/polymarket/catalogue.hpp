// What the venue lists: sweeps every open event again and again, pushes what changed, and says which markets
// are to be followed live. A market that leaves the list is asked for by name until its result is known.
//
// Thread safety: none; on the venue's thread. Memory: some hundred bytes a market and no row.
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
        // Selected, and closed within the reach without ever having been live in this run.
        std::function<void(MarketRow const&)> closed;
        // A sweep did not reach its end, and why; empty when one did.
        std::function<void(std::string const& sentence)> failed;
    };

    Catalogue(Host host, Outbox& outbox, Gaps& gaps, Rest& gamma, Select const& select,
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
    // The stream said that it is resolved; the listing follows minutes later.
    void set_settled(std::string_view market_id);

    // Takes one row of a listing; `candidate` names its event.
    void take(MarketRow& row, Candidate candidate);
    // The same for one that has closed, of which nothing may be known yet.
    void take_closed(MarketRow& row, Candidate candidate);

    // Whether a sweep has reached its end.
    bool complete() const { return complete_at_ != 0; }

  private:
    struct Known {
        std::int32_t lifecycle = ARB_LIFECYCLE_NONE;
        std::uint32_t sweep = 0;   // the last one that listed it
        std::uint16_t misses = 0;  // times it was asked for by name and not found
        bool selected = false;     // stays so: a market at the edge of a rule does not come and go
        bool live = false;
        bool told = false;       // that it opened, or that it closed unseen
        bool final_row = false;  // the row with its result was read; what the stream says comes earlier
        std::int64_t tick_size = ARB_ABSENT;  // from the stream
    };
    struct Look {
        std::string id;
        unsigned tries = 0;
        std::chrono::steady_clock::time_point due;
    };

    void take_event(std::string_view text);
    void take_closed_item(std::string_view item, MarketRow& row);
    void push_event(EventRow const& row);
    void push_market(MarketRow const& row);
    void push_status(MarketRow const& row);
    void follow(MarketRow const& row, Known& known);
    bool closed_lately(MarketRow const& row) const;
    net::asio::awaitable<void> fetch_missing();
    // Asks for these by name; those that came are taken and removed from `ids`.
    net::asio::awaitable<void> fetch(std::vector<std::string>& ids, bool closed);
    void forget_settled();
    bool fail(std::string const& sentence);
    void report_selection();

    Host const host_;
    Outbox& outbox_;
    Gaps& gaps_;
    Rest& gamma_;
    Select const select_;
    std::chrono::milliseconds const every_, reach_;
    Events const events_;
    ChangeFilter filter_;
    std::unordered_map<std::string, Known> markets_;
    std::deque<Look> looks_;
    std::map<std::string, std::uint64_t, std::less<>> left_out_;  // of this sweep, by rule
    std::string last_report_;
    std::uint32_t sweep_ = 0;
    std::size_t selected_ = 0, listed_ = 0;
    bool closed_read_ = false;
    arb_time complete_at_ = 0;  // when the last complete sweep began
};

}  // namespace arb::polymarket
