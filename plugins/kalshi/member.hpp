// Members of a REST body's objects as texts and Fields; for the sources of this folder.
//
// Thread safety: none. Texts live as long as their object.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "decode.hpp"

namespace arb::kalshi {

inline std::string_view view(boost::json::string const& text) { return {text.data(), text.size()}; }

// The text of a member; empty if it is no string.
inline std::string_view text(boost::json::object const& object, std::string_view key) {
    auto const* const value = object.if_contains(key);
    return value != nullptr && value->is_string() ? view(value->get_string()) : std::string_view{};
}

// A member as a Field. A number becomes its shortest decimal text, which for what the venue prints is what it
// printed.
class Member {
  public:
    Member(boost::json::object const& object, std::string_view key) {
        auto const* const value = object.if_contains(key);
        if (value == nullptr) return;
        switch (value->kind()) {
            case boost::json::kind::null:
                field_.kind = Field::Kind::null;
                break;
            case boost::json::kind::string:
                field_ = {Field::Kind::text, view(value->get_string())};
                break;
            case boost::json::kind::int64:
                number("{}", value->get_int64());
                break;
            case boost::json::kind::uint64:
                number("{}", value->get_uint64());
                break;
            case boost::json::kind::double_:
                number("{}", value->get_double());
                break;
            case boost::json::kind::bool_:
                field_.kind = Field::Kind::boolean;
                break;
            default:
                field_.kind = Field::Kind::other;
                break;
        }
    }
    Member(Member const&) = delete;
    Member& operator=(Member const&) = delete;
    operator Field() const { return field_; }

  private:
    template<class Number>
    void number(fmt::format_string<Number&> format, Number value) {
        auto const end = fmt::format_to_n(buffer_.data(), buffer_.size(), format, value);
        field_ = {Field::Kind::number, {buffer_.data(), std::min(end.size, buffer_.size())}};
    }
    Field field_;
    std::array<char, 40> buffer_;
};

// Titles, and what lawyers write.
inline constexpr std::size_t title_size_max = 64 << 10, rules_size_max = 1 << 20;

// JSON as the venue wrote it: 0.5 stays 0.5, where Boost.JSON would write 5E-1.
std::string json_text(boost::json::value const& value);
std::string json_text(boost::json::object const& object);

// The text of a member. One that is missing though required, that is no text, or that is too long to be what
// it claims is doubtful and left out.
inline std::string_view read_text(boost::json::object const& object, std::string_view key, Need need,
                                  Doubts& doubts, std::size_t size_max = word_size_max) {
    auto const* const value = object.if_contains(key);
    if (value == nullptr || value->is_null()) {
        if (need == Need::required) doubts.add(key, value == nullptr ? ARB_DRIFT_MISSING : ARB_DRIFT_RETYPED);
        return {};
    }
    if (!value->is_string() || value->get_string().size() > size_max) {
        doubts.add(key);
        return {};
    }
    return view(value->get_string());
}

// ARB_YES or ARB_NO. One that is neither true nor false is doubtful and, as one that is missing, not known.
inline std::int32_t read_flag(boost::json::object const& object, std::string_view key, Doubts& doubts) {
    auto const* const value = object.if_contains(key);
    if (value == nullptr || value->is_null()) return ARB_NOT_KNOWN;
    if (value->is_bool()) return value->get_bool() ? ARB_YES : ARB_NO;
    doubts.add(key);
    return ARB_NOT_KNOWN;
}

}  // namespace arb::kalshi
