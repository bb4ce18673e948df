// How many markets each rule of `select` takes and leaves out, each rule by itself.
//
// Thread safety: none.
#pragma once

#include <string_view>
#include <vector>

#include "polymarket/selection.hpp"

namespace arb::polymarket {

struct SelectionCount {
    struct Rule {
        std::string_view name;
        std::uint64_t takes = 0, leaves_out = 0;
    };
    explicit SelectionCount(Select const& select);
    // Counts the markets of one event of the listing.
    void add(Select const& select, std::string_view event, arb_time now);

    std::vector<Rule> rules;
    std::uint64_t takes = 0, leaves_out = 0;  // by all rules together
};

}  // namespace arb::polymarket
