// The running whole: venues -> queue -> sinks. Sinks start first, then venues; they stop in reverse.
//
// Thread safety: construct, prepare, start, stop and check_balance on the control thread; the rest from any
// thread once prepare returned.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "host/config/config.hpp"
#include "host/supervisor.hpp"

namespace arb::host {

// received = accepted + rejected over all instances, and each sink's equation.
struct Balance {
    std::uint64_t received = 0;
    std::uint64_t accepted = 0;  // as the queue counts
    std::uint64_t rejected = 0;
    bool holds = true;
    struct Sink {
        std::string instance;
        SinkBalance figures;
    };
    std::vector<Sink> sinks;

    bool everywhere() const;    // and that of every sink
    std::string print() const;  // one line
};

// A sink that the queue keeps a place for and that the pipeline does not have, or no longer: its packets are
// kept for ever, and in the end no other has room.
struct GoneSink {
    std::string name;
    std::uint64_t behind = 0;  // packets

    std::string sentence() const;
};

class Pipeline {
  public:
    // All outlive the pipeline.
    Pipeline(Config const& config, Log& log, queue::Queue& queue);
    ~Pipeline();

    // Loads modules and makes an object of every enabled instance. A required one that is wrongly configured
    // is a problem; one that is not required is left out with a warning.
    void prepare(Problems& problems);
    // Every venue will record that nothing was collected since `from`.
    void expect_gap(arb_time from, std::string const& reason);
    // Every venue will record that the wall clock jumped.
    void note_clock_step(arb_time before, arb_time after);
    // Packets of the queue from between the two are damaged; of which venue nobody can know.
    void note_loss(arb_time from, arb_time to);
    void start();

    // Venues stop, sinks drain, then sinks stop. `hurry` is asked often; once true nothing is waited for.
    // False: a thread did not end and was left behind; the process must end without destructors.
    bool stop(std::function<bool()> const& hurry);

    // In the order of the file, sinks after venues; those left out too.
    std::vector<Instance*> instances() const;
    std::vector<SinkSupervisor*> sinks() const;
    std::vector<GoneSink> gone_sinks() const;
    // Every required instance is live, or works in part.
    bool ready() const;
    // Whether each sink's thread moved since the last call.
    bool progressed();
    Balance balance() const;
    // Where venues' answers differ from what their plugins know: a row a difference.
    boost::json::array drift_rows() const;
    // Looks at the balance once; false if it was wrong three times running.
    bool check_balance();

  private:
    void prepare(InstanceConfig const& config, Problems& problems);
    void leave_out(InstanceConfig const& config, Module const* module, std::string const& sentence);
    bool wait_finished(std::vector<Supervisor*> const& those, std::chrono::milliseconds time,
                       std::function<bool()> const& hurry);

    Config const& config_;
    Log& log_;
    queue::Queue& queue_;
    std::vector<std::unique_ptr<Instance>> instances_;
    std::vector<std::unique_ptr<VenueSupervisor>> venues_;
    std::vector<std::unique_ptr<SinkSupervisor>> sinks_;
    std::vector<std::pair<std::string, std::unique_ptr<queue::Reader>>>
        gone_;  // places of gone sinks, only asked
    std::vector<std::uint64_t> progress_seen_;
    int imbalances_ = 0;
};

}  // namespace arb::host
