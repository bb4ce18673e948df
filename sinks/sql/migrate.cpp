#include "sinks/sql/migrate.hpp"

#include <fmt/format.h>

#include "arbitrage/time.hpp"

namespace arb::sql {
namespace {

void apply(Dialect& dialect, Migration const& step) {
    auto& session = dialect.session();
    for (auto const* const statement : step.statements) session << statement;
    auto const applied_at = format_time(now());
    std::string const description = step.description;
    session << "INSERT INTO schema_version (version, description, applied_at) VALUES (:v, :d, :t)",
        soci::use(step.version), soci::use(description), soci::use(applied_at);
}

}  // namespace

int schema_version(Dialect& dialect) {
    if (!dialect.table_exists("schema_version")) return 0;
    int version = 0;
    dialect.session() << "SELECT coalesce(max(version), 0) FROM schema_version", soci::into(version);
    auto const known = dialect.migrations().back().version;
    if (version > known)
        throw Failure{
            Trouble::held,
            fmt::format("{} has schema version {}, this program knows {}: it was written by a newer "
                        "arbitrage. Nothing was changed; install that version or name another database",
                        dialect.name(), version, known)};
    return version;
}

int migrate(Dialect& dialect) {
    auto const newest = dialect.migrations().back().version;
    if (schema_version(dialect) == newest) return newest;
    dialect.begin_exclusive();
    try {
        // Somebody else may have migrated while this process waited for the lock.
        auto const version = schema_version(dialect);
        for (auto const& step : dialect.migrations())
            if (step.version > version) apply(dialect, step);
        dialect.session().commit();
    } catch (...) {
        dialect.rollback();
        throw;
    }
    return newest;
}

}  // namespace arb::sql
