#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>

#include "net/connection.hpp"
#include "net/gate.hpp"

namespace arb::net {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using std::chrono::milliseconds;

// Four at a time are enough for a catalogue sweep beside a backfill and commands; more would only meet rate
// limits.
constexpr unsigned http_connections_max = 4;
// Content delivery networks close after 60 s; a connection they are about to close is not worth a try.
constexpr milliseconds kept_max{50s};

struct Connection {
    Connection(asio::any_io_executor const& executor, TlsContext& tls) : stream{executor, tls.context} {}
    TlsStream stream;
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

Error read_error(HttpState const& state, std::uint64_t body_bytes_max, error_code const& error) {
    if (error == http::error::body_limit)
        return failed(state.url, "the answer is larger than " + std::to_string(body_bytes_max) + " bytes",
                      "too_large");
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
                                   std::uint64_t body_bytes_max, Clock::time_point until) {
    Exchange out;
    Deadline const deadline{connection.stream.next_layer(), until};
    error_code error;
    Parser parser;
    parser.header_limit(header_bytes_max);
    parser.body_limit(body_bytes_max);
    co_await http::async_write(connection.stream, request, into(error));
    if (!error) {
        if (request.method() == http::verb::head) parser.skip(true);
        co_await http::async_read(connection.stream, connection.buffer, parser, into(error));
    }
    out.answered = parser.got_some();
    if (deadline.expired()) {
        // Time is up for the request as a whole, so another connection would not help.
        out.answered = true;
        out.outcome =
            failed(state.url, "no complete answer within " + seconds_text(state.limits.request_max));
    } else if (error) {
        out.outcome = read_error(state, body_bytes_max, error);
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
    auto const body_max = request.body_bytes_max != 0 ? request.body_bytes_max : state->limits.body_bytes_max;

    auto connection = state->take_kept();
    for (;;) {
        auto const reused = connection != nullptr;
        if (!reused) {
            connection = std::make_unique<Connection>(state->executor, *state->tls);
            auto const opened = co_await open(connection->stream, state->url, until);
            if (opened.has_error()) co_return opened.error();
        }
        auto result = co_await exchange(*state, *connection, wire.value(), body_max, until);
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

}  // namespace arb::net
