#include "selection.hpp"

#include <algorithm>

#include "arbitrage/time.hpp"
#include "decode.hpp"

namespace arb::kalshi {

namespace {

bool same_letters(std::string_view a, std::string_view b) {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

bool names(std::vector<std::string> const& list, std::string_view text) {
    return std::any_of(list.begin(), list.end(), [&](auto const& item) { return same_letters(item, text); });
}

}  // namespace

std::string_view left_out_by(Select const& select, Candidate const& candidate, arb_time now) {
    bool const named = names(select.series, candidate.series) || names(select.events, candidate.event) ||
                       names(select.markets, candidate.market);
    if (select.names_any() && !named) return "series, events or markets";
    if (!named && is_combo(candidate.market)) return "combos";
    if (!select.categories.empty() && !names(select.categories, candidate.category)) return "categories";
    // An absent volume is the smallest number there is.
    if (select.volume_24h_min != ARB_ABSENT && candidate.volume_24h < select.volume_24h_min)
        return "volume_24h_min";
    if (select.closes_within && (candidate.closes_at == 0 ||
                                 candidate.closes_at - now > select.closes_within->count() * millisecond_ns))
        return "closes_within";
    return {};
}

}  // namespace arb::kalshi
