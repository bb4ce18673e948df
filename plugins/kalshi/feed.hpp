// The live feed: one connection for prices, trades and lifecycles, and as many as the books need. The venue
// bounds how many markets a subscription may have and does not say how many; what one has no room for goes to
// the next. What comes on different subscriptions is compared, REST says who is right, and books are written
// whole now and then.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "health.hpp"
#include "stream.hpp"

namespace arb::kalshi {

class Feed {
  public:
    // Half of what the venue lets the lowest tier have: replacements and other programs need theirs.
    static constexpr std::size_t lanes_max = 100;

    // Parts of a stream without those that say which lane it is.
    Feed(Stream::Parts parts, Health& health, std::size_t room);

    // Spawns what runs until the instance stops.
    void run();

    // The markets that prices are to be had of, sorted; and some more of them.
    void want(std::vector<std::string> const& tickers);
    void want_more(std::vector<std::string> const& tickers);

    // What waits to be read of all connections is stale.
    void start_over(std::string const& reason, std::string const& sentence);

    std::size_t lanes() const { return lanes_.size(); }
    // Trades come by themselves.
    bool has_trades() const { return lanes_.front().stream->flows(ARB_STREAM_TRADES); }
    std::optional<Best> best(std::string_view market) const;

  private:
    struct Lane {
        std::unique_ptr<Stream> stream;
        std::size_t books = 0, room = 0;
        int state = ARB_STATE_STARTING;
        std::string sentence;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    void add_lane();
    // The lane that has room for one more book; none: there are as many as there may be.
    std::optional<std::size_t> place(std::string const& market);
    std::vector<std::vector<std::string>> placed(std::vector<std::string> const& markets);
    void overflowed(std::size_t lane, std::vector<std::string> const& books);
    void told(std::size_t lane, int state, std::string sentence);

    // doubts.cpp
    net::asio::awaitable<void> look_after();
    net::asio::awaitable<void> ask_of_streams(arb_time now);
    net::asio::awaitable<void> ask_of_books(arb_time now);
    net::asio::awaitable<void> judge_trades(std::string market, arb_time from);
    net::asio::awaitable<void> judge_quotes(std::string market, arb_time since);
    net::asio::awaitable<void> audit(std::string market);
    struct Comparison;
    net::asio::awaitable<Comparison> compare(std::string market);
    net::asio::awaitable<Comparison> compare_again(std::string market, Comparison before);
    void wrong(std::string const& market);
    std::optional<std::string> next_disputed(arb_time now);
    std::optional<std::string> next_unproven(arb_time now);

    Stream::Parts const parts_;
    Health& health_;
    Agreement agreement_;
    std::size_t const room_;
    std::vector<Lane> lanes_;
    std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> lane_of_;  // of books
    std::deque<std::string> to_audit_;
    std::optional<Agreement::Doubt> doubt_;
    arb_time trades_asked_ = 0;
    // Books that were found wrong: when each is compared again, and whether its new snapshot was wrong, too.
    struct Dispute {
        arb_time due = 0;
        bool stuck = false;
    };
    std::unordered_map<std::string, Dispute, Hash, std::equal_to<>> disputed_;
    std::vector<std::string> to_prove_;
    arb_time proof_due_ = 0;
    std::size_t left_out_ = 0;  // books that no lane has room for
    bool running_ = false;
};

}  // namespace arb::kalshi
