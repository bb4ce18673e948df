#include "host/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/table.hpp"

namespace arb::host {

using namespace std::chrono_literals;

namespace {

constexpr auto venue_stop_max = 5s;   // to close connections; a plugin that needs longer hangs
constexpr auto sink_drain_max = 10s;  // to store what is queued; the rest keeps on disk
constexpr auto sink_stop_max = 3s;    // to give up a transaction; all together under 20 s
constexpr auto look_every = 20ms;
constexpr int imbalances_max = 3;  // one look may fall into the middle of a push

}  // namespace

bool Balance::everywhere() const {
    return holds &&
           std::all_of(sinks.begin(), sinks.end(), [](Sink const& sink) { return sink.figures.holds; });
}

std::string Balance::print() const {
    auto out = fmt::format("received {} = accepted {} + rejected {}", received, accepted, rejected);
    for (auto const& [instance, figures] : sinks) {
        out += fmt::format(
            "; {}: {}{} = written {} + dead-lettered {} + queued {}", instance, figures.accepted,
            figures.carried_over != 0 ? fmt::format(" (with {} from before)", figures.carried_over) : "",
            figures.written, figures.dead_lettered, figures.queued);
        if (figures.skipped != 0) out += fmt::format(" + dropped {}", figures.skipped);
    }
    return out;
}

std::string GoneSink::sentence() const {
    return fmt::format(
        "the queue keeps {} packets, and all that come, for {}, which is not an enabled sink of this "
        "pipeline: "
        "enable it, or stop the host and let go of them with `arbitrage queue forget-sink {}`",
        thousands(behind), escape(name), escape(name));
}

Pipeline::Pipeline(Config const& config, Log& log, queue::Queue& queue)
    : config_{config}, log_{log}, queue_{queue} {}

Pipeline::~Pipeline() = default;

void Pipeline::prepare(Problems& problems) {
    for (auto const* const list : {&config_.venues, &config_.sinks})
        for (auto const& config : *list)
            if (config.enabled) prepare(config, problems);
    for (auto const& sink : queue_.sinks())
        if (std::none_of(config_.sinks.begin(), config_.sinks.end(),
                         [&](InstanceConfig const& config) { return config.enabled && config.name == sink; }))
            gone_.emplace_back(sink, queue_.reader(sink));
}

void Pipeline::leave_out(InstanceConfig const& config, Module const* module, std::string const& sentence) {
    instances_.push_back(std::make_unique<Instance>(config, module, log_, &queue_));
    instances_.back()->report(ARB_STATE_FAILED, sentence);
    log_.warning(fmt::format("{} is left out: it cannot start and is not required", config.name));
}

void Pipeline::prepare(InstanceConfig const& config, Problems& problems) {
    if (!config.refusal.empty() || !config.manifest) return leave_out(config, nullptr, config.refusal);
    auto const loaded = load(*config.manifest);
    if (loaded.has_error()) {
        if (!config.required) return leave_out(config, nullptr, loaded.error().text);
        auto const problem = config.problem("", loaded.error().text);
        problems.add(problem.place, problem.path, problem.text);
        return;
    }
    auto instance = std::make_unique<Instance>(config, loaded.value(), log_, &queue_);
    auto made = Plugin::create(*instance);
    if (made.has_error() && made.error().status == ARB_INVALID) {
        auto const problem = config.problem(made.error().where, made.error().text);
        if (!config.required) return leave_out(config, loaded.value(), print(problem));
        problems.add(problem.place, problem.path, problem.text);
        return;
    }
    if (made.has_error()) instance->report(ARB_STATE_RETRYING, made.error().text);
    auto first = made.has_value() ? std::move(made.value()) : nullptr;
    if (config.role == Role::venue)
        venues_.push_back(std::make_unique<VenueSupervisor>(*instance, std::move(first)));
    else
        sinks_.push_back(std::make_unique<SinkSupervisor>(*instance, std::move(first), queue_));
    instances_.push_back(std::move(instance));
}

void Pipeline::expect_gap(arb_time from, std::string const& reason) {
    for (auto const& venue : venues_) venue->instance().expect_gap(from, reason);
}

void Pipeline::note_loss(arb_time from, arb_time to) {
    for (auto const& venue : venues_) venue->instance().note_loss(from, to);
}

void Pipeline::note_clock_step(arb_time before, arb_time after) {
    for (auto const& venue : venues_) venue->instance().note_clock_step(before, after);
}

boost::json::array Pipeline::drift_rows() const {
    boost::json::array rows;
    for (auto const& instance : instances_) instance->drift().append_rows(instance->config().name, rows);
    return rows;
}

void Pipeline::start() {
    for (auto const& gone : gone_sinks()) log_.warning(gone.sentence());
    for (auto const& sink : sinks_) sink->start();
    for (auto const& venue : venues_) venue->start();
}

bool Pipeline::wait_finished(std::vector<Supervisor*> const& those, std::chrono::milliseconds time,
                             std::function<bool()> const& hurry) {
    auto const end = std::chrono::steady_clock::now() + time;
    for (;;) {
        if (std::all_of(those.begin(), those.end(), [](Supervisor const* s) { return s->finished(); }))
            return true;
        if (hurry() || std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(look_every);
    }
}

bool Pipeline::stop(std::function<bool()> const& hurry) {
    std::vector<Supervisor*> venues, sinks;
    for (auto const& venue : venues_) venues.push_back(venue.get());
    for (auto const& sink : sinks_) sinks.push_back(sink.get());
    for (auto at = venues.rbegin(); at != venues.rend(); ++at) (*at)->stop();
    wait_finished(venues, venue_stop_max, hurry);
    for (auto const& sink : sinks_) sink->drain();
    wait_finished(sinks, sink_drain_max, hurry);
    for (auto at = sinks.rbegin(); at != sinks.rend(); ++at) (*at)->stop();
    wait_finished(sinks, sink_stop_max, hurry);
    bool all = true;
    for (auto const& list : {venues, sinks}) {
        for (auto* const one : list) {
            if (one->finished()) {
                one->join();
                continue;
            }
            all = false;
            one->instance().log(ARB_LOG_ERROR, "did not stop in time and is left behind");
            one->abandon();
        }
    }
    return all;
}

std::vector<Instance*> Pipeline::instances() const {
    std::vector<Instance*> out;
    for (auto const& instance : instances_) out.push_back(instance.get());
    return out;
}

std::vector<SinkSupervisor*> Pipeline::sinks() const {
    std::vector<SinkSupervisor*> out;
    for (auto const& sink : sinks_) out.push_back(sink.get());
    return out;
}

std::vector<GoneSink> Pipeline::gone_sinks() const {
    std::vector<GoneSink> out;
    for (auto const& [name, place] : gone_) out.push_back({name, place->lag_packets()});
    return out;
}

bool Pipeline::ready() const {
    return std::all_of(instances_.begin(), instances_.end(), [](auto const& instance) {
        auto const state = instance->state().state;
        return !instance->config().required || state == ARB_STATE_LIVE || state == ARB_STATE_DEGRADED;
    });
}

bool Pipeline::progressed() {
    std::vector<std::uint64_t> now;
    for (auto const& sink : sinks_) now.push_back(sink->progress());
    bool const moved = progress_seen_.size() != now.size() ||
                       std::equal(now.begin(), now.end(), progress_seen_.begin(), std::not_equal_to<>{});
    progress_seen_ = std::move(now);
    return moved;
}

Balance Pipeline::balance() const {
    Balance out;
    auto const in_flight = [&] {
        std::uint64_t sum = 0;
        for (auto const& instance : instances_) sum += instance->in_flight();
        return sum;
    };
    auto slack = in_flight();
    auto const accepted_low = queue_.statistics().accepted_packets;
    for (auto const& instance : instances_) {
        auto const figures = instance->figures();
        out.received += figures.received_total;
        out.rejected += figures.rejected_total();
    }
    out.accepted = queue_.statistics().accepted_packets;
    slack += in_flight() + (out.accepted - accepted_low);
    auto const counted = out.received - out.rejected;
    out.holds = (counted > out.accepted ? counted - out.accepted : out.accepted - counted) <= slack;
    if (out.holds) out.accepted = counted;
    for (auto const& sink : sinks_) out.sinks.push_back({sink->instance().config().name, sink->balance()});
    return out;
}

bool Pipeline::check_balance() {
    imbalances_ = balance().everywhere() ? 0 : imbalances_ + 1;
    return imbalances_ < imbalances_max;
}

}  // namespace arb::host
