// The command `selection`: how many open markets each rule takes and leaves out, from one sweep.
#pragma once

#include "arbitrage/commands.hpp"
#include "options.hpp"
#include "rest.hpp"

namespace arb::kalshi {

// Rows of `rule`, `takes`, `leaves_out`: each rule that is in force by itself, then all of them together.
net::asio::awaitable<Result<>> report_selection(Rest& rest, Settings const& settings, Rows const& row);

}  // namespace arb::kalshi
