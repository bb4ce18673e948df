// A packet as JSON for people: every field it has, whole. Thread safety: keeps no state.
#pragma once

#include <boost/json.hpp>

#include "arbitrage/packet.hpp"

namespace arb::sql {

// The packet must have passed check (check.hpp). Absent fields are left out; amounts are texts, so that they
// stay exact; bytes that are not UTF-8 become U+FFFD.
boost::json::object packet_json(arb_packet const& packet);

}  // namespace arb::sql
