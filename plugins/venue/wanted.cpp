#include "venue/wanted.hpp"

#include <unordered_set>

namespace arb {

void Wanted::want(std::string_view id) {
    auto at = states_.find(id);
    if (at == states_.end()) at = states_.emplace(std::string{id}, State{}).first;
    auto& state = at->second;
    if (state.wanted) return;
    state.wanted = true;
    ++wanted_count_;
    if (state.asked)
        to_remove_.erase(at->first);
    else
        to_add_.insert(at->first);
}

void Wanted::unwant(std::string_view id) {
    auto const at = states_.find(id);
    if (at != states_.end()) unwant(at);
}

void Wanted::unwant(States::iterator at) {
    if (!at->second.wanted) return;
    at->second.wanted = false;
    --wanted_count_;
    if (at->second.asked) {
        to_remove_.insert(at->first);
        return;
    }
    to_add_.erase(at->first);
    states_.erase(at);
}

void Wanted::replace(std::vector<std::string> const& ids) {
    std::unordered_set<std::string_view> const keep{ids.begin(), ids.end()};
    for (auto at = states_.begin(); at != states_.end();) {
        auto const here = at++;
        if (!keep.contains(here->first)) unwant(here);
    }
    for (auto const& id : ids) want(id);
}

std::vector<std::string> Wanted::additions(std::size_t count_max) {
    std::vector<std::string> out;
    while (out.size() < count_max && !to_add_.empty()) {
        out.push_back(std::move(to_add_.extract(to_add_.begin()).value()));
        states_.find(out.back())->second.asked = true;
    }
    return out;
}

std::vector<std::string> Wanted::removals(std::size_t count_max) {
    std::vector<std::string> out;
    while (out.size() < count_max && !to_remove_.empty()) {
        out.push_back(std::move(to_remove_.extract(to_remove_.begin()).value()));
        states_.erase(states_.find(out.back()));
    }
    return out;
}

void Wanted::disconnected() {
    to_remove_.clear();
    for (auto at = states_.begin(); at != states_.end();) {
        at->second.asked = false;
        if (at->second.wanted) {
            to_add_.insert(at->first);
            ++at;
        } else {
            at = states_.erase(at);
        }
    }
}

void Wanted::refused(std::string_view id) {
    auto const at = states_.find(id);
    if (at == states_.end() || !at->second.asked) return;
    at->second.asked = false;
    if (at->second.wanted) {
        to_add_.insert(at->first);
    } else {
        to_remove_.erase(at->first);
        states_.erase(at);
    }
}

bool Wanted::wants(std::string_view id) const {
    auto const at = states_.find(id);
    return at != states_.end() && at->second.wanted;
}

bool Wanted::asked(std::string_view id) const {
    auto const at = states_.find(id);
    return at != states_.end() && at->second.asked;
}

}  // namespace arb
