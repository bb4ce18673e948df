// The order book of a market at any time, rebuilt from what is stored: the last whole book at or before that
// time and the changes after it. Or the reason why it is not known.
//
// Times are those at which the bytes were received; rows of the same microsecond are ordered by position.
// Thread safety: as the dialect's.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "arbitrage/commands.hpp"
#include "sinks/sql/dialect.hpp"

namespace arb::sql {

struct BookQuery {
    std::string market_id;  // or another of its names (market_name.hpp); a token's outcome is that one
    std::string venue;      // empty: whichever has the market, if only one has
    std::int32_t outcome = 0;
    arb_time at = 0;
    bool newest = false;  // the last that is stored, however old; else `at` has to be stored already
};

// Prices and sizes in millionths, best first. Of a binary market's outcome 1 without rows of its own, the
// mirror of outcome 0.
struct BookAt {
    std::string market_id;
    std::int32_t outcome = 0;
    std::map<std::int64_t, std::int64_t, std::greater<>> bids;
    std::map<std::int64_t, std::int64_t> asks;
    arb_time snapshot_at = 0;
    std::int64_t snapshot_position = 0;
    std::string epoch;
    std::int64_t changes = 0;     // rows after the snapshot
    arb_time last_change_at = 0;  // of the last of them; 0 if there is none
    std::string status;           // of the market at that time; empty: not known
    bool venue_paused = false;    // the whole venue, at that time
    arb_time stored_up_to = 0;    // when the newest packet that is stored was received; 0: not known
};

// Throws Failure where the book is not known: no such market, no whole book yet, a gap.
BookAt book_at(Dialect& dialect, BookQuery const& query);

// The command `book`: a row a level, the best first; the first row also says what it was made from.
void show_book(Dialect& dialect, Options const& parameters, arb::Rows const& row);

}  // namespace arb::sql
