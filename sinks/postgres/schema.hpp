// The numbered steps of the PostgreSQL schema. docs/schema.md says what the columns mean.
#pragma once

#include "sinks/sql/dialect.hpp"

namespace arb::postgres {

std::span<sql::Migration const> migrations();

}  // namespace arb::postgres
