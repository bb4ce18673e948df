// What we say to the venue.
//
// Thread safety: pure functions. Ids are the venue's own digits and need no escaping.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace arb::polymarket {

// The venue names no limit for one message; libraries send 100.
inline constexpr std::size_t ids_per_message = 100;

// The opening and the later subscription messages.
std::string opening_message(std::vector<std::string> const& ids);
std::string operation_message(std::string_view operation, std::vector<std::string> const& ids);

// The body of a POST for the books of these tokens.
std::string books_body(std::vector<std::string> const& ids);

}  // namespace arb::polymarket
