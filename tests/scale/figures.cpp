#include "scale/figures.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace arb::scale {

void Figures::say(std::string const& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

void Figures::line(std::string const& name, std::string const& value, std::string const& bound, bool kept) {
    say(fmt::format("  {:<52} {:>16}   {:<22} {}", name, value, bound, kept ? "kept" : "MISSED"));
    if (!kept) missed_.push_back(name);
}

bool Figures::at_most(std::string const& name, double value, double bound, std::string const& unit) {
    bool const kept = value <= bound;
    line(name, fmt::format("{:.2f} {}", value, unit), fmt::format("at most {:g} {}", bound, unit), kept);
    return kept;
}

bool Figures::exactly(std::string const& name, long long value, long long expected) {
    bool const kept = value == expected;
    line(name, std::to_string(value), "exactly " + std::to_string(expected), kept);
    return kept;
}

void Figures::tell(std::string const& name, double value, std::string const& unit) {
    say(fmt::format("  {:<52} {:>16}", name, fmt::format("{:.2f} {}", value, unit)));
}

void Figures::wrong(std::string const& what) {
    say("  WRONG: " + what);
    missed_.push_back(what);
}

}  // namespace arb::scale
