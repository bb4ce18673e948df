// The live feed: one signed WebSocket for everything, opened again for ever. Each interruption is a gap row
// per stream; trades missed are read over REST, books begin anew.
//
// A connection that gives no data is replaced before it is given up: the new one is confirmed, both run side
// by side for some seconds, and only then the old one is closed. Meanwhile a trade counts once (by its id), a
// book follows the connection of its latest snapshot, and a quote is the one with the later time of the
// venue.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth.hpp"
#include "books.hpp"
#include "catalogue.hpp"
#include "decode_frame.hpp"
#include "health.hpp"
#include "link.hpp"
#include "net/reconnect.hpp"
#include "rest.hpp"
#include "trades.hpp"
#include "venue/gaps.hpp"
#include "venue/outbox.hpp"
#include "venue/silence.hpp"

namespace arb::kalshi {

// How long things may take; tests have less patience.
struct Timing {
    using Time = std::chrono::milliseconds;
    Time silence_min = Silence::limit_min, silence_max = Silence::limit_max;
    // Old and new connection run side by side for so long once the new one is confirmed.
    Time overlap = std::chrono::seconds{5};
    // A replacement that is not complete by then is no better.
    Time confirm_max = std::chrono::seconds{15};
    // A book's snapshot is expected within this time; then it has a gap of its own.
    Time snapshot_max = std::chrono::seconds{10};
    // What the venue did so much later than the last data of a connection, that connection should have told.
    Time grace = std::chrono::seconds{10};
    // A feed that is silent though nothing proves it dead is replaced at most so often.
    Time replace_every = std::chrono::minutes{5};
    Time exchange_every = std::chrono::minutes{1};
    Time watch_every = std::chrono::milliseconds{500};
    // Trades reach the list a moment after the stream.
    Time backfill_after = std::chrono::seconds{2};
};

class Stream {
  public:
    struct Parts {
        Host host;
        Settings const& settings;
        net::asio::any_io_executor executor;
        std::shared_ptr<net::Tls> tls;
        std::shared_ptr<Signer const> signer;
        Outbox& outbox;
        Gaps& gaps;
        Rest& rest;
        Trades& trades;
        Catalogue& catalogue;
        Health& health;
        Timing timing = {};
    };
    explicit Stream(Parts parts);

    // Both run until the instance stops.
    net::asio::awaitable<void> run();
    net::asio::awaitable<void> watch();

    // The markets to be subscribed to; for channels that carry all of them, the markets there are.
    void want(std::vector<std::string> const& tickers);

  private:
    using LinkPtr = std::shared_ptr<Link>;

    // stream.cpp: connections.
    net::asio::awaitable<Result<LinkPtr>> connect(std::chrono::milliseconds* retry_after);
    net::asio::awaitable<void> follow(LinkPtr link);
    void began(LinkPtr link);
    void ended(LinkPtr const& link, Error const& error);
    void lost(Error const& why);
    void drop(Link& link, std::string reason, std::string sentence);
    net::asio::awaitable<void> replace();
    void judge_replacement();
    void stall(arb_time from, std::string const& why);
    void promote(bool dead, std::string const& why);
    net::asio::awaitable<void> judge_silence();
    net::asio::awaitable<void> look_at_exchange();
    void report();
    std::string markets_text() const;
    arb_time ns(Timing::Time time) const;

    // intake.cpp: what connections say.
    bool take(Link& link, std::string_view bytes);
    void unreadable(Link& link, Frame const& frame);
    void took_data(Link& link);
    bool new_quote(Frame const& frame);
    void weigh_evidence(Frame const& frame);
    void book(Link& link, Frame const& frame);
    void status(Frame const& frame);
    void reply(Link& link, Frame const& frame);
    void missed(Link& link, std::int64_t sid);
    bool whole(Link const& link, int stream) const;
    bool whole(Link const& link) const;
    void close_gaps(arb_time now);
    void tend(Link& link);
    void await_books(Link& link);
    void send_commands(Link& link);
    void send(Link& link, std::string command);
    void ask_for_books(Link& link, arb_time now);
    net::asio::awaitable<void> backfill(arb_time from, arb_time to, std::string reason);

    Parts const parts_;
    FrameDecoder decoder_;
    Books books_;
    Silence silence_;
    net::ConnectBudget budget_;
    net::Reconnect reconnect_;
    net::asio::steady_timer ended_;
    std::vector<std::string> wanted_;
    LinkPtr link_;  // the feed
    LinkPtr next_;  // what is about to replace it
    std::uint64_t links_made_ = 0;
    std::chrono::milliseconds pause_{0};
    arb_time received_ = 0;   // when the frames at hand were
    arb_time last_data_ = 0;  // of the feed, whichever connection it was
    std::string lost_reason_;

    // Of a replacement.
    struct Told {
        std::uint64_t link = 0;
        arb_time time = 0;
    };
    Link* taking_ = nullptr;                      // whose frame is being read
    std::unordered_map<std::string, Told> told_;  // the latest quotes of the overlap, by market
    arb_time evidence_ = 0;                       // since when the feed lacks what the other connection told
    bool known_dead_ = false;
    bool judging_ = false, replacing_ = false;
    arb_time replaced_ = 0;

    arb_time exchange_seen_ = 0;
    bool looking_at_exchange_ = false;
    bool paused_ = false;  // by the exchange
    std::string pause_text_;
};

}  // namespace arb::kalshi
