// What a sweep of the whole catalogue costs a database when nothing has changed: next to nothing, from the
// process that stored it and from a new one alike.
#include <filesystem>

#include "sinks/shared.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::test;

namespace {

constexpr int markets = 20'000, markets_per_event = 6, batch_packets = 5000;
constexpr int events = (markets + markets_per_event - 1) / markets_per_event;
// 1 MiB of the log for the 280,000 markets of two whole venues.
constexpr std::int64_t log_bytes_max = (std::int64_t{1} << 20) * markets / 280'000;

std::string id_of(int market) { return "KXHIGHNY-26NOV" + std::to_string(market) + "-B52.5"; }

// All of the catalogue, as a venue hands it in after a start; every `renamed`th market has a title of now.
void sweep(SinkUnderTest& sink, arb_time received, int renamed = 0) {
    Packets packets;
    for (int i = 0; i != markets; ++i) {
        auto const number = std::to_string(i);
        if (i % markets_per_event == 0) {
            auto event = packets.add<arb_event>("kalshi", received);
            event.text(&arb_event::event_id, "E" + std::to_string(i / markets_per_event));
            event.text(&arb_event::raw, R"({"number":)" + number + "}");
        }
        auto const is_renamed = renamed != 0 && i % renamed == 0;
        add_market(packets, "kalshi", id_of(i), is_renamed ? "Renamed " + number : "Market " + number,
                   received);
        if (packets.count() < batch_packets && i + 1 != markets) continue;
        REQUIRE(sink.write(packets) == ARB_OK);
        packets.clear();
    }
}

struct Server {
    Database& database;

    // From here on every page that is touched goes into the log whole, once.
    void rest() { database.query("CHECKPOINT"); }
    std::int64_t log_end() {
        return std::stoll(database.text("SELECT CAST(pg_current_wal_insert_lsn() - '0/0' AS bigint)"));
    }
    // Differs as soon as one row is written anew or as much as locked.
    std::string versions() {
        std::string out;
        for (std::string const table :
             {"markets", "events", "market_history", "event_history", "market_keys"})
            out += database.text(
                       "SELECT md5(string_agg(concat(ctid, '/', xmin, '/', xmax), ',' ORDER BY ctid)) "
                       "FROM " +
                       table) +
                   ' ';
        return out;
    }
};

struct File {
    Database& database;
    std::string const path;

    // Begins the log anew.
    void rest() { database.query("PRAGMA wal_checkpoint(TRUNCATE)"); }
    std::int64_t log_end() {
        return static_cast<std::int64_t>(std::filesystem::file_size(path) +
                                         std::filesystem::file_size(path + "-wal"));
    }
    std::string versions() {
        return database.text(
                   "SELECT count(*) || ' ' || max(changed_at) || ' ' || max(position) FROM markets") +
               database.text(
                   "SELECT count(*) || ' ' || max(changed_at) || ' ' || max(position) FROM events") +
               database.text("SELECT count(*) FROM market_history");
    }
};

template<class Storage>
void expect_no_trace(SinkUnderTest& sink, Storage storage, arb_time received) {
    auto const versions = storage.versions();
    auto const unchanged = sink.host.counter("packets_unchanged");
    storage.rest();
    auto const end = storage.log_end();
    sweep(sink, received);
    CHECK(storage.log_end() - end < log_bytes_max);
    CHECK(sink.host.counter("packets_unchanged") - unchanged == markets + events);
    CHECK(storage.versions() == versions);
}

template<class Storage>
void sweeps(Database& database, Storage storage) {
    std::uint64_t next = 0;
    {
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
        sweep(sink, noon);
        REQUIRE(database.count("market_history") == markets);
        expect_no_trace(sink, storage, noon + second_ns);
        next = sink.next_sequence;
    }
    SinkUnderTest sink{database};  // a new process
    REQUIRE(sink.start() == ARB_OK);
    sink.next_sequence = next;
    expect_no_trace(sink, storage, noon + 2 * second_ns);
    // Of the next the changes alone are written.
    sweep(sink, noon + 3 * second_ns, 1000);
    CHECK(database.count("market_history") == markets + markets / 1000);
    CHECK(database.count("markets WHERE title LIKE 'Renamed%'") == markets / 1000);
    CHECK(database.count("markets WHERE position > " + std::to_string(next)) == markets / 1000);
}

}  // namespace

TEST_CASE("a sweep without changes leaves no trace in postgres") {
    // Its log grows by what the sink does and by nothing else.
    PostgresCluster cluster{{"fsync=off", "autovacuum=off", "checkpoint_timeout=1h"}};
    PostgresDatabase database{cluster, "sweeps"};
    sweeps(database, Server{database});
}

TEST_CASE("a sweep without changes leaves no trace in sqlite") {
    SqliteDatabase database;
    sweeps(database, File{database, database.file()});
}
