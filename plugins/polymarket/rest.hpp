// Requests to one of the venue's REST services, at a pace it takes, repeated while that may help.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "net/pace.hpp"
#include "net/session.hpp"

namespace arb::polymarket {

// Of commands: a person needs no more.
inline constexpr double requests_per_second = 5;
// So many seconds' worth at once.
inline constexpr double requests_burst_s = 2;
// The venue allows 500 requests for events in 10 s, 300 for markets, 500 for books and 200 for trades: about
// half of that leaves room for others behind the same address.
inline constexpr double listing_requests_per_second = 15;
inline constexpr double book_requests_per_second = 20;
inline constexpr double trade_requests_per_second = 10;
// Tries of one request before its caller goes on without it.
inline constexpr unsigned tries_max = 5;

// For coroutines nobody waits for: what they throw ends the run, and the host starts it anew.
inline void rethrow(std::exception_ptr const& thrown) {
    if (thrown) std::rethrow_exception(thrown);
}

class Rest {
  public:
    Rest(std::unique_ptr<net::HttpClient> client, unsigned tries, double per_second = requests_per_second);

    // The body of a 200. Errors: ARB_RETRY when the service cannot be reached, answered 5xx or 429 or with a
    // web page, asks for a long pause, or the tries are used up; ARB_PERMANENT for another status, with the
    // venue's own words; that of a 401 has where "auth".
    net::asio::awaitable<Result<std::string>> send(net::Request request);
    net::asio::awaitable<Result<std::string>> get(std::string target, std::vector<net::Header> headers = {});

    std::string const& host() const { return client_->host(); }
    std::string const& prefix() const { return client_->prefix(); }

  private:
    std::unique_ptr<net::HttpClient> const client_;
    unsigned const tries_;
    net::TokenBucket bucket_;
};

}  // namespace arb::polymarket
