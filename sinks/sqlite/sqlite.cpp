// The SQLite sink: a dialect, its options, and what sinks/sql makes of them.
#include "arbitrage/export.hpp"
#include "sinks/sql/sink.hpp"
#include "sinks/sqlite/dialect.hpp"
#include "sinks/sqlite/options.hpp"

namespace arb::sqlite {

class SqliteSink final : public sql::DatabaseSink {
  public:
    SqliteSink(Host host, Options const& options) : SqliteSink{host, read_settings(options)} {}

  private:
    SqliteSink(Host host, Settings const& settings)
        : DatabaseSink{host, settings.retention, std::make_unique<SqliteDialect>(settings)} {}
};

constexpr char manifest[] =
    R"({"id":"sqlite","version":"0.1.0","description":"stores everything in one SQLite file",)"
    R"("options":{"type":"object","additionalProperties":false,"properties":{)"
    R"("file":{"type":"string","default":"var/arbitrage.db","description":"the database file; made if it is not there"},)" ARB_SQL_RETENTION
    R"(}},)" ARB_SQL_COMMANDS "}";

}  // namespace arb::sqlite

ARB_EXPORT_SINK(arb::sqlite::SqliteSink, arb::sqlite::manifest)
