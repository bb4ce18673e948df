// Times as nanoseconds since the Unix epoch, UTC, and their texts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "arbitrage/abi/base.h"

namespace arb {

inline constexpr arb_time second_ns = 1'000'000'000;
inline constexpr arb_time millisecond_ns = 1'000'000;

inline arb_time now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// Reads "2026-10-08T18:05:03.49Z", "2026-07-24 00:00:16+00", "2026-07-24T02:00:16.5+02:00" and the date alone
// "2026-07-24"; up to nine fraction digits, more are cut. Years 1970 to 2261; nothing outside, nothing
// malformed.
inline std::optional<arb_time> parse_time(std::string_view text) {
    std::size_t at = 0;
    auto const number = [&](std::size_t digits) -> int {
        if (at + digits > text.size()) return -1;
        int value = 0;
        for (std::size_t i = 0; i != digits; ++i, ++at) {
            if (text[at] < '0' || text[at] > '9') return -1;
            value = value * 10 + (text[at] - '0');
        }
        return value;
    };
    auto const sign = [&](char c) { return at < text.size() && text[at] == c ? (++at, true) : false; };

    int const year = number(4);
    if (year < 1970 || year > 2261 || !sign('-')) return {};
    int const month = number(2);
    if (month < 1 || !sign('-')) return {};
    int const day = number(2);
    if (day < 1) return {};
    std::chrono::year_month_day const date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return {};
    arb_time seconds = std::chrono::sys_days{date}.time_since_epoch().count() * arb_time{86400};
    if (at == text.size()) return seconds * second_ns;
    if (!sign('T') && !sign('t') && !sign(' ')) return {};
    int const hour = number(2);
    if (hour < 0 || hour > 23 || !sign(':')) return {};
    int const minute = number(2);
    if (minute < 0 || minute > 59) return {};
    int second = 0;
    if (sign(':')) {
        second = number(2);
        if (second < 0 || second > 60) return {};
    }
    seconds += hour * 3600 + minute * 60 + second;
    arb_time fraction = 0;
    if (sign('.')) {
        auto const begin = at;
        arb_time unit = second_ns / 10;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
            fraction += unit * (text[at] - '0');
        if (at == begin) return {};
    }
    if (sign('Z') || sign('z'))
        return at == text.size() ? std::optional{seconds * second_ns + fraction} : std::nullopt;
    int const direction = sign('+') ? -1 : sign('-') ? 1 : 0;
    if (direction == 0) return {};
    int const offset_hour = number(2);
    if (offset_hour < 0 || offset_hour > 15) return {};
    int offset_minute = 0;
    if (at != text.size()) {
        sign(':');
        offset_minute = number(2);
        if (offset_minute < 0 || offset_minute > 59) return {};
    }
    if (at != text.size()) return {};
    seconds += direction * (offset_hour * 3600 + offset_minute * 60);
    if (seconds < 0) return {};
    return seconds * second_ns + fraction;
}

// "2026-10-08T18:05:03.490000Z": ISO 8601, UTC, microseconds (cut, not rounded).
inline std::string format_time(arb_time time) {
    using namespace std::chrono;
    sys_time<nanoseconds> const point{nanoseconds{time}};
    auto const day_point = floor<days>(point);
    year_month_day const date{day_point};
    auto const micros = duration_cast<microseconds>(point - day_point).count();
    char out[32];
    auto const put = [&](int where, int digits, std::int64_t value) {
        for (int i = digits; i-- != 0; value /= 10) out[where + i] = static_cast<char>('0' + value % 10);
    };
    put(0, 4, static_cast<int>(date.year()));
    put(5, 2, static_cast<unsigned>(date.month()));
    put(8, 2, static_cast<unsigned>(date.day()));
    put(11, 2, micros / 3'600'000'000);
    put(14, 2, micros / 60'000'000 % 60);
    put(17, 2, micros / 1'000'000 % 60);
    put(20, 6, micros % 1'000'000);
    out[4] = out[7] = '-';
    out[10] = 'T';
    out[13] = out[16] = ':';
    out[19] = '.';
    out[26] = 'Z';
    return {out, 27};
}

}  // namespace arb
