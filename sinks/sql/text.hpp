// Venue texts as a database can hold them. Thread safety: none of these functions keeps state.
#pragma once

#include <string>
#include <string_view>

namespace arb::sql {

// Whether the text is UTF-8 without NUL: it can be stored as it is.
bool is_clean(std::string_view text);

// The text with every NUL and every byte that is not UTF-8 replaced by U+FFFD.
std::string cleaned(std::string_view text);

// Whether the text is JSON that every supported database holds: valid, at most 32 levels deep, numbers of a
// sane size, and without \u0000, which PostgreSQL's jsonb refuses.
bool is_storable_json(std::string_view text);

// The text as a JSON string, quotes included. The text must be clean.
void append_json_string(std::string& out, std::string_view text);

}  // namespace arb::sql
