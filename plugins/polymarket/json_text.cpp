#include "polymarket/json_text.hpp"

namespace arb::polymarket {

namespace {

constexpr auto npos = std::string_view::npos;

std::size_t skip_blanks(std::string_view text, std::size_t at) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
        ++at;
    return at;
}

// `at` is an opening quote; the place behind the closing one.
std::size_t string_end(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\')
            ++at;
        else if (text[at] == '"')
            return at + 1;
    }
    return npos;
}

// The place behind the value that begins at `at`.
std::size_t value_end(std::string_view text, std::size_t at) {
    if (at >= text.size()) return npos;
    if (text[at] == '"') return string_end(text, at);
    if (text[at] != '{' && text[at] != '[') {
        auto const begin = at;
        while (at < text.size() && std::string_view{",]} \n\r\t"}.find(text[at]) == npos) ++at;
        return at == begin ? npos : at;
    }
    for (std::size_t depth = 0; at < text.size();) {
        auto const c = text[at];
        if (c == '"') {
            at = string_end(text, at);
            if (at == npos) return npos;
            continue;
        }
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && --depth == 0) return at + 1;
        ++at;
    }
    return npos;
}

struct Extent {
    std::size_t begin, value, end;  // of the member, its value, and behind it
};

// Visits members until `visit` says true, which is then the answer.
template<class Visit>
std::optional<Extent> walk_members(std::string_view object, Visit visit) {
    auto at = skip_blanks(object, 0);
    if (at >= object.size() || object[at] != '{') return {};
    for (at = skip_blanks(object, at + 1); at < object.size() && object[at] == '"';) {
        auto const begin = at;
        auto const name_end = string_end(object, at);
        if (name_end == npos) return {};
        auto const name = object.substr(begin + 1, name_end - begin - 2);
        at = skip_blanks(object, name_end);
        if (at >= object.size() || object[at] != ':') return {};
        auto const value = skip_blanks(object, at + 1);
        auto const end = value_end(object, value);
        if (end == npos) return {};
        if (visit(name, object.substr(value, end - value))) return Extent{begin, value, end};
        at = skip_blanks(object, end);
        if (at >= object.size() || object[at] != ',') return {};
        at = skip_blanks(object, at + 1);
    }
    return {};
}

std::optional<Extent> find_member(std::string_view object, std::string_view key) {
    return walk_members(object, [&](std::string_view name, std::string_view) { return name == key; });
}

}  // namespace

bool for_each_element(std::string_view array, std::function<void(std::string_view)> const& visit) {
    auto at = skip_blanks(array, 0);
    if (at >= array.size() || array[at] != '[') return false;
    at = skip_blanks(array, at + 1);
    if (at < array.size() && array[at] == ']') return true;
    while (true) {
        auto const end = value_end(array, at);
        if (end == npos) return false;
        visit(array.substr(at, end - at));
        at = skip_blanks(array, end);
        if (at >= array.size()) return false;
        if (array[at] == ']') return true;
        if (array[at] != ',') return false;
        at = skip_blanks(array, at + 1);
    }
}

std::optional<std::string_view> member(std::string_view object, std::string_view key) {
    auto const found = find_member(object, key);
    if (!found) return {};
    return object.substr(found->value, found->end - found->value);
}

void for_each_member(std::string_view object,
                     std::function<void(std::string_view key, std::string_view value)> const& visit) {
    walk_members(object, [&](std::string_view name, std::string_view value) {
        visit(name, value);
        return false;
    });
}

std::string without_member(std::string_view object, std::string_view key) {
    auto const found = find_member(object, key);
    if (!found) return std::string{object};
    auto end = skip_blanks(object, found->end);
    auto begin = found->begin;
    if (end < object.size() && object[end] == ',') {
        end = skip_blanks(object, end + 1);
    } else {
        while (begin > 0 && object[begin - 1] != ',' && object[begin - 1] != '{') --begin;
        if (begin > 0 && object[begin - 1] == ',') --begin;
    }
    return std::string{object.substr(0, begin)}.append(object.substr(end));
}

}  // namespace arb::polymarket
