#include "sinks/sql/text.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <cstring>

namespace arb::sql {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t json_levels_max = 32;
constexpr std::size_t json_exponent_size_max = 5;  // "e-999": numeric ends at 131,072 digits
constexpr std::size_t json_number_size_max =
    64;  // bytes; numeric overflows far above, hostile numbers are far longer

// The length of the UTF-8 character at the beginning of `text`; 0 if there is none, or it is NUL.
std::size_t character(std::string_view text) {
    auto const at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    auto const follows = [&](std::size_t i, std::uint8_t low = 0x80, std::uint8_t high = 0xBF) {
        return i < text.size() && at(i) >= low && at(i) <= high;
    };
    auto const first = at(0);
    if (first < 0x80) return first == 0 ? 0 : 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        // No overlong forms and no surrogates.
        std::uint8_t const low = first == 0xE0 ? 0xA0 : 0x80, high = first == 0xED ? 0x9F : 0xBF;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        std::uint8_t const low = first == 0xF0 ? 0x90 : 0x80, high = first == 0xF4 ? 0x8F : 0xBF;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

// Sees the parts of a JSON text go by and refuses what a database would.
struct Judge {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    using Code = boost::json::error_code;
    using View = boost::json::string_view;

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_array_begin(Code&) { return true; }
    bool on_array_end(std::size_t, Code&) { return true; }
    bool on_object_begin(Code&) { return true; }
    bool on_object_end(std::size_t, Code&) { return true; }
    bool on_string_part(View part, std::size_t, Code& code) { return without_nul(part, code); }
    bool on_string(View part, std::size_t, Code& code) { return without_nul(part, code); }
    bool on_key_part(View part, std::size_t, Code& code) { return without_nul(part, code); }
    bool on_key(View part, std::size_t, Code& code) { return without_nul(part, code); }
    bool on_number_part(View part, Code& code) { return short_enough(number_size += part.size(), code); }
    bool on_int64(std::int64_t, View part, Code& code) { return end_number(part, code); }
    bool on_uint64(std::uint64_t, View part, Code& code) { return end_number(part, code); }
    bool on_double(double, View part, Code& code) { return end_number(part, code); }
    bool on_bool(bool, Code&) { return true; }
    bool on_null(Code&) { return true; }
    bool on_comment_part(View, Code&) { return true; }
    bool on_comment(View, Code&) { return true; }

    std::size_t number_size = 0;

  private:
    bool without_nul(View part, Code& code) {
        if (part.empty() || std::memchr(part.data(), '\0', part.size()) == nullptr) return true;
        code = boost::json::error::syntax;
        return false;
    }
    bool end_number(View part, Code& code) {
        auto const size = number_size + part.size();
        number_size = 0;
        auto const exponent = part.find_first_of("eE");
        if (exponent != View::npos && part.size() - exponent > json_exponent_size_max) {
            code = boost::json::error::syntax;
            return false;
        }
        return short_enough(size, code);
    }
    bool short_enough(std::size_t size, Code& code) {
        if (size <= json_number_size_max) return true;
        code = boost::json::error::syntax;
        return false;
    }
};

}  // namespace

bool is_clean(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        // Eight ASCII bytes at a time: none above 0x7F and none of them 0.
        if (at + 8 <= text.size()) {
            std::uint64_t word;
            std::memcpy(&word, text.data() + at, 8);
            constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
            if (((word | (word - ones)) & tops) == 0) {
                at += 8;
                continue;
            }
        }
        auto const size = character(text.substr(at));
        if (size == 0) return false;
        at += size;
    }
    return true;
}

std::string cleaned(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 16);
    while (!text.empty()) {
        auto const size = character(text);
        out += size == 0 ? replacement : text.substr(0, size);
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return out;
}

bool is_storable_json(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = json_levels_max;
    boost::json::basic_parser<Judge> parser{options};
    boost::json::error_code code;
    auto const read = parser.write_some(false, text.data(), text.size(), code);
    if (code || !parser.done()) return false;
    return text.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
}

void append_json_string(std::string& out, std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    out += '"';
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<std::uint8_t>(c) < 0x20) {
            out += "\\u00";
            out += digits[static_cast<std::uint8_t>(c) >> 4];
            out += digits[c & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

}  // namespace arb::sql
