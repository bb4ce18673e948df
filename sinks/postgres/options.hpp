// The options of a PostgreSQL sink. `url` is the one that has to be given.
#pragma once

#include <chrono>
#include <string>

#include "arbitrage/commands.hpp"
#include "sinks/sql/options.hpp"

namespace arb::postgres {

struct Settings {
    std::string connection;  // for libpq, with time-outs and sslmode; holds the password
    std::string name;        // the server for people, without secrets
    std::string warning;     // empty, or why the connection is less safe than it should be
    sql::Retention retention;
    std::chrono::milliseconds statement_max{30'000};  // for the server's answer; shorter ones are for tests
};

// Throws ConfigurationError.
Settings read_settings(Options const& options);

}  // namespace arb::postgres
