#include "sinks/sql/table.hpp"

#include <algorithm>
#include <stdexcept>

namespace arb::sql {
namespace {

constexpr Column events[] = {
    {"venue", Type::text, false},
    {"event_id", Type::text, false},
    {"series", Type::text},
    {"title", Type::text},
    {"subtitle", Type::text},
    {"category", Type::text},
    {"mutually_exclusive", Type::boolean},
    {"status", Type::text},
    {"opens_at", Type::time},
    {"closes_at", Type::time},
    {"url", Type::text},
    {"raw", Type::json},
    {"first_seen_at", Type::time, false},
    {"changed_at", Type::time},
    {"content_hash", Type::big},
    {"position", Type::big},
    {"flags", Type::small},
};
constexpr Column markets[] = {
    {"venue", Type::text, false},
    {"market_key", Type::integer, false},
    {"market_id", Type::text, false},
    {"event_id", Type::text},
    {"title", Type::text},
    {"outcomes", Type::texts},
    {"token_ids", Type::texts},
    {"status", Type::text},
    {"venue_status", Type::text},
    {"rules", Type::text},
    {"tick_size", Type::decimal},
    {"fee", Type::json},
    {"opens_at", Type::time},
    {"closes_at", Type::time},
    {"expected_at", Type::time},
    {"settled_at", Type::time},
    {"result", Type::text},
    {"settlement_value", Type::decimal},
    {"volume", Type::decimal},
    {"price_ranges", Type::json},
    {"raw", Type::json},
    {"first_seen_at", Type::time, false},
    {"changed_at", Type::time},
    {"content_hash", Type::big},
    {"position", Type::big},
    {"flags", Type::small},
};
constexpr Column market_status[] = {
    {"venue", Type::text, false}, {"market_key", Type::integer, false},
    {"status", Type::text},       {"venue_status", Type::text},
    {"result", Type::text},       {"settlement_value", Type::decimal},
    {"settled_at", Type::time},   {"changed_at", Type::time},
    {"position", Type::big},
};
// tick_history and latest_prices have the same columns.
constexpr Column quotes[] = {
    {"venue", Type::text, false},     {"market_key", Type::integer, false},
    {"outcome", Type::small, false},  {"venue_time", Type::time},
    {"received_at", Type::time},      {"bid", Type::decimal},
    {"bid_size", Type::decimal},      {"ask", Type::decimal},
    {"ask_size", Type::decimal},      {"last_price", Type::decimal},
    {"last_size", Type::decimal},     {"volume", Type::decimal},
    {"open_interest", Type::decimal}, {"position", Type::big},
    {"flags", Type::small},
};
constexpr Column trades[] = {
    {"venue", Type::text},       {"market_key", Type::integer}, {"outcome", Type::small},
    {"trade_id", Type::text},    {"price", Type::decimal},      {"size", Type::decimal},
    {"taker_side", Type::text},  {"block", Type::boolean},      {"venue_time", Type::time},
    {"received_at", Type::time}, {"position", Type::big},       {"flags", Type::small},
};
constexpr Column book_snapshots[] = {
    {"venue", Type::text},          {"market_key", Type::integer}, {"outcome", Type::small},
    {"bid_prices", Type::decimals}, {"bid_sizes", Type::decimals}, {"ask_prices", Type::decimals},
    {"ask_sizes", Type::decimals},  {"venue_hash", Type::text},    {"venue_time", Type::time},
    {"received_at", Type::time},    {"position", Type::big},       {"epoch", Type::big},
    {"flags", Type::small},
};
constexpr Column book_changes[] = {
    {"venue", Type::text},      {"market_key", Type::integer}, {"outcome", Type::small},
    {"side", Type::text},       {"price", Type::decimal},      {"size", Type::decimal},
    {"venue_time", Type::time}, {"received_at", Type::time},   {"position", Type::big},
    {"epoch", Type::big},       {"flags", Type::small},
};
constexpr Column status_changes[] = {
    {"venue", Type::text},        {"market_key", Type::integer}, {"status", Type::text},
    {"venue_status", Type::text}, {"result", Type::text},        {"settlement_value", Type::decimal},
    {"detail", Type::json},       {"venue_time", Type::time},    {"received_at", Type::time},
    {"position", Type::big},      {"flags", Type::small},
};
constexpr Column gaps[] = {
    {"venue", Type::text, false},     {"instance", Type::text, false},
    {"stream", Type::text, false},    {"market_key", Type::integer, false},
    {"from_time", Type::time, false}, {"to_time", Type::time},
    {"reason", Type::text},           {"recovered", Type::boolean},
    {"detail", Type::text},           {"position", Type::big},
    {"flags", Type::small},
};
constexpr Column market_pairs[] = {
    {"pair_id", Type::text, false}, {"venue_a", Type::text},     {"market_id_a", Type::text},
    {"venue_b", Type::text},        {"market_id_b", Type::text}, {"relation", Type::text},
    {"status", Type::text},         {"score", Type::decimal},    {"evidence", Type::json},
    {"changed_at", Type::time},     {"position", Type::big},     {"flags", Type::small},
};
constexpr Column opportunities[] = {
    {"opportunity_id", Type::text, false},
    {"pair_id", Type::text},
    {"kind", Type::text},
    {"legs", Type::json},
    {"opened_at", Type::time},
    {"closed_at", Type::time},
    {"size_max", Type::decimal},
    {"edge_peak", Type::decimal},
    {"profit_peak", Type::decimal},
    {"annualised_peak", Type::decimal},
    {"detail", Type::json},
    {"position", Type::big},
    {"flags", Type::small},
};
constexpr Column custom_packets[] = {
    {"venue", Type::text},       {"topic", Type::text},   {"body", Type::json},   {"venue_time", Type::time},
    {"received_at", Type::time}, {"position", Type::big}, {"flags", Type::small},
};
constexpr Column dead_letters[] = {
    {"instance", Type::text}, {"position", Type::big}, {"kind", Type::text},
    {"reason", Type::text},   {"packet", Type::bytes}, {"received_at", Type::time},
};
constexpr Column series[] = {
    {"venue", Type::text, false}, {"series_id", Type::text, false},
    {"title", Type::text},        {"category", Type::text},
    {"frequency", Type::text},    {"tags", Type::json},
    {"raw", Type::json},          {"first_seen_at", Type::time, false},
    {"changed_at", Type::time},   {"content_hash", Type::big},
    {"position", Type::big},      {"flags", Type::small},
};
constexpr Column fee_schedules[] = {
    {"venue", Type::text, false},    {"scope", Type::text, false},
    {"scope_id", Type::text, false}, {"type", Type::text},
    {"rate", Type::decimal},         {"exponent", Type::decimal},
    {"multiplier", Type::decimal},   {"rebate_rate", Type::decimal},
    {"taker_only", Type::boolean},   {"effective_from", Type::time, false},
    {"source", Type::text},          {"raw", Type::json},
    {"received_at", Type::time},     {"content_hash", Type::big},
    {"position", Type::big},         {"flags", Type::small},
};

constexpr Table all[table_count] = {
    {TableId::events, "events", Way::changed, true, false, "venue, event_id", events},
    {TableId::markets, "markets", Way::changed, true, false, "market_key, venue", markets},
    {TableId::market_status, "markets", Way::amend, true, false, "", market_status},
    {TableId::tick_history, "tick_history", Way::append, true, true, "", quotes},
    {TableId::latest_prices, "latest_prices", Way::latest, true, false, "market_key, outcome, venue", quotes},
    {TableId::trades, "trades", Way::once, true, true, "venue, trade_id", trades},
    {TableId::prints, "trades", Way::append, true, true, "", trades},
    {TableId::book_snapshots, "book_snapshots", Way::append, true, true, "", book_snapshots},
    {TableId::book_changes, "book_changes", Way::append, true, true, "", book_changes},
    {TableId::status_changes, "status_changes", Way::append, true, true, "", status_changes},
    {TableId::gaps, "gaps", Way::replace, false, false,
     "venue, instance, stream, coalesce(market_key, 0), from_time", gaps},
    {TableId::market_pairs, "market_pairs", Way::replace, false, false, "pair_id", market_pairs},
    {TableId::opportunities, "opportunities", Way::replace, false, false, "opportunity_id", opportunities},
    {TableId::custom_packets, "custom_packets", Way::append, false, false, "", custom_packets},
    {TableId::dead_letters, "dead_letters", Way::append, false, false, "", dead_letters},
    {TableId::series, "series", Way::changed, true, false, "venue, series_id", series},
    {TableId::dated_fees, "fee_schedules", Way::changed, true, false,
     "venue, scope, scope_id, effective_from", fee_schedules},
    {TableId::fee_schedules, "fee_schedules", Way::in_force, true, false,
     "venue, scope, scope_id, effective_from", fee_schedules},
    {TableId::market_history, "market_history", Way::derived, true, false, "", {}},
    {TableId::event_history, "event_history", Way::derived, true, false, "", {}},
};

}  // namespace

std::size_t Table::column(std::string_view wanted) const {
    for (std::size_t i = 0; i != columns.size(); ++i)
        if (wanted == columns[i].name) return i;
    throw std::logic_error(std::string{name} + " has no column " + std::string{wanted});
}

std::string Table::column_list(std::string_view prefix) const {
    std::string out;
    for (auto const& each : columns) {
        if (!out.empty()) out += ", ";
        out.append(prefix).append(each.name);
    }
    return out;
}

std::string Table::updates() const {
    std::string out;
    for (auto const& each : columns) {
        if (!each.updated) continue;
        if (!out.empty()) out += ", ";
        out.append(each.name).append(" = excluded.").append(each.name);
    }
    return out;
}

Table const& table(TableId id) { return all[static_cast<std::size_t>(id)]; }
std::span<Table const> tables() { return all; }

bool is_identifier(std::string_view venue) {
    return !venue.empty() && std::all_of(venue.begin(), venue.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

}  // namespace arb::sql
