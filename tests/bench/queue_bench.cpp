// A push of 64 packets of 256 bytes into the journal, beside write(2) of the same bytes into a file: at a
// rate a disk can follow, where only the call itself is timed, and flat out, where the disk that the journal
// syncs to is measured as well. And a start with 1 GiB that some sink has still to read.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "arbitrage/packet.hpp"
#include "queue/queue.hpp"

namespace {

namespace fs = std::filesystem;

constexpr std::size_t batch_packets = 64;
constexpr std::size_t packet_bytes = 256;
// Both sides stay below this on disk, so that neither measures a full one.
constexpr std::uint64_t disk_bytes_max = std::uint64_t{2} << 30;

arb::Packets batch() {
    arb::Packets packets;
    for (std::size_t i = 0; i != batch_packets; ++i)
        packets.add<arb_quote>("bench", static_cast<arb_time>(i + 1))
            .text(&arb_quote::market_id, std::string(packet_bytes - sizeof(arb_quote), 'x'));
    return packets;
}

class Folder {
  public:
    Folder() : path_{fs::temp_directory_path() / ("arbitrage-bench-" + std::to_string(getpid()))} {
        fs::remove_all(path_);
        fs::create_directories(path_);
    }
    ~Folder() { fs::remove_all(path_); }
    fs::path const& path() const { return path_; }

  private:
    fs::path path_;
};

using Clock = std::chrono::steady_clock;

// 4,000 batches a second are 256,000 packets and 65 MB: a hundred times what both venues send on a busy day.
constexpr std::chrono::nanoseconds paced = std::chrono::nanoseconds{std::chrono::seconds{1}} / 4000;
constexpr std::chrono::nanoseconds flat_out{0};

// What this thread took of a processor, which says more than the clock where others use it as well.
double processor_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Calls `push` once an iteration, at that pace; what lies between the calls is not timed.
void measure(benchmark::State& state, std::chrono::nanoseconds pace, std::size_t bytes, auto const& push) {
    auto next = Clock::now();
    double processor = 0;
    for (auto _ : state) {
        while (Clock::now() < next) {}
        next += pace;
        auto const processor_begin = processor_seconds();
        auto const begin = Clock::now();
        if (!push()) return state.SkipWithError("a push was refused");
        state.SetIterationTime(std::chrono::duration<double>{Clock::now() - begin}.count());
        processor += processor_seconds() - processor_begin;
    }
    state.counters["processor"] = processor / static_cast<double>(state.iterations());
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_packets));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void push_ours(benchmark::State& state, std::chrono::nanoseconds pace) {
    Folder const folder;
    arb::queue::Recovery recovery;
    arb::queue::Settings settings;
    settings.directory = folder.path() / "queue";
    settings.when_full = arb::queue::WhenFull::drop_oldest;
    settings.size_max = disk_bytes_max;
    auto opened = arb::queue::Queue::open(settings, recovery);
    if (opened.has_error()) return state.SkipWithError(opened.error().text.c_str());
    auto const& queue = opened.value();
    auto const packets = batch();
    measure(state, pace, packets.bytes().size(),
            [&] { return queue->push(packets.bytes(), [] { return false; }).has_value(); });
    if (queue->close().has_error()) state.SkipWithError("the queue did not close");
}

void push_bare(benchmark::State& state, std::chrono::nanoseconds pace) {
    Folder const folder;
    int const file = open((folder.path() / "bytes").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return state.SkipWithError("no file");
    auto const packets = batch();
    auto const bytes = packets.bytes();
    std::uint64_t size = 0;
    measure(state, pace, bytes.size(), [&] {
        size += bytes.size();
        if (size > disk_bytes_max / 2) size = 0, lseek(file, 0, SEEK_SET);
        return write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    });
    close(file);
}

// Per repetition about 300 MB flat out: enough to cross segments, not enough to make the disk the subject.
// Paced, one second.
BENCHMARK_CAPTURE(push_ours, paced, paced)
    ->Name("queue_push_64x256/ours/paced")
    ->Iterations(4'000)
    ->UseManualTime();
BENCHMARK_CAPTURE(push_bare, paced, paced)
    ->Name("queue_push_64x256/bare/paced")
    ->Iterations(4'000)
    ->UseManualTime();
BENCHMARK_CAPTURE(push_ours, flat_out, flat_out)
    ->Name("queue_push_64x256/ours/flat_out")
    ->Iterations(20'000)
    ->UseManualTime();
BENCHMARK_CAPTURE(push_bare, flat_out, flat_out)
    ->Name("queue_push_64x256/bare/flat_out")
    ->Iterations(20'000)
    ->UseManualTime();

// From the call that opens the queue until packets may be pushed, after a kill; the files are in the page
// cache.
void start_with_1_gib(benchmark::State& state) {
    Folder const folder;
    arb::queue::Settings settings;
    settings.directory = folder.path() / "queue";
    arb::queue::Recovery recovery;
    auto const packets = batch();
    {
        auto const made = arb::queue::Queue::open(settings, recovery);
        if (made.has_error()) return state.SkipWithError(made.error().text.c_str());
        static_cast<void>(made.value()->reader("sink"));
        for (std::uint64_t bytes = 0; bytes < (std::uint64_t{1} << 30); bytes += packets.bytes().size())
            if (made.value()->push(packets.bytes(), {}).has_error())
                return state.SkipWithError("a push was refused");
    }
    for (auto _ : state) {
        auto const begin = Clock::now();
        auto const opened = arb::queue::Queue::open(settings, recovery);
        state.SetIterationTime(std::chrono::duration<double>{Clock::now() - begin}.count());
        if (opened.has_error() || recovery.records == 0) return state.SkipWithError("nothing was there");
    }
    state.SetBytesProcessed(state.iterations() * (std::int64_t{1} << 30));
}
BENCHMARK(start_with_1_gib)
    ->Name("queue_start_1_gib")
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
