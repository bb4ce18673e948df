#include "selection.hpp"

#include <algorithm>

#include "arbitrage/time.hpp"
#include "decode.hpp"

namespace arb::kalshi {

namespace {

bool names(std::vector<std::string> const& list, std::string_view text) {
    return std::any_of(list.begin(), list.end(), [&](auto const& item) { return same_letters(item, text); });
}

}  // namespace

bool same_letters(std::string_view a, std::string_view b) {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

bool Select::names_combos() const {
    for (auto const* const list : {&series, &events, &markets})
        if (std::any_of(list->begin(), list->end(), [](auto const& name) { return is_combo(name); }))
            return true;
    return false;
}

std::array<Verdict, rules_count> judge(Select const& select, Shard const& shard, Candidate const& candidate,
                                       arb_time now) {
    bool const named = names(select.series, candidate.series) || names(select.events, candidate.event) ||
                       names(select.markets, candidate.market);
    bool const soon = select.closes_within && candidate.closes_at != 0 &&
                      candidate.closes_at - now <= select.closes_within->count() * millisecond_ns;
    // An absent volume is the smallest number there is.
    return {{{"series, events or markets", select.names_any(), named},
             {"combos", true, named || !is_combo(candidate.market)},
             {"categories", !select.categories.empty(), names(select.categories, candidate.category)},
             {"volume_24h_min", select.volume_24h_min != ARB_ABSENT,
              candidate.volume_24h >= select.volume_24h_min},
             {"closes_within", select.closes_within.has_value(), soon},
             {"shard", !shard.whole(), shard.takes(candidate.market)}}};
}

std::string_view left_out_by(Select const& select, Shard const& shard, Candidate const& candidate,
                             arb_time now) {
    for (auto const& verdict : judge(select, shard, candidate, now))
        if (verdict.in_force && !verdict.takes) return verdict.rule;
    return {};
}

}  // namespace arb::kalshi
