// Which market a person means: its market_id in any spelling, or another name the venue has for it.
//
// Thread safety: as the dialect's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sinks/sql/dialect.hpp"

namespace arb::sql {

struct NamedMarket {
    std::string venue;
    std::string market_id;
    std::string key;                      // market_key, as a number's text
    std::optional<std::int32_t> outcome;  // that the name is of; empty: it is the market's
};

// Throws Failure where no market or more than one has the name. `venue` may be empty: any.
NamedMarket find_market(Dialect& dialect, std::string const& name, std::string const& venue);

}  // namespace arb::sql
