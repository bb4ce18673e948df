#include "polymarket/selection.hpp"

#include <algorithm>

namespace arb::polymarket {

namespace {

bool contains(std::vector<std::string> const& list, std::string_view text) {
    return !text.empty() && std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

std::string lower_case(std::string_view text) {
    std::string out{text};
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string_view left_out_by_name(Select const& select, Candidate const& candidate) {
    bool const by_name = !select.events.empty() || !select.markets.empty();
    if (by_name && !contains(select.events, candidate.event_id) &&
        !contains(select.events, candidate.event_slug) && !contains(select.markets, candidate.market_id) &&
        !contains(select.markets, candidate.market_slug))
        return select.events.empty() ? "markets" : "events";
    if (select.tags.empty()) return {};
    auto const* const tags = candidate.tags;
    bool const tagged =
        tags != nullptr && std::any_of(tags->begin(), tags->end(),
                                       [&](std::string const& tag) { return contains(select.tags, tag); });
    return tagged ? "" : "tags";
}

std::string_view left_out_by(Select const& select, Candidate const& candidate, arb_time now) {
    if (auto const rule = left_out_by_name(select, candidate); !rule.empty()) return rule;
    if (select.volume_24h_min != ARB_ABSENT && candidate.volume_24h < select.volume_24h_min)
        return "volume_24h_min";
    if (select.closes_within) {
        auto const latest = now + std::chrono::nanoseconds{*select.closes_within}.count();
        if (candidate.closes_at == 0 || candidate.closes_at > latest) return "closes_within";
    }
    return {};
}

}  // namespace arb::polymarket
