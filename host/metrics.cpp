#include "host/metrics.hpp"

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <sstream>

#include "arbitrage/packet.hpp"

namespace arb::host {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr char const* counter_help = "A counter of the plugin.";

// Families in the order they are first named.
class Families {
  public:
    void counter(std::string const& name, char const* help, std::vector<ClientMetric::Label> labels,
                 std::uint64_t value) {
        auto& metric = add(name, help, MetricType::Counter, std::move(labels));
        metric.counter.value = static_cast<double>(value);
    }
    void gauge(std::string const& name, char const* help, std::vector<ClientMetric::Label> labels,
               double value) {
        add(name, help, MetricType::Gauge, std::move(labels)).gauge.value = value;
    }
    ClientMetric& histogram(std::string const& name, char const* help,
                            std::vector<ClientMetric::Label> labels) {
        return add(name, help, MetricType::Histogram, std::move(labels));
    }
    std::string text() const {
        std::ostringstream out;
        prometheus::TextSerializer{}.Serialize(out, families_);
        return out.str();
    }

    // Whether the host itself has metrics of that name.
    bool taken(std::string const& name) const {
        return std::any_of(families_.begin(), families_.end(), [&](MetricFamily const& family) {
            return family.name == name && family.help != counter_help;
        });
    }

  private:
    ClientMetric& add(std::string const& name, char const* help, MetricType type,
                      std::vector<ClientMetric::Label> labels) {
        for (auto& family : families_)
            if (family.name == name) return family.metric.emplace_back(make(std::move(labels)));
        families_.push_back({name, help, type, {}});
        return families_.back().metric.emplace_back(make(std::move(labels)));
    }
    static ClientMetric make(std::vector<ClientMetric::Label> labels) {
        ClientMetric metric;
        metric.label = std::move(labels);
        return metric;
    }

    std::vector<MetricFamily> families_;
};

void add_latency(Families& families, std::string const& instance, Latency const& latency) {
    auto& metric = families.histogram("arbitrage_commit_latency_seconds",
                                      "From the arrival of a packet's bytes to the commit of the sink.",
                                      {{"instance", instance}});
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i != latency.buckets.size(); ++i) {
        cumulative += latency.buckets[i];
        auto const bound =
            i < latency_bounds.size() ? latency_bounds[i] : std::numeric_limits<double>::infinity();
        metric.histogram.bucket.push_back({cumulative, bound});
    }
    metric.histogram.sample_count = latency.count;
    metric.histogram.sample_sum = latency.sum_seconds;
}

// What happened, and at 0 what has not yet.
template<class Words>
std::map<std::string, std::uint64_t> with(Words const& words, std::map<std::string, std::uint64_t> counts) {
    for (auto const* const word : words) counts.try_emplace(word, 0);
    return counts;
}

// What may be wrong with the data of a venue.
void add_doubts(Families& families, Instance const& instance, Figures const& figures) {
    auto const& name = instance.config().name;
    bool const venue = instance.config().role == Role::venue;
    for (auto const& [reason, amount] : venue ? with(gap_words, figures.gaps) : figures.gaps)
        families.counter("arbitrage_gaps_total", "Intervals in which something may be missing.",
                         {{"instance", name}, {"reason", reason}}, amount);
    auto drift = instance.drift().totals();
    for (int what = ARB_DRIFT_UNKNOWN; venue && what <= ARB_DRIFT_RENAMED; ++what)
        drift.try_emplace({"other", what}, 0);
    for (auto const& [difference, amount] : drift)
        families.counter(
            "arbitrage_api_drift_total", "Where answers of the venue differ from what is known.",
            {{"instance", name}, {"source", difference.first}, {"what", drift_word(difference.second)}},
            amount);
}

void add_instance(Families& families, Instance const& instance) {
    auto const& name = instance.config().name;
    auto const figures = instance.figures();
    // With what was refused before it became a packet, so that the sum is what the balance calls received.
    auto const unreadable =
        figures.received_total -
        std::accumulate(figures.received.begin(), figures.received.end(), std::uint64_t{0});
    families.counter("arbitrage_packets_received_total", "Packets that plugins pushed.",
                     {{"instance", name}, {"kind", "unreadable"}}, unreadable);
    for (std::size_t kind = 1; kind != ARB_KIND_COUNT; ++kind) {
        if (figures.received[kind] != 0)
            families.counter("arbitrage_packets_received_total", "Packets that plugins pushed.",
                             {{"instance", name}, {"kind", kind_names[kind]}}, figures.received[kind]);
        if (figures.written[kind] != 0)
            families.counter("arbitrage_packets_written_total",
                             "Packets that sinks committed, as rows or dead letters.",
                             {{"instance", name}, {"kind", kind_names[kind]}}, figures.written[kind]);
    }
    for (auto const& [reason, amount] : with(rejection_words, figures.rejected))
        families.counter("arbitrage_packets_rejected_total", "Records received and not accepted.",
                         {{"instance", name}, {"reason", reason}}, amount);
    add_doubts(families, instance, figures);
    families.gauge("arbitrage_instance_state",
                   "0 starting, 1 live, 2 degraded, 3 retrying, 4 held, 5 failed, 6 stopped.",
                   {{"instance", name}}, figures.state.state);
    families.counter("arbitrage_restarts_total", "Times an instance was made anew.", {{"instance", name}},
                     figures.restarts);
    if (instance.config().role == Role::venue) {
        families.gauge("arbitrage_feed_silence_seconds", "Since data last arrived.", {{"instance", name}},
                       figures.silence_seconds);
        for (auto const* const counter : {"reconnects", "slowed_pushes"})
            if (!figures.counters.contains({counter, ""}))
                families.counter(fmt::format("arbitrage_{}_total", counter), counter_help,
                                 {{"instance", name}}, 0);
    } else {
        families.counter("arbitrage_packets_dead_lettered_total", "Packets stored as dead letters.",
                         {{"instance", name}}, figures.dead_lettered);
        add_latency(families, name, figures.latency);
    }
}

// After all of the host's own: two metrics of one name and the same labels would spoil the whole page.
void add_counters(Families& families, Instance const& instance) {
    for (auto const& [key, amount] : instance.figures().counters) {
        std::vector<ClientMetric::Label> labels{{"instance", instance.config().name}};
        if (!key.second.empty()) labels.push_back({"reason", key.second});
        auto const name = fmt::format("arbitrage_{}_total", key.first);
        families.counter(families.taken(name) ? fmt::format("arbitrage_plugin_{}_total", key.first) : name,
                         counter_help, std::move(labels), amount);
    }
}

}  // namespace

std::string metrics_text(HostState const& host, Pipeline const& pipeline, queue::Queue const& queue,
                         std::uint64_t queue_size_max) {
    Families families;
    auto const statistics = queue.statistics();
    families.gauge("arbitrage_queue_bytes", "Disk space the queue takes.", {},
                   static_cast<double>(statistics.bytes));
    families.counter("arbitrage_queue_accepted_total", "Packets the queue accepted.", {},
                     statistics.accepted_packets);
    families.counter("arbitrage_queue_dropped_total", "Packets dropped because the queue was full.", {},
                     statistics.dropped_packets);
    families.gauge("arbitrage_queue_bytes_max", "Disk space the queue may take.", {},
                   static_cast<double>(queue_size_max));
    families.gauge("arbitrage_queue_percent_full", "What sinks have still to store, of the room there is.",
                   {}, queue.percent_full());
    families.gauge("arbitrage_queue_sync_seconds", "What a sync of the queue took of late.", {},
                   std::chrono::duration<double>(statistics.sync_time).count());
    families.counter("arbitrage_clock_steps_total", "Times the wall clock was set by more than a second.", {},
                     host.clock_steps);
    families.counter("arbitrage_pauses_total", "Times the program did not run for 10 s or longer.", {},
                     host.pauses);
    families.gauge("arbitrage_queue_full", "1 while pushes wait for room.", {}, statistics.full ? 1 : 0);
    families.gauge("arbitrage_ready", "1 while every required instance works.", {}, pipeline.ready() ? 1 : 0);
    auto const balance = pipeline.balance();
    families.gauge("arbitrage_balanced",
                   "1 while received = accepted + rejected, and accepted = written + dead-lettered + queued.",
                   {}, balance.everywhere() ? 1 : 0);
    for (auto const& [instance, figures] : balance.sinks)
        families.gauge("arbitrage_queue_lag_packets", "Packets a sink has not stored yet.",
                       {{"instance", instance}}, static_cast<double>(figures.queued));
    for (auto const& gone : pipeline.gone_sinks())
        families.gauge("arbitrage_queue_lag_packets", "Packets a sink has not stored yet.",
                       {{"instance", gone.name}}, static_cast<double>(gone.behind));
    for (auto const* const instance : pipeline.instances()) add_instance(families, *instance);
    for (auto const* const instance : pipeline.instances()) add_counters(families, *instance);
    return families.text();
}

}  // namespace arb::host
