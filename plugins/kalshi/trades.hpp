// Trades read over REST: those missed while the stream was away, and all of them where there is no stream.
// Knows the ids of the latest trades from either way, so that none is pushed twice.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "arbitrage/time.hpp"
#include "drift.hpp"
#include "rest.hpp"
#include "venue/outbox.hpp"

namespace arb::kalshi {

// The last so many ids. Ids that are older are new again, which sinks absorb by the id's uniqueness.
class RecentIds {
  public:
    static constexpr std::size_t ids_max = 100'000;  // minutes of the busiest hour seen; about 10 MB
    // Whether the id is new; it is known from now on. An empty id is always new.
    bool add(std::string_view id);
    bool knows(std::string_view id) const { return known_.contains(std::string{id}); }

  private:
    std::unordered_set<std::string> known_;
    std::vector<std::string> ring_;
    std::size_t next_ = 0;
};

class Trades {
  public:
    Trades(Host host, Outbox& outbox, Rest& rest, Drift& drift,
           std::function<bool(std::string_view market)> wanted)
        : host_{host}, outbox_{outbox}, rest_{rest}, drift_{drift}, wanted_{std::move(wanted)} {}

    // A trade came by the stream: whether it is new.
    bool fresh(std::string_view trade_id) { return recent_.add(trade_id); }

    // What was known to be whole until a time is asked for from so much earlier: the venue's clock is not
    // ours, and a trade may reach its list late. Known ones drop out.
    static constexpr arb_time gap_overlap_ns = 60 * second_ns, poll_overlap_ns = 5 * second_ns;

    // What is younger is in the list of the present, wherever the venue's cutoff is: that moves by days.
    static constexpr arb_time present_ns = 3600 * second_ns;

    struct Fetched {
        arb_time newest = 0;  // 0: there is none
        bool all = true;      // no wanted trade since `from` had to be refused
    };
    // Pushes every wanted trade since `from` less `overlap` that is not known, with `flags`: from the list of
    // the present, and from that of the past as far as the venue moved its trades there.
    net::asio::awaitable<Result<Fetched>> fetch(arb_time from, arb_time overlap, std::uint16_t flags);

    // Whether the venue lists a wanted trade later than `since` by `grace` that did not come: then the stream
    // is not what it seems. Of one market; of all if `market` is empty.
    net::asio::awaitable<Result<bool>> missing_since(arb_time since, arb_time grace, std::string market);

  private:
    net::asio::awaitable<Result<>> fetch_past(arb_time from, arb_time overlap, std::uint16_t flags,
                                              Fetched& fetched);
    bool may_be_wanted(boost::json::value const& item, arb_time from) const;
    void take(Document const& page, arb_time from, std::uint16_t flags, Fetched& fetched);

    Host const host_;
    Outbox& outbox_;
    Rest& rest_;
    Drift& drift_;
    std::function<bool(std::string_view)> const wanted_;
    RecentIds recent_;
};

}  // namespace arb::kalshi
