// arbitrage-chaos: real venues' protocols, a real database and the real program, hurt by a plan that a seed
// decides, and compared with what the venues really sent: missing 0, doubled 0, every gap with a cause, the
// balance exact.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>

#include "chaos/acts.hpp"

namespace {

using namespace arb::chaos;
using Clock = std::chrono::steady_clock;

constexpr unsigned acts_an_arena = 10;  // then everything is compared, and a new world begins
constexpr unsigned random_acts = 20;    // of a run that names neither plan nor minutes

struct Options {
    std::uint64_t seed = 0;
    double minutes = 0;
    std::vector<std::string> plan;
    std::string sink = "postgres";
    bool list = false;
};

struct Step {
    Act const* act;
    unsigned times;
};

void say(std::string const& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

// "kill*40" as a step. Exits with 64 if there is no such act.
Step step_of(std::string const& word) {
    auto const star = word.find('*');
    auto const* const act = find_act(word.substr(0, star));
    auto const times = star == std::string::npos ? 1UL : std::strtoul(word.c_str() + star + 1, nullptr, 10);
    if (act != nullptr && times != 0) return {act, static_cast<unsigned>(times)};
    std::fprintf(stderr, "there is no act %s; --list names them\n", word.c_str());
    std::exit(64);
}

std::vector<Act const*> planned(Options const& options, SinkKind sink) {
    std::vector<Act const*> plan;
    for (auto const& word : options.plan) {
        auto const step = step_of(word);
        plan.insert(plan.end(), step.times, step.act);
    }
    std::erase_if(plan, [&](Act const* act) { return act->postgres_only && sink != SinkKind::postgres; });
    return plan;
}

Act const* random_act(std::mt19937_64& random, SinkKind sink) {
    for (;;) {
        auto const& act = acts()[random() % acts().size()];
        if (act.random && (!act.postgres_only || sink == SinkKind::postgres)) return &act;
    }
}

// One arena, hurt by up to acts_an_arena acts that `next` gives. What is wrong.
arb::test::Problems run_arena(Settings const& settings, std::function<Act const*()> const& next,
                              unsigned& done) {
    Arena arena{settings};
    arb::test::Problems problems;
    try {
        arena.begin();
        for (unsigned n = 0; n != acts_an_arena; ++n) {
            auto const* const act = next();
            if (act == nullptr) break;
            auto const begin = Clock::now();
            act->run(arena);
            ++done;
            auto const ms = std::chrono::duration_cast<Milliseconds>(Clock::now() - begin).count();
            say("  " + std::string{act->name} + ": " + std::to_string(ms) + " ms");
        }
        problems = arena.finish();
        say("  compared: " + std::to_string(arena.trades()) + " trades, " + std::to_string(problems.size()) +
            " problems");
    } catch (std::exception const& wrong) {
        problems.push_back(wrong.what());
    }
    // What is wrong is said last: whoever shortens the output of a test keeps its end.
    if (!problems.empty()) say("the host's log:\n" + arena.host().log());
    return problems;
}

int run(Options const& options) {
    auto const sink = options.sink == "sqlite" ? SinkKind::sqlite : SinkKind::postgres;
    std::mt19937_64 random{options.seed};
    auto const plan = planned(options, sink);
    std::size_t at = 0;
    auto const end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double, std::ratio<60>>{options.minutes});
    bool const for_minutes = options.minutes > 0;
    unsigned done = 0, left = for_minutes || !plan.empty() ? 0 : random_acts;
    auto const over = [&] {
        return for_minutes ? Clock::now() >= end : plan.empty() ? left == 0 : at == plan.size();
    };
    World world;  // of this arena: the next act may need another
    auto const next = [&]() -> Act const* {
        if (over() || (!plan.empty() && plan[at % plan.size()]->world != world)) return nullptr;
        if (!plan.empty()) return plan[at++ % plan.size()];
        if (left != 0) --left;
        return random_act(random, sink);
    };
    for (unsigned number = 0; !over(); ++number) {
        Settings settings;
        settings.seed = options.seed + number;
        settings.sink = sink;
        settings.failpoints = ARBITRAGE_FAILPOINTS;
        // A batch with poison takes a dozen transactions: too long where each is cut.
        if (!plan.empty() &&
            std::none_of(plan.begin(), plan.end(), [](Act const* act) { return act->postgres_only; }))
            settings.plugins = ARBITRAGE_CHAOS_PLUGINS;
        world = plan.empty() ? World{} : plan[at % plan.size()]->world;
        settings.world = world;
        say("arena " + std::to_string(number) + ", seed " + std::to_string(settings.seed));
        try {
            auto const problems = run_arena(settings, next, done);
            if (problems.empty()) continue;
            say("FAILED; again with --seed " + std::to_string(options.seed) + arb::test::told(problems));
            return 1;
        } catch (Unavailable const& why) {
            say("  skipped: " + std::string{why.what()});
            for (std::size_t n = 0; n != plan.size() && next() != nullptr; ++n) {}
        }
    }
    say(std::to_string(done) + " acts: nothing missing, nothing doubled, every gap with a cause");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    options.seed =
        static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) % 1000000;
    CLI::App app{"Hurts a running collector and proves that it lost, doubled and invented nothing."};
    app.add_option("--seed", options.seed, "of the worlds and the plan; said at a failure");
    app.add_option("--minutes", options.minutes,
                   "go on for so long, with acts at random or the plan again and again");
    app.add_option("--plan", options.plan, "acts in their order, such as kill*40 failpoints");
    app.add_option("--sink", options.sink, "postgres or sqlite")
        ->check(CLI::IsMember({"postgres", "sqlite"}));
    app.add_flag("--list", options.list, "name the acts");
    CLI11_PARSE(app, argc, argv);
    if (options.list) {
        for (auto const& act : acts())
            say(std::string{act.name} + std::string(20 - act.name.size(), ' ') + std::string{act.does});
        return 0;
    }
    if (options.sink == "postgres" && !arb::test::PostgresCluster::installed()) {
        say("skipped: PostgreSQL is not installed");
        return 0;
    }
    return run(options);
}
