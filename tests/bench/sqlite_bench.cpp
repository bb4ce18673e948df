// The SQLite sink, beside a loop over two prepared statements: insert the ticks, upsert the newest of each
// market.
#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>

#include "tests/bench/loaded_sink.hpp"
#include "tests/bench/ticks.hpp"

namespace {

namespace fs = std::filesystem;
using arb::bench::Tick;

class Database {
  public:
    Database() : file_{fs::temp_directory_path() / ("arbitrage-bench-" + std::to_string(getpid()) + ".db")} {
        remove();
    }
    ~Database() { remove(); }
    std::string file() const { return file_.string(); }

  private:
    void remove() const {
        for (auto const* const ending : {"", "-wal", "-shm"}) fs::remove(file_.string() + ending);
    }
    fs::path file_;
};

void ticks_ours(benchmark::State& state) {
    Database const database;
    try {
        arb::bench::LoadedSink sink{ARBITRAGE_PLUGINS "/sqlite.so",
                                    R"({"file":")" + database.file() + R"("})"};
        arb::bench::Ticks ticks{static_cast<std::size_t>(state.range(0))};
        sink.write(ticks.packets());  // tables of the venue and keys of most markets are there from now on
        for (auto _ : state) {
            state.PauseTiming();
            auto const& packets = ticks.packets();
            state.ResumeTiming();
            sink.write(packets);
        }
    } catch (std::exception const& error) {
        state.SkipWithError(error.what());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

// The same columns, index and settings as the sink's.
class BareLoop {
  public:
    explicit BareLoop(std::string const& file) {
        sqlite3_open(file.c_str(), &database_);
        constexpr auto columns =
            "(venue, market_key INTEGER NOT NULL, outcome INTEGER NOT NULL, venue_time, received_at NOT "
            "NULL, bid, "
            "bid_size, ask, ask_size, last_price, last_size, volume, open_interest, position INTEGER NOT "
            "NULL, "
            "flags INTEGER NOT NULL";
        run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; "
            "PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY");
        run(std::string{"CREATE TABLE tick "} + columns + ")");
        run("CREATE INDEX tick_market ON tick (market_key, received_at)");
        run(std::string{"CREATE TABLE latest "} + columns +
            ", PRIMARY KEY (market_key, outcome)) WITHOUT ROWID");
        prepare("INSERT INTO tick VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", &insert_);
        prepare(
            "INSERT INTO latest VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (market_key, outcome) DO "
            "UPDATE SET "
            "venue_time = excluded.venue_time, received_at = excluded.received_at, bid = excluded.bid, "
            "bid_size = excluded.bid_size, ask = excluded.ask, ask_size = excluded.ask_size, "
            "last_price = excluded.last_price, last_size = excluded.last_size, volume = excluded.volume, "
            "open_interest = excluded.open_interest, position = excluded.position, flags = excluded.flags "
            "WHERE excluded.received_at >= received_at",
            &upsert_);
    }
    ~BareLoop() {
        sqlite3_finalize(insert_);
        sqlite3_finalize(upsert_);
        sqlite3_close(database_);
    }
    BareLoop(BareLoop const&) = delete;
    BareLoop& operator=(BareLoop const&) = delete;

    void write(std::vector<Tick> const& rows) {
        std::map<std::int32_t, Tick const*> newest;
        run("BEGIN IMMEDIATE");
        for (auto const& row : rows) {
            step(insert_, row);
            newest[row.market] = &row;
        }
        for (auto const& [market, row] : newest) step(upsert_, *row);
        run("COMMIT");
    }

  private:
    void run(std::string const& statement) {
        if (sqlite3_exec(database_, statement.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            throw std::runtime_error{sqlite3_errmsg(database_)};
    }
    void prepare(char const* text, sqlite3_stmt** statement) {
        if (sqlite3_prepare_v2(database_, text, -1, statement, nullptr) != SQLITE_OK)
            throw std::runtime_error{sqlite3_errmsg(database_)};
    }
    void step(sqlite3_stmt* statement, Tick const& row) {
        auto const venue = arb::bench::venue_of_ticks;
        auto const venue_time = arb::format_time(row.venue_time), received = arb::format_time(row.received);
        sqlite3_bind_text(statement, 1, venue.data(), static_cast<int>(venue.size()), SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, row.market);
        sqlite3_bind_int(statement, 3, 0);
        sqlite3_bind_text(statement, 4, venue_time.data(), static_cast<int>(venue_time.size()),
                          SQLITE_STATIC);
        sqlite3_bind_text(statement, 5, received.data(), static_cast<int>(received.size()), SQLITE_STATIC);
        for (int i = 0; i != 8; ++i)
            sqlite3_bind_double(statement, 6 + i, static_cast<double>(row.amounts[i]) / 1e6);
        sqlite3_bind_int64(statement, 14, row.position);
        sqlite3_bind_int(statement, 15, 0);
        if (sqlite3_step(statement) != SQLITE_DONE) throw std::runtime_error{sqlite3_errmsg(database_)};
        sqlite3_reset(statement);
    }

    sqlite3* database_ = nullptr;
    sqlite3_stmt* insert_ = nullptr;
    sqlite3_stmt* upsert_ = nullptr;
};

void ticks_bare(benchmark::State& state) {
    Database const database;
    try {
        BareLoop loop{database.file()};
        arb::bench::Ticks ticks{static_cast<std::size_t>(state.range(0))};
        loop.write(ticks.rows());
        for (auto _ : state) {
            state.PauseTiming();
            auto const& rows = ticks.rows();
            state.ResumeTiming();
            loop.write(rows);
        }
    } catch (std::exception const& error) {
        state.SkipWithError(error.what());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

// 200,000 rows a repetition.
BENCHMARK(ticks_ours)
    ->Name("sqlite_ticks/ours")
    ->Arg(1000)
    ->Iterations(200)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(ticks_bare)
    ->Name("sqlite_ticks/bare")
    ->Arg(1000)
    ->Iterations(200)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(ticks_ours)
    ->Name("sqlite_ticks/ours")
    ->Arg(5000)
    ->Iterations(40)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(ticks_bare)
    ->Name("sqlite_ticks/bare")
    ->Arg(5000)
    ->Iterations(40)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
