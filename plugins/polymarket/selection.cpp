#include "polymarket/selection.hpp"

#include <algorithm>

namespace arb::polymarket {

namespace {

bool contains(std::vector<std::string> const& list, std::string_view text) {
    return !text.empty() && std::find(list.begin(), list.end(), text) != list.end();
}

bool named(Select const& select, Candidate const& candidate) {
    return contains(select.series, candidate.series) || contains(select.events, candidate.event_id) ||
           contains(select.events, candidate.event_slug) || contains(select.markets, candidate.market_id) ||
           contains(select.markets, candidate.market_slug);
}

bool tagged(Select const& select, Candidate const& candidate) {
    auto const* const tags = candidate.tags;
    return tags != nullptr && std::any_of(tags->begin(), tags->end(),
                                          [&](std::string const& tag) { return contains(select.tags, tag); });
}

bool closes_soon(Select const& select, Candidate const& candidate, arb_time now) {
    auto const latest = now + std::chrono::nanoseconds{*select.closes_within}.count();
    return candidate.closes_at != 0 && candidate.closes_at <= latest;
}

// What names markets is one rule, called by the first option that is given.
std::string_view name_rule(Select const& select) {
    return !select.series.empty() ? "series" : !select.events.empty() ? "events" : "markets";
}
bool names(std::string_view rule) { return rule == "series" || rule == "events" || rule == "markets"; }

bool is_moving(std::string_view rule) { return rule == "volume_24h_min" || rule == "closes_within"; }

}  // namespace

std::string lower_case(std::string_view text) {
    std::string out{text};
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::vector<std::string_view> rules_of(Select const& select) {
    std::vector<std::string_view> out;
    if (!select.shard.whole()) out.push_back("shard");
    if (select.names_any()) out.push_back(name_rule(select));
    if (!select.categories.empty()) out.push_back("categories");
    if (!select.tags.empty()) out.push_back("tags");
    if (select.volume_24h_min != ARB_ABSENT) out.push_back("volume_24h_min");
    if (select.closes_within) out.push_back("closes_within");
    return out;
}

bool lets_in(Select const& select, std::string_view rule, Candidate const& candidate, arb_time now) {
    if (rule == "shard") return select.shard.takes(candidate.market_id);
    if (names(rule)) return named(select, candidate);
    if (rule == "categories") return contains(select.categories, candidate.category);
    if (rule == "tags") return tagged(select, candidate);
    if (rule == "volume_24h_min") return candidate.volume_24h >= select.volume_24h_min;
    return !select.closes_within || closes_soon(select, candidate, now);
}

std::string_view left_out_by(Select const& select, Candidate const& candidate, arb_time now) {
    if (select.all()) return {};
    for (auto const rule : rules_of(select))
        if (!lets_in(select, rule, candidate, now)) return rule;
    return {};
}

std::string_view left_out_by_name(Select const& select, Candidate const& candidate) {
    if (select.all()) return {};
    for (auto const rule : rules_of(select))
        if (!is_moving(rule) && !lets_in(select, rule, candidate, 0)) return rule;
    return {};
}

bool may_be_selected(Select const& select, Candidate const& candidate) {
    for (auto const rule : rules_of(select)) {
        if (is_moving(rule) || rule == "categories") continue;
        if (names(rule) && !select.series.empty()) continue;
        if (!lets_in(select, rule, candidate, 0)) return false;
    }
    return true;
}

}  // namespace arb::polymarket
