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
// True or false; null where the member is neither.
boost::json::value flag_value(std::string_view object, std::string_view key);
// Unix seconds, as a number or a text.
boost::json::value seconds_value(std::string_view seconds);

// A row of an item of a listing; without members where the item is none.
using RowOf = boost::json::object (*)(std::string_view item);
boost::json::object trade_row(std::string_view item);            // Data API /v2/trades and /trades
boost::json::object position_row(std::string_view item);         // Data API /v2/positions
boost::json::object closed_position_row(std::string_view item);  // Data API /v2/closed-positions
boost::json::object order_row(std::string_view item);            // CLOB /data/orders, /data/order/{id}
boost::json::object fill_row(std::string_view item);             // CLOB /data/trades: of the account
boost::json::object notification_row(std::string_view item);     // CLOB /notifications
boost::json::object key_row(std::string_view item);              // CLOB /auth/api-keys
boost::json::object reward_row(std::string_view item);   // CLOB /sampling-markets and its simplified form
boost::json::object event_row(std::string_view item);    // Gamma /events/keyset, /public-search
boost::json::object series_row(std::string_view item);   // Gamma /series
boost::json::object tag_row(std::string_view item);      // Gamma /tags
boost::json::object team_row(std::string_view item);     // Gamma /teams
boost::json::object comment_row(std::string_view item);  // Gamma /comments

// A listed market that is not settled: Gamma /events/keyset.
boost::json::object market_row(std::string_view item, std::string_view event_id);

// Several rows of one answer, or an error where it is not what was asked for.
using RowsOf = Result<std::vector<boost::json::object>>;
// CLOB /markets/{condition}, a row an outcome.
RowsOf outcome_rows(std::string_view body);
// CLOB /prices-history.
RowsOf history_rows(std::string_view body);
// CLOB /balance-allowance; `what` names the balance: "collateral" or "shares".
RowsOf balance_rows(std::string_view body, char const* what);
// CLOB /clob-markets/{condition}: what a market charges, and its terms.
RowsOf fee_rows(std::string_view body);

// What the order books say of tokens: the answers of CLOB POST /prices, /midpoints, /spreads and
// /last-trades-prices.
struct PriceTexts {
    std::string prices, midpoints, spreads, lasts;
};
// What is known of one token; what none of the answers names is an empty text.
boost::json::object price_row(PriceTexts const& answers, std::string const& token,
                              std::string const& outcome);

}  // namespace arb::polymarket
