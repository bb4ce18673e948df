// The database sinks with shorter waits than any option allows, so that tests of deadlines are quick.
#pragma once

#include "arbitrage/export.hpp"
#include "sinks/database.hpp"
#include "sinks/sql/sink.hpp"

namespace arb::test {

// Dialect: as PostgresDialect; Settings and `read` are its options and who reads them.
template<class Dialect, class Settings, Settings (*Read)(Options const&), void (*Shorten)(Settings&)>
class QuickSink final : public sql::DatabaseSink {
  public:
    QuickSink(Host host, Options const& options) : QuickSink{host, shortened(options)} {}

    static arb_sink const& table() { return *detail::sink_entry<QuickSink>()->sink; }

  private:
    QuickSink(Host host, Settings const& settings)
        : DatabaseSink{host, settings.retention, std::make_unique<Dialect>(settings)} {}
    static Settings shortened(Options const& options) {
        auto out = Read(options);
        Shorten(out);
        return out;
    }
};

}  // namespace arb::test
