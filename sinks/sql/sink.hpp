// A sink that stores packets in a database: batches in, transactions out. The database is a Dialect.
//
// Promises: a batch's rows and its position are committed together; a batch handed in again after an
// ambiguous commit is not stored twice; one bad packet ends in dead_letters and takes no other along; the
// connection is made anew after every error, for as long as the host hands the batch in. Thread safety: as
// abi/sink.h says; stop from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <span>

#include "arbitrage/sink.hpp"
#include "sinks/sql/breaker.hpp"
#include "sinks/sql/dialect.hpp"
#include "sinks/sql/keys.hpp"
#include "sinks/sql/options.hpp"

namespace arb::sql {

class DatabaseSink : public Sink, public Commands, public Probe {
  public:
    Result<Position> start(std::span<std::uint8_t const, 16> journal) final;
    Result<std::uint32_t> write(Batch const& batch) final;
    void stop() noexcept final;

    Result<> command(std::string_view name, Options const& parameters, arb::Rows const& row) final;
    Result<> probe() final;

  protected:
    DatabaseSink(Host host, Retention const& retention, std::unique_ptr<Dialect> dialect);

  private:
    using Run = std::span<arb_packet const* const>;  // consecutive packets of one incarnation

    void open();
    void store(Run packets, std::uint64_t incarnation);
    void store_halves(Run packets, std::uint64_t incarnation, Failure const& failure);
    void commit(Run packets, std::uint64_t incarnation, std::string_view bury_because);
    void resolve_keys(Run packets);
    bool unchanged(arb_packet const& packet, std::uint64_t content);
    void remember();
    void expire();
    Error give_up(std::exception const& error);

    // Constant after construction.
    Host const host_;
    Retention const retention_;
    std::unique_ptr<Dialect> const dialect_;

    // The instance's thread.
    Mark mark_;
    Rows rows_;
    KeyCache markets_;
    KeyCache events_;
    std::vector<std::int32_t> keys_;  // of the packets of the running commit
    Breaker breaker_;
    std::uint32_t buried_ = 0;  // since the last batch that was reported as written
    int unknown_tries_ = 0;
    arb_time expired_at_ = 0;
    bool expire_again_ = false;
};

}  // namespace arb::sql
