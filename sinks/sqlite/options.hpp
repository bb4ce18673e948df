// The options of an SQLite sink. Without any it writes var/arbitrage.db.
#pragma once

#include <string>

#include "sinks/sql/options.hpp"

namespace arb::sqlite {

struct Settings {
    std::string file;
    sql::Retention retention;
};

// Throws ConfigurationError.
Settings read_settings(Options const& options);

}  // namespace arb::sqlite
