// How many open markets each rule of `select` takes and leaves out, each rule by itself, and the names in
// `select` that none of them has.
//
// Thread safety: none.
#pragma once

#include <string>
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

    // A name in `select`, by its option, and whether an open market has it.
    struct Named {
        std::string_view option;
        std::string name;
        bool met = false;
    };
    std::vector<Named> names;

  private:
    void meet(Candidate const& candidate);
};

}  // namespace arb::polymarket
