// What `select` comes to: the command `selection`, and names that the venue does not know.
#pragma once

#include "arbitrage/commands.hpp"
#include "options.hpp"
#include "rest.hpp"

namespace arb::kalshi {

// How many open markets each rule takes and leaves out, from one sweep: rows of `rule`, `takes`,
// `leaves_out`: each rule that is in force by itself, then names that take none, with a `note`, then all
// rules together.
net::asio::awaitable<Result<>> report_selection(Rest& rest, Settings const& settings, Rows const& row);

// "markets KXNOPE-1": names in `select` of which the venue has nothing, neither present nor past. What cannot
// be asked for is taken for known.
net::asio::awaitable<std::vector<std::string>> unknown_names(Rest& rest, Select const& select);

}  // namespace arb::kalshi
