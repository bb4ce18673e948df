// A world of any size: simulator, PostgreSQL and the program as processes of their own, and what each of them
// uses and says.
//
// Thread safety: none. Everything in it is started by it and ends with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "pipeline/collector.hpp"
#include "pipeline/ledger.hpp"
#include "support/postgres.hpp"

namespace arb::scale {

using namespace std::chrono_literals;

struct Settings {
    std::uint64_t seed = 1;
    unsigned kalshi = 84'000, polymarket = 196'000;  // markets
    unsigned rate = 2'000;                           // frames a second of both venues
    unsigned sample = 300;                           // markets whose books are compared
    double births = 1;                               // new markets a second
    double rolling = 60;                             // seconds a rolling market lasts
    unsigned sweep_seconds = 60;                     // between sweeps of the catalogue
};

struct Subscribed {
    long long kalshi = 0, polymarket = 0, kalshi_tradable = 0, polymarket_tradable = 0;
    bool complete() const { return kalshi >= kalshi_tradable && polymarket >= polymarket_tradable; }
    long long markets() const { return kalshi + polymarket; }
};

// What the simulator did so far.
struct Sent {
    double frames, processor_seconds;
};

// What was done so far.
struct Work {
    double host_seconds;                    // of processor time
    double log_bytes;                       // of the database's write-ahead log
    double database_seconds;                // of work for the program
    std::map<std::string, long long> rows;  // inserted, changed or deleted, by table that stays
    Work operator-(Work const& before) const;
};

class Stage {
  public:
    explicit Stage(Settings const& settings);

    // Looks again and again; what the condition said last.
    bool await(std::chrono::milliseconds within, std::function<bool()> const& condition) const;

    Settings const& settings() const { return settings_; }
    test::Collector& host() { return *host_; }
    test::Simulated& venues() { return venues_; }
    Subscribed subscribed();
    Sent sent();
    // Of both venues together: how often every open event was listed.
    long long sweeps(std::string const& venue);
    long long counted(std::string const& total);  // of the ledger
    std::unique_ptr<test::Database> database() const;
    Work work() const;
    void calm_database();  // nothing but the program writes from now on
    // What a new host records, in a database and a queue of its own: everything, or the catalogue alone.
    void record_everything();
    void record_catalogue();
    // Nothing is queued any more, and the balance holds.
    bool drained() { return host_->drained(); }
    std::string ledger_file() { return venues_.endpoint("ledger_file"); }

  private:
    // From a connection to another database, so that asking does not count as the program's work.
    double ask(std::string const& query) const;
    void record(std::string const& what, std::string const& where);

    Settings const settings_;
    test::TemporaryDirectory directory_;
    test::Simulated venues_;
    test::PostgresCluster postgres_;
    std::string rows_;  // the database
    std::unique_ptr<test::Collector> host_;
};

}  // namespace arb::scale
