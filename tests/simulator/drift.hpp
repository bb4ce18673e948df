// An interface that changes under its clients: a field of a frame or an answer that is called otherwise, has
// another type, is null, missing, or new.
#pragma once

#include <string>
#include <string_view>

namespace arb::simulator {

// `kind` is drift_renamed, drift_retyped, drift_null, drift_missing or drift_unknown. Changes the first field
// of that name (unknown: adds one before it), or every one; false if the text has none.
bool drift(std::string& text, std::string_view kind, std::string_view field, bool every);

// Whether a frame of the stream is of this type, as "type" or "event_type" says.
bool is_of_type(std::string_view frame, std::string_view type);

}  // namespace arb::simulator
