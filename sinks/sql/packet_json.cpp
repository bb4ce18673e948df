#include "sinks/sql/packet_json.hpp"

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "sinks/sql/text.hpp"
#include "sinks/sql/words.hpp"

namespace arb::sql {
namespace {

namespace json = boost::json;

enum class As : std::uint8_t { text, texts, levels, amount, time, number, big, yes_no, word };

// A fixed field of a kind: its name, what it is, and where.
struct Field {
    char const* name;
    As as;
    std::size_t at;
    std::span<char const* const> words = {};
};

#define ARB_FIELD(kind, name, as) \
    { #name, As::as, offsetof(kind, name) }
#define ARB_WORD(kind, name, field, words) \
    { name, As::word, offsetof(kind, field), words }

constexpr Field event[] = {
    ARB_FIELD(arb_event, event_id, text),
    ARB_FIELD(arb_event, series, text),
    ARB_FIELD(arb_event, title, text),
    ARB_FIELD(arb_event, subtitle, text),
    ARB_FIELD(arb_event, category, text),
    ARB_FIELD(arb_event, url, text),
    ARB_FIELD(arb_event, raw, text),
    ARB_FIELD(arb_event, opens_at, time),
    ARB_FIELD(arb_event, closes_at, time),
    ARB_WORD(arb_event, "status", lifecycle, lifecycles),
    ARB_FIELD(arb_event, mutually_exclusive, yes_no),
};
constexpr Field market[] = {
    ARB_FIELD(arb_market, market_id, text),
    ARB_FIELD(arb_market, event_id, text),
    ARB_FIELD(arb_market, title, text),
    ARB_FIELD(arb_market, outcomes, texts),
    ARB_FIELD(arb_market, token_ids, texts),
    ARB_FIELD(arb_market, venue_status, text),
    ARB_FIELD(arb_market, rules, text),
    ARB_FIELD(arb_market, fee, text),
    ARB_FIELD(arb_market, price_ranges, text),
    ARB_FIELD(arb_market, result, text),
    ARB_FIELD(arb_market, raw, text),
    ARB_FIELD(arb_market, tick_size, amount),
    ARB_FIELD(arb_market, settlement_value, amount),
    ARB_FIELD(arb_market, volume, amount),
    ARB_FIELD(arb_market, opens_at, time),
    ARB_FIELD(arb_market, closes_at, time),
    ARB_FIELD(arb_market, expected_at, time),
    ARB_FIELD(arb_market, settled_at, time),
    ARB_WORD(arb_market, "status", lifecycle, lifecycles),
};
constexpr Field quote[] = {
    ARB_FIELD(arb_quote, market_id, text),    ARB_FIELD(arb_quote, outcome, number),
    ARB_FIELD(arb_quote, bid, amount),        ARB_FIELD(arb_quote, bid_size, amount),
    ARB_FIELD(arb_quote, ask, amount),        ARB_FIELD(arb_quote, ask_size, amount),
    ARB_FIELD(arb_quote, last_price, amount), ARB_FIELD(arb_quote, last_size, amount),
    ARB_FIELD(arb_quote, volume, amount),     ARB_FIELD(arb_quote, open_interest, amount),
};
constexpr Field trade[] = {
    ARB_FIELD(arb_trade, market_id, text), ARB_FIELD(arb_trade, trade_id, text),
    ARB_FIELD(arb_trade, outcome, number), ARB_WORD(arb_trade, "taker_side", taker_side, sides),
    ARB_FIELD(arb_trade, price, amount),   ARB_FIELD(arb_trade, size, amount),
    ARB_FIELD(arb_trade, block, yes_no),
};
constexpr Field book[] = {
    ARB_FIELD(arb_book, market_id, text), ARB_FIELD(arb_book, venue_hash, text),
    ARB_FIELD(arb_book, outcome, number), ARB_FIELD(arb_book, bids, levels),
    ARB_FIELD(arb_book, asks, levels),    ARB_FIELD(arb_book, epoch, big),
};
constexpr Field book_change[] = {
    ARB_FIELD(arb_book_change, market_id, text),
    ARB_FIELD(arb_book_change, outcome, number),
    ARB_WORD(arb_book_change, "side", side, book_sides),
    ARB_FIELD(arb_book_change, price, amount),
    ARB_FIELD(arb_book_change, size, amount),
    ARB_FIELD(arb_book_change, epoch, big),
};
constexpr Field status[] = {
    ARB_FIELD(arb_status_change, market_id, text),
    ARB_WORD(arb_status_change, "status", lifecycle, lifecycles),
    ARB_FIELD(arb_status_change, venue_status, text),
    ARB_FIELD(arb_status_change, result, text),
    ARB_FIELD(arb_status_change, detail, text),
    ARB_FIELD(arb_status_change, settlement_value, amount),
};
constexpr Field gap[] = {
    ARB_FIELD(arb_gap, instance, text),    ARB_WORD(arb_gap, "stream", stream, streams),
    ARB_FIELD(arb_gap, market_id, text),   ARB_FIELD(arb_gap, from_time, time),
    ARB_FIELD(arb_gap, to_time, time),     ARB_FIELD(arb_gap, reason, text),
    ARB_FIELD(arb_gap, recovered, yes_no), ARB_FIELD(arb_gap, detail, text),
};
constexpr Field pair[] = {
    ARB_FIELD(arb_pair, pair_id, text),
    ARB_FIELD(arb_pair, venue_a, text),
    ARB_FIELD(arb_pair, market_id_a, text),
    ARB_FIELD(arb_pair, venue_b, text),
    ARB_FIELD(arb_pair, market_id_b, text),
    ARB_WORD(arb_pair, "relation", relation, relations),
    ARB_WORD(arb_pair, "status", status, pair_states),
    ARB_FIELD(arb_pair, score, amount),
    ARB_FIELD(arb_pair, evidence, text),
};
constexpr Field opportunity[] = {
    ARB_FIELD(arb_opportunity, opportunity_id, text),
    ARB_FIELD(arb_opportunity, pair_id, text),
    ARB_FIELD(arb_opportunity, opportunity_kind, text),
    ARB_FIELD(arb_opportunity, legs, text),
    ARB_FIELD(arb_opportunity, detail, text),
    ARB_FIELD(arb_opportunity, opened_at, time),
    ARB_FIELD(arb_opportunity, closed_at, time),
    ARB_FIELD(arb_opportunity, size_max, amount),
    ARB_FIELD(arb_opportunity, edge_peak, amount),
    ARB_FIELD(arb_opportunity, profit_peak, amount),
    ARB_FIELD(arb_opportunity, annualised_peak, amount),
};
constexpr Field custom[] = {
    ARB_FIELD(arb_custom, topic, text),
    ARB_FIELD(arb_custom, body, text),
};
#undef ARB_FIELD
#undef ARB_WORD

constexpr std::span<Field const> fields_of[ARB_KIND_COUNT] = {
    {}, event, market, quote, trade, book, book_change, status, gap, pair, opportunity, custom};

template<class T>
T read(arb_packet const& packet, std::size_t at) {
    T value;
    std::memcpy(&value, reinterpret_cast<char const*>(&packet) + at, sizeof value);
    return value;
}

json::array texts(arb_packet const& packet, arb_array ref) {
    json::array out;
    for (auto const& each : array<arb_ref>(packet, ref)) out.emplace_back(cleaned(text(packet, each)));
    return out;
}

json::array levels(arb_packet const& packet, arb_array ref) {
    json::array out;
    for (auto const& each : array<arb_level>(packet, ref))
        out.push_back({format_decimal(each.price), format_decimal(each.size)});
    return out;
}

// Null where the packet does not have the field.
json::value value_of(arb_packet const& packet, Field const& field) {
    switch (field.as) {
        case As::text: {
            auto const ref = read<arb_ref>(packet, field.at);
            return ref.length == 0 ? json::value{} : json::value(cleaned(text(packet, ref)));
        }
        case As::texts:
            return texts(packet, read<arb_array>(packet, field.at));
        case As::levels:
            return levels(packet, read<arb_array>(packet, field.at));
        case As::amount: {
            auto const amount = read<std::int64_t>(packet, field.at);
            return amount == ARB_ABSENT ? json::value{} : json::value(format_decimal(amount));
        }
        case As::time: {
            auto const time = read<arb_time>(packet, field.at);
            return time == ARB_ABSENT || time == 0 ? json::value{} : json::value(format_time(time));
        }
        case As::number:
            return read<std::int32_t>(packet, field.at);
        case As::big:
            return read<std::uint64_t>(packet, field.at);
        case As::yes_no: {
            auto const known = read<std::int32_t>(packet, field.at);
            return known == ARB_YES  ? json::value(true)
                   : known == ARB_NO ? json::value(false)
                                     : json::value{};
        }
        case As::word: {
            auto const number = read<std::int32_t>(packet, field.at);
            auto const known = number >= 0 && static_cast<std::size_t>(number) < field.words.size();
            auto const* const word = known ? field.words[static_cast<std::size_t>(number)] : nullptr;
            return word == nullptr ? json::value(number) : json::value(word);
        }
    }
    return {};
}

}  // namespace

json::object packet_json(arb_packet const& packet) {
    json::object out{{"kind", kind_names[packet.kind]},
                     {"venue", venue(packet)},
                     {"position", packet.position},
                     {"received_time", format_time(packet.received_time)},
                     {"flags", packet.flags}};
    if (packet.venue_time != 0) out["venue_time"] = format_time(packet.venue_time);
    for (auto const& field : fields_of[packet.kind])
        if (auto value = value_of(packet, field); !value.is_null()) out[field.name] = std::move(value);
    return out;
}

}  // namespace arb::sql
