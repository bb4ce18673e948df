// A value or the reason there is none. Nothing in this project throws for what is expected to go wrong.
#pragma once

#include <algorithm>
#include <boost/system/result.hpp>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include "arbitrage/abi/base.h"

namespace arb {

// What happened, as one sentence for people, and what the caller can do about it: `status` is ARB_RETRY,
// ARB_PERMANENT, ARB_CLOSED or ARB_INVALID. `where` is a JSON pointer to the option at fault, or empty.
struct Error {
    Error() : status{ARB_OK} {}
    Error(arb_status s, std::string what, std::string at = {})
        : status{s}, text{std::move(what)}, where{std::move(at)} {}

    arb_status status;
    std::string text;
    std::string where;
};

inline Error retry(std::string text) { return {ARB_RETRY, std::move(text), {}}; }
inline Error permanent(std::string text) { return {ARB_PERMANENT, std::move(text), {}}; }
inline Error closed() { return {ARB_CLOSED, "the pipeline is stopping", {}}; }
inline Error invalid(std::string where, std::string text) {
    return {ARB_INVALID, std::move(text), std::move(where)};
}

[[noreturn]] inline void throw_exception_from_error(Error const& error, boost::source_location const&) {
    throw std::runtime_error(error.text);
}

template<class T = void>
using Result = boost::system::result<T, Error>;

// Copies an error across the boundary; texts that do not fit are cut at the end.
inline arb_status to_c(Error const& from, arb_error* to) noexcept {
    if (to != nullptr) {
        auto const copy = [](std::string_view text, char* out, std::size_t room) {
            auto const size = std::min(text.size(), room - 1);
            std::memcpy(out, text.data(), size);
            out[size] = '\0';
        };
        copy(from.where, to->where, sizeof to->where);
        copy(from.text, to->text, sizeof to->text);
    }
    return from.status;
}

inline Error from_c(arb_status status, arb_error const& from) { return {status, from.text, from.where}; }

inline arb_error empty_error() noexcept {
    arb_error error{};
    error.size = sizeof error;
    return error;
}

inline arb_text to_c(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view view(arb_text text) noexcept { return {text.data, text.size}; }

}  // namespace arb
