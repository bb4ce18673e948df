// The PostgreSQL sink, beside a bare libpq loop that does the same two statements a transaction: COPY BINARY
// of the ticks, and one binary unnest upsert of the newest of each market, into plain tables of the same
// columns.
#include <benchmark/benchmark.h>
#include <libpq-fe.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "tests/bench/loaded_sink.hpp"
#include "tests/bench/ticks.hpp"

namespace {

using arb::bench::Tick;
constexpr char database_name[] = "arbitrage_bench";

// Where the server is; the part is left out when nobody says.
char const* server() { return std::getenv("ARBITRAGE_BENCH_DATABASE"); }

struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, Close>;

void run(PGconn* connection, std::string const& statement) {
    std::unique_ptr<PGresult, decltype(&PQclear)> const result{PQexec(connection, statement.c_str()),
                                                               &PQclear};
    auto const status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN)
        throw std::runtime_error{PQerrorMessage(connection)};
}

Connection connect(std::string const& database) {
    // A later keyword wins, so the name of the database can follow what the person gave.
    char const* const keys[] = {"dbname", "dbname", nullptr};
    char const* const values[] = {server(), database.c_str(), nullptr};
    Connection connection{PQconnectdbParams(keys, values, 1)};
    if (PQstatus(connection.get()) != CONNECTION_OK)
        throw std::runtime_error{PQerrorMessage(connection.get())};
    return connection;
}

// An empty database for one repetition; its address as a URL.
std::string fresh_database() {
    auto const connection = connect("postgres");
    run(connection.get(), std::string{"DROP DATABASE IF EXISTS "} + database_name + " WITH (FORCE)");
    run(connection.get(), std::string{"CREATE DATABASE "} + database_name);
    run(connection.get(), "CHECKPOINT");
    auto const text = [](char const* value) { return std::string{value == nullptr ? "" : value}; };
    return "postgresql:///" + std::string{database_name} + "?host=" + text(PQhost(connection.get())) +
           "&port=" + text(PQport(connection.get())) + "&user=" + text(PQuser(connection.get()));
}

void ticks_ours(benchmark::State& state) {
    if (server() == nullptr) return state.SkipWithError("ARBITRAGE_BENCH_DATABASE names no server");
    try {
        arb::bench::LoadedSink sink{ARBITRAGE_PLUGINS "/postgres.so",
                                    R"({"url":")" + fresh_database() + R"("})"};
        arb::bench::Ticks ticks{static_cast<std::size_t>(state.range(0))};
        for (int i = 0; i != 3; ++i) sink.write(ticks.packets());
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

// PostgreSQL's binary forms of what a row needs.
class Bytes {
  public:
    void clear() { bytes_.clear(); }
    std::string const& bytes() const { return bytes_; }

    template<class Integer>
    void plain(Integer value) {
        auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
        char out[sizeof bits];
        for (std::size_t i = sizeof bits; i-- != 0;
             bits = static_cast<decltype(bits)>(sizeof bits == 1 ? 0 : bits >> 8))
            out[i] = static_cast<char>(bits & 0xff);
        bytes_.append(out, sizeof out);
    }
    template<class Integer>
    void field(Integer value) {
        plain(static_cast<std::int32_t>(sizeof value));
        plain(value);
    }
    void text(std::string_view value) {
        plain(static_cast<std::int32_t>(value.size()));
        bytes_.append(value);
    }
    void time(arb_time nanoseconds) { field<std::int64_t>(nanoseconds / 1000 - 946'684'800'000'000); }
    // Groups of four decimal digits, without zeros at either end.
    void numeric(std::int64_t millionths) {
        std::int16_t groups[6];
        auto whole = millionths / 1'000'000;
        auto const fraction = millionths % 1'000'000 * 100;
        groups[5] = static_cast<std::int16_t>(fraction % 10'000),
        groups[4] = static_cast<std::int16_t>(fraction / 10'000);
        for (int i = 3; i >= 0; --i, whole /= 10'000) groups[i] = static_cast<std::int16_t>(whole % 10'000);
        int first = 0, last = 6;
        while (first != 6 && groups[first] == 0) ++first;
        while (last != first && groups[last - 1] == 0) --last;
        plain(static_cast<std::int32_t>(8 + 2 * (last - first)));
        plain(static_cast<std::int16_t>(last - first));
        plain(static_cast<std::int16_t>(first == last ? 0 : 3 - first));
        plain<std::int16_t>(0);
        plain<std::int16_t>(fraction == 0 ? 0 : 6);
        for (int i = first; i != last; ++i) plain(groups[i]);
    }
    void array_header(std::size_t size, std::uint32_t element) {
        plain<std::int32_t>(1), plain<std::int32_t>(0), plain(element);
        plain(static_cast<std::int32_t>(size)), plain<std::int32_t>(1);
    }

  private:
    std::string bytes_;
};

constexpr Oid int2 = 21, int4 = 23, int8 = 20, numeric = 1700, timestamptz = 1184;
constexpr Oid int2s = 1005, int4s = 1007, int8s = 1016, numerics = 1231, timestamptzs = 1185, text_type = 25;

class BareLoop {
  public:
    BareLoop() : connection_{connect(database_name)} {
        std::string const columns =
            "(venue text NOT NULL, market_key integer NOT NULL, outcome smallint NOT NULL, venue_time "
            "timestamptz, "
            "received_at timestamptz NOT NULL, bid numeric, bid_size numeric, ask numeric, ask_size numeric, "
            "last_price numeric, last_size numeric, volume numeric, open_interest numeric, position bigint "
            "NOT NULL, "
            "flags smallint NOT NULL";
        run(connection_.get(), "CREATE TABLE tick " + columns + ")");
        run(connection_.get(), "CREATE INDEX ON tick (market_key, received_at)");
        run(connection_.get(), "CREATE TABLE latest " + columns +
                                   ", PRIMARY KEY (market_key, outcome, venue)) WITH (fillfactor = 50)");
        std::vector<Oid> types{text_type, int4s, int2s, timestamptzs, timestamptzs};
        types.insert(types.end(), 8, numerics);
        types.insert(types.end(), {int8s, int2s});
        PQclear(PQprepare(
            connection_.get(), "latest",
            "INSERT INTO latest AS t SELECT $1, u.* FROM unnest($2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,"
            "$15) AS u ON CONFLICT (market_key, outcome, venue) DO UPDATE SET "
            "venue_time = excluded.venue_time, received_at = excluded.received_at, bid = excluded.bid, "
            "bid_size = excluded.bid_size, ask = excluded.ask, ask_size = excluded.ask_size, "
            "last_price = excluded.last_price, last_size = excluded.last_size, volume = excluded.volume, "
            "open_interest = excluded.open_interest, position = excluded.position, flags = excluded.flags "
            "WHERE excluded.received_at >= t.received_at",
            static_cast<int>(types.size()), types.data()));
    }

    void write(std::vector<Tick> const& rows) {
        run(connection_.get(), "BEGIN");
        copy(rows);
        std::map<std::int32_t, Tick const*> newest;
        for (auto const& row : rows) newest[row.market] = &row;
        upsert(newest);
        run(connection_.get(), "COMMIT");
    }

  private:
    void copy(std::vector<Tick> const& rows) {
        run(connection_.get(), "COPY tick FROM STDIN (FORMAT binary)");
        out_.clear();
        std::string_view constexpr signature{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
        bool good = put(signature);
        for (auto const& row : rows) {
            out_.plain<std::int16_t>(15);
            out_.text(arb::bench::venue_of_ticks);
            out_.field(row.market);
            out_.field<std::int16_t>(0);
            out_.time(row.venue_time);
            out_.time(row.received);
            for (auto const amount : row.amounts) out_.numeric(amount);
            out_.field(row.position);
            out_.field<std::int16_t>(0);
        }
        out_.plain<std::int16_t>(-1);
        good = good && put(out_.bytes()) && PQputCopyEnd(connection_.get(), nullptr) == 1;
        for (PGresult* result = nullptr; (result = PQgetResult(connection_.get())) != nullptr;
             PQclear(result))
            good = good && PQresultStatus(result) == PGRES_COMMAND_OK;
        if (!good) throw std::runtime_error{PQerrorMessage(connection_.get())};
    }
    bool put(std::string_view bytes) {
        return PQputCopyData(connection_.get(), bytes.data(), static_cast<int>(bytes.size())) == 1;
    }

    template<class Write>
    void column(int number, std::map<std::int32_t, Tick const*> const& rows, Oid element, Write write) {
        columns_[number].clear();
        columns_[number].array_header(rows.size(), element);
        for (auto const& [market, row] : rows) write(columns_[number], *row);
    }
    void upsert(std::map<std::int32_t, Tick const*> const& rows) {
        column(0, rows, int4, [](Bytes& out, Tick const& row) { out.field(row.market); });
        column(1, rows, int2, [](Bytes& out, Tick const&) { out.field<std::int16_t>(0); });
        column(2, rows, timestamptz, [](Bytes& out, Tick const& row) { out.time(row.venue_time); });
        column(3, rows, timestamptz, [](Bytes& out, Tick const& row) { out.time(row.received); });
        for (int i = 0; i != 8; ++i)
            column(4 + i, rows, numeric, [i](Bytes& out, Tick const& row) { out.numeric(row.amounts[i]); });
        column(12, rows, int8, [](Bytes& out, Tick const& row) { out.field(row.position); });
        column(13, rows, int2, [](Bytes& out, Tick const&) { out.field<std::int16_t>(0); });
        auto const venue = std::string{arb::bench::venue_of_ticks};
        char const* values[15] = {venue.data()};
        int lengths[15] = {static_cast<int>(venue.size())}, formats[15] = {1};
        for (int i = 0; i != 14; ++i) {
            values[i + 1] = columns_[i].bytes().data();
            lengths[i + 1] = static_cast<int>(columns_[i].bytes().size());
            formats[i + 1] = 1;
        }
        std::unique_ptr<PGresult, decltype(&PQclear)> const result{
            PQexecPrepared(connection_.get(), "latest", 15, values, lengths, formats, 1), &PQclear};
        if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
            throw std::runtime_error{PQerrorMessage(connection_.get())};
    }

    Connection const connection_;
    Bytes out_, columns_[14];
};

void ticks_bare(benchmark::State& state) {
    if (server() == nullptr) return state.SkipWithError("ARBITRAGE_BENCH_DATABASE names no server");
    try {
        fresh_database();
        BareLoop loop;
        arb::bench::Ticks ticks{static_cast<std::size_t>(state.range(0))};
        for (int i = 0; i != 3; ++i) loop.write(ticks.rows());
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
    ->Name("postgres_ticks/ours")
    ->Arg(1000)
    ->Iterations(200)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(ticks_bare)
    ->Name("postgres_ticks/bare")
    ->Arg(1000)
    ->Iterations(200)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(ticks_ours)
    ->Name("postgres_ticks/ours")
    ->Arg(5000)
    ->Iterations(40)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(ticks_bare)
    ->Name("postgres_ticks/bare")
    ->Arg(5000)
    ->Iterations(40)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
