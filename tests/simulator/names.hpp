// What the world's events and markets are called: ordinary questions, and texts that break careless
// collectors.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace arb::simulator {

using namespace std::string_view_literals;

struct Topic {
    std::string_view series, slug, category, title, subtitle,
        question;  // {} in `question` is the market's number
};

inline constexpr std::array topics = std::to_array<Topic>({
    {"KXRATECUT", "rate-cut", "Economics", "Central bank rate decision in {}", "In {}",
     "Will the target rate be at least {} percent?"},
    {"KXHIGHTEMP", "high-temperature", "Climate and Weather", "Highest temperature in the capital on {}",
     "On {}", "Will it be {} degrees or more?"},
    {"KXCOINPRICE", "coin-price", "Crypto", "Price of the large coin at noon on {}", "On {}",
     "Will it be above {} thousand dollars?"},
    {"KXCUPGAME", "cup-game", "Sports", "Harbour Town against Mill City, {}", "Cup, {}",
     "Will the winner lead by {} points or more?"},
    {"KXSEATS", "seats", "Politics", "Seats of the river party after {}", "After {}",
     "Will it hold {} seats or more?"},
    {"KXINFLATION", "inflation", "Economics", "Inflation reported in {}", "In {}",
     "Will prices rise by {} tenths of a percent or more?"},
    {"KXLAUNCH", "launch", "Science and Technology", "Rockets launched before {}", "Before {}",
     "Will there be {} launches or more?"},
    {"KXFILM", "film-award", "Entertainment", "Best film of {}", "Of {}", "Will film number {} win?"},
});

inline constexpr std::array months = {"December"sv, "January"sv, "February"sv, "March"sv,  "April"sv,
                                      "May"sv,      "June"sv,    "July"sv,     "August"sv, "September"sv};

// Appended to titles. Each was the end of somebody's pipeline.
inline constexpr std::array hostile_texts = std::to_array<std::string_view>({
    "O'Brien says \"yes\" \\ no \\\\ 100% {braces} $1 %s %n"sv,
    "line one\nline two\r\n\ttabbed"sv,
    "'); DROP TABLE markets; --"sv,
    "\xF0\x9F\x8E\xB2\xF0\x9F\x93\x88 \xF0\x9D\x94\x98\xF0\x9D\x94\xAB\xF0\x9D\x94\xA6 e\xCC\x81 \xE2\x80\x93"sv,
    "\xE2\x80\xAE\xD9\x85\xD8\xB1\xD8\xAD\xD8\xA8\xD8\xA7\xE2\x80\xAC \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"sv,
    "before\0after"sv,
    "broken \xFF\xFE\xC3( bytes"sv,
    "<script>alert(1)</script> &amp; \x1b[31mred\x1b[0m \x07"sv,
    "\\N\t\\.\t{\"json\": [1, null]}"sv,
});

inline std::string filled(std::string_view pattern, std::string_view value) {
    auto const at = pattern.find("{}");
    if (at == std::string_view::npos) return std::string{pattern};
    return std::string{pattern.substr(0, at)}.append(value).append(pattern.substr(at + 2));
}

}  // namespace arb::simulator
