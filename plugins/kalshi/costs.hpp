// What requests cost in the tokens of the venue's rate limit, by its own list.
//
// Thread safety: none. Bounded by `routes_max`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "decode_rest.hpp"

namespace arb::kalshi {

class Costs {
  public:
    // Of whatever is not listed.
    static constexpr std::int64_t usual = 10;
    // The whole API has about a hundred.
    static constexpr std::size_t routes_max = 1'000;
    // More than any account has in a second; what is said to cost more is no cost.
    static constexpr std::int64_t tokens_max = 100'000;

    // GET /account/endpoint_costs. What cannot be read is doubtful and costs what is usual.
    static Costs read(Document const& document, Doubts& doubts);

    // Of one GET of `path`, which is below rest_url and has no query.
    std::int64_t of(std::string_view path) const;

  private:
    struct Route {
        std::string path;  // with {names} or :names where each request has its own word
        std::int64_t tokens;
    };
    std::int64_t otherwise_ = usual;
    std::vector<Route> routes_;
};

}  // namespace arb::kalshi
