// Fields of packets as cells of rows. Thread safety: none of these functions keeps state.
#pragma once

#include "sinks/sql/rows.hpp"

namespace arb::sql::cells {

inline Cell of(std::string_view text) { return {static_cast<std::int64_t>(text.size()), text.data()}; }
inline Cell number(std::int64_t value) { return {value, nullptr}; }
inline Cell time(arb_time value) { return {value == 0 ? ARB_ABSENT : value, nullptr}; }
inline Cell known(std::int32_t value) {
    return {value == ARB_YES || value == ARB_NO ? value : ARB_ABSENT, nullptr};
}
inline Cell position(arb_packet const& packet) {
    return {static_cast<std::int64_t>(packet.position), nullptr};
}

// The word of an enumerator, NULL for one that is not known.
template<std::size_t N>
inline Cell word(char const* const (&spelled)[N], std::int32_t value) {
    if (value < 0 || static_cast<std::size_t>(value) >= N || spelled[value] == nullptr) return {};
    return of(spelled[value]);
}

inline Cell venue(arb_packet const& packet) { return of(arb::venue(packet)); }

// The bytes of a market's key, as a name.
inline std::string_view bytes_of(std::int32_t const& key) {
    return {reinterpret_cast<char const*>(&key), sizeof key};
}

}  // namespace arb::sql::cells
