// What goes wrong with an SQLite file, and that nothing is lost, doubled or buried because of it.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "arbitrage/time.hpp"
#include "sinks/quick_sink.hpp"
#include "sinks/shared.hpp"
#include "sinks/small_disk.hpp"
#include "sinks/sqlite/dialect.hpp"
#include "sinks/sqlite/schema.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

using namespace arb;
using namespace arb::test;

namespace {

void shorten(sqlite::Settings& settings) { settings.busy_wait = 50ms; }
using Quick = QuickSink<sqlite::SqliteDialect, sqlite::Settings, &sqlite::read_settings, &shorten>;

// A child of the test's own that does `work` until it is killed.
class Child {
  public:
    template<class Work>
    explicit Child(Work work) {
        int ends[2];
        if (::pipe(ends) != 0) throw std::runtime_error{"no pipe"};
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            work([&] { (void)!::write(ends[1], ".", 1); });
            ::_exit(0);
        }
        ::close(ends[1]);
        said_ = ends[0];
    }
    ~Child() {
        kill();
        ::close(said_);
    }
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;

    // Until it has said so once more.
    bool wait() {
        char byte;
        return ::read(said_, &byte, 1) == 1;
    }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

  private:
    pid_t pid_ = -1;
    int said_ = -1;
};

}  // namespace

TEST_CASE("sqlite waits while somebody else has the file locked") {
    SqliteDatabase database;
    {
        SinkUnderTest sink{Quick::table(), "sqlite", database.options()};
        REQUIRE(sink.start() == ARB_OK);
        REQUIRE(sink.write(quotes(10)) == ARB_OK);
    }
    auto const lock = [&] {
        sqlite_api::sqlite3* other = nullptr;
        sqlite_api::sqlite3_open(database.file().c_str(), &other);
        sqlite_api::sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
        return other;
    };
    // A process that is forked while SQLite has the file open knows nothing true of its locks: so this first.
    Child child{[&](auto const& say) {
        lock();
        say();
        ::pause();
    }};
    REQUIRE(child.wait());
    SinkUnderTest sink{Quick::table(), "sqlite", database.options()};
    sink.next_sequence = 11;
    CHECK(sink.start() == ARB_RETRY);
    CHECK(sink.error.find("locked by another program") != std::string::npos);
    child.kill();
    REQUIRE(sink.start() == ARB_OK);

    auto* const other = lock();
    CHECK(sink.write(quotes(10, noon + second_ns)) == ARB_RETRY);
    CHECK(sink.again() == ARB_RETRY);
    CHECK(sink.error.find("locked by another program") != std::string::npos);
    sqlite_api::sqlite3_close(other);
    CHECK(sink.again() == ARB_OK);
    CHECK(database.count("tick_history") == 20);
    CHECK(database.count("dead_letters") == 0);
}

TEST_CASE("sqlite waits while the disk is full") {
    if (!SmallDisk::possible()) {
        WARN("skipped: this user may not mount a small disk");
        return;
    }
    SmallDisk const disk{"4m"};
    auto const options = R"({"file":")" + (disk / "arbitrage.db") + "\"}";
    SinkUnderTest sink{"sqlite", options};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(10)) == ARB_OK);
    disk.fill();
    arb_status status = ARB_OK;
    int batches = 0;
    for (; status == ARB_OK && batches != 100; ++batches)
        status = sink.write(quotes(1000, noon + batches * second_ns));
    CHECK(status == ARB_RETRY);
    CHECK(sink.error.find("full") != std::string::npos);
    CHECK(sink.again() == ARB_RETRY);
    disk.free();
    CHECK(sink.again() == ARB_OK);
    std::vector<boost::json::object> rows;
    REQUIRE(sink.command("tables", "{}", rows) == ARB_OK);
    for (auto const& row : rows) {
        if (row.at("table") == "tick_history") CHECK(row.at("rows") == 10 + batches * 1000);
        if (row.at("table") == "dead_letters") CHECK(row.at("rows") == 0);
    }
}

TEST_CASE("sqlite is held by a file it may only read") {
    if (!SmallDisk::possible()) {
        WARN("skipped: this user may not mount a small disk");
        return;
    }
    SmallDisk disk{"4m"};
    auto const options = R"({"file":")" + (disk / "arbitrage.db") + "\"}";
    {
        SinkUnderTest sink{"sqlite", options};
        REQUIRE(sink.start() == ARB_OK);
    }
    disk.read_only(true);
    SinkUnderTest sink{"sqlite", options};
    CHECK(sink.start() == ARB_INVALID);
    CHECK(sink.where == "/file");
    CHECK(sink.error.find("cannot be opened for writing") != std::string::npos);
    disk.read_only(false);
    CHECK(sink.start() == ARB_OK);
}

TEST_CASE("sqlite is held by a file that is damaged") {
    SqliteDatabase database;
    {
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
        for (int i = 0; i != 5; ++i) REQUIRE(sink.write(quotes(500, noon + i * second_ns)) == ARB_OK);
    }
    auto const size = std::filesystem::file_size(database.file());
    {
        std::fstream file{database.file(), std::ios::in | std::ios::out | std::ios::binary};
        // All but the first page, which says that it is a database.
        file.seekp(4096);
        std::string const garbage(static_cast<std::size_t>(size) - 4096, '\x5a');
        file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
    }
    SinkUnderTest sink{database};
    auto const started = sink.start();
    CHECK((started == ARB_PERMANENT || started == ARB_INVALID));
    CHECK(sink.error.find("is damaged") != std::string::npos);
    CHECK(sink.error.find("Nothing is lost") != std::string::npos);
}

TEST_CASE("sqlite brings tables of an older version up to date with what is in them") {
    SqliteDatabase database;
    std::filesystem::create_directories(std::filesystem::path{database.file()}.parent_path());
    auto const made_by = [](int version) {
        std::vector<std::string> out;
        for (auto const& step : sqlite::migrations())
            if (step.version <= version)
                out.insert(out.end(), step.statements.begin(), step.statements.end());
        return out;
    };
    SECTION("of version 2") { brings_older_tables_up_to_date(database, made_by(2)); }
    SECTION("of version 4") { brings_status_changes_up_to_date(database, made_by(4)); }
}

TEST_CASE("sqlite notices that its file was moved away") {
    SqliteDatabase database;
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(quotes(10)) == ARB_OK);
    std::filesystem::rename(database.file(), database.file() + ".old");
    CHECK(sink.write(quotes(10, noon + second_ns)) == ARB_RETRY);
    CHECK(sink.error.find("was moved or deleted") != std::string::npos);
    CHECK(sink.again() == ARB_RETRY);  // the new one knows nothing
    CHECK(sink.error.find("set back to an older state") != std::string::npos);
    REQUIRE(sink.start() == ARB_OK);
    CHECK(sink.stored_up_to(1, 0));
    CHECK(sink.again() == ARB_OK);
    CHECK(database.count("tick_history") == 10);
}

TEST_CASE("sqlite keeps rows and position together when its process is killed") {
    SqliteDatabase database;
    constexpr int per_batch = 20;
    std::uint64_t stored = 0;
    for (int round = 1; round != 11; ++round) {
        Child child{[&](auto const& say) {
            SinkUnderTest sink{database};
            if (sink.start() != ARB_OK) return;
            sink.next_sequence = sink.stored.sequence + 1;
            for (;;)
                if (sink.write(quotes(per_batch, noon + second_ns)) == ARB_OK) say();
        }};
        for (int i = 0; i != round * 3; ++i) REQUIRE(child.wait());
        child.kill();
        SinkUnderTest sink{database};
        REQUIRE(sink.start() == ARB_OK);
        CHECK(sink.stored.sequence >= stored + static_cast<std::uint64_t>(round) * 3 * per_batch);
        stored = sink.stored.sequence;
        CHECK(database.count("tick_history") == static_cast<std::int64_t>(stored));
    }
    CHECK(database.text("PRAGMA integrity_check") == "ok");
    CHECK(database.text("SELECT count(*) = count(DISTINCT position) FROM tick_history") == "1");
}
