#include "polymarket/stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;
using Clock = Silence::Clock;

// The venue names no limit for one message; libraries send 100.
constexpr std::size_t ids_per_message = 100;
// An opening book comes within a second, behind a busy connection within ten.
constexpr std::chrono::milliseconds book_wait = 10s;
constexpr std::chrono::milliseconds book_wait_max = 60s;
// The heartbeat the venue asks for.
constexpr std::chrono::milliseconds ping_every = 10s;
constexpr std::chrono::milliseconds tend_every = 500ms;
// A connection that never delivered anything is given up sooner than one that did.
constexpr std::chrono::milliseconds first_data_wait = 20s;
constexpr std::chrono::milliseconds backoff_base = 500ms;
constexpr std::chrono::milliseconds backoff_cap = 30s;
// Only a connection that delivered data for so long was a good one.
constexpr std::chrono::milliseconds good_after = 60s;
// The venue did not understand us; asking again at once would be the same message.
constexpr std::chrono::milliseconds refused_pause = 30s;
// A change that REST shows may be on its way to us; after this it is not.
constexpr std::chrono::milliseconds rest_ahead_max = 3s;

std::string quoted(std::vector<std::string> const& ids) {
    std::string out;
    for (auto const& id : ids) out.append(out.empty() ? "\"" : ",\"").append(id).append("\"");
    return out;
}

// Compares books from REST with ours.
class Audit final : public EventSink {
  public:
    explicit Audit(Prices& prices) : prices_{prices} {}
    void event(StreamEvent const& event) override {
        auto const* const token = prices_.token(event.asset_id);
        auto const time = read_milliseconds(event.timestamp);
        if (token == nullptr || !token->keeps_book || !token->live || !time) return;
        if (*time > token->book.time()) newer = true;
    }
    bool newer = false;

  private:
    Prices& prices_;
};

}  // namespace

std::string opening_message(std::vector<std::string> const& ids) {
    return "{\"assets_ids\":[" + quoted(ids) + "],\"type\":\"market\",\"custom_feature_enabled\":true}";
}

std::string operation_message(std::string_view operation, std::vector<std::string> const& ids) {
    // The flag holds for the connection and is set anew by each message that could carry it.
    auto const* const flag = operation == "subscribe" ? ",\"custom_feature_enabled\":true}" : "}";
    return fmt::format("{{\"operation\":\"{}\",\"assets_ids\":[{}]{}", operation, quoted(ids), flag);
}

void Shard::add(Market& market) {
    market.shard = this;
    markets_.insert(&market);
    tokens_ += market.tokens.size();
    for (auto const& token : market.tokens) wanted_.want(token.id);
    // It joins a connection that is down: what it misses until the next one is missing for it, too.
    if (lost_ && !open_ && !whole_gap_) open_gap(market, context_.host.now(), "disconnected", {});
}

void Shard::remove(Market& market) {
    release(market);
    context_.gaps.close(ARB_STREAM_ALL, market.id, context_.host.now());
    recover(nullptr);
}

void Shard::release(Market& market) {
    market.shard = nullptr;
    if (markets_.erase(&market) == 0) return;
    tokens_ -= market.tokens.size();
    for (auto const& token : market.tokens) {
        wanted_.unwant(token.id);
        pending_.erase(token.id);
        refreshes_.erase(token.id);
    }
}

net::asio::awaitable<void> Shard::run() {
    net::Backoff backoff{backoff_base, backoff_cap};
    while (!context_.host.stopping()) {
        if (markets_.empty()) {
            co_await net::sleep(tend_every);
            continue;
        }
        if (last_data_ == 0) last_data_ = context_.host.now();
        auto pause = 0ms;
        bool const connected = co_await connect();
        if (connected) {
            net::asio::co_spawn(context_.executor, tend(connection_), rethrow);
            auto const ended = co_await read_frames();
            open_ = false;
            if (ended.where == "1000" &&
                ended.text.find("all subscribed assets resolved") != std::string::npos) {
                drop_resolved();
                continue;
            }
            auto const reason = !cut_reason_.empty()    ? cut_reason_
                                : ended.where == "1013" ? "slow"
                                                        : "disconnected";
            if (markets_.empty()) continue;  // we closed it: nothing was left to follow
            interrupted(reason, ended.text);
            if (Clock::now() - connected_at_ >= good_after && silence_.silent() < good_after) backoff.reset();
            if (ended.where == "1008") pause = refused_pause;
            if (ended.where == "1013") context_.too_slow(*this);
        }
        co_await net::sleep(std::max(pause, backoff.next()));
    }
}

net::asio::awaitable<bool> Shard::connect() {
    co_await context_.connects.take();
    std::vector<net::Header> headers;
    net::WebSocketLimits limits;
    auto connected = co_await net::WebSocket::connect(context_.tls, context_.url, std::move(headers), limits);
    if (connected.has_error()) {
        interrupted("disconnected", connected.error().text);
        co_return false;
    }
    if (markets_.empty()) co_return false;
    socket_ = std::move(*connected);
    ++connection_;
    cut_reason_.clear();
    connected_at_ = pinged_at_ = Clock::now();
    silence_.connected(connected_at_);
    wanted_.disconnected();
    refreshes_.clear();
    pending_.clear();
    auto const ids = wanted_.additions(tokens_);
    expect(ids);
    open_ = true;
    got_data_ = false;
    auto message = opening_message(ids);
    auto const socket = socket_;
    auto const written = co_await socket->write(std::move(message));
    if (written.has_error()) {
        open_ = false;
        interrupted("disconnected", written.error().text);
        co_return false;
    }
    if (connection_ > 1) context_.host.count("reconnects");
    co_return true;
}

net::asio::awaitable<Error> Shard::read_frames() {
    auto const socket = socket_;
    while (true) {
        auto const frame = co_await socket->read();
        if (frame.has_error()) co_return frame.error();
        if (!take_frame(*frame)) cut("malformed");
    }
}

bool Shard::take_frame(std::string_view frame) {
    received_ = context_.host.now();
    switch (decoder_.decode(frame, *this)) {
        case Frame::events:
            context_.host.alive();
            silence_.data();
            got_data_ = true;
            last_data_ = received_;
            return true;
        case Frame::pong:
            return true;
        case Frame::no_new_assets:
            context_.host.count("no_new_assets");
            return true;
        case Frame::invalid_operation:
            context_.host.warning("the venue answered INVALID OPERATION to a message of ours");
            return true;
        case Frame::unreadable:
            break;
    }
    // What it said is lost; new opening books repair the prices.
    context_.host.reject("unreadable_frame");
    return false;
}

void Shard::event(StreamEvent const& event) { context_.prices.apply(event, received_); }

net::asio::awaitable<void> Shard::tend(std::uint64_t connection) {
    auto const current = [&] { return open_ && connection == connection_ && !context_.host.stopping(); };
    while (current()) {
        co_await change_subscriptions();
        if (current()) co_await ask_again();
        if (current() && Clock::now() - pinged_at_ >= ping_every) {
            pinged_at_ = Clock::now();
            co_await write("PING");
        }
        if (current()) co_await judge_silence();
        if (current() && markets_.empty()) {
            auto const socket = socket_;
            co_await socket->close();
        }
        if (current()) co_await net::sleep(tend_every);
    }
}

net::asio::awaitable<void> Shard::change_subscriptions() {
    while (open_) {
        auto const gone = wanted_.removals(ids_per_message);
        if (gone.empty()) break;
        co_await send("unsubscribe", gone);
    }
    while (open_) {
        auto const added = wanted_.additions(ids_per_message);
        if (added.empty()) break;
        expect(added);
        co_await send("subscribe", added);
    }
}

// A subscription is not repeated by the venue while it holds: it has to be given up first.
net::asio::awaitable<void> Shard::ask_again() {
    auto const now = Clock::now();
    std::vector<std::string> ids;
    for (auto& [id, pending] : pending_) {
        if (ids.size() == ids_per_message) break;
        if (pending.due > now && refreshes_.count(id) == 0) continue;
        ids.push_back(id);
        if (refreshes_.erase(id) == 0) ++pending.tries;
        auto const wait = book_wait * (1 << std::min(pending.tries, 3u));
        pending.due = now + std::min(std::chrono::milliseconds{wait}, book_wait_max);
    }
    if (ids.empty()) co_return;
    // While most are missing it is the connection that has not recovered, and its gap goes on as one.
    if (lost_ && 2 * pending_.size() < tokens_) name_missing();
    context_.host.count("books_asked_again", ids.size());
    co_await send("unsubscribe", ids);
    if (open_) co_await send("subscribe", ids);
}

// Data is the only proof of life. A quiet connection is compared with the books over REST: if those are no
// newer, the markets are quiet and not the connection.
net::asio::awaitable<void> Shard::judge_silence() {
    if (!got_data_ && Clock::now() - connected_at_ >= first_data_wait && !markets_.empty()) {
        cut("stalled");
        co_return;
    }
    if (!silence_.exceeded() || markets_.empty()) co_return;
    std::string body;
    std::size_t asked = 0;
    for (auto const* const market : markets_) {
        if (asked == ids_per_message) break;
        for (auto const& token : market->tokens) {
            if (!token.keeps_book || !token.live) continue;
            body += (asked++ == 0 ? "[{\"token_id\":\"" : ",{\"token_id\":\"") + token.id + "\"}";
        }
    }
    if (asked == 0) {
        cut("stalled");
        co_return;
    }
    auto const connection = connection_;
    net::Request request;
    request.method = "POST";
    request.target = "/books";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = body + "]";
    auto const books = co_await context_.clob.send(std::move(request));
    if (!open_ || connection != connection_ || !silence_.exceeded()) co_return;
    Audit audit{context_.prices};
    StreamDecoder decoder;
    bool const readable = books.has_value() && decoder.decode(*books, audit) == Frame::events;
    if (readable && !audit.newer) {
        silence_.connected();
        co_return;
    }
    if (readable) co_await net::sleep(rest_ahead_max);
    if (open_ && connection == connection_ && silence_.exceeded()) cut("stalled");
}

net::asio::awaitable<void> Shard::send(char const* operation, std::vector<std::string> const& ids) {
    auto frame = operation_message(operation, ids);
    co_await write(std::move(frame));
}

net::asio::awaitable<void> Shard::write(std::string frame) {
    if (!open_) co_return;
    auto const socket = socket_;
    auto const written = co_await socket->write(std::move(frame));
    if (written.has_error() && open_ && socket == socket_) cut("disconnected");
}

void Shard::expect(std::vector<std::string> const& ids) {
    for (auto const& id : ids) pending_[id] = {Clock::now() + book_wait, 0};
}

void Shard::opened(Token& token) {
    pending_.erase(token.id);
    refreshes_.erase(token.id);
    recover(token.market);
}

void Shard::recover(Market const* market) {
    auto const now = context_.host.now();
    if (market != nullptr) {
        bool const all =
            std::all_of(market->tokens.begin(), market->tokens.end(), [](Token const& t) { return t.live; });
        if (all) context_.gaps.close(ARB_STREAM_ALL, market->id, now);
    }
    if (!open_ || !pending_.empty()) return;
    lost_ = false;
    if (whole_gap_) context_.gaps.close(ARB_STREAM_ALL, {}, now);
    whole_gap_ = false;
}

// After a reconnect most books have come and some have not: from here on the gap is that of single markets.
void Shard::name_missing() {
    if (whole_gap_) {
        for (auto const& [id, pending] : pending_)
            if (auto const* const token = context_.prices.token(id))
                open_gap(*token->market, lost_from_, "no_book", {});
        context_.gaps.close(ARB_STREAM_ALL, {}, context_.host.now());
    }
    whole_gap_ = lost_ = false;
}

void Shard::refresh(Token& token, std::string_view reason) {
    if (!open_ || pending_.count(token.id) != 0) return;  // a fresh book is on its way already
    token.live = false;
    open_gap(*token.market, context_.host.now(), reason, {});
    pending_[token.id] = {Clock::now() + book_wait, 0};
    refreshes_.insert(token.id);
}

std::size_t Shard::waiting_count() const {
    auto const first = [](auto const& entry) { return entry.second.tries == 0; };
    return wanted_.to_add() +
           static_cast<std::size_t>(std::count_if(pending_.begin(), pending_.end(), first));
}

void Shard::cut(std::string_view reason) {
    cut_reason_ = reason;
    context_.host.warning(fmt::format("connection {} is replaced: {}", number_, reason));
    if (socket_) socket_->cut();
}

void Shard::interrupted(std::string_view reason, std::string const& detail) {
    last_error_ = detail;
    if (!lost_) {
        lost_from_ = last_data_;
        whole_gap_ = context_.alone();
        context_.host.warning(fmt::format("connection {} of {} markets: {}; it is opened again", number_,
                                          markets_.size(), detail));
    }
    lost_ = true;
    pending_.clear();
    // A gap that is open stays as it is; a market that had recovered since gets another one.
    if (whole_gap_) context_.gaps.open(ARB_STREAM_ALL, {}, last_data_, reason, detail);
    for (auto* const market : markets_) {
        Prices::lost(*market);
        if (!whole_gap_) open_gap(*market, last_data_, reason, detail);
    }
}

void Shard::open_gap(Market const& market, arb_time from, std::string_view reason, std::string_view detail) {
    context_.gaps.open(ARB_STREAM_ALL, market.id, from, reason, detail);
}

void Shard::drop_resolved() {
    auto const markets = markets_;
    for (auto* const market : markets) {
        // One that was to be asked for in a moment is not meant.
        bool const asked = std::all_of(market->tokens.begin(), market->tokens.end(),
                                       [&](Token const& token) { return wanted_.asked(token.id); });
        if (!asked) continue;
        remove(*market);
        context_.ended(*market);
    }
    wanted_.disconnected();
}

}  // namespace arb::polymarket
