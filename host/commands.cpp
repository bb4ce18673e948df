#include "host/commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "arbitrage/packet.hpp"
#include "host/forecast.hpp"
#include "host/host.hpp"
#include "host/log.hpp"
#include "host/queue_commands.hpp"

namespace arb::host {

namespace {

constexpr std::size_t word_shown_max = 60;  // bytes of a word that a message repeats

constexpr char const* footer =
    "The pipeline is -p FILE, else $ARBITRAGE_PIPELINE, ./pipeline.yaml, ./config/pipeline.yaml or\n"
    "/etc/arbitrage/pipeline.yaml.\n"
    "\n"
    "Exit codes: 0 ok, 1 the check said no, 64 usage, 69 a required service is unreachable, 70 bug,\n"
    "74 input/output, 75 already running, 78 the configuration is wrong.";

constexpr char const* footer_of_command =
    "Every command also takes -p FILE, --env-file FILE and --format table|json: see `arbitrage --help`.";

struct Parsed {
    Globals globals;
    std::string positional;
    bool no_environment = false;
    bool watch = false;
    std::string plugin;
    TapOptions tap;
    QueueOptions queue;
    ForecastOptions forecast;
};

void add_globals(CLI::App& app, Globals& globals) {
    app.add_option("-p,--pipeline", globals.source.file, "The pipeline file")->type_name("FILE");
    app.add_option("--env-file", globals.source.env_file, "Variables for it; else .env beside the pipeline")
        ->type_name("FILE");
    app.add_option("--format", globals.format, "How rows are printed")
        ->check(CLI::IsMember({"table", "json"}).description(""))
        ->type_name("table|json");
}

// "arbitrage queue dump", as far as the words were understood.
std::string spoken(CLI::App const& app) {
    auto out = app.get_name();
    for (auto const* at = &app; !at->get_subcommands().empty();) {
        at = at->get_subcommands().front();
        out += " " + at->get_name();
    }
    return out;
}

bool has_commands(CLI::App const& app) {
    return !app.get_subcommands([](CLI::App const*) { return true; }).empty();
}

CLI::App* add(CLI::App& app, char const* name, char const* help) {
    return app.add_subcommand(name, help)->fallthrough();
}

void add_commands(CLI::App& app, Parsed& parsed) {
    add(app, "run", "Run the pipeline until TERM or INT")
        ->add_option("PIPELINE", parsed.positional, "The pipeline file");
    auto* const validate = add(app, "validate", "Check the file, plugins and options; start nothing");
    validate->add_option("PIPELINE", parsed.positional, "The pipeline file");
    validate->add_flag("--no-environment", parsed.no_environment, "Do not reach venues and databases");
    auto* const plugins = add(app, "plugins", "What is installed, and what it can do");
    add(*plugins, "list", "Installed plugins");
    add(*plugins, "inspect", "A plugin's options and commands, without running it")
        ->add_option("PLUGIN", parsed.plugin, "Id of a plugin, or a .so file")
        ->required();
    add(app, "schema", "JSON Schema of pipeline.yaml with every installed plugin, for editors");
    add(app, "status", "What the running pipeline is doing")
        ->add_flag("--watch", parsed.watch, "Repeat every 2 s");
    add(app, "drift",
        "Where venues' answers differ from what this version knows, as the running pipeline saw it");
    auto* const tap = add(app, "tap", "Show packets as they are accepted");
    tap->add_option("--venue", parsed.tap.venue, "Only of this venue")->type_name("VENUE");
    std::vector<std::string> const kinds(kind_names + 1, kind_names + ARB_KIND_COUNT);
    tap->add_option("--kind", parsed.tap.kind, fmt::format("Only of this kind: {}", fmt::join(kinds, " ")))
        ->check(CLI::IsMember(kinds).description(""))
        ->type_name("KIND");
    tap->add_option("--market", parsed.tap.market, "Only of this market id")->type_name("ID");
    add(app, "forecast",
        "Run the venues for some minutes, store nothing, and say how much a day that would be")
        ->add_option("--minutes", parsed.forecast.minutes, "For how long")
        ->check(CLI::Range(0.01, 1440.0).description(""))
        ->type_name("N")
        ->capture_default_str();
    add_queue_commands(*add(app, "queue", "Look into the queue on disk, or change where a sink goes on"),
                       parsed.queue);
}

int dispatch(CLI::App& app, Parsed& parsed) {
    auto const got = [&](char const* name) { return app.got_subcommand(name); };
    auto const words = app.remaining(true);
    if (!app.get_subcommands().empty() && !words.empty()) {
        std::cerr << fmt::format("{0}: {1} was not expected\n`{0} --help` shows what can be said\n",
                                 spoken(app), escape(words[0], word_shown_max));
        return exit_usage;
    }
    for (auto const* const command : app.get_subcommands())
        if (has_commands(*command) && command->get_subcommands().empty()) {
            std::cerr << command->help(app.get_name());
            return exit_usage;
        }
    if (!parsed.positional.empty()) parsed.globals.source.file = parsed.positional;
    auto const& globals = parsed.globals;
    if (got("run")) {
        Problems problems;
        auto const config = load_config(globals.source, problems);
        if (!problems.empty()) return print_problems(problems), exit_config;
        return run_pipeline(config);
    }
    if (got("validate")) return validate(globals, !parsed.no_environment);
    if (got("plugins"))
        return app.get_subcommand("plugins")->got_subcommand("list") ? list_plugins(globals)
                                                                     : inspect_plugin(globals, parsed.plugin);
    if (got("schema")) return print_schema(globals);
    if (got("status")) return show_status(globals, parsed.watch);
    if (got("drift")) return show_drift(globals);
    if (got("forecast")) return forecast(globals, parsed.forecast);
    if (got("tap")) return show_tap(globals, parsed.tap);
    if (got("queue")) return run_queue_command(globals, *app.get_subcommand("queue"), parsed.queue);
    if (words.empty()) {
        std::cerr << app.help();
        return exit_usage;
    }
    std::vector<std::string> built_in;
    for (auto const* const command : app.get_subcommands([](CLI::App const*) { return true; }))
        built_in.push_back(command->get_name());
    return run_offered(globals, words, built_in);
}

// Too many open files or threads, for one: nothing is wrong with the program.
int refused_by_system(char const* what) {
    std::cerr << "arbitrage: cannot go on: " << what << '\n';
    return exit_io;
}

int run_words(int argc, char const* const* argv) {
    Parsed parsed;
    CLI::App app{"Collects events, markets and live prices of prediction markets into databases.",
                 "arbitrage"};
    app.set_version_flag("-V,--version", std::string{"arbitrage "} + ARBITRAGE_VERSION);
    app.prefix_command();
    add_globals(app, parsed.globals);
    app.footer(footer_of_command);  // the commands that follow take it over
    add_commands(app, parsed);
    app.footer([&] { return offered_commands(parsed.globals) + footer; });
    app.footer("");
    try {
        app.parse(argc, argv);
    } catch (CLI::Success const& asked) {
        return app.exit(asked);
    } catch (CLI::ParseError const& wrong) {
        std::cerr << fmt::format("{0}: {1}\n`{0} --help` shows what can be said\n", spoken(app),
                                 wrong.what());
        return exit_usage;
    }
    try {
        return dispatch(app, parsed);
    } catch (std::bad_alloc const&) {
        std::cerr << "arbitrage: there is not enough memory to go on; what was accepted is in the queue\n";
        return exit_bug;
    } catch (std::system_error const& refused) {
        return refused_by_system(refused.what());
    } catch (boost::system::system_error const& refused) {
        return refused_by_system(refused.what());
    } catch (std::exception const& bug) {
        std::cerr << "arbitrage: this is a bug of the program: " << bug.what() << '\n';
        return exit_bug;
    }
}

}  // namespace

void print_problems(Problems const& problems) {
    for (auto const& problem : problems.sorted()) std::cerr << escape(print(problem)) << '\n';
    if (problems.size() > 1) std::cerr << fmt::format("{} problems; nothing was started\n", problems.size());
}

// What was printed is only said when it has arrived: a backup that was cut off by a full disk must not look
// good.
int run_program(int argc, char const* const* argv) {
    int const code = run_words(argc, argv);
    errno = 0;
    if (std::cout.flush()) return code;
    std::cerr << fmt::format("arbitrage: the output could not be written{}{}\n", errno != 0 ? ": " : "",
                             errno != 0 ? std::strerror(errno) : "");
    return code == exit_ok ? exit_io : code;
}

}  // namespace arb::host
