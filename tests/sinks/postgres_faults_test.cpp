// What goes wrong with a PostgreSQL server, and that nothing is lost, doubled or buried because of it.
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "arbitrage/time.hpp"
#include "sinks/postgres/dialect.hpp"
#include "sinks/postgres/schema.hpp"
#include "sinks/quick_sink.hpp"
#include "sinks/shared.hpp"
#include "sinks/small_disk.hpp"
#include "support/catch.hpp"
#include "support/fault_proxy.hpp"
#include "support/process.hpp"

using namespace arb;
using namespace arb::test;
using Clock = std::chrono::steady_clock;

namespace {

void shorten(postgres::Settings& settings) { settings.statement_max = 1s; }
using Quick = QuickSink<postgres::PostgresDialect, postgres::Settings, &postgres::read_settings, &shorten>;

PostgresCluster& cluster() {
    // Asked first: the server has to see what is mounted later.
    static bool const may_mount = SmallDisk::possible();
    (void)may_mount;
    static PostgresCluster made;
    made.start();
    return made;
}

std::string option(std::string const& url) { return R"({"url":")" + url + "\"}"; }

pid_t backend_of(PostgresDatabase& database) {
    return std::stoi(
        database.text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
                      "application_name = 'arbitrage'"));
}

// Also where nobody has asked yet how it ended.
bool has_ended(int process) {
    return std::ifstream{"/proc/" + std::to_string(process) + "/cmdline"}.peek() == EOF;
}

// As the host does, without its pauses.
bool stored_within(SinkUnderTest& sink, std::chrono::milliseconds within) {
    return eventually(within, [&] { return sink.again() == ARB_OK; });
}

// A user like any other, who may do what the sink needs.
std::string user_of(PostgresDatabase& database, std::string const& name) {
    auto const user = "collector_" + name;
    database.query("DROP ROLE IF EXISTS " + user + "; CREATE ROLE " + user +
                   " LOGIN; GRANT CREATE ON SCHEMA public TO " + user);
    return "postgresql:///" + name + "?host=" + cluster().directory() + "&user=" + user;
}

}  // namespace

TEST_CASE("postgres goes on after a process of the server was killed") {
    PostgresDatabase database{cluster(), "killed"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(10)) == ARB_OK);
    SECTION("its own backend, which takes all others along") {
        REQUIRE(::kill(backend_of(database), SIGKILL) == 0);
        CHECK(sink.write(quotes(10, noon + second_ns)) == ARB_RETRY);
    }
    SECTION("the checkpointer, too") {
        auto const pid =
            std::stoi(database.text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"));
        REQUIRE(::kill(pid, SIGKILL) == 0);
        // The server ends all sessions a moment later; this one may be quicker.
        sink.write(quotes(10, noon + second_ns));
    }
    SECTION("the server itself") {
        auto const backend = backend_of(database);
        cluster().kill();
        // A session goes on until it sees that its server is gone.
        REQUIRE(eventually(20s, [&] { return has_ended(backend); }));
        CHECK(sink.write(quotes(10, noon + second_ns)) == ARB_RETRY);
        CHECK(sink.error.find("is not available") != std::string::npos);
        cluster().start();
    }
    CHECK(stored_within(sink, 20s));
    CHECK(eventually(20s, [&] { return sink.start() == ARB_OK; }));
    REQUIRE(eventually(20s, [&] { return PostgresSession{cluster().url("killed")}.good(); }));
    CHECK(database.count("tick_history") == 20);
    CHECK(database.count("dead_letters") == 0);
}

TEST_CASE("postgres gives up a frozen backend by its own deadline") {
    PostgresDatabase database{cluster(), "frozen"};
    SinkUnderTest sink{Quick::table(), "postgres", database.options()};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    auto const frozen = backend_of(database);
    REQUIRE(::kill(frozen, SIGSTOP) == 0);
    auto const begin = Clock::now();
    CHECK(sink.write(quotes(5, noon + second_ns)) == ARB_RETRY);
    CHECK(sink.error.find("did not answer in time") != std::string::npos);
    CHECK(Clock::now() - begin < 5s);
    // Another backend takes over while the first is still frozen; it adds nothing when it wakes up.
    CHECK(sink.again() == ARB_OK);
    CHECK(::kill(frozen, SIGCONT) == 0);
    CHECK(eventually(5s, [&] { return ::kill(frozen, 0) != 0; }));
    CHECK(database.count("tick_history") == 6);
}

TEST_CASE("postgres gives up a frozen server by its own deadline") {
    PostgresDatabase database{cluster(), "frozen_server"};
    SinkUnderTest sink{"postgres", option(cluster().url("frozen_server") + "&connect_timeout=2")};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    database.disconnect_all();
    REQUIRE(::kill(cluster().pid(), SIGSTOP) == 0);
    CHECK(sink.write(quotes(5, noon + second_ns)) == ARB_RETRY);
    auto const begin = Clock::now();
    CHECK(sink.again() == ARB_RETRY);
    CHECK(Clock::now() - begin < 5s);
    CHECK(sink.error.find("is not available") != std::string::npos);
    REQUIRE(::kill(cluster().pid(), SIGCONT) == 0);
    CHECK(stored_within(sink, 10s));
    CHECK(database.count("tick_history") == 6);
}

TEST_CASE("postgres stores nothing twice when the answer to COMMIT is lost") {
    PostgresDatabase database{cluster(), "ambiguous"};
    FaultProxy proxy{cluster().directory() + "/.s.PGSQL.5432"};
    SinkUnderTest sink{"postgres", option("postgresql://postgres@127.0.0.1:" + std::to_string(proxy.port()) +
                                          "/ambiguous?sslmode=disable")};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(10)) == ARB_OK);
    for (int i = 1; i != 11; ++i) {
        Packets packets = quotes(10, noon + i * second_ns);
        add_trade(packets, "M1", "", 420'000, noon + i * second_ns);
        proxy.cut_after_sending("COMMIT");
        CHECK(sink.write(packets) == ARB_RETRY);
        CHECK(stored_within(sink, 10s));
    }
    CHECK(database.count("tick_history") == 110);
    CHECK(database.count("trades") == 10);
}

TEST_CASE("postgres stores nothing twice when the session it gave up commits after all") {
    PostgresDatabase database{cluster(), "late"};
    SinkUnderTest sink{Quick::table(), "postgres", database.options()};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(10)) == ARB_OK);
    PostgresSession session{cluster().url("late")};
    session.query("BEGIN");
    session.query("SELECT 1 FROM ingest_positions FOR UPDATE");
    // The first session has sent its COMMIT and waits for the row; the deadline gives it up.
    CHECK(sink.write(quotes(10, noon + second_ns)) == ARB_RETRY);
    CHECK(sink.error.find("did not answer in time") != std::string::npos);
    // The second reads the old position, and waits behind the first. Then the row is free.
    std::thread let_go{[&] {
        eventually(10s, [&] {
            return database.text(
                       "SELECT count(*) FROM pg_stat_activity WHERE datname = 'late' AND "
                       "wait_event_type = 'Lock'") == "2";
        });
        session.query("COMMIT");
    }};
    CHECK(sink.again() == ARB_RETRY);
    let_go.join();
    CHECK(stored_within(sink, 10s));
    CHECK(database.count("tick_history") == 20);
    CHECK(database.count("dead_letters") == 0);
}

TEST_CASE("postgres waits while the disk of the database is full") {
    if (!SmallDisk::possible()) {
        WARN("skipped: this user may not mount a small disk");
        return;
    }
    SmallDisk const disk{"32m"};
    std::filesystem::create_directory(disk / "space");
    PostgresCluster::give(disk / "space");
    cluster().query("postgres", "DROP DATABASE IF EXISTS full_disk WITH (FORCE)");
    cluster().query("postgres", "DROP TABLESPACE IF EXISTS small");
    cluster().query("postgres", "CREATE TABLESPACE small LOCATION '" + disk / "space" + "'");
    cluster().query("postgres", "CREATE DATABASE full_disk TABLESPACE small");
    {
        SinkUnderTest sink{"postgres", option(cluster().url("full_disk"))};
        REQUIRE(sink.start() == ARB_OK);
        REQUIRE(sink.write(quotes(10)) == ARB_OK);
        disk.fill();
        arb_status status = ARB_OK;
        int batches = 0;
        for (; status == ARB_OK && batches != 100; ++batches)
            status = sink.write(quotes(1000, noon + batches * second_ns));
        CHECK(status == ARB_RETRY);
        CHECK(sink.error.find("No space left") != std::string::npos);
        CHECK(sink.again() == ARB_RETRY);
        disk.free();
        CHECK(stored_within(sink, 10s));
        CHECK(cluster().query("full_disk", "SELECT count(*) FROM tick_history")[0][0] ==
              std::to_string(10 + batches * 1000));
        CHECK(cluster().query("full_disk", "SELECT count(*) FROM dead_letters")[0][0] == "0");
    }
    cluster().query("postgres", "DROP DATABASE full_disk WITH (FORCE)");
    cluster().query("postgres", "DROP TABLESPACE small");
}

TEST_CASE("postgres waits while the disk of the server's log is full, which ends the server") {
    if (!SmallDisk::possible()) {
        WARN("skipped: this user may not mount a small disk");
        return;
    }
    namespace fs = std::filesystem;
    SmallDisk const disk{"64m"};
    PostgresCluster server{{"fsync=off", "min_wal_size=32MB"}};
    server.stop();
    auto const log = server.directory() + "/data/pg_wal";
    fs::copy(log, disk / "wal", fs::copy_options::recursive);
    for (auto const& each : fs::recursive_directory_iterator{disk / "wal"})
        PostgresCluster::give(each.path());
    PostgresCluster::give(disk / "wal");
    fs::remove_all(log);
    fs::create_directory_symlink(disk / "wal", log);
    server.start();
    server.create_database("log");
    SinkUnderTest sink{"postgres", option(server.url("log"))};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(10)) == ARB_OK);
    disk.fill();
    arb_status status = ARB_OK;
    int batches = 0;
    for (; status == ARB_OK && batches != 100; ++batches)
        status = sink.write(quotes(5000, noon + batches * second_ns));
    CHECK(status == ARB_RETRY);
    CHECK(sink.again() == ARB_RETRY);
    disk.free();
    server.kill();
    server.start();
    CHECK(stored_within(sink, 20s));
    CHECK(server.query("log", "SELECT count(*), count(DISTINCT position) FROM tick_history")[0] ==
          TextRow{std::to_string(10 + batches * 5000), std::to_string(10 + batches * 5000)});
    CHECK(server.query("log", "SELECT count(*) FROM dead_letters")[0][0] == "0");
}

TEST_CASE("postgres needs no more memory the longer the database is away") {
    PostgresDatabase database{cluster(), "away"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(5000)) == ARB_OK);
    cluster().stop(true);
    REQUIRE(sink.write(quotes(5000, noon + second_ns)) == ARB_RETRY);
    auto const resident = [] {
        std::ifstream file{"/proc/self/statm"};
        long all = 0, pages = 0;
        file >> all >> pages;
        return pages * ::sysconf(_SC_PAGESIZE);
    };
    auto const tries = [&](int count) {
        for (int i = 0; i != count; ++i) REQUIRE(sink.again() == ARB_RETRY);
    };
    tries(50);
    auto const before = resident();
    tries(1000);  // five hours of the host's pauses
    CHECK(resident() - before < 1 << 20);
    cluster().start();
    CHECK(stored_within(sink, 10s));
    CHECK(database.count("tick_history") == 10'000);
}

TEST_CASE("postgres waits for what will pass by itself") {
    PostgresDatabase database{cluster(), "passing"};
    auto const url = user_of(database, "passing");
    SinkUnderTest sink{"postgres", option(url)};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(10)) == ARB_OK);
    auto const packets = quotes(10, noon + second_ns);
    SECTION("a table that somebody locked") {
        PostgresSession session{cluster().url("passing")};
        session.query("BEGIN");
        session.query("LOCK TABLE kalshi_latest_prices");
        CHECK(sink.write(packets) == ARB_RETRY);
        CHECK(sink.error.find("lock timeout") != std::string::npos);
        session.query("ROLLBACK");
    }
    SECTION("a database that is read-only") {
        database.query("ALTER DATABASE passing SET default_transaction_read_only = on");
        database.disconnect_all();
        CHECK(sink.write(packets) == ARB_RETRY);
        CHECK(sink.again() == ARB_RETRY);
        CHECK(sink.error.find("read-only") != std::string::npos);
        database.query(
            "SET transaction_read_only = off; ALTER DATABASE passing RESET default_transaction_read_only");
    }
    SECTION("no connection to spare") {
        database.query("ALTER ROLE collector_passing CONNECTION LIMIT 0");
        database.disconnect_all();
        CHECK(sink.write(packets) == ARB_RETRY);
        CHECK(sink.again() == ARB_RETRY);
        CHECK(sink.error.find("too many connections") != std::string::npos);
        database.query("ALTER ROLE collector_passing CONNECTION LIMIT -1");
    }
    CHECK(sink.again() == ARB_OK);
    CHECK(database.count("tick_history") == 20);
    CHECK(database.count("dead_letters") == 0);
}

TEST_CASE("postgres is held by what only a person can put right") {
    PostgresDatabase database{cluster(), "held"};
    auto const url = user_of(database, "held");
    SinkUnderTest sink{"postgres", option(url)};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets = quotes(5);
    add_pair(packets, "p", ARB_RELATION_SAME, ARB_PAIR_ACCEPTED, "0xabc");
    REQUIRE(sink.write(packets) == ARB_OK);
    std::string mend;
    SECTION("a dropped column") {
        database.query("ALTER TABLE tick_history RENAME COLUMN bid TO was_bid");
        mend = "ALTER TABLE tick_history RENAME COLUMN was_bid TO bid";
        CHECK(sink.write(packets) == ARB_PERMANENT);
        CHECK(sink.error.find("42703") != std::string::npos);
    }
    SECTION("a missing table") {
        database.query("ALTER TABLE market_pairs RENAME TO elsewhere");
        mend = "ALTER TABLE elsewhere RENAME TO market_pairs";
        CHECK(sink.write(packets) == ARB_PERMANENT);
        CHECK(sink.error.find("42P01") != std::string::npos);
    }
    SECTION("missing rights") {
        database.query("REVOKE INSERT ON market_pairs FROM collector_held");
        mend = "GRANT INSERT ON market_pairs TO collector_held";
        CHECK(sink.write(packets) == ARB_PERMANENT);
        CHECK(sink.error.find("42501") != std::string::npos);
    }
    SECTION("a column of another type") {
        database.query("ALTER TABLE market_pairs ALTER COLUMN score TYPE boolean USING false");
        mend = "ALTER TABLE market_pairs ALTER COLUMN score TYPE numeric USING NULL";
        CHECK(sink.write(packets) == ARB_PERMANENT);
        CHECK(sink.error.find("42804") != std::string::npos);
    }
    CHECK(sink.error.find("Nothing is lost") != std::string::npos);
    CHECK(sink.again() == ARB_PERMANENT);
    database.query(mend);
    CHECK(sink.again() == ARB_OK);
    CHECK(database.count("tick_history") == 10);
    CHECK(database.count("dead_letters") == 0);
}

TEST_CASE("postgres is held by a wrong password and keeps it to itself") {
    PostgresDatabase database{cluster(), "locked"};
    database.query(
        "DROP ROLE IF EXISTS keeper; CREATE ROLE keeper LOGIN PASSWORD 'right'; GRANT CREATE ON SCHEMA "
        "public TO keeper");
    cluster().let_in("local all keeper scram-sha-256\n");
    auto const url = "postgresql://keeper:wr0ng-secret@/locked?host=" + cluster().directory();
    REQUIRE(eventually(5s, [&] {
        SinkUnderTest sink{"postgres", option(url)};
        return sink.start() == ARB_INVALID && sink.where == "/url" &&
               sink.error.find("28P01") != std::string::npos &&
               sink.error.find("secret") == std::string::npos;
    }));
    database.query("ALTER ROLE keeper PASSWORD 'wr0ng-secret'");
    SinkUnderTest sink{"postgres", option(url)};
    CHECK(sink.start() == ARB_OK);
    cluster().let_in("");
}

TEST_CASE("postgres says loudly that a key it does not know forbids a row") {
    PostgresDatabase database{cluster(), "foreign_key"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    database.query("CREATE UNIQUE INDEX mine ON kalshi_tick_history_20261120 (bid)");
    CHECK(sink.write(quotes(1, noon + second_ns)) == ARB_OK);
    CHECK(sink.dead_letters == 1);
    CHECK(database.text("SELECT reason FROM dead_letters").find("23505") != std::string::npos);
    CHECK(sink.host.lines().back().find("not what it made") != std::string::npos);
}

TEST_CASE("postgres buries what it does not understand after ten tries, and that alone") {
    PostgresDatabase database{cluster(), "unknown"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    database.query(
        "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.bid > 0.9 THEN RAISE "
        "EXCEPTION 'odd' USING ERRCODE = 'AB123'; END IF; RETURN NEW; END $$; CREATE TRIGGER odd BEFORE "
        "INSERT "
        "ON kalshi_tick_history_20261120 FOR EACH ROW EXECUTE FUNCTION odd()");
    Packets packets = quotes(20, noon + second_ns);
    add_quote(packets, "kalshi", "M1", 950'000, 960'000, noon + second_ns);
    CHECK(sink.write(packets) == ARB_RETRY);
    for (int i = 0; i != 9; ++i) CHECK(sink.again() == ARB_RETRY);
    CHECK(database.count("dead_letters") == 0);
    CHECK(sink.again() == ARB_OK);
    CHECK(sink.dead_letters == 1);
    CHECK(database.count("tick_history") == 21);
}

TEST_CASE("postgres goes on at once where the connection was lost after a part of the batch was stored") {
    PostgresDatabase database{cluster(), "progress"};
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    database.forbid();
    database.query(
        "CREATE SEQUENCE ends; CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF "
        "NEW.bid = 0.5 AND nextval('ends') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; "
        "RETURN NEW; END $$; CREATE TRIGGER ends BEFORE INSERT ON kalshi_tick_history_20261120 FOR EACH ROW "
        "EXECUTE FUNCTION end_session()");
    // The first is refused, so the batch is halved; the last ends the session once the others are stored.
    Packets packets;
    add_quote(packets, "kalshi", "M1", 950'000, 960'000, noon + second_ns);
    for (int i = 0; i != 6; ++i) add_quote(packets, "kalshi", "M1", 400'000, 410'000, noon + second_ns + i);
    add_quote(packets, "kalshi", "M1", 500'000, 510'000, noon + 2 * second_ns);
    CHECK(sink.write(packets) == ARB_OK);  // ARB_RETRY would make the host wait, longer each time
    CHECK(sink.dead_letters == 1);
    CHECK(sink.host.counter("packets_already_stored") > 0);
    CHECK(database.text("SELECT last_value FROM ends") == "2");
    CHECK(database.count("tick_history") == 8);
    CHECK(database.count("dead_letters") == 1);
}

TEST_CASE("postgres warns of what could take back what it reported as stored") {
    PostgresDatabase database{cluster(), "dangers"};
    auto const says = [](SinkUnderTest& sink, std::string const& text) {
        auto const sentences = sink.host.sentences(), lines = sink.host.lines();
        auto const has = [&](std::string const& each) { return each.find(text) != std::string::npos; };
        return std::any_of(sentences.begin(), sentences.end(), has) &&
               std::any_of(lines.begin(), lines.end(), has);
    };
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(1)) == ARB_OK);
    CHECK(sink.host.sentences().empty());
    SECTION("UNLOGGED tables") {
        database.query("ALTER TABLE kalshi_tick_history_20261120 SET UNLOGGED");
        REQUIRE(sink.start() == ARB_OK);
        CHECK(says(sink, "UNLOGGED"));
    }
    SECTION("full_page_writes = off") {
        PostgresSession session{cluster().url("dangers")};
        session.query("ALTER SYSTEM SET full_page_writes = off");
        session.query("SELECT pg_reload_conf()");
        CHECK(eventually(5s, [&] { return sink.start() == ARB_OK && says(sink, "full_page_writes = off"); }));
        session.query("ALTER SYSTEM RESET full_page_writes");
        session.query("SELECT pg_reload_conf()");
    }
    CHECK(sink.write(quotes(1, noon + second_ns)) == ARB_OK);
    CHECK(sink.host.state() == ARB_STATE_LIVE);
    // What the role or the database prefers does not count.
    database.query("ALTER DATABASE dangers SET synchronous_commit = off");
    SinkUnderTest other{database};
    REQUIRE(other.start() == ARB_OK);
    CHECK_FALSE(says(other, "synchronous_commit"));
}

TEST_CASE("postgres brings tables of an older version up to date with what is in them") {
    PostgresDatabase database{cluster(), "older"};
    auto const made_by = [](int version) {
        std::vector<std::string> out;
        for (auto const& step : postgres::migrations())
            if (step.version <= version)
                out.insert(out.end(), step.statements.begin(), step.statements.end());
        return out;
    };
    SECTION("of version 2") { brings_older_tables_up_to_date(database, made_by(2)); }
    SECTION("of version 4") { brings_status_changes_up_to_date(database, made_by(4)); }
}

TEST_CASE("postgres makes its tables once, however many start at once") {
    for (int round = 0; round != 5; ++round) {
        PostgresDatabase database{cluster(), "migrators"};
        std::vector<std::thread> threads;
        std::atomic<int> good{0};
        for (int i = 0; i != 4; ++i)
            threads.emplace_back([&] {
                SinkUnderTest sink{database};
                if (sink.start() == ARB_OK && sink.write(quotes(1)) == ARB_OK) ++good;
            });
        for (auto& each : threads) each.join();
        // They are the same sink of the same queue: one stores the packet, the others learn that it is
        // stored.
        CHECK(good >= 1);
        CHECK(database.count("schema_version") == std::ssize(postgres::migrations()));
        CHECK(database.count("tick_history") == 1);
    }
}
