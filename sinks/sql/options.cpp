#include "sinks/sql/options.hpp"

#include "arbitrage/commands.hpp"

namespace arb::sql {
namespace {

constexpr std::chrono::hours retention_min{24};

std::chrono::milliseconds kept_for(Options const& options, std::string_view key) {
    auto const text = options.text(key);
    if (text.empty()) return std::chrono::milliseconds{0};
    auto const where = "/retention/" + std::string{key};
    auto const duration = parse_duration(text);
    if (duration.has_error()) throw ConfigurationError{where, duration.error().text};
    if (duration.value().count() != 0 && duration.value() < retention_min)
        throw ConfigurationError{where,
                                 "cannot be " + text + ": give at least 1d, or 0d to keep rows for ever"};
    return duration.value();
}

}  // namespace

Retention read_retention(Options const& options) {
    auto const section = options.section("retention");
    return {kept_for(section, "ticks"), kept_for(section, "trades"), kept_for(section, "books"),
            kept_for(section, "status")};
}

}  // namespace arb::sql
