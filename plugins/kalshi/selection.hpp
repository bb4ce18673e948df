// Which markets are collected: the options `select` and `shard`.
//
// Every rule narrows. `categories`, `volume_24h_min` and `closes_within` must all hold; `series`, `events`
// and `markets` together name what is wanted, so that a market counts if any of them names it; the shard
// takes its part of what is left. No rule at all: every market but combos, which only a name lets in.
// Thread safety: const after construction.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/abi/base.h"
#include "venue/shard.hpp"

namespace arb::kalshi {

// ASCII letters of either case are the same.
bool same_letters(std::string_view a, std::string_view b);

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
    // A combo is named, or its series or event.
    bool names_combos() const;
};

// What is known of a market when it is chosen. Views live until the call returns.
struct Candidate {
    std::string_view category, series, event, market;
    std::int64_t volume_24h = ARB_ABSENT;
    arb_time closes_at = 0;
};

// What each rule says of a candidate, in the order in which they are asked.
struct Verdict {
    std::string_view rule;  // the option's name, or "combos"
    bool in_force;
    bool takes;
};
inline constexpr std::size_t rules_count = 6;
// What is not known fails the rule that asks for it.
std::array<Verdict, rules_count> judge(Select const& select, Shard const& shard, Candidate const& candidate,
                                       arb_time now);

// The first rule that leaves the candidate out; empty if it is selected.
std::string_view left_out_by(Select const& select, Shard const& shard, Candidate const& candidate,
                             arb_time now);
inline std::string_view left_out_by(Select const& select, Candidate const& candidate, arb_time now) {
    return left_out_by(select, Shard{}, candidate, now);
}

}  // namespace arb::kalshi
