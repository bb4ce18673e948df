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

// docs/schema.md says how bytes_per_row was measured.
constexpr char manifest[] =
    R"({"id":"sqlite","version":"0.1.0","description":"stores everything in one SQLite file",)"
    R"("options":{"type":"object","additionalProperties":false,"properties":{)"
    R"("file":{"type":"string","default":"var/arbitrage.db","description":"the database file; made if it is not there"},)" ARB_SQL_RETENTION
    R"(}},)"
    R"("bytes_per_row":{"event":2310,"market":5240,"quote":175,"trade":250,)"
    R"("book":725,"book_change":160,"status":650,"gap":185,)"
    R"("series":850,"fee_schedule":370,"message":685,"pair":165},)" ARB_SQL_COMMANDS "}";

}  // namespace arb::sqlite

ARB_EXPORT_SINK(arb::sqlite::SqliteSink, arb::sqlite::manifest)
