// Which markets are collected: the option `select`.
//
// Every rule narrows. `tags`, `volume_24h_min` and `closes_within` must all hold; `events` and `markets`
// together name what is wanted, so that a market counts if either names it. No rule at all: every market.
// Thread safety: const after construction.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/abi/base.h"

namespace arb::polymarket {

struct Select {
    std::vector<std::string> tags;             // slugs or labels, lower case
    std::vector<std::string> events;           // ids or slugs, lower case
    std::vector<std::string> markets;          // condition ids or slugs, lower case
    std::int64_t volume_24h_min = ARB_ABSENT;  // millionths of a dollar
    std::optional<std::chrono::milliseconds> closes_within;

    bool all() const {
        return tags.empty() && events.empty() && markets.empty() && volume_24h_min == ARB_ABSENT &&
               !closes_within;
    }
};

// What is known of a market when it is chosen. Views live until the call returns.
struct Candidate {
    std::vector<std::string> const* tags = nullptr;  // lower case
    std::string_view event_id, event_slug, market_id, market_slug;
    std::int64_t volume_24h = ARB_ABSENT;
    arb_time closes_at = 0;
};

// ASCII letters only, as the venue's ids and slugs have.
std::string lower_case(std::string_view text);

// The rule that leaves the candidate out, by the option's name; empty if it is selected. What is not known
// fails the rule that asks for it.
std::string_view left_out_by(Select const& select, Candidate const& candidate, arb_time now);

// The same without volume and closing time, which a market announced a second ago does not have yet.
std::string_view left_out_by_name(Select const& select, Candidate const& candidate);

}  // namespace arb::polymarket
