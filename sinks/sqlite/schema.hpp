// The numbered steps of the SQLite schema. docs/schema.md says what the columns mean.
#pragma once

#include "sinks/sql/dialect.hpp"

namespace arb::sqlite {

std::span<sql::Migration const> migrations();

}  // namespace arb::sqlite
