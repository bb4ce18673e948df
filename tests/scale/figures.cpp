#include "scale/figures.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace arb::scale {
namespace {

std::string shown(double value, std::string const& unit) { return fmt::format("{:.2f} {}", value, unit); }
std::string bounded(double bound, std::string const& unit) {
    return fmt::format("at most {:g} {}", bound, unit);
}

}  // namespace

void Figures::say(std::string const& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

void Figures::line(std::string const& name, std::string const& value, std::string const& bound,
                   std::string const& outcome) {
    say(fmt::format("  {:<52} {:>16}   {:<22} {}", name, value, bound, outcome));
    if (outcome == "MISSED") missed_.push_back(name);
}

void Figures::at_most(std::string const& name, double value, double bound, std::string const& unit) {
    line(name, shown(value, unit), bounded(bound, unit), value <= bound ? "kept" : "MISSED");
}

void Figures::speed(std::string const& name, double value, double bound, std::string const& unit) {
    line(name, shown(value, unit), bounded(bound, unit),
         value <= bound ? "kept"
         : strict_      ? "MISSED"
                        : "missed, which does not count here");
}

void Figures::exactly(std::string const& name, long long value, long long expected) {
    line(name, std::to_string(value), "exactly " + std::to_string(expected),
         value == expected ? "kept" : "MISSED");
}

void Figures::tell(std::string const& name, double value, std::string const& unit) {
    say(fmt::format("  {:<52} {:>16}", name, shown(value, unit)));
}

void Figures::wrong(std::string const& what) {
    say("  WRONG: " + what);
    missed_.push_back(what);
}

}  // namespace arb::scale
