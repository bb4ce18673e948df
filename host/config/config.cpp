#include "host/config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <regex>

#include "arbitrage/options.hpp"
#include "host/config/endpoint.hpp"
#include "host/config/keys.hpp"
#include "host/config/schema.hpp"
#include "host/config/variables.hpp"
#include "host/module.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

constexpr std::size_t instance_name_max = 64;            // it is a label of metrics and a column of tables
constexpr std::uint64_t bytes_per_second_min = 1 << 20;  // below it one large packet would wait for minutes

// Adds what `other` holds to `base`. Keys of one section may be spread over files, but none may be set twice.
void merge(Node& base, Node other, std::string const& path, Problems& problems) {
    for (auto& entry : other.entries) {
        auto const where = path.empty() ? entry.key : path + "." + entry.key;
        auto* const there = base.find(entry.key);
        if (there == nullptr) {
            base.entries.push_back(std::move(entry));
        } else if (path == "venues" || path == "sinks") {
            problems.add(entry.place, where,
                         fmt::format("this instance is defined twice; also at {}", print(there->place)));
        } else if (there->value.type == Node::Type::map && entry.value.type == Node::Type::map) {
            merge(there->value, std::move(entry.value), where, problems);
        } else if (there->value.type == Node::Type::list && entry.value.type == Node::Type::list) {
            for (auto& item : entry.value.items) there->value.items.push_back(std::move(item));
        } else if (there->value.type == Node::Type::null) {
            there->value = std::move(entry.value);
        } else {
            problems.add(entry.place, where,
                         fmt::format("this key is set twice; also at {}", print(there->place)));
        }
    }
}

void merge_folder(std::filesystem::path const& file, Node& root, Problems& problems) {
    auto const folder = file.parent_path() / "pipeline.d";
    std::error_code failed;
    std::vector<std::filesystem::path> files;
    for (std::filesystem::directory_iterator at{folder, failed}, end; !failed && at != end;
         at.increment(failed))
        if (at->path().extension() == ".yaml") files.push_back(at->path());
    std::sort(files.begin(), files.end());
    for (auto const& part : files) {
        auto node = read_yaml_file(part, problems);
        if (!node) continue;
        if (node->type != Node::Type::map)
            problems.add(node->place, "", "expected a mapping of keys to values");
        else
            merge(root, std::move(*node), "", problems);
    }
}

int log_level(std::string_view word) {
    return word == "debug"     ? ARB_LOG_DEBUG
           : word == "warning" ? ARB_LOG_WARNING
           : word == "error"   ? ARB_LOG_ERROR
                               : ARB_LOG_INFO;
}

// Everything of the file but the instances.
void read_sections(Node const& root, Config& config, Problems& problems) {
    // Instances are judged by their plugins' schemas, later.
    auto const values = check_node(root, keys_schema(), "", problems);
    Options const options{values};
    auto const queue = options.section("queue");
    auto& settings = config.queue;
    settings.directory = queue.text("directory", "var/queue");
    settings.when_full =
        queue.text("when_full") == "drop_oldest" ? queue::WhenFull::drop_oldest : queue::WhenFull::block;
    settings.size_max = queue.size("size_max", settings.size_max);
    settings.sync_every = queue.duration("sync_every", settings.sync_every);
    settings.keep_acked = queue.duration("keep_acked", settings.keep_acked);
    settings.keep_acked_size = queue.size("keep_acked_size", settings.keep_acked_size);
    auto const refuse = [&](char const* pointer, std::string const& text) {
        std::string path;
        auto const& node = node_at(root, pointer, path);
        problems.add(node.place, path, text);
    };
    if (settings.size_max < 2 * settings.segment_size && problems.empty())
        refuse("/queue/size_max", fmt::format("must be at least {} MiB: two segments of the queue",
                                              2 * settings.segment_size >> 20));
    auto const service = options.section("service");
    config.service.socket = service.text("socket", "var/arbitrage.sock");
    config.service.metrics = service.text("metrics");
    if (config.service.metrics == "off") config.service.metrics.clear();
    if (auto const wrong = wrong_socket(config.service.socket); !wrong.empty())
        refuse("/service/socket", wrong);
    if (!config.service.metrics.empty() && !parse_endpoint(config.service.metrics) &&
        !problems.has("service.metrics"))
        refuse("/service/metrics",
               fmt::format("expected an address such as 127.0.0.1:9464, or off, got \"{}\"",
                           config.service.metrics));
    config.service.log_level = log_level(service.section("log").text("level"));
    config.service.log_format =
        service.section("log").text("format") == "json" ? LogFormat::json : LogFormat::text;
    for (auto const& folder : options.list("plugin_path")) config.plugin_path.emplace_back(folder);
}

// The schema of an instance: the host's keys and the plugin's options in one object.
json::object instance_schema(Role role, Manifest const& manifest) {
    json::object out = manifest.options;
    json::object properties = out.contains("properties") && out["properties"].is_object()
                                  ? out["properties"].get_object()
                                  : json::object{};
    for (auto const& key : instance_keys(role)) properties[key.key()] = key.value();
    out["properties"] = std::move(properties);
    return out;
}

// The keys of an instance that are the host's, and the rest as the plugin's options.
void take_values(json::object values, InstanceConfig& instance) {
    Options const options{values};
    if (options.has("log_level")) instance.log_level = log_level(options.text("log_level"));
    if (instance.role == Role::sink) {
        instance.batch_rows_max = static_cast<std::size_t>(options.integer("batch_rows_max", 5000));
        instance.batch_wait_max = options.duration("batch_wait_max", instance.batch_wait_max);
    }
    if (instance.role == Role::venue) {
        instance.packets_per_second_max =
            static_cast<std::uint64_t>(options.integer("packets_per_second_max", 100'000));
        instance.bytes_per_second_max = options.size("bytes_per_second_max", instance.bytes_per_second_max);
    }
    for (auto const& key : instance_keys(instance.role)) values.erase(key.key());
    instance.options = json::serialize(values);
}

bool flag_of(Node const& node, std::string_view key, bool otherwise) {
    auto const* const entry = node.find(key);
    return entry == nullptr || entry->value.type != Node::Type::scalar ? otherwise
                                                                       : entry->value.text != "false";
}

void refuse(InstanceConfig& instance, Place const& place, std::string const& sentence, Problems& problems) {
    if (instance.required && instance.enabled)
        problems.add(place, instance.path(), sentence);
    else
        instance.refusal = sentence;
}

void check_instance(InstanceConfig& instance, Place const& place,
                    std::vector<std::filesystem::path> const& folders, Problems& problems) {
    auto manifest = find_plugin(instance.type, folders);
    if (manifest.has_error()) return refuse(instance, place, manifest.error().text, problems);
    if (manifest->role != instance.role) {
        problems.add(place, instance.path(),
                     fmt::format("{} is a {}: move it to {}s", instance.type, name(manifest->role),
                                 name(manifest->role)));
        return;
    }
    auto schema = instance_schema(instance.role, *manifest);
    if (!instance.enabled) schema.erase("required");  // what it would need may be missing while it is off
    auto values = check_node(instance.node, schema, instance.path(), problems);
    if (auto const* const isolation = values.if_contains("isolation");
        isolation != nullptr && *isolation == "process") {
        auto const problem = instance.problem(
            "/isolation", "a process of its own is not available in this version: write thread");
        problems.add(problem.place, problem.path, problem.text);
    }
    take_values(std::move(values), instance);
    if (instance.bytes_per_second_max < bytes_per_second_min) {
        auto const problem = instance.problem("/bytes_per_second_max", "must be at least 1MiB");
        problems.add(problem.place, problem.path, problem.text);
    }
    instance.manifest = std::move(manifest.value());
}

void read_instances(Node& root, Role role, Variables const& variables, Config& config, Problems& problems) {
    auto& out = role == Role::venue ? config.venues : config.sinks;
    std::string const section = role == Role::venue ? "venues" : "sinks";
    auto* const found = root.find(section);
    if (found == nullptr || found->value.type != Node::Type::map) return;
    static std::regex const good_name{"[a-z0-9_]+(/[A-Za-z0-9_.-]+)?"};
    auto const folders = plugin_folders(config.plugin_path);
    for (auto& entry : found->value.entries) {
        auto const path = section + "." + entry.key;
        if (entry.key.size() > instance_name_max || !std::regex_match(entry.key, good_name)) {
            problems.add(
                entry.place, path,
                "the name of an instance is a plugin, or plugin/name with letters, digits, _ . and -");
            continue;
        }
        if (entry.value.type != Node::Type::map && entry.value.type != Node::Type::null) {
            problems.add(entry.value.place, path,
                         "expected a mapping of keys to values, such as {enabled: true}");
            continue;
        }
        InstanceConfig instance;
        instance.name = entry.key;
        instance.type = entry.key.substr(0, entry.key.find('/'));
        instance.role = role;
        instance.log_level = config.service.log_level;
        for (std::string const key : {"enabled", "required"})
            if (auto* const flag = entry.value.find(key))
                variables.expand(flag->value, path + "." + key, problems);
        instance.enabled = flag_of(entry.value, "enabled", true);
        instance.required = flag_of(entry.value, "required", true);
        // What a disabled instance would need need not be set.
        Problems unset;
        variables.expand(entry.value, path, instance.enabled ? problems : unset);
        instance.node = std::move(entry.value);
        if (instance.node.type == Node::Type::null) instance.node.type = Node::Type::map;
        if (instance.node.place.line == 0) instance.node.place = entry.place;
        check_instance(instance, entry.place, folders, problems);
        out.push_back(std::move(instance));
    }
}

bool any_enabled(std::vector<InstanceConfig> const& instances) {
    return std::any_of(instances.begin(), instances.end(), [](InstanceConfig const& i) { return i.enabled; });
}

}  // namespace

Problem InstanceConfig::problem(std::string_view pointer, std::string const& text) const {
    auto where = path();
    auto const& found = node_at(node, pointer, where);
    return {found.place, where, text};
}

Problem Config::problem(std::string_view pointer, std::string const& text) const {
    std::string where;
    auto const& found = node_at(node, pointer, where);
    return {found.place, where, text};
}

InstanceConfig const* Config::find(std::string_view instance) const {
    for (auto const* const list : {&venues, &sinks})
        for (auto const& candidate : *list)
            if (candidate.name == instance) return &candidate;
    return nullptr;
}

std::optional<std::filesystem::path> find_pipeline(std::filesystem::path const& given, Problems& problems) {
    if (!given.empty()) return given;
    if (char const* const named = std::getenv("ARBITRAGE_PIPELINE"); named != nullptr && *named != '\0')
        return std::filesystem::path{named};
    std::error_code failed;
    for (char const* const place : {"pipeline.yaml", "config/pipeline.yaml", "/etc/arbitrage/pipeline.yaml"})
        if (std::filesystem::exists(place, failed)) return std::filesystem::path{place};
    problems.add(
        {}, "",
        "no pipeline found: neither ./pipeline.yaml, ./config/pipeline.yaml nor /etc/arbitrage/pipeline.yaml "
        "is there; name one with -p FILE");
    return {};
}

Config load_config(ConfigSource const& source, Problems& problems) {
    Config config;
    auto const file = find_pipeline(source.file, problems);
    if (!file) return config;
    config.file = *file;
    auto root = read_yaml_file(*file, problems);
    if (!root) return config;
    if (root->type != Node::Type::map) {
        problems.add(root->place, "",
                     "expected a mapping with the keys queue, service, plugin_path, venues and sinks");
        return config;
    }
    merge_folder(*file, *root, problems);
    config.parsed = problems.empty();
    std::error_code failed;
    auto const beside = file->parent_path() / ".env";
    Variables const variables = !source.env_file.empty() ? Variables{source.env_file, problems}
                                : std::filesystem::exists(beside, failed) ? Variables{beside, problems}
                                                                          : Variables{};
    for (auto& entry : root->entries)
        if (entry.key != "venues" && entry.key != "sinks") variables.expand(entry.value, entry.key, problems);
    read_sections(*root, config, problems);
    read_instances(*root, Role::venue, variables, config, problems);
    read_instances(*root, Role::sink, variables, config, problems);
    config.node = *root;
    if (problems.empty() && !any_enabled(config.sinks))
        problems.add({root->place.file, 1, 1}, "sinks",
                     "no sink is enabled: what is collected would go nowhere");
    if (problems.empty() && !any_enabled(config.venues))
        problems.add({root->place.file, 1, 1}, "venues", "no venue is enabled: there is nothing to collect");
    return config;
}

json::object pipeline_schema(std::vector<Manifest> const& plugins) {
    auto out = keys_schema();
    out["$schema"] = "http://json-schema.org/draft-07/schema#";
    out["title"] = "pipeline.yaml of arbitrage";
    for (auto const role : {Role::venue, Role::sink}) {
        json::object patterns;
        for (auto const& manifest : plugins) {
            if (manifest.role != role) continue;
            auto schema = instance_schema(role, manifest);
            schema["description"] = manifest.description;
            patterns[fmt::format("^{}(/.+)?$", manifest.id)] = std::move(schema);
        }
        auto& section = out["properties"].as_object()[role == Role::venue ? "venues" : "sinks"].as_object();
        section["patternProperties"] = std::move(patterns);
        section["additionalProperties"] = false;
    }
    return out;
}

}  // namespace arb::host
