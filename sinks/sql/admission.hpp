// What is looked at before a packet becomes rows: whether it can be stored at all, which market it names, and
// whether its content is the one that is stored already.
//
// Thread safety: none of these functions keeps state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "arbitrage/packet.hpp"

namespace arb::sql {

// Why the packet cannot be stored whatever the database says, or null. `now` bounds its receive time.
char const* problem(arb_packet const& packet, arb_time now);

// The id of the packet's market as the database will hold it, empty if the kind has none. `scratch` holds it
// where it had to be cleaned.
std::string_view market_id(arb_packet const& packet, std::string& scratch);

// A hash of everything in an event, market or series packet but its times and position, of what a fee
// schedule charges; never 0. 0 for other kinds.
std::uint64_t content_hash(arb_packet const& packet);

}  // namespace arb::sql
