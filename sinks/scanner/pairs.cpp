#include "sinks/scanner/pairs.hpp"

#include <sys/stat.h>

#include <boost/json.hpp>
#include <unordered_set>

#include "arbitrage/abi/ext/document.h"
#include "arbitrage/time.hpp"

namespace arb::scanner {

namespace json = boost::json;

// Ids travel in text columns with an index; 256 bytes are more than any venue uses.
char const* const pairs_schema = R"json({
"type": "object",
"additionalProperties": false,
"required": ["pairs"],
"properties": {
  "pairs": {"type": "array", "maxItems": 100000, "description": "markets that pay on the same thing", "items": {
    "type": "object",
    "additionalProperties": false,
    "required": ["a", "b", "relation"],
    "properties": {
      "id": {"type": "string", "minLength": 1, "maxLength": 256,
        "description": "a name that stays; made of venues and markets if absent"},
      "a": {"$ref": "#/definitions/side"},
      "b": {"$ref": "#/definitions/side"},
      "relation": {"enum": ["same", "inverse"],
        "description": "same: both pay on YES together; inverse: one pays when the other does not"},
      "note": {"type": "string", "maxLength": 4096, "description": "why they are the same, for people"}
    }
  }}
},
"definitions": {
  "side": {
    "type": "object",
    "additionalProperties": false,
    "required": ["venue", "market"],
    "properties": {
      "venue": {"type": "string", "pattern": "^[a-z0-9_]{1,23}$", "description": "the plugin's id"},
      "market": {"type": "string", "minLength": 1, "maxLength": 256, "description": "the venue's id of the market"}
    }
  }
}
})json";

namespace {

std::string text_at(json::object const& object, char const* key) {
    auto const* const value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

Side side_from(json::value const& value) {
    auto const& object = value.as_object();
    return {text_at(object, "venue"), text_at(object, "market")};
}

Pair pair_from(json::object const& object) {
    Pair out;
    out.a = side_from(object.at("a"));
    out.b = side_from(object.at("b"));
    out.relation = object.at("relation").as_string() == "inverse" ? ARB_RELATION_INVERSE : ARB_RELATION_SAME;
    out.note = text_at(object, "note");
    out.id = text_at(object, "id");
    if (out.id.empty()) out.id = out.a.venue + ":" + out.a.market + "=" + out.b.venue + ":" + out.b.market;
    return out;
}

}  // namespace

Result<std::vector<Pair>> read_pairs(Host host, std::string const& file) {
    auto const* const document = host.extension<arb_document>(ARB_DOCUMENT);
    if (document == nullptr)
        return permanent("this host cannot read YAML files for a plugin (arb.document/1)");
    std::string text;
    auto const take = [](void* context, arb_text read) { *static_cast<std::string*>(context) = view(read); };
    auto error = empty_error();
    auto const status = document->read(document->self, file.c_str(), pairs_schema, take, &text, &error);
    if (status != ARB_OK) return Error{status, error.text, "/pairs_file"};

    std::vector<Pair> out;
    std::unordered_set<std::string> ids;
    auto const parsed = json::parse(text);
    for (auto const& item : parsed.as_object().at("pairs").as_array()) {
        auto pair = pair_from(item.as_object());
        if (pair.a.venue == pair.b.venue && pair.a.market == pair.b.market)
            return invalid("/pairs_file", file + ": the pair " + pair.id + " pairs a market with itself");
        if (!ids.insert(pair.id).second)
            return invalid("/pairs_file", file + ": the pair " + pair.id + " is there twice");
        out.push_back(std::move(pair));
    }
    return out;
}

FileVersion version_of(std::string const& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) return {};
    return {found.st_ino, static_cast<std::uint64_t>(found.st_size),
            found.st_mtim.tv_sec * second_ns + found.st_mtim.tv_nsec};
}

char const* relation_word(int relation) { return relation == ARB_RELATION_INVERSE ? "inverse" : "same"; }

}  // namespace arb::scanner
