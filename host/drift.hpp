// Where the answers of an instance's venue differ from what its plugin was written for: each difference is
// counted and kept with its first sample.
//
// Thread safety: all functions from any thread. Bounded: 1,000 differences of 64 sources; what is beyond
// counts as "other". Texts are the venue's: they are escaped here, before anybody sees them.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "arbitrage/abi/ext/drift.h"

namespace arb::host {

inline constexpr std::size_t drift_fields_max = 1000;
inline constexpr std::size_t drift_sources_max = 64;
// Of one difference: source, field, sample and what the map needs for them.
inline constexpr std::uint64_t drift_bytes_max = drift_fields_max * 4096;

char const* drift_word(int what);

class Drift {
  public:
    // True the first time this difference is seen. `now` is the wall clock. An amount of 0 says that the
    // source is looked at: its total exists from then on, and there is no difference yet.
    bool count(std::string_view source, std::string_view field, int what, std::string_view sample,
               std::uint64_t amount, arb_time now);

    // How often, by (source, what): the counter arbitrage_api_drift_total.
    using Totals = std::map<std::pair<std::string, int>, std::uint64_t>;
    Totals totals() const;
    // {"differences": N, "unknown": times, "missing": times ...}; empty if there is none.
    boost::json::object summary() const;
    // A row a difference, as `arbitrage drift` shows it.
    void append_rows(std::string const& instance, boost::json::array& rows) const;

  private:
    struct Seen {
        std::uint64_t times = 0;
        arb_time first = 0, last = 0;
        std::string sample;  // escaped
    };

    mutable std::mutex mutex_;
    std::map<std::tuple<std::string, std::string, int>, Seen> seen_;  // by source, field, what
    Totals totals_;
};

}  // namespace arb::host
