// A machine that loses its power, and a file system that is full: real ones, on loop devices and in memory,
// mounted where only this process sees them, so that they go when it does. Without root or loop devices it
// says so and passes.
#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "arbitrage/sink.hpp"
#include "queue/journal.hpp"
#include "sdk/queue/packets.hpp"
#include "support/catch.hpp"
#include "support/disks.hpp"

namespace arb::queue {
namespace {

namespace fs = std::filesystem;
using test::LoopDisk;
using test::MemoryDisk;

constexpr std::uint64_t disk_size = 64 << 20;
constexpr int cycles = 30;

// The system's files; without `syncs` nothing is ever made durable, and everybody is told it is.
class Disk final : public Files {
  public:
    explicit Disk(bool syncs) : syncs_{syncs} {}
    int open(std::string const& path, Mode mode) override { return below_.open(path, mode); }
    void close(int descriptor) override { below_.close(descriptor); }
    int lock(std::string const& path) override { return below_.lock(path); }
    std::int64_t write(int descriptor, std::span<iovec const> parts, std::uint64_t offset) override {
        return below_.write(descriptor, parts, offset);
    }
    std::int64_t read(int descriptor, std::span<std::byte> into, std::uint64_t offset) override {
        return below_.read(descriptor, into, offset);
    }
    int sync(int descriptor) override { return syncs_ ? below_.sync(descriptor) : 0; }
    int allocate(int descriptor, std::uint64_t size) override { return below_.allocate(descriptor, size); }
    int truncate(int descriptor, std::uint64_t size) override { return below_.truncate(descriptor, size); }
    std::int64_t size(int descriptor) override { return below_.size(descriptor); }
    int rename(std::string const& from, std::string const& to) override { return below_.rename(from, to); }
    int remove(std::string const& path) override { return below_.remove(path); }
    int make_directory(std::string const& path) override { return below_.make_directory(path); }
    int sync_directory(std::string const& path) override { return syncs_ ? below_.sync_directory(path) : 0; }
    int list(std::string const& path, std::vector<std::string>& names) override {
        return below_.list(path, names);
    }
    std::int64_t free_space(std::string const& path) override { return below_.free_space(path); }

  private:
    bool const syncs_;
    Files& below_ = system_files();
};

// One machine and, on another one that keeps its power, a database that stores packets by their position.
class Machine {
  public:
    Machine(LoopDisk& disk, bool syncs, std::uint64_t seed) : disk_{disk}, files_{syncs}, random_{seed} {}

    void cycle() {
        start();
        load();
        // The database may have what the journal is about to lose.
        if (random_() % 2 == 0) store();
        REQUIRE(disk_.cut_power());
        reader_.reset();
        journal_.reset();
        REQUIRE(disk_.unmount());
        REQUIRE(disk_.mount());
    }
    // After the last cycle: everything that was durable is in the database.
    void finish() {
        start();
        store();
        for (auto const number : durable_) missing_ += !stored_.contains(number);
    }
    std::uint64_t missing() const { return missing_; }
    std::uint64_t damaged() const { return damaged_; }
    std::uint64_t swallowed() const { return swallowed_; }
    std::size_t durable() const { return durable_.size(); }
    std::size_t lost_tails() const { return lost_tails_; }

  private:
    void start() {
        // Half of the time a push is durable when it returns; else the work between pushes makes it so.
        every_push_ = random_() % 2 == 0;
        Settings settings;
        settings.directory = disk_.path() / "queue";
        settings.segment_size = 64 << 10;
        settings.free_min = 0;
        settings.sync_every = std::chrono::milliseconds{every_push_ ? 0 : 50};
        Recovery report;
        auto opened = open_journal(settings, report, files_, false);
        REQUIRE(opened.has_value());
        journal_ = std::move(*opened);
        damaged_ += report.lost_records;
        reader_ = journal_->reader("database");
        // A journal that was lost as a whole is another one, of which the database has nothing.
        Uuid uuid{};
        std::copy_n(journal_->journal().begin(), uuid.size(), uuid.begin());
        if (std::exchange(uuid_, uuid) != uuid) place_ = {}, rows_.clear();
        if (place_.incarnation != 0) REQUIRE(reader_->seek(place_).has_value());
        store();
        // Accepted and not durable: these may be gone, and are not asked for again.
        for (auto const number : maybe_) lost_tails_ += !stored_.contains(number);
        maybe_.clear();
    }

    void load() {
        auto const rounds = 5 + random_() % 40;
        for (std::uint64_t round = 0; round != rounds; ++round) {
            auto const first = next_;
            next_ += 1 + random_() % 60;
            if (push_numbers(*journal_, first, next_ - 1, random_() % 200).has_error()) continue;
            for (auto number = first; number != next_; ++number) maybe_.push_back(number);
            bool const synced = every_push_ || random_() % 4 == 0;
            if (synced && !every_push_) journal_->work();
            if (!synced) continue;
            durable_.insert(durable_.end(), maybe_.begin(), maybe_.end());
            maybe_.clear();
        }
    }

    // What is already there by its position is taken for a repetition.
    void store() {
        for (;;) {
            auto const batch = reader_->read({}, std::chrono::milliseconds{0});
            REQUIRE(batch.has_value());
            if (batch->packets.empty()) return;
            for (auto const* packet : batch->packets) {
                auto const number = number_of(*packet);
                auto const [row, is_new] =
                    rows_.try_emplace({batch->last.incarnation, packet->position}, number);
                swallowed_ += !is_new && row->second != number;
                stored_.insert(row->second);
            }
            place_ = batch->last;
            reader_->acknowledge(place_);
        }
    }

    LoopDisk& disk_;
    Disk files_;
    std::mt19937_64 random_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Reader> reader_;
    bool every_push_ = false;
    std::uint64_t next_ = 1;
    std::vector<std::uint64_t> durable_, maybe_;
    Uuid uuid_{};
    arb_position place_{};
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> rows_;
    std::set<std::uint64_t> stored_;
    std::uint64_t missing_ = 0, damaged_ = 0, swallowed_ = 0;
    std::size_t lost_tails_ = 0;
};

bool can_mount(LoopDisk& disk) {
    if (disk.make()) return true;
    WARN("skipped: this needs root, loop devices and mkfs.ext4");
    return false;
}

TEST_CASE("power losses take nothing that was durable, damage nothing, and give no number out again") {
    TemporaryDirectory const directory;
    LoopDisk disk{directory.path(), disk_size};
    if (!can_mount(disk)) return;
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    Machine machine{disk, true, seed};
    for (int i = 0; i != cycles; ++i) machine.cycle();
    machine.finish();
    CHECK(machine.durable() > 1000);
    CHECK(machine.lost_tails() > 0);  // else nothing was tested
    CHECK(machine.missing() == 0);
    CHECK(machine.damaged() == 0);
    CHECK(machine.swallowed() == 0);
}

TEST_CASE("where nothing is synced the same power losses are noticed") {
    TemporaryDirectory const directory;
    LoopDisk disk{directory.path(), disk_size};
    if (!can_mount(disk)) return;
    Machine machine{disk, false, 1};
    for (int i = 0; i != 3; ++i) machine.cycle();
    machine.finish();
    CHECK(machine.missing() > 0);
}

TEST_CASE("a full file system makes push wait, and it goes on within 10 s of there being space") {
    TemporaryDirectory const directory;
    auto const mounted = directory.path() / "full";
    fs::create_directory(mounted);
    MemoryDisk const disk{mounted, "64m"};
    if (!disk.mounted()) {
        WARN("skipped: this needs root");
        return;
    }
    Settings settings;
    settings.directory = mounted / "queue";
    settings.segment_size = 2 << 20;
    settings.free_min = 4 << 20;
    Recovery report;
    auto const queue = Queue::open(settings, report);
    REQUIRE(queue.has_value());
    auto const reader = (*queue)->reader("sink");
    REQUIRE(push_numbers(**queue, 1, 100).has_value());
    {
        File const hog{system_files(), ::open((mounted / "hog").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
        off_t size = 0;
        while (::posix_fallocate(hog.descriptor(), size, 1 << 20) == 0) size += 1 << 20;
        REQUIRE(size > 8 << 20);
    }
    std::atomic<std::uint64_t> accepted = 100;
    constexpr std::uint64_t goal = 40000;
    std::thread producer{[&] {
        while (accepted < goal && push_numbers(**queue, accepted + 1, accepted + 100, 200).has_value())
            accepted += 100;
    }};
    auto const eventually = [](std::chrono::seconds within, auto const& condition) {
        auto const end = std::chrono::steady_clock::now() + within;
        while (!condition() && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        return condition();
    };
    CHECK(eventually(std::chrono::seconds{10}, [&] { return (*queue)->statistics().full; }));
    auto const when_full = accepted.load();
    CHECK(when_full < goal);
    CHECK((*queue)->statistics().trouble.find("packets wait for space") != std::string::npos);
    fs::remove(mounted / "hog");
    CHECK(eventually(std::chrono::seconds{10}, [&] { return accepted > when_full + 1000; }));
    CHECK(eventually(std::chrono::seconds{30}, [&] { return accepted >= goal; }));
    CHECK((*queue)->close().has_value());
    producer.join();
    CHECK(drain(*reader) == "1-" + std::to_string(accepted));
}

}  // namespace
}  // namespace arb::queue
