// Compares the books kept from the stream with those over REST, a few markets a second in rotation: the venue
// loses changes, and connections go silent about single markets, without a word.
//
// A difference is no proof at once: REST and stream run side by side. It counts if the stream has not caught
// up a moment later. A busy book has moved on by then: there it counts if it was so twice, at the very time
// of the book, which was not known to be right in between. Then a book that others talk about is asked for
// again, and the connection of a market that is silent is replaced.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/host.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/prices.hpp"
#include "polymarket/rest.hpp"
#include "polymarket/timing.hpp"

namespace arb::polymarket {

class Audit {
  public:
    struct Events {
        // The stream missed something of a market that it does talk about.
        std::function<void(Token&, std::string_view reason)> differs;
        // REST knows more of a market that the stream says nothing of.
        std::function<void(Market&)> stalled;
    };

    Audit(Host host, Prices& prices, Rest& clob, Timing const& timing, Events events);

    // Compares until the executor stops.
    net::asio::awaitable<void> run();

    // One comparison with the answer to a request for books: which of them REST knows better, and what it
    // knows. Those that are the same were right at `asked_at`.
    struct Doubt {
        std::string token;
        arb_time time = 0;
        BookReader levels;
        bool same_time = false;  // REST has other levels than ours at ours' own time
        arb_time asked_at = 0;
    };
    std::vector<Doubt> compare(std::string_view books, arb_time asked_at = 0);
    // This token's book is compared with the next ones, out of turn.
    void look_soon(std::string const& token_id);
    // What is left of doubts some time later.
    void judge(std::vector<Doubt> const& doubts, arb_time now);

  private:
    class Reader;
    bool again(Token& token, Doubt const& doubt) const;
    // Puts those of the next markets in line.
    void go_on();
    std::vector<std::string> next_tokens();
    net::asio::awaitable<void> ask(std::vector<std::string> tokens);
    net::asio::awaitable<void> judge_later(std::vector<Doubt> doubts);

    Host const host_;
    Prices& prices_;
    Rest& clob_;
    Timing const& timing_;
    Events const events_;
    std::deque<std::string> line_;  // tokens to be asked for
    std::deque<std::string> soon_;  // those out of turn
    std::size_t at_ = 0;            // how far the round is
    bool failing_ = false;          // the last request got no answer
    std::chrono::steady_clock::time_point round_began_{}, next_round_{};
};

}  // namespace arb::polymarket
