// What was measured, beside what it must not exceed.
//
// Thread safety: none.
#pragma once

#include <string>
#include <vector>

namespace arb::scale {

class Figures {
  public:
    // A figure that must be at most `bound`; false says that it is not.
    bool at_most(std::string const& name, double value, double bound, std::string const& unit);
    // A count that must be exactly that.
    bool exactly(std::string const& name, long long value, long long expected);
    // One that is only told.
    static void tell(std::string const& name, double value, std::string const& unit);
    static void say(std::string const& line);
    // What went wrong beside figures, with the words that explain it.
    void wrong(std::string const& what);
    bool all_kept() const { return missed_.empty(); }
    std::vector<std::string> const& missed() const { return missed_; }

  private:
    void line(std::string const& name, std::string const& value, std::string const& bound, bool kept);
    std::vector<std::string> missed_;
};

}  // namespace arb::scale
