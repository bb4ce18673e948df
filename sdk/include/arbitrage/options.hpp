// The options of an instance: a JSON object that passed the plugin's schema. Defaults are given where an
// option is read, so they live in one place: the plugin's options.cpp.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "arbitrage/result.hpp"

namespace arb {

// "250ms", "30s", "5m", "1h", "90d"; a whole number and its unit.
inline Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    std::int64_t number = 0;
    std::size_t at = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && number < 100'000'000'000; ++at)
        number = number * 10 + (text[at] - '0');
    auto const unit = text.substr(at);
    std::int64_t const factor = unit == "ms"  ? 1
                                : unit == "s" ? 1000
                                : unit == "m" ? 60'000
                                : unit == "h" ? 3'600'000
                                : unit == "d" ? 86'400'000
                                              : 0;
    if (at == 0 || factor == 0 || number > INT64_MAX / 1'000'000 / factor)
        return permanent("expected a duration such as 250ms, 30s, 5m, 1h or 90d, got \"" + std::string{text} +
                         "\"");
    return std::chrono::milliseconds{number * factor};
}

// "512", "64KiB", "64MiB", "8GiB", "1TiB" in bytes.
inline Result<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t number = 0;
    std::size_t at = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && number < 100'000'000'000'000; ++at)
        number = number * 10 + static_cast<std::uint64_t>(text[at] - '0');
    auto const unit = text.substr(at);
    int const shift = unit.empty() || unit == "B" ? 0
                      : unit == "KiB"             ? 10
                      : unit == "MiB"             ? 20
                      : unit == "GiB"             ? 30
                      : unit == "TiB"             ? 40
                                                  : -1;
    if (at == 0 || shift < 0 || number > (UINT64_MAX >> shift))
        return permanent("expected a size such as 64MiB or 8GiB, got \"" + std::string{text} + "\"");
    return number << shift;
}

// Thread safety: const after construction.
class Options {
  public:
    explicit Options(boost::json::object object) : object_{std::move(object)} {}
    explicit Options(std::string_view json) : object_{boost::json::parse(json).as_object()} {}

    bool has(std::string_view key) const { return object_.contains(key); }
    boost::json::object const& object() const { return object_; }

    std::string text(std::string_view key, std::string_view otherwise = {}) const {
        auto const* const value = object_.if_contains(key);
        return std::string{value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                                  : otherwise};
    }
    std::int64_t integer(std::string_view key, std::int64_t otherwise) const {
        auto const* const value = object_.if_contains(key);
        return value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : otherwise;
    }
    bool flag(std::string_view key, bool otherwise) const {
        auto const* const value = object_.if_contains(key);
        return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
    }
    std::vector<std::string> list(std::string_view key, std::vector<std::string> otherwise = {}) const {
        auto const* const value = object_.if_contains(key);
        if (value == nullptr || !value->is_array()) return otherwise;
        std::vector<std::string> out;
        for (auto const& item : value->get_array())
            if (item.is_string()) out.emplace_back(item.get_string());
        return out;
    }
    std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds otherwise) const {
        return has(key) ? parse_duration(text(key)).value() : otherwise;
    }
    std::uint64_t size(std::string_view key, std::uint64_t otherwise) const {
        return has(key) ? parse_size(text(key)).value() : otherwise;
    }
    // The options below `key`; empty if there are none.
    Options section(std::string_view key) const {
        auto const* const value = object_.if_contains(key);
        return Options{value != nullptr && value->is_object() ? value->get_object() : boost::json::object{}};
    }

  private:
    boost::json::object object_;
};

}  // namespace arb
