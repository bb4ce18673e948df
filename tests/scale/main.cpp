// arbitrage-scale: one host follows as many markets as both venues have, and everything it promises is
// measured: every trade, the books of a sample at instants drawn by lot, memory, processor time, what a sweep
// of an unchanged catalogue writes, how soon a new market is quoted, and a burst.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "scale/run.hpp"

namespace {

using namespace arb::scale;

constexpr std::size_t last_words_max = 6000;  // of the host's log, shown when a bound was missed

void keep(std::string const& text, std::string const& file) {
    auto* const out = std::fopen(file.c_str(), "w");
    if (out == nullptr) return Figures::say("cannot write " + file);
    std::fwrite(text.data(), 1, text.size(), out);
    std::fclose(out);
}

bool run(Options const& options, std::string const& log_file) {
    Run run{options};
    bool kept = false;
    try {
        kept = run.all();
    } catch (std::exception const& wrong) {
        Figures::say(std::string{"FAILED: "} + wrong.what());
    }
    auto const log = run.log();
    if (!log_file.empty()) keep(log, log_file);
    if (!kept)
        Figures::say("the host's last words:\n" +
                     log.substr(log.size() > last_words_max ? log.size() - last_words_max : 0));
    Figures::say(kept ? "every bound was kept" : "NOT every bound was kept");
    return kept;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    std::string log_file;
    CLI::App app{"Runs one host against as many markets as both venues have, and measures what it promises."};
    app.add_option("--minutes", options.minutes, "steady minutes of trading");
    app.add_option("--warm-up-seconds", options.warm_up_seconds,
                   "of trading before them, and after the burst");
    app.add_option("--kalshi", options.settings.kalshi, "markets");
    app.add_option("--polymarket", options.settings.polymarket, "markets");
    app.add_option("--rate", options.settings.rate, "frames a second of both venues");
    app.add_option("--burst-rate", options.burst_rate, "frames a second of the burst");
    app.add_option("--burst-seconds", options.burst_seconds, "how long it lasts");
    app.add_option("--sample", options.settings.sample, "markets whose books are compared");
    app.add_option("--instants", options.thoroughness.instants, "moments at which each of them is compared");
    app.add_option("--asked-books", options.thoroughness.asked_books,
                   "books that `arbitrage book` is asked for");
    app.add_option("--births", options.settings.births, "new markets a second");
    app.add_option("--rolling", options.settings.rolling, "seconds a rolling market lasts; 0: none");
    app.add_option("--sweep-seconds", options.settings.sweep_seconds, "between sweeps of the catalogue");
    app.add_option("--settle-seconds", options.settle_seconds,
                   "at most, until all is subscribed, and for a sweep");
    app.add_option("--seed", options.settings.seed, "of the world and of the lots");
    app.add_flag("--strict", options.strict,
                 "hold speeds to their bounds, too: on a machine that does nothing else");
    app.add_option("--part", options.parts, "only these: books, burst, new_markets, restart, sweep")
        ->check(CLI::IsMember({"books", "burst", "new_markets", "restart", "sweep"}));
    app.add_option("--keep-log", log_file, "a file for the host's log");
    CLI11_PARSE(app, argc, argv);
    options.thoroughness.seed = options.settings.seed;
    signal(SIGPIPE, SIG_IGN);
    if (!arb::test::PostgresCluster::installed()) {
        Figures::say("skipped: PostgreSQL is not installed");
        return 0;
    }
    return run(options, log_file) ? 0 : 1;
}
