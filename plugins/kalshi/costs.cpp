#include "costs.hpp"

#include <algorithm>

#include "member.hpp"

namespace arb::kalshi {

namespace {

// Some lists name paths from the root.
constexpr std::string_view root = "/trade-api/v2";

// Takes the first word of a path off it.
std::string_view take_word(std::string_view& path) {
    path.remove_prefix(std::min<std::size_t>(path.size(), 1));
    auto const word = path.substr(0, path.find('/'));
    path.remove_prefix(word.size());
    return word;
}

bool matches(std::string_view route, std::string_view path) {
    while (!route.empty() && !path.empty()) {
        auto const pattern = take_word(route), word = take_word(path);
        if (!pattern.starts_with('{') && !pattern.starts_with(':') && pattern != word) return false;
    }
    return route.empty() && path.empty();
}

std::int64_t read_tokens(boost::json::object const& object, char const* key, Need need, Doubts& doubts) {
    auto const tokens = read_amount(Member{object, key}, key, need, doubts);
    if (tokens == ARB_ABSENT) return ARB_ABSENT;
    if (tokens % ARB_UNIT == 0 && tokens / ARB_UNIT <= Costs::tokens_max) return tokens / ARB_UNIT;
    doubts.add(key);
    return ARB_ABSENT;
}

}  // namespace

Costs Costs::read(Document const& document, Doubts& doubts) {
    Costs out;
    auto const otherwise = read_tokens(document.object(), "default_cost", Need::optional, doubts);
    if (otherwise != ARB_ABSENT) out.otherwise_ = otherwise;
    if (!document.object().contains("endpoint_costs")) doubts.add("endpoint_costs", ARB_DRIFT_MISSING);
    for (auto const& item : document.list("endpoint_costs")) {
        auto const* const object = item.if_object();
        if (object == nullptr || out.routes_.size() == routes_max) {
            doubts.add("endpoint_costs");
            continue;
        }
        auto path = read_text(*object, "path", Need::required, doubts);
        if (path.starts_with(root)) path.remove_prefix(root.size());
        auto const tokens = read_tokens(*object, "cost", Need::required, doubts);
        // Orders are never placed here.
        if (text(*object, "method") != "GET" || path.empty() || tokens == ARB_ABSENT) continue;
        out.routes_.push_back({std::string{path}, tokens});
    }
    return out;
}

std::int64_t Costs::of(std::string_view path) const {
    for (auto const& route : routes_)
        if (matches(route.path, path)) return route.tokens;
    return otherwise_;
}

}  // namespace arb::kalshi
