#include "pipeline/database.hpp"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <stdexcept>

namespace arb::test {
namespace {

constexpr int busy_max_ms = 5000;  // the collector may be committing

class Sqlite final : public Database {
  public:
    explicit Sqlite(std::string const& file) {
        sqlite3* opened = nullptr;
        int const code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
        database_ = {opened, &sqlite3_close};
        if (code != SQLITE_OK) throw std::runtime_error(file + ": " + sqlite3_errmsg(opened));
        sqlite3_busy_timeout(opened, busy_max_ms);
    }

    std::vector<Row> rows(std::string const& query) override {
        sqlite3_stmt* prepared = nullptr;
        if (sqlite3_prepare_v2(database_.get(), query.c_str(), -1, &prepared, nullptr) != SQLITE_OK)
            throw std::runtime_error(query + ": " + sqlite3_errmsg(database_.get()));
        std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> const statement{prepared, &sqlite3_finalize};
        std::vector<Row> out;
        int code = 0;
        while ((code = sqlite3_step(prepared)) == SQLITE_ROW) {
            Row row;
            for (int column = 0; column != sqlite3_column_count(prepared); ++column) {
                auto const* const text = reinterpret_cast<char const*>(sqlite3_column_text(prepared, column));
                auto const size = static_cast<std::size_t>(sqlite3_column_bytes(prepared, column));
                row.push_back(text == nullptr ? std::nullopt : std::optional{std::string{text, size}});
            }
            out.push_back(std::move(row));
        }
        if (code != SQLITE_DONE) throw std::runtime_error(query + ": " + sqlite3_errmsg(database_.get()));
        return out;
    }

  private:
    std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_{nullptr, &sqlite3_close};
};

class Postgres final : public Database {
  public:
    explicit Postgres(std::string const& url) : connection_{PQconnectdb(url.c_str()), &PQfinish} {
        if (PQstatus(connection_.get()) != CONNECTION_OK)
            throw std::runtime_error(PQerrorMessage(connection_.get()));
    }

    std::vector<Row> rows(std::string const& query) override {
        std::unique_ptr<PGresult, void (*)(PGresult*)> const result{PQexec(connection_.get(), query.c_str()),
                                                                    &PQclear};
        if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
            throw std::runtime_error(query + ": " + PQerrorMessage(connection_.get()));
        std::vector<Row> out;
        for (int row = 0; row != PQntuples(result.get()); ++row) {
            Row& to = out.emplace_back();
            for (int column = 0; column != PQnfields(result.get()); ++column)
                to.push_back(PQgetisnull(result.get(), row, column) != 0
                                 ? std::nullopt
                                 : std::optional{std::string{PQgetvalue(result.get(), row, column)}});
        }
        return out;
    }

  private:
    std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

}  // namespace

std::unique_ptr<Database> open_sqlite(std::string const& file) { return std::make_unique<Sqlite>(file); }
std::unique_ptr<Database> open_postgres(std::string const& url) { return std::make_unique<Postgres>(url); }

}  // namespace arb::test
