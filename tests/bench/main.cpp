// arbitrage-bench: our code beside the barest code that does the same, in one run, so that the machine's mood
// falls on both. Every benchmark is named FAMILY/ours or FAMILY/bare; the last lines are the ratios of the
// two. What waits for a disk or a server counts by its median, in wall time. What only computes counts by its
// fastest repetition, in processor time: others on the machine can only make it slower.
//
//   arbitrage-bench                                  everything
//   arbitrage-bench --benchmark_filter=decode        some of it
//   ARBITRAGE_BENCH_DATABASE=postgresql://... arbitrage-bench    the database of the PostgreSQL part; without
//   it that
//                                                    part is left out. The schema `arbitrage_bench` in it is
//                                                    replaced.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace {

// Prints as usual and remembers the time an iteration took in each repetition.
class Ratios : public benchmark::ConsoleReporter {
  public:
    void ReportRuns(std::vector<Run> const& runs) override {
        for (auto const& run : runs) {
            if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
            auto const whole = run.benchmark_name();
            auto& series =
                series_[whole.substr(0, std::min(whole.find("/iterations:"), whole.find("/min_time:")))];
            series.waits = whole.find("/real_time") != std::string::npos ||
                           whole.find("/manual_time") != std::string::npos;
            series.times.push_back(series.waits ? run.GetAdjustedRealTime() : run.GetAdjustedCPUTime());
            series.unit = benchmark::GetTimeUnitString(run.time_unit);
            if (auto const items = run.counters.find("items_per_second"); items != run.counters.end())
                series.rates.push_back(items->second);
        }
        ConsoleReporter::ReportRuns(runs);
    }

    void print() {
        std::printf("\n%-34s %16s %16s %12s\n", "", "ours", "bare", "ours/bare");
        for (auto& [name, ours] : series_) {
            auto const at = name.find("/ours");
            if (at == std::string::npos) continue;
            auto const found = series_.find(name.substr(0, at) + "/bare" + name.substr(at + 5));
            if (found == series_.end()) continue;
            auto& bare = found->second;
            auto const time = ours.time(), bare_time = bare.time();
            std::printf("%-34s %13.1f %s %13.1f %s  time %.2f\n",
                        (name.substr(0, at) + name.substr(at + 5)).c_str(), time, ours.unit, bare_time,
                        bare.unit, time / bare_time);
            if (ours.rates.empty()) continue;
            auto const rate = median(ours.rates), bare_rate = median(bare.rates);
            std::printf("%-34s %13.0f /s %13.0f /s  rate %.2f\n", "", rate, bare_rate, rate / bare_rate);
        }
    }

  private:
    static double median(std::vector<double>& values) {
        auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
        std::nth_element(values.begin(), middle, values.end());
        return *middle;
    }

    // The repetitions of one benchmark.
    struct Series {
        std::vector<double> times, rates;
        char const* unit = "";
        bool waits = false;
        double time() { return waits ? median(times) : *std::min_element(times.begin(), times.end()); }
    };
    std::map<std::string, Series> series_;
};

}  // namespace

int main(int argc, char** argv) {
    // Repetitions in random order, unless told otherwise: neighbours on the machine then disturb both sides
    // alike.
    std::vector<std::string> words(argv, argv + argc);
    words.insert(words.begin() + 1,
                 {"--benchmark_repetitions=7", "--benchmark_enable_random_interleaving=true",
                  "--benchmark_min_time=0.2"});
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 64;
    Ratios reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    reporter.print();
    return 0;
}
