#include "sinks/sql/admission.hpp"

#include <xxhash.h>

#include "arbitrage/time.hpp"
#include "sinks/sql/text.hpp"

namespace arb::sql {
namespace {

// Keys of indexes: PostgreSQL's refuse above 2,704 bytes, and no venue's id comes near this.
constexpr std::size_t id_size_max = 512;  // bytes
// Receive times come from this machine's clock; outside of this it was not set, and each day costs a
// partition.
constexpr arb_time received_min = 946'684'800 * second_ns;  // 2000-01-01
constexpr arb_time received_ahead_max = 86'400 * second_ns;

arb_ref market_ref(arb_packet const& packet) {
    switch (packet.kind) {
        case ARB_KIND_MARKET:
            return as<arb_market>(packet)->market_id;
        case ARB_KIND_QUOTE:
            return as<arb_quote>(packet)->market_id;
        case ARB_KIND_TRADE:
            return as<arb_trade>(packet)->market_id;
        case ARB_KIND_BOOK:
            return as<arb_book>(packet)->market_id;
        case ARB_KIND_BOOK_CHANGE:
            return as<arb_book_change>(packet)->market_id;
        case ARB_KIND_STATUS:
            return as<arb_status_change>(packet)->market_id;
        case ARB_KIND_GAP:
            return as<arb_gap>(packet)->market_id;
        default:
            return {0, 0};
    }
}

bool bad_id(arb_ref ref) { return ref.length == 0 || ref.length > id_size_max; }

char const* outcome_problem(std::int32_t outcome) {
    return outcome < 0 || outcome > INT16_MAX ? "the outcome is not a number from 0 to 32767" : nullptr;
}

// What is wrong with the names a row is found by.
char const* name_problem(arb_packet const& packet) {
    if (auto const* const p = as<arb_event>(packet))
        return bad_id(p->event_id) ? "event_id is empty or longer than 512 bytes" : nullptr;
    if (auto const* const p = as<arb_pair>(packet))
        return bad_id(p->pair_id) ? "pair_id is empty or longer than 512 bytes" : nullptr;
    if (auto const* const p = as<arb_opportunity>(packet))
        return bad_id(p->opportunity_id) ? "opportunity_id is empty or longer than 512 bytes" : nullptr;
    if (auto const* const p = as<arb_custom>(packet))
        return bad_id(p->topic) ? "topic is empty or longer than 512 bytes" : nullptr;
    if (auto const* const p = as<arb_series>(packet))
        return bad_id(p->series_id) ? "series_id is empty or longer than 512 bytes" : nullptr;
    if (auto const* const p = as<arb_fee_schedule>(packet)) {
        if (p->scope < ARB_SCOPE_VENUE || p->scope > ARB_SCOPE_MARKET)
            return "the scope of the fee schedule is not known";
        return p->scope != ARB_SCOPE_VENUE && bad_id(p->scope_id)
                   ? "scope_id is empty or longer than 512 bytes"
                   : nullptr;
    }
    if (packet.kind == ARB_KIND_MESSAGE) return nullptr;
    if (auto const* const p = as<arb_gap>(packet)) {
        if (bad_id(p->instance)) return "instance is empty or longer than 512 bytes";
        if (p->from_time == 0 || p->from_time == ARB_ABSENT)
            return "the gap has no from_time, which is part of its name";
        if (p->stream < 0 || p->stream > ARB_STREAM_STATUS) return "the gap's stream is not known";
        return p->market_id.length > id_size_max ? "market_id is longer than 512 bytes" : nullptr;
    }
    if (auto const* const p = as<arb_status_change>(packet); p != nullptr && p->market_id.length == 0)
        return p->lifecycle == ARB_LIFECYCLE_NONE || p->lifecycle == ARB_LIFECYCLE_OPEN ||
                       p->lifecycle == ARB_LIFECYCLE_PAUSED
                   ? nullptr
                   : "market_id is empty, and a whole venue is open or paused, nothing else";
    if (bad_id(market_ref(packet))) return "market_id is empty or longer than 512 bytes";
    if (auto const* const p = as<arb_market>(packet))
        return p->event_id.length > id_size_max ? "event_id is longer than 512 bytes" : nullptr;
    if (auto const* const p = as<arb_quote>(packet)) return outcome_problem(p->outcome);
    if (auto const* const p = as<arb_book>(packet)) return outcome_problem(p->outcome);
    if (auto const* const p = as<arb_book_change>(packet)) return outcome_problem(p->outcome);
    if (auto const* const p = as<arb_trade>(packet)) {
        if (p->trade_id.length > id_size_max) return "trade_id is longer than 512 bytes";
        return outcome_problem(p->outcome);
    }
    return nullptr;
}

// What is charged, whoever said it and from whenever on.
std::uint64_t charge_hash(arb_fee_schedule const& p) {
    std::int64_t const figures[] = {p.rate, p.exponent, p.multiplier, p.rebate_rate, p.taker_only};
    auto const type = arb::text(p.header, p.type);
    auto const hash = XXH3_64bits_withSeed(figures, sizeof figures, XXH3_64bits(type.data(), type.size()));
    return hash == 0 ? 1 : hash;
}

}  // namespace

std::string_view market_id(arb_packet const& packet, std::string& scratch) {
    auto const id = arb::text(packet, market_ref(packet));
    if (is_clean(id)) return id;
    scratch = cleaned(id);
    return scratch;
}

std::uint64_t content_hash(arb_packet const& packet) {
    if (auto const* const schedule = as<arb_fee_schedule>(packet)) return charge_hash(*schedule);
    if (packet.kind != ARB_KIND_EVENT && packet.kind != ARB_KIND_MARKET && packet.kind != ARB_KIND_SERIES)
        return 0;
    auto const* const bytes = reinterpret_cast<std::byte const*>(&packet);
    auto const hash =
        XXH3_64bits_withSeed(bytes + sizeof(arb_packet), packet.size - sizeof(arb_packet), packet.flags);
    return hash == 0 ? 1 : hash;
}

char const* problem(arb_packet const& packet, arb_time now) {
    if (packet.received_time < received_min || packet.received_time > now + received_ahead_max)
        return "received_time is before 2000 or more than a day ahead";
    return name_problem(packet);
}

}  // namespace arb::sql
