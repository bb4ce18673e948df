// The tables a sink writes, as lists of columns. What the columns mean is in docs/schema.md; how they are
// declared in each database in sinks/postgres/schema.cpp and sinks/sqlite/schema.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace arb::sql {

enum class Type : std::uint8_t {
    small,     // integers of 2, 4 and 8 bytes
    integer,   //
    big,       //
    decimal,   // millionths
    time,      // nanoseconds since the Unix epoch
    boolean,   //
    text,      // UTF-8 without NUL
    json,      // a JSON text that every supported database can hold
    texts,     // a list of texts
    decimals,  // a list of decimals
    bytes,
};

struct Column {
    char const* name;
    Type type;
    bool updated = true;  // takes the new value when the row exists already
};

// How rows reach their table.
enum class Way : std::uint8_t {
    append,    // always a new row
    latest,    // one row per key; a newer received_at replaces an older one
    replace,   // one row per key; the last one written counts
    changed,   // as replace, but a row whose content_hash is stored already is not touched
    in_force,  // as replace, but not where the row in force at its effective_from says the same
    once,      // a new row unless the key is known
    amend,     // changes some columns of a row of another table, if it is there
    derived,   // never written here: the database's own triggers fill it
};

enum class TableId : std::uint8_t {
    events,
    markets,
    market_status,
    tick_history,
    latest_prices,
    trades,
    prints,
    book_snapshots,
    book_changes,
    status_changes,
    gaps,
    market_pairs,
    opportunities,
    custom_packets,
    dead_letters,
    series,
    dated_fees,
    fee_schedules,
    market_history,
    event_history,
};
inline constexpr std::size_t table_count = 20;

struct Table {
    TableId id;
    char const* name;  // in the database
    Way way;
    bool per_venue;   // there is a <venue>_<name> besides
    bool daily;       // partitioned by the day of received_at, where the database has partitions
    char const* key;  // what ON CONFLICT names; empty for append
    std::span<Column const> columns;

    std::size_t column(std::string_view wanted) const;  // its place; the name must exist
    std::string column_list(std::string_view prefix = {}) const;
    std::string updates() const;  // "a = excluded.a, ..." of the columns that are updated
};

Table const& table(TableId id);
std::span<Table const> tables();

// Whether the text may be part of a table's name: [a-z0-9_]+, as the packet's check demands. Nothing else
// from outside ever becomes part of a statement.
bool is_identifier(std::string_view venue);

}  // namespace arb::sql
