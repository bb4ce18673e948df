// arbitrage-simulator: both venues on one loopback port, for tests, the demo and measurements.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <exception>

#include "simulator/simulator.hpp"

namespace {

int run(arb::simulator::Settings const& settings) {
    boost::asio::io_context context{1};
    arb::simulator::Simulator simulator{context, settings};
    std::printf("https://127.0.0.1:%u\n", static_cast<unsigned>(simulator.port()));
    std::fflush(stdout);
    boost::asio::signal_set signals{context, SIGTERM, SIGINT};
    signals.async_wait([&](boost::system::error_code error, int) {
        if (!error) context.stop();
    });
    boost::asio::steady_timer end{context,
                                  std::chrono::milliseconds{static_cast<long>(settings.lifetime * 1000)}};
    end.async_wait([&](boost::system::error_code error) {
        if (!error) context.stop();
    });
    context.run();
    simulator.finish();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    arb::simulator::Settings settings;
    bool orphan_allowed = false;
    CLI::App app{"Simulates Kalshi and Polymarket over TLS on 127.0.0.1."};
    app.add_option("--directory", settings.directory, "where keys, endpoints.json and ledger.jsonl go")
        ->required();
    app.add_option("--port", settings.port, "0: any free one");
    app.add_option("--seed", settings.seed, "of the world");
    app.add_option("--events", settings.events, "over both venues");
    app.add_option("--markets", settings.markets, "over both venues");
    app.add_option("--kalshi-events", settings.kalshi_events, "0: half of --events");
    app.add_option("--kalshi-markets", settings.kalshi_markets, "0: half of --markets");
    app.add_option("--polymarket-events", settings.polymarket_events, "0: half of --events");
    app.add_option("--polymarket-markets", settings.polymarket_markets, "0: half of --markets");
    app.add_flag("--skewed", settings.skewed, "the n-th market acts 1/n as often as the busiest");
    app.add_option("--sample", settings.sample, "markets whose quotes and books the ledger holds; 0: all");
    app.add_option("--births", settings.births, "new markets a second over both venues");
    app.add_option("--rolling", settings.rolling, "seconds a rolling market lasts; 0: there are none");
    app.add_option("--listing-lag", settings.listing_lag_ms,
                   "milliseconds after which listings know a new market");
    app.add_option("--rate", settings.rate, "frames a second over both venues");
    app.add_option("--seconds", settings.seconds,
                   "how long to trade; then quiet, still serving. 0: for ever");
    app.add_option("--frames", settings.frames,
                   "how many frames to trade, instead of --seconds; then quiet, still serving");
    app.add_option("--lifetime", settings.lifetime, "seconds after which the process ends by itself");
    app.add_flag("--quiet-start", settings.quiet_start, "trade only after GET /control/start");
    app.add_option("--replay", settings.replay, "send these recorded frames instead");
    app.add_option("--flood", settings.flood, "tickers to each ticker subscriber, as fast as it reads");
    app.add_option("--distinct", settings.flood_distinct, "different frames of the flood");
    app.add_option("--flood-markets", settings.flood_markets, "markets the flood is about");
    app.add_flag("--orphan", orphan_allowed, "outlive the process that started it");
    CLI11_PARSE(app, argc, argv);
    if (!orphan_allowed) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() == 1) return 0;  // it died before we asked
    }
    signal(SIGPIPE, SIG_IGN);
    try {
        return run(settings);
    } catch (std::exception const& error) {
        std::fprintf(stderr, "arbitrage-simulator: %s\n", error.what());
        return 74;
    }
}
