#include "drift.hpp"

#include <algorithm>

#include "decode_rest.hpp"
#include "member.hpp"

namespace arb::kalshi {

namespace {

// As of October 2026, with those of older generations that recordings still show.
constexpr std::string_view market_keys[] = {"can_close_early",
                                            "cap_strike",
                                            "close_time",
                                            "created_time",
                                            "custom_strike",
                                            "early_close_condition",
                                            "event_ticker",
                                            "exchange_index",
                                            "expected_expiration_time",
                                            "expiration_time",
                                            "expiration_value",
                                            "fee_waiver_expiration_time",
                                            "floor_strike",
                                            "functional_strike",
                                            "is_provisional",
                                            "last_price_dollars",
                                            "latest_expiration_time",
                                            "liquidity_dollars",
                                            "market_type",
                                            "mve_collection_ticker",
                                            "mve_selected_legs",
                                            "no_ask_dollars",
                                            "no_bid_dollars",
                                            "no_sub_title",
                                            "notional_value_dollars",
                                            "occurrence_datetime",
                                            "open_interest_fp",
                                            "open_time",
                                            "previous_price_dollars",
                                            "previous_yes_ask_dollars",
                                            "previous_yes_bid_dollars",
                                            "price_level_structure",
                                            "price_ranges",
                                            "primary_participant_key",
                                            "result",
                                            "rules_primary",
                                            "rules_secondary",
                                            "settlement_bounds_type",
                                            "settlement_floor_dollars",
                                            "settlement_timer_seconds",
                                            "settlement_ts",
                                            "settlement_value_dollars",
                                            "status",
                                            "strike_type",
                                            "subtitle",
                                            "ticker",
                                            "title",
                                            "updated_time",
                                            "volume_24h_fp",
                                            "volume_fp",
                                            "yes_ask_dollars",
                                            "yes_ask_size_fp",
                                            "yes_bid_dollars",
                                            "yes_bid_size_fp",
                                            "yes_sub_title"};
constexpr std::string_view event_keys[] = {"available_on_brokers",
                                           "category",
                                           "collateral_return_type",
                                           "event_ticker",
                                           "exchange_index",
                                           "fee_multiplier_override",
                                           "fee_type_override",
                                           "last_updated_ts",
                                           "markets",
                                           "mutually_exclusive",
                                           "product_metadata",
                                           "series_ticker",
                                           "settlement_sources",
                                           "strike_date",
                                           "strike_period",
                                           "sub_title",
                                           "title"};
constexpr std::string_view series_keys[] = {"additional_prohibitions",
                                            "categories",
                                            "category",
                                            "contract_terms_url",
                                            "contract_url",
                                            "exchange_index",
                                            "fee_multiplier",
                                            "fee_type",
                                            "frequency",
                                            "last_updated_ts",
                                            "product_metadata",
                                            "settlement_sources",
                                            "tags",
                                            "ticker",
                                            "title",
                                            "volume_fp"};
constexpr std::string_view trade_keys[] = {
    "count_fp",           "created_time", "is_block_trade", "no_price_dollars", "taker_book_side",
    "taker_outcome_side", "taker_side",   "ticker",         "trade_id",         "yes_price_dollars"};

template<std::size_t N>
constexpr bool sorted(std::string_view const (&keys)[N]) {
    return std::is_sorted(std::begin(keys), std::end(keys));
}
static_assert(sorted(market_keys) && sorted(event_keys) && sorted(series_keys) && sorted(trade_keys));

// Which field a reason of this code is about, by its names in frames and in rows of REST.
struct About {
    std::string_view reason, in_frame, in_row;
};
constexpr About fields[] = {
    {"frame_without_type", "type", ""},
    {"ticker_without_market", "market_ticker", ""},
    {"trade_without_market", "market_ticker", "ticker"},
    {"trade_without_price", "yes_price_dollars", "yes_price_dollars"},
    {"trade_without_size", "count_fp", "count_fp"},
    {"trade_prices_disagree", "no_price_dollars", "no_price_dollars"},
    {"snapshot_without_market", "market_ticker", ""},
    {"snapshot_without_sides", "yes_dollars_fp", ""},
    {"snapshot_with_bad_level", "yes_dollars_fp", ""},
    {"delta_without_market", "market_ticker", ""},
    {"delta_without_side", "side", ""},
    {"delta_without_price", "price_dollars", ""},
    {"delta_without_size", "delta_fp", ""},
    {"lifecycle_without_market", "market_ticker", ""},
    {"lifecycle_without_type", "event_type", ""},
    {"event_without_ticker", "event_ticker", "event_ticker"},
    {"fee_without_type", "fee_type_override", ""},
    {"market_without_ticker", "", "ticker"},
    {"series_without_ticker", "", "ticker"},
    {"fee_change_without_date", "", "scheduled_ts"},
    {"book_without_market", "", "ticker"},
    {"book_without_sides", "", "orderbook_fp"},
    {"book_with_bad_level", "", "orderbook_fp"},
};

// What is wrong is the whole of it.
constexpr std::string_view whole = "(all)";

std::string_view field_of(std::string_view source, std::string_view reason) {
    bool const is_row = source.starts_with("GET ");
    // Changes of fees of series and of events have names of their own.
    bool const of_event = source == "GET /events/fee_changes";
    if (reason == "fee_change_without_ticker") return of_event ? "event_ticker" : "series_ticker";
    if (reason == "fee_change_without_type") return of_event ? "fee_type_override" : "fee_type";
    for (auto const& about : fields)
        if (about.reason == reason) return is_row ? about.in_row : about.in_frame;
    return whole;
}

}  // namespace

std::span<std::string_view const> known_market_keys() { return market_keys; }
std::span<std::string_view const> known_event_keys() { return event_keys; }
std::span<std::string_view const> known_series_keys() { return series_keys; }
std::span<std::string_view const> known_trade_keys() { return trade_keys; }

bool Drift::say(std::string_view kind, std::string_view source, std::string_view field) {
    auto const now = host_.now();
    if (now - minute_ >= again_after || now < minute_) {
        minute_ = now;
        messages_ = 0;
        said_.clear();
    }
    key_.assign(kind).append(1, '/').append(source).append(1, '/').append(field);
    if (said_.contains(key_) || said_.size() >= said_max) return false;
    said_.emplace(key_, true);
    return true;
}

void Drift::refused(std::string_view source, std::string_view reason, std::string_view body) {
    host_.reject(reason);
    if (say("refused", source, reason)) {
        auto const field = field_of(source, reason);
        bool const there = field == whole || body.find('"' + std::string{field} + '"') != body.npos;
        host_.drift(there ? ARB_DRIFT_RETYPED : ARB_DRIFT_MISSING, source, field, body.substr(0, sample_max));
        host_.warning(std::string{source} + ": a message cannot be used (" + std::string{reason} +
                      ") and is kept with the dead letters; the others go on");
    }
    if (++messages_ > messages_max) {
        host_.count("messages_not_kept");
        return;
    }
    {
        // A frame is at most 4 MiB, half of what a packet may be.
        auto packet = outbox_.packets().add<arb_message>(venue_name, host_.now());
        packet.text(&arb_message::instance, host_.instance());
        packet.text(&arb_message::source, source);
        packet.text(&arb_message::reason, reason);
        packet.text(&arb_message::body, body);
    }
    outbox_.added();
}

void Drift::refused(std::string_view source, std::string_view reason, boost::json::value const& row) {
    // Prices come and go in a row that is odd for another reason.
    auto content = row.is_object() ? content_of(row.get_object()) : boost::json::serialize(row);
    if (rows_.size() >= rows_max) rows_.clear();
    if (!rows_.insert(std::hash<std::string>{}(content.append(source).append(reason))).second)
        return host_.count("rows_refused_again");
    refused(source, reason, json_text(row));
}

void Drift::doubtful(std::string_view source, Doubts const& doubts, std::string_view sample) {
    if (!doubts.any()) return;
    host_.count("anomalies", 1, doubts.first());
    field(doubts.what(), source, doubts.first(), sample);
}

void Drift::field(int what, std::string_view source, std::string_view field, std::string_view sample) {
    constexpr std::string_view kinds[] = {"unknown", "missing", "retyped", "renamed"};
    if (say(kinds[what], source, field)) host_.drift(what, source, field, sample.substr(0, sample_max));
}

void Drift::keys(std::string_view source, boost::json::object const& row,
                 std::span<std::string_view const> known) {
    for (auto const& member : row) {
        std::string_view const key{member.key().data(), member.key().size()};
        if (!std::binary_search(known.begin(), known.end(), key))
            field(ARB_DRIFT_UNKNOWN, source, key, boost::json::serialize(member.value()));
    }
}

}  // namespace arb::kalshi
