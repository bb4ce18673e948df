// What the tests of the host share: reading a pipeline from text, and where things were built.
#pragma once

#include <string>

#include "host/config/config.hpp"
#include "support/temporary_directory.hpp"

namespace arb::test {

inline std::string const plugins = ARBITRAGE_TEST_PLUGINS;

// A pipeline that works, in front of which a test puts what it is about.
inline std::string const plugin_path_line = "plugin_path: [\"" + plugins + "\"]\n";

// Problems as lines, without the temporary directory in front.
inline std::string told(host::Problems const& problems, std::string const& directory) {
    std::string out;
    for (auto const& problem : problems.sorted()) {
        auto line = print(problem);
        for (auto at = line.find(directory + "/"); at != std::string::npos; at = line.find(directory + "/"))
            line.erase(at, directory.size() + 1);
        out += line + "\n";
    }
    return out;
}

}  // namespace arb::test
