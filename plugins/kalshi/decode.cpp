#include "decode.hpp"

#include <fmt/format.h>

#include <cmath>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "member.hpp"

namespace arb::kalshi {

namespace {

// Clocks beyond this (the year 2261) do not fit nanoseconds in 64 bits.
constexpr arb_time clock_ns_max = INT64_C(9'180'000'000) * second_ns;

bool has_double(boost::json::value const& value);

bool has_double(boost::json::object const& object) {
    return std::any_of(object.begin(), object.end(),
                       [](auto const& each) { return has_double(each.value()); });
}

bool has_double(boost::json::value const& value) {
    if (auto const* const object = value.if_object()) return has_double(*object);
    if (auto const* const array = value.if_array())
        return std::any_of(array->begin(), array->end(), [](auto const& each) { return has_double(each); });
    return value.is_double();
}

}  // namespace

std::string json_text(boost::json::object const& object) {
    // Most have none, and Boost.JSON is fast.
    if (!has_double(object)) return boost::json::serialize(object);
    std::string out;
    for (auto const& each : object) {
        out += out.empty() ? '{' : ',';
        out.append(boost::json::serialize(boost::json::string{each.key()})).append(1, ':');
        out += json_text(each.value());
    }
    return out + '}';
}

std::string json_text(boost::json::value const& value) {
    if (auto const* const object = value.if_object()) return json_text(*object);
    auto const* const array = value.if_array();
    if (array != nullptr && has_double(value)) {
        std::string out;
        for (auto const& each : *array) out.append(1, out.empty() ? '[' : ',').append(json_text(each));
        return out + ']';
    }
    if (value.is_double() && std::isfinite(value.get_double())) return fmt::format("{}", value.get_double());
    return boost::json::serialize(value);
}

std::int64_t read_signed(Field field, std::string_view name, Doubts& doubts) {
    if (!has_characters(field, name, Need::required, doubts)) return ARB_ABSENT;
    auto const number = parse_decimal(field.text);
    if (number) return number.millionths;
    doubts.add(name);
    return ARB_ABSENT;
}

arb_time read_time(Field field, std::string_view name, Need need, Doubts& doubts) {
    if (field.kind == Field::Kind::number) {
        doubts.add(name);
        return 0;
    }
    if (!has_characters(field, name, need, doubts) || field.text.starts_with("0001-01-01")) return 0;
    auto const time = parse_time(field.text);
    if (time.has_value()) return *time;
    doubts.add(name);
    return 0;
}

arb_time read_clock(Field field, arb_time unit_ns, std::string_view name, Doubts& doubts) {
    if (!has_characters(field, name, Need::optional, doubts)) return 0;
    auto const number = parse_decimal(field.text);
    if (number && number.millionths >= 0 && number.millionths % ARB_UNIT == 0 &&
        number.millionths / ARB_UNIT <= clock_ns_max / unit_ns)
        return number.millionths / ARB_UNIT * unit_ns;
    doubts.add(name);
    return 0;
}

int lifecycle_of(std::string_view word) {
    struct Word {
        std::string_view text;
        int lifecycle;
    };
    static constexpr Word words[] = {
        {"active", ARB_LIFECYCLE_OPEN},           {"initialized", ARB_LIFECYCLE_UNOPENED},
        {"inactive", ARB_LIFECYCLE_PAUSED},       {"closed", ARB_LIFECYCLE_CLOSED},
        {"determined", ARB_LIFECYCLE_DETERMINED}, {"disputed", ARB_LIFECYCLE_DETERMINED},
        {"amended", ARB_LIFECYCLE_DETERMINED},    {"finalized", ARB_LIFECYCLE_SETTLED},
        {"settled", ARB_LIFECYCLE_SETTLED},       {"created", ARB_LIFECYCLE_UNOPENED},
        {"activated", ARB_LIFECYCLE_OPEN},        {"deactivated", ARB_LIFECYCLE_PAUSED},
        {"unopened", ARB_LIFECYCLE_UNOPENED},     {"open", ARB_LIFECYCLE_OPEN},
        {"paused", ARB_LIFECYCLE_PAUSED},
    };
    for (auto const& known : words)
        if (known.text == word) return known.lifecycle;
    return ARB_LIFECYCLE_NONE;
}

void write_quote(Packets& packets, std::string_view market, Quote const& quote, arb_time received,
                 arb_time venue_time, std::uint16_t flags) {
    auto packet = packets.add<arb_quote>(venue_name, received, venue_time, flags);
    packet->bid = quote.bid;
    packet->bid_size = quote.bid_size;
    packet->ask = quote.ask;
    packet->ask_size = quote.ask_size;
    packet->last_price = quote.last_price;
    packet->last_size = quote.last_size;
    packet->volume = quote.volume;
    packet->open_interest = quote.open_interest;
    packet.text(&arb_quote::market_id, market);
}

std::int32_t read_taker(Field outcome_side, Field book_side, Field side, Doubts& doubts) {
    struct Word {
        Field field;
        std::string_view name, buys, sells;
    };
    Word const words[] = {{outcome_side, "taker_outcome_side", "yes", "no"},
                          {book_side, "taker_book_side", "bid", "ask"},
                          {side, "taker_side", "yes", "no"}};
    std::int32_t out = ARB_SIDE_NONE;
    for (auto const& [field, name, buys, sells] : words) {
        if (!field.given() || field.text.empty()) continue;
        auto const said = field.kind != Field::Kind::text ? ARB_SIDE_NONE
                          : field.text == buys            ? ARB_SIDE_BUY
                          : field.text == sells           ? ARB_SIDE_SELL
                                                          : ARB_SIDE_NONE;
        if (said == ARB_SIDE_NONE) {
            doubts.add(name);
        } else if (out != ARB_SIDE_NONE && out != said) {
            // They are to say the same thing: which of them is right nobody knows.
            doubts.add(name);
            return ARB_SIDE_NONE;
        } else {
            out = said;
        }
    }
    if (out == ARB_SIDE_NONE) doubts.add("taker_outcome_side", ARB_DRIFT_MISSING);
    return out;
}

void write_trade(Packets& packets, Trade const& trade, arb_time received, std::uint16_t flags) {
    auto packet = packets.add<arb_trade>(venue_name, received, trade.time, flags);
    packet->taker_side = trade.taker_side;
    packet->price = trade.price;
    packet->size = trade.size;
    packet->block = trade.block;
    packet.text(&arb_trade::market_id, trade.market);
    packet.text(&arb_trade::trade_id, trade.trade_id);
}

}  // namespace arb::kalshi
