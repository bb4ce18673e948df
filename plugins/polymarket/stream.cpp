#include "polymarket/stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "polymarket/messages.hpp"

namespace arb::polymarket {

namespace {

// Silent connections that are compared with REST at a time, and by how many books.
constexpr std::size_t judging_max = 20, judged_books_max = 50;
// Of one message: a hundred opening books of the deepest markets.
constexpr std::uint64_t message_bytes_max = 32 << 20;
constexpr std::chrono::milliseconds tend_every = 500ms;
// A connection that never delivered anything is given up sooner than one that did.
constexpr std::chrono::milliseconds first_data_wait = 20s;
// Not even an answer to PING: those were seen to take 11 s.
constexpr std::chrono::milliseconds unanswered_max = 30s;
// A silence that REST says nothing about is believed for so long.
constexpr arb_time unproven_max = 10 * 60 * second_ns;
// The venue did not understand us; asking again at once would be the same message.
constexpr std::chrono::milliseconds refused_pause = 30s;

// The close of a connection whose every token is resolved, as the venue sees it.
bool says_all_resolved(Error const& error) {
    return error.where == "1000" && error.text.find("all subscribed assets resolved") != std::string::npos;
}

// Whether books from REST are newer than ours.
class Newer final : public EventSink {
  public:
    explicit Newer(Prices& prices) : prices_{prices} {}
    void event(StreamEvent const& event) override {
        auto const* const token = prices_.token(event.asset_id);
        auto const time = read_milliseconds(event.timestamp);
        if (token == nullptr || !token->keeps_book || !token->live || !time) return;
        if (*time > token->book.time()) any = true;
    }
    bool any = false;

  private:
    Prices& prices_;
};

}  // namespace

Shard::Shard(StreamContext& context, unsigned number)
    : context_{context},
      number_{number},
      coverage_{context.gaps, context.record, context.timing,
                [this](Missing missing) { context_.recover(std::move(missing)); }},
      silence_{context.timing.silence_min, context.timing.silence_max},
      renew_at_{next_renewal()} {}

std::vector<std::string> Shard::market_ids() const {
    std::vector<std::string> out;
    for (auto const* const market : markets_) out.push_back(market->id);
    return out;
}

void Shard::share(Market& market) {
    if (!markets_.insert(&market).second) return;
    tokens_ += market.tokens.size();
    for (auto const& token : market.tokens) wanted_.want(token.id);
}

void Shard::add(Market& market) {
    market.shard = this;
    share(market);
    if (successor_ != nullptr) successor_->share(market);
    // It joins a connection that is down: what it misses until the next one is missing for it, too.
    if (lost_ && !open_ && !coverage_.whole()) coverage_.open(market.id, context_.host.now(), "disconnected");
}

void Shard::remove(Market& market) {
    release(market);
    coverage_.left(market.id, context_.host.now());
    recover(nullptr);
}

void Shard::release(Market& market) {
    market.shard = nullptr;
    forget(market);
    if (successor_ != nullptr) successor_->forget(market);
}

void Shard::move(Market& market, Shard& to) {
    release(market);
    to.add(market);
    coverage_.move(market.id, to.coverage_);
}

void Shard::forget(Market& market) {
    if (markets_.erase(&market) == 0) return;
    tokens_ -= market.tokens.size();
    for (auto const& token : market.tokens) {
        wanted_.unwant(token.id);
        pending_.erase(token.id);
        refreshed_.erase(token.id);
        refreshes_.erase(token.id);
    }
}

net::asio::awaitable<void> Shard::run() {
    ++running_;
    while (!context_.host.stopping() && !retired_) {
        if (markets_.empty()) {
            co_await net::sleep(tend_every);
            continue;
        }
        if (last_data_ == 0) last_data_ = context_.host.now();
        co_await context_.opening();
        if (retired_) break;
        bool const connected = co_await connect();
        Error error;
        if (connected) {
            net::asio::co_spawn(context_.executor, tend(connection_), rethrow);
            net::asio::co_spawn(context_.executor, ping(connection_), rethrow);
            error = co_await read_frames();
            open_ = false;
            if (says_all_resolved(error)) co_await drop_resolved();
            if (ended(error)) continue;
        } else {
            error.where = refused_where_;
        }
        auto pause = reconnect_.pause(error.where, retry_after_);
        if (error.where == "1008") pause = std::max(pause, refused_pause);
        co_await net::sleep(pause);
    }
    --running_;
}

// What the end of a connection means. True if the next may be opened at once.
bool Shard::ended(Error const& error) {
    if (retired_) return true;
    if (successor_ != nullptr && successor_->confirmed()) {
        context_.hand_over(*this);
        return true;
    }
    if (!stands_) {
        retired_ = true;
        return true;
    }
    if (markets_.empty()) return true;  // we closed it: nothing was left to follow
    auto const reason = !cut_reason_.empty() ? cut_reason_ : error.where == "1013" ? "slow" : "disconnected";
    // What we cut ourselves says so, and why.
    interrupted(reason, cut_reason_.empty() ? error.text : "it was replaced: " + cut_reason_);
    // Fewer markets mean fewer frames, and shorter ones.
    if (error.where == "1013" || error.where == "too_large") context_.too_slow(*this);
    return false;
}

net::asio::awaitable<bool> Shard::connect() {
    std::vector<net::Header> headers;
    net::WebSocketLimits limits;
    limits.message_bytes_max = message_bytes_max;
    retry_after_ = std::chrono::milliseconds{-1};
    cut_reason_.clear();
    refused_where_.clear();
    auto connected = co_await net::WebSocket::connect(context_.tls, context_.url, std::move(headers), limits,
                                                      &retry_after_);
    if (connected.has_error()) {
        interrupted("disconnected", connected.error().text);
        refused_where_ = connected.error().where;
        co_return false;
    }
    if (markets_.empty() || retired_) co_return false;
    socket_ = std::move(*connected);
    ++connection_;
    connected_at_ = reconciled_at_ = heard_at_ = Clock::now();
    silence_.connected(connected_at_);
    feed_.prints = {};
    wanted_.disconnected();
    refreshes_.clear();
    refreshed_.clear();
    pending_.clear();
    // The rest follows in messages of their own: each answer is one frame with all the books.
    auto const ids = wanted_.additions(ids_per_message);
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
    if (retired_) return true;
    received_ = context_.host.now();
    heard_at_ = Clock::now();
    data_ = false;
    switch (decoder_.decode(frame, *this)) {
        case Frame::events:
            context_.host.alive();
            got_data_ = true;
            if (!data_) return true;
            silence_.data();
            reconnect_.data(Clock::now());
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
        case Frame::unknown_word:
            context_.prices.drift().say(ARB_DRIFT_UNKNOWN, "stream", frame, frame);
            context_.prices.drift().keep("stream", "a word that is not known", frame);
            return true;
        case Frame::unreadable:
            break;
    }
    // What it said is lost; new opening books repair the prices.
    context_.host.reject("unreadable_frame");
    context_.prices.drift().keep("stream", "a frame that is neither JSON nor a known word", frame);
    return false;
}

void Shard::event(StreamEvent const& event) {
    // New markets are announced to everybody: they say nothing of what is subscribed here.
    if (event.type != EventType::new_market && event.type != EventType::unknown) data_ = true;
    context_.prices.apply(event, received_, feed_);
    if (stands_ || event.type != EventType::book) return;
    auto const found = pending_.find(event.asset_id);
    auto const* const token = context_.prices.token(event.asset_id);
    if (found != pending_.end() && token != nullptr && token->live) pending_.erase(found);
}

bool Shard::current(std::uint64_t connection) const {
    return open_ && connection == connection_ && !context_.host.stopping();
}

net::asio::awaitable<void> Shard::tend(std::uint64_t connection) {
    ++running_;
    while (current(connection)) {
        co_await change_subscriptions();
        if (current(connection)) co_await ask_again();
        if (current(connection)) {
            look_at_silence();
            reconcile();
            look_after_renewal();
            coverage_.settle(context_.host.now());
        }
        if (current(connection) && markets_.empty()) {
            auto const socket = socket_;
            co_await socket->close();
        }
        if (current(connection)) co_await net::sleep(tend_every);
    }
    --running_;
}

// By itself: what tends the connection waits for answers over REST at times.
net::asio::awaitable<void> Shard::ping(std::uint64_t connection) {
    ++running_;
    while (current(connection)) {
        co_await net::sleep(context_.timing.ping_every);
        if (current(connection)) co_await write("PING");
    }
    --running_;
}

// Books of the markets that spoke last: they are the likeliest to have moved since.
std::vector<std::string> Shard::most_talkative() const {
    std::vector<Token const*> books;
    for (auto const* const market : markets_)
        for (auto const& token : market->tokens)
            if (token.keeps_book && token.live) books.push_back(&token);
    auto const count = std::min(books.size(), judged_books_max);
    auto const later = [](Token const* a, Token const* b) { return a->market->heard > b->market->heard; };
    auto const end = books.begin() + static_cast<std::ptrdiff_t>(count);
    std::partial_sort(books.begin(), end, books.end(), later);
    std::vector<std::string> ids;
    for (auto at = books.begin(); at != end; ++at) ids.push_back((*at)->id);
    return ids;
}

// Data is the only proof of life. A quiet connection is compared with the books over REST: if those are no
// newer, the markets are quiet and not the connection. By itself: REST may ask for a pause of minutes, and
// the connection wants to be looked after meanwhile.
void Shard::look_at_silence() {
    auto const now = Clock::now();
    if (markets_.empty()) return;
    if (!got_data_ && now - connected_at_ >= first_data_wait) return cut("stalled");
    if (now - heard_at_ >= unanswered_max) return cut("stalled");
    // One that has to wait for its turn is to be kept alive meanwhile.
    if (!silence_.exceeded() || judging_ == connection_ || *context_.judging >= judging_max) return;
    auto ids = most_talkative();
    if (ids.empty()) return cut("stalled");
    judging_ = connection_;
    net::asio::co_spawn(context_.executor, judge(connection_, std::move(ids)), rethrow);
}

net::asio::awaitable<void> Shard::judge(std::uint64_t connection, std::vector<std::string> ids) {
    ++running_;
    co_await judge_silence(connection, std::move(ids));
    if (judging_ == connection) judging_ = 0;
    --running_;
}

net::asio::awaitable<void> Shard::judge_silence(std::uint64_t connection, std::vector<std::string> ids) {
    ++*context_.judging;
    std::shared_ptr<void> const judged{nullptr, [count = context_.judging](void*) { --*count; }};
    auto const asked_at = context_.host.now();
    auto const books = co_await rest_books(ids);
    if (!current(connection) || !silence_.exceeded()) co_return;
    // No answer proves nothing, for a while: it is asked again after the next silence.
    if (books.has_error() && context_.host.now() - last_data_ < unproven_max) {
        silence_.connected();
        co_return;
    }
    Newer newer{context_.prices};
    StreamDecoder decoder;
    bool const readable = books.has_value() && decoder.decode(*books, newer) == Frame::events;
    if (readable && !newer.any) {
        silence_.connected();
        last_data_ = asked_at;  // until then nothing was missed
        co_return;
    }
    if (readable) co_await net::sleep(context_.timing.rest_ahead);
    if (current(connection) && silence_.exceeded()) cut("stalled");
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

void Shard::cut(std::string_view reason) {
    cut_reason_ = reason;
    context_.host.warning(fmt::format("connection {} is replaced: {}", number_, reason));
    if (socket_) socket_->cut();
}

void Shard::replace(std::string_view reason) {
    if (open_) cut(reason);
}

void Shard::interrupted(std::string_view reason, std::string const& detail) {
    last_error_ = detail;
    pending_.clear();
    if (!stands_) {
        retired_ = true;
        return;
    }
    if (successor_ != nullptr) {
        successor_->retire();
        give_up_successor();
    }
    if (!lost_)
        context_.host.warning(fmt::format("connection {} of {} markets: {}; it is opened again", number_,
                                          markets_.size(), detail));
    // A gap that is open stays as it is; a market that had recovered since gets another one.
    coverage_.lost(market_ids(), last_data_, reason, detail, !lost_ && context_.alone());
    lost_ = true;
    for (auto* const market : markets_) Prices::lost(*market);
}

net::asio::awaitable<Result<std::string>> Shard::rest_books(std::vector<std::string> const& ids) {
    net::Request request;
    request.method = "POST";
    request.target = "/books";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = books_body(ids);
    co_return co_await context_.clob.send(std::move(request));
}

net::asio::awaitable<void> Shard::drop_resolved() {
    std::vector<std::string> ids;
    for (auto const* const market : markets_) ids.push_back(market->tokens.front().id);
    if (retired_ || !stands_ || ids.empty()) co_return;
    auto const books = co_await rest_books(ids);
    if (books.has_error()) co_return;
    for (auto* const market : resolved_of(markets_, *books)) {
        context_.host.info(
            fmt::format("market {} is resolved: connection {} was closed over it", market->id, number_));
        remove(*market);
        context_.ended(*market);
    }
}

}  // namespace arb::polymarket
