// Whether what comes on the different subscriptions agrees: books with the best prices of tickers, trades
// with their volumes. A ticker, the changes of its book and its trades come in any order, so a difference
// counts once it lasts; then REST is asked who is right.
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
    // A trade of that size came that is not known yet.
    void traded(std::string_view market, std::int64_t size, arb_time received);
    // The markets whose books differ for so long; each is named once in `again_after`.
    std::vector<std::string> differing(arb_time now);

    // A market of which one of two subscriptions seems to say nothing.
    struct Doubt {
        std::string market;
        int stream = 0;      // ARB_STREAM_TRADES or ARB_STREAM_QUOTES
        arb_time since = 0;  // when the other one told what is missing
    };
    // Looks at the next `share` of all markets: whether their books left the last ticker behind, which
    // `differing` then knows, and whether volume grew by more than the trades, or trades came without a
    // ticker, for longer than `patience`. The first such market.
    std::optional<Doubt> look(arb_time now, double share, arb_time patience);
    // What was doubted was asked for, or begins anew: counts from the next ticker on.
    void settle(std::string_view market);
    void settle_all();

    struct Last {
        Best best;
        std::int64_t volume = ARB_ABSENT;
        arb_time received = 0;  // with whatever values
    };
    // What the last ticker said; null if there was none.
    Last const* last(std::string_view market) const;
    // When the last ticker of any market came; 0: none did.
    arb_time last_received() const { return last_received_; }
    // Since when the book differs; 0 if it does not.
    arb_time differs_since(std::string_view market) const;
    void forget(std::string_view market);

  private:
    struct Told : Last {
        std::size_t content = 0;  // a hash of every value
        arb_time time = 0;
        arb_time differs_since = 0, named_at = 0;
        bool counts = false;       // there was a ticker to count from
        std::int64_t balance = 0;  // the size of the trades since then, less what the volume grew by
        arb_time short_since = 0;  // of the first ticker that told of more than the trades
        arb_time trade_since = 0;  // of the first trade since the last ticker
        void settle();
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    using Table = std::unordered_map<std::string, Told, Hash, std::equal_to<>>;

    void weigh(Told& told, std::int64_t volume, arb_time received);
    void compare(std::string const& market, Told& told, arb_time now);

    FindBest const best_;
    arb_time const lasts_;
    Table told_;
    std::unordered_set<std::string, Hash, std::equal_to<>> differing_;
    arb_time last_received_ = 0;
    std::size_t looked_at_ = 0;  // a bucket of the table
};

}  // namespace arb::kalshi
