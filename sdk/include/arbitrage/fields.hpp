// The fields of each kind of packet: name, meaning and place. One description for everything that shows
// packets to people; a field added to a kind is added here, and is seen everywhere.
//
// Thread safety: constants, and functions without state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "arbitrage/packet.hpp"

namespace arb {

// The words of enumerators, as tables and commands spell them; null for one that means "none".
namespace words {
inline constexpr char const* lifecycles[] = {nullptr,  "unopened",   "open",   "paused",
                                             "closed", "determined", "settled"};
inline constexpr char const* sides[] = {nullptr, "buy", "sell"};
inline constexpr char const* book_sides[] = {"bid", "ask"};
inline constexpr char const* streams[] = {"all", "catalogue", "quotes", "trades", "books", "status"};
inline constexpr char const* scopes[] = {"venue", "series", "event", "market"};
inline constexpr char const* relations[] = {nullptr, "same", "inverse"};
inline constexpr char const* pair_states[] = {nullptr, "candidate", "accepted", "rejected", "suspended"};
}  // namespace words

struct Field {
    enum class As : std::uint8_t {
        text,
        payload,  // a text that is long and for programs: a venue's JSON, the rules of a market
        texts,
        levels,
        amount,  // millionths
        time,
        number,   // int32
        counter,  // uint64
        yes_no,
        word,  // an enumerator; `words` spells it
    };

    char const* name;
    As as;
    std::size_t at;  // from the packet's first byte
    std::span<char const* const> words = {};
};

namespace detail {

#define ARB_FIELD(kind, name, as) \
    { #name, Field::As::as, offsetof(kind, name) }
#define ARB_WORD(kind, name, field, spelled) \
    { name, Field::As::word, offsetof(kind, field), words::spelled }

inline constexpr Field event_fields[] = {
    ARB_FIELD(arb_event, event_id, text),
    ARB_FIELD(arb_event, series, text),
    ARB_FIELD(arb_event, title, text),
    ARB_FIELD(arb_event, subtitle, text),
    ARB_FIELD(arb_event, category, text),
    ARB_FIELD(arb_event, url, payload),
    ARB_FIELD(arb_event, raw, payload),
    ARB_FIELD(arb_event, opens_at, time),
    ARB_FIELD(arb_event, closes_at, time),
    ARB_WORD(arb_event, "status", lifecycle, lifecycles),
    ARB_FIELD(arb_event, mutually_exclusive, yes_no),
};
inline constexpr Field market_fields[] = {
    ARB_FIELD(arb_market, market_id, text),
    ARB_FIELD(arb_market, event_id, text),
    ARB_FIELD(arb_market, title, text),
    ARB_FIELD(arb_market, outcomes, texts),
    ARB_FIELD(arb_market, token_ids, texts),
    ARB_FIELD(arb_market, venue_status, text),
    ARB_FIELD(arb_market, rules, payload),
    ARB_FIELD(arb_market, fee, payload),
    ARB_FIELD(arb_market, price_ranges, payload),
    ARB_FIELD(arb_market, result, text),
    ARB_FIELD(arb_market, raw, payload),
    ARB_FIELD(arb_market, tick_size, amount),
    ARB_FIELD(arb_market, settlement_value, amount),
    ARB_FIELD(arb_market, volume, amount),
    ARB_FIELD(arb_market, opens_at, time),
    ARB_FIELD(arb_market, closes_at, time),
    ARB_FIELD(arb_market, expected_at, time),
    ARB_FIELD(arb_market, settled_at, time),
    ARB_WORD(arb_market, "status", lifecycle, lifecycles),
};
inline constexpr Field quote_fields[] = {
    ARB_FIELD(arb_quote, market_id, text),    ARB_FIELD(arb_quote, outcome, number),
    ARB_FIELD(arb_quote, bid, amount),        ARB_FIELD(arb_quote, bid_size, amount),
    ARB_FIELD(arb_quote, ask, amount),        ARB_FIELD(arb_quote, ask_size, amount),
    ARB_FIELD(arb_quote, last_price, amount), ARB_FIELD(arb_quote, last_size, amount),
    ARB_FIELD(arb_quote, volume, amount),     ARB_FIELD(arb_quote, open_interest, amount),
};
inline constexpr Field trade_fields[] = {
    ARB_FIELD(arb_trade, market_id, text), ARB_FIELD(arb_trade, trade_id, text),
    ARB_FIELD(arb_trade, outcome, number), ARB_WORD(arb_trade, "taker_side", taker_side, sides),
    ARB_FIELD(arb_trade, price, amount),   ARB_FIELD(arb_trade, size, amount),
    ARB_FIELD(arb_trade, block, yes_no),
};
inline constexpr Field book_fields[] = {
    ARB_FIELD(arb_book, market_id, text), ARB_FIELD(arb_book, venue_hash, text),
    ARB_FIELD(arb_book, outcome, number), ARB_FIELD(arb_book, bids, levels),
    ARB_FIELD(arb_book, asks, levels),    ARB_FIELD(arb_book, epoch, counter),
};
inline constexpr Field book_change_fields[] = {
    ARB_FIELD(arb_book_change, market_id, text),
    ARB_FIELD(arb_book_change, outcome, number),
    ARB_WORD(arb_book_change, "side", side, book_sides),
    ARB_FIELD(arb_book_change, price, amount),
    ARB_FIELD(arb_book_change, size, amount),
    ARB_FIELD(arb_book_change, epoch, counter),
};
inline constexpr Field status_fields[] = {
    ARB_FIELD(arb_status_change, market_id, text),
    ARB_WORD(arb_status_change, "status", lifecycle, lifecycles),
    ARB_FIELD(arb_status_change, venue_status, text),
    ARB_FIELD(arb_status_change, result, text),
    ARB_FIELD(arb_status_change, detail, text),
    ARB_FIELD(arb_status_change, settlement_value, amount),
};
inline constexpr Field gap_fields[] = {
    ARB_FIELD(arb_gap, instance, text),    ARB_WORD(arb_gap, "stream", stream, streams),
    ARB_FIELD(arb_gap, market_id, text),   ARB_FIELD(arb_gap, from_time, time),
    ARB_FIELD(arb_gap, to_time, time),     ARB_FIELD(arb_gap, reason, text),
    ARB_FIELD(arb_gap, recovered, yes_no), ARB_FIELD(arb_gap, detail, text),
};
inline constexpr Field pair_fields[] = {
    ARB_FIELD(arb_pair, pair_id, text),
    ARB_FIELD(arb_pair, venue_a, text),
    ARB_FIELD(arb_pair, market_id_a, text),
    ARB_FIELD(arb_pair, venue_b, text),
    ARB_FIELD(arb_pair, market_id_b, text),
    ARB_WORD(arb_pair, "relation", relation, relations),
    ARB_WORD(arb_pair, "status", status, pair_states),
    ARB_FIELD(arb_pair, score, amount),
    ARB_FIELD(arb_pair, evidence, payload),
};
inline constexpr Field opportunity_fields[] = {
    ARB_FIELD(arb_opportunity, opportunity_id, text),    ARB_FIELD(arb_opportunity, pair_id, text),
    ARB_FIELD(arb_opportunity, opportunity_kind, text),  ARB_FIELD(arb_opportunity, legs, text),
    ARB_FIELD(arb_opportunity, detail, payload),         ARB_FIELD(arb_opportunity, opened_at, time),
    ARB_FIELD(arb_opportunity, closed_at, time),         ARB_FIELD(arb_opportunity, size_max, amount),
    ARB_FIELD(arb_opportunity, edge_peak, amount),       ARB_FIELD(arb_opportunity, profit_peak, amount),
    ARB_FIELD(arb_opportunity, annualised_peak, amount),
};
inline constexpr Field custom_fields[] = {
    ARB_FIELD(arb_custom, topic, text),
    ARB_FIELD(arb_custom, body, text),
};
inline constexpr Field series_fields[] = {
    ARB_FIELD(arb_series, series_id, text), ARB_FIELD(arb_series, title, text),
    ARB_FIELD(arb_series, category, text),  ARB_FIELD(arb_series, frequency, text),
    ARB_FIELD(arb_series, tags, text),      ARB_FIELD(arb_series, raw, payload),
};
inline constexpr Field fee_schedule_fields[] = {
    ARB_WORD(arb_fee_schedule, "scope", scope, scopes),
    ARB_FIELD(arb_fee_schedule, scope_id, text),
    ARB_FIELD(arb_fee_schedule, type, text),
    ARB_FIELD(arb_fee_schedule, source, text),
    ARB_FIELD(arb_fee_schedule, rate, amount),
    ARB_FIELD(arb_fee_schedule, exponent, amount),
    ARB_FIELD(arb_fee_schedule, multiplier, amount),
    ARB_FIELD(arb_fee_schedule, rebate_rate, amount),
    ARB_FIELD(arb_fee_schedule, taker_only, yes_no),
    ARB_FIELD(arb_fee_schedule, effective_from, time),
    ARB_FIELD(arb_fee_schedule, raw, payload),
};
inline constexpr Field message_fields[] = {
    ARB_FIELD(arb_message, instance, text),
    ARB_FIELD(arb_message, source, text),
    ARB_FIELD(arb_message, reason, text),
    ARB_FIELD(arb_message, body, text),
};
#undef ARB_FIELD
#undef ARB_WORD

template<class T>
T value_at(arb_packet const& packet, std::size_t at) {
    T value;
    std::memcpy(&value, reinterpret_cast<char const*>(&packet) + at, sizeof value);
    return value;
}

}  // namespace detail

// By kind; empty for 0.
inline constexpr std::span<Field const> fields[ARB_KIND_COUNT] = {
    {},
    detail::event_fields,
    detail::market_fields,
    detail::quote_fields,
    detail::trade_fields,
    detail::book_fields,
    detail::book_change_fields,
    detail::status_fields,
    detail::gap_fields,
    detail::pair_fields,
    detail::opportunity_fields,
    detail::custom_fields,
    detail::series_fields,
    detail::fee_schedule_fields,
    detail::message_fields,
};

// Tells `printer` every field the packet has; what is absent is left out. The packet must have passed check
// (check.hpp). A printer has
//   text(Field const&, std::string_view)              texts(Field const&, std::span<arb_ref const>)
//   levels(Field const&, std::span<arb_level const>)  amount(Field const&, std::int64_t)
//   time(Field const&, arb_time)                      number(Field const&, std::int32_t)
//   counter(Field const&, std::uint64_t)              yes_no(Field const&, bool)
//   word(Field const&, std::int32_t, char const* or null)
template<class Printer>
void print_fields(arb_packet const& packet, Printer& printer) {
    using As = Field::As;
    for (auto const& field : fields[packet.kind]) {
        switch (field.as) {
            case As::text:
            case As::payload:
                if (auto const ref = detail::value_at<arb_ref>(packet, field.at); ref.length != 0)
                    printer.text(field, text(packet, ref));
                break;
            case As::texts:
                printer.texts(field, array<arb_ref>(packet, detail::value_at<arb_array>(packet, field.at)));
                break;
            case As::levels:
                printer.levels(field,
                               array<arb_level>(packet, detail::value_at<arb_array>(packet, field.at)));
                break;
            case As::amount:
                if (auto const value = detail::value_at<std::int64_t>(packet, field.at); value != ARB_ABSENT)
                    printer.amount(field, value);
                break;
            case As::time:
                if (auto const value = detail::value_at<arb_time>(packet, field.at);
                    value != ARB_ABSENT && value != 0)
                    printer.time(field, value);
                break;
            case As::number:
                printer.number(field, detail::value_at<std::int32_t>(packet, field.at));
                break;
            case As::counter:
                printer.counter(field, detail::value_at<std::uint64_t>(packet, field.at));
                break;
            case As::yes_no:
                if (auto const value = detail::value_at<std::int32_t>(packet, field.at);
                    value == ARB_YES || value == ARB_NO)
                    printer.yes_no(field, value == ARB_YES);
                break;
            case As::word: {
                auto const value = detail::value_at<std::int32_t>(packet, field.at);
                bool const known = value >= 0 && static_cast<std::size_t>(value) < field.words.size();
                printer.word(field, value, known ? field.words[static_cast<std::size_t>(value)] : nullptr);
                break;
            }
        }
    }
}

}  // namespace arb
