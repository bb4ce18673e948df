// Pieces of a JSON text as they stand there: for raw columns, and so that one unreadable market of a page
// does not take its neighbours along. Only finds borders; what lies between them is parsed by Boost.JSON.
//
// Thread safety: pure functions. Results point into the argument.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace arb::polymarket {

// Calls `visit` with each element of an array, without surrounding blanks. False if the text is not an array
// or ends early; the elements before the damage were visited.
bool for_each_element(std::string_view array, std::function<void(std::string_view)> const& visit);

// The value of the first member of that name of an object; nothing if there is none or the text is not an
// object. `key` has no characters that JSON escapes.
std::optional<std::string_view> member(std::string_view object, std::string_view key);

// Calls `visit` with the name and the value of each member of an object, as far as it is one.
void for_each_member(std::string_view object,
                     std::function<void(std::string_view key, std::string_view value)> const& visit);

// The object without that member.
std::string without_member(std::string_view object, std::string_view key);

// An object and one of its members that is a list, in one pass: pages of listings have megabytes.
struct Split {
    std::string rest;  // the object without that member
    std::vector<std::string_view> elements;
    bool is_list = false;  // the member is there, and is one
    bool whole = false;    // the object was read to its end; else the elements before the damage are there
};
Split split_list(std::string_view object, std::string_view key);

}  // namespace arb::polymarket
