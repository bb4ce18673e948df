// One venue or sink as the host keeps it: the tables its plugin talks to, what it reported, and its counters.
//
// Thread safety: all functions from any thread. Ownership: the pipeline owns instances; they outlive the
// plugin's object. Plugins reach an instance only through the C tables.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "arbitrage/abi/host.h"
#include "arbitrage/result.hpp"
#include "host/config/config.hpp"
#include "host/drift.hpp"
#include "host/log.hpp"
#include "host/module.hpp"
#include "host/rate.hpp"
#include "queue/queue.hpp"

namespace arb::host {

// From the bytes' arrival to the sink's commit, in seconds: upper bounds of the buckets.
inline constexpr std::array<double, 14> latency_bounds{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
                                                       0.2,   0.5,   1,     5,    30,   300,  3600};

struct Latency {
    std::array<std::uint64_t, latency_bounds.size() + 1> buckets{};  // the last one: beyond every bound
    double sum_seconds = 0;
    std::uint64_t count = 0;
};

// Venues leave the last of the queue to what sinks find and to the host: 5 % of 8 GiB are 400 MiB.
inline constexpr unsigned venues_percent_max = 95;

// What one instance may hold of its own: the names of its open gaps, and its differences.
inline constexpr std::size_t open_gaps_max = 65536;  // remembered so that a gap is counted once
inline constexpr std::uint64_t instance_bytes_max = open_gaps_max * 48 + drift_bytes_max;

// Words the host counts under, whatever the plugin is, and those of gaps that every venue has
// (abi/lifecycle.h). Their counters exist at 0 from the start: one that is born with its first event hides it
// from an alarm.
inline constexpr std::array rejection_words{"malformed", "queue_failed", "queue_full_or_closed"};
inline constexpr std::array gap_words{"disconnected", "host_paused", "queue_full", "restarted",
                                      "sequence",     "stalled",     "stopped",    "unclean_stop"};

using PerKind = std::array<std::uint64_t, ARB_KIND_COUNT>;

struct State {
    int state = ARB_STATE_STARTING;
    arb_time since = 0;
    std::string sentence;
};

// A copy of everything counted, for status and metrics.
struct Figures {
    State state;
    PerKind received{};        // pushed packets, by kind
    PerKind received_bytes{};  // of them
    std::uint64_t received_total = 0;
    std::uint64_t accepted = 0;
    std::map<std::string, std::uint64_t> rejected;                          // by reason
    std::map<std::string, std::uint64_t> gaps;                              // by reason
    std::map<std::pair<std::string, std::string>, std::uint64_t> counters;  // (name, label)
    std::uint64_t restarts = 0;
    double silence_seconds = 0;
    // Sinks.
    PerKind written{};                // by kind, as rows or as dead letters
    std::uint64_t written_total = 0;  // as rows
    std::uint64_t dead_lettered = 0;
    Latency latency;

    std::uint64_t rejected_total() const;
};

class Instance {
  public:
    // `queue` null: for one-off commands and probes; a push is refused. `log` and `queue` outlive the
    // instance.
    Instance(InstanceConfig config, Module const* module, Log& log, queue::Queue* queue, bool quiet = false);
    Instance(Instance const&) = delete;
    Instance& operator=(Instance const&) = delete;

    InstanceConfig const& config() const { return config_; }
    Module const& module() const { return *module_; }
    bool usable() const { return module_ != nullptr; }
    arb_host const* table() const { return &host_; }

    // Makes host->stopping() say yes.
    void set_stopping() { stopping_ = true; }
    bool stopping() const { return stopping_; }

    // The supervisor's word about the instance; it stands until the plugin or the supervisor says another.
    void report(int state, std::string_view sentence);
    void log(int level, std::string_view line);
    State state() const;
    Figures figures() const;
    // The plugin's object is about to run: the first data makes it live unless the plugin says what it does.
    void begin_run();
    void count_restart();
    // Before its next packet a gap is pushed that begins at `from`; it ends when the instance is live.
    void expect_gap(arb_time from, std::string reason);
    // Before its next packet it is written down that the wall clock jumped from `before` to `after`.
    void note_clock_step(arb_time before, arb_time after);
    // What was pushed between the two is lost in part: a gap of its own before the next packet says so.
    void note_loss(arb_time from, arb_time to);
    void count_written(queue::Batch const& batch, std::uint64_t dead_lettered, arb_time committed);
    Drift const& drift() const { return drift_; }
    // Packets of pushes that have not returned yet.
    std::uint64_t in_flight() const { return in_flight_; }

  private:
    static Instance& of(void* self) { return *static_cast<Instance*>(self); }
    void fill_tables();
    arb_status push(void const* packets, std::size_t size, arb_error* error);
    void keep_to_rate(std::size_t count, std::size_t bytes);
    Result<> append(std::span<std::byte const> packets, std::size_t count, unsigned percent_max);
    Result<> push_notes();
    Result<> begin_gap();
    void end_gap();
    Result<> push_gap(arb_time to);
    Result<> push_gap(arb_time from, arb_time to, std::string const& reason);
    void reject(std::string_view reason, std::uint64_t amount);
    void count_received(std::span<std::byte const> packets, std::uint64_t accepted, char const* reason);
    void count_gap(arb_packet const& packet);
    void count(std::string_view name, std::string_view label, std::uint64_t amount);
    void count_drift(std::string_view source, std::string_view field, int what, std::string_view sample,
                     std::uint64_t amount);
    void receiving();
    std::string shown(std::string const& sentence) const;

    // Constant after construction.
    InstanceConfig const config_;
    Module const* const module_;
    Log& log_;
    queue::Queue* const queue_;
    bool const quiet_;  // reports are not logged
    arb_queue queue_table_{};
    arb_drift drift_table_{};
    arb_host host_{};
    // Any thread.
    std::atomic<bool> stopping_{false};
    enum class Gap { none, expected, open };
    std::atomic<Gap> gap_{Gap::none};
    std::atomic<bool> waits_for_data_{true};
    std::atomic<std::uint64_t> in_flight_{0};
    std::atomic<std::int64_t> last_alive_ns_{0};    // steady clock
    std::atomic<std::int64_t> slowed_until_ns_{0};  // likewise: pushes wait, or did a moment ago
    std::atomic<bool> noted_{false};                // there are clock steps to write down
    Drift drift_;
    std::mutex rate_mutex_;
    Rate packets_rate_, bytes_rate_;  // protected by rate_mutex_
    // Protected by mutex_.
    mutable std::mutex mutex_;
    Figures figures_;
    std::set<std::size_t> open_gaps_;  // hashes of their names
    arb_time gap_from_ = 0;
    std::string gap_reason_;
    std::string said_;                                        // the last warning or error that was logged
    std::int64_t said_at_ns_ = 0;                             // steady clock
    std::vector<std::pair<arb_time, arb_time>> clock_steps_;  // before, after
    std::optional<std::pair<arb_time, arb_time>> loss_;       // from, to
};

}  // namespace arb::host
