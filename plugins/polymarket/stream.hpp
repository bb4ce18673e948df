// One connection of the market channel with the markets subscribed on it: opens it, keeps it alive, replaces
// it when it dies or goes silent, and writes down every interval in which something may have been missed.
//
// A market's tokens are subscribed together. Outcome 0 alone would do for the quotes of a binary market, but
// a trade is printed on the token it was made in, which is either of them; so both are subscribed.
//
// A successor is a second connection with the same markets: it runs beside the first until both carry all of
// them, and then stands in for it (Shards::renew).
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "net/reconnect.hpp"
#include "net/session.hpp"
#include "polymarket/coverage.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/prices.hpp"
#include "polymarket/rest.hpp"
#include "polymarket/timing.hpp"
#include "venue/silence.hpp"
#include "venue/wanted.hpp"

namespace arb::polymarket {

class Shard;

// What all connections share.
struct StreamContext {
    // Connections whose silence is being judged over REST. Shared, because what waits for an answer may be
    // torn down later than this.
    std::shared_ptr<std::size_t> judging = std::make_shared<std::size_t>(0);
    Host host;
    net::asio::any_io_executor executor;
    std::shared_ptr<net::Tls> tls;
    std::string url;
    Gaps& gaps;
    Prices& prices;
    Rest& clob;
    net::ConnectBudget& connects;  // of all connections together
    // Returns when the next may be begun; set by Shards.
    std::function<net::asio::awaitable<void>()> opening = {};
    Record record;
    Timing const& timing;
    std::function<void(Market&)> ended;          // the venue closed over it, and has no book of it
    std::function<void(Missing)> recover;        // trades are to be read afterwards
    std::function<void(Shard&)> too_slow = {};   // the venue closed because we read too slowly
    std::function<void(Shard&)> renew = {};      // it is time for a successor
    std::function<void(Shard&)> hand_over = {};  // it ended, and its successor carries everything
    std::function<bool()> alone = {};            // there is no other connection
    std::function<void(Market&)> no_book = {};   // it was asked for twice in vain
};

// Which markets of a connection the venue means when it closes it because all is resolved: it speaks of what
// it had then. A market asked for a moment ago is not among them, nor one of which REST has a book, whatever
// was said; `books` is its answer about the first token of each.
std::vector<Market*> resolved_of(std::set<Market*> const& markets, std::string_view books);

// How often in a row the book of a token was doubted.
class Doubts {
  public:
    // One more: how long to wait until it is asked for again.
    std::chrono::milliseconds wait(Silence::Clock::time_point now);

  private:
    unsigned times_ = 0;
    Silence::Clock::time_point last_{};
};

class Shard final : private EventSink {
  public:
    using Clock = Silence::Clock;

    Shard(StreamContext& context, unsigned number);

    void add(Market& market);
    void remove(Market& market);
    // It goes on to another connection, and so does its gap.
    void move(Market& market, Shard& to);
    std::size_t token_count() const { return tokens_; }
    std::set<Market*> const& markets() const { return markets_; }

    // Connects whenever there is a market to follow; until the executor stops, or it is retired.
    net::asio::awaitable<void> run();

    // The first book of a token has come.
    void opened(Token& token);
    // Something of a market may be missing from `from` on, until its books come.
    void missing_since(Market const& market, arb_time from, std::string_view reason) {
        coverage_.open(market.id, from, reason);
    }
    // The book of a token cannot be trusted: the interval from now on is a gap until a fresh book comes.
    void refresh(Token& token, std::string_view reason);
    // A trade of the market could not be read.
    void trade_lost(Market& market) { coverage_.doubt(market.id, context_.host.now(), "bad_trade", true); }
    // REST knows more of a quiet market than this connection does: it is replaced.
    void stalled(Market& market);

    // `next` follows the same markets from now on without standing for them.
    void succeed_with(Shard& next);
    void give_up_successor();
    // A connection that is to succeed another has got every book the other has.
    bool confirmed() const;
    // `old` ends, and this one stands for its markets.
    void take_over(Shard& old);
    // The connection is closed and opened anew; what it did not bring is a gap.
    void replace(std::string_view reason);
    // A successor that is not needed.
    void retire();
    // Nothing of it runs any more.
    bool finished() const { return retired_ && running_ == 0; }
    bool retired() const { return retired_; }

    bool open() const { return open_; }
    // It is open and has not yet got back what an interruption took.
    bool recovering() const { return lost_; }
    // Nothing of its markets has come on this connection yet.
    bool mute() const { return open_ && !got_data_; }
    // Tokens whose first book is still to be expected: to be asked for, or asked for a moment ago.
    std::size_t waiting_count() const;
    // Tokens that were asked for more than once in vain.
    std::size_t missing_count() const { return wanted_.to_add() + pending_.size() - waiting_count(); }
    // A book may come that was not yet asked for twice.
    bool expects_books() const;
    std::string const& last_error() const { return last_error_; }
    unsigned number() const { return number_; }

  private:
    // A token that was asked for and whose book has not come.
    struct Pending {
        Clock::time_point due;
        unsigned tries = 0;
        arb_time since = 0;  // when it was first asked for
    };
    void await_book(std::string const& token, std::chrono::milliseconds wait);
    void miss(std::string const& token, Pending const& pending);
    std::chrono::milliseconds wait_for_book(std::string const& token, unsigned tries) const;

    void event(StreamEvent const& event) override;
    net::asio::awaitable<bool> connect();
    net::asio::awaitable<Error> read_frames();
    bool take_frame(std::string_view frame);
    bool ended(Error const& error);
    bool current(std::uint64_t connection) const;
    net::asio::awaitable<void> tend(std::uint64_t connection);
    net::asio::awaitable<void> ping(std::uint64_t connection);
    net::asio::awaitable<void> change_subscriptions();
    net::asio::awaitable<void> ask_again();
    void look_at_silence();
    net::asio::awaitable<void> judge(std::uint64_t connection, std::vector<std::string> ids);
    net::asio::awaitable<void> judge_silence(std::uint64_t connection, std::vector<std::string> ids);
    std::vector<std::string> most_talkative() const;
    net::asio::awaitable<void> send(char const* operation, std::vector<std::string> const& ids);
    net::asio::awaitable<void> write(std::string frame);
    void reconcile();
    void look_after_renewal();
    void expect(std::vector<std::string> const& ids);
    void share(Market& market);
    void release(Market& market);
    void forget(Market& market);
    void cut(std::string_view reason);
    void interrupted(std::string_view reason, std::string const& detail);
    void recover(Market const* market);
    void name_missing();
    // The others stay, as after any other end of a connection.
    net::asio::awaitable<void> drop_resolved();
    net::asio::awaitable<Result<std::string>> rest_books(std::vector<std::string> const& ids);
    std::vector<std::string> market_ids() const;
    Clock::time_point next_renewal() const;

    StreamContext& context_;
    unsigned const number_;
    Coverage coverage_;
    StreamDecoder decoder_;
    Feed feed_;
    std::set<Market*> markets_;
    std::size_t tokens_ = 0;
    Wanted wanted_;
    std::map<std::string, Pending, std::less<>> pending_;
    std::map<std::string, Doubts> refreshed_;
    std::set<std::string> refreshes_;         // tokens to be unsubscribed and subscribed anew
    std::shared_ptr<net::WebSocket> socket_;  // shared with a write that still waits
    std::uint64_t connection_ = 0;            // counts connections, so that what tended the last one ends
    std::uint64_t judging_ = 0;               // the connection whose silence REST is asked about
    int running_ = 0;                         // coroutines of this connection
    bool open_ = false, retired_ = false;
    bool stands_ = true;  // for its markets; a successor does not yet
    Shard* successor_ = nullptr;
    Silence silence_;
    net::Reconnect reconnect_;
    std::chrono::milliseconds retry_after_{-1};
    Clock::time_point heard_at_{};  // of the last frame of any kind
    Clock::time_point connected_at_{}, reconciled_at_{}, renew_at_{}, overlaps_until_{};
    arb_time received_ = 0;   // of the frame being read
    arb_time last_data_ = 0;  // of the last frame with data, or the first connect
    bool data_ = false;       // the frame being read carries some
    bool got_data_ = false;   // on this connection
    bool lost_ = false;       // something since the last interruption is still missing
    std::string cut_reason_, refused_where_, last_error_;
};

}  // namespace arb::polymarket
