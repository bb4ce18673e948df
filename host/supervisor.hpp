// Runs an instance on a thread of its own and keeps it running: a venue that fails is made anew after a
// pause, a sink is handed the same batch until it took it. What one instance does never stops another.
//
// Thread safety: start, stop functions and figures from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "host/plugin.hpp"

namespace arb::host {

// Pauses between attempts: uniform between 50 ms and min(cap, base * 2^n), so that many do not try at once.
class Backoff {
  public:
    Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap) : base_{base}, cap_{cap} {}
    std::chrono::milliseconds next();
    void reset() { attempts_ = 0; }

  private:
    std::chrono::milliseconds const base_;
    std::chrono::milliseconds const cap_;
    int attempts_ = 0;
    std::minstd_rand random_{std::random_device{}()};
};

class Supervisor {
  public:
    // `first` is the object already made for the instance, or null if that failed for now.
    Supervisor(Instance& instance, std::unique_ptr<Plugin> first);
    virtual ~Supervisor();
    Supervisor(Supervisor const&) = delete;
    Supervisor& operator=(Supervisor const&) = delete;

    Instance& instance() { return instance_; }
    Instance const& instance() const { return instance_; }
    void start();
    // Asks for the end now; what is not stored stays in the queue.
    virtual void stop();
    bool finished() const { return finished_; }
    // Grows while the thread gets on, waiting included; stands still in a call that does not return.
    std::uint64_t progress() const { return progress_; }
    // After finished().
    void join();
    // Leaves a thread that does not end behind; the process must end without destructors then.
    void abandon();

  protected:
    virtual void work() = 0;
    bool stopping() const { return stopping_; }
    // Waits; false if it is time to stop.
    bool pause(std::chrono::milliseconds time);
    void step() { ++progress_; }
    Plugin* plugin() { return plugin_.get(); }
    // For destructors: after an error of the host nobody has asked for the end.
    void end();
    // The object, made if there is none.
    Result<> make();
    void unmake();

    Instance& instance_;

  private:
    void thread_main();

    std::thread thread_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> finished_{true};
    std::atomic<std::uint64_t> progress_{0};
    // Protected by mutex_: the pointer, so that stop never meets destroy.
    std::mutex mutex_;
    std::condition_variable wake_;
    std::unique_ptr<Plugin> plugin_;
};

class VenueSupervisor final : public Supervisor {
  public:
    using Supervisor::Supervisor;
    ~VenueSupervisor() override { end(); }

  private:
    void work() override;
};

// accepted = written + dead_lettered + queued + skipped, where accepted counts what this sink still had to
// store when the host started and all that was accepted since.
struct SinkBalance {
    std::uint64_t carried_over = 0;
    std::uint64_t accepted = 0;
    std::uint64_t written = 0;
    std::uint64_t dead_lettered = 0;
    std::uint64_t queued = 0;
    std::uint64_t skipped = 0;  // dropped by drop_oldest before they were read
    bool holds = true;
};

class SinkSupervisor final : public Supervisor {
  public:
    SinkSupervisor(Instance& instance, std::unique_ptr<Plugin> first, queue::Queue& queue);
    ~SinkSupervisor() override { end(); }

    void stop() override;
    // Asks for the end as soon as everything in the queue is stored.
    void drain();
    SinkBalance balance();

  private:
    void work() override;
    bool begin();
    Result<> go_on_behind(arb_position stored);
    // From here on the balance counts; set again if the sink goes on elsewhere than its place in the queue.
    void set_baseline();
    Result<queue::Batch> read();
    bool store(queue::Batch const& batch);
    // Says what happened and waits; false if it is time to stop.
    bool wait_after(Error const& error, Backoff& backoff, char const* what);
    void restore_state();

    queue::Queue& queue_;
    std::unique_ptr<queue::Reader> const reader_;
    std::atomic<bool> draining_{false};
    // The instance's thread alone.
    bool troubled_ = false;  // the state was set by wait_after
    std::chrono::steady_clock::time_point last_read_{};
    // Protected by balance_mutex_, which is held while a batch passes from queued to written.
    std::mutex balance_mutex_;
    std::uint64_t carried_over_ = 0;
    std::uint64_t accepted_before_ = 0;
    std::uint64_t skipped_before_ = 0;
    std::uint64_t baseline_slack_ = 0;
};

}  // namespace arb::host
