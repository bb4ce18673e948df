// The scanner's options and manifest.
//
// Thread safety: values.
#pragma once

#include <string>

#include "arbitrage/options.hpp"

namespace arb::scanner {

struct Settings {
    std::string pairs_file;
};

Settings read_settings(Options const& options);

inline constexpr char manifest[] = R"json({
"id": "scanner",
"version": "0.1.0",
"description": "markets of two venues that pay on the same thing, as a person paired them",
"options": {
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "pairs_file": {"type": "string", "minLength": 1, "default": "config/pairs.yaml",
      "description": "the pairs a person accepted; read again when it changes"},
    "edge_min": {"type": "string", "format": "decimal", "default": "0.01",
      "description": "no effect in this version, which finds no opportunities: dollars a contract after fees from which on a difference is one"},
    "quote_age_max": {"type": "string", "format": "duration", "default": "30s",
      "description": "no effect in this version, which finds no opportunities: quotes older than this are not compared"},
    "suggest": {"type": "boolean", "default": false,
      "description": "no effect in this version, which suggests nothing: look for pairs among all markets and offer them as candidates"},
    "fees": {"type": "object", "default": {},
      "description": "no effect in this version, which counts no fees: fees by venue, where they differ from what the venue says"}
  }
},
"commands": [
  {"name": "pairs list", "help": "the accepted pairs of pairs_file",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}}
]
})json";

}  // namespace arb::scanner
