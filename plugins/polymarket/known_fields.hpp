// The fields this plugin was written for, and how an answer differs from them.
//
// Thread safety: pure functions and constants.
#pragma once

#include <string>
#include <string_view>

namespace arb::polymarket {

// One field that is not as expected; `what` is ARB_DRIFT_*.
struct Difference {
    int what = 0;
    std::string field;
};

// Whether the venue is known to send this field: of Gamma's events and markets, of a trade of the Data API,
// and of the stream's events where the decoder does not read it.
bool known_event_field(std::string_view name);
bool known_market_field(std::string_view name);
bool known_trade_field(std::string_view name);
bool known_unread_field(std::string_view name);

}  // namespace arb::polymarket
