// arbitrage-scale: one host follows as many markets as both venues have, and everything it promises is
// measured: every trade, the books of a sample at instants drawn by lot, memory, processor time, what a sweep
// of an unchanged catalogue writes, how soon a new market is quoted, and a burst.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <ctime>
#include <exception>

#include "arbitrage/time.hpp"
#include "scale/books.hpp"
#include "scale/figures.hpp"
#include "scale/stage.hpp"
#include "scale/usage.hpp"

namespace {

using namespace arb::scale;
using Clock = std::chrono::steady_clock;

constexpr double mebibyte = 1 << 20;
constexpr double resident_mib_max = 1024;
constexpr double core_percent_max = 60;
constexpr double sweep_log_mib_max = 1, sweep_database_seconds_max = 1;
constexpr double first_quote_ms_max = 5'000;  // of 99 in a hundred new markets
constexpr double books_in_gaps_percent_max = 1;
constexpr auto drain_within = std::chrono::seconds{180};
constexpr auto stop_within = std::chrono::seconds{20};
constexpr auto warm_up = std::chrono::seconds{10};  // after the start, before the steady minutes
constexpr std::int64_t listed_after_ms = 5'000;     // a sweep is over, and what it found is followed
constexpr std::int64_t last_births_ms = 10'000;     // before the end: their quotes may come after it

struct Options {
    Settings settings;
    double minutes = 5;
    unsigned burst_rate = 20'000, burst_seconds = 10;
    unsigned settle_seconds = 900;  // until everything is subscribed
    unsigned instants = 10;
    std::vector<std::string> parts;
    std::string keep_log;
    bool wants(std::string const& part) const {
        return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
    }
};

std::int64_t now_ms() { return arb::now() / arb::millisecond_ns; }

double seconds_since(Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
}

class Run {
  public:
    explicit Run(Options const& options) : options_{options} {
        auto const begin = Clock::now();
        stage_ = std::make_unique<Stage>(options.settings);
        Figures::tell("simulator and database started", seconds_since(begin), "s");
    }

    int all() {
        subscribe();
        if (options_.wants("sweep")) sweep();
        bool const trading =
            options_.wants("books") || options_.wants("new_markets") || options_.wants("burst");
        if (trading) {
            trade();
            if (options_.wants("burst")) burst();
            finish();
        }
        end();
        return figures_.all_kept() ? 0 : 1;
    }

    std::string log() { return stage_->host().log(); }

  private:
    void subscribe() {
        Figures::say("every market subscribed");
        auto const begin = Clock::now();
        auto& host = stage_->host();
        host.start();
        Subscribed held;
        await(std::chrono::seconds{options_.settle_seconds}, [&] {
            sample();
            held = stage_->subscribed();
            return !host.running() || (held.complete() && stage_->sweeps("kalshi") > 0 &&
                                       stage_->sweeps("polymarket") > 0 && host.ready() && stage_->drained());
        });
        if (!host.running()) throw std::runtime_error("the host ended by itself");
        Figures::tell("from the start to the last subscription, stored", seconds_since(begin), "s");
        Figures::tell("markets followed", static_cast<double>(held.markets()), "");
        figures_.exactly("Kalshi's markets not followed", std::max(0LL, held.kalshi_tradable - held.kalshi),
                         0);
        figures_.exactly("Polymarket's markets not followed",
                         std::max(0LL, held.polymarket_tradable - held.polymarket), 0);
        Figures::tell("processor time of that", processor_seconds(host.pid()), "s");
        Figures::tell("resident memory, highest so far", resident_max_ / mebibyte, "MiB");
        Figures::tell("files and connections open", open_files(host.pid()), "");
        if (!stage_->drained()) figures_.wrong("not drained: " + boost::json::serialize(host.status()));
    }

    // Nothing is traded and nothing changes: what a sweep of both venues costs.
    void sweep() {
        Figures::say("a sweep of an unchanged catalogue");
        auto const within = std::chrono::seconds{options_.settings.sweep_seconds * 3 + 60};
        auto const swept = [&](long long kalshi, long long polymarket) {
            return await(within, [&] {
                sample();
                return stage_->sweeps("kalshi") > kalshi && stage_->sweeps("polymarket") > polymarket;
            });
        };
        stage_->calm_database();
        // The first sweep of the two begins anywhere: the second is whole.
        auto kalshi = stage_->sweeps("kalshi"), polymarket = stage_->sweeps("polymarket");
        if (!swept(kalshi, polymarket)) return figures_.wrong("no sweep began");
        auto const log = stage_->log_bytes(), work = stage_->database_seconds();
        auto const processor = processor_seconds(stage_->host().pid());
        auto const begin = Clock::now();
        kalshi = stage_->sweeps("kalshi");
        polymarket = stage_->sweeps("polymarket");
        if (!swept(kalshi, polymarket)) return figures_.wrong("no second sweep ended");
        await(drain_within, [&] { return stage_->drained(); });
        figures_.at_most("write-ahead log", (stage_->log_bytes() - log) / mebibyte, sweep_log_mib_max, "MiB");
        figures_.at_most("database time", stage_->database_seconds() - work, sweep_database_seconds_max, "s");
        Figures::tell("processor time of the host", processor_seconds(stage_->host().pid()) - processor, "s");
        Figures::tell("time between two sweeps", seconds_since(begin), "s");
    }

    void trade() {
        Figures::say("trading");
        stage_->venues().control("start");
        begun_ms_ = now_ms();
        await(warm_up, [&] { return sample(), false; });
        auto const pid = stage_->host().pid();
        auto const processor = processor_seconds(pid);
        auto const begin = Clock::now();
        auto const frames = stage_->venues().control("status").at("frames").to_number<double>();
        await(std::chrono::seconds{static_cast<long>(options_.minutes * 60)},
              [&] { return sample(), false; });
        auto const seconds = seconds_since(begin);
        auto const now_frames = stage_->venues().control("status").at("frames").to_number<double>();
        Figures::tell("frames", (now_frames - frames) / seconds, "a second");
        figures_.at_most("processor of the host", (processor_seconds(pid) - processor) / seconds * 100,
                         core_percent_max, "% of one core");
        figures_.at_most("resident memory, highest", resident_max_ / mebibyte, resident_mib_max, "MiB");
        steady_end_ms_ = now_ms();
    }

    void burst() {
        Figures::say("a burst");
        auto const before = stage_->venues().control("status").at("frames").to_number<double>();
        auto const begin = Clock::now();
        stage_->venues().control("rate?rate=" + std::to_string(options_.burst_rate) +
                                 "&seconds=" + std::to_string(options_.burst_seconds));
        await(std::chrono::seconds{options_.burst_seconds}, [&] { return sample(), false; });
        auto const seconds = seconds_since(begin);
        auto const after = stage_->venues().control("status").at("frames").to_number<double>();
        Figures::tell("frames", (after - before) / seconds, "a second");
        await(warm_up, [&] { return sample(), false; });
        figures_.at_most("resident memory, highest", resident_max_ / mebibyte, resident_mib_max, "MiB");
    }

    void finish() {
        Figures::say("what was stored");
        auto const end_ms = now_ms();
        stage_->venues().finish();
        auto const begin = Clock::now();
        bool const drained = await(drain_within, [&] { return sample(), stage_->drained(); });
        Figures::tell("drained after", seconds_since(begin), "s");
        if (!drained)
            figures_.wrong("packets are still queued, or the balance does not hold: " +
                           boost::json::serialize(stage_->host().status()));
        auto const rows = stage_->database();
        trades(*rows);
        counts(*rows);
        auto const told = read_ledger(stage_->ledger_file());
        if (options_.wants("books") || options_.wants("burst")) books(told, *rows, end_ms);
        if (options_.wants("new_markets")) new_markets(told, *rows);
    }

    void trades(arb::test::Database& rows) {
        arb::test::Ledger const ledger{stage_->ledger_file()};
        auto problems = ledger.trades(rows);
        Figures::tell("trades", static_cast<double>(ledger.count("trade")), "");
        figures_.exactly("trades missing or doubled", static_cast<long long>(problems.size()), 0);
        if (!problems.empty()) Figures::say(arb::test::told(problems));
        figures_.exactly("dead letters", std::stoll(rows.one("SELECT count(*) FROM dead_letters")), 0);
        for (auto const& gap : rows.rows("SELECT venue, stream, coalesce(reason, '?'), recovered, count(*), "
                                         "min(from_time), max(to_time) FROM gaps GROUP BY 1, 2, 3, 4"))
            Figures::say("  gaps: " + gap[0].value_or("") + ' ' + gap[1].value_or("") + ' ' +
                         gap[2].value_or("") + (gap[3] == "t" ? " recovered " : " not recovered ") +
                         gap[4].value_or("") + ", " + gap[5].value_or("?") + " to " + gap[6].value_or("?"));
    }

    void counts(arb::test::Database& rows) {
        for (auto const* const venue : {"kalshi", "polymarket"}) {
            auto const stored =
                std::stoll(rows.one("SELECT count(*) FROM book_changes WHERE outcome = 0 AND venue = '" +
                                    std::string{venue} + "'"));
            figures_.exactly(std::string{"changes of books of "} + venue, stored,
                             stage_->counted(std::string{venue} + ".book_change"));
        }
    }

    void books(Told const& told, arb::test::Database& rows, std::int64_t end_ms) {
        auto const seconds = std::chrono::duration_cast<std::chrono::milliseconds>(warm_up).count();
        auto const result =
            compare_books(told, rows, begun_ms_ + seconds, end_ms,
                          options_.settings.sweep_seconds * std::int64_t{1'000} + listed_after_ms,
                          options_.instants, random_);
        Figures::tell("markets whose books were rebuilt", static_cast<double>(result.markets), "");
        Figures::tell("books compared", static_cast<double>(result.instants), "");
        Figures::tell("instants before a listing showed a silent opening",
                      static_cast<double>(result.not_listed), "");
        figures_.at_most("instants that lie in gaps",
                         100.0 * static_cast<double>(result.in_gaps) /
                             static_cast<double>(std::max(1LL, result.in_gaps + result.instants)),
                         books_in_gaps_percent_max, "%");
        figures_.exactly("books that differ", static_cast<long long>(result.different.size()), 0);
        if (!result.different.empty()) Figures::say(arb::test::told(result.different));
    }

    void new_markets(Told const& told, arb::test::Database& rows) {
        auto const result = first_quotes(told, rows, steady_end_ms_ - last_births_ms);
        Figures::tell("new markets", static_cast<double>(result.ms.size() + result.missing.size()), "");
        figures_.exactly("new markets without a quote", static_cast<long long>(result.missing.size()), 0);
        if (!result.missing.empty()) Figures::say(arb::test::told(result.missing));
        if (result.ms.empty()) return figures_.wrong("no new market was quoted");
        auto const at = [&](double share) {
            return result.ms[static_cast<std::size_t>(share * static_cast<double>(result.ms.size() - 1))]
                .first;
        };
        Figures::tell("first quote, median", at(0.5), "ms");
        figures_.at_most("first quote, 99 in a hundred", at(0.99), first_quote_ms_max, "ms");
        for (auto const& [ms, market] : result.ms)
            if (ms > first_quote_ms_max)
                Figures::say("  " + market.first + ' ' + market.second + " after " +
                             std::to_string(static_cast<long long>(ms)) + " ms");
    }

    void end() {
        auto const begin = Clock::now();
        auto const code = stage_->host().stop(stop_within);
        figures_.exactly("the host's exit code", code, 0);
        Figures::tell("stopped after", seconds_since(begin), "s");
        auto const report = boost::json::serialize(stage_->venues().control("report"));
        Figures::say("what the venues say: " + report);
    }

    void sample() {
        auto const resident = static_cast<double>(resident_bytes(stage_->host().pid()));
        resident_max_ = std::max(resident_max_, resident);
    }

    Options const& options_;
    Figures figures_;
    std::unique_ptr<Stage> stage_;
    std::mt19937_64 random_{options_.settings.seed};
    double resident_max_ = 0;
    std::int64_t begun_ms_ = 0, steady_end_ms_ = 0;
};

int run(Options const& options) {
    Run run{options};
    int code = 1;
    try {
        code = run.all();
    } catch (std::exception const& wrong) {
        Figures::say(std::string{"FAILED: "} + wrong.what());
    }
    auto const log = run.log();
    if (!options.keep_log.empty()) {
        if (auto* const file = std::fopen(options.keep_log.c_str(), "w")) {
            std::fwrite(log.data(), 1, log.size(), file);
            std::fclose(file);
        }
    }
    if (code != 0)
        Figures::say("the host's last words:\n" + log.substr(log.size() > 6000 ? log.size() - 6000 : 0));
    Figures::say(code == 0 ? "every bound was kept" : "NOT every bound was kept");
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Runs one host against as many markets as both venues have, and measures what it promises."};
    app.add_option("--minutes", options.minutes, "steady minutes of trading");
    app.add_option("--kalshi", options.settings.kalshi, "markets");
    app.add_option("--polymarket", options.settings.polymarket, "markets");
    app.add_option("--rate", options.settings.rate, "frames a second of both venues");
    app.add_option("--burst-rate", options.burst_rate, "frames a second of the burst");
    app.add_option("--burst-seconds", options.burst_seconds, "how long it lasts");
    app.add_option("--sample", options.settings.sample, "markets whose books are compared");
    app.add_option("--instants", options.instants, "moments at which each of them is compared");
    app.add_option("--births", options.settings.births, "new markets a second");
    app.add_option("--rolling", options.settings.rolling, "seconds a rolling market lasts; 0: none");
    app.add_option("--sweep-seconds", options.settings.sweep_seconds, "between sweeps of the catalogue");
    app.add_option("--settle-seconds", options.settle_seconds, "at most, until all is subscribed");
    app.add_option("--seed", options.settings.seed, "of the world and of the instants");
    app.add_option("--part", options.parts, "only these: books, burst, new_markets, sweep")
        ->check(CLI::IsMember({"books", "burst", "new_markets", "sweep"}));
    app.add_option("--keep-log", options.keep_log, "a file for the host's log");
    CLI11_PARSE(app, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    if (!arb::test::PostgresCluster::installed()) {
        Figures::say("skipped: PostgreSQL is not installed");
        return 0;
    }
    return run(options);
}
