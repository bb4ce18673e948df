// A tree from a YAML file against a JSON Schema: what is wrong goes to the problems with line and column,
// what is right comes back as JSON. Beyond JSON Schema: "format" duration, size and decimal are checked, a
// property with "secret": true must come from a variable, never stand in the file, and "expected" says in
// words what is wanted where type and format do not say it well.
//
// Thread safety: free functions without state.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/document.hpp"

namespace arb::host {

// `path` is how the node is called in messages ("venues.alpha").
boost::json::object check_node(Node const& node, boost::json::object const& schema, std::string const& path,
                               Problems& problems);

// The schema of the value a JSON pointer names, or null; local $ref are followed.
boost::json::object const* schema_at(boost::json::object const& schema, std::string_view pointer);

// The node a JSON pointer ("/select/series/0") names, or its nearest ancestor that exists. `path` becomes the
// readable form of the pointer, appended to what it holds.
Node const& node_at(Node const& root, std::string_view pointer, std::string& path);

// What a schema wants, in words: "a duration such as 5m", "one of block or drop_oldest".
std::string describe(boost::json::object const& schema);

// The candidate most like `word`, or empty if none is close.
std::string nearest(std::string_view word, std::vector<std::string_view> const& candidates);

// Whether `schema` itself can be used; else what is wrong with it.
std::string wrong_schema(boost::json::object const& schema);

}  // namespace arb::host
