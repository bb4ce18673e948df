// The command line: which command was meant, and what it prints. docs/operating.md lists them.
#pragma once

#include <string>
#include <vector>

#include "host/config/config.hpp"

namespace arb::host {

// What every command takes.
struct Globals {
    ConfigSource source;
    std::string format = "table";  // or json
    bool json() const { return format == "json"; }
};

// Runs the program; its exit code.
int run_program(int argc, char const* const* argv);

// The built-in commands.
int validate(Globals const& globals, bool environment);
int list_plugins(Globals const& globals);
int inspect_plugin(Globals const& globals, std::string const& id_or_file);
int print_schema(Globals const& globals);
int show_status(Globals const& globals, bool watch);
int show_drift(Globals const& globals);

struct TapOptions {
    std::string venue, kind, market;
};
int show_tap(Globals const& globals, TapOptions const& options);

// `arbitrage [INSTANCE] COMMAND [--option value]`: a command some plugin offers.
int run_offered(Globals globals, std::vector<std::string> words, std::vector<std::string> const& built_in);

// The commands of installed plugins, for the end of `arbitrage --help`.
std::string offered_commands(Globals const& globals);

// Every problem on standard error, and how many there are.
void print_problems(Problems const& problems);

}  // namespace arb::host
