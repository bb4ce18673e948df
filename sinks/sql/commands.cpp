#include "sinks/sql/commands.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "arbitrage/time.hpp"
#include "sinks/sql/book_at.hpp"
#include "sinks/sql/dead_letters.hpp"
#include "sinks/sql/migrate.hpp"

namespace arb::sql {
namespace {

constexpr std::int64_t limit_default = 100;

void compare(soci::session& session, Options const& parameters, arb::Rows const& out) {
    auto const pair = parameters.text("pair");
    read_texts(
        session,
        fmt::format(
            "SELECT {} FROM price_comparison {} ORDER BY gap DESC NULLS LAST, pair_id LIMIT {}",
            columns_as_text({"pair_id", "relation", "venue_a", "market_id_a", "bid_a", "ask_a", "age_a",
                             "venue_b", "market_id_b", "bid_b", "ask_b", "age_b", "gap_buy_a", "gap_buy_b"}),
            pair.empty() ? "" : "WHERE pair_id = :pair", parameters.integer("limit", limit_default)),
        pair.empty() ? std::vector<std::string>{} : std::vector{pair}, plain({{"age_a", "age_b"}, {}}, out));
}

void count_tables(soci::session& session, arb::Rows const& out) {
    std::vector<std::string_view> names{"market_keys"};
    for (auto const& each : tables())
        if (std::find(names.begin(), names.end(), each.name) == names.end()) names.push_back(each.name);
    std::sort(names.begin(), names.end());
    for (auto const name : names) {
        long long rows = 0;
        session << fmt::format("SELECT count(*) FROM {}", name), soci::into(rows);
        if (!out({{"table", name}, {"rows", rows}})) return;
    }
}

void gaps(soci::session& session, Options const& parameters, arb::Rows const& out) {
    auto const venue = parameters.text("venue");
    std::string where = parameters.flag("open", false) ? "WHERE to_time IS NULL" : "WHERE 1 = 1";
    if (!venue.empty()) where += " AND g.venue = :venue";
    read_texts(
        session,
        fmt::format(
            "SELECT g.venue AS venue, instance, stream, k.market_id AS market_id, {}, CASE WHEN recovered "
            "THEN 'true' ELSE 'false' END AS recovered, detail FROM gaps g LEFT JOIN market_keys k ON "
            "k.market_key = g.market_key {} ORDER BY g.from_time DESC LIMIT {}",
            columns_as_text({"from_time", "to_time", "reason"}), where,
            parameters.integer("limit", limit_default)),
        venue.empty() ? std::vector<std::string>{} : std::vector{venue},
        plain({{"recovered"}, {"from_time", "to_time"}}, out));
}

}  // namespace

void read_texts(soci::session& session, std::string const& statement, std::vector<std::string> const& values,
                arb::Rows const& out) {
    auto prepared = session.prepare << statement;
    for (auto const& value : values) prepared, soci::use(value);
    soci::rowset<soci::row> const found{prepared};
    for (auto const& row : found) {
        boost::json::object object;
        for (std::size_t i = 0; i != row.size(); ++i) {
            auto& value = object[row.get_properties(i).get_name()];
            if (row.get_indicator(i) != soci::i_null) value = row.get<std::string>(i);
        }
        if (!out(object)) return;
    }
}

arb::Rows plain(Spoken columns, arb::Rows const& out) {
    return [columns = std::move(columns), &out](boost::json::object const& row) {
        auto spoken = row;
        for (auto const* const column : columns.values)
            if (auto& value = spoken.at(column); value.is_string())
                value = boost::json::parse(value.as_string());
        for (auto const* const column : columns.times)
            if (auto& value = spoken.at(column); value.is_string())
                if (auto const time = parse_time(value.as_string())) value = format_time(*time);
        return out(spoken);
    };
}

std::string columns_as_text(std::initializer_list<char const*> columns) {
    std::string out;
    for (auto const* const each : columns)
        out += fmt::format("{}CAST({} AS TEXT) AS {}", out.empty() ? "" : ", ", each, each);
    return out;
}

void need_database(Dialect const& dialect) {
    if (!dialect.exists())
        throw Failure{Trouble::held,
                      fmt::format("there is no {}: it is made when the pipeline first runs", dialect.name())};
}

void need_tables(Dialect& dialect) {
    auto const version = schema_version(dialect);
    if (version == 0)
        throw Failure{Trouble::held,
                      dialect.name() + " has no tables yet: they are made when the pipeline first runs"};
    if (version != dialect.migrations().back().version)
        throw Failure{
            Trouble::held,
            dialect.name() + " has an older schema: run the pipeline once, which brings it up to date"};
}

void run_command(Dialect& dialect, std::string_view name, Options const& parameters, arb::Rows const& out) {
    auto& session = dialect.session();
    if (name == "compare") return compare(session, parameters, out);
    if (name == "tables") return count_tables(session, out);
    if (name == "gaps") return gaps(session, parameters, out);
    if (name == "book") return show_book(dialect, parameters, out);
    if (name == "deadletters list") return list_dead_letters(dialect, parameters, out);
    if (name == "deadletters show") return show_dead_letters(dialect, parameters, out);
    throw Failure{Trouble::held, fmt::format("there is no command \"{}\"", name)};
}

}  // namespace arb::sql
