// A sink that stores packets in a database: batches in, transactions out. The database is a Dialect.
//
// Promises: a batch's rows and its position are committed together; a batch handed in again after an
// ambiguous commit is not stored twice; one bad packet ends in dead_letters and takes no other along; the
// connection is made anew after every error, for as long as the host hands the batch in; a database that was
// set back to an older state asks for what it lost, and what the queue no longer has is a gap.
//
// Thread safety: as abi/sink.h says; stop from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>

#include "arbitrage/packet.hpp"
#include "arbitrage/sink.hpp"
#include "sinks/sql/breaker.hpp"
#include "sinks/sql/dialect.hpp"
#include "sinks/sql/keys.hpp"
#include "sinks/sql/options.hpp"

namespace arb::sql {

struct DeadLetter;

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

    void open(bool starting);
    void take_over();
    void need_own_row();
    void read_mark(bool is_new);
    void reopen();
    void store_rest(Batch const& batch);
    void store(Run packets, std::uint64_t incarnation);
    void store_halves(Run packets, std::uint64_t incarnation, Failure const& failure);
    void commit(Run packets, std::uint64_t incarnation, std::string_view bury_because);
    void add_rows(Run packets, arb_time time);
    void add_gaps(arb_packet const& first);
    void add_gap(arb_packet const& first, arb_time from, std::string_view reason, std::string const& detail);
    arb_time newest_elsewhere();
    void admit(Run packets, arb_time time);
    arb_time newest(Run packets) const;
    // memory.cpp
    void recall_newest();
    void resolve_keys(Run packets);
    void recall(Run packets);
    bool unchanged(arb_packet const& packet, std::uint64_t content);
    void remember();

    // retention.cpp
    void expire();
    bool clock_jumped(arb_time time);

    void say_live();
    void replay(Options const& parameters, arb::Rows const& row);
    std::string replay(DeadLetter const& letter);
    Error give_up(std::exception const& error);

    // Constant after construction.
    Host const host_;
    Retention const retention_;
    std::unique_ptr<Dialect> const dialect_;

    // The instance's thread.
    Mark mark_;
    arb_position promised_{};  // up to where the host was told that packets are stored
    bool resumed_ = false;     // connected, and nothing stored since
    arb_time elsewhere_ = 0;   // newest_elsewhere when connected, if nothing of this queue is stored; else 0
    std::string live_;         // what to say when all is well but for the dangers; empty: nothing
    Rows rows_;
    Packets gaps_;  // of this sink's own making; rows_ points into it
    KeyCache markets_;
    KeyCache events_;
    std::size_t asked_ = 0;  // markets, by name, since the connection was made
    bool recalled_ = false;  // the newest markets were read into markets_
    // Of the packets of the running commit.
    std::vector<char const*> problems_;
    std::vector<std::int32_t> keys_;
    Breaker breaker_;
    Breaker trial_;             // breaker_ as it will be once the running commit is done
    std::uint32_t buried_ = 0;  // since the last batch that was reported as written
    int unknown_tries_ = 0;
    arb_time expired_at_ = 0;
    bool expire_again_ = false;
    arb_time before_start_ = 0;             // when the last packet of an earlier run was received
    std::optional<arb_time> clock_offset_;  // the wall clock less the time since boot, when last looked at
};

}  // namespace arb::sql
