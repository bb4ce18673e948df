// One connection of the market channel with the markets subscribed on it: opens it, keeps it alive, replaces
// it when it dies or goes silent, and writes down every interval in which something may have been missed.
//
// A market's tokens are subscribed together. Outcome 0 alone would do for the quotes of a binary market, but
// a trade is printed on the token it was made in, which is either of them; so both are subscribed.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "net/pace.hpp"
#include "net/session.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/prices.hpp"
#include "polymarket/rest.hpp"
#include "venue/gaps.hpp"
#include "venue/silence.hpp"
#include "venue/wanted.hpp"

namespace arb::polymarket {

class Shard;

// What all connections share.
struct StreamContext {
    Host host;
    net::asio::any_io_executor executor;
    std::shared_ptr<net::Tls> tls;
    std::string url;
    Outbox& outbox;
    Gaps& gaps;
    Prices& prices;
    Rest& clob;
    net::TokenBucket& connects;            // handshakes of all connections together
    std::function<void(Market&)> ended;    // the venue said that it resolved
    std::function<void(Shard&)> too_slow;  // the venue closed because we read too slowly
    std::function<bool()> alone;           // there is no other connection
};

class Shard final : private EventSink {
  public:
    Shard(StreamContext& context, unsigned number) : context_{context}, number_{number} {}

    void add(Market& market);
    void remove(Market& market);
    // As remove, for a market that goes on to another connection: an open gap stays open.
    void release(Market& market);
    std::size_t token_count() const { return tokens_; }
    std::set<Market*> const& markets() const { return markets_; }

    // Connects whenever there is a market to follow; until the executor stops.
    net::asio::awaitable<void> run();

    // The first book of a token has come.
    void opened(Token& token);
    // The book of a token cannot be trusted: the interval from now on is a gap until a fresh book comes.
    void refresh(Token& token, std::string_view reason);

    bool open() const { return open_; }
    // Tokens whose first book is still to be expected: to be asked for, or asked for a moment ago.
    std::size_t waiting_count() const;
    std::string const& last_error() const { return last_error_; }

  private:
    // A token that was asked for and whose book has not come.
    struct Pending {
        Silence::Clock::time_point due;
        unsigned tries = 0;
    };

    void event(StreamEvent const& event) override;
    net::asio::awaitable<bool> connect();
    net::asio::awaitable<Error> read_frames();
    bool take_frame(std::string_view frame);
    net::asio::awaitable<void> tend(std::uint64_t connection);
    net::asio::awaitable<void> change_subscriptions();
    net::asio::awaitable<void> ask_again();
    net::asio::awaitable<void> judge_silence();
    net::asio::awaitable<void> send(char const* operation, std::vector<std::string> const& ids);
    net::asio::awaitable<void> write(std::string frame);
    void expect(std::vector<std::string> const& ids);
    void cut(std::string_view reason);
    void interrupted(std::string_view reason, std::string const& detail);
    void open_gap(Market const& market, arb_time from, std::string_view reason, std::string_view detail);
    void recover(Market const* market);
    void name_missing();
    void drop_resolved();

    StreamContext& context_;
    unsigned const number_;
    StreamDecoder decoder_;
    std::set<Market*> markets_;
    std::size_t tokens_ = 0;
    Wanted wanted_;
    std::map<std::string, Pending> pending_;
    std::set<std::string> refreshes_;         // tokens to be unsubscribed and subscribed anew
    std::shared_ptr<net::WebSocket> socket_;  // shared with a write that still waits
    std::uint64_t connection_ = 0;            // counts connections, so that what tended the last one ends
    bool open_ = false;
    Silence silence_;
    Silence::Clock::time_point connected_at_{}, pinged_at_{};
    arb_time received_ = 0;   // of the frame being read
    arb_time last_data_ = 0;  // of the last frame with data, or the first connect
    arb_time lost_from_ = 0;
    bool got_data_ = false;   // on this connection
    bool whole_gap_ = false;  // the open gap covers the instance
    bool lost_ = false;       // between two connections
    std::string cut_reason_, last_error_;
};

// For coroutines nobody waits for: what they throw ends the run, and the host starts it anew.
inline void rethrow(std::exception_ptr const& thrown) {
    if (thrown) std::rethrow_exception(thrown);
}

// The opening and the later subscription messages.
std::string opening_message(std::vector<std::string> const& ids);
std::string operation_message(std::string_view operation, std::vector<std::string> const& ids);

}  // namespace arb::polymarket
