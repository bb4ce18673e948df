// Commands that plugins offer: found by name, their options read by the schema of the manifest.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <set>

#include "host/commands.hpp"
#include "host/config/schema.hpp"
#include "host/host.hpp"
#include "host/plugin.hpp"
#include "host/table.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

constexpr std::size_t command_words_max = 3;
constexpr std::size_t word_shown_max = 60;  // bytes of a word that a message repeats

struct Match {
    InstanceConfig instance;
    OfferedCommand command;
    std::size_t words = 0;  // of the command's name
};

std::optional<Match> match(InstanceConfig const& instance, std::vector<std::string> const& words,
                           std::size_t from) {
    if (!instance.manifest) return {};
    for (auto count = std::min(command_words_max, words.size() - from); count != 0; --count) {
        std::string name;
        for (std::size_t i = 0; i != count; ++i) name += (i == 0 ? "" : " ") + words[from + i];
        for (auto const& command : instance.manifest->commands)
            if (command.name == name) return Match{instance, command, from + count};
    }
    return {};
}

std::string words_of(Manifest const& manifest) {
    std::string out;
    for (auto const& command : manifest.commands) out += (out.empty() ? "" : ", ") + command.name;
    return out;
}

// The instance of that name, or one without options of an installed plugin that the pipeline does not have.
std::optional<InstanceConfig> named(Config const& config, std::string const& word) {
    if (auto const* const found = config.find(word)) return *found;
    auto manifest = find_plugin(word, plugin_folders(config.plugin_path));
    if (manifest.has_error()) return {};
    InstanceConfig out;
    out.name = out.type = word;
    out.role = manifest->role;
    out.manifest = std::move(manifest.value());
    return out;
}

// Enabled instances that offer the command: the first sink, for what is stored comes before what would have
// to be asked for; else all venues.
std::vector<Match> offering(Config const& config, std::vector<std::string> const& words) {
    for (auto const& sink : config.sinks)
        if (sink.enabled)
            if (auto found = match(sink, words, 0)) return {std::move(*found)};
    std::vector<Match> out;
    for (auto const& venue : config.venues)
        if (venue.enabled)
            if (auto found = match(venue, words, 0)) out.push_back(std::move(*found));
    return out;
}

int unknown(Config const& config, std::string const& word, std::vector<std::string> const& built_in) {
    std::vector<std::string_view> known{built_in.begin(), built_in.end()};
    for (auto const* const list : {&config.venues, &config.sinks})
        for (auto const& instance : *list) {
            known.push_back(instance.name);
            if (instance.manifest)
                for (auto const& command : instance.manifest->commands) known.push_back(command.name);
        }
    std::string near = nearest(word, known);
    // The first word of several: all that begin with it.
    if (near.empty())
        for (auto const name : std::set<std::string_view>{known.begin(), known.end()})
            if (name.starts_with(word + " ")) near += fmt::format("{}{}", near.empty() ? "" : ", ", name);
    std::cerr << fmt::format("arbitrage: there is no command {}{}\n`arbitrage --help` lists the commands\n",
                             escape(word, word_shown_max),
                             near.empty() ? "" : fmt::format("; did you mean {}?", near));
    return exit_usage;
}

// `arbitrage INSTANCE` alone, with --help, or with a word that is none of its commands.
int no_command(InstanceConfig const& instance, std::string const& word) {
    bool const help = word == "-h" || word == "--help";
    if (!word.empty() && word[0] != '-') {
        auto const offers = instance.manifest ? words_of(*instance.manifest) : std::string{};
        std::cerr << fmt::format("arbitrage: {} has no command {}; it offers {}\n", instance.name,
                                 escape(word, word_shown_max), offers.empty() ? "none" : offers);
        return exit_usage;
    }
    auto& out = help ? std::cout : std::cerr;
    Table table{{"COMMAND", "WHAT IT DOES"}};
    if (instance.manifest)
        for (auto const& command : instance.manifest->commands) table.add({command.name, command.help});
    if (table.empty())
        out << instance.name << " offers no commands\n";
    else
        out << table.print()
            << fmt::format("\n`arbitrage {} COMMAND --help` lists the options of one.\n", instance.name);
    return help ? exit_ok : exit_usage;
}

bool is_type(json::object const& schema, std::string_view type) {
    auto const* const is = schema.if_contains("type");
    return is != nullptr && is->is_string() && is->get_string() == type;
}

std::string help_of(json::object const& schema) {
    auto const* const text = schema.if_contains("description");
    std::string out = text != nullptr && text->is_string() ? std::string{std::string_view{text->get_string()}}
                                                           : std::string{};
    if (auto const* const fallback = schema.if_contains("default");
        fallback != nullptr && !fallback->is_null()) {
        auto const shown = fallback->is_string() ? std::string{std::string_view{fallback->get_string()}}
                                                 : json::serialize(*fallback);
        if (!shown.empty() && shown != "[]" && shown != "{}") out += fmt::format(" (default {})", shown);
    }
    if (schema.contains("enum")) out += ": " + describe(schema);
    return out;
}

// What stands for the value in the help.
std::string placeholder(json::object const& schema) {
    if (is_type(schema, "array")) return "A,B,...";
    if (is_type(schema, "integer") || is_type(schema, "number")) return "N";
    auto const* const format = schema.if_contains("format");
    if (format != nullptr && *format == "instant") return "TIME";
    if (format != nullptr && *format == "duration") return "DURATION";
    return "TEXT";
}

json::object const* properties_of(json::object const& schema) {
    auto const* const properties = schema.if_contains("properties");
    return properties != nullptr ? properties->if_object() : nullptr;
}

// The option that may stand without its name, `book MARKET` for `book --market MARKET`: the first required
// one, or where none is required the first if it is a text.
std::string_view positional(json::object const& schema) {
    auto const* const required = schema.if_contains("required");
    if (required != nullptr && required->is_array() && !required->get_array().empty()) {
        auto const& first = required->get_array().front();
        return first.is_string() ? std::string_view{first.get_string()} : std::string_view{};
    }
    auto const* const properties = properties_of(schema);
    if (properties == nullptr || properties->empty()) return {};
    auto const* const first = properties->begin()->value().if_object();
    return first != nullptr && is_type(*first, "string") ? std::string_view{properties->begin()->key()}
                                                         : std::string_view{};
}

// What was typed is wrong; `name` is the instance and its command.
int refuse_usage(std::string const& name, std::string const& text) {
    std::cerr << fmt::format("arbitrage {0}: {1}\n`arbitrage {0} --help` lists its options\n", name, text);
    return exit_usage;
}

// Reads the words behind the command's name as its options.
class Parameters {
  public:
    Parameters(std::string const& name, OfferedCommand const& command)
        : name_{name}, app_{command.help, "arbitrage " + name}, schema_{command.parameters} {
        auto const* const properties = properties_of(schema_);
        if (properties == nullptr) return;
        for (auto const& property : *properties) {
            if (!property.value().is_object()) continue;
            std::string const key{property.key()};
            auto const& schema = property.value().get_object();
            auto names = "--" + key;
            auto dashed = key;
            std::replace(dashed.begin(), dashed.end(), '_', '-');
            if (dashed != key) names += ",--" + dashed;
            if (key == positional(schema_)) names += "," + key;
            if (is_type(schema, "boolean"))
                app_.add_flag(names, given_[key], help_of(schema));
            else
                app_.add_option(names, given_[key], help_of(schema))
                    ->delimiter(is_type(schema, "array") ? ',' : '\0')
                    ->expected(1)
                    ->take_all()
                    ->allow_extra_args(false)  // the word behind its value is the next one's
                    ->type_name(placeholder(schema));
        }
    }

    // The exit code if there is nothing to run.
    std::optional<int> parse(std::vector<std::string> words) {
        std::reverse(words.begin(), words.end());
        try {
            app_.parse(words);
        } catch (CLI::Success const& asked) {
            return app_.exit(asked);
        } catch (CLI::ExtrasError const&) {
            return refuse_usage(name_, escape(unexpected(), word_shown_max) + " was not expected");
        } catch (CLI::ParseError const& wrong) {
            return refuse_usage(name_, wrong.what());
        }
        return {};
    }

    json::object values(Problems& problems) const {
        Node node;
        node.type = Node::Type::map;
        auto const* const properties = properties_of(schema_);
        for (auto const& [key, values] : given_) {
            if (values.empty()) continue;
            auto const& schema = properties->at(key).get_object();
            Node value;
            if (is_type(schema, "array")) {
                value.type = Node::Type::list;
                for (auto const& text : values) value.items.push_back(scalar(text));
            } else {
                value = scalar(values.back());
            }
            node.entries.push_back({key, {}, std::move(value)});
        }
        return check_node(node, schema_, "", problems);
    }

  private:
    // The first word that belongs to nothing.
    std::string unexpected() const {
        auto const words = app_.remaining();
        return words.empty() ? std::string{"something"} : words.front();
    }

    static Node scalar(std::string const& text) {
        Node node;
        node.type = Node::Type::scalar;
        node.plain = true;
        node.text = text;
        return node;
    }

    std::string const name_;
    CLI::App app_;
    json::object const& schema_;
    std::map<std::string, std::vector<std::string>> given_;
};

int exit_of(Error const& error) {
    return error.status == ARB_RETRY ? exit_unreachable : error.status == ARB_INVALID ? exit_config : exit_no;
}

bool is_parameter(OfferedCommand const& command, std::string_view pointer) {
    auto const* const properties = properties_of(command.parameters);
    return properties != nullptr && pointer.starts_with("/") && properties->contains(pointer.substr(1));
}

int execute(Match const& found, json::object const& parameters, bool as_json) {
    auto const loaded = load(*found.instance.manifest);
    if (loaded.has_error()) {
        std::cerr << found.instance.name << ": " << escape(loaded.error().text) << '\n';
        return exit_config;
    }
    // What a pipeline should know is said where it is validated or run.
    Log log{{ARB_LOG_ERROR, LogFormat::text, ::isatty(STDERR_FILENO) != 0}};
    auto config = found.instance;
    config.log_level = ARB_LOG_ERROR;
    Instance instance{std::move(config), loaded.value(), log, nullptr, true};
    auto const plugin = Plugin::create(instance);
    if (plugin.has_error()) {
        std::cerr << escape(print(found.instance.problem(plugin.error().where, plugin.error().text))) << '\n';
        return exit_of(plugin.error());
    }
    RowPrinter printer{std::cout, as_json};
    auto const done =
        (*plugin)->command(found.command.name, json::serialize(parameters), [&](std::string_view text) {
            boost::system::error_code failed;
            auto const row = json::parse(text, failed);
            return failed || !row.is_object() ? true : printer.row(row.get_object());
        });
    if (done.has_value()) return printer.finish(), exit_ok;
    printer.give_up();
    auto const& error = done.error();
    auto const name = found.instance.name + " " + found.command.name;
    if (error.status == ARB_INVALID && is_parameter(found.command, error.where))
        return refuse_usage(name, fmt::format("--{}: {}", error.where.substr(1), escape(error.text)));
    std::cerr << fmt::format("{}: {}\n", name, escape(error.text));
    return exit_of(error);
}

// -p, --env-file and --format may stand behind the command, too.
std::optional<int> take_globals(Globals& globals, std::vector<std::string>& words) {
    CLI::App app{"", "arbitrage"};
    app.set_help_flag();
    app.allow_extras();
    app.add_option("-p,--pipeline", globals.source.file);
    app.add_option("--env-file", globals.source.env_file);
    app.add_option("--format", globals.format)->check(CLI::IsMember({"table", "json"}));
    std::reverse(words.begin(), words.end());
    try {
        app.parse(words);
    } catch (CLI::ParseError const& wrong) {
        std::cerr << "arbitrage: " << wrong.what() << "\n`arbitrage --help` shows what can be said\n";
        return exit_usage;
    }
    words = app.remaining();
    return {};
}

// Problems of other instances do not concern a command.
Problems concerning(Problems const& all, InstanceConfig const* instance) {
    Problems out;
    for (auto const& problem : all.sorted()) {
        bool const of_instance = problem.path.starts_with("venues.") || problem.path.starts_with("sinks.");
        bool const of_this = instance != nullptr && (problem.path == instance->path() ||
                                                     problem.path.starts_with(instance->path() + "."));
        bool const of_whole = problem.path == "venues" || problem.path == "sinks";
        if ((!of_instance && !of_whole) || of_this) out.add(problem.place, problem.path, problem.text);
    }
    return out;
}

}  // namespace

std::string offered_commands(Globals const& globals) {
    constexpr std::size_t width_max = 100, indent = 30;  // as the command line's own help is laid out
    Problems ignored;
    std::string out =
        "Commands of plugins, as arbitrage [INSTANCE] COMMAND [--option value]; COMMAND --help lists the "
        "options:\n";
    for (auto const& found : all_plugins(plugin_folders(load_config(globals.source, ignored).plugin_path))) {
        if (found.manifest.has_error()) continue;
        auto line = fmt::format("  {:<28}", found.manifest->id);
        for (auto const& command : found.manifest->commands) {
            bool const first = &command == &found.manifest->commands.front();
            if (line.size() + command.name.size() > width_max) {
                out += line + ",\n";
                line = std::string(indent, ' ') + command.name;
            } else {
                line += (first ? "" : ", ") + command.name;
            }
        }
        if (!found.manifest->commands.empty()) out += line + "\n";
    }
    return out + "\n";
}

int run_offered(Globals globals, std::vector<std::string> words, std::vector<std::string> const& built_in) {
    if (auto const failed = take_globals(globals, words)) return *failed;
    if (words.empty() || words[0].starts_with("-"))
        return unknown({}, words.empty() ? "" : words[0], built_in);
    Problems problems;
    auto const config = load_config(globals.source, problems);
    std::optional<Match> found;
    if (auto const instance = named(config, words[0])) {
        found = match(*instance, words, 1);
        if (!found) return no_command(*instance, words.size() > 1 ? words[1] : "");
    } else {
        auto all = offering(config, words);
        if (all.empty()) {
            auto const own = concerning(problems, nullptr);
            if (!own.empty() && !config.file.empty() && config.venues.empty() && config.sinks.empty())
                return print_problems(own), exit_config;
            return unknown(config, words[0], built_in);
        }
        if (all.size() > 1) {
            std::string names;
            for (auto const& one : all) names += (names.empty() ? "" : ", ") + one.instance.name;
            std::cerr << fmt::format("arbitrage: {} is offered by {}: say which, as in `arbitrage {} {}`\n",
                                     all[0].command.name, names, all[0].instance.name, all[0].command.name);
            return exit_usage;
        }
        found = std::move(all[0]);
    }
    if (auto const own = concerning(problems, &found->instance); !own.empty() && !config.file.empty())
        return print_problems(own), exit_config;
    auto const name = found->instance.name + " " + found->command.name;
    Parameters parameters{name, found->command};
    if (auto const failed =
            parameters.parse({words.begin() + static_cast<std::ptrdiff_t>(found->words), words.end()}))
        return *failed;
    Problems wrong;
    auto const values = parameters.values(wrong);
    if (!wrong.empty()) {
        std::string all;
        for (auto const& problem : wrong.sorted())
            all += fmt::format("{}--{}: {}", all.empty() ? "" : "; ", problem.path, problem.text);
        return refuse_usage(name, all);
    }
    return execute(*found, values, globals.json());
}

}  // namespace arb::host
