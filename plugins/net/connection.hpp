// What HTTP and WebSocket share: a TCP connection with TLS to one host, opened within a deadline, and what is
// said when that fails. For the sources of this folder.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/session.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

namespace arb::net {

using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using TlsStream = asio::ssl::stream<asio::ip::tcp::socket>;

constexpr std::uint32_t header_bytes_max = 64 * 1024;
constexpr char const* user_agent = "arbitrage/0.1";

inline auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

// ARB_RETRY with a sentence that begins with the host.
Error failed(Url const& url, std::string const& why, std::string where = {});

std::string seconds_text(std::chrono::milliseconds time);

// Closes the socket when the time is up, so that whatever waits on it fails.
class Deadline {
  public:
    Deadline(asio::ip::tcp::socket& socket, Clock::time_point when);
    bool expired() const { return *expired_; }

  private:
    std::shared_ptr<bool> expired_ = std::make_shared<bool>(false);
    asio::steady_timer timer_;
};

// Name lookup, connection and TLS handshake, all before `until`.
asio::awaitable<Result<>> open(TlsStream& stream, Url const& url, Clock::time_point until);

// Whether these may be sent: no line breaks, nothing longer than servers take.
bool sendable(std::vector<Header> const& headers);

// The value of a Retry-After header: seconds, or a date as HTTP writes it; -1 ms if it is neither.
std::chrono::milliseconds parse_retry_after(std::string const& text);

}  // namespace arb::net
