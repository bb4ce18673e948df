// The WebSocket, by Beast, without its timers: one clock for the whole connection looks for silence once a
// second, because a timer for each frame would cost more than the frame.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <optional>

#include "net/connection.hpp"
#include "net/gate.hpp"

namespace arb::net {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using std::chrono::milliseconds;

// A frame of ours is small; when it does not leave in this time the other side has stopped reading.
constexpr milliseconds write_max{10s};
// How often a connection is looked at for silence.
constexpr milliseconds look_every{1s};
// What the opening messages took is given back: of hundreds of connections it would be most of the memory,
// and later messages are far smaller.
constexpr std::size_t buffer_bytes_kept = 64 << 10;

struct WebSocketState {
    WebSocketState(asio::any_io_executor const& executor, std::shared_ptr<TlsContext> t, Url u,
                   WebSocketLimits l)
        : tls{std::move(t)},
          url{std::move(u)},
          limits{l},
          stream{executor, tls->context},
          buffer{l.message_bytes_max},
          looking{executor} {
        stream.set_option(websocket::stream_base::timeout{websocket::stream_base::none(),
                                                          websocket::stream_base::none(), false});
        // The buffer's bound does it: Beast's own would first tell the server and lose the reason on the way.
        stream.read_message_max(0);
        stream.text(true);
        stream.control_callback([this](websocket::frame_type, beast::string_view) { heard = true; });
    }

    asio::ip::tcp::socket& socket() { return stream.next_layer().next_layer(); }
    void cut() {
        is_cut = true;
        looking.cancel();
        error_code ignored;
        socket().close(ignored);
    }

    std::shared_ptr<TlsContext> const tls;
    Url const url;
    WebSocketLimits const limits;
    websocket::stream<TlsStream, false> stream;  // false: no compression is ever offered
    beast::flat_buffer buffer;
    Gate writing{1};
    asio::steady_timer looking;
    Clock::time_point last_frame = Clock::now(), looked = last_frame, pinged = last_frame;
    bool heard = false;   // a frame of any kind came since the last look
    bool silent = false;  // cut because nothing came
    bool is_cut = false;
};

using State = std::shared_ptr<WebSocketState>;

Error read_error(WebSocketState const& state, error_code const& error) {
    auto const& reason = state.stream.reason();
    if (state.silent)
        return failed(state.url, "no frame of any kind for " + seconds_text(state.limits.idle_max));
    // A server may cut the connection right after its close frame; the frame is what counts.
    if (error == websocket::error::closed || reason.code != websocket::close_code::none) {
        // A close frame may come without a code; 1005 is how the protocol calls that.
        auto const code = std::to_string(reason.code == 0 ? 1005 : static_cast<unsigned>(reason.code));
        std::string const text{reason.reason.data(), reason.reason.size()};
        return failed(state.url, "closed the connection: " + code + (text.empty() ? "" : " " + text), code);
    }
    if (error == websocket::error::buffer_overflow)
        return failed(
            state.url,
            "sent a message larger than " + std::to_string(state.limits.message_bytes_max) + " bytes",
            "too_large");
    if (state.is_cut || error == asio::error::operation_aborted || error == asio::error::bad_descriptor)
        return failed(state.url, "the connection was cut on this side");
    if (error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
        error == asio::error::connection_reset)
        return failed(state.url, "the connection was cut");
    return failed(state.url, "the connection failed: " + error.message());
}

asio::awaitable<void> ping(State state) {
    Deadline const deadline{state->socket(), Clock::now() + write_max};
    error_code error;
    co_await state->stream.async_ping({}, into(error));
}

// A connection without any frame is dead, and a quiet one is asked for a sign of life.
void look(State const& state) {
    auto const idle_max = state->limits.idle_max;
    auto const every = std::min(look_every, idle_max / 8);
    state->looking.expires_after(every);
    state->looking.async_wait([weak = std::weak_ptr{state}, every, idle_max](error_code const& error) {
        auto const self = weak.lock();
        if (error || !self || self->is_cut) return;
        auto const now = Clock::now();
        // This side was held up (a full queue, a suspended machine) and did not read: that proves nothing.
        if (std::exchange(self->heard, false) || now - self->looked > every + idle_max / 4)
            self->last_frame = now;
        self->looked = now;
        if (now - self->last_frame >= idle_max) {
            self->silent = true;
            return self->cut();
        }
        // 10 s of the usual 25.
        auto const ping_every = idle_max * 2 / 5;
        if (now - self->last_frame >= ping_every && now - self->pinged >= ping_every) {
            self->pinged = now;
            asio::co_spawn(self->stream.get_executor(), ping(self), asio::detached);
        }
        look(self);
    });
}

asio::awaitable<Result<std::string_view>> read(State state) {
    state->buffer.clear();
    if (state->buffer.capacity() > buffer_bytes_kept) state->buffer.shrink_to_fit();
    error_code error;
    co_await state->stream.async_read(state->buffer, into(error));
    if (error) co_return read_error(*state, error);
    state->heard = true;
    auto const data = state->buffer.cdata();
    co_return std::string_view{static_cast<char const*>(data.data()), data.size()};
}

asio::awaitable<Result<>> write(State state, std::string frame) {
    Gate::Pass pass{state->writing, state->stream.get_executor()};
    co_await pass.admitted();
    Deadline const deadline{state->socket(), Clock::now() + write_max};
    error_code error;
    auto const data = asio::buffer(frame);
    co_await state->stream.async_write(data, into(error));
    if (!error) co_return Result<>{};
    if (deadline.expired())
        co_return failed(state->url, "took no frame of ours for " + seconds_text(write_max));
    co_return read_error(*state, error);
}

asio::awaitable<void> close(State state) {
    {
        Deadline const deadline{state->socket(), Clock::now() + state->limits.close_max};
        error_code ignored;
        co_await state->stream.async_close(websocket::close_code::normal, into(ignored));
    }
    state->cut();
}

class TlsWebSocket final : public WebSocket {
  public:
    explicit TlsWebSocket(State state) : state_{std::move(state)} { look(state_); }
    ~TlsWebSocket() override { state_->cut(); }
    asio::awaitable<Result<std::string_view>> read() override { return net::read(state_); }
    asio::awaitable<Result<>> write(std::string frame) override {
        return net::write(state_, std::move(frame));
    }
    asio::awaitable<void> close() override { return net::close(state_); }
    void cut() override { state_->cut(); }

  private:
    State const state_;  // shared with reads and writes under way
};

Error refused_upgrade(Url const& url, websocket::response_type const& response) {
    constexpr std::size_t body_shown_max = 200;
    auto const status = response.result_int();
    std::string text =
        "refused the WebSocket: HTTP " + std::to_string(status) + " " + std::string{response.reason()};
    auto const body = std::string_view{response.body()}.substr(0, body_shown_max);
    if (!body.empty()) text.append(": ").append(body);
    auto const denied = status == 401 || status == 403, busy = status == 429 || status == 503;
    return failed(url, text, denied ? "auth" : busy ? "busy" : "");
}

asio::awaitable<Result<>> upgrade(WebSocketState& state, std::vector<Header> const& headers,
                                  Clock::time_point until, milliseconds* retry_after) {
    state.stream.set_option(websocket::stream_base::decorator{[&headers](websocket::request_type& request) {
        request.set(http::field::user_agent, user_agent);
        for (auto const& header : headers) request.set(header.name, header.value);
    }});
    Deadline const deadline{state.socket(), until};
    websocket::response_type response;
    error_code error;
    auto const target = state.url.target.empty() ? std::string{"/"} : state.url.target;
    co_await state.stream.async_handshake(response, state.url.authority, target, into(error));
    if (!error) co_return Result<>{};
    if (deadline.expired())
        co_return failed(state.url, "no answer to the WebSocket upgrade within " +
                                        seconds_text(state.limits.handshake_max));
    if (error == websocket::error::upgrade_declined) {
        if (retry_after != nullptr)
            *retry_after = parse_retry_after(std::string{response[http::field::retry_after]});
        co_return refused_upgrade(state.url, response);
    }
    co_return failed(state.url, "the WebSocket upgrade failed: " + error.message());
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
    auto const opened = co_await open(state->stream.next_layer(), state->url, until);
    if (opened.has_error()) co_return opened.error();
    auto const upgraded = co_await upgrade(*state, headers, until, retry_after);
    if (upgraded.has_error()) co_return upgraded.error();
    std::unique_ptr<WebSocket> out = std::make_unique<TlsWebSocket>(state);
    co_return out;
}

}  // namespace arb::net
