// A push of 64 packets of 256 bytes into the journal, beside write(2) of the same bytes into a file.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

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

void push_ours(benchmark::State& state) {
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
    for (auto _ : state)
        if (queue->push(packets.bytes(), [] { return false; }).has_error())
            return state.SkipWithError("a push was refused");
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_packets));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(packets.bytes().size()));
    if (queue->close().has_error()) state.SkipWithError("the queue did not close");
}

void push_bare(benchmark::State& state) {
    Folder const folder;
    int const file = open((folder.path() / "bytes").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return state.SkipWithError("no file");
    auto const packets = batch();
    auto const bytes = packets.bytes();
    std::uint64_t size = 0;
    for (auto _ : state) {
        if (write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
            state.SkipWithError("a write failed");
            break;
        }
        size += bytes.size();
        if (size > disk_bytes_max / 2) size = 0, lseek(file, 0, SEEK_SET);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_packets));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
    close(file);
}

// Per repetition about 300 MB: enough to cross segments, not enough to make the disk the subject.
constexpr std::int64_t pushes = 20'000;
BENCHMARK(push_ours)->Name("queue_push_64x256/ours")->Iterations(pushes)->UseRealTime();
BENCHMARK(push_bare)->Name("queue_push_64x256/bare")->Iterations(pushes)->UseRealTime();

}  // namespace
