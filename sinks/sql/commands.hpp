// The one-off commands of every database sink: compare, tables, gaps, deadletters.
#pragma once

#include "arbitrage/commands.hpp"
#include "sinks/sql/dialect.hpp"

namespace arb::sql {

// Runs a command on a connected dialect. Amounts are texts in the rows, so that they stay exact. Throws
// Failure.
void run_command(Dialect& dialect, std::string_view name, Options const& parameters, arb::Rows const& row);

}  // namespace arb::sql
