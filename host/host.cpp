#include "host/host.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <mutex>

#include "arbitrage/time.hpp"
#include "host/admin.hpp"
#include "host/log.hpp"
#include "host/metrics.hpp"
#include "host/notify.hpp"
#include "host/pipeline.hpp"
#include "host/status.hpp"

namespace arb::host {

using namespace std::chrono_literals;

namespace {

constexpr auto tick = 200ms;                    // between looks at signals and states
constexpr auto look_every = 1s;                 // between looks at the balance and suppressed log lines
constexpr auto start_extension = 30s;           // asked of the service manager while not ready
constexpr std::uint64_t admin_bytes = 8 << 20;  // connections of status, metrics and taps
constexpr std::uint64_t sink_bytes = 8 << 20;   // the batch in hand
constexpr double queue_warning = 0.7;           // of size_max
// The newest packet kept may be another venue's: this one's may have been on their way for so long.
constexpr arb_time on_the_way_max = second_ns;

// TERM, INT and HUP as answers instead of interruptions. Threads made afterwards inherit the mask.
class Signals {
  public:
    Signals() {
        sigemptyset(&set_);
        for (int const signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
    }
    // The next signal, or 0 after `wait`.
    int next(std::chrono::milliseconds wait) const {
        timespec const time{wait.count() / 1000, wait.count() % 1000 * 1'000'000};
        int const got = sigtimedwait(&set_, nullptr, &time);
        return got > 0 ? got : 0;
    }

  private:
    sigset_t set_{};
};

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
        ::chmod(directory.c_str(), S_IRWXU);
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
            return error.where == "locked" ? exit_running : error.where == "newer" ? exit_config : exit_io;
        }
        queue_ = std::move(opened.value());
        if (recovery_.records != 0)
            log_.info(fmt::format("queue: {} packets from before are still to be stored", recovery_.records));
        return exit_ok;
    }

    int start_admin() {
        AdminSettings const settings{config_.service.socket, config_.service.metrics};
        AdminSources const sources{
            [this] { return status(); },
            [this] { return metrics_text(*pipeline_, *queue_, config_.queue.size_max); },
            [this] { return pipeline_->ready(); },
            [this] { return queue_->tap(); },
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
        auto const total = config_.queue.tail_size + sinks * sink_bytes + admin_bytes;
        auto const mib = [](std::uint64_t bytes) { return bytes >> 20; };
        return fmt::format(
            "memory: buffers of the host take at most {} MiB ({} newest packets, {} for each sink ({}), {} "
            "status and "
            "taps); venues and sinks bound their own",
            mib(total), mib(config_.queue.tail_size), mib(sink_bytes), sinks, mib(admin_bytes));
    }

    boost::json::object status() {
        HostState now;
        {
            std::lock_guard const lock{mutex_};
            now = state_;
        }
        return status_json(now, config_, *pipeline_, *queue_);
    }

    void set_state(int state, std::string sentence) {
        std::lock_guard const lock{mutex_};
        if (state_.state == state && state_.sentence == sentence) return;
        if (state_.state != state) state_.since = arb::now();
        state_.state = state;
        state_.sentence = sentence;
        notify_.status(sentence);
    }

    // Until a signal to stop.
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
                if (!told_ready) notify_.extend(start_extension);
            }
            if (notify_.watchdog_every() > 0ms && now >= next_watchdog && pipeline_->progressed() &&
                !queue_->statistics().failed) {
                notify_.watchdog();
                next_watchdog = now + notify_.watchdog_every();
            }
        }
    }

    // Once each time the queue grows past the mark: room is running out while it can still be made.
    void warn_of_size() {
        auto const bytes = queue_->statistics().bytes;
        bool const large =
            static_cast<double>(bytes) > queue_warning * static_cast<double>(config_.queue.size_max);
        if (large && !warned_of_size_)
            log_.warning(fmt::format("the queue takes {} MiB of its {} MiB on disk: {}", bytes >> 20,
                                     config_.queue.size_max >> 20,
                                     config_.queue.when_full == queue::WhenFull::block
                                         ? "at the end venues wait, and what they cannot read is a gap"
                                         : "at the end the oldest packets are dropped"));
        warned_of_size_ = large;
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
        auto const all = pipeline_->stop([&] {
            int const signal = signals_.next(0ms);
            if (!hurried && (signal == SIGTERM || signal == SIGINT)) {
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

    static std::string duration_text(arb_time time) {
        auto const s = time / second_ns;
        return s < 120    ? fmt::format("{} s", s)
               : s < 7200 ? fmt::format("{} min", s / 60)
                          : fmt::format("{} h", s / 3600);
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
