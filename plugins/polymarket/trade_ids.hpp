// Which trade is which. The venue gives its prints no id, and several fills share a transaction; so a print
// is known by its transaction and everything it says, and prints that are alike in all of that by counting
// them. Two prints that look alike on one connection are two trades; the same print on two connections, or
// read again over REST, is one.
//
// Thread safety: none; on the venue's thread. Bounded by the two constants below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "arbitrage/abi/prices.h"

namespace arb::polymarket {

// What a print says. `transaction` may be missing on the stream; then the second it was made in stands for
// it.
struct Print {
    std::string_view transaction;
    std::string_view asset_id;
    int side = 0;  // ARB_SIDE_*
    std::int64_t price = 0, size = 0;
    arb_time time = 0;
};

// All of the print that both the stream and REST say, as a number.
std::uint64_t print_hash(Print const& print);

// "0x<transaction>:<hash of the rest>:<occurrence>"; empty without a transaction.
std::string trade_id(Print const& print, unsigned occurrence);

// Counts prints that are alike: of one connection, or of one reading over REST.
class Occurrences {
  public:
    // Fills of one transaction come at once; after so many other prints none will follow.
    static constexpr std::size_t prints_max = 10'000;
    // How many like it came before.
    unsigned next(std::uint64_t print);

  private:
    std::unordered_map<std::uint64_t, unsigned> counts_;
    std::vector<std::uint64_t> ring_;
    std::size_t at_ = 0;
};

// The latest trades, from whichever way they came.
class KnownTrades {
  public:
    // Minutes of the busiest hour seen. Older ones are told apart by the sinks, by their id.
    static constexpr std::size_t trades_max = 200'000;
    // Whether it is new; it is known from now on.
    bool add(std::uint64_t print, unsigned occurrence);
    bool knows(std::uint64_t print, unsigned occurrence) const {
        return known_.contains(mixed(print, occurrence));
    }

  private:
    static std::uint64_t mixed(std::uint64_t print, unsigned occurrence) {
        return print ^ (occurrence * 0x9E3779B97F4A7C15u);
    }
    std::unordered_set<std::uint64_t> known_;
    std::vector<std::uint64_t> ring_;
    std::size_t at_ = 0;
};

}  // namespace arb::polymarket
