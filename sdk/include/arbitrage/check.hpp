// Whether bytes from a stranger are packets. The host checks every push with it before the journal sees a
// byte.
#pragma once

#include "arbitrage/packet.hpp"
#include "arbitrage/result.hpp"

namespace arb {

namespace detail {

// Where the references of a kind are: fixed offsets from the packet's start, by what they point to.
struct Layout {
    std::uint32_t fixed_size;
    std::uint32_t texts[12];  // offsets of arb_ref fields, ended by 0
    std::uint32_t text_arrays[3];
    std::uint32_t level_arrays[3];
};

#define ARB_AT(type, field) static_cast<std::uint32_t>(offsetof(type, field))
inline constexpr Layout layouts[ARB_KIND_COUNT] = {
    {},
    {sizeof(arb_event),
     {ARB_AT(arb_event, event_id), ARB_AT(arb_event, series), ARB_AT(arb_event, title),
      ARB_AT(arb_event, subtitle), ARB_AT(arb_event, category), ARB_AT(arb_event, url),
      ARB_AT(arb_event, raw)},
     {},
     {}},
    {sizeof(arb_market),
     {ARB_AT(arb_market, market_id), ARB_AT(arb_market, event_id), ARB_AT(arb_market, title),
      ARB_AT(arb_market, venue_status), ARB_AT(arb_market, rules), ARB_AT(arb_market, fee),
      ARB_AT(arb_market, price_ranges), ARB_AT(arb_market, result), ARB_AT(arb_market, raw)},
     {ARB_AT(arb_market, outcomes), ARB_AT(arb_market, token_ids)},
     {}},
    {sizeof(arb_quote), {ARB_AT(arb_quote, market_id)}, {}, {}},
    {sizeof(arb_trade), {ARB_AT(arb_trade, market_id), ARB_AT(arb_trade, trade_id)}, {}, {}},
    {sizeof(arb_book),
     {ARB_AT(arb_book, market_id), ARB_AT(arb_book, venue_hash)},
     {},
     {ARB_AT(arb_book, bids), ARB_AT(arb_book, asks)}},
    {sizeof(arb_book_change), {ARB_AT(arb_book_change, market_id)}, {}, {}},
    {sizeof(arb_status_change),
     {ARB_AT(arb_status_change, market_id), ARB_AT(arb_status_change, venue_status),
      ARB_AT(arb_status_change, result), ARB_AT(arb_status_change, detail)},
     {},
     {}},
    {sizeof(arb_gap),
     {ARB_AT(arb_gap, instance), ARB_AT(arb_gap, market_id), ARB_AT(arb_gap, reason),
      ARB_AT(arb_gap, detail)},
     {},
     {}},
    {sizeof(arb_pair),
     {ARB_AT(arb_pair, pair_id), ARB_AT(arb_pair, venue_a), ARB_AT(arb_pair, market_id_a),
      ARB_AT(arb_pair, venue_b), ARB_AT(arb_pair, market_id_b), ARB_AT(arb_pair, evidence)},
     {},
     {}},
    {sizeof(arb_opportunity),
     {ARB_AT(arb_opportunity, opportunity_id), ARB_AT(arb_opportunity, pair_id),
      ARB_AT(arb_opportunity, opportunity_kind), ARB_AT(arb_opportunity, legs),
      ARB_AT(arb_opportunity, detail)},
     {},
     {}},
    {sizeof(arb_custom), {ARB_AT(arb_custom, topic), ARB_AT(arb_custom, body)}, {}, {}},
    {sizeof(arb_series),
     {ARB_AT(arb_series, series_id), ARB_AT(arb_series, title), ARB_AT(arb_series, category),
      ARB_AT(arb_series, frequency), ARB_AT(arb_series, tags), ARB_AT(arb_series, raw)},
     {},
     {}},
    {sizeof(arb_fee_schedule),
     {ARB_AT(arb_fee_schedule, scope_id), ARB_AT(arb_fee_schedule, type), ARB_AT(arb_fee_schedule, source),
      ARB_AT(arb_fee_schedule, raw)},
     {},
     {}},
    {sizeof(arb_message),
     {ARB_AT(arb_message, instance), ARB_AT(arb_message, source), ARB_AT(arb_message, reason),
      ARB_AT(arb_message, body)},
     {},
     {}},
};
#undef ARB_AT

inline arb_ref ref_at(std::byte const* packet, std::uint32_t offset) {
    arb_ref ref;
    std::memcpy(&ref, packet + offset, sizeof ref);
    return ref;
}

inline bool inside(arb_ref ref, std::uint64_t element_size, std::uint32_t fixed_size, std::uint32_t size) {
    if (ref.length == 0) return true;
    return ref.offset >= fixed_size && ref.offset + ref.length * element_size <= size;
}

inline char const* broken_reference(std::byte const* packet, Layout const& layout, arb_packet const& header) {
    for (auto const at : layout.texts) {
        if (at == 0) break;
        if (!inside(ref_at(packet, at), 1, header.fixed_size, header.size))
            return "a text lies outside the packet";
    }
    for (auto const at : layout.text_arrays) {
        if (at == 0) break;
        auto const table = ref_at(packet, at);
        if (!inside(table, sizeof(arb_ref), header.fixed_size, header.size) || table.offset % 8 != 0)
            return "a list of texts lies outside the packet";
        // Without a bound on the sum, a small packet could name one long text a million times.
        std::uint64_t total = 0;
        for (std::uint32_t i = 0; i != table.length; ++i) {
            auto const ref = ref_at(packet, table.offset + i * static_cast<std::uint32_t>(sizeof(arb_ref)));
            if (!inside(ref, 1, header.fixed_size, header.size))
                return "a text of a list lies outside the packet";
            total += ref.length;
        }
        if (total > header.size) return "the texts of a list are longer than the packet";
    }
    for (auto const at : layout.level_arrays) {
        if (at == 0) break;
        auto const table = ref_at(packet, at);
        if (!inside(table, sizeof(arb_level), header.fixed_size, header.size) || table.offset % 8 != 0)
            return "a list of levels lies outside the packet";
    }
    return nullptr;
}

inline bool good_venue(char const (&venue)[ARB_VENUE_SIZE]) {
    std::size_t i = 0;
    for (; i != ARB_VENUE_SIZE && venue[i] != '\0'; ++i) {
        auto const c = venue[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
    }
    if (i == 0 || i == ARB_VENUE_SIZE) return false;
    for (; i != ARB_VENUE_SIZE; ++i)
        if (venue[i] != '\0') return false;
    return true;
}

}  // namespace detail

// Null if the packet that begins at `bytes` is well formed and ends within `room` bytes; else what is wrong.
// `bytes` is 8-byte aligned. Values are not judged here: venues and sinks do that.
inline char const* check(std::byte const* bytes, std::size_t room) {
    if (room < sizeof(arb_packet)) return "the packet is shorter than its header";
    auto const& header = *reinterpret_cast<arb_packet const*>(bytes);
    if (header.size > room || header.size > ARB_PACKET_SIZE_MAX)
        return "size is beyond the end or above 8 MiB";
    if (header.size % 8 != 0) return "size is not a multiple of 8";
    if (header.kind == 0 || header.kind >= ARB_KIND_COUNT) return "kind is not known";
    auto const& layout = detail::layouts[header.kind];
    if (header.fixed_size < layout.fixed_size || header.fixed_size > header.size)
        return "fixed_size does not fit the kind";
    if (!detail::good_venue(header.venue)) return "venue is not a name of [a-z0-9_]";
    return detail::broken_reference(bytes, layout, header);
}

// Checks packets that fill `bytes` one after the other; the number of packets, or what is wrong with which.
inline Result<std::size_t> check_all(std::span<std::byte const> bytes) {
    if (bytes.empty()) return permanent("the batch is empty");
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 != 0)
        return permanent("the batch does not begin at a multiple of 8");
    std::size_t count = 0;
    for (std::size_t at = 0; at < bytes.size(); ++count) {
        if (auto const* const wrong = check(bytes.data() + at, bytes.size() - at))
            return permanent("packet " + std::to_string(count + 1) + " of the batch: " + wrong);
        at += reinterpret_cast<arb_packet const*>(bytes.data() + at)->size;
    }
    return count;
}

}  // namespace arb
