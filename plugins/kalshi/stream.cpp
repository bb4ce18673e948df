#include "stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "arbitrage/time.hpp"
#include "streams.hpp"

namespace arb::kalshi {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// The largest frames are snapshots of deep books, some hundred KB.
constexpr std::uint64_t message_bytes_max = 4 << 20;
constexpr char const* newer_trades = "the stream is silent although the venue lists newer trades";
constexpr char const* other_books = "the stream is silent although the venue's books have changed";
// How often a connection is tried during maintenance, when most attempts fail.
constexpr std::chrono::milliseconds maintenance_pause = 30s;

}  // namespace

Stream::Stream(Parts parts)
    : parts_{std::move(parts)},
      silence_{parts_.timing.silence_min, parts_.timing.silence_max},
      budget_{net::ConnectBudget::of(parts_.settings.websocket_url)},
      ended_{parts_.executor} {
    auto& filter = decoder_.filter();
    // While two connections stand side by side the old one speaks of states; the catalogue knows the rest.
    filter.lifecycle = [this](Frame const& frame) {
        if (taking_ == next_.get() || !is_subscribed(*taking_, frame)) return false;
        // Sent twice.
        if (frame.sequence != 0 && frame.sequence == taking_->sequence.last(frame.sid)) return false;
        if (frame.event_type == "created")
            parts_.catalogue.created(frame.market, frame.event_ticker, frame.closes_at);
        return parts_.catalogue.wants(frame.market);
    };
    filter.trade = [this](Frame const& frame) {
        if (!is_subscribed(*taking_, frame) || !ours(frame.market) || !parts_.trades.fresh(frame.trade_id))
            return false;
        parts_.agreement->traded(frame.market, frame.size, received_);
        return true;
    };
    filter.quote = [this](Frame const& frame, Quote const& quote) { return new_quote(frame, quote); };
    filter.combos = parts_.settings.select.names_combos();
}

// Of a selection so large that prices and trades come of all markets, the others are left out here.
bool Stream::ours(std::string_view market) const {
    return parts_.settings.everything() || parts_.catalogue.wants(market);
}

arb_time Stream::ns(Timing::Time time) const { return time.count() * millisecond_ns; }

Subscriptions::Channels Stream::channels() const {
    auto const& settings = parts_.settings;
    if (parts_.lane != 0) return {{false, false, true}, false, false, false};
    return {settings.record, settings.everything(), true, settings.select.names_combos()};
}

void Stream::want(std::vector<std::string> const& tickers, std::vector<std::string> const& books) {
    wanted_ = tickers;
    books_wanted_ = books;
    for (auto const& link : {link_, next_}) {
        if (link == nullptr) continue;
        link->subscriptions.want(tickers, books);
        widen(*link);
        send_commands(*link);
    }
}

// To name tens of thousands of markets takes longer than to leave out what is not wanted of all.
void Stream::widen(Link& link) {
    if (wanted_.size() > parts_.timing.named_max) link.subscriptions.take_all();
}

void Stream::want_more(std::vector<std::string> const& tickers, std::vector<std::string> const& books) {
    wanted_.insert(wanted_.end(), tickers.begin(), tickers.end());
    books_wanted_.insert(books_wanted_.end(), books.begin(), books.end());
    for (auto const& link : {link_, next_}) {
        if (link == nullptr) continue;
        link->subscriptions.want_more(tickers, books);
        widen(*link);
        send_commands(*link);
    }
}

void Stream::start_over(std::string reason, std::string sentence) {
    if (next_ != nullptr) next_->socket->cut();
    if (link_ != nullptr) drop(*link_, std::move(reason), std::move(sentence));
}

void Stream::set_renewal() {
    std::uniform_int_distribution<std::int64_t> pause{parts_.timing.renew_min.count(),
                                                      parts_.timing.renew_max.count()};
    renew_at_ = parts_.host.now() + pause(random_) * millisecond_ns;
}

net::asio::awaitable<void> Stream::run() {
    boost::system::error_code woken;
    co_await net::sleep(parts_.timing.stagger * static_cast<int>(parts_.lane));
    while (!parts_.host.stopping()) {
        if (link_ != nullptr) {
            ended_.expires_at(Clock::time_point::max());
            co_await ended_.async_wait(net::asio::redirect_error(net::asio::use_awaitable, woken));
            continue;
        }
        co_await net::sleep(pause_);
        std::chrono::milliseconds retry_after{-1};
        auto link = co_await connect(&retry_after);
        if (parts_.host.stopping()) co_return;
        if (link.has_error()) {
            lost(link.error());
            pause_ = reconnect_.pause(link.error().where, retry_after);
            if (parts_.exchange.closed_until(parts_.host.now())) pause_ = std::max(pause_, maintenance_pause);
        } else {
            began(std::move(*link));
        }
    }
}

net::asio::awaitable<Result<Stream::LinkPtr>> Stream::connect(std::chrono::milliseconds* retry_after) {
    auto const wait = budget_->take(Clock::now());
    if (wait > 0ms) parts_.host.count("connects_delayed");
    if (wait > 0ms) co_await net::sleep(wait);
    auto headers = parts_.signer->headers("GET", path_of(parts_.settings.websocket_url), parts_.host.now());
    if (headers.has_error()) co_return headers.error();
    std::string url = parts_.settings.websocket_url;
    std::vector<net::Header> signed_headers = std::move(headers.value());
    net::WebSocketLimits limits;
    limits.message_bytes_max = message_bytes_max;
    auto connected = co_await net::WebSocket::connect(parts_.tls, std::move(url), std::move(signed_headers),
                                                      limits, retry_after);
    if (connected.has_error()) co_return connected.error();
    auto link = std::make_shared<Link>(++links_made_, std::move(*connected), channels(), parts_.host.now());
    link->subscriptions.want(wanted_, books_wanted_);
    widen(*link);
    if (links_made_ > 1) parts_.host.count("reconnects");
    co_return link;
}

void Stream::began(LinkPtr link) {
    link_ = std::move(link);
    known_dead_ = nullptr;
    books_.clear();
    if (parts_.lane == 0) parts_.agreement->settle_all();
    silence_.connected();
    set_renewal();
    send_commands(*link_);
    net::asio::co_spawn(parts_.executor, follow(link_), rethrow);
    report();
}

net::asio::awaitable<void> Stream::follow(LinkPtr link) {
    for (;;) {
        auto const bytes = co_await link->socket->read();
        if (bytes.has_error()) {
            ended(link, bytes.error());
            co_return;
        }
        if (link != link_ && link != next_) continue;  // replaced: what it still says was told by the other
        received_ = parts_.host.now();
        if (take(*link, *bytes)) took_data(*link);
    }
}

void Stream::ended(LinkPtr const& link, Error const& error) {
    if (parts_.host.stopping()) return;
    auto const why =
        link->drop_reason.empty() ? error : Error{ARB_RETRY, link->drop_sentence, link->drop_reason};
    if (link == next_) {
        next_ = nullptr;
        suspicious_.clear();
        parts_.host.warning("the connection that was to replace the feed's ended: " + why.text);
        // Books that follow it already have to come back.
        auto const now = parts_.host.now();
        for (auto& market : books_.spoil_link(link->number))
            if (link_ != nullptr) link_->books.spoiled(std::move(market), now);
        if (link_ != nullptr && !link_->books.empty())
            open_gap(ARB_STREAM_BOOKS, now, "disconnected", why.text);
        if (link_ != nullptr && known_dead_ != nullptr) drop(*link_, stalled, known_dead_);
        return;
    }
    if (link != link_) return;
    if (next_ != nullptr && next_->confirmed_at != 0) return promote(evidence_ != 0, why.text);
    lost(why);
    if (next_ != nullptr) return promote(false, why.text);
    pause_ = reconnect_.pause(why.where);
    // A connection that ends in the venue's own maintenance is not missed before it is over.
    if (parts_.exchange.closed_until(parts_.host.now())) pause_ = std::max(pause_, maintenance_pause);
    link_ = nullptr;
    ended_.cancel();
}

void Stream::lost(Error const& why) {
    auto const denied = why.where == "auth";
    auto const known = link_ != nullptr && !link_->drop_reason.empty();
    bool const maintenance = parts_.exchange.closed_until(parts_.host.now()).has_value();
    lost_reason_ = denied        ? "auth_failed"
                   : known       ? link_->drop_reason
                   : maintenance ? "maintenance"
                                 : "disconnected";
    // Replies may come of a feed that is dead: whole is what came before the last data. A gap that is open
    // already keeps its beginning.
    // So is what waited to be read when the connection ended.
    auto const unread = link_ != nullptr ? link_->behind() : 0;
    auto const from = last_data_ != 0 ? last_data_ - unread : parts_.host.now();
    Subscriptions const recorded{channels()};
    for (auto const stream : live_streams)
        if (recorded.has(stream)) open_gap(stream, from, lost_reason_, why.text);
    parts_.outbox.added();
    auto sentence = denied ? "auth_failed: the venue refuses key_id and key_file: " + why.text
                           : "reconnecting: " + why.text;
    parts_.host.warning(sentence);
    sentence += parts_.exchange.text(parts_.host.now());
    parts_.report(denied ? ARB_STATE_HELD : ARB_STATE_RETRYING, std::move(sentence));
}

// Ends the connection; `follow` then says why.
void Stream::drop(Link& link, std::string reason, std::string sentence) {
    if (!link.drop_reason.empty()) return;
    link.drop_reason = std::move(reason);
    link.drop_sentence = std::move(sentence);
    link.socket->cut();
}

net::asio::awaitable<void> Stream::watch() {
    while (!parts_.host.stopping()) {
        co_await net::sleep(parts_.timing.watch_every);
        if (link_ != nullptr) tend(*link_);
        if (next_ != nullptr) tend(*next_);
        if (next_ != nullptr) judge_replacement();
        if (link_ == nullptr) continue;
        report();
        bool const free = !judging_ && !replacing_ && next_ == nullptr;
        if (!wanted_.empty() && silence_.exceeded() && free)
            net::asio::co_spawn(parts_.executor, judge_silence(), rethrow);
        else if (free && parts_.host.now() >= renew_at_ && whole(*link_) &&
                 link_->behind() < ns(parts_.timing.grace))
            renew();
    }
}

// Nothing is wrong with it, but connections of this age were seen to freeze.
void Stream::renew() {
    silent_before_replacement_ = false;
    parts_.host.count("renewals");
    net::asio::co_spawn(parts_.executor, replace(), rethrow);
}

// A connection that gives data is not given up for what it lacks before another one has it.
void Stream::try_another(Link& link, char const* reason, std::string sentence) {
    if (&link != link_.get()) return drop(link, reason, std::move(sentence));
    auto const now = parts_.host.now();
    bool const due = replaced_ == 0 || now - replaced_ >= ns(parts_.timing.replace_every);
    if (!due || judging_ || replacing_ || next_ != nullptr) return;
    parts_.host.warning(sentence + "; another connection is opened");
    parts_.host.count("incomplete_connections", 1, reason);
    silent_before_replacement_ = false;
    replaced_ = now;
    net::asio::co_spawn(parts_.executor, replace(), rethrow);
}

// Quiet markets are silent for hours, and a dead feed answers pings as well. Trades that the venue lists can
// prove that it is dead, and its books that nothing was missed; where neither is to be had, another
// connection will show.
net::asio::awaitable<void> Stream::judge_silence() {
    judging_ = true;
    auto const link = link_;
    auto const since = std::max(last_data_, link->connected_at);
    co_await parts_.exchange.look();
    // The schedule alone proves no pause: trading may go on earlier.
    bool const paused = parts_.exchange.paused();
    bool trades_missed = false;
    // Trades are of the first lane alone.
    if (!paused && parts_.lane == 0) {
        std::string of_all;
        auto const missing =
            co_await parts_.trades.missing_since(since, ns(parts_.timing.grace), std::move(of_all));
        trades_missed = missing.has_value() && *missing;
    }
    char const* dead = trades_missed ? newer_trades : nullptr;
    auto const due = !paused && parts_.host.now() - replaced_ >= ns(parts_.timing.replace_every);
    auto verdict = Verdict::unknown;
    if (dead == nullptr && due && !parts_.host.put_off()) verdict = co_await compare_books(link);
    if (verdict == Verdict::missed_changes) dead = other_books;
    judging_ = false;
    if (link != link_ || next_ != nullptr || replacing_) co_return;
    silence_.connected();
    // If data came meanwhile it was this side that did not read.
    known_dead_ = last_data_ <= since ? dead : nullptr;
    if (known_dead_ != nullptr) {
        stall(since, known_dead_);
        link->data_came = link->quotes_came = false;
    }
    silent_before_replacement_ = true;
    if (verdict == Verdict::missed_nothing) replaced_ = parts_.host.now();
    // What waits to be read would be lost with the old connection.
    else if (known_dead_ != nullptr || (due && link->behind() < ns(parts_.timing.grace)))
        co_await replace();
}

net::asio::awaitable<void> Stream::replace() {
    replacing_ = true;
    replaced_ = parts_.host.now();
    set_renewal();
    auto const feed = link_;
    auto link = co_await connect(nullptr);
    replacing_ = false;
    if (link_ != feed) {
        if (link.has_value()) (*link)->socket->cut();  // the feed ended meanwhile and is opened anew
        co_return;
    }
    if (link.has_error()) {
        parts_.host.warning("no second connection could be opened: " + link.error().text);
        if (known_dead_ != nullptr) drop(*link_, stalled, known_dead_);
        co_return;
    }
    parts_.host.count("replacements");
    next_ = std::move(*link);
    evidence_ = 0;
    told_.clear();
    suspicious_.clear();
    send_commands(*next_);
    net::asio::co_spawn(parts_.executor, follow(next_), rethrow);
}

void Stream::judge_replacement() {
    auto const now = parts_.host.now();
    if (next_->confirmed_at == 0 && whole(*next_)) next_->confirmed_at = now;
    if (next_->confirmed_at == 0) {
        auto const moved = std::max({next_->connected_at, next_->moved_at, next_->books.moved()});
        if (now - moved > ns(parts_.timing.confirm_max))
            drop(*next_, "no_snapshot", "it did not become complete in time");
        return;
    }
    if (known_dead_ != nullptr || now - next_->confirmed_at >= ns(parts_.timing.overlap))
        promote(known_dead_ != nullptr || evidence_ != 0,
                "the stream gave no data for what the venue told elsewhere");
}

// Known to be silent about things that happened: it has to give data before it is believed again.
void Stream::stall(arb_time from, std::string const& why) {
    if (lost_reason_ != stalled) parts_.host.warning("the feed is stalled: " + why);
    lost_reason_ = stalled;
    for (auto const stream : live_streams)
        if (link_->subscriptions.has(stream)) open_gap(stream, from, stalled, why);
    parts_.outbox.added();
}

// The replacement becomes the feed. `dead`: the old connection had been silent about things that happened.
void Stream::promote(bool dead, std::string const& why) {
    auto const old = std::exchange(link_, std::exchange(next_, nullptr));
    if (dead)
        stall(last_data_ != 0 ? last_data_ : old->connected_at, why);
    else if (!suspicious_.empty())
        // Too soon after the last data to prove that the old connection was dead; what it lacked may have
        // been more than what the new one found.
        parts_.gaps.record(
            ARB_STREAM_QUOTES, {}, last_data_, parts_.host.now(), stalled,
            fmt::format("the replaced connection lacked quotes of {} markets", suspicious_.size()));
    suspicious_.clear();
    for (auto& market : books_.spoil_link(old->number))
        link_->books.spoiled(std::move(market), parts_.host.now());
    if (link_->data_came) last_data_ = std::max(last_data_, link_->last_data);
    known_dead_ = nullptr;
    evidence_ = 0;
    told_.clear();
    silence_.connected();
    auto const close = [](LinkPtr link) -> net::asio::awaitable<void> { co_await link->socket->close(); };
    net::asio::co_spawn(parts_.executor, close(old), rethrow);
    close_gaps(parts_.host.now());
    report();
}

std::string Stream::live_text() const {
    auto const& settings = parts_.settings;
    std::string out;
    if (parts_.lane == 0)
        out = (settings.everything() ? std::string{"all"} : std::to_string(wanted_.size())) + " markets";
    if (settings.record.books)
        out += fmt::format("{}{} books ({} MiB)", out.empty() ? "" : ", ", books_.count(),
                           books_.bytes() / (1 << 20));
    return out;
}

// Whether the feed is what it should be. Once it was, a few new markets that are still to come change
// nothing.
bool Stream::stands(Link& link) const {
    if (whole(link)) {
        if (link.confirmed_at == 0) link.confirmed_at = parts_.host.now();
        return true;
    }
    return link.confirmed_at != 0 && few_awaited(link) &&
           std::none_of(std::begin(live_streams), std::end(live_streams),
                        [this](int stream) { return parts_.gaps.is_open(stream); });
}

void Stream::report() {
    if (link_ == nullptr) return;
    auto const set = [this](int state, std::string sentence) {
        parts_.report(state, std::move(sentence) + parts_.exchange.text(parts_.host.now()));
    };
    if (auto const missing = link_->subscriptions.missing(); !missing.empty())
        return set(ARB_STATE_DEGRADED, fmt::format("live in part: {}; {}", live_text(), missing));
    for (auto const stream : live_streams)
        if (link_->dead[static_cast<std::size_t>(stream)] && known_dead_ == nullptr)
            return set(ARB_STATE_DEGRADED, fmt::format("live in part: {}; {} do not come, the connection is "
                                                       "being replaced",
                                                       live_text(), words_of(stream)));
    if (!whole(*link_) && known_dead_ != nullptr)
        return set(ARB_STATE_RETRYING, "stalled: the connection is being replaced");
    if (!stands(*link_)) return set(ARB_STATE_STARTING, "subscribing to " + live_text());
    if (link_->books.overdue() != 0)
        return set(ARB_STATE_DEGRADED,
                   fmt::format("live: {}, {} of them without a book: the venue sends no snapshot",
                               live_text(), link_->books.overdue()));
    set(ARB_STATE_LIVE, "live: " + live_text());
}

}  // namespace arb::kalshi
