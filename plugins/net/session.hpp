// Secure connections to a venue: HTTPS requests and a WebSocket, both with time-outs and size limits. Beast
// and TLS are instantiated behind these interfaces; nothing here shows their types.
//
// Errors are ARB_RETRY with a sentence that names the host, and a `where` for what needs another pause than
// the usual: "dns" the name cannot be looked up, "tls" the certificate or the handshake is refused, "auth"
// the credentials are, "busy" too many requests or no time for them, "too_large" the answer exceeds its
// limit. What is wrong with a URL is ARB_INVALID without a where: the caller knows the option.
//
// Thread safety: none. Everything of one venue lives on the one thread that runs its executor; make that an
// io_context with the concurrency hint 1. Destroying a WebSocket makes a pending read or write fail; a
// request under way outlives its client. GCC 12 destroys some temporaries inside a co_await twice: make a
// Request and a list of headers named variables and move them in.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/result.hpp"

namespace arb::net {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// What the other side must prove, made once per instance: system CAs and `ca_file` if given (added, never
// instead of), TLS 1.2 or newer, host names checked. ARB_INVALID with where "/ca_file" if the file is not
// usable.
class Tls {
  public:
    static Result<std::shared_ptr<Tls>> create(std::string const& ca_file);
    virtual ~Tls() = default;
};

struct Header {
    std::string name;
    std::string value;
};

struct Request {
    std::string method = "GET";
    std::string target;  // path and query, already percent-encoded, beginning with '/'
    std::vector<Header> headers = {};
    std::string body = {};
    std::uint64_t body_bytes_max =
        0;  // of the answer, where it is known to be larger than usual; 0: as usual
};

struct Response {
    int status = 0;
    std::string body;                           // asked for uncompressed
    std::chrono::milliseconds retry_after{-1};  // -1: the server said nothing; at most 15 min
};

struct HttpLimits {
    // A page of events with nested markets may reach tens of MB; who can ask for smaller pages sets less.
    std::uint64_t body_bytes_max = 64 << 20;
    std::chrono::milliseconds request_max{30s};  // with lookup, connection and handshake
};

// One server. Keeps connections open between requests and opens them anew when the server closed them; up to
// four requests run at a time, others wait their turn. Redirects are not followed. A response of any status
// is a value.
class HttpClient {
  public:
    // `base_url` is "https://host[:port][/prefix]"; targets are appended to the prefix.
    static Result<std::unique_ptr<HttpClient>> create(asio::any_io_executor executor,
                                                      std::shared_ptr<Tls> tls, std::string const& base_url,
                                                      HttpLimits limits = {});
    virtual ~HttpClient() = default;
    virtual asio::awaitable<Result<Response>> send(Request request) = 0;
    virtual std::string const& host() const = 0;
    virtual std::string const& prefix() const = 0;  // "" or "/trade-api/v2"
};

struct WebSocketLimits {
    std::uint64_t message_bytes_max = 16 << 20;    // an opening array of a few hundred books exceeds 1 MiB
    std::chrono::milliseconds handshake_max{10s};  // lookup, connection, TLS and upgrade together
    // No frame of any kind, pings included: the connection is dead. We ping after two fifths of it (10 s).
    std::chrono::milliseconds idle_max{25s};
    std::chrono::milliseconds close_max{1s};  // how long the server may take to answer our close frame
};

// An open WebSocket. Answers the server's pings by itself.
class WebSocket {
  public:
    // `url` is "wss://host[:port]/path". A refused upgrade is an error whose text has the HTTP status; a 401
    // or 403 has where "auth", a 429 or 503 "busy". `retry_after`, if given, gets the pause that a refusal
    // asked for and is left as it is otherwise.
    static asio::awaitable<Result<std::unique_ptr<WebSocket>>> connect(
        std::shared_ptr<Tls> tls, std::string url, std::vector<Header> headers, WebSocketLimits limits = {},
        std::chrono::milliseconds* retry_after = nullptr);
    virtual ~WebSocket() = default;
    // The next text frame, valid until the next read. After a close frame: an error whose text has code and
    // reason and whose where is the code as text ("1013"); after a cut or idle time-out where is "".
    virtual asio::awaitable<Result<std::string_view>> read() = 0;
    // Frames are written in order; may be called while a read waits, and by several coroutines.
    virtual asio::awaitable<Result<>> write(std::string frame) = 0;
    // Sends a close frame, waits up to `close_max`, and makes a pending read fail.
    virtual asio::awaitable<void> close() = 0;
    // Cuts the connection now.
    virtual void cut() = 0;
};

// Percent-encodes one query value.
std::string encode_query(std::string_view value);

}  // namespace arb::net
