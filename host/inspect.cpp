// Commands that look at the configuration and the plugins without running a pipeline.
#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <iostream>
#include <thread>

#include "host/commands.hpp"
#include "host/config/keys.hpp"
#include "host/config/schema.hpp"
#include "host/host.hpp"
#include "host/plugin.hpp"
#include "host/table.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

constexpr std::chrono::seconds probe_max{20};  // a probe ends by itself within 15

std::vector<std::filesystem::path> folders_of(Globals const& globals) {
    // What is wrong with the pipeline is not asked here; its plugin_path is all that counts.
    Problems ignored;
    return plugin_folders(load_config(globals.source, ignored).plugin_path);
}

void print_pretty(std::ostream& out, json::value const& value, std::string const& indent = "") {
    auto const deeper = indent + "  ";
    bool first = true;
    auto const next = [&] {
        out << (first ? "\n" : ",\n") << deeper;
        first = false;
    };
    if (value.is_object() && !value.get_object().empty()) {
        out << '{';
        for (auto const& item : value.get_object()) {
            next();
            out << json::serialize(item.key()) << ": ";
            print_pretty(out, item.value(), deeper);
        }
        out << '\n' << indent << '}';
    } else if (value.is_array() && !value.get_array().empty() && value.get_array()[0].is_structured()) {
        out << '[';
        for (auto const& item : value.get_array()) {
            next();
            print_pretty(out, item, deeper);
        }
        out << '\n' << indent << ']';
    } else {
        out << json::serialize(value);
    }
}

std::string cell(json::object const& from, std::string_view key) {
    auto const* const value = from.if_contains(key);
    if (value == nullptr || value->is_null()) return "";
    return value->is_string() ? std::string{std::string_view{value->get_string()}} : json::serialize(*value);
}

void add_options(Table& table, json::object const& schema, std::string const& prefix) {
    auto const* const properties = schema.if_contains("properties");
    if (properties == nullptr || !properties->is_object()) return;
    for (auto const& property : properties->get_object()) {
        if (!property.value().is_object()) continue;
        auto const& option = property.value().get_object();
        auto const name = prefix + std::string{property.key()};
        table.add({name, option.contains("properties") ? "" : describe(option), cell(option, "default"),
                   cell(option, "description")});
        add_options(table, option, name + ".");
    }
}

// One instance on the way through `validate`.
struct Checked {
    InstanceConfig const* config = nullptr;
    std::unique_ptr<Instance> instance;
    std::unique_ptr<Plugin> plugin;
    std::string result;
    std::string left_out;  // why, with its place
    bool unreachable = false;
    bool done = true;
};

void create(Checked& one, Log& log, Problems& problems) {
    auto const& config = *one.config;
    if (!config.enabled) {
        one.result = "disabled";
        return;
    }
    auto const refuse = [&](std::string_view where, std::string const& text) {
        auto const problem = config.problem(where, text);
        if (config.required) problems.add(problem.place, problem.path, problem.text);
        one.result = config.required ? "wrong" : "left out";
        if (!config.required) one.left_out = print(problem);
    };
    if (!config.refusal.empty()) return refuse("", config.refusal);
    if (!config.manifest) return;
    auto const module = load(*config.manifest);
    if (module.has_error()) return refuse("", module.error().text);
    one.instance = std::make_unique<Instance>(config, module.value(), log, nullptr, true);
    auto plugin = Plugin::create(*one.instance);
    if (plugin.has_error()) return refuse(plugin.error().where, plugin.error().text);
    one.plugin = std::move(plugin.value());
    one.result = "good";
}

// Asks all at once: each may take 15 s.
class Probes {
  public:
    explicit Probes(std::vector<Checked>& all) : all_{all} {}

    // False: one did not come back, and its thread still runs.
    bool run(Problems& problems) {
        std::vector<Result<>> results(all_.size());
        for (std::size_t i = 0; i != all_.size(); ++i) {
            if (all_[i].plugin == nullptr || !all_[i].plugin->has_probe()) continue;
            all_[i].done = false;
            std::thread{[this, i, &results] {
                auto result = all_[i].plugin->probe();
                std::lock_guard const lock{mutex_};
                if (given_up_) return;
                results[i] = std::move(result);
                all_[i].done = true;
                changed_.notify_all();
            }}.detach();
        }
        std::unique_lock lock{mutex_};
        changed_.wait_for(lock, probe_max, [&] { return all_done(); });
        given_up_ = true;
        for (std::size_t i = 0; i != all_.size(); ++i) judge(all_[i], results[i], problems);
        return all_done();
    }

  private:
    bool all_done() const {
        return std::all_of(all_.begin(), all_.end(), [](Checked const& one) { return one.done; });
    }

    static void judge(Checked& one, Result<> const& result, Problems& problems) {
        if (one.plugin == nullptr || !one.plugin->has_probe()) return;
        if (!one.done) {
            one.unreachable = true;
            one.result = fmt::format("did not answer within {} s", probe_max.count());
        } else if (result.has_value()) {
            one.result = "reached";
        } else if (result.error().status == ARB_INVALID) {
            auto const problem = one.config->problem(result.error().where, result.error().text);
            problems.add(problem.place, problem.path, problem.text);
            one.result = "wrong";
        } else {
            one.unreachable = true;
            one.result = result.error().text;
        }
    }

    std::vector<Checked>& all_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool given_up_ = false;
};

// What keeps a folder from being there or being made, and from being written to; empty if nothing does.
std::string wrong_folder(std::filesystem::path const& folder) {
    std::error_code failed;
    auto at = std::filesystem::absolute(folder, failed).lexically_normal();
    while (!std::filesystem::exists(at, failed) && at.has_relative_path()) at = at.parent_path();
    if (!std::filesystem::is_directory(at, failed)) return at.string() + " is no folder";
    return ::access(at.c_str(), W_OK | X_OK) == 0 ? "" : "this user cannot write in " + at.string();
}

// The places the pipeline would use, looked at without making anything.
Problems check_places(Config const& config) {
    Problems out;
    auto const refuse = [&](char const* pointer, std::string const& wrong) {
        auto const problem = config.problem(pointer, wrong);
        if (!wrong.empty()) out.add(problem.place, problem.path, problem.text);
    };
    refuse("/queue/directory", wrong_folder(config.queue.directory));
    auto const socket = std::filesystem::absolute(config.service.socket);
    std::error_code failed;
    if (std::filesystem::exists(socket, failed) && !std::filesystem::is_socket(socket, failed))
        refuse("/service/socket", socket.string() + " is there and no socket");
    else
        refuse("/service/socket", wrong_folder(socket.parent_path()));
    return out;
}

void print_checked(std::vector<Checked> const& all, bool as_json) {
    RowPrinter rows{std::cout, as_json};
    for (auto const& one : all)
        rows.row({{"instance", one.config->name}, {"role", name(one.config->role)}, {"result", one.result}});
    rows.finish();
}

}  // namespace

int validate(Globals const& globals, bool environment) {
    Problems problems;
    auto const config = load_config(globals.source, problems);
    // Never destroyed: a probe that hangs still uses them when the process ends.
    auto& log = *new Log{{ARB_LOG_WARNING, LogFormat::text, ::isatty(STDERR_FILENO) != 0}};
    auto& all = *new std::vector<Checked>;
    for (auto const* const list : {&config.venues, &config.sinks})
        for (auto const& instance : *list) {
            all.emplace_back().config = &instance;
            if (!problems.covers(instance.path())) create(all.back(), log, problems);
        }
    bool ended = true;
    if (problems.empty() && environment) ended = (new Probes{all})->run(problems);
    auto const leave = [&](int code) {
        std::cout.flush();
        if (!ended) std::_Exit(code);
        delete &all;
        delete &log;
        return code;
    };
    if (!problems.empty()) return print_problems(problems), leave(exit_config);
    print_checked(all, globals.json());
    if (environment)
        if (auto const places = check_places(config); !places.empty())
            return print_problems(places), leave(exit_io);
    bool unreachable = false;
    for (auto const& one : all) {
        if (!one.left_out.empty()) std::cerr << "left out: " << escape(one.left_out) << '\n';
        if (!one.unreachable) continue;
        std::cerr << fmt::format("{}: {}\n", one.config->name, escape(one.result));
        unreachable = unreachable || one.config->required;
    }
    if (unreachable) return leave(exit_unreachable);
    if (!globals.json()) std::cout << config.file.string() << " is valid\n";
    return leave(exit_ok);
}

int list_plugins(Globals const& globals) {
    auto const folders = folders_of(globals);
    auto const found = all_plugins(folders);
    RowPrinter rows{std::cout, globals.json()};
    for (auto const& [file, manifest] : found)
        if (manifest.has_value())
            rows.row({{"id", manifest->id},
                      {"role", name(manifest->role)},
                      {"version", manifest->version},
                      {"description", manifest->description},
                      {"file", file.lexically_normal().string()}});
    rows.finish();
    for (auto const& one : found)
        if (one.manifest.has_error())
            std::cerr << "not usable: " << escape(one.manifest.error().text) << '\n';
    return exit_ok;
}

int inspect_plugin(Globals const& globals, std::string const& id_or_file) {
    bool const is_file = id_or_file.find('/') != std::string::npos || id_or_file.ends_with(".so");
    auto const manifest = is_file ? read_manifest(id_or_file) : find_plugin(id_or_file, folders_of(globals));
    if (manifest.has_error()) {
        std::cerr << escape(manifest.error().text) << '\n';
        return exit_no;
    }
    if (globals.json()) {
        print_pretty(std::cout, manifest->json);
        std::cout << '\n';
        return exit_ok;
    }
    std::cout << fmt::format("{} {}, a {}: {}\nfile {}, plugin interface {}\n", manifest->id,
                             manifest->version, name(manifest->role), manifest->description,
                             manifest->file.lexically_normal().string(), manifest->abi_version);
    Table options{{"OPTION", "EXPECTED", "DEFAULT", "WHAT IT IS"}};
    add_options(options, manifest->options, "");
    std::cout << '\n' << (options.empty() ? "no options\n" : options.print());
    std::string keys;
    for (auto const& key : instance_keys(manifest->role))
        keys += fmt::format("{}{}", keys.empty() ? "" : ", ", std::string_view{key.key()});
    std::cout << fmt::format("and, as every {}, {} (docs/configuration.md)\n", name(manifest->role), keys);
    Table commands{{"COMMAND", "WHAT IT DOES"}};
    for (auto const& command : manifest->commands) commands.add({command.name, command.help});
    if (!commands.empty()) std::cout << '\n' << commands.print();
    return exit_ok;
}

int print_schema(Globals const& globals) {
    std::vector<Manifest> manifests;
    for (auto& found : all_plugins(folders_of(globals)))
        if (found.manifest.has_value()) manifests.push_back(std::move(found.manifest.value()));
    print_pretty(std::cout, pipeline_schema(manifests));
    std::cout << '\n';
    return exit_ok;
}

}  // namespace arb::host
