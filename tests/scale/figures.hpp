// What was measured, beside what it must not exceed.
//
// Thread safety: none.
#pragma once

#include <string>
#include <vector>

namespace arb::scale {

class Figures {
  public:
    // `strict`: speeds are held to their bounds, too. Without it one that was missed is only told: a machine
    // that does other things at once proves nothing about them.
    explicit Figures(bool strict) : strict_{strict} {}

    // What must hold on every machine.
    void at_most(std::string const& name, double value, double bound, std::string const& unit);
    void exactly(std::string const& name, long long value, long long expected);
    // What depends on the machine, and on what else it does.
    void speed(std::string const& name, double value, double bound, std::string const& unit);
    // A figure without a bound.
    static void tell(std::string const& name, double value, std::string const& unit);
    static void say(std::string const& line);
    // What went wrong beside figures, with the words that explain it.
    void wrong(std::string const& what);

    bool strict() const { return strict_; }
    bool all_kept() const { return missed_.empty(); }

  private:
    void line(std::string const& name, std::string const& value, std::string const& bound,
              std::string const& outcome);
    bool const strict_;
    std::vector<std::string> missed_;
};

}  // namespace arb::scale
