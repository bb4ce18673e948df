// Requests to the REST API within the rate limit, with retries, and pages until the last.
//
// Thread safety: none; on the thread of the executor. A limit and a sign-in hold for the whole instance, so
// one Rest serves all of it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "arbitrage/host.hpp"
#include "auth.hpp"
#include "costs.hpp"
#include "decode_rest.hpp"
#include "net/pace.hpp"
#include "net/session.hpp"

namespace arb::kalshi {

class Rest {
  public:
    // Half of what the lowest tier has, so that commands and other programs of the same account still get
    // their turn. A request costs 10 of them unless the venue lists another cost.
    static constexpr double tokens_per_second = 100;
    static constexpr double tokens_burst = 100;

    // How long to wait before the next try; only tests have less patience.
    struct Patience {
        std::chrono::milliseconds base{250}, cap{10'000};
        // Refused for too many requests, and the venue says no word of how long.
        std::chrono::milliseconds busy_base{5'000}, busy_cap{300'000};
    };

    // `signer` may be null. `tries`: how often a request is made before its failure is handed on.
    Rest(std::unique_ptr<net::HttpClient> client, std::shared_ptr<Signer const> signer, unsigned tries);
    Rest(std::unique_ptr<net::HttpClient> client, std::shared_ptr<Signer const> signer, unsigned tries,
         Patience patience);

    // The body of "/markets?limit=5" (below rest_url). An error of the venue is ARB_PERMANENT with its words,
    // but ARB_RETRY where asking again later may help; a refused signature has where "auth", a body beyond
    // `body_bytes_max` (0: the client's limit) "too_large", what the venue does not know "not_found", too
    // many requests "busy".
    net::asio::awaitable<Result<Document>> get(std::string target, bool signed_in = false,
                                               std::uint64_t body_bytes_max = 0);

    // Pages of `target` until the last, each handed to `take`; `take` answers false to end early. `target`
    // has its filters and no cursor.
    net::asio::awaitable<Result<>> pages(std::string target, std::function<bool(Document const&)> take,
                                         bool signed_in = false);

    bool has_key() const { return signer_ != nullptr; }
    // Until then every request costs what is usual.
    void set_costs(Costs costs) { costs_ = std::move(costs); }

  private:
    net::asio::awaitable<Result<net::Response>> send(std::string target, bool signed_in,
                                                     std::uint64_t body_bytes_max);

    std::unique_ptr<net::HttpClient> const client_;
    std::shared_ptr<Signer const> const signer_;
    unsigned const tries_;
    Patience const patience_;
    Costs costs_;
    net::TokenBucket bucket_{tokens_per_second, tokens_burst};
    net::Backoff busy_;  // how long everyone waits after a refusal for too many requests
};

// `base` with "key=value" appended, percent-encoded; nothing for an empty value.
std::string with_query(std::string base, std::string_view key, std::string_view value);

// "A,B,C", percent-encoded but for the commas, as the venue's list parameters want it.
std::string joined(std::vector<std::string> const& tickers, std::size_t first, std::size_t count);

// The books of up to `books_max` markets at once, from the `first` on. This list names its tickers one by
// one.
inline constexpr std::size_t books_max = 100;
std::string books_target(std::vector<std::string> const& tickers, std::size_t first = 0);

}  // namespace arb::kalshi
