// What of Gamma's objects counts as a change of the catalogue.
//
// Thread safety: pure functions.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace arb::polymarket {

// The shortest text that reads back as the same number: what the venue wrote, up to 15 digits.
std::string number_text(boost::json::value const& value);

// Appends everything but prices, volumes and their like, in an order of the venue's.
void append_content(boost::json::value const& value, std::string& out);

}  // namespace arb::polymarket
