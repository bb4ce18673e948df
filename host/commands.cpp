#include "host/commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "host/forecast.hpp"
#include "host/host.hpp"
#include "host/queue_commands.hpp"

namespace arb::host {

namespace {

constexpr char const* footer =
    "Plugins offer commands of their own, run as  arbitrage [INSTANCE] COMMAND [--option value].\n"
    "`arbitrage plugins inspect ID` lists them, `arbitrage INSTANCE COMMAND --help` their options.\n"
    "\n"
    "The pipeline is -p FILE, else $ARBITRAGE_PIPELINE, ./pipeline.yaml, ./config/pipeline.yaml or\n"
    "/etc/arbitrage/pipeline.yaml.\n"
    "\n"
    "Exit codes: 0 ok, 1 the check said no, 64 usage, 69 a required service is unreachable, 70 bug,\n"
    "74 input/output, 75 already running, 78 the configuration is wrong.";

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
        ->check(CLI::IsMember({"table", "json"}))
        ->type_name("table|json");
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
    plugins->require_subcommand(1);
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
    tap->add_option("--venue", parsed.tap.venue, "Only of this venue");
    tap->add_option("--kind", parsed.tap.kind,
                    "Only of this kind: event market quote trade book book_change status gap ...");
    tap->add_option("--market", parsed.tap.market, "Only of this market id");
    add(app, "forecast",
        "Run the venues for some minutes, store nothing, and say how much a day that would be")
        ->add_option("--minutes", parsed.forecast.minutes, "For how long")
        ->check(CLI::Range(0.01, 1440.0))
        ->capture_default_str();
    add_queue_commands(*add(app, "queue", "Look into the queue on disk, or change where a sink goes on"),
                       parsed.queue);
}

int dispatch(CLI::App& app, Parsed& parsed) {
    auto const got = [&](char const* name) { return app.got_subcommand(name); };
    auto const words = app.remaining(true);
    if (!app.get_subcommands().empty() && !words.empty()) {
        std::cerr << fmt::format(
            "arbitrage {}: {} was not expected\n`arbitrage {} --help` shows what can be said\n",
            app.get_subcommands()[0]->get_name(), words[0], app.get_subcommands()[0]->get_name());
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

}  // namespace

void print_problems(Problems const& problems) {
    for (auto const& problem : problems.sorted()) std::cerr << print(problem) << '\n';
    if (problems.size() > 1) std::cerr << fmt::format("{} problems; nothing was started\n", problems.size());
}

int run_program(int argc, char const* const* argv) {
    Parsed parsed;
    CLI::App app{"Collects events, markets and live prices of prediction markets into databases.",
                 "arbitrage"};
    app.set_version_flag("-V,--version", std::string{"arbitrage "} + ARBITRAGE_VERSION);
    app.footer(footer);
    app.prefix_command();
    add_globals(app, parsed.globals);
    add_commands(app, parsed);
    try {
        app.parse(argc, argv);
    } catch (CLI::Success const& asked) {
        return app.exit(asked);
    } catch (CLI::ParseError const& wrong) {
        std::cerr << "arbitrage: " << wrong.what() << "\n`arbitrage --help` shows what can be said\n";
        return exit_usage;
    }
    try {
        return dispatch(app, parsed);
    } catch (std::bad_alloc const&) {
        std::cerr << "arbitrage: there is not enough memory to go on; what was accepted is in the queue\n";
        return exit_bug;
    } catch (std::exception const& bug) {
        std::cerr << "arbitrage: this is a bug of the program: " << bug.what() << '\n';
        return exit_bug;
    }
}

}  // namespace arb::host
