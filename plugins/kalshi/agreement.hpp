// Whether books agree with what tickers say of the best prices. A ticker and the changes of its book come on
// different subscriptions and in any order, so a difference counts once it lasts; then the book is compared
// with the one that REST lists.
//
// Thread safety: none; on the venue's thread. Keeps the last prices of each market that tickers told of.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "decode.hpp"

namespace arb::kalshi {

struct Best {
    std::int64_t bid = ARB_ABSENT, ask = ARB_ABSENT;
    bool operator==(Best const&) const = default;
};

class Agreement {
  public:
    // A book that differs for so long is not merely late.
    static constexpr arb_time lasts = INT64_C(5'000'000'000);
    // A difference that goes on is counted again after so long.
    static constexpr arb_time again_after = INT64_C(60'000'000'000);

    // The best prices of a book that is in step; nothing for any other.
    using FindBest = std::function<std::optional<Best>(std::string_view market)>;
    explicit Agreement(FindBest best, arb_time lasts_ns = lasts) : best_{std::move(best)}, lasts_{lasts_ns} {}

    // Whether what a ticker tells is taken if the last one is as new: not from a connection beside the
    // feed's.
    enum class Take : std::uint8_t { always, newer };
    // What the ticker before said: when, 0 if there was none, and whether it was the same in every value.
    struct Before {
        arb_time time = 0;
        bool same = false;
    };
    // A ticker told of these prices at the venue's time `time`. One lookup for each ticker.
    Before told(std::string_view market, Quote const& quote, arb_time time, arb_time received,
                Take take = Take::always);
    // The markets whose books differ for so long; each is named once in `again_after`.
    std::vector<std::string> differing(arb_time now);

    // What the last ticker said; null if there was none.
    Best const* last(std::string_view market) const;
    // Since when the book differs; 0 if it does not.
    arb_time differs_since(std::string_view market) const;
    void forget(std::string_view market);

  private:
    struct Told {
        Best best;
        std::size_t content = 0;  // a hash of every value
        arb_time time = 0;
        arb_time differs_since = 0, named_at = 0;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    using Table = std::unordered_map<std::string, Told, Hash, std::equal_to<>>;

    FindBest const best_;
    arb_time const lasts_;
    Table told_;
    std::unordered_set<std::string, Hash, std::equal_to<>> differing_;
};

}  // namespace arb::kalshi
