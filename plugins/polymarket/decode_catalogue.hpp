// Reads Gamma's events and markets: JSON text in, rows out, no network and no clock.
//
// Every field may be missing, null or of another type; what cannot be read is absent and flagged, and what
// has no id is no row. Numbers are taken by their decimal text, so prices and ticks stay exact. Thread
// safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/abi/catalogue.h"
#include "arbitrage/result.hpp"
#include "polymarket/fees.hpp"
#include "polymarket/known_fields.hpp"

namespace arb::polymarket {

struct EventRow {
    std::string id, slug, series, title, category, url;
    std::string series_title, series_frequency, series_raw;  // of the first series it belongs to
    std::vector<std::string> tags;                           // slugs and labels, lower case
    std::string raw;                                         // as the venue sent it, without its markets
    std::vector<std::string_view> markets;                   // their texts, which point into the argument
    std::string content;  // what counts as a change: everything but prices, volumes and their like
    arb_time opens_at = 0, closes_at = 0;
    std::int32_t lifecycle = ARB_LIFECYCLE_NONE;
    std::int32_t mutually_exclusive = ARB_NOT_KNOWN;
    std::uint16_t flags = 0;
    std::vector<Difference> differences;  // from the fields this was written for
};

struct MarketRow {
    std::string id;  // condition id, lower case
    std::string event_id, slug, title, venue_status, rules, price_ranges, result;
    FeeSchedule fees;
    std::string raw, content;
    std::vector<std::string> outcomes, tokens;  // tokens: one per outcome, or none
    std::int64_t tick_size = ARB_ABSENT, settlement_value = ARB_ABSENT;
    std::int64_t volume = ARB_ABSENT, volume_24h = ARB_ABSENT;  // millionths of a dollar
    std::int64_t last_price = ARB_ABSENT;                       // of outcome 0
    arb_time opens_at = 0, closes_at = 0, settled_at = 0;
    arb_time closed_at = 0;        // where it is closed, settled or not
    arb_time takes_orders_at = 0;  // since when, or from when on
    std::int32_t lifecycle = ARB_LIFECYCLE_NONE;
    std::string min_order_size;  // as the book hash writes it
    std::optional<bool> neg_risk;
    bool has_book = false;  // orders are taken, so the stream carries its book
    bool vague = false;     // it has none as it stands there, but nothing says that orders are not taken
    std::uint16_t flags = 0;
    std::vector<Difference> differences;
};

// One page of a listing. The texts point into the body.
struct Page {
    std::vector<std::string_view> items;
    std::string next_cursor;  // empty: this was the last page
};

// `name` is "events" or "markets": {"<name>":[...],"next_cursor":"..."} or the bare array of the older
// listings.
Result<Page> decode_page(std::string_view body, std::string_view name);

// Nothing if it has no id or is not a JSON object.
std::optional<EventRow> decode_event(std::string_view text);
std::vector<std::string_view> markets_of_event(std::string_view text);

std::vector<std::string_view> events_of_market(std::string_view text);

// Nothing if it has no condition id (not deployed yet, or from before there were any) or is not a JSON
// object. `event_id` is the event it was listed in; if empty, the first of its own `events` counts.
std::optional<MarketRow> decode_market(std::string_view text, std::string_view event_id);

// The grid of prices with this step, as JSON.
std::string price_grid(std::int64_t tick_size);

// The text of a list that Gamma sends as JSON inside a string, or as a real array. Nothing if it is neither.
std::optional<std::vector<std::string>> decode_list(std::string_view json);

}  // namespace arb::polymarket
