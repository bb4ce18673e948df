#include "polymarket/json_text.hpp"

#include <array>
#include <cstring>

namespace arb::polymarket {

namespace {

constexpr auto npos = std::string_view::npos;

std::size_t skip_blanks(std::string_view text, std::size_t at) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
        ++at;
    return at;
}

// `at` is an opening quote; the place behind the closing one.
std::size_t string_end(std::string_view text, std::size_t const at) {
    for (auto from = at + 1; from < text.size();) {
        auto const* const found = std::memchr(text.data() + from, '"', text.size() - from);
        if (found == nullptr) return npos;
        auto const quote = static_cast<std::size_t>(static_cast<char const*>(found) - text.data());
        // An odd number of backslashes makes it a part of the string.
        std::size_t slashes = 0;
        while (quote - slashes > from && text[quote - slashes - 1] == '\\') ++slashes;
        if (slashes % 2 == 0) return quote + 1;
        from = quote + 1;
    }
    return npos;
}

// What opens or closes something.
constexpr auto structural = [] {
    std::array<bool, 256> out{};
    for (auto const c : {'"', '{', '}', '[', ']'}) out[static_cast<unsigned char>(c)] = true;
    return out;
}();

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
        if (!structural[static_cast<unsigned char>(c)]) {
            ++at;
        } else if (c == '"') {
            at = string_end(text, at);
        } else {
            c == '{' || c == '[' ? ++depth : --depth;
            ++at;
            if (depth == 0) return at;
        }
    }
    return npos;
}

// Visits the elements of the array that begins at `at`; the place behind it, or npos where it is none.
template<class Visit>
std::size_t visit_elements(std::string_view text, std::size_t at, Visit const& visit) {
    if (at >= text.size() || text[at] != '[') return npos;
    at = skip_blanks(text, at + 1);
    if (at < text.size() && text[at] == ']') return at + 1;
    while (true) {
        auto const end = value_end(text, at);
        if (end == npos) return npos;
        visit(text.substr(at, end - at));
        at = skip_blanks(text, end);
        if (at >= text.size()) return npos;
        if (text[at] == ']') return at + 1;
        if (text[at] != ',') return npos;
        at = skip_blanks(text, at + 1);
    }
}

// The members of an object, one after the other; each is passed by the end of its value.
class Members {
  public:
    explicit Members(std::string_view text) : text_{text}, at_{skip_blanks(text, 0)} {
        at_ = at_ < text.size() && text[at_] == '{' ? skip_blanks(text, at_ + 1) : npos;
    }
    // At the next one; false at the end, or where the text is no object.
    bool next() {
        if (at_ >= text_.size()) return false;
        if (text_[at_] != '"') {
            whole = text_[at_] == '}';
            return false;
        }
        begin = at_;
        auto const name_end = string_end(text_, at_);
        if (name_end == npos) return false;
        name = text_.substr(begin + 1, name_end - begin - 2);
        at_ = skip_blanks(text_, name_end);
        if (at_ >= text_.size() || text_[at_] != ':') return false;
        value = skip_blanks(text_, at_ + 1);
        return true;
    }
    bool pass(std::size_t value_end) {
        end = value_end;
        at_ = end == npos ? npos : skip_blanks(text_, end);
        if (at_ >= text_.size()) return end != npos;
        if (text_[at_] == ',')
            at_ = skip_blanks(text_, at_ + 1);
        else if (text_[at_] != '}')
            at_ = npos;
        return end != npos;
    }

    std::string_view name;
    std::size_t begin = 0, value = 0, end = 0;  // of the member, its value, and behind it
    bool whole = false;                         // the object was read to its end

  private:
    std::string_view const text_;
    std::size_t at_;
};

// The object without the member.
std::string without(std::string_view object, Members const& member) {
    auto end = skip_blanks(object, member.end);
    auto begin = member.begin;
    if (end < object.size() && object[end] == ',') {
        end = skip_blanks(object, end + 1);
    } else {
        while (begin > 0 && object[begin - 1] != ',' && object[begin - 1] != '{') --begin;
        if (begin > 0 && object[begin - 1] == ',') --begin;
    }
    return std::string{object.substr(0, begin)}.append(object.substr(end));
}

// At the member of that name; false if there is none.
bool find(Members& members, std::string_view object, std::string_view key) {
    while (members.next()) {
        if (!members.pass(value_end(object, members.value))) return false;
        if (members.name == key) return true;
    }
    return false;
}

}  // namespace

bool for_each_element(std::string_view array, std::function<void(std::string_view)> const& visit) {
    return visit_elements(array, skip_blanks(array, 0), visit) != npos;
}

std::optional<std::string_view> member(std::string_view object, std::string_view key) {
    Members members{object};
    if (!find(members, object, key)) return {};
    return object.substr(members.value, members.end - members.value);
}

void for_each_member(std::string_view object,
                     std::function<void(std::string_view key, std::string_view value)> const& visit) {
    Members members{object};
    while (members.next() && members.pass(value_end(object, members.value)))
        visit(members.name, object.substr(members.value, members.end - members.value));
}

std::string without_member(std::string_view object, std::string_view key) {
    Members members{object};
    return find(members, object, key) ? without(object, members) : std::string{object};
}

Split split_list(std::string_view object, std::string_view key) {
    Split out;
    Members members{object};
    auto const keep = [&](std::string_view element) { out.elements.push_back(element); };
    bool found = false;
    while (members.next()) {
        bool const wanted = !found && members.name == key;
        bool const list = wanted && members.value < object.size() && object[members.value] == '[';
        auto const end =
            list ? visit_elements(object, members.value, keep) : value_end(object, members.value);
        if (!members.pass(end)) break;
        if (!wanted) continue;
        found = true;
        out.is_list = list;
        out.rest = without(object, members);
    }
    out.whole = members.whole;
    if (!found) out.rest = object;
    return out;
}

}  // namespace arb::polymarket
