// The answers of one-off calls as rows: JSON text in, a row out, no network. A field that the venue left out
// is an empty text or null in the row, never a guess.
//
// Thread safety: pure functions.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/abi/base.h"
#include "arbitrage/result.hpp"

namespace arb::polymarket {

// A member as text: JSON numbers by the digits they were sent with. Empty where there is none.
std::string plain_member(std::string_view object, std::string_view key);

boost::json::value amount_value(std::int64_t millionths);
boost::json::value time_value(arb_time time);
// Unix seconds, as a number or a text.
boost::json::value seconds_value(std::string_view seconds);

boost::json::object trade_row(std::string_view item);     // Data API /trades
boost::json::object order_row(std::string_view item);     // CLOB /data/orders
boost::json::object fill_row(std::string_view item);      // CLOB /data/trades: of the account
boost::json::object position_row(std::string_view item);  // Data API /positions
boost::json::object tag_row(std::string_view item);       // Gamma /tags
// CLOB /markets/{condition}, a row an outcome; an error if it is no market.
Result<std::vector<boost::json::object>> outcome_rows(std::string_view body);
// CLOB /balance-allowance; an error if it names no balance.
Result<boost::json::object> balance_row(std::string_view body);
// CLOB /prices-history.
Result<std::vector<boost::json::object>> history_rows(std::string_view body);

}  // namespace arb::polymarket
