#include "host/host.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>

#include "arbitrage/time.hpp"
#include "host/admin.hpp"
#include "host/clock_watch.hpp"
#include "host/log.hpp"
#include "host/metrics.hpp"
#include "host/notify.hpp"
#include "host/pipeline.hpp"
#include "host/signals.hpp"
#include "host/status.hpp"
#include "host/table.hpp"

namespace arb::host {

using namespace std::chrono_literals;

namespace {

constexpr auto tick = 200ms;                    // between looks at signals and states
constexpr auto same_signal = 500ms;             // one sent to a program and to its group comes twice
constexpr auto look_every = 1s;                 // between looks at the balance and suppressed log lines
constexpr auto start_extension = 30s;           // asked of the service manager while not ready
constexpr std::uint64_t admin_bytes = 8 << 20;  // connections of status, metrics and taps
constexpr std::uint64_t sink_bytes = 8 << 20;   // the batch in hand
constexpr std::uint64_t log_bytes = 8 << 20;    // call sites that are counted, and lines on their way
constexpr unsigned queue_warning = 70;          // percent of what the queue may take
// A sync that takes so long breaks the word of what a power loss may take.
constexpr auto slow_sync = 100ms;
// The newest packet kept may be another venue's: this one's may have been on their way for so long.
constexpr arb_time on_the_way_max = second_ns;

class Host {
  public:
    explicit Host(Config const& config)
        : config_{config}, log_{{config.service.log_level, config.service.log_format, log_colour()}} {
        state_.started = state_.since = arb::now();
    }

    int run() {
        log_.info(fmt::format("arbitrage {} starts with {}", ARBITRAGE_VERSION, config_.file.string()));
        if (int const failed = open_queue(); failed != exit_ok) return failed;
        pipeline_.emplace(config_, log_, *queue_);
        Problems problems;
        pipeline_->prepare(problems);
        if (!problems.empty()) {
            for (auto const& problem : problems.sorted()) log_.error(print(problem));
            close_queue();
            return exit_config;
        }
        if (int const failed = start_admin(); failed != exit_ok) {
            close_queue();
            return failed;
        }
        log_.info(memory_ceiling());
        if (recovery_.last_accepted != 0)
            pipeline_->expect_gap(recovery_.last_accepted - on_the_way_max,
                                  recovery_.clean ? "stopped" : "unclean_stop");
        if (recovery_.lost_records != 0) pipeline_->note_loss(recovery_.lost_from, recovery_.lost_to);
        pipeline_->start();
        serve();
        return stop();
    }

  private:
    static bool log_colour() { return ::isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

    int open_queue() {
        std::error_code failed;
        auto const& directory = config_.queue.directory;
        std::filesystem::create_directories(directory, failed);
        if (failed) {
            log_.error(fmt::format("the queue's folder {} cannot be made: {}", directory.string(),
                                   failed.message()));
            return exit_io;
        }
        auto settings = config_.queue;
        settings.log = [this](std::int32_t level, std::string const& sentence) {
            if (level >= config_.service.log_level) log_.write(level, "queue", sentence);
        };
        settings.progress = [this] { notify_.extend(start_extension); };
        auto opened = queue::Queue::open(std::move(settings), recovery_);
        for (auto const& sentence : recovery_.sentences) log_.write(ARB_LOG_WARNING, "queue", sentence);
        if (opened.has_error()) {
            auto const& error = opened.error();
            log_.error(fmt::format("the queue in {} cannot be opened: {}", directory.string(), error.text));
            return error.where == "locked"                              ? exit_running
                   : error.where == "newer" || error.where == "foreign" ? exit_config
                                                                        : exit_io;
        }
        queue_ = std::move(opened.value());
        ::chmod(directory.c_str(), S_IRWXU);  // only now it is known to be a queue's
        if (recovery_.records != 0)
            log_.info(fmt::format("queue: {} packets from before are still to be stored", recovery_.records));
        return exit_ok;
    }

    int start_admin() {
        AdminSettings const settings{config_.service.socket, config_.service.metrics};
        AdminSources const sources{
            [this] { return status(); },
            [this] { return metrics_text(host_state(), *pipeline_, *queue_, config_.queue.size_max); },
            [this] { return pipeline_->ready(); },
            [this] { return queue_->tap(); },
            [this] { return pipeline_->drift_rows(); },
        };
        auto started = Admin::start(settings, sources);
        if (started.has_error()) {
            log_.error(started.error().text);
            return started.error().where == "running"      ? exit_running
                   : started.error().status == ARB_INVALID ? exit_config
                                                           : exit_io;
        }
        admin_ = std::move(started.value());
        log_.info(fmt::format("status on {}{}", config_.service.socket.string(),
                              config_.service.metrics.empty()
                                  ? ""
                                  : ", metrics on http://" + config_.service.metrics + "/metrics"));
        return exit_ok;
    }

    std::string memory_ceiling() const {
        auto const sinks = pipeline_->sinks().size();
        auto const instances = pipeline_->instances().size();
        auto const queue = queue::memory_max(config_.queue);
        auto const total =
            queue + sinks * sink_bytes + instances * instance_bytes_max + admin_bytes + log_bytes;
        auto const mib = [](std::uint64_t bytes) { return bytes >> 20; };
        return fmt::format(
            "memory: buffers of the host take at most {} MiB ({} the queue, {} for each sink ({}), {} for "
            "each "
            "instance ({}), {} status and taps, {} the log); venues and sinks bound their own",
            mib(total), mib(queue), mib(sink_bytes), sinks, mib(instance_bytes_max), instances,
            mib(admin_bytes), mib(log_bytes));
    }

    HostState host_state() {
        std::lock_guard const lock{mutex_};
        return state_;
    }

    boost::json::object status() { return status_json(host_state(), config_, *pipeline_, *queue_); }

    void set_state(int state, std::string sentence) {
        std::lock_guard const lock{mutex_};
        if (state_.state == state && state_.sentence == sentence) return;
        if (state_.state != state) state_.since = arb::now();
        state_.state = state;
        state_.sentence = sentence;
        notify_.status(sentence);
    }

    // Until a signal to stop, or until the queue accepts nothing more.
    void serve() {
        auto next_look = std::chrono::steady_clock::now();
        auto next_watchdog = next_look;
        bool told_ready = false;
        for (;;) {
            int const signal = signals_.next(tick);
            if (signal == SIGTERM || signal == SIGINT) {
                log_.info(fmt::format("stops: got {}", signal == SIGTERM ? "TERM" : "INT"));
                return;
            }
            if (signal == SIGHUP)
                log_.warning(
                    "HUP: reloading is not yet supported; the pipeline goes on as it is. Restart to apply "
                    "changes");
            judge();
            if (auto const statistics = queue_->statistics(); statistics.failed) {
                // A new start begins with what the disk holds; this one can do no more than store the rest.
                log_.error("stops: " + statistics.trouble);
                return;
            }
            if (!told_ready && pipeline_->ready()) {
                told_ready = true;
                notify_.ready();
                log_.info("ready: every required instance works");
            }
            auto const now = std::chrono::steady_clock::now();
            if (now >= next_look) {
                next_look = now + look_every;
                log_.flush_suppressed();
                balanced_ = pipeline_->check_balance();
                warn_of_size();
                watch_clock();
                if (!told_ready) notify_.extend(start_extension);
            }
            if (notify_.watchdog_every() > 0ms && now >= next_watchdog && gets_on()) {
                notify_.watchdog();
                next_watchdog = now + notify_.watchdog_every();
            }
        }
    }

    // Every thread of the sinks moved since the last look, and the one that syncs the queue is not stuck.
    bool gets_on() {
        return pipeline_->progressed() && queue_->statistics().sync_time < notify_.watchdog_period();
    }

    // Once each time the queue grows past the mark: room is running out while it can still be made.
    void warn_of_size() {
        bool const large = queue_->percent_full() >= queue_warning;
        if (large && !warned_of_size_) {
            auto const statistics = queue_->statistics();
            log_.warning(fmt::format(
                "the queue is {} % full, {} MiB wait for the sinks: {}", queue_->percent_full(),
                statistics.needed_bytes >> 20,
                config_.queue.when_full == queue::WhenFull::block
                    ? fmt::format(
                          "from {} % on venues put off what can wait, at the end they are not read, and "
                          "what is missed then is a gap",
                          ARB_QUEUE_PUT_OFF)
                    : "at the end the oldest packets are dropped"));
        }
        warned_of_size_ = large;
    }

    // A host that did not run may have missed something; one whose clock was set has stamps that do not
    // compare.
    void watch_clock() {
        auto const noticed = clock_watch_.look(ClockWatch::read());
        if (noticed.paused != 0) {
            log_.warning(
                fmt::format("the program did not run for {}: what venues sent meanwhile may be missing",
                            duration_text(noticed.paused)));
            pipeline_->expect_gap(arb::now() - noticed.paused, "host_paused");
        }
        if (noticed.step) {
            auto const& [before, after] = *noticed.step;
            log_.warning(
                fmt::format("the wall clock was set from {} to {}: times before and after do not compare; "
                            "the order of packets, by position, is not touched",
                            format_time(before), format_time(after)));
            pipeline_->note_clock_step(before, after);
        }
        std::lock_guard const lock{mutex_};
        state_.pauses += noticed.paused != 0;
        state_.clock_steps += noticed.step.has_value();
    }

    // The state of the whole from the states of its parts.
    void judge() {
        auto const statistics = queue_->statistics();
        if (statistics.failed)
            return set_state(ARB_STATE_FAILED, "nothing more is accepted: " + statistics.trouble);
        std::string waiting;
        bool all_work = true;
        for (auto const* const instance : pipeline_->instances()) {
            auto const state = instance->state().state;
            if (state == ARB_STATE_LIVE) continue;
            all_work = false;
            waiting += fmt::format("{}{} is {}", waiting.empty() ? "" : ", ", instance->config().name,
                                   state_name(state));
        }
        if (!balanced_)
            return set_state(ARB_STATE_DEGRADED,
                             "the counters do not add up: packets may be lost; see the balance in status");
        if (statistics.full)
            return set_state(ARB_STATE_DEGRADED, "venues wait for room in the queue: " + statistics.trouble);
        if (auto const percent = queue_->percent_full(); percent >= ARB_QUEUE_PUT_OFF)
            return set_state(ARB_STATE_DEGRADED,
                             fmt::format("the queue is {} % full: {}", percent,
                                         config_.queue.when_full == queue::WhenFull::block
                                             ? "venues put off sweeps, polls and backfills"
                                             : "the oldest packets are dropped at the end"));
        if (statistics.sync_time > slow_sync)
            return set_state(ARB_STATE_DEGRADED,
                             fmt::format("the disk of the queue is slow: a sync takes {:.1f} s, and a power "
                                         "loss may take what came in since",
                                         std::chrono::duration<double>(statistics.sync_time).count()));
        if (all_work) return set_state(ARB_STATE_LIVE, "every instance works");
        set_state(pipeline_->ready() ? ARB_STATE_DEGRADED
                  : told_once_live() ? ARB_STATE_DEGRADED
                                     : ARB_STATE_STARTING,
                  waiting);
    }

    bool told_once_live() const {
        return state_.state == ARB_STATE_LIVE || state_.state == ARB_STATE_DEGRADED;
    }

    int stop() {
        set_state(ARB_STATE_STOPPED, "stopping: venues first, then sinks store what is queued");
        notify_.stopping();
        bool hurried = false;
        auto const begin = std::chrono::steady_clock::now();
        auto const all = pipeline_->stop([&] {
            int const signal = signals_.next(0ms);
            bool const again = std::chrono::steady_clock::now() - begin >= same_signal;
            if (!hurried && again && (signal == SIGTERM || signal == SIGINT)) {
                log_.warning("a second signal: stops at once; what is not stored yet stays in the queue");
                hurried = true;
            }
            return hurried;
        });
        if (admin_) admin_->stop();
        auto const balance = pipeline_->balance();
        int const closed = close_queue();
        log_.info(
            fmt::format("stopped after {}: {}", duration_text(arb::now() - state_.started), balance.print()));
        if (!all)
            std::_Exit(closed);  // a thread of a plugin still runs: destructors would pull its ground away
        return closed;
    }

    int close_queue() {
        auto const closed = queue_->close();
        if (closed.has_value()) return exit_ok;
        log_.error("the queue could not be closed: " + closed.error().text);
        return exit_io;
    }

    Config const& config_;
    Signals const signals_;  // first: threads inherit the mask
    Log log_;
    Notify const notify_;
    queue::Recovery recovery_;
    std::unique_ptr<queue::Queue> queue_;
    std::optional<Pipeline> pipeline_;
    std::unique_ptr<Admin> admin_;
    ClockWatch clock_watch_{ClockWatch::read()};
    bool balanced_ = true;
    bool warned_of_size_ = false;
    // Protected by mutex_.
    std::mutex mutex_;
    HostState state_;
};

}  // namespace

int run_pipeline(Config const& config) {
    // The memory holds keys: no core file, and no other process of this user may read it.
    ::prctl(PR_SET_DUMPABLE, 0);
    return Host{config}.run();
}

}  // namespace arb::host
