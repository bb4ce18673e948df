// What the tests of both database sinks share: the sink as the host drives it, through its .so, and the
// database as a user reads it, with statements of their own.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "arbitrage/abi/ext/commands.h"
#include "arbitrage/abi/ext/probe.h"
#include "arbitrage/abi/plugin.h"
#include "arbitrage/packet.hpp"
#include "arbitrage/sink.hpp"
#include "support/postgres.hpp"
#include "support/recording_host.hpp"

namespace arb::test {

// A database the tests can look into.
class Database {
  public:
    virtual ~Database() = default;
    virtual char const* plugin() const = 0;  // id of the sink that writes it
    virtual std::string options() const = 0;
    // With rows of these kinds kept for so long, as {"ticks":"2d"}.
    std::string options_keeping(std::string const& retention) const;
    virtual std::vector<TextRow> query(std::string const& statement) = 0;
    // A list column as JSON text, a JSON column as text.
    virtual std::string list(std::string const& column) const = 0;
    // The tables refuse quotes bid at 0.90 or more and markets titled "poison"; and no more.
    virtual void forbid() = 0;
    virtual void allow() = 0;
    // Keeps a copy of the database as it is; puts it back.
    virtual void save() = 0;
    virtual void restore() = 0;

    TextRow row(std::string const& statement);
    std::string text(std::string const& statement);     // one value; "NULL" if it is
    std::int64_t amount(std::string const& statement);  // one decimal in millionths
    std::int64_t count(std::string const& table);
};

class SqliteDatabase final : public Database {
  public:
    SqliteDatabase();
    ~SqliteDatabase() override;
    char const* plugin() const override { return "sqlite"; }
    std::string options() const override { return R"({"file":")" + file_ + "\"}"; }
    std::vector<TextRow> query(std::string const& statement) override;
    std::string list(std::string const& column) const override { return column; }
    void forbid() override;
    void allow() override;
    void save() override;
    void restore() override;
    std::string const& file() const { return file_; }

  private:
    std::string directory_, file_;
};

class PostgresDatabase final : public Database {
  public:
    PostgresDatabase(PostgresCluster& cluster, std::string name) : cluster_{cluster}, name_{std::move(name)} {
        cluster_.create_database(name_);
    }
    char const* plugin() const override { return "postgres"; }
    std::string options() const override { return R"({"url":")" + cluster_.url(name_) + "\"}"; }
    std::vector<TextRow> query(std::string const& statement) override {
        return cluster_.query(name_, statement);
    }
    std::string list(std::string const& column) const override { return "array_to_json(" + column + ")"; }
    void forbid() override;
    void allow() override;
    void save() override;
    void restore() override;
    // Ends every session but the one that asks.
    void disconnect_all();

  private:
    PostgresCluster& cluster_;
    std::string const name_;
};

// A sink made from its .so.
class SinkUnderTest {
  public:
    explicit SinkUnderTest(Database const& database) : SinkUnderTest{database.plugin(), database.options()} {}
    // One that has another name in the pipeline.
    SinkUnderTest(Database const& database, std::string const& instance);
    SinkUnderTest(std::string const& plugin, std::string const& options);
    // One that is linked into the test, for what no option can say.
    SinkUnderTest(arb_sink const& sink, std::string const& plugin, std::string const& options);
    ~SinkUnderTest();

    arb_status start();
    // The packets as the next batch of the journal; how many became dead letters.
    arb_status write(Packets const& packets);
    // The last batch once more, as the host does after ARB_RETRY.
    arb_status again();
    arb_status command(std::string const& name, std::string const& parameters,
                       std::vector<boost::json::object>& rows);
    arb_status probe();

    bool stored_up_to(std::uint64_t run, std::uint64_t sequence) const {
        return stored == arb_position{run, sequence};
    }

    arb_position stored{};
    std::uint32_t dead_letters = 0;
    std::string error;
    std::string where;
    std::uint64_t next_sequence = 1;
    std::uint64_t incarnation = 1;
    std::array<std::uint8_t, 16> journal{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    RecordingHost host;

  private:
    arb_status noted(arb_status status, arb_error const& said);

    arb_sink const* sink_ = nullptr;
    void* self_ = nullptr;
    std::vector<std::byte> bytes_;
    std::vector<arb_packet const*> batch_;
};

// Times of the tests: 2026-11-20 12:00:00 UTC and after.
inline constexpr arb_time noon = 1'795'176'000'000'000'000;

}  // namespace arb::test
