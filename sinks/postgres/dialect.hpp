// PostgreSQL as a place for packets: COPY for hot rows, staging and a merge for the rest, one transaction per
// batch.
//
// Thread safety: one thread, except interrupt.
#pragma once

#include <unordered_set>

#include "sinks/postgres/connection.hpp"
#include "sinks/postgres/partitions.hpp"
#include "sinks/sql/dialect.hpp"

namespace arb::postgres {

class PostgresDialect final : public sql::Dialect {
  public:
    explicit PostgresDialect(Settings const& settings);

    void connect() override;
    void disconnect() noexcept override;
    bool connected() const noexcept override { return connection_.is_open(); }
    soci::session& session() override { return connection_.session(); }
    std::string name() const override { return connection_.name(); }
    std::vector<std::string> dangers() override;
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
    char const* packet_as_hex() const override { return "encode(packet, 'hex')"; }
    std::string list_as_json(std::string_view column) const override;
    void rollback() noexcept override;
    bool expire(std::span<sql::TableId const> from, arb_time before) override;
    sql::Failure explain(std::exception const& error) const override { return connection_.explain(error); }
    void idle() noexcept override { connection_.rest(); }
    void interrupt() noexcept override { connection_.interrupt(); }

  private:
    std::vector<std::uint64_t> contents(std::string const& statement, std::size_t count, Binary const& venues,
                                        Binary const& names);
    void write_round(std::span<sql::Group* const> groups, bool again);
    void copy(sql::Group const& group, std::string const& into);
    void copy_by_day(sql::Group const& group);
    void send_latest(sql::Group const& group);
    void send_mark(sql::Ending const& ending);
    void take_dead_letter(std::int64_t key);
    std::string begin_once();

    std::string const warning_;
    Connection connection_;
    Partitions partitions_;
    std::unordered_set<std::string> prepared_;  // statements and staging tables of this session
    bool begun_ = false;
    Binary buffer_;
    std::vector<Binary> arrays_;
};

}  // namespace arb::postgres
