// The one source that instantiates Beast and TLS, for HTTP and for WebSocket: see CMakeLists.txt.
#include "net/session.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <ctime>
#include <optional>

#include "net/gate.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

namespace arb::net {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Stream = asio::ssl::stream<tcp::socket>;

// One address of several may be a black hole, IPv6 above all: the others must still get their turn.
constexpr milliseconds connect_max{4s};
// Four at a time are enough for a catalogue sweep beside a backfill and commands; more would only meet rate
// limits.
constexpr unsigned http_connections_max = 4;
// Content delivery networks close after 60 s; a connection they are about to close is not worth a try.
constexpr milliseconds kept_max{50s};
constexpr std::uint32_t header_bytes_max = 64 * 1024;
// What we send are keys and signatures; servers commonly refuse more than 8 KiB.
constexpr std::size_t sent_header_bytes_max = 8 * 1024;
// A frame of ours is small; when it does not leave in this time the other side has stopped reading.
constexpr milliseconds write_max{10s};
constexpr milliseconds close_max{1s};
// Venues sometimes ask for a pause until a far day; beyond this it is our own backoff that counts.
constexpr milliseconds retry_after_max{15min};
constexpr char const* user_agent = "arbitrage/0.1";

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

Error failed(Url const& url, std::string const& why, std::string where = {}) {
    return {ARB_RETRY, url.host + (url.port == "443" ? "" : ":" + url.port) + ": " + why, std::move(where)};
}

std::string seconds(milliseconds time) {
    return time % 1s == 0ms ? std::to_string(time / 1s) + " s" : std::to_string(time.count()) + " ms";
}

// Closes the socket when the time is up, so that whatever waits on it fails.
class Deadline {
  public:
    Deadline(tcp::socket& socket, Clock::time_point when) : timer_{socket.get_executor(), when} {
        timer_.async_wait([&socket, expired = std::weak_ptr{expired_}](error_code const& error) {
            auto const flag =
                expired.lock();  // null: the deadline was met and is gone, perhaps the socket, too
            if (error || !flag) return;
            *flag = true;
            error_code ignored;
            socket.close(ignored);
        });
    }
    bool expired() const { return *expired_; }

  private:
    std::shared_ptr<bool> expired_ = std::make_shared<bool>(false);
    asio::steady_timer timer_;
};

struct Lookup {
    explicit Lookup(asio::any_io_executor const& executor) : resolver{executor}, done{executor} {}
    tcp::resolver resolver;
    asio::steady_timer done;
    error_code error;
    std::vector<tcp::endpoint> endpoints;
    bool finished = false;
};

// The system's resolver cannot be interrupted: after the deadline it is left to finish alone.
asio::awaitable<Result<std::vector<tcp::endpoint>>> look_up(asio::any_io_executor executor, Url const& url,
                                                            Clock::time_point until) {
    std::vector<tcp::endpoint> out;
    if (url.is_address) {
        out.emplace_back(asio::ip::make_address(url.host), static_cast<std::uint16_t>(std::stoul(url.port)));
        co_return out;
    }
    auto const lookup = std::make_shared<Lookup>(executor);
    lookup->done.expires_at(until);
    lookup->resolver.async_resolve(
        url.host, url.port, tcp::resolver::numeric_service,
        [lookup](error_code const& error, tcp::resolver::results_type const& results) {
            lookup->finished = true;
            lookup->error = error;
            for (auto const& entry : results) lookup->endpoints.push_back(entry.endpoint());
            lookup->done.cancel();
        });
    error_code woken;
    if (!lookup->finished) co_await lookup->done.async_wait(into(woken));
    if (!lookup->finished) co_return failed(url, "the name lookup took too long", "dns");
    if (lookup->error)
        co_return failed(url, "the name cannot be looked up: " + lookup->error.message(), "dns");
    out = std::move(lookup->endpoints);
    co_return out;
}

asio::awaitable<Result<>> connect(tcp::socket& socket, Url const& url, Clock::time_point until) {
    auto const executor = socket.get_executor();
    auto const endpoints = co_await look_up(executor, url, until);
    if (endpoints.has_error()) co_return endpoints.error();
    std::string why = "the name has no address";
    for (auto const& endpoint : endpoints.value()) {
        if (Clock::now() >= until) break;
        error_code error;
        if (socket.is_open()) socket.close(error);
        Deadline const deadline{socket, std::min(until, Clock::now() + connect_max)};
        co_await socket.async_connect(endpoint, into(error));
        if (!error) {
            socket.set_option(tcp::no_delay{true}, error);
            co_return Result<>{};
        }
        why = deadline.expired() ? "no answer from " + endpoint.address().to_string() : error.message();
    }
    co_return failed(url, "cannot connect: " + why);
}

// Name lookup, connection and TLS handshake, all before `until`.
asio::awaitable<Result<>> open(Stream& stream, Url const& url, Clock::time_point until) {
    auto const expected = expect_host(stream.native_handle(), url);
    if (expected.has_error()) co_return expected.error();
    auto const connected = co_await connect(stream.next_layer(), url, until);
    if (connected.has_error()) co_return connected.error();
    Deadline const deadline{stream.next_layer(), until};
    error_code error;
    co_await stream.async_handshake(Stream::client, into(error));
    if (!error) co_return Result<>{};
    if (deadline.expired()) co_return failed(url, "the TLS handshake took too long", "tls");
    co_return handshake_error(stream.native_handle(), error, url.host);
}

bool sendable(std::vector<Header> const& headers) {
    auto const good = [](std::string_view text) {
        return text.size() <= sent_header_bytes_max &&
               text.find_first_of({"\r\n\0", 3}) == std::string_view::npos;
    };
    return std::all_of(headers.begin(), headers.end(),
                       [&](Header const& header) { return good(header.name) && good(header.value); });
}

// Seconds, or a date as HTTP writes it; -1 if it is neither.
milliseconds parse_retry_after(std::string const& text) {
    if (text.empty()) return milliseconds{-1};
    if (text.find_first_not_of("0123456789") == std::string::npos) {
        auto const amount =
            text.size() > 6 ? retry_after_max : milliseconds{std::chrono::seconds{std::stol(text)}};
        return std::min(amount, retry_after_max);
    }
    std::tm date{};
    auto const* const end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (end == nullptr || *end != '\0') return milliseconds{-1};
    milliseconds const left = std::chrono::seconds{::timegm(&date) - std::time(nullptr)};
    return std::clamp(left, milliseconds{0}, retry_after_max);
}

// ---------------------------------------------------------------------------------------------------- HTTP

struct Connection {
    Connection(asio::any_io_executor const& executor, TlsContext& tls) : stream{executor, tls.context} {}
    Stream stream;
    beast::flat_buffer buffer;
    Clock::time_point used = Clock::now();
};

// What became of one request on one connection.
struct Exchange {
    std::optional<Result<Response>> outcome;
    bool answered = false;  // at least a byte came back
    bool keep = false;      // the connection can carry another request
};

struct HttpState {
    HttpState(asio::any_io_executor e, std::shared_ptr<TlsContext> t, Url u, HttpLimits l)
        : executor{std::move(e)}, tls{std::move(t)}, url{std::move(u)}, limits{l} {}

    std::unique_ptr<Connection> take_kept() {
        while (!kept.empty()) {
            auto connection = std::move(kept.back());
            kept.pop_back();
            if (Clock::now() - connection->used < kept_max) return connection;
        }
        return nullptr;
    }

    asio::any_io_executor const executor;
    std::shared_ptr<TlsContext> const tls;
    Url const url;
    HttpLimits const limits;
    Gate gate{http_connections_max};
    std::vector<std::unique_ptr<Connection>> kept;
};

using WireRequest = http::request<http::string_body>;
using Parser = http::response_parser<http::string_body>;

Result<WireRequest> wire_request(Url const& url, Request& request) {
    auto const method = http::string_to_verb(request.method);
    if (method == http::verb::unknown)
        return permanent("the HTTP method \"" + request.method + "\" is not known");
    auto const bad_target = request.target.find_first_of({" \r\n\0", 4}) != std::string::npos;
    if (!request.target.starts_with('/') || bad_target || !sendable(request.headers))
        return permanent("a request for " + url.host + " holds a text that HTTP does not allow");
    WireRequest out{method, url.target + request.target, 11};
    out.set(http::field::host, url.authority);
    out.set(http::field::user_agent, user_agent);
    out.set(http::field::accept, "application/json");
    out.set(http::field::accept_encoding, "identity");
    for (auto const& header : request.headers) out.set(header.name, header.value);
    out.body() = std::move(request.body);
    if (!out.body().empty() || method == http::verb::post) out.prepare_payload();
    return out;
}

Error read_error(HttpState const& state, error_code const& error) {
    if (error == http::error::body_limit)
        return failed(state.url,
                      "the answer is larger than " + std::to_string(state.limits.body_bytes_max) + " bytes");
    if (error == http::error::header_limit)
        return failed(state.url, "the headers of the answer are larger than 64 KiB");
    if (error == http::error::end_of_stream || error == asio::error::eof ||
        error == http::error::partial_message || error == asio::ssl::error::stream_truncated)
        return failed(state.url, "the connection was cut before the answer was complete");
    if (error.category() == make_error_code(http::error::end_of_stream).category())
        return failed(state.url, "what it answered is not HTTP: " + error.message());
    return failed(state.url, "the answer cannot be read: " + error.message());
}

Result<Response> take_response(HttpState const& state, Parser& parser) {
    auto& message = parser.get();
    auto const encoding = message[http::field::content_encoding];
    if (!encoding.empty() && !beast::iequals(encoding, "identity"))
        return failed(state.url, "the answer is compressed although that was not asked for");
    Response out;
    out.status = static_cast<int>(message.result_int());
    out.retry_after = parse_retry_after(std::string{message[http::field::retry_after]});
    out.body = std::move(message.body());
    return out;
}

asio::awaitable<Exchange> exchange(HttpState const& state, Connection& connection, WireRequest& request,
                                   Clock::time_point until) {
    Exchange out;
    Deadline const deadline{connection.stream.next_layer(), until};
    error_code error;
    Parser parser;
    parser.header_limit(header_bytes_max);
    parser.body_limit(state.limits.body_bytes_max);
    co_await http::async_write(connection.stream, request, into(error));
    if (!error) {
        if (request.method() == http::verb::head) parser.skip(true);
        co_await http::async_read(connection.stream, connection.buffer, parser, into(error));
    }
    out.answered = parser.got_some();
    if (deadline.expired()) {
        // Time is up for the request as a whole, so another connection would not help.
        out.answered = true;
        out.outcome = failed(state.url, "no complete answer within " + seconds(state.limits.request_max));
    } else if (error) {
        out.outcome = read_error(state, error);
    } else {
        out.keep = parser.keep_alive() && connection.buffer.size() == 0;
        out.outcome = take_response(state, parser);
    }
    co_return out;
}

asio::awaitable<Result<Response>> send(std::shared_ptr<HttpState> state, Request request) {
    auto wire = wire_request(state->url, request);
    if (wire.has_error()) co_return wire.error();
    Gate::Pass pass{state->gate, state->executor};
    co_await pass.admitted();
    auto const until = Clock::now() + state->limits.request_max;

    auto connection = state->take_kept();
    for (;;) {
        auto const reused = connection != nullptr;
        if (!reused) {
            connection = std::make_unique<Connection>(state->executor, *state->tls);
            auto const opened = co_await open(connection->stream, state->url, until);
            if (opened.has_error()) co_return opened.error();
        }
        auto result = co_await exchange(*state, *connection, wire.value(), until);
        if (result.keep) {
            connection->used = Clock::now();
            state->kept.push_back(std::move(connection));
        }
        // A kept connection that the server had closed meanwhile is no failure: a GET is asked again on a new
        // one.
        auto const again = reused && !result.answered && wire.value().method() == http::verb::get;
        if (!again) co_return std::move(*result.outcome);
        connection.reset();
    }
}

class BeastHttpClient final : public HttpClient {
  public:
    explicit BeastHttpClient(std::shared_ptr<HttpState> state) : state_{std::move(state)} {}
    asio::awaitable<Result<Response>> send(Request request) override {
        return net::send(state_, std::move(request));
    }
    std::string const& host() const override { return state_->url.host; }
    std::string const& prefix() const override { return state_->url.target; }

  private:
    std::shared_ptr<HttpState> const state_;  // shared with requests under way
};

// ----------------------------------------------------------------------------------------------- WebSocket

struct WebSocketState {
    WebSocketState(asio::any_io_executor const& executor, std::shared_ptr<TlsContext> t, Url u,
                   WebSocketLimits l)
        : tls{std::move(t)},
          url{std::move(u)},
          limits{l},
          stream{executor, tls->context},
          buffer{l.message_bytes_max} {
        websocket::stream_base::timeout timeout{};
        timeout.handshake_timeout = limits.handshake_max;
        timeout.idle_timeout = limits.idle_max;
        timeout.keep_alive_pings =
            true;  // half way to idle_max, so that a quiet market is not taken for a dead line
        stream.set_option(timeout);
        // The buffer's bound does it: Beast's own would first tell the server and lose the reason on the way.
        stream.read_message_max(0);
        stream.text(true);
    }

    tcp::socket& socket() { return stream.next_layer().next_layer(); }
    void cut() {
        error_code ignored;
        socket().close(ignored);
    }

    std::shared_ptr<TlsContext> const tls;
    Url const url;
    WebSocketLimits const limits;
    websocket::stream<Stream, false> stream;  // false: no compression is ever offered
    beast::flat_buffer buffer;
    Gate writing{1};
};

// Memory for a rare large message is given back; opening messages of a MB or two keep theirs.
constexpr std::size_t buffer_bytes_kept = 8 << 20;

Error read_error(WebSocketState const& state, error_code const& error) {
    auto const& reason = state.stream.reason();
    // A server may cut the connection right after its close frame; the frame is what counts.
    if (error == websocket::error::closed || reason.code != websocket::close_code::none) {
        // A close frame may come without a code; 1005 is how the protocol calls that.
        auto const code = std::to_string(reason.code == 0 ? 1005 : static_cast<unsigned>(reason.code));
        std::string const text{reason.reason.data(), reason.reason.size()};
        return failed(state.url, "closed the connection: " + code + (text.empty() ? "" : " " + text), code);
    }
    if (error == beast::error::timeout)
        return failed(state.url, "no frame of any kind for " + seconds(state.limits.idle_max));
    if (error == websocket::error::buffer_overflow)
        return failed(state.url, "sent a message larger than " +
                                     std::to_string(state.limits.message_bytes_max) + " bytes");
    if (error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
        error == asio::error::connection_reset)
        return failed(state.url, "the connection was cut");
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor)
        return failed(state.url, "the connection was cut on this side");
    return failed(state.url, "the connection failed: " + error.message());
}

Error refused_upgrade(Url const& url, websocket::response_type const& response) {
    constexpr std::size_t body_shown_max = 200;
    auto const status = response.result_int();
    std::string text =
        "refused the WebSocket: HTTP " + std::to_string(status) + " " + std::string{response.reason()};
    auto const body = std::string_view{response.body()}.substr(0, body_shown_max);
    if (!body.empty()) text.append(": ").append(body);
    return failed(url, text, status == 401 || status == 403 ? "auth" : status == 429 ? "busy" : "");
}

asio::awaitable<Result<>> upgrade(WebSocketState& state, std::vector<Header> const& headers,
                                  Clock::time_point until) {
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
    if (deadline.expired() || error == beast::error::timeout)
        co_return failed(state.url,
                         "no answer to the WebSocket upgrade within " + seconds(state.limits.handshake_max));
    if (error == websocket::error::upgrade_declined) co_return refused_upgrade(state.url, response);
    co_return failed(state.url, "the WebSocket upgrade failed: " + error.message());
}

asio::awaitable<Result<std::string_view>> read(std::shared_ptr<WebSocketState> state) {
    state->buffer.clear();
    if (state->buffer.capacity() > buffer_bytes_kept) state->buffer.shrink_to_fit();
    error_code error;
    co_await state->stream.async_read(state->buffer, into(error));
    if (error) co_return read_error(*state, error);
    auto const data = state->buffer.cdata();
    co_return std::string_view{static_cast<char const*>(data.data()), data.size()};
}

asio::awaitable<Result<>> write(std::shared_ptr<WebSocketState> state, std::string frame) {
    Gate::Pass pass{state->writing, state->stream.get_executor()};
    co_await pass.admitted();
    Deadline const deadline{state->socket(), Clock::now() + write_max};
    error_code error;
    auto const data = asio::buffer(frame);
    co_await state->stream.async_write(data, into(error));
    if (!error) co_return Result<>{};
    if (deadline.expired()) co_return failed(state->url, "took no frame of ours for " + seconds(write_max));
    co_return read_error(*state, error);
}

asio::awaitable<void> close(std::shared_ptr<WebSocketState> state) {
    {
        Deadline const deadline{state->socket(), Clock::now() + close_max};
        error_code ignored;
        co_await state->stream.async_close(websocket::close_code::normal, into(ignored));
    }
    state->cut();
}

class BeastWebSocket final : public WebSocket {
  public:
    explicit BeastWebSocket(std::shared_ptr<WebSocketState> state) : state_{std::move(state)} {}
    ~BeastWebSocket() override { state_->cut(); }
    asio::awaitable<Result<std::string_view>> read() override { return net::read(state_); }
    asio::awaitable<Result<>> write(std::string frame) override {
        return net::write(state_, std::move(frame));
    }
    asio::awaitable<void> close() override { return net::close(state_); }
    void cut() override { state_->cut(); }

  private:
    std::shared_ptr<WebSocketState> const state_;  // shared with reads and writes under way
};

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::create(asio::any_io_executor executor,
                                                       std::shared_ptr<Tls> tls, std::string const& base_url,
                                                       HttpLimits limits) {
    auto parsed = parse_url(base_url, "https");
    if (parsed.has_error()) return parsed.error();
    auto& url = parsed.value();
    if (url.target.find('?') != std::string::npos)
        return invalid("", "\"" + base_url + "\" must not hold a '?'");
    while (url.target.ends_with('/')) url.target.pop_back();
    auto context = std::static_pointer_cast<TlsContext>(std::move(tls));
    auto state = std::make_shared<HttpState>(std::move(executor), std::move(context), std::move(url), limits);
    return std::unique_ptr<HttpClient>{std::make_unique<BeastHttpClient>(std::move(state))};
}

asio::awaitable<Result<std::unique_ptr<WebSocket>>> WebSocket::connect(std::shared_ptr<Tls> tls,
                                                                       std::string url,
                                                                       std::vector<Header> headers,
                                                                       WebSocketLimits limits) {
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
    auto const upgraded = co_await upgrade(*state, headers, until);
    if (upgraded.has_error()) co_return upgraded.error();
    std::unique_ptr<WebSocket> out = std::make_unique<BeastWebSocket>(state);
    co_return out;
}

}  // namespace arb::net
