#include "sinks/postgres/dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "arbitrage/time.hpp"
#include "sinks/postgres/schema.hpp"

namespace arb::postgres {
namespace {

using sql::Failure;
using sql::Group;
using sql::Table;
using sql::TableId;
using sql::Trouble;
using sql::Way;

constexpr char const* schema_lock = "SELECT pg_advisory_xact_lock(4702111234474983746)";
constexpr std::size_t copy_piece = 64
                                   << 10;  // bytes; the server works on one piece while the next is encoded

// Each way into a table has a stage of its own.
std::string stage_name(Table const& table) {
    return fmt::format("stage_{}_{}", table.name, static_cast<int>(table.id));
}

std::string stage_statement(Table const& table) {
    std::string columns;
    for (auto const& each : table.columns)
        columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", each.name, names(each.type).sql);
    return fmt::format("CREATE TEMP TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS", stage_name(table),
                       columns);
}

// "m.venue = s.venue AND m.event_id = s.event_id", of the columns of a table's key.
std::string same_key(Table const& table, std::string_view without = {}) {
    std::string out;
    for (std::string_view rest = table.key; !rest.empty();) {
        auto const end = std::min(rest.find(", "), rest.size());
        auto const column = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 2, rest.size()));
        if (column == without) continue;
        out += fmt::format("{}m.{} = s.{}", out.empty() ? "" : " AND ", column, column);
    }
    return out;
}

// From the staging table to where the rows belong.
// `again`: the packet is an old one, and what came later stays.
std::string merge_statement(Table const& table, bool again) {
    auto const stage = stage_name(table);
    auto const columns = table.column_list();
    auto const if_newer = again ? fmt::format(" WHERE {}.position <= excluded.position", table.name) : "";
    switch (table.way) {
        case Way::changed:
            // What is stored with the same content is neither locked nor written. Each row is looked up by
            // its key: for NOT EXISTS the server would read the whole table as soon as a batch brings
            // thousands.
            return fmt::format(
                "INSERT INTO {0} ({1}) SELECT {1} FROM {2} s WHERE s.content_hash IS DISTINCT FROM (SELECT "
                "m.content_hash FROM {0} m WHERE {3}) ORDER BY {4} ON CONFLICT ({4}) DO UPDATE SET {5}{6}",
                table.name, columns, stage, same_key(table), table.key, table.updates(), if_newer);
        case Way::in_force:
            return fmt::format(
                "INSERT INTO {0} ({1}) SELECT {1} FROM {2} s WHERE s.content_hash IS DISTINCT FROM (SELECT "
                "m.content_hash FROM {0} m WHERE {3} AND m.effective_from <= s.effective_from "
                "ORDER BY m.effective_from DESC LIMIT 1) ORDER BY {4} ON CONFLICT ({4}) DO UPDATE SET {5}{6}",
                table.name, columns, stage, same_key(table, "effective_from"), table.key, table.updates(),
                if_newer);
        case Way::replace:
            return fmt::format(
                "INSERT INTO {0} ({1}) SELECT {1} FROM {2} ON CONFLICT ({3}) DO UPDATE SET {4}{5}",
                table.name, columns, stage, table.key, table.updates(), if_newer);
        case Way::once:
            return fmt::format(
                "WITH fresh AS (INSERT INTO trade_ids (venue, trade_id, received_at) SELECT venue, trade_id, "
                "received_at "
                "FROM {2} ORDER BY trade_id ON CONFLICT DO NOTHING RETURNING venue, trade_id) INSERT INTO "
                "{0} ({1}) "
                "SELECT {3} FROM {2} s JOIN fresh f ON f.venue = s.venue AND f.trade_id = s.trade_id "
                "ORDER BY s.position",
                table.name, columns, stage, table.column_list("s."));
        case Way::amend:
            return fmt::format(
                "UPDATE {0} m SET status = s.status, venue_status = coalesce(s.venue_status, "
                "m.venue_status), "
                "result = coalesce(s.result, m.result), settlement_value = coalesce(s.settlement_value, "
                "m.settlement_value), settled_at = coalesce(s.settled_at, m.settled_at), changed_at = "
                "s.changed_at, "
                "content_hash = 0, position = s.position FROM {1} s WHERE m.venue = s.venue AND m.market_key "
                "= s.market_key "
                "AND m.changed_at <= s.changed_at",
                table.name, stage);
        case Way::append:
        case Way::latest:
        case Way::derived:
            break;
    }
    throw std::logic_error{std::string{table.name} + " is not merged"};
}

std::string latest_statement(Table const& table, std::string const& venue) {
    std::string arrays;
    for (std::size_t i = 1; i != table.columns.size(); ++i)
        arrays +=
            fmt::format("{}CAST(${} AS {}[])", i == 1 ? "" : ", ", i + 1, names(table.columns[i].type).sql);
    return fmt::format(
        "INSERT INTO {} AS t ({}) SELECT CAST($1 AS text), u.* FROM unnest({}) AS u ON CONFLICT ({}) DO "
        "UPDATE SET {} "
        "WHERE excluded.received_at >= t.received_at",
        Partitions::of_venue(table, venue), table.column_list(), arrays, table.key, table.updates());
}

std::set<Day> days_of(Group const& group) {
    std::set<Day> out;
    auto const received = group.table->column("received_at");
    for (std::size_t i = 0; i != group.rows; ++i) {
        auto const day = day_of(group.row(i)[received].number);
        if (out.empty() || *out.rbegin() != day) out.insert(day);
    }
    return out;
}

bool is_staged(Table const& table) { return table.way != Way::append && table.way != Way::latest; }

}  // namespace

PostgresDialect::PostgresDialect(Settings const& settings)
    : warning_{settings.warning}, connection_{settings}, partitions_{connection_} {}

void PostgresDialect::connect() {
    prepared_.clear();
    partitions_.forget();
    begun_ = false;
    connection_.open();
}

void PostgresDialect::disconnect() noexcept { connection_.close(); }

// Each of these lets a crash take back what was reported as stored.
std::vector<std::string> PostgresDialect::dangers() {
    std::vector<std::string> out;
    if (!warning_.empty()) out.push_back(warning_);
    auto const settings = connection_.run(
        "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND "
        "setting = 'off' ORDER BY name");
    for (auto const& row : settings)
        out.push_back(
            fmt::format("{} runs with {} = off: a crash of its machine may lose or damage rows that "
                        "were reported as stored",
                        name(), row[0]));
    std::string ours = "'market_keys', 'trade_ids', 'ingest_positions'";
    for (auto const& table : sql::tables()) ours += fmt::format(", '{}'", table.name);
    auto const unlogged = connection_.run(fmt::format(
        "SELECT count(*), min(relname) FROM pg_class WHERE relpersistence = 'u' AND relkind IN ('r', 'p') "
        "AND "
        "relnamespace = to_regnamespace(current_schema()) AND (relispartition OR relname IN ({}))",
        ours));
    if (auto const& row = unlogged.front(); row[0] != "0")
        out.push_back(fmt::format("{} has {} UNLOGGED tables, such as {}: a crash of the server empties them",
                                  name(), row[0], row[1]));
    return out;
}

std::span<sql::Migration const> PostgresDialect::migrations() const { return postgres::migrations(); }

void PostgresDialect::begin_exclusive() {
    connection_.run("BEGIN");
    connection_.run(schema_lock);
}

bool PostgresDialect::table_exists(std::string const& table) {
    int found = 0;
    connection_.session() << "SELECT count(*) FROM pg_class WHERE oid = to_regclass(:name)", soci::use(table),
        soci::into(found);
    return found != 0;
}

void PostgresDialect::check_rights() {
    auto const rows = connection_.run(
        "SELECT current_user, current_schema(), coalesce(has_schema_privilege(current_schema(), 'CREATE'), "
        "false), "
        "has_database_privilege(current_database(), 'TEMP')");
    auto const& row = rows.front();
    if (row[2] != "t")
        throw Failure{
            Trouble::held,
            fmt::format("user {} may not create tables in schema \"{}\" of {}: GRANT CREATE ON SCHEMA to it",
                        row[0], row[1], name()),
            "/url"};
    if (row[3] != "t")
        throw Failure{
            Trouble::held,
            fmt::format("user {} may not create temporary tables in {}: GRANT TEMPORARY ON DATABASE to it",
                        row[0], name()),
            "/url"};
}

std::vector<std::int32_t> PostgresDialect::market_keys(std::span<sql::MarketName const> wanted) {
    if (prepared_.insert("market_keys").second) {
        connection_.prepare(
            "find_markets",
            "SELECT w.place, k.market_key FROM unnest($1, $2) WITH ORDINALITY AS w (venue, market_id, "
            "place) JOIN market_keys k ON k.venue = w.venue AND k.market_id = w.market_id",
            {oid::text_array, oid::text_array});
        connection_.prepare(
            "add_markets",
            "INSERT INTO market_keys (venue, market_id) SELECT venue, market_id FROM unnest($1, $2) AS "
            "w (venue, market_id) ON CONFLICT DO NOTHING",
            {oid::text_array, oid::text_array});
    }
    std::vector<std::int32_t> out(wanted.size(), 0);
    std::vector<std::size_t> open(wanted.size());
    for (std::size_t i = 0; i != open.size(); ++i) open[i] = i;
    // Looked up, the unknown ones added, looked up again: another process may add the same at the same time.
    for (int pass = 0; pass != 2 && !open.empty(); ++pass) {
        Binary venues, ids;
        std::vector<std::string_view> venue_texts, id_texts;
        for (auto const i : open) {
            venue_texts.push_back(wanted[i].venue);
            id_texts.push_back(wanted[i].market_id);
        }
        venues.text_array(venue_texts);
        ids.text_array(id_texts);
        std::vector<std::string_view> const values{{venues.data(), venues.size()}, {ids.data(), ids.size()}};
        if (pass == 1) connection_.query_prepared("add_markets", values);
        for (auto const& row : connection_.query_prepared("find_markets", values))
            out[open[static_cast<std::size_t>(std::stoull(row[0])) - 1]] = std::stoi(row[1]);
        std::erase_if(open, [&](std::size_t i) { return out[i] != 0; });
    }
    if (!open.empty()) throw Failure{Trouble::retry, name() + " did not keep the keys of new markets"};
    return out;
}

std::vector<std::uint64_t> PostgresDialect::contents(std::span<sql::MarketKey const> markets) {
    if (prepared_.insert("market_contents").second)
        connection_.prepare(
            "market_contents",
            "SELECT w.place, m.content_hash FROM unnest($1, $2) WITH ORDINALITY AS w (venue, market_key, "
            "place) JOIN markets m ON m.venue = w.venue AND m.market_key = w.market_key",
            {oid::text_array, oid::int4_array});
    std::vector<std::string_view> venues;
    std::vector<std::int32_t> keys;
    for (auto const& each : markets) {
        venues.push_back(each.venue);
        keys.push_back(each.key);
    }
    Binary first, second;
    first.text_array(venues);
    second.int4_array(keys);
    return contents("market_contents", markets.size(), first, second);
}

std::vector<std::uint64_t> PostgresDialect::contents(std::span<sql::EventName const> events) {
    if (prepared_.insert("event_contents").second)
        connection_.prepare(
            "event_contents",
            "SELECT w.place, e.content_hash FROM unnest($1, $2) WITH ORDINALITY AS w (venue, event_id, "
            "place) JOIN events e ON e.venue = w.venue AND e.event_id = w.event_id",
            {oid::text_array, oid::text_array});
    std::vector<std::string_view> venues, ids;
    for (auto const& each : events) {
        venues.push_back(each.venue);
        ids.push_back(each.event_id);
    }
    Binary first, second;
    first.text_array(venues);
    second.text_array(ids);
    return contents("event_contents", events.size(), first, second);
}

std::vector<std::uint64_t> PostgresDialect::contents(std::string const& statement, std::size_t count,
                                                     Binary const& venues, Binary const& names) {
    std::vector<std::uint64_t> out(count, 0);
    for (auto const& row : connection_.query_prepared(
             statement, {{venues.data(), venues.size()}, {names.data(), names.size()}}))
        out[std::stoull(row[0]) - 1] = static_cast<std::uint64_t>(std::stoll(row[1]));
    return out;
}

// What a statement of it has looked at cannot be dropped before it ends.
void PostgresDialect::begin_reading() { connection_.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); }

std::string PostgresDialect::list_as_json(std::string_view column) const {
    return fmt::format("CAST(array_to_json({}) AS text)", column);
}

void PostgresDialect::prepare(std::vector<Group*> const& groups, arb_time now) {
    for (auto const* const group : groups) {
        auto const& table = *group->table;
        if (table.per_venue)
            partitions_.ensure(table, group->venue, table.daily ? days_of(*group) : std::set<Day>{}, now);
        // A venue that could not be reached yet has its tables, too.
        for (std::size_t i = 0; table.id == TableId::gaps && i != group->rows; ++i)
            partitions_.ensure(sql::table(TableId::events), std::string{group->row(i)->text()}, {}, now);
        if (is_staged(table) && prepared_.insert(stage_name(table)).second)
            connection_.run(stage_statement(table));
        if (table.way == Way::latest && prepared_.insert("latest_" + group->venue).second) {
            std::vector<Oid> types{oid::text};
            for (std::size_t i = 1; i != table.columns.size(); ++i)
                types.push_back(names(table.columns[i].type).array);
            connection_.prepare("latest_" + group->venue, latest_statement(table, group->venue), types);
        }
    }
    if (prepared_.insert("mark").second)
        // A position that is not where this session left it ends in a division by zero, and with it the
        // transaction: so a session that was given up, and whose COMMIT still arrives, stores nothing twice.
        connection_.prepare(
            "mark",
            "WITH moved AS (UPDATE ingest_positions SET incarnation = CAST($3 AS bigint), "
            "sequence = CAST($4 AS bigint), committed_at = clock_timestamp(), "
            "received_at = coalesce(CAST(NULLIF($7, '') AS timestamptz), received_at) "
            "WHERE journal_uuid = CAST($1 AS uuid) AND sink = $2 AND incarnation = CAST($5 AS bigint) "
            "AND sequence = CAST($6 AS bigint) RETURNING 1) SELECT 1 / count(*) FROM moved",
            std::vector<Oid>(7, oid::text));
}

// Hot rows by COPY straight into the table of their venue and day; the rest by COPY into staging tables. Then
// all that merges, the latest prices, the mark and the commit, in one round trip. Rows of a later round wait
// until those of the one before are merged.
void PostgresDialect::write(std::vector<Group*> const& groups, sql::Ending const& ending) {
    begun_ = false;
    if (ending.dead_letter != 0) take_dead_letter(ending.dead_letter);
    auto ordered = groups;
    std::stable_sort(ordered.begin(), ordered.end(), [](Group const* a, Group const* b) {
        return std::tie(a->round, a->table->id, a->venue) < std::tie(b->round, b->table->id, b->venue);
    });
    auto const again = ending.dead_letter != 0;
    for (std::span<Group* const> rest = ordered; !rest.empty();) {
        auto const end = std::find_if(rest.begin(), rest.end(),
                                      [&](Group const* each) { return each->round != rest.front()->round; });
        auto const round = rest.first(static_cast<std::size_t>(end - rest.begin()));
        rest = rest.subspan(round.size());
        write_round(round, again);
        if (rest.empty()) break;
        for (auto const* const group : round)
            if (is_staged(*group->table)) connection_.send("DELETE FROM " + stage_name(*group->table));
        connection_.finish();
    }
    if (auto const begin = begin_once(); !begin.empty()) connection_.send("BEGIN");
    if (ending.mark != nullptr) send_mark(ending);
    connection_.send("COMMIT");
    connection_.finish();
}

void PostgresDialect::write_round(std::span<Group* const> groups, bool again) {
    for (auto const* const group : groups) {
        if (group->table->way == Way::latest) continue;
        if (is_staged(*group->table))
            copy(*group, stage_name(*group->table));
        else if (group->table->daily)
            copy_by_day(*group);
        else
            copy(*group, group->table->name);
    }
    if (auto const begin = begin_once(); !begin.empty()) connection_.send("BEGIN");
    Table const* merged = nullptr;
    for (auto const* const group : groups) {
        if (group->table->way == Way::latest) send_latest(*group);
        if (!is_staged(*group->table) || group->table == merged) continue;
        merged = group->table;
        connection_.send(merge_statement(*merged, again));
    }
}

// "BEGIN; " before the first statement of the transaction.
std::string PostgresDialect::begin_once() { return std::exchange(begun_, true) ? "" : "BEGIN; "; }

void PostgresDialect::copy(Group const& group, std::string const& into) {
    connection_.copy_begin(fmt::format("{}COPY {} ({}) FROM STDIN (FORMAT binary)", begin_once(), into,
                                       group.table->column_list()));
    buffer_.clear();
    buffer_.copy_header();
    for (std::size_t i = 0; i != group.rows; ++i) {
        buffer_.copy_row(group.row(i), *group.table);
        if (buffer_.size() < copy_piece) continue;
        connection_.copy_put(buffer_);
        buffer_.clear();
    }
    buffer_.copy_trailer();
    connection_.copy_put(buffer_);
    connection_.copy_end();
}

void PostgresDialect::copy_by_day(Group const& group) {
    auto const days = days_of(group);
    if (days.size() == 1) return copy(group, Partitions::of_day(*group.table, group.venue, *days.begin()));
    auto const received = group.table->column("received_at");
    auto const columns = group.table->columns.size();
    for (auto const day : days) {
        Group part{group.table, group.venue, {}, 0};
        for (std::size_t i = 0; i != group.rows; ++i) {
            auto const* const row = group.row(i);
            if (day_of(row[received].number) != day) continue;
            part.cells.insert(part.cells.end(), row, row + columns);
            ++part.rows;
        }
        copy(part, Partitions::of_day(*group.table, group.venue, day));
    }
}

void PostgresDialect::send_latest(Group const& group) {
    auto const columns = group.table->columns.size();
    arrays_.resize(columns);
    std::vector<std::string_view> values{group.venue};
    for (std::size_t i = 1; i != columns; ++i) {
        arrays_[i].clear();
        arrays_[i].array(group, i);
        values.emplace_back(arrays_[i].data(), arrays_[i].size());
    }
    connection_.send_prepared("latest_" + group.venue, values, std::vector<int>(columns, 1));
}

void PostgresDialect::send_mark(sql::Ending const& ending) {
    auto const& mark = *ending.mark;
    std::string const numbers[] = {
        std::to_string(mark.position.incarnation), std::to_string(mark.position.sequence),
        std::to_string(ending.before.incarnation), std::to_string(ending.before.sequence)};
    auto const received = mark.received == 0 ? std::string{} : format_time(mark.received);
    connection_.send_prepared(
        "mark", {mark.journal, mark.sink, numbers[0], numbers[1], numbers[2], numbers[3], received},
        std::vector<int>(7, 0));
}

// First of all: two who replay at the same time meet here.
void PostgresDialect::take_dead_letter(std::int64_t key) {
    connection_.run("BEGIN");
    begun_ = true;
    auto const taken = connection_.run(
        fmt::format("DELETE FROM dead_letters WHERE dead_letter_key = {} RETURNING dead_letter_key", key));
    if (taken.empty()) throw Failure{Trouble::data, "somebody else replayed it"};
}

void PostgresDialect::rollback() noexcept {
    try {
        connection_.run("ROLLBACK");
    } catch (std::exception const&) {
        connection_.close();  // the next call connects anew
    }
}

bool PostgresDialect::expire(std::span<TableId const> from, arb_time before) {
    bool more = false;
    for (auto const id : from) more |= partitions_.expire(sql::table(id), before);
    return more;
}

}  // namespace arb::postgres
