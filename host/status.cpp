#include "host/status.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "arbitrage/decimal.hpp"
#include "arbitrage/packet.hpp"
#include "arbitrage/time.hpp"
#include "host/table.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

json::object kinds(PerKind const& counts) {
    json::object out;
    for (std::size_t kind = 1; kind != ARB_KIND_COUNT; ++kind)
        if (counts[kind] != 0) out[kind_names[kind]] = counts[kind];
    return out;
}

json::object words(std::map<std::string, std::uint64_t> const& counts) {
    json::object out;
    for (auto const& [word, amount] : counts)
        if (amount != 0) out[word] = amount;
    return out;
}

json::object sink_json(SinkBalance const& figures) {
    return {{"accepted", figures.accepted}, {"carried_over", figures.carried_over},
            {"written", figures.written},   {"dead_lettered", figures.dead_lettered},
            {"queued", figures.queued},     {"dropped", figures.skipped},
            {"holds", figures.holds}};
}

json::object instance_json(Instance const& instance, Balance const& balance) {
    auto const& config = instance.config();
    auto const figures = instance.figures();
    json::object counters{{"received", figures.received_total},
                          {"received_by_kind", kinds(figures.received)},
                          {"accepted", figures.accepted},
                          {"rejected", figures.rejected_total()},
                          {"rejected_by_reason", words(figures.rejected)},
                          {"gaps", words(figures.gaps)},
                          {"restarts", figures.restarts}};
    // A plugin's counter that has the name of one of ours gives way to it, here and below.
    for (auto const& [key, amount] : figures.counters)
        counters.emplace(key.second.empty() ? key.first : key.first + "." + key.second, amount);
    json::object out{{"instance", config.name},
                     {"role", name(config.role)},
                     {"required", config.required},
                     {"state", state_name(figures.state.state)},
                     {"since", format_time(figures.state.since)},
                     {"sentence", figures.state.sentence}};
    if (config.role == Role::venue) {
        out["silence_seconds"] = figures.silence_seconds;
    } else {
        counters["written_by_kind"] = kinds(figures.written);
        for (auto const& sink : balance.sinks)
            if (sink.instance == config.name)
                for (auto const& item : sink_json(sink.figures)) {
                    if (item.key() == "accepted" || item.key() == "holds") continue;
                    counters[item.key()] = item.value();
                }
    }
    if (auto drift = instance.drift().summary(); !drift.empty()) out["drift"] = std::move(drift);
    out["counters"] = std::move(counters);
    return out;
}

std::string age(std::string_view since) {
    auto const time = parse_time(since);
    if (!time) return "";
    return duration_text(std::max<arb_time>(0, arb::now() - *time));
}

std::string text_of(json::object const& from, std::string_view key) {
    auto const* const value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string{std::string_view{value->get_string()}}
                                                  : std::string{};
}

std::uint64_t number_of(json::object const& from, std::string_view key) {
    auto const* const value = from.if_contains(key);
    return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>() : 0;
}

json::object const& object_of(json::object const& from, std::string_view key) {
    static json::object const nothing;
    auto const* const value = from.if_contains(key);
    return value != nullptr && value->is_object() ? value->get_object() : nothing;
}

std::string painted(std::string const& state, bool colour) {
    if (!colour) return state;
    char const* const code = state == "live"                             ? "32"
                             : state == "starting" || state == "stopped" ? "2"
                             : state == "failed" || state == "held"      ? "31"
                                                                         : "33";
    return fmt::format("\x1b[{}m{}\x1b[0m", code, state);
}

std::string total_of(json::object const& counts) {
    std::uint64_t sum = 0;
    for (auto const& item : counts) sum += item.value().to_number<std::uint64_t>();
    return sum == 0 ? "" : thousands(sum);
}

std::string instances_text(json::array const& instances) {
    Table table{{"INSTANCE", "STATE", "FOR", "PACKETS", "REFUSED", "QUEUED", "GAPS", "SILENT", ""}};
    for (auto const column : {3, 4, 5, 6, 7}) table.align_right(static_cast<std::size_t>(column));
    for (auto const& value : instances) {
        auto const& instance = value.get_object();
        auto const& counters = object_of(instance, "counters");
        bool const sink = text_of(instance, "role") == "sink";
        auto const refused = sink ? number_of(counters, "dead_lettered") : number_of(counters, "rejected");
        auto const* const silence = instance.if_contains("silence_seconds");
        table.add({text_of(instance, "instance"), text_of(instance, "state"), age(text_of(instance, "since")),
                   thousands(number_of(counters, sink ? "written" : "received")),
                   refused == 0 ? "" : thousands(refused),
                   sink ? thousands(number_of(counters, "queued")) : "",
                   total_of(object_of(counters, "gaps")),
                   silence != nullptr ? fmt::format("{:.0f} s", silence->to_number<double>()) : "",
                   text_of(instance, "sentence")});
    }
    return table.print();
}

std::string drift_text(json::array const& instances) {
    std::string out;
    for (auto const& value : instances) {
        auto const& instance = value.get_object();
        if (auto const differences = number_of(object_of(instance, "drift"), "differences"); differences != 0)
            out += fmt::format(
                "{} {}: {} differences from what the plugin knows; `arbitrage drift` lists them\n",
                out.empty() ? "drift    " : "         ", text_of(instance, "instance"),
                thousands(differences));
    }
    return out;
}

std::string balance_text(json::object const& balance) {
    auto const said = [](json::object const& from) {
        return from.contains("holds") && !from.at("holds").as_bool() ? "  DOES NOT ADD UP" : "";
    };
    auto out = fmt::format(
        "balance   received {} = accepted {} + rejected {}{}\n", thousands(number_of(balance, "received")),
        thousands(number_of(balance, "accepted")), thousands(number_of(balance, "rejected")), said(balance));
    for (auto const& value : balance.at("sinks").as_array()) {
        auto const& sink = value.get_object();
        auto const carried = number_of(sink, "carried_over");
        auto const dropped = number_of(sink, "dropped");
        out += fmt::format("          {}: {}{} = written {} + dead-lettered {} + queued {}{}{}\n",
                           text_of(sink, "instance"), thousands(number_of(sink, "accepted")),
                           carried != 0 ? fmt::format(" (with {} from before)", thousands(carried)) : "",
                           thousands(number_of(sink, "written")), thousands(number_of(sink, "dead_lettered")),
                           thousands(number_of(sink, "queued")),
                           dropped != 0 ? " + dropped " + thousands(dropped) : "", said(sink));
    }
    return out;
}

}  // namespace

char const* state_name(int state) {
    switch (state) {
        case ARB_STATE_STARTING:
            return "starting";
        case ARB_STATE_LIVE:
            return "live";
        case ARB_STATE_DEGRADED:
            return "degraded";
        case ARB_STATE_RETRYING:
            return "retrying";
        case ARB_STATE_HELD:
            return "held";
        case ARB_STATE_FAILED:
            return "failed";
        case ARB_STATE_STOPPED:
            return "stopped";
        default:
            return "unknown";
    }
}

json::object status_json(HostState const& host, Config const& config, Pipeline const& pipeline,
                         queue::Queue const& queue) {
    auto const statistics = queue.statistics();
    auto const balance = pipeline.balance();
    json::array instances, sinks, gone;
    for (auto const& sink : pipeline.gone_sinks())
        gone.push_back({{"sink", sink.name}, {"behind", sink.behind}, {"sentence", sink.sentence()}});
    for (auto const* const instance : pipeline.instances())
        instances.push_back(instance_json(*instance, balance));
    bool holds = balance.holds;
    for (auto const& sink : balance.sinks) {
        auto object = sink_json(sink.figures);
        object["instance"] = sink.instance;
        holds = holds && sink.figures.holds;
        sinks.push_back(std::move(object));
    }
    return {{"version", ARBITRAGE_VERSION},
            {"state", state_name(host.state)},
            {"since", format_time(host.since)},
            {"sentence", host.sentence},
            {"ready", pipeline.ready()},
            {"started", format_time(host.started)},
            {"clock_steps", host.clock_steps},
            {"pauses", host.pauses},
            {"pid", static_cast<std::int64_t>(::getpid())},
            {"pipeline", config.file.string()},
            {"queue",
             {{"directory", config.queue.directory.string()},
              {"bytes", statistics.bytes},
              {"needed_bytes", statistics.needed_bytes},
              {"percent_full", queue.percent_full()},
              {"sync_milliseconds",
               std::chrono::duration_cast<std::chrono::milliseconds>(statistics.sync_time).count()},
              {"size_max", config.queue.size_max},
              {"accepted", statistics.accepted_packets},
              {"dropped", statistics.dropped_packets},
              {"position", statistics.newest.sequence},
              {"incarnation", statistics.newest.incarnation},
              {"gone_sinks", std::move(gone)},
              {"full", statistics.full},
              {"failed", statistics.failed}}},
            {"instances", std::move(instances)},
            {"balance",
             {{"received", balance.received},
              {"accepted", balance.accepted},
              {"rejected", balance.rejected},
              {"holds", holds},
              {"sinks", std::move(sinks)}}}};
}

std::string status_text(json::object const& status, bool colour) {
    auto const& queue = object_of(status, "queue");
    auto out = fmt::format("arbitrage {} is {}: {}\n", text_of(status, "version"),
                           painted(text_of(status, "state"), colour), text_of(status, "sentence"));
    out += fmt::format("running for {}, pipeline {}\n\n", age(text_of(status, "started")),
                       text_of(status, "pipeline"));
    out += instances_text(status.at("instances").as_array()) + "\n";
    out += fmt::format("queue     {} of {} in {}, {} % of the room needed{}\n",
                       bytes_text(number_of(queue, "bytes")), bytes_text(number_of(queue, "size_max")),
                       text_of(queue, "directory"), number_of(queue, "percent_full"),
                       queue.contains("full") && queue.at("full").as_bool() ? "  FULL" : "");
    if (auto const* const gone = queue.if_contains("gone_sinks"))
        for (auto const& sink : gone->as_array())
            out += fmt::format("          {}\n", text_of(sink.as_object(), "sentence"));
    out += drift_text(status.at("instances").as_array());
    return out + balance_text(object_of(status, "balance"));
}

}  // namespace arb::host
