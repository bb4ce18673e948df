// Words that the manifests of venues share: options that every venue has and that mean the same in each. Put
// between the venue's own with `manifest_of`:
//
//     constexpr auto whole = manifest_of(R"({..., )", option_ca_file, R"(, ...})");
//     constexpr auto const& manifest = whole.text;  // a char array, as ARB_EXPORT_VENUE wants it
//
// Everything here is constant.
#pragma once

#include <algorithm>
#include <cstddef>

namespace arb {

inline constexpr char option_ca_file[] =
    R"json("ca_file": {"type": "string", "default": "",
      "description": "a file of CA certificates trusted in addition to the system's"})json";

inline constexpr char option_catalogue_every[] =
    R"json("catalogue_every": {"type": "string", "format": "duration", "default": "5m",
      "description": "how often every open event is listed again"})json";

inline constexpr char option_snapshot_every[] =
    R"json("snapshot_every": {"type": "string", "format": "duration", "default": "1h",
      "description": "how often each book is written whole between its changes, so that a past one is found soon; 0s: only when it begins anew"})json";

inline constexpr char select_closes_within[] =
    R"json("closes_within": {"type": ["string", "null"], "format": "duration", "default": null,
          "description": "only markets that close within this time"})json";

inline constexpr char command_selection[] =
    R"json({"name": "selection", "help": "how many open markets each rule of select takes and leaves out, and all of them together",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}})json";

// Several texts as one.
template<std::size_t Size>
struct ManifestText {
    char text[Size];
};
template<std::size_t... Sizes>
constexpr auto manifest_of(char const (&... parts)[Sizes]) {
    ManifestText<(... + (Sizes - 1)) + 1> out{};
    std::size_t at = 0;
    auto const append = [&](char const* part, std::size_t size) {
        std::copy_n(part, size, out.text + at);
        at += size;
    };
    (append(parts, Sizes - 1), ...);
    return out;
}

}  // namespace arb
