// The one-off commands of every database sink: compare, tables, gaps, book, deadletters list and show. What
// changes something, deadletters replay, is the sink's own (replay.cpp).
#pragma once

#include "arbitrage/commands.hpp"
#include "sinks/sql/dialect.hpp"

namespace arb::sql {

// Throw Failure if no pipeline of this version ever ran on the database: before connecting, and after it.
void need_database(Dialect const& dialect);
void need_tables(Dialect& dialect);

// Runs a command on a connected dialect with tables. Amounts are texts in the rows, so that they stay exact.
// Throws Failure.
void run_command(Dialect& dialect, std::string_view name, Options const& parameters, arb::Rows const& row);

// A statement whose columns are all texts: each row as a JSON object, NULL as null. `values` are its
// parameters in order.
void read_texts(soci::session& session, std::string const& statement, std::vector<std::string> const& values,
                arb::Rows const& out);
// Columns of texts that are given on otherwise: numbers and booleans as JSON's own (not amounts, which have
// to stay exact), times in the one way this program writes them.
struct Spoken {
    std::vector<char const*> values;
    std::vector<char const*> times;
};
// Rows as such texts in, as people want them out. `out` must outlive it.
arb::Rows plain(Spoken columns, arb::Rows const& out);
// "CAST(a AS TEXT) AS a, ..."
std::string columns_as_text(std::initializer_list<char const*> columns);

}  // namespace arb::sql
