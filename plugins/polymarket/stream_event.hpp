// What a frame of the market channel says, as texts that point into the frame. Nothing is converted here:
// most frames repeat each change for the mirrored outcome, and only the side that is kept is worth
// converting.
//
// Ownership: every text is valid until the decoder's next frame.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "arbitrage/abi/book.h"

namespace arb::polymarket {

enum class EventType : std::uint8_t {
    book,
    price_change,
    best_bid_ask,
    last_trade_price,
    tick_size_change,
    new_market,
    market_resolved,
    unknown,
};

// A price level, or a trade's price and size, as the venue wrote it.
struct LevelText {
    std::string_view price;
    std::string_view size;
};

// The new total of one level. `asset_id` is empty in older formats, where the event names it once.
struct ChangeText {
    std::string_view asset_id;
    std::string_view price;
    std::string_view size;
    std::string_view side;
    std::string_view hash;
};

// A text is empty where the venue sent nothing, null, or a value of another type.
struct EventTexts {
    std::string_view event_type;
    std::string_view market;  // condition id
    std::string_view asset_id;
    std::string_view timestamp;
    std::string_view hash;
    std::string_view price;
    std::string_view size;
    std::string_view side;
    std::string_view tick_size;
    std::string_view old_tick_size;
    std::string_view new_tick_size;
    std::string_view last_trade_price;
    std::string_view best_bid;
    std::string_view best_ask;
    std::string_view transaction_hash;
    std::string_view id;  // Gamma's market id
    std::string_view slug;
    std::string_view condition_id;
    std::string_view clob_token_ids;  // where it came as JSON inside a string
    std::string_view winning_asset_id;
    std::string_view winning_outcome;
    std::string_view event_id, event_slug;                                     // of the event_message
    std::string_view fees_enabled;                                             // "true" or "false"
    std::string_view fee_rate, fee_exponent, fee_taker_only, fee_rebate_rate;  // of the fee_schedule
};

struct StreamEvent : EventTexts {
    EventType type = EventType::unknown;
    bool has_bids = false, has_asks = false, has_changes = false;
    bool odd = false;  // something other than an object stood among levels or changes
    std::vector<LevelText> bids, asks;
    std::vector<ChangeText> changes;
    std::vector<std::string_view> assets_ids, token_ids, outcomes, tags;
    // Names of fields that nobody has heard of, and of those whose value is no text.
    std::vector<std::string_view> unknown, retyped;
    // The frame it stands in: alone, or as one of an array's objects.
    std::string_view frame;
    std::size_t number = 0;
    bool in_array = false;
};

}  // namespace arb::polymarket
