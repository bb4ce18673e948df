// SQLite as a place for packets: one file, prepared statements, one transaction per batch.
//
// Thread safety: one thread, except interrupt.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "sinks/sql/dialect.hpp"
#include "sinks/sqlite/binder.hpp"
#include "sinks/sqlite/options.hpp"

namespace arb::sqlite {

class SqliteDialect final : public sql::Dialect {
  public:
    explicit SqliteDialect(Settings settings) : settings_{std::move(settings)} {}
    ~SqliteDialect() override { disconnect(); }

    bool exists() const override;
    void connect() override;
    void disconnect() noexcept override;
    bool connected() const noexcept override { return session_.has_value(); }
    soci::session& session() override { return session_.value(); }
    std::string name() const override;
    std::span<sql::Migration const> migrations() const override;
    void begin_exclusive() override;
    bool table_exists(std::string const& name) override;
    void check_rights() override;
    std::vector<std::int32_t> market_keys(std::span<sql::MarketName const> names) override;
    std::vector<std::uint64_t> contents(std::span<sql::MarketKey const> markets) override;
    std::vector<std::uint64_t> contents(std::span<sql::EventName const> events) override;
    void prepare(std::vector<sql::Group*> const& groups, arb_time now) override;
    void write(std::vector<sql::Group*> const& groups, sql::Ending const& ending) override;
    void begin_reading() override;
    char const* packet_as_hex() const override { return "hex(packet)"; }
    std::string list_as_json(std::string_view column) const override { return std::string{column}; }
    void rollback() noexcept override;
    bool expire(std::span<sql::TableId const> from, arb_time before) override;
    sql::Failure explain(std::exception const& error) const override;
    void idle() noexcept override {}
    void interrupt() noexcept override {}  // no statement waits longer than busy_wait

  private:
    Statement& statement(std::string const& text);
    Statement& writer(sql::Table const& table, bool again);
    void ensure_views(std::string const& venue);
    std::int64_t changes();
    void need_file();
    void move_mark(sql::Ending const& ending);
    void take_dead_letter(std::int64_t key);
    sql::Failure failure(int code, std::string const& text) const;

    Settings const settings_;
    std::optional<soci::session> session_;
    std::map<std::string, std::unique_ptr<Statement>> statements_;  // of the session, by their text
    std::unique_ptr<Statement> writers_[sql::table_count];
    std::set<std::string> venues_;  // those that have their views
};

}  // namespace arb::sqlite
