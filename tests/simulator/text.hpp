// JSON texts and numbers as the venues write them, and the seeded randomness behind them. Bytes that are not
// UTF-8 pass unchanged: what a venue might send is the point.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"

namespace arb::simulator {

// A JSON string with its quotes.
inline std::string json_text(std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out = "\"";
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20) {
            out += "\\u00";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            out += c;
        }
    }
    return out += '"';
}

// How many bytes the UTF-8 character at `at` has; 0: there is none.
inline std::size_t utf8_size(std::string_view text, std::size_t at) {
    auto const byte = [&](std::size_t n) { return static_cast<unsigned char>(text[at + n]); };
    auto const first = byte(0);
    if (first < 0x80) return 1;
    std::size_t const size = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
    if (size == 0 || at + size > text.size()) return 0;
    for (std::size_t n = 1; n != size; ++n)
        if ((byte(n) & 0xC0) != 0x80) return 0;
    // Longer than need be, a surrogate, or beyond the last character.
    bool const wrong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
                       (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
    return wrong ? 0 : size;
}

// A WebSocket text frame must be UTF-8 (RFC 6455, 8.1), so a server replaces what is not; bodies of REST
// answers keep the bytes.
inline std::string as_utf8(std::string text) {
    auto const ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    if (std::all_of(text.begin(), text.end(), ascii)) return text;  // nearly always
    std::size_t at = 0;
    while (at != text.size()) {
        auto const size = utf8_size(text, at);
        if (size == 0) break;
        at += size;
    }
    if (at == text.size()) return text;
    std::string out{text.substr(0, at)};
    while (at != text.size()) {
        auto const size = utf8_size(text, at);
        if (size == 0) out += "\xEF\xBF\xBD";
        out.append(text, at, size);
        at += size == 0 ? 1 : size;
    }
    return out;
}

inline char const* boolean(bool value) { return value ? "true" : "false"; }

// Exactly `decimals` digits after the point; `value` in millionths must need no more.
inline std::string fixed(std::int64_t value, int decimals) {
    std::string const sign = value < 0 ? "-" : "";
    auto const magnitude = value < 0 ? -value : value;
    std::string fraction = std::to_string(1'000'000 + magnitude % 1'000'000).substr(1);
    return sign + std::to_string(magnitude / 1'000'000) + '.' +
           fraction.substr(0, static_cast<std::size_t>(decimals));
}

// A decimal as text in quotes, or null.
inline std::string decimal_or_null(std::int64_t value) {
    return value == ARB_ABSENT ? "null" : '"' + format_decimal(value) + '"';
}

// RFC 3339 in UTC, trailing zeros of the fraction trimmed as Kalshi's servers do.
inline std::string rfc3339(std::int64_t ms) {
    auto text = format_time(ms * millisecond_ns).substr(0, 26);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text + 'Z';
}

inline std::int64_t now_ms() { return now() / millisecond_ns; }

inline std::string joined(std::vector<std::string> const& parts, std::string_view separator = ",") {
    std::string out;
    for (auto const& part : parts) {
        if (!out.empty()) out += separator;
        out += part;
    }
    return out;
}

inline std::vector<std::string> split_at_commas(std::string const& list) {
    std::vector<std::string> out;
    for (std::size_t at = 0, end; at < list.size(); at = end + 1) {
        end = std::min(list.find(',', at), list.size());
        out.push_back(list.substr(at, end - at));
    }
    return out;
}

class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_{seed} {}
    // 0 ... bound-1; the small bias of the remainder does not matter here, sameness on every platform does.
    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
    }
    bool chance(unsigned percent) { return below(100) < percent; }
    std::string hex(std::size_t digits) {
        std::string out;
        while (out.size() < digits) out += "0123456789abcdef"[below(16)];
        return out;
    }
    std::string digits(std::size_t count) {
        std::string out(1, static_cast<char>('1' + below(9)));
        while (out.size() < count) out += static_cast<char>('0' + below(10));
        return out;
    }
    std::string uuid() { return hex(8) + '-' + hex(4) + '-' + hex(4) + '-' + hex(4) + '-' + hex(12); }

  private:
    std::mt19937_64 engine_;
};

}  // namespace arb::simulator
