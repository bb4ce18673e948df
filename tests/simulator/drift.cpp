#include "simulator/drift.hpp"

namespace arb::simulator {
namespace {

// Where the JSON string that begins at `at` ends: after its closing quote.
std::size_t after_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return at + 1;
}

// Where the JSON value that begins at `at` ends.
std::size_t after_value(std::string_view text, std::size_t at) {
    int depth = 0;
    while (at < text.size()) {
        char const c = text[at];
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
        if (c == '"') {
            at = after_string(text, at);
            if (depth == 0) break;
            continue;
        }
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        ++at;
        if (depth == 0 && (c == '}' || c == ']')) break;
    }
    return at;
}

// A text becomes a list, anything else a text.
std::string retyped(std::string_view value) {
    if (value.starts_with('"')) return '[' + std::string{value} + ']';
    return "\"changed\"";
}

// Changes the field whose name begins at `at`; where to look on.
std::size_t change(std::string& text, std::string_view kind, std::string_view field, std::size_t at) {
    auto const name = field.size() + 2;
    auto value = at + name + 1;
    while (value < text.size() && text[value] == ' ') ++value;
    auto const end = after_value(text, value);
    if (kind == "drift_unknown") {
        constexpr std::string_view added = R"("brand_new":{"a":[1,"x"]},)";
        text.insert(at, added);
        return end + added.size();
    }
    if (kind == "drift_renamed") {
        text.replace(at + 1, field.size(), "renamed_" + std::string{field});
        return end;
    }
    if (kind == "drift_missing") {
        bool const comma_after = end < text.size() && text[end] == ',';
        bool const comma_before = at != 0 && text[at - 1] == ',';
        auto const from = !comma_after && comma_before ? at - 1 : at;
        text.erase(from, end - from + (comma_after ? 1 : 0));
        return from;
    }
    auto const replaced =
        kind == "drift_null" ? "null" : retyped(std::string_view{text}.substr(value, end - value));
    text.replace(value, end - value, replaced);
    return value + replaced.size();
}

}  // namespace

bool drift(std::string& text, std::string_view kind, std::string_view field, bool every) {
    auto const name = '"' + std::string{field} + "\":";
    bool found = false;
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
        at = change(text, kind, field, at);
        found = true;
        if (!every) break;
    }
    return found;
}

bool is_of_type(std::string_view frame, std::string_view type) {
    auto const value = ":\"" + std::string{type} + '"';
    return frame.find("\"type\"" + value) != std::string_view::npos ||
           frame.find("\"event_type\"" + value) != std::string_view::npos;
}

}  // namespace arb::simulator
