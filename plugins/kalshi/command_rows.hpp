// What one-off commands show of the venue's objects: a row for people, with the venue's values and names that
// say what they are. Absent is null. Pure functions.
#pragma once

#include <boost/json.hpp>
#include <vector>

#include "decode_rest.hpp"

namespace arb::kalshi {

using Row = boost::json::object;

// Of lists.
Row trade_row(Row const& trade);
Row market_row(Row const& market);
Row event_row(Row const& event);
Row position_row(Row const& position);
Row fill_row(Row const& fill);
Row settlement_row(Row const& settlement);
Row order_row(Row const& order);
Row milestone_row(Row const& milestone);
Row incentive_row(Row const& program);
Row series_row(Row const& series);
Row collection_row(Row const& collection);
Row target_row(Row const& target);

// Of single answers.
Row balance_row(Row const& balance);
Row limits_row(Row const& limits);
Row cutoff_row(Row const& cutoff);
Row full_market_row(Row const& market);
Row account_time_row(Row const& time);
Row live_data_row(Row const& data);
Row candlestick_row(Row const& candle);
// Of one market, or of each of several.
std::vector<Row> candlestick_rows(Document const& document);
// Bids of YES from the best on, then offers.
std::vector<Row> book_rows(BookRow const& book, std::size_t depth);
std::vector<Row> schedule_rows(Document const& document);
std::vector<Row> exchange_rows(Document const& document);
std::vector<Row> cost_rows(Document const& document);
std::vector<Row> tag_rows(Document const& document);
// What an event is about, who decides it, and where its pictures are.
std::vector<Row> metadata_rows(Document const& document);

}  // namespace arb::kalshi
