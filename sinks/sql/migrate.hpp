// Brings the schema of a database up to this program's, one numbered step after the other, under a lock.
#pragma once

#include "sinks/sql/dialect.hpp"

namespace arb::sql {

// The version found, after the migrations ran. Throws Failure: a newer schema is refused and left untouched.
int migrate(Dialect& dialect);

// The version of the schema that is there, 0 if there is none. Throws Failure if it is newer than this
// program's.
int schema_version(Dialect& dialect);

}  // namespace arb::sql
