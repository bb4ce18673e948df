#include "scale/stage.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <thread>

#include "scale/usage.hpp"

namespace arb::scale {
namespace {

// Asking costs the venues some milliseconds of a large world, which are the host's in a small one.
constexpr std::chrono::milliseconds look_every = 2s, look_every_in_a_small_world = 500ms;
constexpr unsigned small_world = 10'000;  // markets
constexpr auto vacuum_within = 300s;
constexpr unsigned kalshi_markets_an_event = 10, polymarket_markets_an_event = 3;  // as seen in August 2026
constexpr unsigned listing_lag_ms = 1500;  // venues list a new market later than they announce it

std::string number(auto value) { return std::to_string(value); }

std::vector<std::string> simulator_options(Settings const& settings) {
    auto const at_least_one = [](unsigned value) { return value == 0 ? 1 : value; };
    return {"--quiet-start",
            "--skewed",
            "--seed",
            number(settings.seed),
            "--rate",
            number(settings.rate),
            "--kalshi-markets",
            number(settings.kalshi),
            "--kalshi-events",
            number(at_least_one(settings.kalshi / kalshi_markets_an_event)),
            "--polymarket-markets",
            number(settings.polymarket),
            "--polymarket-events",
            number(at_least_one(settings.polymarket / polymarket_markets_an_event)),
            "--sample",
            number(settings.sample),
            "--births",
            number(settings.births),
            "--rolling",
            number(settings.rolling),
            "--listing-lag",
            number(listing_lag_ms)};
}

// What the end-to-end tests record of their venues.
constexpr char const* everything = "[quotes, trades, books]";

void replace_all(std::string& text, std::string const& old, std::string const& by) {
    for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at + by.size()))
        text.replace(at, old.size(), by);
}

long long integer(boost::json::object const& object, std::string const& name) {
    auto const* const value = object.if_contains(name);
    return value == nullptr ? 0 : value->to_number<long long>();
}

}  // namespace

Work Work::operator-(Work const& before) const {
    Work done{host_seconds - before.host_seconds, log_bytes - before.log_bytes,
              database_seconds - before.database_seconds, rows};
    for (auto const& [table, count] : before.rows) done.rows[table] -= count;
    std::erase_if(done.rows, [](auto const& entry) { return entry.second == 0; });
    return done;
}

Stage::Stage(Settings const& settings)
    : settings_{settings},
      venues_{simulator_options(settings)},
      postgres_{{"shared_buffers=256MB", "max_wal_size=8GB", "checkpoint_timeout=30min"}} {
    record_everything();
}

void Stage::record_everything() { record(everything, "rows"); }

void Stage::record_catalogue() { record("[]", "catalogue"); }

// The pipeline of the end-to-end tests, which sweeps every second, at the pace of this run.
void Stage::record(std::string const& what, std::string const& where) {
    rows_ = where;
    postgres_.create_database(rows_);
    auto yaml = test::venue_yaml(venues_);
    replace_all(yaml, "catalogue_every: 1s", "catalogue_every: " + number(settings_.sweep_seconds) + "s");
    replace_all(yaml, everything, what);
    host_ = std::make_unique<test::Collector>(
        directory_, yaml + "sinks:\n  postgres: {url: \"" + postgres_.url(rows_) + "\"}\n",
        "directory: \"" + directory_ / ("queue of " + rows_) +
            "\", size_max: 4GiB, keep_acked: 0s, keep_acked_size: 64MiB");
}

Subscribed Stage::subscribed() {
    auto const status = venues_.control("status");
    auto const& held = status.at("subscribed").as_object();
    auto const& open = status.at("tradable").as_object();
    return {integer(held, "kalshi"), integer(held, "polymarket"), integer(open, "kalshi"),
            integer(open, "polymarket")};
}

Sent Stage::sent() {
    auto const status = venues_.control("status");
    return {status.at("frames").to_number<double>(), status.at("processor_seconds").to_number<double>()};
}

long long Stage::sweeps(std::string const& venue) {
    return integer(venues_.control("report").at("counters").as_object(), venue + ".event_sweeps");
}

long long Stage::counted(std::string const& total) { return integer(venues_.control("ledger"), total); }

std::unique_ptr<test::Database> Stage::database() const { return test::open_postgres(postgres_.url(rows_)); }

double Stage::ask(std::string const& query) const {
    auto const rows = postgres_.query("postgres", query);
    return rows.empty() ? 0 : std::stod(rows[0][0].value_or("0"));
}

Work Stage::work() const {
    Work work{};
    work.host_seconds = processor_seconds(host_->pid());
    work.log_bytes = ask("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')");
    work.database_seconds =
        ask("SELECT active_time / 1000 FROM pg_stat_database WHERE datname = '" + rows_ + "'");
    // Only the database itself knows its tables: this one question counts, for some milliseconds.
    for (auto const& table :
         postgres_.query(rows_,
                         "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables "
                         "WHERE relname NOT LIKE 'stage%'"))
        work.rows[table[0].value_or("")] = std::stoll(table[1].value_or("0"));
    return work;
}

bool Stage::await(std::chrono::milliseconds within, std::function<bool()> const& condition) const {
    auto const pause = settings_.kalshi + settings_.polymarket > small_world
                           ? std::chrono::milliseconds{look_every}
                           : look_every_in_a_small_world;
    auto const end = std::chrono::steady_clock::now() + within;
    while (!condition()) {
        auto const now = std::chrono::steady_clock::now();
        if (now >= end) return false;
        std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(pause, end - now));
    }
    return true;
}

void Stage::calm_database() {
    postgres_.query("postgres", "ALTER SYSTEM SET autovacuum = off");
    postgres_.query("postgres", "SELECT pg_reload_conf()");
    // A worker that is at it already goes on with its tables.
    await(vacuum_within, [&] {
        return ask("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'") == 0;
    });
    postgres_.query(rows_, "VACUUM");
    postgres_.query(rows_, "CHECKPOINT");
}

}  // namespace arb::scale
