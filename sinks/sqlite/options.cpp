#include "sinks/sqlite/options.hpp"

#include "arbitrage/commands.hpp"

namespace arb::sqlite {

Settings read_settings(Options const& options) {
    Settings out;
    out.file = options.text("file", "var/arbitrage.db");
    out.retention = sql::read_retention(options);
    if (out.file.empty())
        throw ConfigurationError{"/file", "is empty: name a file, such as var/arbitrage.db"};
    // SQLite and SOCI give these a meaning of their own.
    if (out.file.starts_with(":") || out.file.starts_with("file:") ||
        out.file.find_first_of("\"'=") != std::string::npos)
        throw ConfigurationError{"/file", "is not the plain path of a file"};
    return out;
}

}  // namespace arb::sqlite
