#include "host/supervisor.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>

#include "arbitrage/sink.hpp"
#include "arbitrage/time.hpp"

namespace arb::host {

using namespace std::chrono_literals;

namespace {

constexpr auto pause_floor = 50ms;   // no retry follows at once
constexpr auto venue_base = 1000ms;  // first pause of a venue that failed
constexpr auto venue_cap = 5min;     // and the longest
constexpr auto venue_healthy = 60s;  // a run this long was not a failed start
constexpr auto sink_base = 200ms;    // first pause of a sink that could not store
constexpr auto sink_cap = 30s;       // and the longest: a database that is back is used within half a minute
constexpr auto held_pause = 30s;     // between checks whether a person has put right what holds an instance
constexpr auto read_wait = 500ms;    // a reader without packets looks up this often
constexpr auto step_max = 500ms;     // a waiting thread shows this often that it lives
constexpr std::size_t batch_bytes_max = 8 << 20;  // a transaction larger than this gains nothing
constexpr int baseline_attempts_max = 1000;       // to read consistent figures while others push

std::string seconds(std::chrono::milliseconds time) {
    auto const s = static_cast<double>(time.count()) / 1000;
    return s < 10 ? fmt::format("{:.1f} s", s) : fmt::format("{:.0f} s", s);
}

// held_pause, 20 % more or less.
std::chrono::milliseconds held_pause_now() {
    static thread_local std::minstd_rand random{std::random_device{}()};
    constexpr std::chrono::milliseconds middle = held_pause;
    return std::chrono::milliseconds{std::uniform_int_distribution<std::int64_t>{
        middle.count() * 8 / 10, middle.count() * 12 / 10}(random)};
}

}  // namespace

std::chrono::milliseconds Backoff::next() {
    auto const ceiling =
        std::min<std::chrono::milliseconds>(cap_, base_ * (std::int64_t{1} << std::min(attempts_, 20)));
    ++attempts_;
    std::uniform_int_distribution<std::int64_t> pick{std::chrono::milliseconds{pause_floor}.count(),
                                                     std::max<std::int64_t>(ceiling.count(), 51)};
    return std::chrono::milliseconds{pick(random_)};
}

Supervisor::Supervisor(Instance& instance, std::unique_ptr<Plugin> first)
    : instance_{instance}, plugin_{std::move(first)} {}

Supervisor::~Supervisor() = default;

void Supervisor::start() {
    finished_ = false;
    thread_ = std::thread{[this] { thread_main(); }};
}

void Supervisor::thread_main() {
    pthread_setname_np(pthread_self(), instance_.config().name.substr(0, 15).c_str());
    try {
        work();
    } catch (std::exception const& wrong) {
        instance_.report(ARB_STATE_FAILED, fmt::format("stopped by an error of the host: {}", wrong.what()));
    }
    unmake();
    if (stopping_ && instance_.state().state != ARB_STATE_FAILED)
        instance_.report(ARB_STATE_STOPPED, "stopped");
    finished_ = true;
}

void Supervisor::stop() {
    stopping_ = true;
    instance_.set_stopping();
    std::lock_guard const lock{mutex_};
    if (plugin_ != nullptr) plugin_->stop();
    wake_.notify_all();
}

void Supervisor::join() {
    if (thread_.joinable()) thread_.join();
}

void Supervisor::end() {
    if (!thread_.joinable()) return;
    stop();
    join();
}

void Supervisor::abandon() {
    if (thread_.joinable()) thread_.detach();
}

bool Supervisor::pause(std::chrono::milliseconds time) {
    auto const end = std::chrono::steady_clock::now() + time;
    std::unique_lock lock{mutex_};
    while (!stopping_ && std::chrono::steady_clock::now() < end) {
        wake_.wait_until(lock, std::min(end, std::chrono::steady_clock::now() + step_max));
        step();
    }
    return !stopping_;
}

Result<> Supervisor::make() {
    if (plugin_ != nullptr) return {};
    auto made = Plugin::create(instance_);
    if (made.has_error()) return made.error();
    std::lock_guard const lock{mutex_};
    plugin_ = std::move(made.value());
    if (stopping_) plugin_->stop();
    return {};
}

void Supervisor::unmake() {
    std::unique_ptr<Plugin> old;
    std::lock_guard const lock{mutex_};
    old = std::move(plugin_);
}

void VenueSupervisor::work() {
    Backoff backoff{venue_base, venue_cap};
    while (!stopping()) {
        step();
        auto const began = std::chrono::steady_clock::now();
        auto result = make();
        if (result.has_value()) {
            instance_.begin_run();
            result = plugin()->run();
            if (stopping()) return;
            instance_.expect_gap(arb::now(), "restarted");
            unmake();
            if (result.has_value()) result = arb::retry("the plugin ended by itself");
        }
        if (std::chrono::steady_clock::now() - began >= venue_healthy) backoff.reset();
        auto const& error = result.error();
        bool const held = error.status == ARB_INVALID;
        std::chrono::milliseconds const delay = held ? std::chrono::milliseconds{held_pause} : backoff.next();
        instance_.count_restart();
        instance_.report(held ? ARB_STATE_HELD : ARB_STATE_RETRYING,
                         fmt::format("failed: {}; it is started again in {}", error.text, seconds(delay)));
        if (!pause(delay)) return;
        instance_.report(ARB_STATE_STARTING, "starting again");
    }
}

SinkSupervisor::SinkSupervisor(Instance& instance, std::unique_ptr<Plugin> first, queue::Queue& queue)
    : Supervisor{instance, std::move(first)}, queue_{queue}, reader_{queue.reader(instance.config().name)} {
    accepted_before_ = queue.statistics().accepted_packets;
    set_baseline();
}

void SinkSupervisor::stop() {
    Supervisor::stop();
    reader_->interrupt();
}

void SinkSupervisor::drain() {
    draining_ = true;
    reader_->interrupt();
}

void SinkSupervisor::work() {
    if (!begin()) return;
    Backoff backoff{sink_base, sink_cap};
    while (!stopping()) {
        step();
        bool const last_round = draining_;
        auto batch = read();
        if (batch.has_error()) {
            if (!wait_after(batch.error(), backoff, "cannot read the queue")) return;
            continue;
        }
        backoff.reset();
        if (troubled_) restore_state();
        if (batch->packets.empty()) {
            if (last_round && reader_->lag_packets() == 0) return;
            if (last_round && !pause(pause_floor)) return;
            continue;
        }
        if (!store(batch.value())) return;
    }
}

// Connects, and goes on where the sink says it stopped. False if it is time to stop.
bool SinkSupervisor::begin() {
    Backoff backoff{sink_base, sink_cap};
    for (;;) {
        step();
        auto made = make();
        if (made.has_value()) {
            auto const stored = plugin()->start(queue_.journal());
            made = stored.has_value() ? go_on_behind(stored.value()) : Result<>{stored.error()};
        }
        if (made.has_value()) break;
        if (stopping() || !wait_after(made.error(), backoff, "cannot start")) return false;
    }
    instance_.begin_run();
    restore_state();
    return true;
}

// {0, 0}: the sink does not know, so the queue's own mark counts. An error means that this queue is not the
// one the sink has read: whatever it got now it would take for stored.
Result<> SinkSupervisor::go_on_behind(arb_position stored) {
    if (stored == arb_position{0, 0} || stored == reader_->acknowledged()) return {};
    auto const missing = reader_->seek(stored);
    if (missing.has_error()) return missing.error();
    set_baseline();
    if (missing.value() != 0)
        instance_.log(ARB_LOG_WARNING,
                      fmt::format("the sink's own mark is older than what the queue keeps: {} packets before "
                                  "{} cannot be delivered again",
                                  missing.value(), stored.sequence));
    return {};
}

void SinkSupervisor::set_baseline() {
    std::lock_guard const lock{balance_mutex_};
    std::uint64_t accepted = 0, lag = 0;
    // What comes in between the figures would count twice; so they are read until nothing did.
    for (int i = 0; i != baseline_attempts_max; ++i) {
        accepted = queue_.statistics().accepted_packets;
        auto const figures = instance_.figures();
        // What is done already; nothing, unless the sink was set back in the middle of a run.
        lag = reader_->lag_packets() + figures.written_total + figures.dead_lettered;
        baseline_slack_ = queue_.statistics().accepted_packets - accepted;
        if (baseline_slack_ == 0) break;
        std::this_thread::yield();
    }
    // What was accepted since the host started and is not stored is not from before.
    auto const since_start = accepted - accepted_before_;
    if (lag < since_start) accepted_before_ = accepted;
    carried_over_ = lag - (accepted - accepted_before_);
    skipped_before_ = reader_->skipped_packets();
}

// A batch, after waiting up to batch_wait_max for it to fill. What came in while the last one was stored has
// waited already, so a sink that is kept busy takes what there is.
Result<queue::Batch> SinkSupervisor::read() {
    auto const& config = instance_.config();
    auto fill = draining_ ? 0ms : config.batch_wait_max;
    if (reader_->lag_packets() != 0)
        fill -= std::min(fill, std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                            last_read_));
    auto batch = reader_->read({config.batch_rows_max, batch_bytes_max, fill}, draining_ ? 0ms : read_wait);
    last_read_ = std::chrono::steady_clock::now();
    return batch;
}

// Hands the batch in until it is stored. False if it is time to stop.
bool SinkSupervisor::store(queue::Batch const& batch) {
    Backoff backoff{sink_base, sink_cap};
    arb_batch view{};
    view.size = sizeof view;
    view.count = static_cast<std::uint32_t>(batch.packets.size());
    view.packets = batch.packets.data();
    auto const journal = queue_.journal();
    std::copy(journal.begin(), journal.end(), view.journal);
    view.first = batch.first;
    view.last = batch.last;
    for (;;) {
        step();
        auto written = plugin()->write(view);
        if (written.has_value()) {
            {
                std::lock_guard const lock{balance_mutex_};
                instance_.count_written(batch, written.value(), arb::now());
                reader_->acknowledge(batch.last);
            }
            if (troubled_) restore_state();
            return true;
        }
        auto const& error = written.error();
        if (stopping() || !wait_after(error, backoff, "cannot store")) return false;
        // The sink no longer stands where it stood, as a restored database does: what it lost comes again.
        if (error.where == "start") {
            unmake();
            return begin();
        }
    }
}

bool SinkSupervisor::wait_after(Error const& error, Backoff& backoff, char const* what) {
    bool const held = error.status == ARB_INVALID || error.status == ARB_PERMANENT;
    troubled_ = true;
    // A held sink waits for a person: the end of the program does not wait with it.
    if (held && draining_) return false;
    // Some 30 s, so that the sinks of one database do not all ask at once.
    auto const delay = held ? held_pause_now() : backoff.next();
    instance_.report(
        held ? ARB_STATE_HELD : ARB_STATE_RETRYING,
        fmt::format("{}: {}; packets wait in the queue, {}", what, error.text,
                    fmt::format("the next {} is in {}", held ? "check" : "attempt", seconds(delay))));
    auto const end = std::chrono::steady_clock::now() + delay;
    while (std::chrono::steady_clock::now() < end)
        if (!pause(100ms) || (held && draining_)) return false;
    return true;
}

// A plugin that said itself what it does keeps its word.
void SinkSupervisor::restore_state() {
    troubled_ = false;
    auto const state = instance_.state().state;
    if (state == ARB_STATE_STARTING || state == ARB_STATE_RETRYING || state == ARB_STATE_HELD)
        instance_.report(ARB_STATE_LIVE, "storing");
}

SinkBalance SinkSupervisor::balance() {
    std::lock_guard const lock{balance_mutex_};
    auto const accepted_low = queue_.statistics().accepted_packets;
    auto const figures = instance_.figures();
    SinkBalance out;
    out.written = figures.written_total;
    out.dead_lettered = figures.dead_lettered;
    out.queued = reader_->lag_packets();
    out.skipped = reader_->skipped_packets() - skipped_before_;
    auto const accepted_high = queue_.statistics().accepted_packets;
    out.carried_over = carried_over_;
    auto const sum = out.written + out.dead_lettered + out.queued + out.skipped;
    auto const low = carried_over_ + accepted_low - accepted_before_;
    auto const high = carried_over_ + accepted_high - accepted_before_;
    out.holds = sum + baseline_slack_ >= low && sum <= high;
    out.accepted = out.holds ? sum : high;
    return out;
}

}  // namespace arb::host
