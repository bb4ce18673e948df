// pipeline.yaml as typed values: queue, service and instances, checked against the schemas of this program
// and of the plugins. Every problem is found at once.
//
// Thread safety: values; load_config one call at a time.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/config/document.hpp"
#include "host/manifest.hpp"
#include "queue/queue.hpp"

namespace arb::host {

enum class LogFormat { text, json };

struct ServiceConfig {
    std::filesystem::path socket = "var/arbitrage.sock";
    std::string metrics;  // "address:port"; empty: no listener
    int log_level = ARB_LOG_INFO;
    LogFormat log_format = LogFormat::text;
};

struct InstanceConfig {
    std::string name;  // "type" or "type/name"
    std::string type;  // the plugin's id
    Role role = Role::venue;
    bool enabled = true;
    bool required = true;
    int log_level = ARB_LOG_INFO;
    // Sinks: how many packets a batch may hold, and how long it may wait to fill.
    std::size_t batch_rows_max = 5000;
    std::chrono::milliseconds batch_wait_max{0};
    // Venues: what one may push; the whole path, measured, takes 65,000 packets a second.
    std::uint64_t packets_per_second_max = 100'000;
    std::uint64_t bytes_per_second_max = 64 << 20;
    std::string options = "{}";  // JSON that passed the plugin's schema
    std::optional<Manifest> manifest;
    std::string refusal;  // not required, and its plugin cannot be used: why
    Node node;            // as written, to give errors of the plugin their line

    std::string path() const { return std::string{role == Role::venue ? "venues." : "sinks."} + name; }
    // A problem with the option that a JSON pointer names.
    Problem problem(std::string_view pointer, std::string const& text) const;
};

struct Config {
    std::filesystem::path file;
    bool parsed = false;  // every file could be read; what is wrong beyond that are values
    queue::Settings queue;
    ServiceConfig service;
    std::vector<std::filesystem::path> plugin_path;
    std::vector<InstanceConfig> venues;
    std::vector<InstanceConfig> sinks;
    Node node;  // as written, without what the instances took over

    // A problem with the key of `queue` or `service` that a JSON pointer names.
    Problem problem(std::string_view pointer, std::string const& text) const;
    InstanceConfig const* find(std::string_view instance) const;
};

struct ConfigSource {
    std::filesystem::path file;      // of -p; empty: searched for
    std::filesystem::path env_file;  // of --env-file; empty: .env beside the pipeline, if there is one
};

// Where the pipeline is: as given, else $ARBITRAGE_PIPELINE, ./pipeline.yaml, ./config/pipeline.yaml,
// /etc/arbitrage/pipeline.yaml. Nothing, and a problem, if none is there.
std::optional<std::filesystem::path> find_pipeline(std::filesystem::path const& given, Problems& problems);

// Only complete if no problem was added.
Config load_config(ConfigSource const& source, Problems& problems);

// JSON Schema of pipeline.yaml with these plugins, for editors.
boost::json::object pipeline_schema(std::vector<Manifest> const& plugins);

}  // namespace arb::host
