#include "sinks/postgres/connection.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <soci/postgresql/soci-postgresql.h>

#include <algorithm>
#include <cctype>
#include <chrono>

namespace arb::postgres {
namespace {

using sql::Failure;
using sql::Trouble;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds connect_max = 5s;
// A server that took longer than this to refuse is not asked a second time why.
constexpr std::chrono::milliseconds diagnose_after_max = 1s;
// What a statement still gets once the pipeline stops.
constexpr std::chrono::milliseconds stop_grace = 2s;
// division_by_zero, which only the statement that moves the position can cause (dialect.cpp).
constexpr std::string_view position_moved = "22012";
constexpr std::string_view unique_violation = "23505";
constexpr int oldest_server = 130000;  // older ones are out of maintenance

// A plan made for arrays of 5,000 names reads a whole table to find them; one that does not know how many
// there will be looks each up.
constexpr char const* session_settings =
    "SET client_min_messages = warning; SET timezone = 'UTC'; SET datestyle = 'ISO'; SET synchronous_commit "
    "= on; "
    "SET plan_cache_mode = force_generic_plan; "
    "SET lock_timeout = '5s'; SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'";

bool begins_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
    return std::any_of(beginnings.begin(), beginnings.end(),
                       [&](auto each) { return text.starts_with(each); });
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
    return text;
}

// The first line: what follows are hints and positions.
std::string_view first_line(std::string_view text) { return trimmed(text.substr(0, text.find('\n'))); }

}  // namespace

// docs/operating.md has this as a table. Class 42 is about statements, tables and rights, never about a
// value: a person changed something.
Trouble trouble_of(std::string_view state) {
    if (trimmed(state).empty() || state == position_moved) return Trouble::retry;
    if (begins_with_any(state, {"08", "53", "57P0", "58", "40001", "40P01", "55P03", "57014", "25006", "XX"}))
        return Trouble::retry;
    if (begins_with_any(state, {"42", "0A000", "28", "3D000", "3F000"})) return Trouble::held;
    if (begins_with_any(state, {"22021", "22P05", "22P02", "22003", "22008", "22001", "23502", "23505",
                                "23514", "21000", "54000", "54001"}))
        return Trouble::data;
    return Trouble::unknown;
}

Failure Connection::failure(std::string_view state, std::string_view message) const {
    auto const trouble = trouble_of(state);
    auto const what = first_line(message);
    if (deadline_.passed())
        return {Trouble::retry,
                fmt::format("{} did not answer in time; the connection was given up", name())};
    if (state == position_moved)
        return {trouble, fmt::format("{}: an earlier session of this sink has stored packets after its "
                                     "connection broke; what is stored is asked anew",
                                     name())};
    switch (trouble) {
        case Trouble::retry:
            return {trouble, fmt::format("{} is not available: {}{}", name(), what,
                                         what.find("certificate") == std::string_view::npos
                                             ? ""
                                             : "; sslrootcert in the url names the file of the authority to "
                                               "trust, and host must be a name in the certificate")};
        case Trouble::held:
            return {
                trouble,
                fmt::format(
                    "{} refuses: {} ({}). Nothing is lost: the queue keeps what arrives until it is mended",
                    name(), what, state),
                state.starts_with("28") || state == "3D000" ? "/url" : ""};
        case Trouble::data:
            if (state == unique_violation)
                return {trouble,
                        fmt::format("{} ({}): no key of this program forbids that row, so the tables "
                                    "are not what it made",
                                    what, state),
                        "", true};
            return {trouble, fmt::format("{} ({})", what, state)};
        case Trouble::unknown:
            return {trouble, fmt::format("{}: {} ({})", name(), what, state)};
    }
    return {Trouble::unknown, std::string{what}};
}

void Connection::fail(PGresult const* result) {
    auto const* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    auto const* const message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    auto const dead = PQstatus(native_) != CONNECTION_OK;
    throw failure(state != nullptr && !dead ? state : "",
                  message != nullptr ? message : PQerrorMessage(native_));
}

Failure Connection::explain(std::exception const& error) const {
    if (auto const* const known = dynamic_cast<Failure const*>(&error)) return *known;
    if (auto const* const thrown = dynamic_cast<soci::postgresql_soci_error const*>(&error)) {
        auto const dead = native_ != nullptr && PQstatus(native_) != CONNECTION_OK;
        return failure(dead ? "" : thrown->sqlstate(), thrown->get_error_message());
    }
    if (dynamic_cast<std::bad_alloc const*>(&error) != nullptr) return {Trouble::retry, "out of memory"};
    return {Trouble::unknown, fmt::format("{}: {}", name(), error.what())};
}

// SOCI's connect says why it failed only in words. A second try, which is likely to fail in the same way,
// asks libpq for the code; empty where there is none, as when nobody listens.
std::string Connection::diagnose() const {
    std::unique_ptr<PGconn, decltype(&PQfinish)> const connection{
        PQconnectStart(settings_.connection.c_str()), &PQfinish};
    if (connection == nullptr || PQstatus(connection.get()) == CONNECTION_BAD) return {};
    PQsetErrorVerbosity(connection.get(), PQERRORS_SQLSTATE);
    auto const end = std::chrono::steady_clock::now() + connect_max;
    for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
         state = PQconnectPoll(connection.get())) {
        if (state == PGRES_POLLING_FAILED) {
            // "... FATAL:  28P01"
            auto const message = trimmed(PQerrorMessage(connection.get()));
            auto const at = message.rfind(":  ");
            return at == std::string_view::npos || message.size() - at != 8
                       ? ""
                       : std::string{message.substr(at + 3)};
        }
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        pollfd wait{PQsocket(connection.get()),
                    static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
        if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return {};
    }
    return {};
}

void Connection::open() {
    close();
    auto const begin = std::chrono::steady_clock::now();
    try {
        session_.emplace(soci::postgresql, settings_.connection);
    } catch (soci::soci_error const& error) {
        auto message = error.get_error_message();
        constexpr std::string_view preface = "Cannot establish connection to the database.";
        if (message.starts_with(preface)) message.erase(0, preface.size());
        message.erase(0, std::min(message.size(), message.find_first_not_of(" \n")));
        auto const slow = std::chrono::steady_clock::now() - begin > diagnose_after_max;
        throw failure(slow ? std::string{} : diagnose(), message);
    }
    native_ = static_cast<soci::postgresql_session_backend*>(session_->get_backend())->conn_;
    PQsetNoticeProcessor(
        native_, [](void*, char const*) {}, nullptr);
    if (PQserverVersion(native_) < oldest_server)
        throw Failure{Trouble::held, name() + " is older than PostgreSQL 13; 13 or newer is needed", "/url"};
    auto const* const encoding = PQparameterStatus(native_, "server_encoding");
    if (encoding == nullptr || std::string_view{encoding} != "UTF8")
        throw Failure{Trouble::held,
                      fmt::format("{} keeps its texts as {}; a database with encoding UTF8 is needed", name(),
                                  encoding != nullptr ? encoding : "an unknown encoding"),
                      "/url"};
    run(session_settings);
}

void Connection::close() noexcept {
    deadline_.clear();
    native_ = nullptr;
    sent_ = 0;
    session_.reset();
}

void Connection::allow_time() { deadline_.set(PQsocket(native_), settings_.statement_max); }

soci::session& Connection::session() {
    allow_time();
    return session_.value();
}

std::vector<std::vector<std::string>> Connection::run(std::string const& statements) {
    allow_time();
    return rows_of(Answer{PQexec(native_, statements.c_str())});
}

std::vector<std::vector<std::string>> Connection::rows_of(Answer const& answer) {
    auto const status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(answer.get());
    std::vector<std::vector<std::string>> out;
    for (int row = 0; row != PQntuples(answer.get()); ++row) {
        auto& values = out.emplace_back();
        for (int i = 0; i != PQnfields(answer.get()); ++i)
            values.emplace_back(PQgetvalue(answer.get(), row, i));
    }
    return out;
}

void Connection::copy_begin(std::string const& statement) {
    allow_time();
    Answer const answer{PQexec(native_, statement.c_str())};
    if (PQresultStatus(answer.get()) != PGRES_COPY_IN) fail(answer.get());
}

// An error of an earlier row is not seen here but at the end.
void Connection::copy_put(Binary const& bytes) {
    allow_time();
    if (PQputCopyData(native_, bytes.data(), static_cast<int>(bytes.size())) != 1) fail(nullptr);
}

void Connection::copy_end() {
    allow_time();
    if (PQputCopyEnd(native_, nullptr) != 1) fail(nullptr);
    Answer const answer{PQgetResult(native_)};
    while (Answer const rest{PQgetResult(native_)}) {}
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) fail(answer.get());
}

void Connection::prepare(std::string const& statement_name, std::string const& statement,
                         std::vector<Oid> const& types) {
    allow_time();
    Answer const answer{PQprepare(native_, statement_name.c_str(), statement.c_str(),
                                  static_cast<int>(types.size()), types.data())};
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) fail(answer.get());
}

std::vector<std::vector<std::string>> Connection::query_prepared(
    std::string const& statement_name, std::vector<std::string_view> const& values) {
    allow_time();
    std::vector<char const*> data;
    std::vector<int> sizes;
    std::vector<int> const formats(values.size(), 1);
    for (auto const value : values) {
        data.push_back(value.data());
        sizes.push_back(static_cast<int>(value.size()));
    }
    return rows_of(Answer{PQexecPrepared(native_, statement_name.c_str(), static_cast<int>(values.size()),
                                         data.data(), sizes.data(), formats.data(), 0)});
}

void Connection::pipeline() {
    if (PQpipelineStatus(native_) == PQ_PIPELINE_OFF && PQenterPipelineMode(native_) != 1) fail(nullptr);
    ++sent_;
}

void Connection::send(std::string const& statement) {
    pipeline();
    allow_time();
    if (PQsendQueryParams(native_, statement.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1)
        fail(nullptr);
}

void Connection::send_prepared(std::string const& statement_name, std::vector<std::string_view> const& values,
                               std::vector<int> const& formats) {
    pipeline();
    allow_time();
    std::vector<char const*> data;
    std::vector<int> sizes;
    for (auto const value : values) {
        data.push_back(value.data());
        sizes.push_back(static_cast<int>(value.size()));
    }
    if (PQsendQueryPrepared(native_, statement_name.c_str(), static_cast<int>(values.size()), data.data(),
                            sizes.data(), formats.data(), 0) != 1)
        fail(nullptr);
}

void Connection::finish() {
    allow_time();
    if (PQpipelineSync(native_) != 1) fail(nullptr);
    Answer first_error;
    for (; sent_ != 0; --sent_) {
        Answer answer{PQgetResult(native_)};
        while (Answer const rest{PQgetResult(native_)}) {}
        auto const status = PQresultStatus(answer.get());
        auto const good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
        if (!good && first_error == nullptr) first_error = std::move(answer);
        if (PQstatus(native_) != CONNECTION_OK) fail(first_error.get());
    }
    Answer const synced{PQgetResult(native_)};
    if (PQresultStatus(synced.get()) != PGRES_PIPELINE_SYNC || PQexitPipelineMode(native_) != 1)
        fail(first_error.get());
    if (first_error != nullptr) fail(first_error.get());
}

void Connection::interrupt() noexcept { deadline_.stop(stop_grace); }

}  // namespace arb::postgres
