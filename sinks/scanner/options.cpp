#include "sinks/scanner/options.hpp"

namespace arb::scanner {

Settings read_settings(Options const& options) { return {options.text("pairs_file", "config/pairs.yaml")}; }

}  // namespace arb::scanner
