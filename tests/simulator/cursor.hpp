// Opaque cursors: a position, and a fingerprint of the filters it belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "simulator/server.hpp"

namespace arb::simulator {

// What a cursor is bound to: every parameter but the cursor itself.
inline std::string filters_of(HttpRequest const& request, std::string_view cursor_name) {
    std::string out = request.path;
    for (auto const& [name, value] : request.query)
        if (name != cursor_name) out.append("&").append(name).append("=").append(value);
    return sha1_hex(out).substr(0, 10);
}

// With the characters of base64url, so that a client that forgets to encode is found out by the venue, not by
// us.
inline std::string make_cursor(std::size_t position, std::string const& filters) {
    return "CgYI-_" + filters + "_" + std::to_string(position) + "-A";
}

struct Cursor {
    std::size_t position = 0;
    bool other_filters = false;
};

// Nothing if the text was never a cursor of ours.
inline std::optional<Cursor> read_cursor(std::string const& text, std::string const& filters) {
    if (text.empty()) return Cursor{};
    if (text.size() < 20 || !text.starts_with("CgYI-_") || !text.ends_with("-A")) return {};
    Cursor cursor;
    for (char const c : text.substr(17, text.size() - 19)) {
        if (c < '0' || c > '9') return {};
        cursor.position = cursor.position * 10 + static_cast<std::size_t>(c - '0');
    }
    cursor.other_filters = text.substr(6, 10) != filters;
    return cursor;
}

}  // namespace arb::simulator
