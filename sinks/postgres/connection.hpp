// One connection to PostgreSQL: SOCI's session, and libpq under it for COPY and for statements sent together.
// Every call has a deadline of ours; every error is a sql::Failure.
//
// Thread safety: one thread, except interrupt.
#pragma once

#include <libpq-fe.h>
#include <soci/soci.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sinks/postgres/binary.hpp"
#include "sinks/postgres/deadline.hpp"
#include "sinks/postgres/options.hpp"
#include "sinks/sql/dialect.hpp"

namespace arb::postgres {

// What a SQLSTATE means for the sink; an empty one is a broken connection.
sql::Trouble trouble_of(std::string_view sqlstate);

class Connection {
  public:
    explicit Connection(Settings settings) : settings_{std::move(settings)} {}

    // Connects within 5 s; throws Failure.
    void open();
    void close() noexcept;
    bool is_open() const noexcept { return session_.has_value(); }
    // For statements that are not on the hot path; each use gives them 30 s.
    soci::session& session();
    PGconn* native() const { return native_; }
    std::string name() const { return settings_.name; }

    // Runs statements without parameters; the rows of the last one, as text.
    std::vector<std::vector<std::string>> run(std::string const& statements);

    // COPY ... FROM STDIN (FORMAT binary): begin, any number of put, end.
    void copy_begin(std::string const& statement);
    void copy_put(Binary const& bytes);
    void copy_end();

    // Statements sent together and answered together, so that they cost one round trip. `finish` throws the
    // first error; the rest were not executed then.
    void prepare(std::string const& name, std::string const& statement, std::vector<Oid> const& types);
    // Runs a prepared statement with binary parameters at once; its rows, as text.
    std::vector<std::vector<std::string>> query_prepared(std::string const& name,
                                                         std::vector<std::string_view> const& values);
    void send(std::string const& statement);
    void send_prepared(std::string const& name, std::vector<std::string_view> const& values,
                       std::vector<int> const& formats);
    void finish();

    sql::Failure explain(std::exception const& error) const;
    void rest() noexcept { deadline_.clear(); }
    void interrupt() noexcept;

  private:
    struct Free {
        void operator()(PGresult* result) const { PQclear(result); }
    };
    using Answer = std::unique_ptr<PGresult, Free>;

    void allow_time();
    [[noreturn]] void fail(PGresult const* result);
    sql::Failure failure(std::string_view sqlstate, std::string_view message) const;
    std::string diagnose() const;
    void pipeline();
    std::vector<std::vector<std::string>> rows_of(Answer const& answer);

    Settings const settings_;
    std::optional<soci::session> session_;
    PGconn* native_ = nullptr;  // of session_
    int sent_ = 0;              // statements in the pipeline
    Deadline deadline_;
};

}  // namespace arb::postgres
