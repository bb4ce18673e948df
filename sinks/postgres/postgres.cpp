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

// docs/schema.md says how bytes_per_row was measured.
constexpr char manifest[] =
    R"({"id":"postgres","version":"0.1.0","description":"stores everything in a PostgreSQL database",)"
    R"("options":{"type":"object","additionalProperties":false,"required":["url"],"properties":{)"
    R"("url":{"type":"string","default":"","description":"the database, as postgresql://user@host:5432/database; a )"
    R"(password is better kept in ~/.pgpass or PGPASSFILE"},)" ARB_SQL_RETENTION R"(}},)"
    R"("bytes_per_row":{"event":2380,"market":3830,"quote":170,"trade":330,)"
    R"("book":1220,"book_change":150,"status":1040,"gap":195,)"
    R"("series":970,"fee_schedule":425,"message":710,"pair":230},)" ARB_SQL_COMMANDS "}";

}  // namespace arb::postgres

ARB_EXPORT_SINK(arb::postgres::PostgresSink, arb::postgres::manifest)
