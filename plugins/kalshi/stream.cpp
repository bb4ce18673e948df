#include "stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "arbitrage/time.hpp"

namespace arb::kalshi {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds reconnect_base = 500ms, reconnect_cap = 30s;
// A refused sign-in will be refused again; a key may be renewed while we run.
constexpr std::chrono::milliseconds denied_base = 30s, denied_cap = 15min;
// A connection that carried data for so long was a good one: the next failure begins at the shortest pause.
constexpr arb_time good_ns = 60 * second_ns;
// A command that was not answered in this time never will be.
constexpr arb_time reply_max_ns = 15 * second_ns;
// Books that were asked for and did not come are asked for again.
constexpr arb_time books_again_ns = 5 * second_ns;
constexpr std::chrono::milliseconds watch_every = 500ms;
// Trades reach the list a moment after the stream.
constexpr std::chrono::milliseconds backfill_after = 2s;
constexpr unsigned backfill_tries = 5;

// The reason of a gap during which the feed answered pings and gave no data.
constexpr char const* stalled = "stalled";

std::size_t index(int stream) { return static_cast<std::size_t>(stream); }

constexpr int live_streams[] = {ARB_STREAM_QUOTES, ARB_STREAM_TRADES, ARB_STREAM_BOOKS, ARB_STREAM_STATUS};

void rethrow(std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

Stream::Stream(Parts parts)
    : parts_{std::move(parts)},
      decoder_{[this](std::string_view market) { return parts_.catalogue.wants(market); }},
      subscriptions_{parts_.settings.record, parts_.settings.select.all()},
      backoff_{reconnect_base, reconnect_cap},
      denied_backoff_{denied_base, denied_cap} {}

void Stream::want(std::vector<std::string> const& tickers) {
    subscriptions_.want(tickers);
    if (socket_ != nullptr) send_commands();
}

net::asio::awaitable<void> Stream::run() {
    bool at_once = true;
    while (!parts_.host.stopping()) {
        auto const why = co_await session();
        if (parts_.host.stopping()) co_return;
        lost(why);
        auto const good = connected_at_ != 0 && last_frame_ - connected_at_ > good_ns;
        connected_at_ = 0;
        if (good) backoff_.reset();
        // The first try after a good connection comes at once: the venue may only have moved us.
        auto const pause = pause_after(why);
        if (!(at_once || good) || why.where == "auth") co_await net::sleep(pause);
        at_once = false;
    }
}

std::chrono::milliseconds Stream::pause_after(Error const& why) {
    if (why.where == "auth") return std::max(denied_base, denied_backoff_.next());
    denied_backoff_.reset();
    return backoff_.next();
}

net::asio::awaitable<Error> Stream::session() {
    auto headers = parts_.signer->headers("GET", path_of(parts_.settings.websocket_url), parts_.host.now());
    if (headers.has_error()) co_return headers.error();
    std::string url = parts_.settings.websocket_url;
    std::vector<net::Header> signed_headers = std::move(headers.value());
    auto connected = co_await net::WebSocket::connect(parts_.tls, std::move(url), std::move(signed_headers));
    if (connected.has_error()) co_return connected.error();
    socket_ = std::move(connected.value());
    auto const socket = socket_;
    opened();
    for (;;) {
        auto const bytes = co_await socket->read();
        if (bytes.has_error()) {
            socket_ = nullptr;
            co_return drop_reason_.empty() ? bytes.error() : Error{ARB_RETRY, drop_sentence_, drop_reason_};
        }
        // What came together was received together: one look at the clocks for all of it.
        now_ = {parts_.host.now(), Silence::Clock::now()};
        take(*bytes, now_.wall);
        for (auto more = socket->arrived(); more; more = socket->arrived()) take(*more, now_.wall);
    }
}

void Stream::opened() {
    connected_at_ = last_frame_ = parts_.host.now();
    if (ever_connected_) parts_.host.count("reconnects");
    ever_connected_ = true;
    drop_reason_.clear();
    drop_sentence_.clear();
    trouble_.clear();
    command_sent_ = 0;
    commands_open_ = 0;
    sequence_.clear();
    data_came_ = false;
    books_.clear();
    silence_.connected();
    subscriptions_.connected();
    send_commands();
    report();
}

void Stream::lost(Error const& why) {
    auto const denied = why.where == "auth";
    lost_reason_ = denied ? "auth_failed" : !drop_reason_.empty() ? drop_reason_ : "disconnected";
    // Replies may come of a feed that is dead: whole is what came before the last data. A gap that is open
    // already keeps its beginning.
    auto const from = last_data_ != 0 ? last_data_ : parts_.host.now();
    for (auto const stream : live_streams)
        if (subscriptions_.has(stream)) parts_.gaps.open(stream, {}, from, lost_reason_, why.text);
    parts_.outbox.added();
    auto const sentence = denied ? "auth_failed: the venue refuses key_id and key_file: " + why.text
                                 : "reconnecting: " + why.text;
    parts_.host.warning(sentence);
    parts_.health.set(Health::Part::feed, denied ? ARB_STATE_HELD : ARB_STATE_RETRYING, sentence);
}

void Stream::take(std::string_view bytes, arb_time received) {
    auto const& frame = decoder_.decode(bytes, received, parts_.outbox.packets());
    last_frame_ = received;
    if (!frame.rejected.empty()) parts_.host.reject(frame.rejected);
    if (!frame.doubt.empty()) parts_.host.count("anomalies", 1, frame.doubt);
    auto const order =
        frame.type == FrameType::subscribed ? Order::next : sequence_.check(frame.sid, frame.sequence);
    if (order == Order::missing) missed(frame.sid, received);
    if (order == Order::repeated) parts_.host.count("repeated_frames");
    switch (frame.type) {
        case FrameType::ticker:
            last_[index(ARB_STREAM_QUOTES)] = received;
            break;
        case FrameType::trade:
            last_[index(ARB_STREAM_TRADES)] = received;
            parts_.trades.seen(frame.trade_id);
            break;
        case FrameType::book_snapshot:
        case FrameType::book_delta:
            last_[index(ARB_STREAM_BOOKS)] = received;
            if (order != Order::repeated) book(frame, received);
            break;
        case FrameType::market_lifecycle:
        case FrameType::event_lifecycle:
        case FrameType::fee_update:
            status(frame);
            break;
        case FrameType::unreadable:
            break;
        case FrameType::unknown:
            parts_.host.count("unknown_frames");
            break;
        default:
            reply(frame, received);
            return;
    }
    last_data_ = received;
    silence_.data(now_.steady);
    parts_.host.alive();
    if (!data_came_) {
        data_came_ = true;
        close_gaps(received);
    }
    parts_.outbox.added();
}

void Stream::book(Frame const& frame, arb_time received) {
    if (!frame.rejected.empty()) {
        // What it would have changed is not known.
        if (frame.market.empty())
            books_.spoil_all();
        else
            books_.spoil(frame.market);
        parts_.gaps.open(ARB_STREAM_BOOKS, frame.market, received, "unreadable", frame.rejected);
        return;
    }
    if (frame.type == FrameType::book_snapshot) {
        if (!frame.has_sides) parts_.host.count("empty_snapshots");
        books_.snapshot(frame, received, parts_.outbox.packets());
        parts_.gaps.close(ARB_STREAM_BOOKS, frame.market, received);
        close_gaps(received);
        return;
    }
    switch (books_.change(frame, received, parts_.outbox.packets())) {
        case Books::Change::written:
            break;
        case Books::Change::ignored:
            parts_.host.count("changes_without_book");
            break;
        case Books::Change::spoiled:
            parts_.host.count("spoiled_books");
            parts_.gaps.open(ARB_STREAM_BOOKS, frame.market, received, "inconsistent");
            ask_for_books(received);
            break;
    }
}

void Stream::status(Frame const& frame) {
    last_[index(ARB_STREAM_STATUS)] = last_frame_;
    if (frame.is_combo) return;
    parts_.catalogue.changed(frame.market, frame.event_ticker, lifecycle_of(frame.event_type));
}

// Frames of a subscription did not come. Trades can be had afterwards, the catalogue knows what became of a
// market, and books have to begin anew.
void Stream::missed(std::int64_t sid, arb_time received) {
    auto const stream = subscriptions_.stream_of(sid);
    parts_.host.count("sequence_gaps");
    if (stream == ARB_STREAM_ALL) return;
    auto const from = last_[index(stream)] != 0 ? last_[index(stream)] : connected_at_;
    if (stream == ARB_STREAM_BOOKS) {
        parts_.gaps.open(stream, {}, from, "sequence");
        books_.spoil_all();
        ask_for_books(received);
        return;
    }
    parts_.gaps.record(stream, {}, from, received, "sequence");
    if (stream == ARB_STREAM_TRADES)
        net::asio::co_spawn(parts_.executor, backfill(from, received, "sequence"), rethrow);
    if (stream == ARB_STREAM_STATUS) parts_.catalogue.sweep_soon();
}

void Stream::reply(Frame const& frame, arb_time received) {
    auto const outcome = subscriptions_.reply(frame);
    if (commands_open_ != 0) --commands_open_;
    command_sent_ = commands_open_ == 0 ? 0 : received;
    using Kind = Subscriptions::Outcome::Kind;
    switch (outcome.kind) {
        case Kind::none:
            break;
        case Kind::subscribed:
            break;
        case Kind::ended: {
            parts_.host.warning(outcome.sentence + "; subscribing anew");
            auto const from =
                last_[index(outcome.stream)] != 0 ? last_[index(outcome.stream)] : connected_at_;
            lost_reason_ = "subscription_ended";
            parts_.gaps.open(outcome.stream, {}, from, lost_reason_, outcome.sentence);
            if (outcome.stream == ARB_STREAM_BOOKS) books_.spoil_all();
            break;
        }
        case Kind::denied:
            return drop("auth", outcome.sentence);
        case Kind::refused:
            if (trouble_ != outcome.sentence) parts_.host.warning(outcome.sentence);
            trouble_ = outcome.sentence;
            parts_.host.count("refused_commands");
            break;
    }
    // After a refusal the next command waits for the watch, so that a venue that refuses all is not flooded.
    if (outcome.kind != Kind::refused) send_commands();
    close_gaps(received);
    report();
}

// Closes the gap of each stream that is whole again.
void Stream::close_gaps(arb_time now) {
    // A feed that was dead while it looked alive has to give data before it is believed.
    if (lost_reason_ == stalled && !data_came_) return;
    for (auto const stream : live_streams) {
        if (!subscriptions_.complete(stream) || (stream == ARB_STREAM_BOOKS && !books_.complete())) continue;
        last_[index(stream)] = std::max(last_[index(stream)], now);
        auto const from = parts_.gaps.close(stream, {}, now);
        if (!from.has_value()) continue;
        if (stream == ARB_STREAM_TRADES)
            net::asio::co_spawn(parts_.executor, backfill(*from, now, lost_reason_), rethrow);
        if (stream == ARB_STREAM_STATUS) parts_.catalogue.sweep_soon();
    }
    parts_.outbox.added();
}

void Stream::report() {
    if (socket_ == nullptr) return;
    bool whole = trouble_.empty();
    for (auto const stream : live_streams)
        if (subscriptions_.has(stream) && !subscriptions_.complete(stream)) whole = false;
    auto const markets =
        parts_.settings.select.all() ? std::string{"all"} : std::to_string(subscriptions_.wanted_count());
    if (!trouble_.empty())
        parts_.health.set(Health::Part::feed, ARB_STATE_DEGRADED, "live in part: " + trouble_);
    else if (whole)
        parts_.health.set(Health::Part::feed, ARB_STATE_LIVE, "live: " + markets + " markets");
    else
        parts_.health.set(Health::Part::feed, ARB_STATE_STARTING, "subscribing to " + markets + " markets");
}

void Stream::send_commands() {
    for (auto& command : subscriptions_.commands()) {
        ++commands_open_;
        if (command_sent_ == 0) command_sent_ = parts_.host.now();
        send(std::move(command));
    }
    for (auto const& ticker : subscriptions_.books_asked()) books_.expect(ticker);
    for (auto const& ticker : subscriptions_.books_left()) books_.remove(ticker);
    if (!subscriptions_.books_asked().empty()) books_asked_ = parts_.host.now();
}

void Stream::ask_for_books(arb_time now) {
    if (socket_ == nullptr || now - books_asked_ < books_again_ns) return;
    auto command = subscriptions_.snapshots(books_.waiting());
    if (command.empty()) return;
    books_asked_ = now;
    send(std::move(command));
}

void Stream::send(std::string command) {
    auto write = [](std::shared_ptr<net::WebSocket> socket, std::string text) -> net::asio::awaitable<void> {
        auto const written = co_await socket->write(std::move(text));
        if (written.has_error()) socket->cut();
    };
    net::asio::co_spawn(parts_.executor, write(socket_, std::move(command)), rethrow);
}

// Ends the connection; the session then says why.
void Stream::drop(std::string reason, std::string sentence) {
    if (socket_ == nullptr || !drop_reason_.empty()) return;
    drop_reason_ = std::move(reason);
    drop_sentence_ = std::move(sentence);
    socket_->cut();
}

net::asio::awaitable<void> Stream::watch() {
    while (!parts_.host.stopping()) {
        co_await net::sleep(watch_every);
        if (socket_ == nullptr) continue;
        auto const now = parts_.host.now();
        send_commands();
        if (!books_.complete()) ask_for_books(now);
        report();
        if (command_sent_ != 0 && now - command_sent_ > reply_max_ns)
            drop("no_reply", "the venue did not answer a command within 15 s");
        bool const expecting = parts_.settings.select.all() || subscriptions_.wanted_count() != 0;
        if (expecting && silence_.exceeded() && !checking_stall_)
            net::asio::co_spawn(parts_.executor, look_for_stall(), rethrow);
    }
}

// Quiet markets are silent for hours, and a dead feed answers pings as well: the list of trades knows which
// it is.
net::asio::awaitable<void> Stream::look_for_stall() {
    checking_stall_ = true;
    auto const connection = connected_at_;
    auto const since = std::max(last_data_, connected_at_);
    bool const dead = co_await parts_.trades.missing_since(since);
    checking_stall_ = false;
    if (connection != connected_at_ || socket_ == nullptr) co_return;
    if (dead)
        drop(stalled, "the stream is silent although the venue lists newer trades");
    else
        silence_.connected();
}

net::asio::awaitable<void> Stream::backfill(arb_time from, arb_time to, std::string reason) {
    net::Backoff backoff{1s, 30s};
    co_await net::sleep(backfill_after);
    std::string last;
    for (unsigned tried = 0; tried != backfill_tries && !parts_.host.stopping(); ++tried) {
        if (tried != 0) co_await net::sleep(backoff.next());
        auto const fetched = co_await parts_.trades.fetch(from, ARB_FLAG_BACKFILLED);
        if (fetched.has_value()) {
            parts_.gaps.record(ARB_STREAM_TRADES, {}, from, to, reason, {}, true);
            parts_.outbox.added();
            co_return;
        }
        last = fetched.error().text;
    }
    parts_.host.warning("trades of a gap could not be read afterwards: " + last);
}

}  // namespace arb::kalshi
