// What one connection is subscribed to and which command comes next. Pure: texts in, texts out. The venue
// keeps one subscription (sid) per channel; markets are added to it in chunks, one command at a time per
// channel, so that its unpublished limits on size and rate are kept by waiting for each reply.
//
// Thread safety: none; on the venue's thread. Bounded by the markets that are wanted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "decode_frame.hpp"
#include "options.hpp"
#include "venue/wanted.hpp"

namespace arb::kalshi {

class Subscriptions {
  public:
    // A command stays below some tens of KiB: 500 tickers of up to 50 characters.
    static constexpr std::size_t tickers_max = 500;
    // A subscription is filled in ever smaller steps until not even this many more have room.
    static constexpr std::size_t tickers_min = 16;

    struct Channels {
        Record record;
        // Prices and trades of every market, so that new ones are covered before they are known.
        bool all = false;
        bool lifecycle = true;
        bool combos = false;  // the lifecycle of multivariate markets, too
    };
    explicit Subscriptions(Channels const& channels);
    Subscriptions(Record record, bool all) : Subscriptions(Channels{record, all}) {}

    // What should be subscribed to from now on: prices and trades of the one, books of the other.
    void want(std::vector<std::string> const& tickers, std::vector<std::string> const& books);
    void want(std::vector<std::string> const& tickers) { want(tickers, tickers); }
    // Some more of both.
    void want_more(std::vector<std::string> const& tickers, std::vector<std::string> const& books);

    // Prices and trades of every market from now on, instead of those of the wanted ones.
    void take_all();

    // A new connection holds nothing.
    void connected();

    // The commands to send now; more follow when these were answered.
    std::vector<std::string> commands();
    // Asks for the whole books of up to `tickers_max` of these markets; empty if books are not subscribed to.
    std::string snapshots(std::vector<std::string> const& tickers);

    struct Outcome {
        enum class Kind : std::uint8_t {
            none,
            subscribed,  // `stream` flows from now on
            ended,       // the venue ended the subscription of `stream`; it is asked for anew
            denied,      // the sign-in was not accepted
            refused,     // a command failed; `sentence` says which and why
            full,        // the subscription takes no more books: `tickers` have to go elsewhere
        };
        Kind kind = Kind::none;
        int stream = ARB_STREAM_ALL;
        std::string sentence = {};
        // Markets that the command asked for and the venue did not take.
        std::vector<std::string> tickers = {};
    };
    // Takes a frame of type subscribed, ok, unsubscribed or error.
    Outcome reply(Frame const& frame);

    // ARB_STREAM_* of a sid; ALL for one that is not known.
    int stream_of(std::int64_t sid) const;
    // The stream is recorded by this instance.
    bool has(int stream) const;
    // Everything wanted of this stream was asked for and answered.
    bool complete(int stream) const;
    // Asks once more for channels that were refused for good: who knows how long that is.
    void ask_refused_again();
    // A channel of this stream was refused and is not subscribed to.
    bool lacks(int stream) const;
    // Which channels are missing in whole or in part, and why; empty if none is.
    std::string missing() const;
    // Tickers of the books that the commands just taken asked for.
    std::vector<std::string> const& books_asked() const { return books_asked_; }
    std::vector<std::string> const& books_left() const { return books_left_; }
    std::size_t wanted_count() const { return wanted_count_; }

  private:
    struct Channel {
        char const* name;
        int stream;
        bool filtered;  // by market tickers
        Wanted wanted = {};
        std::int64_t sid = 0;
        std::int64_t command = 0;             // not answered yet
        std::vector<std::string> asked = {};  // by that command
        bool widen = false;                   // to be taken unfiltered
        bool refused = false;                 // not asked for until somebody wants to know again
        std::string refusal = {};             // its last one; empty once what was asked for again was taken
        bool stays = false;                   // what it refused is not asked for again
        std::size_t chunk = tickers_max;      // less once the venue found a subscription full
    };
    Channel const* find(int stream) const;
    std::string next_command(Channel& channel);
    std::string update(Channel& channel, char const* action, std::vector<std::string> const& tickers);
    Outcome error(Channel& channel, Frame const& frame);

    std::vector<Channel> channels_;
    std::int64_t last_id_ = 0;
    std::size_t wanted_count_ = 0;
    std::vector<std::string> books_asked_, books_left_;
};

}  // namespace arb::kalshi
