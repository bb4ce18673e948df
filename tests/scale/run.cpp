#include "scale/run.hpp"

#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "arbitrage/time.hpp"
#include "scale/usage.hpp"

namespace arb::scale {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double mebibyte = 1 << 20;
constexpr double resident_mib_max = 1024;
constexpr double core_percent_max = 60;
constexpr double sweep_log_mib_max = 1, sweep_database_seconds_max = 1;
constexpr double burst_short_percent_max = 10;  // of its frames: what was not sent was not borne
constexpr auto drain_within = 180s;
constexpr auto stop_within = 60s;
constexpr auto statistics_late = 11s;  // PostgreSQL's of a session that went idle

std::int64_t now_ms() { return now() / millisecond_ns; }

double seconds_since(Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
}

void tell_rows(Work const& done) {
    for (auto const& [table, count] : done.rows)
        Figures::tell("rows written: " + table, static_cast<double>(count), "");
}

}  // namespace

Run::Run(Options const& options) : options_{options}, figures_{options.strict} {
    auto const begin = Clock::now();
    stage_ = std::make_unique<Stage>(options.settings);
    Figures::tell("simulator and database started", seconds_since(begin), "s");
}

bool Run::all() {
    if (options_.wants("sweep")) sweep();
    Figures::say("every market subscribed");
    follow();
    if (options_.wants("books") || options_.wants("new_markets") || options_.wants("burst")) {
        trade();
        if (options_.wants("burst")) burst();
        compare();
    }
    if (options_.wants("restart")) restart();
    end();
    return figures_.all_kept();
}

void Run::pause(std::chrono::milliseconds time) {
    stage_->await(time, [] { return false; });
}

Work Run::work() {
    if (options_.strict) pause(statistics_late);
    return stage_->work();
}

void Run::tell_memory() {
    figures_.at_most("resident memory of the host, at its peak",
                     static_cast<double>(resident_bytes_max(stage_->host().pid())) / mebibyte,
                     resident_mib_max, "MiB");
}

// Starts the host, until it follows every market and all that came of that is stored.
void Run::follow() {
    auto& host = stage_->host();
    auto const kalshi = stage_->sweeps("kalshi"), polymarket = stage_->sweeps("polymarket");
    auto const begin = Clock::now();
    host.start();
    auto const await = [&](auto const& condition) {
        stage_->await(std::chrono::seconds{options_.settle_seconds},
                      [&] { return !host.running() || condition(); });
        if (!host.running()) throw std::runtime_error("the host ended by itself");
    };
    await([&] { return stage_->subscribed().complete(); });
    Figures::tell("from the start to the last subscription", seconds_since(begin), "s");
    await([&] { return stage_->sweeps("kalshi") > kalshi && stage_->sweeps("polymarket") > polymarket; });
    await([&] { return host.ready() && stage_->drained(); });
    Figures::tell("until all of it was stored", seconds_since(begin), "s");
    tell_what_is_followed();
}

void Run::tell_what_is_followed() {
    auto& host = stage_->host();
    auto const held = stage_->subscribed();
    Figures::tell("markets followed", static_cast<double>(held.markets()), "");
    figures_.exactly("Kalshi's markets not followed", std::max(0LL, held.kalshi_tradable - held.kalshi), 0);
    figures_.exactly("Polymarket's markets not followed",
                     std::max(0LL, held.polymarket_tradable - held.polymarket), 0);
    Figures::tell("processor time of the host", processor_seconds(host.pid()), "s");
    Figures::tell("files and connections open", open_files(host.pid()), "");
    tell_memory();
    if (!stage_->drained()) figures_.wrong("not drained: " + boost::json::serialize(host.status()));
}

// Waits until both venues were swept once more.
bool Run::swept() {
    auto const kalshi = stage_->sweeps("kalshi"), polymarket = stage_->sweeps("polymarket");
    auto const over = [&] {
        return stage_->sweeps("kalshi") > kalshi && stage_->sweeps("polymarket") > polymarket;
    };
    stage_->await(std::chrono::seconds{options_.settle_seconds},
                  [&] { return !stage_->host().running() || over(); });
    return over();
}

// Nothing is traded and nothing changes: what a sweep of both venues costs by itself. Books are written every
// hour, and anew when a venue is silent for long: a host that records the catalogue alone writes none.
void Run::sweep() {
    Figures::say("a sweep of an unchanged catalogue");
    stage_->record_catalogue();
    stage_->host().start();
    measure_sweep();
    figures_.exactly("the host's exit code", stage_->host().stop(stop_within), 0);
    stage_->record_everything();
}

void Run::measure_sweep() {
    // The first stores all there is; the next begins anywhere; the third is whole.
    if (!swept()) return figures_.wrong("no sweep ended");
    stage_->await(drain_within, [&] { return stage_->drained(); });
    stage_->calm_database();
    if (!swept()) return figures_.wrong("no second sweep ended");
    auto const before = work();
    auto const begin = Clock::now();
    if (!swept()) return figures_.wrong("no third sweep ended");
    stage_->await(drain_within, [&] { return stage_->drained(); });
    Figures::tell("time until both venues were swept again", seconds_since(begin), "s");
    auto const done = work() - before;
    figures_.at_most("write-ahead log", done.log_bytes / mebibyte, sweep_log_mib_max, "MiB");
    figures_.speed("database time", done.database_seconds, sweep_database_seconds_max, "s");
    tell_rows(done);
    Figures::tell("processor time of the host", done.host_seconds, "s");
}

void Run::trade() {
    Figures::say("trading");
    stage_->venues().control("start");
    times_.begun_ms = now_ms();
    pause(std::chrono::seconds{options_.warm_up_seconds});
    auto const pid = stage_->host().pid();
    auto const processor = processor_seconds(pid), before = stage_->sent().frames;
    auto const begin = Clock::now();
    pause(std::chrono::milliseconds{static_cast<long>(options_.minutes * 60'000)});
    auto const seconds = seconds_since(begin);
    Figures::tell("frames", (stage_->sent().frames - before) / seconds, "a second");
    figures_.speed("processor of the host", (processor_seconds(pid) - processor) / seconds * 100,
                   core_percent_max, "% of one core");
    tell_memory();
    times_.steady_end_ms = times_.burst_begin_ms = times_.burst_end_ms = now_ms();
}

void Run::burst() {
    Figures::say("a burst");
    auto const before = stage_->sent();
    auto const asked = 1.0 * options_.burst_rate * options_.burst_seconds;
    auto const processor = processor_seconds(stage_->host().pid());
    auto const begin = Clock::now();
    stage_->venues().control("rate?rate=" + std::to_string(options_.burst_rate) +
                             "&seconds=" + std::to_string(options_.burst_seconds));
    pause(std::chrono::seconds{options_.burst_seconds});
    auto const seconds = seconds_since(begin);
    auto const after = stage_->sent();
    auto const sent = after.frames - before.frames;
    times_.burst_end_ms = now_ms();
    Figures::tell("frames asked for", asked, "");
    Figures::tell("frames sent", sent, "");
    figures_.speed("frames not sent", 100 * (asked - sent) / asked, burst_short_percent_max, "%");
    Figures::tell("processor of the host",
                  (processor_seconds(stage_->host().pid()) - processor) / seconds * 100, "% of one core");
    Figures::tell("processor of the simulator",
                  (after.processor_seconds - before.processor_seconds) / seconds * 100, "% of one core");
    catch_up();
    pause(std::chrono::seconds{options_.warm_up_seconds});
    tell_memory();
}

// Nothing is traded until all of the burst is stored.
void Run::catch_up() {
    auto const begin = Clock::now();
    stage_->venues().control("rate?rate=0");
    auto const told = stage_->counted("kalshi.trade") + stage_->counted("polymarket.trade");
    auto const rows = stage_->database();
    bool const caught_up = stage_->await(drain_within, [&] {
        return std::stoll(rows->one("SELECT count(*) FROM trades")) >= told && stage_->drained();
    });
    if (!caught_up) figures_.wrong("the burst was not stored");
    Figures::tell("until all of it was stored", seconds_since(begin), "s");
    stage_->venues().control("rate?rate=" + std::to_string(options_.settings.rate));
}

void Run::compare() {
    Figures::say("what was stored");
    times_.end_ms = now_ms();
    stage_->venues().finish();
    auto const begin = Clock::now();
    bool const drained = stage_->await(drain_within, [&] { return stage_->drained(); });
    Figures::tell("drained after", seconds_since(begin), "s");
    if (!drained)
        figures_.wrong("packets are still queued, or the balance does not hold: " +
                       boost::json::serialize(stage_->host().status()));
    Proof proof{*stage_, figures_, times_, options_.thoroughness};
    proof.trades();
    proof.gaps();
    proof.changes();
    if (options_.wants("books") || options_.wants("burst")) proof.books();
    if (options_.wants("new_markets")) proof.new_markets();
}

// A host that begins anew knows nothing of what the database holds of the catalogue.
void Run::restart() {
    Figures::say("the host ends and begins anew");
    if (!swept()) figures_.wrong("no sweep ended before that");
    end();
    auto before = stage_->work();
    before.host_seconds = 0;
    follow();
    auto const done = work() - before;
    Figures::tell("write-ahead log, opening quotes and books with it", done.log_bytes / mebibyte, "MiB");
    Figures::tell("database time of that", done.database_seconds, "s");
    tell_rows(done);
}

void Run::end() {
    auto const begin = Clock::now();
    auto const code = stage_->host().stop(stop_within);
    figures_.exactly("the host's exit code", code, 0);
    Figures::tell("stopped after", seconds_since(begin), "s");
    Figures::say("what the venues say: " + boost::json::serialize(stage_->venues().control("report")));
}

}  // namespace arb::scale
