// The connections of the market channel: which market is followed on which, and how all of them are doing.
//
// Thread safety: none; on the venue's thread. The markets given to `add` are removed before they end.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "net/gate.hpp"
#include "polymarket/stream.hpp"

namespace arb::polymarket {

// Beyond some hundred tokens the venue was seen to accept a subscription and to send no books: 500 always got
// theirs. As few as most clients use, until that would take more connections than the venue likes of one
// address.
inline constexpr std::size_t tokens_per_connection = 200;
inline constexpr std::size_t tokens_per_connection_max = 500;
inline constexpr std::size_t connections_liked = 10;

class Shards {
  public:
    // The callbacks between connections are set here.
    explicit Shards(StreamContext context);

    // Follows a market on the first connection with room for all its tokens, or on a new one.
    void add(Market& market);
    void remove(Market& market);

    // Every connection is opened anew: what they hold is no longer to be trusted.
    void replace_all(std::string_view reason);

    // Opens a successor for the connection and lets it stand in once it carries everything; some at a time.
    void renew(Shard& shard);

    // At one time every market had its books.
    bool all_came() const { return all_came_; }

    // What `arbitrage status` shows; `catalogue` is an error of the listing, or empty.
    void report(std::string const& catalogue);

    // Between two connections that are begun, where there are more than the budget of a minute has.
    std::chrono::milliseconds opening_pause() const;

    StreamContext const& context() const { return context_; }
    std::size_t connection_count() const { return shards_.size(); }
    std::vector<std::shared_ptr<Shard>> const& all() const { return shards_; }

  private:
    net::asio::awaitable<void> opening();
    Shard& with_room(std::size_t tokens, Shard const* except);
    void relieve(Shard& shard);
    net::asio::awaitable<void> succeed(std::shared_ptr<Shard> old, std::shared_ptr<Shard> next);
    void hand_over(Shard& old);

    StreamContext context_;
    std::vector<std::shared_ptr<Shard>> shards_;
    std::map<Shard const*, std::shared_ptr<Shard>> successors_;  // by the one each is to replace
    std::vector<std::shared_ptr<Shard>> retired_;                // until nothing of them runs
    unsigned made_ = 0;
    // Shared with those that stand in it, which may be torn down later than this.
    std::shared_ptr<net::Gate> const line_ = std::make_shared<net::Gate>(1);
    Shard::Clock::time_point last_opening_{};
    bool been_live_ = false;  // whatever answers had answered
    bool all_came_ = false;
};

}  // namespace arb::polymarket
