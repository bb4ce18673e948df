// Which markets are collected: the options `select` and `shard`.
//
// Every rule narrows. `categories`, `tags`, `volume_24h_min`, `closes_within` and the shard must all hold;
// `series`, `events` and `markets` together name what is wanted, so that a market counts if any of them names
// it. No rule at all: every market. Thread safety: const after construction.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/abi/base.h"
#include "venue/shard.hpp"

namespace arb::polymarket {

struct Select {
    std::vector<std::string> categories;       // lower case, as all below
    std::vector<std::string> tags;             // slugs or labels
    std::vector<std::string> series;           // slugs
    std::vector<std::string> events;           // ids or slugs
    std::vector<std::string> markets;          // condition ids or slugs
    std::int64_t volume_24h_min = ARB_ABSENT;  // millionths of a dollar
    std::optional<std::chrono::milliseconds> closes_within;
    arb::Shard shard;

    bool names_any() const { return !series.empty() || !events.empty() || !markets.empty(); }
    bool all() const {
        return !names_any() && categories.empty() && tags.empty() && volume_24h_min == ARB_ABSENT &&
               !closes_within && shard.whole();
    }
};

// What is known of a market when it is chosen. Views live until the call returns.
struct Candidate {
    std::vector<std::string> const* tags = nullptr;  // lower case
    std::string_view category, series;               // lower case
    std::string_view event_id, event_slug, market_id, market_slug;
    std::int64_t volume_24h = ARB_ABSENT;
    arb_time closes_at = 0;
};

// ASCII letters only, as the venue's ids and slugs have.
std::string lower_case(std::string_view text);

// The rules that are set, by the option's name; those that name what is wanted are one, by the first of them.
std::vector<std::string_view> rules_of(Select const& select);

// Whether one rule alone lets the candidate in. What is not known fails the rule that asks for it.
bool lets_in(Select const& select, std::string_view rule, Candidate const& candidate, arb_time now);

// The first rule that leaves the candidate out; empty if it is selected.
std::string_view left_out_by(Select const& select, Candidate const& candidate, arb_time now);

// The same without volume and closing time.
std::string_view left_out_by_name(Select const& select, Candidate const& candidate);

// Whether a market announced a second ago is worth asking for, although nothing is known yet of its category,
// series, volume and closing time.
bool may_be_selected(Select const& select, Candidate const& candidate);

}  // namespace arb::polymarket
