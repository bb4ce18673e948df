#include "host/config/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <regex>

// Without it the library ends the process over a schema it does not understand, and schemas are strangers'.
#define VALIJSON_USE_EXCEPTIONS 1
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "arbitrage/decimal.hpp"
#include "arbitrage/options.hpp"
#include "arbitrage/time.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

constexpr std::size_t shown_max = 60;   // bytes of a wrong value that a message repeats
constexpr int reference_depth_max = 8;  // local references that lead to references
// Of a text that is matched: a regular expression takes stack for every letter.
constexpr std::size_t matched_bytes_max = 4096;

json::object const* object_in(json::object const& from, std::string_view key) {
    auto const* const value = from.if_contains(key);
    return value != nullptr ? value->if_object() : nullptr;
}

std::string_view text_in(json::object const& from, std::string_view key) {
    auto const* const value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                  : std::string_view{};
}

json::value const* lookup(json::object const& root, std::string_view rest) {
    json::value const* found = nullptr;
    for (auto const* level = &root; !rest.empty() && level != nullptr;) {
        auto const slash = rest.find('/');
        found = level->if_contains(rest.substr(0, slash));
        rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
        level = found != nullptr ? found->if_object() : nullptr;
    }
    return rest.empty() ? found : nullptr;
}

json::object const& resolve(json::object const& schema, json::object const& root) {
    auto const* at = &schema;
    for (int i = 0; i != reference_depth_max; ++i) {
        auto const reference = text_in(*at, "$ref");
        if (!reference.starts_with("#/")) break;
        auto const* const target = lookup(root, reference.substr(2));
        if (target == nullptr || !target->is_object()) break;
        at = &target->get_object();
    }
    return *at;
}

std::vector<std::string_view> types_of(json::object const& schema) {
    std::vector<std::string_view> out;
    auto const* const type = schema.if_contains("type");
    if (type != nullptr && type->is_string()) out.push_back(type->get_string());
    if (type != nullptr && type->is_array())
        for (auto const& item : type->get_array())
            if (item.is_string()) out.push_back(item.get_string());
    if (type == nullptr && schema.contains("properties")) out.push_back("object");
    return out;
}

bool has(std::vector<std::string_view> const& types, std::string_view type) {
    return std::find(types.begin(), types.end(), type) != types.end();
}

std::string listed(std::vector<std::string> const& words, std::string_view last) {
    std::string out;
    for (std::size_t i = 0; i != words.size(); ++i)
        out += (i == 0 ? "" : i + 1 == words.size() ? fmt::format(" {} ", last) : ", ") + words[i];
    return out;
}

std::string number_text(json::value const& value) {
    if (value.is_double()) return fmt::format("{}", value.get_double());
    return json::serialize(value);
}

std::string bounds(json::object const& schema) {
    auto const* const low = schema.if_contains("minimum");
    auto const* const high = schema.if_contains("maximum");
    if (low != nullptr && high != nullptr)
        return fmt::format(" from {} to {}", number_text(*low), number_text(*high));
    if (low != nullptr) return fmt::format(" of at least {}", number_text(*low));
    if (high != nullptr) return fmt::format(" of at most {}", number_text(*high));
    return {};
}

std::string describe_type(std::string_view type, json::object const& schema) {
    if (type == "boolean") return "true or false";
    if (type == "integer") return "a whole number" + bounds(schema);
    if (type == "number") return "a number" + bounds(schema);
    if (type == "null") return "nothing";
    if (type == "object") return "a mapping of keys to values";
    if (type == "array") {
        auto const* const items = object_in(schema, "items");
        return items != nullptr && items->contains("enum") ? "a list of " + describe(*items).substr(7)
                                                           : "a list such as [a, b]";
    }
    auto const format = text_in(schema, "format");
    if (format == "duration") return "a duration such as 5m";
    if (format == "size") return "a size such as 64MiB";
    if (format == "decimal") return "a decimal number such as 0.05";
    if (format == "instant") return "a time such as 2026-11-20T12:00:00Z";
    if (auto const pattern = text_in(schema, "pattern"); !pattern.empty())
        return fmt::format("a text like {}", pattern);
    return "a text";
}

// What stands in the file, for a message; the value of a variable or of a secret is not shown.
std::string got(Node const& node, json::object const& schema) {
    switch (node.type) {
        case Node::Type::null:
            return "nothing";
        case Node::Type::list:
            return "a list";
        case Node::Type::map:
            return "a mapping";
        case Node::Type::scalar:
            break;
    }
    if (auto const* const secret = schema.if_contains("secret"); secret != nullptr && *secret == true)
        return "a secret";
    if (node.expanded) return fmt::format("what {} holds", node.written);
    auto const cut = node.text.size() > shown_max;
    std::string shown;
    for (char const c : node.text.substr(0, shown_max))
        shown += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    return fmt::format("\"{}{}\"", shown, cut ? "..." : "");
}

std::string expected(Node const& node, json::object const& schema) {
    return fmt::format("expected {}, got {}", describe(schema), got(node, schema));
}

// A scalar as the JSON type the schema wants; a text where it cannot be.
json::value scalar(Node const& node, std::vector<std::string_view> const& types) {
    auto const& text = node.text;
    bool const any = types.empty();
    bool const convertible = node.plain || (node.expanded && !any);
    if (!convertible || (types.size() == 1 && types[0] == "string")) return json::value(text);
    if ((any || has(types, "boolean")) && (text == "true" || text == "false"))
        return json::value(text == "true");
    if (any || has(types, "integer") || has(types, "number")) {
        std::int64_t whole = 0;
        auto const* const end = text.data() + text.size();
        if (auto const read = std::from_chars(text.data(), end, whole);
            read.ec == std::errc{} && read.ptr == end)
            return json::value(whole);
    }
    if (any || has(types, "number")) {
        double number = 0;
        auto const* const end = text.data() + text.size();
        auto const decimal = text.find_first_not_of("0123456789.-") == std::string::npos;
        if (auto const read = std::from_chars(text.data(), end, number);
            decimal && read.ec == std::errc{} && read.ptr == end)
            return json::value(number);
    }
    return json::value(text);
}

bool type_fits(json::value const& value, std::vector<std::string_view> const& types) {
    if (types.empty()) return true;
    if (value.is_string()) return has(types, "string");
    if (value.is_bool()) return has(types, "boolean");
    if (value.is_int64() || value.is_uint64()) return has(types, "integer") || has(types, "number");
    if (value.is_double()) return has(types, "number");
    if (value.is_array()) return has(types, "array");
    if (value.is_object()) return has(types, "object");
    return has(types, "null");
}

std::string child(std::string const& path, std::string_view key) {
    return path.empty() ? std::string{key} : fmt::format("{}.{}", path, key);
}

// Walks tree and schema together.
class Walk {
  public:
    Walk(json::object const& root, Problems& problems) : root_{root}, problems_{problems} {}

    json::value value(Node const& node, json::object const& unresolved, std::string const& path) {
        auto const& schema = resolve(unresolved, root_);
        auto const types = types_of(schema);
        switch (node.type) {
            case Node::Type::null:
                if (has(types, "null") || types.empty()) return nullptr;
                if (has(types, "object")) return mapping(node, schema, path);
                if (has(types, "array")) return json::array{};
                return nullptr;
            case Node::Type::scalar:
                return checked_scalar(node, schema, types, path);
            case Node::Type::list: {
                if (!types.empty() && !has(types, "array")) return wrong(node, schema, path);
                auto const* const items = object_in(schema, "items");
                json::array out;
                for (std::size_t i = 0; i != node.items.size(); ++i)
                    out.push_back(value(node.items[i], items != nullptr ? *items : nothing_,
                                        fmt::format("{}[{}]", path, i)));
                return out;
            }
            case Node::Type::map:
                if (!types.empty() && !has(types, "object")) return wrong(node, schema, path);
                return mapping(node, schema, path);
        }
        return nullptr;
    }

  private:
    json::value wrong(Node const& node, json::object const& schema, std::string const& path) {
        problems_.add(node.place, path, expected(node, schema));
        return nullptr;
    }

    json::value checked_scalar(Node const& node, json::object const& schema,
                               std::vector<std::string_view> const& types, std::string const& path) {
        auto out = scalar(node, types);
        if (!type_fits(out, types)) return wrong(node, schema, path);
        if (schema.contains("pattern") && node.text.size() > matched_bytes_max)
            return wrong(node, schema, path);
        auto const format = text_in(schema, "format");
        if (out.is_string()) {
            std::string_view const text{out.get_string()};
            bool const good = format == "duration"  ? parse_duration(text).has_value()
                              : format == "size"    ? parse_size(text).has_value()
                              : format == "decimal" ? static_cast<bool>(parse_decimal(text))
                              : format == "instant" ? text.empty() || parse_time(text).has_value()
                                                    : true;
            if (!good) return wrong(node, schema, path);
        }
        auto const* const secret = schema.if_contains("secret");
        if (secret != nullptr && *secret == true && !node.expanded)
            problems_.add(
                node.place, path,
                "a secret must not stand in this file: write ${NAME} here and set NAME in the environment "
                "or in the .env file beside the pipeline");
        return out;
    }

    json::value mapping(Node const& node, json::object const& schema, std::string const& path) {
        auto const* const properties = object_in(schema, "properties");
        auto const* const additional = schema.if_contains("additionalProperties");
        json::object out;
        for (auto const& entry : node.entries) {
            auto const* wanted = properties != nullptr ? object_in(*properties, entry.key) : nullptr;
            if (wanted == nullptr && additional != nullptr) {
                if (additional->is_bool() && !additional->get_bool()) {
                    unknown_key(entry, properties, path);
                    continue;
                }
                wanted = additional->if_object();
            }
            auto const& entry_schema = wanted != nullptr ? *wanted : nothing_;
            auto converted = value(entry.value, entry_schema, child(path, entry.key));
            if (converted.is_null() && !has(types_of(resolve(entry_schema, root_)), "null"))
                continue;  // not given
            out[entry.key] = std::move(converted);
        }
        missing_keys(node, schema, out, path);
        return out;
    }

    void unknown_key(Entry const& entry, json::object const* properties, std::string const& path) {
        std::vector<std::string_view> known;
        if (properties != nullptr)
            for (auto const& property : *properties) known.push_back(property.key());
        auto const near = nearest(entry.key, known);
        std::string text = "this key is not known";
        if (!near.empty()) {
            text += fmt::format("; did you mean {}?", near);
        } else if (!known.empty()) {
            std::vector<std::string> words{known.begin(), known.end()};
            text += "; known are " + listed(words, "and");
        }
        problems_.add(entry.place, child(path, entry.key), text);
    }

    void missing_keys(Node const& node, json::object const& schema, json::object const& out,
                      std::string const& path) {
        auto const* const required = schema.if_contains("required");
        if (required == nullptr || !required->is_array()) return;
        for (auto const& item : required->get_array()) {
            if (!item.is_string() || out.contains(item.get_string())) continue;
            std::string_view const key{item.get_string()};
            if (problems_.covers(child(path, key))) continue;
            auto const* const properties = object_in(schema, "properties");
            auto const* const wanted = properties != nullptr ? object_in(*properties, key) : nullptr;
            auto const* const given = node.find(key);
            auto const text = wanted != nullptr ? fmt::format("is missing: expected {}", describe(*wanted))
                                                : std::string{"is missing"};
            problems_.add(given != nullptr ? given->value.place : node.place, child(path, key), text);
        }
    }

    json::object const& root_;
    json::object const nothing_;
    Problems& problems_;
};

// The validator's "[key]" context as a JSON pointer.
std::string pointer_of(std::vector<std::string> const& context) {
    std::string out;
    for (std::size_t i = 1; i < context.size(); ++i) {
        auto const& part = context[i];
        out += "/" + (part.size() > 2 && part.front() == '[' ? part.substr(1, part.size() - 2) : part);
    }
    return out;
}

}  // namespace

json::object check_node(Node const& node, json::object const& schema, std::string const& path,
                        Problems& problems) {
    Problems found;
    auto out = Walk{schema, found}.value(node, schema, path);
    for (auto const& problem : found.sorted())
        if (!problems.has(problem.path)) problems.add(problem.place, problem.path, problem.text);
    if (!out.is_object()) return {};

    // What the walk does not judge (enum, bounds, patterns, alternatives) is the validator's.
    json::value const whole(schema);
    valijson::Schema parsed;
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::BoostJsonAdapter{whole}, parsed);
    valijson::Validator validator;
    valijson::ValidationResults results;
    try {
        if (validator.validate(parsed, valijson::adapters::BoostJsonAdapter{out}, &results))
            return out.get_object();
    } catch (std::regex_error const& wrong) {
        problems.add(node.place, path,
                     fmt::format("cannot be checked: a pattern of the schema is wrong: {}", wrong.what()));
        return {};
    }
    std::vector<valijson::ValidationResults::Error> errors{results.begin(), results.end()};
    std::stable_sort(errors.begin(), errors.end(), [](auto const& a, auto const& b) {
        return a.context.size() > b.context.size();  // the deepest says most
    });
    for (auto const& error : errors) {
        auto const pointer = pointer_of(error.context);
        auto where = path;
        auto const& at = node_at(node, pointer, where);
        if (found.covers(where)) continue;
        auto const* const wanted = schema_at(schema, pointer);
        auto const simple = at.type == Node::Type::scalar && wanted != nullptr &&
                            (wanted->contains("type") || wanted->contains("enum"));
        found.add(at.place, where, simple ? expected(at, *wanted) : error.description);
        problems.add(at.place, where, simple ? expected(at, *wanted) : error.description);
    }
    return out.get_object();
}

json::object const* schema_at(json::object const& schema, std::string_view pointer) {
    auto const* level = &resolve(schema, schema);
    while (!pointer.empty() && level != nullptr) {
        pointer.remove_prefix(1);
        auto const slash = pointer.find('/');
        auto const key = pointer.substr(0, slash);
        pointer = slash == std::string_view::npos ? std::string_view{} : pointer.substr(slash);
        auto const* const properties = object_in(*level, "properties");
        auto const* next = properties != nullptr ? object_in(*properties, key) : nullptr;
        if (next == nullptr) next = object_in(*level, "items");
        if (next == nullptr) next = object_in(*level, "additionalProperties");
        level = next != nullptr ? &resolve(*next, schema) : nullptr;
    }
    return level;
}

Node const& node_at(Node const& root, std::string_view pointer, std::string& path) {
    auto const* at = &root;
    while (pointer.size() > 1 && pointer[0] == '/') {
        pointer.remove_prefix(1);
        auto const slash = pointer.find('/');
        auto const key = pointer.substr(0, slash);
        pointer = slash == std::string_view::npos ? std::string_view{} : pointer.substr(slash);
        if (at->type == Node::Type::list) {
            std::size_t index = 0;
            std::from_chars(key.data(), key.data() + key.size(), index);
            path += fmt::format("[{}]", index);
            if (index >= at->items.size()) break;
            at = &at->items[index];
            continue;
        }
        path = child(path, key);
        auto const* const entry = at->find(key);
        if (entry == nullptr) break;
        at = &entry->value;
    }
    return *at;
}

std::string describe(json::object const& schema) {
    if (auto const words = text_in(schema, "expected"); !words.empty()) return std::string{words};
    if (auto const* const values = schema.if_contains("enum"); values != nullptr && values->is_array()) {
        std::vector<std::string> words;
        for (auto const& item : values->get_array())
            words.push_back(item.is_string() && !item.get_string().empty()
                                ? std::string{std::string_view{item.get_string()}}
                                : json::serialize(item));
        return "one of " + listed(words, "or");
    }
    std::vector<std::string> words;
    auto const types = types_of(schema);
    for (auto const type : types)
        if (type != "null" || types.size() == 1) words.push_back(describe_type(type, schema));
    return words.empty() ? "a value" : listed(words, "or");
}

std::string nearest(std::string_view word, std::vector<std::string_view> const& candidates) {
    auto const distance_max = std::max<std::size_t>(1, word.size() / 3 + (word.size() > 3 ? 1 : 0));
    std::string best;
    auto best_distance = distance_max + 1;
    for (auto const candidate : candidates) {
        // Edit distance with swapped neighbours counting once, three rows at a time.
        std::vector<std::size_t> before(candidate.size() + 1), last(candidate.size() + 1),
            row(candidate.size() + 1);
        std::iota(last.begin(), last.end(), std::size_t{0});
        for (std::size_t i = 1; i <= word.size(); ++i) {
            row[0] = i;
            for (std::size_t j = 1; j <= candidate.size(); ++j) {
                auto const same = word[i - 1] == candidate[j - 1];
                row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
                if (i > 1 && j > 1 && word[i - 1] == candidate[j - 2] && word[i - 2] == candidate[j - 1])
                    row[j] = std::min(row[j], before[j - 2] + 1);
            }
            std::swap(before, last);
            std::swap(last, row);
        }
        if (last.back() < best_distance) {
            best_distance = last.back();
            best = candidate;
        }
    }
    return best;
}

std::string wrong_schema(json::object const& schema) {
    try {
        json::value const whole(schema);
        valijson::Schema parsed;
        valijson::SchemaParser parser;
        parser.populateSchema(valijson::adapters::BoostJsonAdapter{whole}, parsed);
        return {};
    } catch (std::exception const& wrong) {
        return wrong.what();
    }
}

}  // namespace arb::host
