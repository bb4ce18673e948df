// The WebSocket: the upgrade through Beast's HTTP, then frames of our own reading (frames.hpp). What arrived
// together is handed out together, so that a busy feed costs one turn of the loop for dozens of frames.
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstring>
#include <optional>

#include "net/connection.hpp"
#include "net/frames.hpp"
#include "net/gate.hpp"
#include "net/signature.hpp"

namespace arb::net {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using std::chrono::milliseconds;

// A frame of ours is small; when it does not leave in this time the other side has stopped reading.
constexpr milliseconds write_max{10s};
// How often a connection is looked at for silence.
constexpr milliseconds look_every{1s};
// What a server says beside a refusal; more than a sentence of it is not read.
constexpr std::size_t refusal_bytes_max = 16 * 1024;
constexpr unsigned close_normal = 1000, close_no_code = 1005, close_broken = 1002, close_too_large = 1009;

struct WebSocketState {
    WebSocketState(asio::any_io_executor const& executor, std::shared_ptr<TlsContext> t, Url u,
                   WebSocketLimits l)
        : tls{std::move(t)},
          url{std::move(u)},
          limits{l},
          stream{executor, tls->context},
          frames{l.message_bytes_max},
          looking{executor},
          ended{executor, asio::steady_timer::time_point::max()} {}

    asio::ip::tcp::socket& socket() { return stream.next_layer(); }
    void cut() {
        is_cut = true;
        looking.cancel();
        error_code ignored;
        socket().close(ignored);
    }
    // The first error counts: what follows it are its consequences.
    void fail(Error why) {
        if (!error) error = std::move(why);
        ended.cancel();
    }

    std::shared_ptr<TlsContext> const tls;
    Url const url;
    WebSocketLimits const limits;
    TlsStream stream;
    FrameBuffer frames;
    Gate writing{1};
    asio::steady_timer looking;
    asio::steady_timer ended;  // cancelled when reading has failed
    std::optional<Error> error;
    Clock::time_point last_frame = Clock::now(), looked = last_frame, pinged = last_frame;
    std::string pong;  // the payload to answer with
    bool pong_waits = false;
    bool is_cut = false, closing = false, reading = false;
    unsigned close_with = 0;  // the code of a close frame that is to be sent
};

using State = std::shared_ptr<WebSocketState>;

asio::awaitable<Result<>> send(State state, Opcode opcode, std::string payload, milliseconds time) {
    Gate::Pass pass{state->writing, state->stream.get_executor()};
    co_await pass.admitted();
    // A ping that came while an older answer waited is answered in its place: a flood of pings costs one
    // pong at a time.
    if (opcode == Opcode::pong) {
        payload = std::move(state->pong);
        state->pong_waits = false;
    }
    std::uint32_t mask = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&mask), sizeof mask) != 1) ERR_clear_error();
    auto const frame = encode_frame(opcode, payload, mask);
    Deadline const deadline{state->socket(), Clock::now() + time};
    error_code error;
    auto const data = asio::buffer(frame);
    co_await asio::async_write(state->stream, data, into(error));
    if (!error) co_return Result<>{};
    if (deadline.expired()) co_return failed(state->url, "took no frame of ours for " + seconds_text(time));
    if (state->error) co_return *state->error;
    co_return failed(state->url, "the connection was cut: " + error.message());
}

void send_soon(State const& state, Opcode opcode, std::string payload) {
    auto const work = [](State to, Opcode what, std::string text) -> asio::awaitable<void> {
        auto const sent = co_await send(to, what, std::move(text), write_max);
        if (sent.has_error()) to->cut();
    };
    asio::co_spawn(state->stream.get_executor(), work(state, opcode, std::move(payload)), asio::detached);
}

// Once a second: a connection without any frame is dead, and a quiet one is asked for a sign of life. One
// clock for the whole connection: a timer for each frame would cost more than the frame.
void look(State const& state) {
    auto const idle_max = state->limits.idle_max;
    auto const every = std::min(look_every, idle_max / 8);
    state->looking.expires_after(every);
    state->looking.async_wait([weak = std::weak_ptr{state}, every, idle_max](error_code const& error) {
        auto const self = weak.lock();
        if (error || !self || self->is_cut || self->error) return;
        auto const now = Clock::now();
        // This side was held up (a full queue, a suspended machine) and did not read: that proves nothing.
        if (now - self->looked > every + idle_max / 4) self->last_frame = now;
        self->looked = now;
        if (now - self->last_frame >= idle_max) {
            self->fail(failed(self->url, "no frame of any kind for " + seconds_text(idle_max)));
            return self->cut();
        }
        // 10 s of the usual 25.
        auto const ping_every = idle_max * 2 / 5;
        if (now - self->last_frame >= ping_every && now - self->pinged >= ping_every) {
            self->pinged = now;
            send_soon(self, Opcode::ping, {});
        }
        look(self);
    });
}

std::string close_payload(unsigned code) {
    return {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
}

void closed_by_server(WebSocketState& state, std::string_view payload) {
    // A close frame may come without a code; 1005 is how the protocol calls that.
    unsigned code = close_no_code;
    std::string text;
    if (payload.size() >= 2) {
        code = static_cast<unsigned>(static_cast<unsigned char>(payload[0])) << 8 |
               static_cast<unsigned char>(payload[1]);
        text = payload.substr(2);
    }
    auto const name = std::to_string(code);
    state.close_with = code == close_no_code ? close_normal : code;
    state.fail(failed(state.url, "closed the connection: " + name + (text.empty() ? "" : " " + text), name));
}

// The next message that has arrived in full; answers control frames on the way.
std::optional<std::string_view> take(State const& state) {
    using Kind = FrameBuffer::Kind;
    while (!state->error && !state->is_cut) {
        auto const next = state->frames.next();
        switch (next.kind) {
            case Kind::incomplete:
                return {};
            case Kind::message:
                if (!state->closing) return next.payload;
                break;
            case Kind::ping:
                state->pong = next.payload;
                if (!state->pong_waits) send_soon(state, Opcode::pong, {});
                state->pong_waits = true;
                break;
            case Kind::pong:
                break;
            case Kind::close:
                closed_by_server(*state, next.payload);
                break;
            case Kind::too_large:
                state->close_with = close_too_large;
                state->fail(failed(state->url, "sent a message larger than " +
                                                   std::to_string(state->limits.message_bytes_max) +
                                                   " bytes"));
                break;
            case Kind::broken:
                state->close_with = close_broken;
                state->fail(failed(state->url, "sent " + std::string{next.payload} +
                                                   ", which the WebSocket protocol forbids"));
                break;
        }
    }
    return {};
}

// TLS records that arrived with the first need no turn of the loop: a venue sends each frame as a record of
// its own. Failures show again at the next read that waits.
void take_waiting_records(WebSocketState& state) {
    for (auto space = state.frames.space_left(); !space.empty(); space = state.frames.space_left()) {
        ERR_clear_error();
        auto const count =
            SSL_read(state.stream.native_handle(), space.data(), static_cast<int>(space.size()));
        if (count <= 0) break;
        state.frames.filled(static_cast<std::size_t>(count));
    }
    ERR_clear_error();
}

asio::awaitable<void> receive(State state) {
    auto const space = state->frames.space();
    auto const buffer = asio::buffer(space.data(), space.size());
    error_code error;
    state->reading = true;
    auto const count = co_await state->stream.async_read_some(buffer, into(error));
    state->reading = false;
    if (error) {
        auto const here = error == asio::error::operation_aborted || error == asio::error::bad_descriptor;
        auto const cut = error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
                         error == asio::error::connection_reset;
        state->fail(failed(state->url, here  ? "the connection was cut on this side"
                                       : cut ? "the connection was cut"
                                             : "the connection failed: " + error.message()));
        co_return;
    }
    state->last_frame = Clock::now();
    state->frames.filled(count);
    take_waiting_records(*state);
}

asio::awaitable<Result<std::string_view>> read(State state) {
    for (;;) {
        if (auto const message = take(state)) co_return *message;
        if (state->close_with != 0) {
            // The protocol wants the answer; whether it arrives changes nothing.
            co_await send(state, Opcode::close, close_payload(std::exchange(state->close_with, 0)),
                          state->limits.close_max);
        }
        if (state->error) co_return *state->error;
        if (state->is_cut) co_return failed(state->url, "the connection was cut on this side");
        co_await receive(state);
    }
}

asio::awaitable<void> close(State state) {
    state->closing = true;
    auto const sent =
        co_await send(state, Opcode::close, close_payload(close_normal), state->limits.close_max);
    if (sent.has_value() && !state->error) {
        Deadline const deadline{state->socket(), Clock::now() + state->limits.close_max};
        error_code woken;
        if (state->reading)
            co_await state->ended.async_wait(into(woken));
        else
            co_await read(state);
    }
    state->cut();
}

class TlsWebSocket final : public WebSocket {
  public:
    explicit TlsWebSocket(State state) : state_{std::move(state)} { look(state_); }
    ~TlsWebSocket() override { state_->cut(); }
    asio::awaitable<Result<std::string_view>> read() override { return net::read(state_); }
    std::optional<std::string_view> arrived() override { return take(state_); }
    asio::awaitable<Result<>> write(std::string frame) override {
        return send(state_, Opcode::text, std::move(frame), write_max);
    }
    asio::awaitable<void> close() override { return net::close(state_); }
    void cut() override { state_->cut(); }

  private:
    State const state_;  // shared with reads and writes under way
};

// ------------------------------------------------------------------------------------------------- upgrade

using Response = http::response_parser<http::string_body>;

Error refused_upgrade(Url const& url, http::response<http::string_body> const& response) {
    constexpr std::size_t body_shown_max = 200;
    auto const status = response.result_int();
    std::string text =
        "refused the WebSocket: HTTP " + std::to_string(status) + " " + std::string{response.reason()};
    auto const body = std::string_view{response.body()}.substr(0, body_shown_max);
    if (!body.empty()) text.append(": ").append(body);
    auto const denied = status == 401 || status == 403, busy = status == 429 || status == 503;
    return failed(url, text, denied ? "auth" : busy ? "busy" : "");
}

// Proves that the server understood the upgrade, and did not replay an answer to someone else.
std::string expected_accept(std::string const& key) {
    auto const text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<unsigned char const*>(text.data()), text.size(), digest);
    return base64({reinterpret_cast<char const*>(digest), sizeof digest});
}

// What is wrong with an answer of status 101; empty if nothing.
std::string_view upgrade_fault(http::response<http::string_body> const& response, std::string const& key) {
    if (!beast::iequals(response[http::field::upgrade], "websocket") ||
        !http::token_list{response[http::field::connection]}.exists("upgrade"))
        return "the answer does not speak of a WebSocket";
    if (response[http::field::sec_websocket_accept] != expected_accept(key))
        return "the answer belongs to another request";
    // None was offered: what would follow could not be read.
    if (response.count(http::field::sec_websocket_extensions) != 0 ||
        response.count(http::field::sec_websocket_protocol) != 0)
        return "the answer asks for an extension that was not offered";
    return {};
}

asio::awaitable<Result<>> upgrade(WebSocketState& state, std::vector<Header> const& headers,
                                  Clock::time_point until, milliseconds* retry_after) {
    std::string nonce(16, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(nonce.size())) != 1)
        co_return failed(state.url, "this machine gives no random numbers");
    auto const key = base64(nonce);
    auto const target = state.url.target.empty() ? std::string{"/"} : state.url.target;
    http::request<http::empty_body> request{http::verb::get, target, 11};
    request.set(http::field::host, state.url.authority);
    request.set(http::field::user_agent, user_agent);
    for (auto const& header : headers) request.set(header.name, header.value);
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::connection, "Upgrade");
    request.set(http::field::sec_websocket_key, key);
    request.set(http::field::sec_websocket_version, "13");

    Deadline const deadline{state.socket(), until};
    error_code error;
    beast::flat_buffer buffer;
    Response parser;
    parser.header_limit(header_bytes_max);
    parser.body_limit(refusal_bytes_max);
    co_await http::async_write(state.stream, request, into(error));
    if (!error) co_await http::async_read_header(state.stream, buffer, parser, into(error));
    if (deadline.expired())
        co_return failed(state.url, "no answer to the WebSocket upgrade within " +
                                        seconds_text(state.limits.handshake_max));
    if (error) co_return failed(state.url, "the WebSocket upgrade failed: " + error.message());
    auto const& response = parser.get();
    if (response.result() != http::status::switching_protocols) {
        co_await http::async_read(state.stream, buffer, parser,
                                  into(error));  // its words, as far as they come
        if (retry_after != nullptr)
            *retry_after = parse_retry_after(std::string{response[http::field::retry_after]});
        co_return refused_upgrade(state.url, response);
    }
    if (auto const fault = upgrade_fault(response, key); !fault.empty())
        co_return failed(state.url, "the WebSocket upgrade failed: " + std::string{fault});
    // The first frames may have come with the answer.
    while (buffer.size() != 0) {
        auto const space = state.frames.space();
        auto const count = std::min(buffer.size(), space.size());
        std::memcpy(space.data(), buffer.cdata().data(), count);
        state.frames.filled(count);
        buffer.consume(count);
    }
    co_return Result<>{};
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<WebSocket>>> WebSocket::connect(std::shared_ptr<Tls> tls,
                                                                       std::string url,
                                                                       std::vector<Header> headers,
                                                                       WebSocketLimits limits,
                                                                       milliseconds* retry_after) {
    auto const executor = co_await asio::this_coro::executor;
    auto parsed = parse_url(url, "wss");
    if (parsed.has_error()) co_return parsed.error();
    if (!sendable(headers))
        co_return permanent("a header for " + parsed.value().host + " is too long or holds a line break");
    auto context = std::static_pointer_cast<TlsContext>(std::move(tls));
    auto const state =
        std::make_shared<WebSocketState>(executor, std::move(context), std::move(parsed.value()), limits);
    auto const until = Clock::now() + limits.handshake_max;
    auto const opened = co_await open(state->stream, state->url, until);
    if (opened.has_error()) co_return opened.error();
    auto const upgraded = co_await upgrade(*state, headers, until, retry_after);
    if (upgraded.has_error()) co_return upgraded.error();
    std::unique_ptr<WebSocket> out = std::make_unique<TlsWebSocket>(state);
    co_return out;
}

}  // namespace arb::net
