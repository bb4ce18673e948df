// Which part of a venue's markets an instance collects: the option `shard`, "2/8" for the second of eight. A
// market's part follows from its id alone (XXH3-64, seed 0), so that every host agrees without talking to the
// others and a market stays where it is for as long as the number of parts does.
//
// Thread safety: const after construction.
#pragma once

#include <string_view>

#include "arbitrage/result.hpp"

namespace arb {

struct Shard {
    // More hosts than anybody has; a larger number is a slip of the hand.
    static constexpr unsigned count_max = 1024;

    unsigned number = 1;  // 1 to count
    unsigned count = 1;

    bool whole() const { return count == 1; }
    bool takes(std::string_view market_id) const;
};

// Reads "2/8"; an empty text is the whole venue. ARB_INVALID without a where: the caller knows the option.
Result<Shard> parse_shard(std::string_view text);

}  // namespace arb
