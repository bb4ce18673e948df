// The words and numbers of Kalshi that frames and REST bodies share: how a JSON value becomes an amount, a
// price, a time or a lifecycle, and what counts as a quote. Pure functions; nothing here allocates or knows
// of the network.
//
// Units: amounts and prices in millionths, ARB_ABSENT where there is none; times in nanoseconds, 0 where
// none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "arbitrage/abi/ext/drift.h"
#include "arbitrage/decimal.hpp"
#include "arbitrage/packet.hpp"

namespace arb::kalshi {

inline constexpr std::string_view venue_name = "kalshi";

// Markets made of several others ("multivariate"); new ones appear several times a second.
inline constexpr std::string_view combo_prefix = "KXMVE";
inline bool is_combo(std::string_view ticker) {
    return ticker.substr(0, combo_prefix.size()) == combo_prefix;
}

// Ids, states and other words are no longer.
inline constexpr std::size_t word_size_max = 256;
// Whether a text can be an id: neither empty nor endless, and nothing in it steers a terminal.
inline bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= word_size_max &&
           std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// Why a value of a record was left out. Reasons are words of this code, so they can be labels of a counter.
class Doubts {
  public:
    void add(std::string_view reason, int what = ARB_DRIFT_RETYPED) {
        if (!first_.empty()) return;
        first_ = reason;
        what_ = what;
    }
    bool any() const { return !first_.empty(); }
    std::string_view first() const { return first_; }
    int what() const { return what_; }  // ARB_DRIFT_*
    std::uint16_t flag() const { return any() ? std::uint16_t{ARB_FLAG_ANOMALY} : std::uint16_t{0}; }

  private:
    std::string_view first_;
    int what_ = ARB_DRIFT_RETYPED;
};

// A JSON value as it stood in the text: what a string holds, or the characters of a number.
struct Field {
    enum class Kind : std::uint8_t { missing, null, text, number, boolean, other };
    Kind kind = Kind::missing;
    std::string_view text = {};

    bool given() const { return kind != Kind::missing && kind != Kind::null; }
};

enum class Need : std::uint8_t { required, optional };

// Whether there is a text to read; a value that is missing though required, or no text at all, is doubtful.
inline bool has_characters(Field field, std::string_view name, Need need, Doubts& doubts) {
    if (field.kind == Field::Kind::text || field.kind == Field::Kind::number) return !field.text.empty();
    if (field.given() || need == Need::required)
        doubts.add(name, field.kind == Field::Kind::missing ? ARB_DRIFT_MISSING : ARB_DRIFT_RETYPED);
    return false;
}

// A count or an amount of money that cannot be below zero. An empty text is how the venue says "none".
inline std::int64_t read_amount(Field field, std::string_view name, Need need, Doubts& doubts) {
    if (!has_characters(field, name, need, doubts)) return ARB_ABSENT;
    auto const number = parse_decimal(field.text);
    if (number && number.millionths >= 0) return number.millionths;
    doubts.add(name);
    return ARB_ABSENT;
}
// A signed amount, as in the change of a level.
std::int64_t read_signed(Field field, std::string_view name, Doubts& doubts);
// A price of a contract that pays one dollar: 0 to 1 dollar, both included.
inline std::int64_t read_price(Field field, std::string_view name, Need need, Doubts& doubts) {
    auto const price = read_amount(field, name, need, doubts);
    if (price <= ARB_UNIT) return price;
    doubts.add(name);
    return ARB_ABSENT;
}
// RFC 3339 text. The year 1 is how the venue says "not known".
arb_time read_time(Field field, std::string_view name, Need need, Doubts& doubts);
// Unix seconds or milliseconds as the venue counts them; `unit_ns` says which.
arb_time read_clock(Field field, arb_time unit_ns, std::string_view name, Doubts& doubts);

// ARB_LIFECYCLE_* of a market's `status`, of a filter's word, or of a lifecycle frame's event type.
int lifecycle_of(std::string_view word);

// Whether prices are to be had of a market in that state.
inline bool has_prices(int lifecycle) {
    return lifecycle == ARB_LIFECYCLE_UNOPENED || lifecycle == ARB_LIFECYCLE_OPEN ||
           lifecycle == ARB_LIFECYCLE_PAUSED || lifecycle == ARB_LIFECYCLE_NONE;
}

struct Quote {
    std::int64_t bid = ARB_ABSENT;
    std::int64_t bid_size = ARB_ABSENT;
    std::int64_t ask = ARB_ABSENT;
    std::int64_t ask_size = ARB_ABSENT;
    std::int64_t last_price = ARB_ABSENT;
    std::int64_t last_size = ARB_ABSENT;
    std::int64_t volume = ARB_ABSENT;
    std::int64_t open_interest = ARB_ABSENT;

    bool operator==(Quote const&) const = default;
};

inline void settle_side(std::int64_t& price, std::int64_t& size, std::string_view name, Doubts& doubts) {
    bool const stand_in = price == 0 || price == ARB_UNIT;
    if (stand_in && size != 0 && size != ARB_ABSENT) doubts.add(name);
    if (size == 0 || stand_in || price == ARB_ABSENT) price = size = ARB_ABSENT;
}

// Turns the venue's stand-ins into absence: a side without size has no order whatever its price says, and a
// price of 0 or 1 dollar is never an order; a last price of 0 means never traded.
inline void settle_quote(Quote& quote, Doubts& doubts) {
    settle_side(quote.bid, quote.bid_size, "yes_bid_dollars", doubts);
    settle_side(quote.ask, quote.ask_size, "yes_ask_dollars", doubts);
    if (quote.last_price == 0) quote.last_price = ARB_ABSENT;
    if (quote.last_size == 0 || quote.last_price == ARB_ABSENT) quote.last_size = ARB_ABSENT;
}

void write_quote(Packets& packets, std::string_view market, Quote const& quote, arb_time received,
                 arb_time venue_time, std::uint16_t flags);

struct Trade {
    std::string_view market;
    std::string_view trade_id;
    std::int64_t price = ARB_ABSENT;  // of YES
    std::int64_t size = ARB_ABSENT;
    std::int32_t taker_side = ARB_SIDE_NONE;  // buy: the taker bought YES
    std::int32_t block = ARB_NOT_KNOWN;       // of ARB_YES, ARB_NO
    arb_time time = 0;
};

// The taker's side from whichever of the three fields the venue sent; they say the same thing in three words.
std::int32_t read_taker(Field outcome_side, Field book_side, Field side, Doubts& doubts);

void write_trade(Packets& packets, Trade const& trade, arb_time received, std::uint16_t flags);

}  // namespace arb::kalshi
