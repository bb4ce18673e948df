// A prepared statement of a SOCI session whose parameters are bound without SOCI: one column may hold a
// number in one row and a text in the next, which SOCI's typed variables cannot say.
//
// Ownership: texts are borrowed until the next call of run. Thread safety: none.
#pragma once

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <memory>
#include <string>

#include "sinks/sql/rows.hpp"

namespace arb::sqlite {

// The extended result code of a failed call, with what SQLite says of it.
class SqliteError : public std::runtime_error {
  public:
    SqliteError(int result, std::string const& text) : std::runtime_error{text}, code{result} {}
    int const code;
};

// Decimal, as SQLite stores it: a double where the shortest decimal that reads back as the same double is the
// value itself, which at most 15 digits guarantee; else a text.
bool fits_double(std::int64_t millionths, double& out);

class Statement {
  public:
    Statement(soci::session& session, std::string const& text);
    ~Statement();
    Statement(Statement const&) = delete;
    Statement& operator=(Statement const&) = delete;

    void bind(int place, std::int64_t value);
    void bind(int place, std::string_view value);
    // The row's cells as parameters 1, 2, ...
    void bind(sql::Cell const* row, sql::Table const& table);
    // Runs it to the end; the first column of the first row, or 0.
    std::int64_t run();

  private:
    void bind_decimal(int place, std::int64_t value);
    void bind_time(int place, std::int64_t value);
    void bind_list(int place, sql::Cell const& cell, sql::Type type);
    void bind_copy(int place, std::string_view value);

    sqlite_api::sqlite3* const database_;
    std::unique_ptr<soci::details::statement_backend> const backend_;
    sqlite_api::sqlite3_stmt* statement_ = nullptr;  // of backend_
    std::int64_t second_ = -1;                       // what time_ says up to the seconds
    std::string time_;
};

}  // namespace arb::sqlite
