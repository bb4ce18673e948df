// Which markets are collected: the option `select`.
//
// Every rule narrows. `categories`, `volume_24h_min` and `closes_within` must all hold; `series`, `events`
// and `markets` together name what is wanted, so that a market counts if any of them names it. No rule at
// all: every market but combos, which only a name lets in. Thread safety: const after construction.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/abi/base.h"

namespace arb::kalshi {

struct Select {
    std::vector<std::string> categories;  // lower case
    std::vector<std::string> series;      // tickers, upper case, as all below
    std::vector<std::string> events;
    std::vector<std::string> markets;
    std::int64_t volume_24h_min = ARB_ABSENT;  // millionths of a contract
    std::optional<std::chrono::milliseconds> closes_within;

    bool names_any() const { return !series.empty() || !events.empty() || !markets.empty(); }
    bool all() const {
        return !names_any() && categories.empty() && volume_24h_min == ARB_ABSENT && !closes_within;
    }
};

// What is known of a market when it is chosen. Views live until the call returns.
struct Candidate {
    std::string_view category, series, event, market;
    std::int64_t volume_24h = ARB_ABSENT;
    arb_time closes_at = 0;
};

// The rule that leaves the candidate out, by the option's name or "combos"; empty if it is selected. What is
// not known fails the rule that asks for it.
std::string_view left_out_by(Select const& select, Candidate const& candidate, arb_time now);

}  // namespace arb::kalshi
