// The options of an SQLite sink. Without any it writes var/arbitrage.db.
#pragma once

#include <chrono>
#include <string>

#include "sinks/sql/options.hpp"

namespace arb::sqlite {

struct Settings {
    std::string file;
    sql::Retention retention;
    // Readers never block the writer in WAL mode; another writer, such as a person's shell, may for so long.
    // Then the batch is tried again. Shorter than the host waits for a sink to stop.
    std::chrono::milliseconds busy_wait{2000};
};

// Throws ConfigurationError.
Settings read_settings(Options const& options);

}  // namespace arb::sqlite
