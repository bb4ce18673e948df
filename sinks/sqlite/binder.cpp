#include "sinks/sqlite/binder.hpp"

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "sinks/sql/text.hpp"

namespace arb::sqlite {
namespace {

using namespace sqlite_api;
using sql::Cell;
using sql::Type;

// SQLITE_STATIC: the bytes stay where they are until the statement has run. SQLITE_TRANSIENT: SQLite copies
// them.
constexpr sqlite3_destructor_type stays = nullptr;
sqlite3_destructor_type const copied = reinterpret_cast<sqlite3_destructor_type>(-1);

constexpr std::int64_t exact_max = 999'999'999'999'999;  // 15 digits

soci::sqlite3_session_backend& backend_of(soci::session& session) {
    return *static_cast<soci::sqlite3_session_backend*>(session.get_backend());
}

}  // namespace

bool fits_double(std::int64_t value, double& out) {
    double divisor = ARB_UNIT;
    for (; divisor > 1 && value % 10 == 0 && (value > exact_max || value < -exact_max); divisor /= 10)
        value /= 10;
    if (value > exact_max || value < -exact_max) {
        auto stripped = value;
        while (divisor == 1 && stripped != 0 && stripped % 10 == 0) stripped /= 10;
        if (stripped > exact_max || stripped < -exact_max) return false;
    }
    out = static_cast<double>(value) / divisor;
    return true;
}

Statement::Statement(soci::session& session, std::string const& text)
    : database_{backend_of(session).conn_}, backend_{session.get_backend()->make_statement_backend()} {
    backend_->alloc();
    backend_->prepare(text, soci::details::st_repeatable_query);
    statement_ = static_cast<soci::sqlite3_statement_backend&>(*backend_).stmt_;
}

Statement::~Statement() { backend_->clean_up(); }

void Statement::bind(int place, std::int64_t value) { sqlite3_bind_int64(statement_, place, value); }

void Statement::bind(int place, std::string_view value) {
    sqlite3_bind_text(statement_, place, value.data() != nullptr ? value.data() : "",
                      static_cast<int>(value.size()), stays);
}

void Statement::bind_copy(int place, std::string_view value) {
    sqlite3_bind_text(statement_, place, value.data(), static_cast<int>(value.size()), copied);
}

void Statement::bind_decimal(int place, std::int64_t value) {
    double number = 0;
    if (fits_double(value, number))
        sqlite3_bind_double(statement_, place, number);
    else
        bind_copy(place, format_decimal(value));
}

// Rows of a batch are mostly of the same second: only the fraction is written anew.
void Statement::bind_time(int place, std::int64_t value) {
    constexpr std::size_t fraction_at = 20;  // "2026-10-08T18:05:03."
    auto const second = value / second_ns;
    if (value < 0 || second != second_) {
        time_ = format_time(value);
        second_ = value < 0 ? -1 : second;
    } else {
        auto micros = value % second_ns / 1000;
        for (auto i = fraction_at + 6; i-- != fraction_at; micros /= 10)
            time_[i] = static_cast<char>('0' + micros % 10);
    }
    bind_copy(place, time_);
}

void Statement::bind_list(int place, Cell const& cell, Type type) {
    std::string json = "[";
    for (std::size_t i = 0; i != static_cast<std::size_t>(cell.number); ++i) {
        if (i != 0) json += ',';
        double number = 0;
        if (type == Type::texts)
            sql::append_json_string(json, cell.texts()[i]);
        else if (fits_double(cell.decimal(i), number))
            json += format_decimal(cell.decimal(i));
        else
            sql::append_json_string(json, format_decimal(cell.decimal(i)));
    }
    bind_copy(place, json + "]");
}

void Statement::bind(Cell const* row, sql::Table const& table) {
    for (std::size_t i = 0; i != table.columns.size(); ++i) {
        auto const place = static_cast<int>(i + 1);
        auto const& cell = row[i];
        if (cell.is_null()) {
            sqlite3_bind_null(statement_, place);
            continue;
        }
        switch (table.columns[i].type) {
            case Type::small:
            case Type::integer:
            case Type::big:
            case Type::boolean:
                bind(place, cell.number);
                break;
            case Type::decimal:
                bind_decimal(place, cell.number);
                break;
            case Type::time:
                bind_time(place, cell.number);
                break;
            case Type::text:
            case Type::json:
                bind(place, cell.text());
                break;
            case Type::texts:
            case Type::decimals:
                bind_list(place, cell, table.columns[i].type);
                break;
            case Type::bytes:
                sqlite3_bind_blob(statement_, place, cell.data, static_cast<int>(cell.number), stays);
                break;
        }
    }
}

std::int64_t Statement::run() {
    std::int64_t first = 0;
    auto result = sqlite3_step(statement_);
    if (result == SQLITE_ROW) {
        first = sqlite3_column_int64(statement_, 0);
        while (result == SQLITE_ROW) result = sqlite3_step(statement_);
    }
    if (result != SQLITE_DONE) {
        SqliteError const error{sqlite3_extended_errcode(database_), sqlite3_errmsg(database_)};
        sqlite3_reset(statement_);
        throw error;
    }
    sqlite3_reset(statement_);
    return first;
}

}  // namespace arb::sqlite
