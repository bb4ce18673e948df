#include "awaited.hpp"

#include <algorithm>

namespace arb::kalshi {

namespace {

// While other books come, one that does not is given so many times as long.
constexpr int while_others_come = 3;
// Others come, if one did within this part of the patience.
constexpr int moved_part = 5;

}  // namespace

void Awaited::asked(std::string const& market, arb_time now) {
    if (awaited_.empty()) moved_ = now;
    overdue_.erase(market);
    auto const [entry, fresh] = awaited_.try_emplace(market);
    if (fresh || entry->second.since != 0) ++unanswered_;
    entry->second = {};
}

void Awaited::answered(arb_time now) {
    moved_ = now;
    if (unanswered_ == 0) return;
    unanswered_ = 0;
    for (auto& [market, state] : awaited_)
        if (state.since == 0) state.since = now;
}

void Awaited::spoiled(std::string market, arb_time now) {
    if (awaited_.empty()) moved_ = now;
    overdue_.erase(market);
    auto const [entry, fresh] = awaited_.try_emplace(std::move(market), State{now, true});
    if (!fresh && entry->second.since != 0) entry->second = {now, true};
}

void Awaited::forget(std::map<std::string, State, std::less<>>::iterator at) {
    if (at->second.since == 0) --unanswered_;
    awaited_.erase(at);
}

bool Awaited::came(std::string_view market, arb_time now) {
    bool const by_name = requested_.contains(market);
    moved_ = now;
    pause_ = again_ns;
    left(market);
    return by_name && requested_.empty();
}

void Awaited::left(std::string_view market) {
    if (auto const at = awaited_.find(market); at != awaited_.end()) forget(at);
    for (auto* const set : {&overdue_, &requested_})
        if (auto const at = set->find(market); at != set->end()) set->erase(at);
}

void Awaited::clear() {
    awaited_.clear();
    overdue_.clear();
    requested_.clear();
    unanswered_ = 0;
}

std::vector<std::string> Awaited::to_request(std::size_t count_max, arb_time now) {
    std::vector<std::string> out;
    auto const waited = now - std::max(requested_at_, moved_);
    if (!requested_.empty() && waited < pause_) return out;
    for (auto& [market, state] : awaited_) {
        if (out.size() == count_max) break;
        if (state.since == 0) continue;
        if (!state.by_name && now - std::max(state.since, moved_) < again_ns) continue;
        state.by_name = true;
        out.push_back(market);
    }
    if (out.empty() && now - requested_at_ >= again_max_ns)
        for (auto at = overdue_.begin(); at != overdue_.end() && out.size() != count_max; ++at)
            out.push_back(*at);
    if (out.empty()) return out;
    if (!requested_.empty()) pause_ = std::min(2 * pause_, again_max_ns);
    requested_ = {out.begin(), out.end()};
    requested_at_ = now;
    return out;
}

std::vector<Awaited::Late> Awaited::take_late(arb_time patience, arb_time now) {
    std::vector<Late> out;
    bool const others_come = now - moved_ <= patience / moved_part;
    auto const waits_max = others_come ? while_others_come * patience : patience;
    for (auto at = awaited_.begin(); at != awaited_.end();) {
        auto const here = at++;
        if (here->second.since == 0 || now - here->second.since <= waits_max) continue;
        out.push_back({here->first, here->second.since});
        overdue_.insert(here->first);
        forget(here);
    }
    return out;
}

}  // namespace arb::kalshi
