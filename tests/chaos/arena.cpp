#include "chaos/arena.hpp"

#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "arbitrage/time.hpp"

namespace arb::chaos {

namespace {

constexpr auto ready_within = 40s;
constexpr auto settled_within = 90s;  // the longest back-off of a venue or a sink, and the work after it
constexpr auto drained_within = 5s;
constexpr auto constraint_within = 20s;
constexpr auto stop_within = 20s;  // what a service manager is promised

// The queue leaves 512 MiB to everybody else and takes 64 MiB at a time.
constexpr char const* memory_disk_size = "900m";
constexpr std::uint64_t loop_disk_size = std::uint64_t{1200} << 20;

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
            std::to_string(settings.world.rate),
            "--markets",
            std::to_string(settings.markets),
            "--events",
            "8"};
}

}  // namespace

Arena::Arena(Settings const& settings)
    : settings_{settings},
      random_{settings.seed},
      poisoned_{!settings.plugins.empty()},
      disk_{directory_.path()},
      venues_{simulator_options(settings)} {
    make_disk();
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
        directory_,
        (poisoned_ ? "plugin_path: [\"" + settings.plugins + "\"]\n" : "") + test::venue_yaml(venues_) +
            (poisoned_ ? "  poison: {enabled: true}\n" : "") + sink,
        "directory: \"" + (disk_ / "queue").string() +
            "\", size_max: 256MiB, keep_acked: 0s, keep_acked_size: 1MiB");
}

void Arena::make_disk() {
    if (settings_.world.disk == Disk::memory) {
        disk_ = directory_.path() / "disk";
        std::filesystem::create_directory(disk_);
        memory_disk_ = std::make_unique<test::MemoryDisk>(disk_, memory_disk_size);
        if (!memory_disk_->mounted()) throw Unavailable{"mounting a tmpfs needs root"};
    } else if (settings_.world.disk == Disk::loop) {
        loop_disk_ = std::make_unique<test::LoopDisk>(directory_.path(), loop_disk_size);
        if (!loop_disk_->make()) throw Unavailable{"this needs root, loop devices and mkfs.ext4"};
        disk_ = loop_disk_->path();
    }
}

Arena::~Arena() = default;

void Arena::begin() {
    host_->start();
    host_->await_ready(ready_within);
    if (poisoned_ && postgres_) refuse_poison();
    venues_.control("start");
    await_progress();
}

// What the venue poison sends is refused by the server itself, in the middle of a batch. The host is writing:
// the server may end this as a deadlock.
void Arena::refuse_poison() {
    std::string refused;
    auto const done = test::eventually(constraint_within, [&] {
        try {
            postgres_->query("rows",
                             "ALTER TABLE tick_history ADD CONSTRAINT no_poison CHECK (bid IS DISTINCT FROM "
                             "0.666666) NOT VALID");
            return true;
        } catch (std::exception const& why) {
            refused = why.what();
            return false;
        }
    });
    if (!done) throw std::runtime_error(refused);
}

std::unique_ptr<test::Database> Arena::database() const {
    return postgres_ ? test::open_postgres(postgres_->url("rows"))
                     : test::open_sqlite(directory_ / "rows.db");
}

std::int64_t Arena::trades(std::string const& venue) const {
    return std::stoll(database()->one("SELECT count(*) FROM trades" +
                                      (venue.empty() ? "" : " WHERE venue = '" + venue + "'")));
}

std::int64_t Arena::quotes(std::string const& venue) const {
    return std::stoll(database()->one("SELECT count(*) FROM tick_history WHERE venue = '" + venue + "'"));
}

void Arena::await_progress(int by, Milliseconds within, std::string const& venue) {
    // A server whose process was killed takes a moment to notice, and then answers nobody for another.
    std::optional<std::int64_t> from;
    auto const progressed = [&] {
        try {
            auto const now = trades(venue);
            if (!from) from = now;
            return now >= *from + by;
        } catch (std::exception const&) {
            return false;
        }
    };
    if (!test::eventually(within, progressed))
        throw std::runtime_error("hardly a trade " + (venue.empty() ? "" : "of " + venue + " ") +
                                 "was stored for " + std::to_string(within.count() / 1000) +
                                 " s: " + boost::json::serialize(host_->status()));
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
    add(ledger.quotes(database));
    add(ledger.latest_prices(database));
    add(ledger.catalogue(database));
    add(causeless_gaps(database));
    return all;
}

// Every push of the venue poison was BEFORE, bad ones, AFTER. What died in the middle of one may have kept
// its beginning.
test::Problems Arena::beside_poison(test::Database& database) const {
    if (!poisoned_) return {};
    auto const number = [&](std::string const& query) -> std::int64_t {
        return std::stoll(database.one(query));
    };
    auto const quotes = [&](std::string const& what, std::string const& market) {
        return number("SELECT count(" + what +
                      ") FROM tick_history t JOIN market_keys k ON k.market_key = "
                      "t.market_key WHERE t.venue = 'poison' AND k.market_id LIKE '" +
                      market + "%'");
    };
    auto const before = quotes("*", "BEFORE"), after = quotes("*", "AFTER");
    constexpr int bad = 2;  // SQLite stores the second, and so does PostgreSQL until it is told not to
    auto const dead =
                   number("SELECT count(*) FROM dead_letters WHERE kind = 'quote'") + quotes("*", "REFUSED"),
               hurts = static_cast<std::int64_t>(outages_.size());
    auto const word = [](std::int64_t value) { return std::to_string(value); };
    test::Problems problems;
    if (before == 0 || before - after > hurts || after > before)
        problems.push_back("beside poison " + word(before) + " quotes were stored before and " + word(after) +
                           " after it");
    if (dead > bad * before || dead < bad * after)
        problems.push_back(word(dead) + " dead letters instead of " + word(bad) + " for each of " +
                           word(before));
    if (quotes("DISTINCT t.bid", "BEFORE") != before || quotes("DISTINCT t.bid", "AFTER") != after)
        problems.push_back("quotes beside poison are stored twice");
    return problems;
}

test::Problems Arena::finish() {
    await_progress();
    venues_.finish();
    test::Ledger const ledger{venues_.endpoint("ledger_file")};
    auto const rows = database();
    test::eventually(settled_within, [&] { return host_->drained() && compare(ledger, *rows).empty(); });
    auto problems = compare(ledger, *rows);
    // The venue poison goes on: a packet of it may be on its way at any single moment.
    if (!test::eventually(drained_within, [&] { return host_->drained(); }))
        problems.push_back("the balance does not hold, or packets are still queued: " +
                           boost::json::serialize(host_->status()));
    if (int const code = host_->stop(stop_within); code != 0)
        problems.push_back("the host ended with " + std::to_string(code) + " instead of 0 within 20 s");
    // That venue pushes until it is stopped, and a stop drains.
    auto const poisoned = beside_poison(*rows);
    problems.insert(problems.end(), poisoned.begin(), poisoned.end());
    if (ledger.count("trade") == 0) problems.push_back("nothing was traded: the comparison proves nothing");
    auto const report = venues_.control("report");
    if (!report.at("violations").as_object().empty())
        problems.push_back("rules of the venues were broken: " + boost::json::serialize(report));
    return problems;
}

}  // namespace arb::chaos
