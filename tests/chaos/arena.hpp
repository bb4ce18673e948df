// What chaos happens to: the simulated venues, the host, a database behind a proxy, and what was done to
// them. One arena is one world: made, hurt several times, and at last compared with the simulator's ledger.
//
// Thread safety: none. Everything in it is started by it and ends with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/collector.hpp"
#include "pipeline/ledger.hpp"
#include "support/disks.hpp"
#include "support/fault_proxy.hpp"
#include "support/postgres.hpp"

namespace arb::chaos {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

enum class SinkKind { postgres, sqlite };

// Where the queue lies.
enum class Disk {
    own,     // with everything else
    memory,  // on a file system of its own, to be filled
    loop,    // on one whose power can be cut
};

// What an act needs of its arena.
struct World {
    Disk disk = Disk::own;
    unsigned rate = 500;  // frames a second of both venues
    bool operator==(World const&) const = default;
};

struct Settings {
    std::uint64_t seed = 1;
    SinkKind sink = SinkKind::postgres;
    World world{};
    unsigned markets = 40;   // of both venues
    std::string failpoints;  // the library to preload
    std::string plugins;     // the folder of the venue poison; empty: without it
};

// This machine cannot have such a world.
struct Unavailable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Arena {
  public:
    explicit Arena(Settings const& settings);
    ~Arena();

    // The world trades and the host stores it.
    void begin();
    // The world stops; everything it told must be in the database, once; the host ends in order. What is
    // wrong.
    test::Problems finish();

    // Waits until `by` more trades are stored, of one venue if it is named. Throws if that takes longer.
    void await_progress(int by = 30, Milliseconds within = 40s, std::string const& venue = {});
    void kill();
    void restart(std::map<std::string, std::string> const& environment = {});
    test::Collector& host() { return *host_; }
    test::Simulated& venues() { return venues_; }
    test::PostgresCluster* postgres() { return postgres_.get(); }
    test::FaultProxy* proxy() { return proxy_.get(); }
    std::unique_ptr<test::Database> database() const;
    std::string const& failpoints() const { return settings_.failpoints; }
    std::filesystem::path const& disk() const { return disk_; }
    test::LoopDisk& loop_disk() { return *loop_disk_; }
    std::int64_t trades(std::string const& venue = {}) const;
    std::int64_t quotes(std::string const& venue) const;

    // A number from `low` to `high`, from the seed.
    int random(int low, int high) { return std::uniform_int_distribution{low, high}(random_); }
    Milliseconds random(Milliseconds low, Milliseconds high) {
        return Milliseconds{random(static_cast<int>(low.count()), static_cast<int>(high.count()))};
    }

    // Around what is done to the host or its feeds: a gap outside such a time has no cause.
    void hurt();    // begins now
    void healed();  // ends now

  private:
    void make_disk();
    void refuse_poison();
    struct Outage {
        std::int64_t from_ms, to_ms;
    };
    test::Problems compare(test::Ledger const& ledger, test::Database& database) const;
    test::Problems causeless_gaps(test::Database& database) const;
    test::Problems beside_poison(test::Database& database) const;

    Settings const settings_;
    std::mt19937_64 random_;
    bool const poisoned_;
    test::TemporaryDirectory directory_;
    std::unique_ptr<test::MemoryDisk> memory_disk_;
    std::unique_ptr<test::LoopDisk> loop_disk_;
    std::filesystem::path disk_;  // the queue is in a folder of it
    test::Simulated venues_;
    std::unique_ptr<test::PostgresCluster> postgres_;
    std::unique_ptr<test::FaultProxy> proxy_;
    std::unique_ptr<test::Collector> host_;
    std::vector<Outage> outages_;
};

}  // namespace arb::chaos
