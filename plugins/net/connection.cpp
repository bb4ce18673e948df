#include "net/connection.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <ctime>

namespace arb::net {

namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;

// One address of several may be a black hole, IPv6 above all: the others must still get their turn.
constexpr milliseconds connect_max{4s};
// What we send are keys and signatures; servers commonly refuse more than 8 KiB.
constexpr std::size_t sent_header_bytes_max = 8 * 1024;
// Venues sometimes ask for a pause until a far day; beyond this it is our own backoff that counts.
constexpr milliseconds retry_after_max{15min};

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

}  // namespace

Error failed(Url const& url, std::string const& why, std::string where) {
    return {ARB_RETRY, url.host + (url.port == "443" ? "" : ":" + url.port) + ": " + why, std::move(where)};
}

std::string seconds_text(milliseconds time) {
    return time % 1s == 0ms ? std::to_string(time / 1s) + " s" : std::to_string(time.count()) + " ms";
}

Deadline::Deadline(tcp::socket& socket, Clock::time_point when) : timer_{socket.get_executor(), when} {
    timer_.async_wait([&socket, expired = std::weak_ptr{expired_}](error_code const& error) {
        // Null: the deadline was met and is gone, perhaps the socket, too.
        auto const flag = expired.lock();
        if (error || !flag) return;
        *flag = true;
        error_code ignored;
        socket.close(ignored);
    });
}

asio::awaitable<Result<>> open(TlsStream& stream, Url const& url, Clock::time_point until) {
    auto const expected = expect_host(stream.native_handle(), url);
    if (expected.has_error()) co_return expected.error();
    auto const connected = co_await connect(stream.next_layer(), url, until);
    if (connected.has_error()) co_return connected.error();
    Deadline const deadline{stream.next_layer(), until};
    error_code error;
    co_await stream.async_handshake(TlsStream::client, into(error));
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

}  // namespace arb::net
