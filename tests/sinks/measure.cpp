// What the database sinks cost, for docs/schema.md and the figures in their manifests. Not a test: run it by
// hand, on a machine that has nothing else to do.
//
//   arbitrage-measure-sinks bytes       bytes a packet takes in each database, indexes included, by kind
//   arbitrage-measure-sinks catalogue   a sweep of 280,000 markets: first, unchanged, and after a restart
//   arbitrage-measure-sinks fees        the same of the fee schedules of 196,000 markets
//   arbitrage-measure-sinks books       `book` in the past, among 10,000,000 changes
//   arbitrage-measure-sinks terms       a quote of the past with its rules and fees, among 5,000,000
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <random>
#include <sstream>

#include "arbitrage/time.hpp"
#include "sinks/database.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::test;

namespace {

constexpr std::size_t batch_rows = 5000;  // as the host's default
constexpr int catalogue_markets = 280'000;
constexpr int fee_schedules = 196'000;
constexpr std::int64_t cent = 10'000;

std::mt19937_64 dice{1};
std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(limit));
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string market_id(std::int64_t i) {
    // A Kalshi ticker or a Polymarket condition id.
    if (i % 10 < 3) return "KXHIGHNY-26NOV" + std::to_string(i) + "-B52.5";
    std::string out = "0x";
    std::mt19937_64 digits{static_cast<std::uint64_t>(i)};
    for (int word = 0; word != 4; ++word) {
        std::ostringstream hex;
        hex << std::hex << (digits() | (std::uint64_t{1} << 63));
        out += hex.str();
    }
    return out;
}

char const* venue_of(std::int64_t i) { return i % 10 < 3 ? "kalshi" : "polymarket"; }

// JSON of about the size, with the names and the many short values of a venue's.
std::string json_of(std::size_t bytes, std::uint64_t seed) {
    std::mt19937_64 values{seed};
    std::string out = "{";
    for (int i = 0; out.size() < bytes; ++i)
        out += (i == 0 ? "\"" : ",\"") + std::string{"a_name_of_the_venue_"} + std::to_string(i) + "\":\"" +
               std::to_string(values() % 1'000'000'000) + "\"";
    return out + "}";
}

void add_market(Packets& to, std::int64_t i, arb_time received) {
    std::string_view const outcomes[] = {"Yes", "No"};
    std::string const tokens[] = {
        "71321045679252212594626385532706912750332728571942532289631379312455583992563",
        market_id(i) + std::to_string(i)};
    std::string_view const token_ids[] = {tokens[0], tokens[1]};
    auto market = to.add<arb_market>(venue_of(i), received);
    market->lifecycle = ARB_LIFECYCLE_OPEN;
    market->tick_size = cent;
    market->volume = i * ARB_UNIT;
    market->closes_at = noon + second_ns * i;
    market.text(&arb_market::market_id, market_id(i));
    market.text(&arb_market::event_id, "EVENT-" + std::to_string(i / 6));
    market.text(&arb_market::title, "Will this be so on the day that was named? " + std::to_string(i));
    market.text(&arb_market::rules, std::string(300, 'r') + " if it is so, says source " + std::to_string(i));
    market.text(&arb_market::fee, R"({"type":"quadratic","multiplier":1})");
    market.text(&arb_market::price_ranges, R"([{"start":"0","end":"1","step":"0.01"}])");
    market.text(&arb_market::raw, json_of(3000, static_cast<std::uint64_t>(i)));
    market.texts(&arb_market::outcomes, outcomes);
    market.texts(&arb_market::token_ids, token_ids);
}

void add_book(Packets& to, std::int64_t i, arb_time received) {
    std::vector<arb_level> bids, asks;
    for (int level = 0; level != 20; ++level) {
        bids.push_back({(49 - level) * cent, below(100'000) * cent});
        asks.push_back({(51 + level) * cent, below(100'000) * cent});
    }
    auto book = to.add<arb_book>(venue_of(i), received, received);
    book->epoch = static_cast<std::uint64_t>(received);
    book.text(&arb_book::market_id, market_id(i));
    book.text(&arb_book::venue_hash, "7f0a9fbf3a1b7f0a9fbf3a1b7f0a9fbf3a1b7f0a");
    book.levels(&arb_book::bids, bids);
    book.levels(&arb_book::asks, asks);
}

void add_book_change(Packets& to, std::int64_t i, arb_time received) {
    auto change = to.add<arb_book_change>(venue_of(i), received, received);
    change->side = static_cast<std::int32_t>(i % 2);
    change->price = (1 + below(98)) * cent;
    change->size = below(3) == 0 ? 0 : below(1'000'000) * cent;
    change->epoch = static_cast<std::uint64_t>(noon);
    change.text(&arb_book_change::market_id, market_id(i));
}

struct Kind {
    char const* name;
    int packets;
    int markets;                                                              // they are about
    std::function<void(Packets&, std::int64_t, std::int64_t, arb_time)> add;  // number, market, time
};

std::vector<Kind> catalogue_kinds() {
    return {
        {"event", 20'000, 0,
         [](Packets& to, std::int64_t n, std::int64_t, arb_time at) {
             auto event = to.add<arb_event>(venue_of(n), at);
             event->closes_at = at;
             event.text(&arb_event::event_id, "EVENT-" + std::to_string(n));
             event.text(&arb_event::series, "SERIES-" + std::to_string(n / 100));
             event.text(&arb_event::title, "Which of these will it be? " + std::to_string(n));
             event.text(&arb_event::category, "Climate and Weather");
             event.text(&arb_event::raw, json_of(1500, static_cast<std::uint64_t>(n)));
         }},
        {"market", 20'000, 0,
         [](Packets& to, std::int64_t n, std::int64_t, arb_time at) { ::add_market(to, n, at); }},
        {"series", 10'000, 0,
         [](Packets& to, std::int64_t n, std::int64_t, arb_time at) {
             auto series = to.add<arb_series>("kalshi", at);
             series.text(&arb_series::series_id, "KXSERIES" + std::to_string(n));
             series.text(&arb_series::title, "A question asked every day " + std::to_string(n));
             series.text(&arb_series::tags, R"(["Daily temperature"])");
             series.text(&arb_series::raw, json_of(600, static_cast<std::uint64_t>(n)));
         }},
        {"fee_schedule", 50'000, 0,
         [](Packets& to, std::int64_t n, std::int64_t, arb_time at) {
             auto fee = to.add<arb_fee_schedule>(venue_of(n), at);
             fee->scope = ARB_SCOPE_MARKET;
             fee->rate = 40'000;
             fee->exponent = ARB_UNIT;
             fee->effective_from = at;
             fee.text(&arb_fee_schedule::scope_id, market_id(n));
             fee.text(&arb_fee_schedule::source, "gamma");
             fee.text(&arb_fee_schedule::raw,
                      R"({"exponent":1,"rate":0.04,"takerOnly":true,"rebateRate":0.25})");
         }},
    };
}

std::vector<Kind> price_kinds() {
    return {
        {"quote", 200'000, 2000,
         [](Packets& to, std::int64_t n, std::int64_t market, arb_time at) {
             auto quote = to.add<arb_quote>(venue_of(market), at, at);
             quote->bid = below(98) * cent;
             quote->ask = quote->bid + cent;
             quote->bid_size = below(1'000'000) * cent;
             quote->ask_size = below(1'000'000) * cent;
             if (market % 10 < 3) {
                 quote->last_price = quote->bid;
                 quote->volume = n * ARB_UNIT;
                 quote->open_interest = n * ARB_UNIT / 2;
             }
             quote.text(&arb_quote::market_id, market_id(market));
         }},
        {"trade", 100'000, 2000,
         [](Packets& to, std::int64_t n, std::int64_t market, arb_time at) {
             auto trade = to.add<arb_trade>(venue_of(market), at, at);
             trade->price = (1 + below(98)) * cent;
             trade->size = below(100'000) * cent;
             trade->taker_side = ARB_SIDE_BUY;
             trade.text(&arb_trade::market_id, market_id(market));
             trade.text(&arb_trade::trade_id,
                        "d91bc706-ee49-470d-82d8-" + std::to_string(100'000'000'000 + n));
         }},
        {"book", 20'000, 2000,
         [](Packets& to, std::int64_t, std::int64_t market, arb_time at) { ::add_book(to, market, at); }},
        {"book_change", 200'000, 2000,
         [](Packets& to, std::int64_t, std::int64_t market, arb_time at) {
             ::add_book_change(to, market, at);
         }},
    };
}

std::vector<Kind> other_kinds() {
    return {
        {"status", 20'000, 2000,
         [](Packets& to, std::int64_t n, std::int64_t market, arb_time at) {
             auto status = to.add<arb_status_change>(venue_of(market), at, at);
             status->lifecycle = n % 2 == 0 ? ARB_LIFECYCLE_CLOSED : ARB_LIFECYCLE_OPEN;
             status.text(&arb_status_change::market_id, market_id(market));
             status.text(&arb_status_change::venue_status, "closed");
             status.text(&arb_status_change::detail, R"({"event_type":"deactivated"})");
         }},
        {"gap", 20'000, 2000,
         [](Packets& to, std::int64_t, std::int64_t market, arb_time at) {
             auto gap = to.add<arb_gap>(venue_of(market), at);
             gap->stream = ARB_STREAM_BOOKS;
             gap->from_time = at;
             gap->to_time = at + second_ns;
             gap.text(&arb_gap::instance, venue_of(market));
             gap.text(&arb_gap::market_id, market_id(market));
             gap.text(&arb_gap::reason, "disconnected");
         }},
        {"message", 20'000, 0,
         [](Packets& to, std::int64_t n, std::int64_t, arb_time at) {
             auto message = to.add<arb_message>("kalshi", at);
             message.text(&arb_message::instance, "kalshi");
             message.text(&arb_message::source, "ticker");
             message.text(&arb_message::reason, "market_ticker is missing");
             message.text(&arb_message::body, json_of(400, static_cast<std::uint64_t>(n)));
         }},
        {"pair", 10'000, 0,
         [](Packets& to, std::int64_t n, std::int64_t, arb_time at) {
             auto pair = to.add<arb_pair>("scanner", at);
             pair.text(&arb_pair::pair_id, "pair-" + std::to_string(n));
             pair.text(&arb_pair::market_id_a, market_id(0));
             pair.text(&arb_pair::market_id_b, market_id(5));
         }},
    };
}

// Writes `count` packets in batches; `add` gets their numbers. The seconds the sink took.
double write(
    SinkUnderTest& sink, int count, std::function<void(Packets&, int)> const& add,
    std::function<void()> const& between = [] {}) {
    double spent = 0;
    Packets packets{16 << 20};
    for (int i = 0; i != count;) {
        packets.clear();
        for (; i != count && packets.count() < batch_rows; ++i) add(packets, i);
        auto const begin = std::chrono::steady_clock::now();
        if (sink.write(packets) != ARB_OK) throw std::runtime_error{sink.error};
        spent += seconds_since(begin);
        between();
    }
    return spent;
}

std::int64_t size_of(Database& database, std::string const& file) {
    if (!file.empty()) {
        database.query("PRAGMA wal_checkpoint(TRUNCATE)");
        return static_cast<std::int64_t>(std::filesystem::file_size(file));
    }
    return std::stoll(database.text(
        "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = "
        "c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'S')"));
}

void measure_bytes(std::function<std::unique_ptr<Database>()> const& fresh) {
    std::string out;
    auto kinds = catalogue_kinds();
    for (auto const& more : {price_kinds(), other_kinds()})
        kinds.insert(kinds.end(), more.begin(), more.end());
    for (auto const& kind : kinds) {
        auto const database = fresh();
        auto const* const lite = dynamic_cast<SqliteDatabase const*>(database.get());
        SinkUnderTest sink{*database};
        sink.host.set_clock(noon);
        if (sink.start() != ARB_OK) throw std::runtime_error{sink.error};
        // The markets, their keys and the tables of the day are there already.
        Packets warm;
        if (kind.markets != 0)
            for (int i = 0; i != kind.markets; ++i) ::add_market(warm, i, noon);
        kind.add(warm, 1'000'000, 0, noon);
        kind.add(warm, 1'000'001, 5, noon);
        if (sink.write(warm) != ARB_OK) throw std::runtime_error{sink.error};
        auto const before = size_of(*database, lite != nullptr ? lite->file() : "");
        // What an update leaves behind is used again, as autovacuum would see to.
        auto const tidy = [&] {
            if (lite == nullptr) database->query("VACUUM");
        };
        write(
            sink, kind.packets,
            [&](Packets& to, int i) {
                kind.add(to, i, kind.markets != 0 ? below(kind.markets) : i,
                         noon + (i + 1) * arb_time{100'000});
            },
            tidy);
        auto const grown = size_of(*database, lite != nullptr ? lite->file() : "") - before;
        out += (out.empty() ? "\"" : ",\"") + std::string{kind.name} +
               "\":" + std::to_string((grown + kind.packets / 2) / kind.packets);
        std::cerr << kind.name << ": " << grown << " bytes for " << kind.packets << " packets\n";
    }
    std::cout << "\"bytes_per_row\":{" << out << "}\n";
}

std::int64_t resident() {
    std::ifstream file{"/proc/self/statm"};
    std::int64_t all = 0, pages = 0;
    file >> all >> pages;
    return pages * ::sysconf(_SC_PAGESIZE);
}

// CPU time of the server's process that serves the sink.
double server_seconds(Database& database) {
    auto const pid = database.text(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
        "'arbitrage'");
    std::ifstream file{"/proc/" + pid + "/stat"};
    std::string word;
    double user = 0, system = 0;
    for (int i = 0; i != 13; ++i) file >> word;
    file >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void add_listed(Packets& to, int i) {
    if (i % 6 == 0) {
        auto event = to.add<arb_event>(venue_of(i), noon);
        event.text(&arb_event::event_id, "EVENT-" + std::to_string(i / 6) + venue_of(i));
        event.text(&arb_event::raw, json_of(1000, static_cast<std::uint64_t>(i)));
    }
    ::add_market(to, i, noon);
}

// As it is seen to be charged, a minute later each time.
void add_fee(Packets& to, int i) {
    static arb_time seen = noon;
    if (i == 0) seen += 60 * second_ns;
    auto fee = to.add<arb_fee_schedule>("polymarket", seen);
    fee->scope = ARB_SCOPE_MARKET;
    fee->rate = 40'000;
    fee->exponent = ARB_UNIT;
    fee->effective_from = seen;
    fee.text(&arb_fee_schedule::scope_id, market_id(10 * i + 5));
    fee.text(&arb_fee_schedule::source, "gamma");
    fee.text(&arb_fee_schedule::raw, R"({"exponent":1,"rate":0.04,"takerOnly":true,"rebateRate":0.25})");
}

void measure_sweeps(Database& database, int count, std::function<void(Packets&, int)> const& sweep) {
    auto const lsn = [&] {
        return std::stoll(database.text("SELECT CAST(pg_current_wal_insert_lsn() - '0/0' AS bigint)"));
    };
    auto sink = std::make_unique<SinkUnderTest>(database);
    if (sink->start() != ARB_OK) throw std::runtime_error{sink->error};
    for (auto const* const what : {"the first sweep", "unchanged", "unchanged, after a restart"}) {
        if (std::string_view{what}.ends_with("restart")) {
            auto const next = sink->next_sequence;
            sink = std::make_unique<SinkUnderTest>(database);
            if (sink->start() != ARB_OK) throw std::runtime_error{sink->error};
            sink->next_sequence = next;
            database.query("VACUUM ANALYZE");
            database.query("CHECKPOINT");
        }
        auto const wal = lsn();
        auto const memory = resident();
        auto const cpu = server_seconds(database);
        auto const spent = write(*sink, count, sweep);
        std::cout << what << ": " << (lsn() - wal) / 1024 << " KiB of WAL, the server's process "
                  << server_seconds(database) - cpu << " s of CPU, the sink " << spent << " s in all, "
                  << (resident() - memory) / 1024 << " KiB more resident, "
                  << sink->host.counter("packets_unchanged") << " unchanged\n";
    }
}

void measure_books(Database& database) {
    SinkUnderTest sink{database};
    if (sink.start() != ARB_OK) throw std::runtime_error{sink.error};
    constexpr arb_time day = 86'400 * second_ns;
    Packets packets;
    for (int i = 0; i != 1000; ++i)
        for (int at = 0; at != 5; ++at) {
            ::add_book(packets, i * 10, noon - at * day);
            ::add_book_change(packets, i * 10, noon - at * day);
        }
    if (sink.write(packets) != ARB_OK) throw std::runtime_error{sink.error};
    database.query("TRUNCATE book_changes");
    database.query("TRUNCATE book_snapshots");
    // A whole book of each market every hour, and 10,000,000 changes of 4.5 days among them.
    database.query(
        "INSERT INTO book_snapshots SELECT 'kalshi', k.market_key, 0, '{0.4,0.3}', '{5,6}', '{0.6,0.7}', "
        "'{7,8}', NULL, NULL, TIMESTAMPTZ '2026-11-16 12:00:00Z' + hour * INTERVAL '1 hour', hour * 100000, "
        "1, "
        "0 FROM market_keys k, generate_series(0, 95) AS hour WHERE venue = 'kalshi'");
    database.query(
        "INSERT INTO book_changes SELECT 'kalshi', 1 + n % 1000, 0, CASE n % 2 WHEN 0 THEN 'bid' ELSE 'ask' "
        "END, round(CAST(random() AS numeric) * 0.98 + 0.01, 2), n % 500, NULL, TIMESTAMPTZ '2026-11-16 "
        "12:00:00Z' + n * INTERVAL '34 milliseconds', n, 1, 0 FROM generate_series(1, 10000000) AS n");
    database.query("VACUUM ANALYZE");
    std::cout << "10,000,000 changes: "
              << database.text(
                     "SELECT pg_size_pretty(sum(pg_total_relation_size(inhrelid))) FROM pg_inherits "
                     "WHERE inhparent = CAST('kalshi_book_changes' AS regclass)")
              << '\n';
    SinkUnderTest reader{database};
    double longest = 0, all = 0;
    constexpr int times = 50;
    for (int i = 0; i != times; ++i) {
        auto const at = format_time(noon - 4 * day + below(90) * 3600 * second_ns + below(3600) * second_ns);
        std::vector<boost::json::object> rows;
        auto const begin = std::chrono::steady_clock::now();
        if (reader.command("book",
                           R"({"market":")" + market_id(10 * below(1000)) + R"(","at":")" + at + "\"}",
                           rows) != ARB_OK)
            throw std::runtime_error{reader.error};
        auto const spent = seconds_since(begin);
        longest = std::max(longest, spent);
        all += spent;
    }
    std::cout << "book of a past time: " << all / times * 1000 << " ms on average, " << longest * 1000
              << " ms at most, connecting included\n";
    for (auto const& row : database.query(
             "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT side, price, size FROM book_changes WHERE "
             "venue = "
             "'kalshi' AND market_key = 77 AND outcome = 0 AND received_at >= '2026-11-18 13:00:00Z' AND "
             "received_at <= '2026-11-18 13:40:00Z'"))
        std::cout << row[0].value_or("") << '\n';
}

// The question docs/schema.md begins with, among many quotes whose markets have had many terms.
void measure_terms(Database& database) {
    SinkUnderTest sink{database};
    if (sink.start() != ARB_OK) throw std::runtime_error{sink.error};
    constexpr arb_time day = 86'400 * second_ns;
    Packets packets;
    for (int i = 0; i != 1000; ++i) ::add_market(packets, i * 10, noon - 5 * day);
    for (int at = 0; at != 5; ++at) {
        auto quote = packets.add<arb_quote>("kalshi", noon - at * day);
        quote.text(&arb_quote::market_id, market_id(0));
    }
    if (sink.write(packets) != ARB_OK) throw std::runtime_error{sink.error};
    database.query(
        "INSERT INTO tick_history SELECT 'kalshi', 1 + n % 1000, 0, NULL, TIMESTAMPTZ '2026-11-16 12:00:00Z' "
        "+ n * INTERVAL '68 milliseconds', 0.42, 10, 0.43, 10, NULL, NULL, NULL, NULL, n, 0 FROM "
        "generate_series(1, 5000000) AS n");
    database.query(
        "INSERT INTO market_history SELECT (jsonb_populate_record(h, jsonb_build_object('seen_at', h.seen_at "
        "+ hour * INTERVAL '1 hour'))).* FROM kalshi_market_history h, generate_series(1, 100) AS hour");
    database.query("VACUUM ANALYZE");
    double longest = 0, all = 0;
    constexpr int times = 50;
    for (int i = 0; i != times; ++i) {
        auto const at = format_time(noon - 4 * day + (1 + below(90)) * 3600 * second_ns);
        auto const id = market_id(10 * below(1000));
        auto const begin = std::chrono::steady_clock::now();
        auto const rows = database.query(
            "SELECT received_at, bid, ask, rules, tick_size, fee_type FROM tick_terms WHERE venue = 'kalshi' "
            "AND market_id = '" +
            id +
            "' AND received_at = (SELECT max(received_at) FROM tick_history WHERE "
            "venue = 'kalshi' AND received_at <= '" +
            at +
            "' AND market_key = (SELECT market_key FROM "
            "market_keys WHERE venue = 'kalshi' AND market_id = '" +
            id + "')) ORDER BY position DESC LIMIT 1");
        if (rows.size() != 1) throw std::runtime_error{"no quote at " + at};
        auto const spent = seconds_since(begin);
        longest = std::max(longest, spent);
        all += spent;
    }
    std::cout << "a quote of a past time with its terms, among 5,000,000: " << all / times * 1000
              << " ms on average, " << longest * 1000 << " ms at most, connecting included\n";
}

// One whose tables grow as they are told and at no other time.
PostgresCluster& cluster() {
    static PostgresCluster made{{"autovacuum=off", "shared_buffers=512MB", "checkpoint_timeout=1h"}};
    return made;
}

std::unique_ptr<Database> on_postgres() {
    static int number = 0;
    return std::make_unique<PostgresDatabase>(cluster(), "measure" + std::to_string(number++));
}

}  // namespace

TEST_CASE("bytes") {
    std::cout << "postgres: ";
    measure_bytes(on_postgres);
    std::cout << "sqlite: ";
    measure_bytes([]() -> std::unique_ptr<Database> { return std::make_unique<SqliteDatabase>(); });
}

TEST_CASE("catalogue") { measure_sweeps(*on_postgres(), catalogue_markets, add_listed); }

TEST_CASE("fees") { measure_sweeps(*on_postgres(), fee_schedules, add_fee); }

TEST_CASE("books") { measure_books(*on_postgres()); }

TEST_CASE("terms") { measure_terms(*on_postgres()); }
