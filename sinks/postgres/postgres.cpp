// The PostgreSQL sink: a dialect, its options, and what sinks/sql makes of them.
#include "arbitrage/export.hpp"
#include "sinks/postgres/dialect.hpp"
#include "sinks/postgres/options.hpp"
#include "sinks/sql/sink.hpp"

namespace arb::postgres {

class PostgresSink final : public sql::DatabaseSink {
  public:
    PostgresSink(Host host, Options const& options) : PostgresSink{host, read_settings(options)} {}

  private:
    PostgresSink(Host host, Settings const& settings)
        : DatabaseSink{host, settings.retention, std::make_unique<PostgresDialect>(settings)} {}
};

constexpr char manifest[] =
    R"({"id":"postgres","version":"0.1.0","description":"stores everything in a PostgreSQL database",)"
    R"("options":{"type":"object","additionalProperties":false,"required":["url"],"properties":{)"
    R"("url":{"type":"string","default":"","description":"the database, as postgresql://user@host:5432/database; a )"
    R"(password is better kept in ~/.pgpass or PGPASSFILE"},)" ARB_SQL_RETENTION R"(}},)" ARB_SQL_COMMANDS
    "}";

}  // namespace arb::postgres

ARB_EXPORT_SINK(arb::postgres::PostgresSink, arb::postgres::manifest)
