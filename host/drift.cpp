#include "host/drift.hpp"

#include <array>

#include "arbitrage/time.hpp"
#include "host/log.hpp"

namespace arb::host {

namespace {

constexpr std::size_t source_bytes_max = 48;   // a short word of the plugin: it is a label of a metric
constexpr std::size_t field_bytes_max = 256;   // a path; venues nest a few levels deep
constexpr std::size_t sample_bytes_max = 512;  // as abi/ext/drift.h says
constexpr std::array words{"unknown", "missing", "retyped", "renamed"};

}  // namespace

char const* drift_word(int what) {
    return what >= 0 && static_cast<std::size_t>(what) < words.size() ? words[static_cast<std::size_t>(what)]
                                                                      : words[ARB_DRIFT_RETYPED];
}

bool Drift::count(std::string_view source, std::string_view field, int what, std::string_view sample,
                  std::uint64_t amount, arb_time now) {
    if (what < ARB_DRIFT_UNKNOWN || what > ARB_DRIFT_RENAMED) what = ARB_DRIFT_RETYPED;
    std::tuple key{escape(source, source_bytes_max), escape(field, field_bytes_max), what};
    std::lock_guard const lock{mutex_};
    std::pair total{std::get<0>(key), what};
    // Four words a source: the totals are bounded by what the plugin calls its endpoints.
    if (totals_.size() >= drift_sources_max * words.size() && !totals_.contains(total))
        total.first = std::get<0>(key) = "other";
    totals_[total] += amount;
    if (amount == 0) return false;
    if (seen_.size() >= drift_fields_max && !seen_.contains(key)) key = {"other", "(more fields)", what};
    auto& seen = seen_[key];
    bool const first = seen.first == 0;
    if (first) {
        seen.first = now;
        seen.sample = escape(sample.substr(0, sample_bytes_max), sample_bytes_max);
    }
    seen.times += amount;
    seen.last = now;
    return first;
}

Drift::Totals Drift::totals() const {
    std::lock_guard const lock{mutex_};
    return totals_;
}

boost::json::object Drift::summary() const {
    std::lock_guard const lock{mutex_};
    boost::json::object out;
    if (seen_.empty()) return out;
    std::array<std::uint64_t, words.size()> times{};
    for (auto const& [name, amount] : totals_) times[static_cast<std::size_t>(name.second)] += amount;
    out["differences"] = seen_.size();
    for (std::size_t i = 0; i != words.size(); ++i)
        if (times[i] != 0) out[words[i]] = times[i];
    return out;
}

void Drift::append_rows(std::string const& instance, boost::json::array& rows) const {
    std::lock_guard const lock{mutex_};
    for (auto const& [key, seen] : seen_)
        rows.push_back({{"instance", instance},
                        {"source", std::get<0>(key)},
                        {"field", std::get<1>(key)},
                        {"what", drift_word(std::get<2>(key))},
                        {"times", seen.times},
                        {"first_seen", format_time(seen.first)},
                        {"last_seen", format_time(seen.last)},
                        {"sample", seen.sample}});
}

}  // namespace arb::host
