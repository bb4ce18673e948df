#include "sinks/postgres/partitions.hpp"

#include <fmt/format.h>

#include <chrono>

#include "arbitrage/time.hpp"

namespace arb::postgres {
namespace {

constexpr arb_time day_ns = 86'400 * second_ns;
// Two processes that make the same table wait for each other here; the number is only this program's.
constexpr char const* lock_statement = "SELECT pg_advisory_xact_lock(4702111234474983745)";

std::string date(Day day, char const* between) {
    std::chrono::year_month_day const ymd{std::chrono::sys_days{std::chrono::days{day}}};
    return fmt::format("{:04}{}{:02}{}{:02}", static_cast<int>(ymd.year()), between,
                       static_cast<unsigned>(ymd.month()), between, static_cast<unsigned>(ymd.day()));
}

std::string plain_of_day(sql::Table const& table, std::string const& venue, Day day) {
    return fmt::format("{}_{}_{}", venue, table.name, date(day, ""));
}

// Tables kept per venue; trade_ids guards trades and has no rows of its own to write.
struct Parent {
    char const* name;
    bool daily;
    char const* storage;
};
constexpr Parent parents[] = {
    {"events", false, ""},        {"markets", false, " WITH (fillfactor = 80)"},
    {"tick_history", true, ""},   {"latest_prices", false, " WITH (fillfactor = 50)"},
    {"trades", true, ""},         {"trade_ids", false, ""},
    {"book_snapshots", true, ""}, {"book_changes", true, ""},
    {"status_changes", true, ""}, {"series", false, ""},
    {"fee_schedules", false, ""}, {"market_history", false, ""},
    {"event_history", false, ""},
};

}  // namespace

Day day_of(arb_time time) { return time / day_ns - (time % day_ns < 0 ? 1 : 0); }

std::string Partitions::of_venue(sql::Table const& table, std::string const& venue) {
    return fmt::format("\"{}_{}\"", venue, table.name);
}

std::string Partitions::of_day(sql::Table const& table, std::string const& venue, Day day) {
    return '"' + plain_of_day(table, venue, day) + '"';
}

void Partitions::ensure(sql::Table const& table, std::string const& venue, std::set<Day> const& days,
                        arb_time now) {
    if (!sql::is_identifier(venue))
        throw sql::Failure{sql::Trouble::data, "the venue's name is not [a-z0-9_]"};
    if (!known_.contains(venue)) {
        ensure_venue(venue);
        known_.insert(venue);
    }
    auto const today = day_of(now);
    for (auto const day : days) {
        auto const name = plain_of_day(table, venue, day);
        if (known_.contains(name)) continue;
        ensure_day(table, venue, day);
        if (day >= today) ensure_day(table, venue, day + 1);
        known_.insert(name);
    }
}

void Partitions::ensure_venue(std::string const& venue) {
    std::string statements = fmt::format("BEGIN; {};", lock_statement);
    for (auto const& each : parents)
        statements += fmt::format(
            "CREATE TABLE IF NOT EXISTS \"{}_{}\" PARTITION OF {} FOR VALUES IN ('{}'){};", venue, each.name,
            each.name, venue, each.daily ? " PARTITION BY RANGE (received_at)" : each.storage);
    connection_.run(statements + "COMMIT");
}

// The table is made beside its parent and attached: readers of the parent are not kept waiting.
void Partitions::ensure_day(sql::Table const& table, std::string const& venue, Day day) {
    auto const name = plain_of_day(table, venue, day);
    connection_.run("BEGIN");
    connection_.run(lock_statement);
    auto const found = connection_.run(fmt::format(
        "SELECT CAST(relispartition AS text) FROM pg_class WHERE oid = to_regclass('\"{}\"')", name));
    if (found.empty()) {
        connection_.run(
            fmt::format("CREATE TABLE \"{0}\" (LIKE {1} INCLUDING DEFAULTS INCLUDING CONSTRAINTS); "
                        "ALTER TABLE {1} ATTACH PARTITION \"{0}\" FOR VALUES FROM ('{2} 00:00:00+00') TO "
                        "('{3} 00:00:00+00')",
                        name, of_venue(table, venue), date(day, "-"), date(day + 1, "-")));
    } else if (found.front().front() != "true") {
        throw sql::Failure{
            sql::Trouble::held,
            fmt::format("table {} of {} is no longer a partition of {}_{}: attach it again, or rename "
                        "it if it was set aside",
                        name, connection_.name(), venue, table.name)};
    }
    connection_.run("COMMIT");
}

bool Partitions::expire(sql::Table const& table, arb_time before) {
    // A name ends with its day: what sorts before the day of `before` has ended.
    auto const old = connection_.run(fmt::format(
        "SELECT d.relname, right(d.relname, 8) FROM pg_inherits v JOIN pg_inherits i ON i.inhparent = "
        "v.inhrelid JOIN pg_class d ON d.oid = i.inhrelid WHERE v.inhparent = to_regclass('{}') AND "
        "d.relname ~ '_[0-9]{{8}}$' AND right(d.relname, 8) < '{}' ORDER BY 2, 1",
        table.name, date(day_of(before), "")));
    bool const has_ids = table.id == sql::TableId::trades;
    if (has_ids && !old.empty()) forget_trades(old.front()[1]);
    for (auto const& row : old) {
        if (has_ids && row[1] != old.front()[1]) return true;
        connection_.run(fmt::format("DROP TABLE IF EXISTS \"{}\"", row[0]));
        known_.erase(row[0]);
    }
    return false;
}

// The ids of a day go before its trades do, so that one that fails is tried again; an hour of them at a time,
// because millions of rows take longer than a statement may.
void Partitions::forget_trades(std::string const& day) {
    for (int hour = 0; hour != 24; ++hour)
        connection_.run(
            fmt::format("DELETE FROM trade_ids WHERE received_at >= TIMESTAMPTZ '{0} {1:02}:00:00+00' AND "
                        "received_at < TIMESTAMPTZ '{0} {1:02}:00:00+00' + INTERVAL '1 hour'",
                        day, hour));
}

}  // namespace arb::postgres
