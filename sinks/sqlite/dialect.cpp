#include "sinks/sqlite/dialect.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "arbitrage/time.hpp"
#include "sinks/sqlite/schema.hpp"

namespace arb::sqlite {
namespace {

using namespace sqlite_api;
using sql::Failure;
using sql::Group;
using sql::Table;
using sql::TableId;
using sql::Trouble;
using sql::Way;

// Deleting this many rows takes some 50 ms, which the next batch waits.
constexpr std::int64_t expire_rows = 20'000;

// WAL with synchronous NORMAL: a commit is safe from a crash of the process, and at a power cut the last
// commits may be undone, but whole, position included. The queue still holds what they wrote and hands it in
// again, so nothing is lost, and the sink need not wait for the disk at every batch.
constexpr char const* settings_statements[] = {
    "PRAGMA journal_mode = WAL",        "PRAGMA synchronous = NORMAL",
    "PRAGMA wal_autocheckpoint = 4000",  // pages of 4 KiB: 16 MiB
    "PRAGMA cache_size = -16384",        // KiB
    "PRAGMA temp_store = MEMORY",
};

// What a row becomes; its cells are ?1, ?2, ... in the order of the columns. `again`: the packet is an old
// one, and what came later stays.
std::string write_statement(Table const& table, bool again) {
    std::string places;
    for (std::size_t i = 0; i != table.columns.size(); ++i)
        places += fmt::format("{}?{}", i == 0 ? "" : ", ", i + 1);
    auto const insert =
        fmt::format("INSERT INTO {} ({}) VALUES ({})", table.name, table.column_list(), places);
    // A market's row is named by its key alone here.
    auto const key = table.id == TableId::markets         ? "market_key"
                     : table.id == TableId::latest_prices ? "market_key, outcome"
                                                          : table.key;
    auto const if_newer = [&](char const* word) {
        return again ? fmt::format(" {} {}.position <= excluded.position", word, table.name) : "";
    };
    switch (table.way) {
        case Way::append:
            return insert;
        case Way::once:
            return insert + " ON CONFLICT DO NOTHING";
        case Way::replace:
            return fmt::format("{} ON CONFLICT ({}) DO UPDATE SET {}{}", insert, key, table.updates(),
                               if_newer("WHERE"));
        case Way::changed:
            return fmt::format(
                "{} ON CONFLICT ({}) DO UPDATE SET {} WHERE content_hash <> excluded.content_hash{}", insert,
                key, table.updates(), if_newer(" AND"));
        case Way::latest:
            return fmt::format(
                "{} ON CONFLICT ({}) DO UPDATE SET {} WHERE excluded.received_at >= {}.received_at", insert,
                key, table.updates(), table.name);
        case Way::amend:
            return "UPDATE markets SET status = ?3, venue_status = coalesce(?4, venue_status), "
                   "result = coalesce(?5, result), settlement_value = coalesce(?6, settlement_value), "
                   "settled_at = coalesce(?7, settled_at), changed_at = ?8, position = ?9, content_hash = 0 "
                   "WHERE venue = ?1 AND market_key = ?2 AND changed_at <= ?8";
        case Way::in_force:
            return fmt::format(
                "INSERT INTO {0} ({1}) SELECT {2} WHERE coalesce((SELECT l.content_hash FROM {0} l WHERE "
                "l.venue = ?1 AND l.scope = ?2 AND l.scope_id = ?3 AND l.effective_from <= ?{3} ORDER BY "
                "l.effective_from DESC LIMIT 1), 0) <> ?{4} ON CONFLICT ({5}) DO UPDATE SET {6}{7}",
                table.name, table.column_list(), places, table.column("effective_from") + 1,
                table.column("content_hash") + 1, key, table.updates(), if_newer("WHERE"));
        case Way::derived:
            break;
    }
    throw std::logic_error{"a table is written in no known way"};
}

sqlite3* native_of(soci::session& session) {
    return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

}  // namespace

bool SqliteDialect::exists() const {
    std::error_code unknown;
    return std::filesystem::exists(settings_.file, unknown) || unknown;
}

// Whole, because the file is sought from where the program was started.
std::string SqliteDialect::name() const {
    std::error_code unknown;
    auto const whole = std::filesystem::absolute(settings_.file, unknown);
    return unknown ? settings_.file : whole.string();
}

void SqliteDialect::connect() {
    disconnect();
    auto const directory = std::filesystem::path{settings_.file}.parent_path();
    std::error_code error;
    if (!directory.empty()) std::filesystem::create_directories(directory, error);
    if (error)
        throw Failure{Trouble::held,
                      fmt::format("directory {} cannot be made: {}", directory.string(), error.message()),
                      "/file"};
    session_.emplace(soci::sqlite3, fmt::format("dbname=\"{}\" timeout={}", settings_.file,
                                                settings_.busy_wait.count() / 1000));
    sqlite3_busy_timeout(native_of(*session_), static_cast<int>(settings_.busy_wait.count()));
    for (auto const* const each : settings_statements) statement(each).run();
    statements_.clear();
}

// Statements end before their session does.
void SqliteDialect::disconnect() noexcept {
    statements_.clear();
    for (auto& each : writers_) each.reset();
    venues_.clear();
    session_.reset();
}

std::span<sql::Migration const> SqliteDialect::migrations() const { return sqlite::migrations(); }

Statement& SqliteDialect::statement(std::string const& text) {
    auto& found = statements_[text];
    if (found == nullptr) found = std::make_unique<Statement>(session(), text);
    return *found;
}

Statement& SqliteDialect::writer(Table const& table, bool again) {
    if (again) return statement(write_statement(table, true));
    auto& found = writers_[static_cast<std::size_t>(table.id)];
    if (found == nullptr) found = std::make_unique<Statement>(session(), write_statement(table, false));
    return *found;
}

void SqliteDialect::begin_exclusive() { statement("BEGIN IMMEDIATE").run(); }

bool SqliteDialect::table_exists(std::string const& table) {
    auto& count = statement("SELECT count(*) FROM sqlite_master WHERE name = ?1");
    count.bind(1, table);
    return count.run() != 0;
}

// Of a file that is not there yet, the folder in which it or its first missing folder would be made.
void SqliteDialect::check_rights() {
    std::filesystem::path const file = name();
    auto at = file;
    std::error_code unknown;
    while (!std::filesystem::exists(at, unknown) && at != at.parent_path()) at = at.parent_path();
    if (at != file && !std::filesystem::is_directory(at, unknown))
        throw Failure{Trouble::held, at.string() + " is not a directory", "/file"};
    if (::access(at.c_str(), at == file ? W_OK : W_OK | X_OK) != 0)
        throw Failure{Trouble::held, at.string() + " may not be written by this user", "/file"};
}

std::vector<std::int32_t> SqliteDialect::market_keys(std::span<sql::MarketName const> names) {
    std::vector<std::int32_t> out;
    out.reserve(names.size());
    begin_exclusive();
    for (auto const& each : names) {
        auto& find = statement("SELECT market_key FROM market_keys WHERE venue = ?1 AND market_id = ?2");
        auto& add =
            statement("INSERT INTO market_keys (venue, market_id) VALUES (?1, ?2) RETURNING market_key");
        for (auto* const step : {&find, &add}) {
            step->bind(1, each.venue);
            step->bind(2, each.market_id);
        }
        auto key = find.run();
        if (key == 0) key = add.run();
        out.push_back(static_cast<std::int32_t>(key));
    }
    statement("COMMIT").run();
    return out;
}

std::vector<std::uint64_t> SqliteDialect::contents(std::span<sql::MarketKey const> markets) {
    std::vector<std::uint64_t> out;
    auto& find = statement("SELECT content_hash FROM markets WHERE market_key = ?1");
    for (auto const& each : markets) {
        find.bind(1, std::int64_t{each.key});
        out.push_back(static_cast<std::uint64_t>(find.run()));
    }
    return out;
}

std::vector<std::uint64_t> SqliteDialect::contents(std::span<sql::EventName const> events) {
    std::vector<std::uint64_t> out;
    auto& find = statement("SELECT content_hash FROM events WHERE venue = ?1 AND event_id = ?2");
    for (auto const& each : events) {
        find.bind(1, each.venue);
        find.bind(2, each.event_id);
        out.push_back(static_cast<std::uint64_t>(find.run()));
    }
    return out;
}

void SqliteDialect::begin_reading() { statement("BEGIN").run(); }

// The views of venues that are new: the names that are tables of their own in other databases. A venue that
// could not be reached yet, and has nothing but a gap, has them, too.
void SqliteDialect::prepare(std::vector<Group*> const& groups, arb_time) {
    for (auto const* const group : groups) {
        if (group->table->per_venue) ensure_views(group->venue);
        for (std::size_t i = 0; group->table->id == TableId::gaps && i != group->rows; ++i)
            ensure_views(std::string{group->row(i)->text()});
    }
}

void SqliteDialect::ensure_views(std::string const& venue) {
    if (venues_.contains(venue)) return;
    if (!sql::is_identifier(venue)) throw Failure{Trouble::data, "the venue's name is not [a-z0-9_]"};
    begin_exclusive();
    for (auto const& table : sql::tables())
        if (table.per_venue)
            session() << fmt::format(
                "CREATE VIEW IF NOT EXISTS \"{0}_{1}\" AS SELECT * FROM {1} WHERE venue = '{0}'", venue,
                table.name);
    statement("COMMIT").run();
    venues_.insert(venue);
}

std::int64_t SqliteDialect::changes() { return sqlite3_changes(native_of(session())); }

// A file that was moved or deleted is written on without an error, and nobody would ever find the rows.
void SqliteDialect::need_file() {
    int moved = 0;
    sqlite3_file_control(native_of(session()), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved != 0)
        throw Failure{Trouble::retry,
                      settings_.file + " was moved or deleted while it was in use; it is opened anew"};
}

void SqliteDialect::write(std::vector<Group*> const& groups, sql::Ending const& ending) {
    auto ordered = groups;
    std::stable_sort(ordered.begin(), ordered.end(), [](Group const* a, Group const* b) {
        return std::tie(a->round, a->table->id) < std::tie(b->round, b->table->id);
    });
    need_file();
    begin_exclusive();
    if (ending.dead_letter != 0) take_dead_letter(ending.dead_letter);
    for (auto const* const group : ordered) {
        auto& to = writer(*group->table, ending.dead_letter != 0);
        for (std::size_t i = 0; i != group->rows; ++i) {
            to.bind(group->row(i), *group->table);
            to.run();
        }
    }
    if (ending.mark != nullptr) move_mark(ending);
    statement("COMMIT").run();
}

void SqliteDialect::move_mark(sql::Ending const& ending) {
    auto& move = statement(
        "UPDATE ingest_positions SET incarnation = ?3, sequence = ?4, committed_at = ?5, received_at = "
        "coalesce(nullif(?8, ''), received_at) WHERE journal_uuid = ?1 AND sink = ?2 "
        "AND incarnation = ?6 AND sequence = ?7");
    auto const time = format_time(now());
    auto const& mark = *ending.mark;
    move.bind(1, mark.journal);
    move.bind(2, mark.sink);
    move.bind(3, static_cast<std::int64_t>(mark.position.incarnation));
    move.bind(4, static_cast<std::int64_t>(mark.position.sequence));
    move.bind(5, time);
    move.bind(6, static_cast<std::int64_t>(ending.before.incarnation));
    move.bind(7, static_cast<std::int64_t>(ending.before.sequence));
    auto const received = mark.received == 0 ? std::string{} : format_time(mark.received);
    move.bind(8, received);
    move.run();
    if (changes() != 1)
        throw Failure{Trouble::retry,
                      settings_.file +
                          ": another process stores packets of the same queue; what is stored is "
                          "asked anew"};
}

void SqliteDialect::take_dead_letter(std::int64_t key) {
    auto& take = statement("DELETE FROM dead_letters WHERE dead_letter_key = ?1");
    take.bind(1, key);
    take.run();
    if (changes() != 1) throw Failure{Trouble::data, "somebody else replayed it"};
}

void SqliteDialect::rollback() noexcept {
    try {
        statement("ROLLBACK").run();
    } catch (std::exception const&) {
        // There may be none left: some errors end the transaction by themselves.
    }
}

// Rows lie in the order they were received, so the oldest are the first ones. Another table has to wait until
// nothing old is left in the one before it: whole books without the changes after them would be read as if
// nothing had happened to them.
bool SqliteDialect::expire(std::span<TableId const> from, arb_time before) {
    auto const limit = format_time(before);
    for (auto const id : from) {
        auto const* const table = sql::table(id).name;
        begin_exclusive();
        auto& remove =
            statement(fmt::format("DELETE FROM {0} WHERE received_at < ?1 AND rowid IN (SELECT rowid FROM "
                                  "{0} ORDER BY rowid LIMIT {1})",
                                  table, expire_rows));
        remove.bind(1, limit);
        remove.run();
        bool const more = changes() == expire_rows;
        statement("COMMIT").run();
        if (more) return true;
    }
    return false;
}

Failure SqliteDialect::failure(int code, std::string const& text) const {
    switch (code & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {Trouble::retry, settings_.file + " is locked by another program"};
        case SQLITE_FULL:
            return {Trouble::retry, "the disk of " + settings_.file + " is full"};
        case SQLITE_NOMEM:
        case SQLITE_INTERRUPT:
        case SQLITE_PROTOCOL:
        case SQLITE_IOERR:
            return {Trouble::retry, fmt::format("{}: {}", settings_.file, text)};
        case SQLITE_CONSTRAINT:
        case SQLITE_TOOBIG:
        case SQLITE_MISMATCH:
            return {Trouble::data, fmt::format("{} (SQLite error {})", text, code)};
        case SQLITE_NOTADB:
            return {Trouble::held, settings_.file + " is not an SQLite database; name another file", "/file"};
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return {Trouble::held, fmt::format("{} cannot be opened for writing: {}", settings_.file, text),
                    "/file"};
        case SQLITE_READONLY:
            return {Trouble::held,
                    settings_.file +
                        " may not be written by this user, nor, while no pipeline has it open, read "
                        "(SQLite makes files beside it for that): be the user the pipeline runs as",
                    "/file"};
        case SQLITE_CORRUPT:
            return {Trouble::held,
                    fmt::format("{} is damaged ({}): move it away, or restore a copy. Nothing is lost: "
                                "the queue keeps what arrives",
                                settings_.file, text)};
        case SQLITE_ERROR:  // no such table, no such column
        case SQLITE_SCHEMA:
            return {Trouble::held, fmt::format("{}: {}", settings_.file, text)};
        default:
            return {Trouble::unknown, fmt::format("{}: {} (SQLite error {})", settings_.file, text, code)};
    }
}

Failure SqliteDialect::explain(std::exception const& error) const {
    if (auto const* const known = dynamic_cast<Failure const*>(&error)) return *known;
    if (auto const* const thrown = dynamic_cast<SqliteError const*>(&error))
        return failure(thrown->code, thrown->what());
    if (auto const* const thrown = dynamic_cast<soci::sqlite3_soci_error const*>(&error))
        return failure(thrown->result(), thrown->get_error_message());
    if (dynamic_cast<std::bad_alloc const*>(&error) != nullptr) return {Trouble::retry, "out of memory"};
    return {Trouble::unknown, fmt::format("{}: {}", settings_.file, error.what())};
}

}  // namespace arb::sqlite
