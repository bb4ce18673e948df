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
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "agreement.hpp"
#include "auth.hpp"
#include "books.hpp"
#include "catalogue.hpp"
#include "decode_frame.hpp"
#include "drift.hpp"
#include "exchange.hpp"
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
    // A replacement that is not complete and does not get on for so long is no better.
    Time confirm_max = std::chrono::seconds{15};
    // A command without an answer and without data behind it never will be answered; nor will one of a venue
    // that sends data and had so long.
    Time reply_max = std::chrono::seconds{15}, reply_busy_max = std::chrono::minutes{2};
    // A book's snapshot is expected so soon after the answer to its command; then it has a gap of its own.
    Time snapshot_max = std::chrono::seconds{10};
    // What the venue did so much later than the last data of a connection, that connection should have told.
    Time grace = std::chrono::seconds{10};
    // Trades of which none came for so long are asked for: it is one request, and quiet markets have none for
    // hours.
    Time trades_quiet_max = std::chrono::minutes{1};
    // Books that no ticker is there to be compared with: one of them is compared with REST's so often.
    Time proof_every = std::chrono::minutes{1};
    // A feed that is silent though nothing proves it dead has its books compared with those that the venue
    // lists, or is replaced, at most so often.
    Time replace_every = std::chrono::minutes{5};
    Time exchange_every = std::chrono::minutes{1};
    // A channel that the venue does not have is asked for again.
    Time refused_again = std::chrono::minutes{1};
    // Connections were seen to freeze after hours, so each is replaced while it is still good; at a random
    // time, so that not all go at once.
    Time renew_min = std::chrono::minutes{20}, renew_max = std::chrono::minutes{40};
    // Between the first attempts of two connections.
    Time stagger = std::chrono::milliseconds{500};
    // After a push that waited for so long what the kernel holds of the venue is stale.
    Time stale_after = std::chrono::seconds{30};
    // Books of one connection, so that its snapshots come within seconds; the whole venue, 84,000 markets,
    // takes nine.
    std::size_t books_per_lane = 10'000;
    // Prices and trades of more markets than this are subscribed to without their names.
    std::size_t named_max = 10'000;
    // A book that differs from its ticker for so long is compared with the one that REST lists.
    Time disagree_max = std::chrono::seconds{5};
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
        Drift& drift;
        Exchange& exchange;
        Agreement* agreement = nullptr;
        Timing timing = {};
        // The first lane has prices, trades and lifecycles of everything, and books; others have books alone.
        std::size_t lane = 0;
        // Whether there is no other lane, so that a gap of it is one of the whole.
        std::function<bool()> alone = [] { return true; };
        std::function<void(int state, std::string sentence)> report = [](int, std::string) {};
        // Whether that book was found wrong and is not yet proven right: its gap stays open.
        std::function<bool(std::string_view market)> disputed = [](std::string_view) { return false; };
        // Books that this connection's subscription has no room for.
        std::function<void(std::vector<std::string> books)> overflow = [](std::vector<std::string>) {};
    };
    explicit Stream(Parts parts);

    // Both run until the instance stops.
    net::asio::awaitable<void> run();
    net::asio::awaitable<void> watch();

    // The markets to be subscribed to, or for channels that carry all of them the markets there are; and
    // those of them whose books are.
    void want(std::vector<std::string> const& tickers, std::vector<std::string> const& books);
    void want_more(std::vector<std::string> const& tickers, std::vector<std::string> const& books);

    // Gives up the connection, because what waits to be read of it is stale.
    void start_over(std::string reason, std::string sentence);
    // The book is wrong: a gap of that market until its next snapshot.
    void resync(std::string const& market, arb_time from, std::string_view reason);
    // Writes books whole that are due, `share` of all.
    void write_books(double share);
    Books const& books() const { return books_; }
    // Everything wanted of that stream is subscribed to.
    bool flows(int stream) const { return link_ != nullptr && link_->subscriptions.complete(stream); }

    // The stream is whole as far as this side knows, on the one connection, and nothing waits to be read or
    // asked for: what it lacks now it does not give.
    bool trusted(int stream) const;
    // When a trusted stream last gave a frame.
    arb_time heard(int stream) const { return link_->whole_until(stream); }
    // The stream has said nothing since `since` at the latest, of what the venue told elsewhere: a gap until
    // another connection took over.
    void distrust(int stream, arb_time since, std::string const& why);

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
    void report();
    bool stands(Link& link) const;
    std::string live_text() const;
    Subscriptions::Channels channels() const;
    bool ours(std::string_view market) const;
    void widen(Link& link);
    void try_another(Link& link, char const* reason, std::string sentence);
    void set_renewal();
    void renew();
    arb_time ns(Timing::Time time) const;

    // quiet.cpp: whether a silent connection, or one subscription of it, missed anything.
    enum class Verdict : std::uint8_t { unknown, missed_nothing, missed_changes };
    net::asio::awaitable<Verdict> compare_books(LinkPtr link);
    bool differs(Document const& page, std::size_t& compared);

    // intake.cpp: what connections say.
    bool take(Link& link, std::string_view bytes);
    bool is_subscribed(Link const& link, Frame const& frame) const;
    void unreadable(Link& link, Frame const& frame, std::string_view bytes);
    void took_data(Link& link);
    bool new_quote(Frame const& frame, Quote const& quote);
    void note_drift(Frame const& frame, std::string_view bytes);
    void open_gap(int stream, arb_time from, std::string_view reason, std::string_view detail = {});
    std::optional<arb_time> close_gap(int stream, arb_time now);
    void weigh_evidence(Frame const& frame);
    void book(Link& link, Frame const& frame);
    void status(Frame const& frame);
    void reply(Link& link, Frame const& frame);
    void move_on(Link& link, Subscriptions::Outcome const& outcome);
    void missed(Link& link, std::int64_t sid);
    void spoil_books(Link& link);
    bool whole(Link const& link, int stream) const;
    bool whole(Link const& link) const;
    void close_gaps(arb_time now);
    void tend(Link& link);
    void await_books(Link& link);
    bool few_awaited(Link const& link) const;
    void send_commands(Link& link);
    void send(Link& link, std::string command);
    void ask_for_books(Link& link, arb_time now);
    net::asio::awaitable<void> backfill(arb_time from, arb_time to, std::string reason);
    net::asio::awaitable<void> read_again(arb_time from, arb_time to, std::string reason);

    Parts const parts_;
    FrameDecoder decoder_;
    Books books_;
    Silence silence_;
    std::shared_ptr<net::ConnectBudget> const budget_;  // of all instances of the venue
    net::Reconnect reconnect_;
    net::asio::steady_timer ended_;
    std::vector<std::string> wanted_, books_wanted_;
    std::set<std::string> gapped_books_;  // markets that a gap of this lane was opened for
    LinkPtr link_;                        // the feed
    LinkPtr next_;                        // what is about to replace it
    std::uint64_t links_made_ = 0;
    std::chrono::milliseconds pause_{0};
    arb_time received_ = 0;   // when the frames at hand were
    arb_time last_data_ = 0;  // of the feed, whichever connection it was
    std::string lost_reason_;
    unsigned backfills_ = 0;  // that are running

    // Of a replacement.
    struct Told {
        std::uint64_t link = 0;
        arb_time time = 0;
    };
    Link* taking_ = nullptr;                      // whose frame is being read
    std::unordered_map<std::string, Told> told_;  // the latest quotes of the overlap, by market
    arb_time evidence_ = 0;                       // since when the feed lacks what the other connection told
    char const* known_dead_ = nullptr;            // why the feed is known to be dead; null: it is not
    bool judging_ = false, replacing_ = false;
    bool silent_before_replacement_ = false;  // it was silence that made us replace it
    arb_time replaced_ = 0;

    std::set<std::string> suspicious_;  // markets of which the feed may lack what it was told elsewhere
    arb_time renew_at_ = 0;
    std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace arb::kalshi
