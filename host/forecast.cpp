#include "host/forecast.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "arbitrage/packet.hpp"
#include "arbitrage/time.hpp"
#include "host/host.hpp"
#include "host/signals.hpp"
#include "host/status.hpp"
#include "host/supervisor.hpp"
#include "host/table.hpp"

namespace arb::host {

namespace json = boost::json;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto stop_max = 5s;  // a venue that needs longer to stop hangs
constexpr auto look_every = 200ms;
constexpr double day_seconds = 86'400;
// More firsts than this in the second half: subscribing was still going on.
constexpr double late_part = 0.02;

// A venue that runs into a meter.
struct Run {
    Meter meter;
    std::unique_ptr<Instance> instance;
    std::unique_ptr<VenueSupervisor> supervisor;
    Tallies half{};
};

using Runs = std::vector<std::unique_ptr<Run>>;

Runs prepare(Config const& config, Log& log, Problems& problems) {
    Runs out;
    for (auto const& venue : config.venues) {
        if (!venue.enabled) continue;
        auto const refuse = [&](std::string_view where, std::string const& text) {
            auto const problem = venue.problem(where, text);
            problems.add(problem.place, problem.path, problem.text);
        };
        if (!venue.refusal.empty() || !venue.manifest) {
            refuse("", venue.refusal);
            continue;
        }
        auto const module = load(*venue.manifest);
        if (module.has_error()) {
            refuse("", module.error().text);
            continue;
        }
        auto run = std::make_unique<Run>();
        auto quieter = venue;
        quieter.log_level = std::max<int>(venue.log_level, ARB_LOG_WARNING);
        run->instance = std::make_unique<Instance>(std::move(quieter), module.value(), log, &run->meter);
        auto plugin = Plugin::create(*run->instance);
        if (plugin.has_error() && plugin.error().status == ARB_INVALID) {
            refuse(plugin.error().where, plugin.error().text);
            continue;
        }
        run->supervisor = std::make_unique<VenueSupervisor>(
            *run->instance, plugin.has_value() ? std::move(plugin.value()) : nullptr);
        out.push_back(std::move(run));
    }
    return out;
}

void show_progress(Runs const& runs, std::chrono::duration<double> done,
                   std::chrono::duration<double> whole) {
    std::string line = fmt::format("{:.0f} of {:.0f} s", done.count(), whole.count());
    for (auto const& run : runs)
        line +=
            fmt::format("   {} {}: {} packets", run->instance->config().name,
                        state_name(run->instance->state().state), run->meter.statistics().accepted_packets);
    std::cerr << "\r\x1b[K" << line << std::flush;
}

// Until the time is over or somebody asks for the end; how long it was.
std::chrono::duration<double> measure(Runs& runs, Signals const& signals,
                                      std::chrono::duration<double> whole) {
    bool const terminal = ::isatty(STDERR_FILENO) != 0;
    auto const begin = Clock::now();
    bool half = false;
    std::chrono::duration<double> done{};
    while (done < whole) {
        auto const signal = signals.next(std::chrono::duration_cast<std::chrono::milliseconds>(
            std::min<std::chrono::duration<double>>(look_every, whole - done + 1ms)));
        done = Clock::now() - begin;
        if (!half && done >= whole / 2) {
            half = true;
            for (auto& run : runs) run->half = run->meter.tallies();
        }
        if (terminal) show_progress(runs, done, whole);
        if (signal == SIGINT || signal == SIGTERM) break;
    }
    if (terminal) std::cerr << "\r\x1b[K";
    if (!half)
        for (auto& run : runs) run->half = run->meter.tallies();
    return done;
}

// False: a thread did not end.
bool stop(Runs const& runs) {
    for (auto const& run : runs) run->supervisor->stop();
    auto const end = Clock::now() + stop_max;
    bool all = true;
    for (auto const& run : runs) {
        while (!run->supervisor->finished() && Clock::now() < end) std::this_thread::sleep_for(20ms);
        if (run->supervisor->finished()) {
            run->supervisor->join();
        } else {
            run->supervisor->abandon();
            all = false;
        }
    }
    return all;
}

}  // namespace

int forecast(Globals const& globals, ForecastOptions const& options) {
    Problems problems;
    auto const config = load_config(globals.source, problems);
    if (!problems.empty()) return print_problems(problems), exit_config;
    Signals const signals;
    Log log{{ARB_LOG_WARNING, LogFormat::text, ::isatty(STDERR_FILENO) != 0}};
    auto runs = prepare(config, log, problems);
    if (!problems.empty()) return print_problems(problems), exit_config;
    for (auto const& run : runs) run->supervisor->start();
    auto const time = measure(runs, signals, std::chrono::duration<double>{options.minutes * 60});
    auto const end = Clock::now();
    std::vector<Measured> measured;
    std::uint64_t packets = 0;
    for (auto const& run : runs) {
        measured.push_back(
            {run->instance->config().name, run->instance->state(), run->meter.tallies(), run->half});
        packets += run->meter.statistics().accepted_packets;
    }
    bool const ended = stop(runs);
    auto const result = forecast_json(measured, config, end, time);
    std::cout << (globals.json() ? json::serialize(result) + "\n" : forecast_text(result));
    std::cout.flush();
    if (packets == 0) std::cerr << "arbitrage: nothing arrived, so nothing can be said\n";
    int const code = packets == 0 ? exit_unreachable : exit_ok;
    if (!ended) std::_Exit(code);  // a thread of a plugin still runs: destructors would pull its ground away
    return code;
}

namespace {

json::object const& bytes_per_row(InstanceConfig const& sink) {
    static json::object const none;
    auto const* const said = sink.manifest ? sink.manifest->json.if_contains("bytes_per_row") : nullptr;
    return said != nullptr && said->is_object() ? said->get_object() : none;
}

double row_bytes(InstanceConfig const& sink, std::size_t kind) {
    auto const* const bytes = bytes_per_row(sink).if_contains(kind_names[kind]);
    return bytes != nullptr && bytes->is_number() ? bytes->to_number<double>() : 0;
}

std::uint64_t whole(double value) { return static_cast<std::uint64_t>(value + 0.5); }

// Sums over all instances and kinds.
struct Sums {
    double rows_a_day = 0, queue_bytes_a_day = 0;
    std::map<std::string, std::pair<double, double>> sinks;  // bytes a day, bytes once
};

json::object kind_json(std::size_t kind, Tally const& tally, Config const& config, Clock::time_point end,
                       Sums& sums) {
    auto const seconds = std::max(1.0, std::chrono::duration<double>(end - tally.first).count());
    auto const a_day = day_seconds / seconds;
    auto const rows = static_cast<double>(tally.again) * a_day;
    auto const bytes = static_cast<double>(tally.again_bytes) * a_day;
    sums.rows_a_day += rows;
    sums.queue_bytes_a_day += bytes;
    json::object sinks;
    for (auto const& sink : config.sinks) {
        if (!sink.enabled || bytes_per_row(sink).empty()) continue;
        auto const each = row_bytes(sink, kind);
        sinks[sink.name] = whole(rows * each);
        auto& [sink_a_day, sink_once] = sums.sinks[sink.name];
        sink_a_day += rows * each;
        sink_once += static_cast<double>(tally.once) * each;
    }
    return {{"kind", kind_names[kind]},
            {"once", tally.once},
            {"queue_bytes_once", tally.once_bytes},
            {"rows_a_day", whole(rows)},
            {"queue_bytes_a_day", whole(bytes)},
            {"sink_bytes_a_day", std::move(sinks)}};
}

bool still_beginning(Measured const& one) {
    std::uint64_t all = 0, late = 0;
    for (std::size_t kind : {ARB_KIND_QUOTE, ARB_KIND_BOOK, ARB_KIND_MARKET}) {
        all += one.tallies[kind].once;
        late += one.tallies[kind].once - one.half[kind].once;
    }
    return static_cast<double>(late) > late_part * static_cast<double>(all);
}

json::array notes_of(std::vector<Measured> const& measured, Config const& config,
                     std::chrono::duration<double> time) {
    json::array notes;
    notes.emplace_back(
        fmt::format("measured for {:.0f} s. ONCE is the first packet of each market, event and book, and "
                    "what was read from "
                    "before the start; what is listed later comes with one of each",
                    time.count()));
    notes.emplace_back(
        "traffic changes with the hour and with what is going on; measure at a busy time for the most");
    for (auto const& one : measured) {
        if (one.state.state != ARB_STATE_LIVE)
            notes.emplace_back(
                fmt::format("{} is {}: {}", one.instance, state_name(one.state.state), one.state.sentence));
        if (still_beginning(one))
            notes.emplace_back(
                fmt::format("{} was still subscribing when the time was over: with more --minutes "
                            "the figures grow",
                            one.instance));
    }
    for (auto const& sink : config.sinks)
        if (sink.enabled && bytes_per_row(sink).empty())
            notes.emplace_back(fmt::format("{} does not say how many bytes its rows take", sink.name));
    return notes;
}

}  // namespace

json::object forecast_json(std::vector<Measured> const& measured, Config const& config, Clock::time_point end,
                           std::chrono::duration<double> time) {
    Sums sums;
    json::array instances;
    for (auto const& one : measured) {
        json::array kinds;
        for (std::size_t kind = 1; kind != ARB_KIND_COUNT; ++kind)
            if (auto const& tally = one.tallies[kind]; tally.once + tally.again != 0)
                kinds.push_back(kind_json(kind, tally, config, end, sums));
        instances.push_back({{"instance", one.instance},
                             {"state", state_name(one.state.state)},
                             {"sentence", one.state.sentence},
                             {"kinds", std::move(kinds)}});
    }
    json::array sinks;
    for (auto const& [name, bytes] : sums.sinks)
        sinks.push_back(
            {{"instance", name}, {"bytes_a_day", whole(bytes.first)}, {"bytes_once", whole(bytes.second)}});
    json::object queue{{"size_max", config.queue.size_max}, {"bytes_a_day", whole(sums.queue_bytes_a_day)}};
    if (sums.queue_bytes_a_day >= 1)
        queue["lasts_seconds"] = whole(static_cast<double>(config.queue.size_max) * venues_percent_max / 100 /
                                       sums.queue_bytes_a_day * day_seconds);
    return {{"measured_seconds", whole(time.count())},
            {"rows_a_day", whole(sums.rows_a_day)},
            {"instances", std::move(instances)},
            {"sinks", std::move(sinks)},
            {"queue", std::move(queue)},
            {"notes", notes_of(measured, config, time)}};
}

std::string forecast_text(json::object const& forecast) {
    auto const number = [](json::object const& from, char const* key) {
        return from.at(key).to_number<std::uint64_t>();
    };
    auto const& sinks = forecast.at("sinks").as_array();
    std::vector<std::string> headings{"INSTANCE", "KIND", "ONCE", "ROWS A DAY", "QUEUE A DAY"};
    for (auto const& sink : sinks)
        headings.push_back(fmt::format("{} A DAY", std::string_view{sink.at("instance").as_string()}));
    Table table{headings};
    for (std::size_t column = 2; column != headings.size(); ++column) table.align_right(column);
    for (auto const& instance : forecast.at("instances").as_array())
        for (auto const& value : instance.at("kinds").as_array()) {
            auto const& kind = value.as_object();
            auto const once = number(kind, "once"), rows = number(kind, "rows_a_day");
            std::vector<std::string> row{std::string{std::string_view{instance.at("instance").as_string()}},
                                         std::string{std::string_view{kind.at("kind").as_string()}},
                                         once == 0 ? "" : thousands(once), rows == 0 ? "" : thousands(rows),
                                         rows == 0 ? "" : bytes_text(number(kind, "queue_bytes_a_day"))};
            auto const& bytes = kind.at("sink_bytes_a_day").as_object();
            for (auto const& sink : sinks) {
                auto const* const of_sink = bytes.if_contains(sink.at("instance").as_string());
                auto const amount = of_sink != nullptr ? of_sink->to_number<std::uint64_t>() : 0;
                row.push_back(amount == 0 ? "" : bytes_text(amount));
            }
            table.add(std::move(row));
        }
    auto out = table.empty() ? std::string{} : table.print() + "\n";
    out += fmt::format("in all    {} rows a day\n", thousands(number(forecast, "rows_a_day")));
    for (auto const& sink : sinks)
        out += fmt::format("{:<9} {} a day, and {} once\n", std::string_view{sink.at("instance").as_string()},
                           bytes_text(number(sink.as_object(), "bytes_a_day")),
                           bytes_text(number(sink.as_object(), "bytes_once")));
    auto const& queue = forecast.at("queue").as_object();
    out += fmt::format("queue     {} a day pass through", bytes_text(number(queue, "bytes_a_day")));
    if (queue.contains("lasts_seconds"))
        out += fmt::format("; with a sink away, its {} last {}", bytes_text(number(queue, "size_max")),
                           duration_text(static_cast<arb_time>(std::min<std::uint64_t>(
                                             number(queue, "lasts_seconds"), 1'000'000'000)) *
                                         second_ns));
    out += "\n";
    for (auto const& note : forecast.at("notes").as_array())
        out += fmt::format("- {}\n", std::string_view{note.as_string()});
    return out;
}

}  // namespace arb::host
