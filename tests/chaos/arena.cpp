#include "chaos/arena.hpp"

#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "arbitrage/time.hpp"

namespace arb::chaos {

namespace {

constexpr auto ready_within = 40s;
constexpr auto settled_within = 90s;  // the longest back-off of a venue or a sink, and the work after it
constexpr auto stop_within = 20s;     // what a service manager is promised

// A gap may begin before the hurt: at the last packet of that feed that was kept, and a venue may be quiet.
constexpr std::int64_t quiet_ms = 5'000;
// And end after it: the feed is back when its connection, its snapshot and the back-off before it are.
constexpr std::int64_t back_within_ms = 65'000;

std::int64_t now_ms() { return arb::now() / millisecond_ns; }

std::vector<std::string> simulator_options(Settings const& settings) {
    return {"--quiet-start",
            "--seed",
            std::to_string(settings.seed),
            "--rate",
            std::to_string(settings.rate),
            "--markets",
            std::to_string(settings.markets),
            "--events",
            "8"};
}

}  // namespace

Arena::Arena(Settings const& settings)
    : settings_{settings},
      random_{settings.seed},
      queue_{settings.queue.empty() ? directory_ / "queue" : settings.queue},
      venues_{simulator_options(settings)} {
    std::string sink = "sinks:\n  sqlite: {file: \"" + directory_ / "rows.db" + "\"}\n";
    if (settings.sink == SinkKind::postgres) {
        postgres_ = std::make_unique<test::PostgresCluster>();
        postgres_->create_database("rows");
        proxy_ = std::make_unique<test::FaultProxy>(postgres_->directory() + "/.s.PGSQL.5432");
        sink =
            "sinks:\n  postgres: {url: \"postgresql://postgres@127.0.0.1:" + std::to_string(proxy_->port()) +
            "/rows?sslmode=disable\"}\n";
    }
    host_ = std::make_unique<test::Collector>(
        directory_, test::venue_yaml(venues_) + sink,
        "directory: \"" + queue_ + "\", size_max: 256MiB, keep_acked: 0s, keep_acked_size: 1MiB");
}

Arena::~Arena() = default;

void Arena::begin() {
    host_->start();
    host_->await_ready(ready_within);
    venues_.control("start");
    await_progress();
}

std::unique_ptr<test::Database> Arena::database() const {
    return postgres_ ? test::open_postgres(postgres_->url("rows"))
                     : test::open_sqlite(directory_ / "rows.db");
}

std::int64_t Arena::trades(std::string const& venue) const {
    return std::stoll(database()->one("SELECT count(*) FROM trades" +
                                      (venue.empty() ? "" : " WHERE venue = '" + venue + "'")));
}

void Arena::await_progress(int by, Milliseconds within, std::string const& venue) {
    auto const from = trades(venue);
    if (!test::eventually(within, [&] { return trades(venue) >= from + by; }))
        throw std::runtime_error("hardly a trade " + (venue.empty() ? "" : "of " + venue + " ") +
                                 "was stored for " + std::to_string(within.count() / 1000) +
                                 " s: " + boost::json::serialize(host_->status()) + "\n" + host_->log());
}

void Arena::kill() {
    hurt();
    host_->kill();
}

void Arena::restart(std::map<std::string, std::string> const& environment) {
    host_->start(environment);
    host_->await_ready(ready_within);
    healed();
}

void Arena::hurt() {
    if (outages_.empty() || outages_.back().to_ms != 0) outages_.push_back({now_ms(), 0});
}

void Arena::healed() {
    if (!outages_.empty()) outages_.back().to_ms = now_ms();
}

test::Problems Arena::causeless_gaps(test::Database& database) const {
    test::Problems problems;
    auto const ms = [](std::optional<std::string> const& text) {
        auto const time = text ? parse_time(*text) : std::nullopt;
        return time ? *time / millisecond_ns : -1;
    };
    // Trades of the time before a start are read at every start: such a gap says that nothing is missing.
    for (auto const& row : database.rows("SELECT instance, reason, from_time, to_time FROM gaps "
                                         "WHERE NOT (reason = 'not_running' AND recovered IS TRUE)")) {
        auto const name = "gap of " + row[0].value_or("?") + " (" + row[1].value_or("?") + ", " +
                          row[2].value_or("?") + " to " + row[3].value_or("?") + ")";
        if (!row[3]) {
            problems.push_back(name + " is still open");
            continue;
        }
        auto const from = ms(row[2]), to = ms(row[3]);
        bool const caused = std::any_of(outages_.begin(), outages_.end(), [&](Outage const& outage) {
            return from >= outage.from_ms - quiet_ms && to <= outage.to_ms + back_within_ms &&
                   to >= outage.from_ms;
        });
        if (!caused) problems.push_back(name + " has no cause");
    }
    return problems;
}

test::Problems Arena::compare(test::Ledger const& ledger, test::Database& database) const {
    test::Problems all;
    auto const add = [&](test::Problems const& problems) {
        all.insert(all.end(), problems.begin(), problems.end());
    };
    add(ledger.trades(database, test::Ledger::Wanted::all_outside_gaps));
    add(ledger.latest_prices(database));
    add(ledger.catalogue(database));
    add(causeless_gaps(database));
    if (auto const dead = database.one("SELECT count(*) FROM dead_letters");
        dead != std::to_string(dead_letters_expected))
        all.push_back(dead + " dead letters instead of " + std::to_string(dead_letters_expected));
    return all;
}

test::Problems Arena::finish() {
    await_progress();
    venues_.finish();
    test::Ledger const ledger{venues_.endpoint("ledger_file")};
    auto const rows = database();
    test::eventually(settled_within, [&] { return host_->drained() && compare(ledger, *rows).empty(); });
    auto problems = compare(ledger, *rows);
    if (!host_->drained())
        problems.push_back("the balance does not hold, or packets are still queued: " +
                           boost::json::serialize(host_->status()));
    if (int const code = host_->stop(stop_within); code != 0)
        problems.push_back("the host ended with " + std::to_string(code) + " instead of 0 within 20 s");
    if (ledger.count("trade") == 0) problems.push_back("nothing was traded: the comparison proves nothing");
    auto const report = venues_.control("report");
    if (!report.at("violations").as_object().empty())
        problems.push_back("rules of the venues were broken: " + boost::json::serialize(report));
    if (!problems.empty()) problems.push_back("the host's log:\n" + host_->log());
    return problems;
}

}  // namespace arb::chaos
