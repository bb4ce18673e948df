// Decimal text to millionths and back, exactly and without floating point.
#pragma once

#include <cstdint>
#include <optional>
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

// Reads "-12.5", ".48", "1", "0.4200", "+3", "1e-2". Digits after the sixth decimal must be zeros, else too_precise.
// The whole text must be the number: no blanks. The result lies within ±9,223,372,036,854.775807.
inline Decimal parse_decimal(std::string_view text) {
    constexpr std::uint64_t limit = static_cast<std::uint64_t>(INT64_MAX);
    auto at = text.begin();
    auto const end = text.end();
    bool negative = false;
    if (at != end && (*at == '-' || *at == '+')) negative = *at++ == '-';

    // Digits are collected without trailing zeros of the fraction; `scale` is the power of ten they stand at.
    std::uint64_t digits = 0;
    int scale = 0, pending_zeros = 0;
    bool any = false, fraction = false, overflow = false;
    auto const take = [&](std::uint64_t digit) {
        if (digits > (limit - digit) / 10) overflow = true;
        else digits = digits * 10 + digit;
    };
    for (; at != end; ++at) {
        if (*at == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (*at < '0' || *at > '9') break;
        any = true;
        auto const digit = static_cast<std::uint64_t>(*at - '0');
        if (!fraction) {
            take(digit);
        } else if (digit == 0) {
            ++pending_zeros;
        } else {
            for (; pending_zeros > 0; --pending_zeros, --scale) take(0);
            take(digit);
            --scale;
        }
    }
    if (!any) return {ARB_ABSENT, DecimalError::not_a_number};
    if (at != end) {
        if (*at != 'e' && *at != 'E') return {ARB_ABSENT, DecimalError::not_a_number};
        ++at;
        bool exponent_negative = false;
        if (at != end && (*at == '-' || *at == '+')) exponent_negative = *at++ == '-';
        if (at == end) return {ARB_ABSENT, DecimalError::not_a_number};
        int exponent = 0;
        for (; at != end; ++at) {
            if (*at < '0' || *at > '9') return {ARB_ABSENT, DecimalError::not_a_number};
            if (exponent < 10000) exponent = exponent * 10 + (*at - '0');
        }
        scale += exponent_negative ? -exponent : exponent;
    }
    if (overflow) return {ARB_ABSENT, DecimalError::out_of_range};
    if (digits == 0) return {0, DecimalError::none};
    for (; scale > -6; --scale) {
        if (digits > limit / 10) return {ARB_ABSENT, DecimalError::out_of_range};
        digits *= 10;
    }
    for (; scale < -6; ++scale) {
        if (digits % 10 != 0) return {ARB_ABSENT, DecimalError::too_precise};
        digits /= 10;
    }
    auto const value = static_cast<std::int64_t>(digits);
    return {negative ? -value : value, DecimalError::none};
}

inline char const* describe(DecimalError error) {
    switch (error) {
        case DecimalError::none: return "is a number";
        case DecimalError::not_a_number: return "is not a decimal number";
        case DecimalError::too_precise: return "has more than six decimals";
        case DecimalError::out_of_range: return "is too large";
    }
    return "";
}

// The shortest decimal text: 420000 is "0.42", 1000000 is "1". `value` is not ARB_ABSENT.
inline std::string format_decimal(std::int64_t value) {
    auto const magnitude = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    std::string out = (value < 0 ? "-" : "") + std::to_string(magnitude / ARB_UNIT);
    if (auto fraction = magnitude % ARB_UNIT; fraction != 0) {
        char digits[8] = ".000000";
        for (int i = 6; i != 0; --i, fraction /= 10) digits[i] = static_cast<char>('0' + fraction % 10);
        std::string_view tail{digits, 7};
        out += tail.substr(0, tail.find_last_not_of('0') + 1);
    }
    return out;
}

// 1 - price: what the other outcome costs. Absent stays absent.
inline std::int64_t complement(std::int64_t price) { return price == ARB_ABSENT ? ARB_ABSENT : ARB_UNIT - price; }

}  // namespace arb
