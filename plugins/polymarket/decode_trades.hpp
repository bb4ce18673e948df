// Past trades as the venue lists them over REST: bytes in, prints out, no network and no clock.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/result.hpp"
#include "polymarket/known_fields.hpp"
#include "polymarket/trade_ids.hpp"

namespace arb::polymarket {

// One trade of the venue's listing. The texts point into it.
struct PastTrade {
    Print print;
    std::string_view market_id;
    std::string_view text;  // all of it
};

// A page of the listing: the trades, and where it goes on (empty: it was the last). An error if it is not
// one; what is wrong with single trades is counted in `unreadable`.
struct TradePage {
    std::vector<PastTrade> trades;
    std::string next_cursor;
    std::size_t unreadable = 0;
    std::vector<std::string_view> refused;  // the unreadable ones; they point into the page
    std::vector<Difference> differences;    // from the fields this was written for
};
Result<TradePage> decode_trades(std::string_view body);

// Where a listing of the Data API goes on; empty behind its last page, which may have a cursor all the same.
std::string next_cursor(std::string_view body);

// A number of the listing, rounded to the millionth: REST says prices as binary fractions now and then.
// ARB_ABSENT if it is none.
std::int64_t nearest_millionth(std::string_view number);

}  // namespace arb::polymarket
