// Decimal text to millionths and back, exactly and without floating point.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "arbitrage/abi/base.h"

namespace arb {

enum class DecimalError { none, not_a_number, too_precise, out_of_range };

struct Decimal {
    std::int64_t millionths = ARB_ABSENT;
    DecimalError error = DecimalError::none;
    explicit operator bool() const { return error == DecimalError::none; }
};

namespace detail {

// Any decimal text, with an exponent or without, of any length.
inline Decimal parse_long_decimal(std::string_view text) {
    constexpr std::uint64_t limit = static_cast<std::uint64_t>(INT64_MAX);
    constexpr Decimal not_a_number{ARB_ABSENT, DecimalError::not_a_number};
    auto at = text.begin();
    auto const end = text.end();
    bool negative = false;
    if (at != end && (*at == '-' || *at == '+')) negative = *at++ == '-';

    // `digits` times ten to the `scale`; zeros wait until a digit follows, so `digits` never ends in zero.
    std::uint64_t digits = 0;
    std::int64_t scale = 0;
    std::size_t zeros = 0;
    bool any = false, fraction = false, overflow = false;
    auto const take = [&](std::uint64_t digit) {
        if (digits > (limit - digit) / 10)
            overflow = true;
        else
            digits = digits * 10 + digit;
    };
    for (; at != end; ++at) {
        if (*at == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (*at < '0' || *at > '9') break;
        any = true;
        if (fraction) --scale;
        if (*at == '0') {
            ++zeros;
            continue;
        }
        for (; zeros > 0 && digits != 0 && !overflow; --zeros) take(0);
        zeros = 0;
        take(static_cast<std::uint64_t>(*at - '0'));
    }
    scale += static_cast<std::int64_t>(zeros);
    if (!any) return not_a_number;
    if (at != end) {
        if (*at != 'e' && *at != 'E') return not_a_number;
        ++at;
        bool exponent_negative = false;
        if (at != end && (*at == '-' || *at == '+')) exponent_negative = *at++ == '-';
        if (at == end) return not_a_number;
        constexpr std::int64_t exponent_max = 1'000'000'000'000;  // more than any text has digits
        std::int64_t exponent = 0;
        for (; at != end; ++at) {
            if (*at < '0' || *at > '9') return not_a_number;
            exponent = std::min(exponent * 10 + (*at - '0'), exponent_max);
        }
        scale += exponent_negative ? -exponent : exponent;
    }
    if (digits == 0) return {0, DecimalError::none};
    if (scale < -6) return {ARB_ABSENT, DecimalError::too_precise};
    for (; scale > -6 && !overflow; --scale) take(0);
    if (overflow) return {ARB_ABSENT, DecimalError::out_of_range};
    auto const value = static_cast<std::int64_t>(digits);
    return {negative ? -value : value, DecimalError::none};
}

}  // namespace detail

// Reads "-12.5", ".48", "1", "0.4200", "+3", "1e-2". Digits after the sixth decimal must be zeros, else
// too_precise. The whole text must be the number: no blanks. The result lies within
// ±9,223,372,036,854.775807.
inline Decimal parse_decimal(std::string_view text) {
    // Nearly every price and size is short and plain: then no step can overflow.
    constexpr std::size_t short_max = 12;
    constexpr std::int64_t to_millionths[] = {1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
    if (text.empty() || text.size() > short_max) return detail::parse_long_decimal(text);
    auto const* at = text.data();
    auto const* const end = at + text.size();
    std::int64_t value = 0;
    auto const digits = [&] {
        for (; at != end; ++at) {
            auto const digit = static_cast<unsigned>(*at - '0');
            if (digit > 9) break;
            value = value * 10 + digit;
        }
    };
    digits();
    std::ptrdiff_t decimals = 0;
    if (at != end) {
        if (*at != '.' || text.size() == 1) return detail::parse_long_decimal(text);
        auto const* const fraction = ++at;
        digits();
        decimals = at - fraction;
        if (at != end || decimals > 6) return detail::parse_long_decimal(text);
    }
    return {value * to_millionths[decimals], DecimalError::none};
}

inline char const* describe(DecimalError error) {
    switch (error) {
        case DecimalError::none:
            return "is a number";
        case DecimalError::not_a_number:
            return "is not a decimal number";
        case DecimalError::too_precise:
            return "has more than six decimals";
        case DecimalError::out_of_range:
            return "is too large";
    }
    return "";
}

// The shortest decimal text: 420000 is "0.42", 1000000 is "1". `value` is not ARB_ABSENT.
inline std::string format_decimal(std::int64_t value) {
    auto const magnitude =
        value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    std::string out = (value < 0 ? "-" : "") + std::to_string(magnitude / ARB_UNIT);
    if (auto fraction = magnitude % ARB_UNIT; fraction != 0) {
        char digits[8] = ".000000";
        for (int i = 6; i != 0; --i, fraction /= 10) digits[i] = static_cast<char>('0' + fraction % 10);
        std::string_view tail{digits, 7};
        out += tail.substr(0, tail.find_last_not_of('0') + 1);
    }
    return out;
}

// 1 - price: what the other outcome costs. Absent stays absent, and so does what would not fit.
inline std::int64_t complement(std::int64_t price) {
    return price < ARB_UNIT - INT64_MAX ? ARB_ABSENT : ARB_UNIT - price;
}

}  // namespace arb
