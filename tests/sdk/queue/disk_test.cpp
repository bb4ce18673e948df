// A disk that is full, fails, or writes only a part.
#include <sys/resource.h>

#include <csignal>

#include "arbitrage/sink.hpp"
#include "queue/journal.hpp"
#include "sdk/queue/memory_files.hpp"
#include "sdk/queue/packets.hpp"
#include "support/catch.hpp"

namespace arb::queue {
namespace {

using Call = MemoryFiles::Call;

std::unique_ptr<Journal> open(Files& files, std::uint64_t segment_size = 8192) {
    Settings settings;
    settings.directory = "/queue";
    settings.segment_size = segment_size;
    settings.free_min = 0;
    Recovery report;
    auto journal = open_journal(settings, report, files, false);
    if (journal.has_error()) FAIL(journal.error().text);
    return std::move(*journal);
}

bool of_segment(std::string const& path) {
    return path.find("ack-") == std::string::npos && !path.ends_with("META");
}

TEST_CASE("after a failed sync everything that was not durable is written again") {
    MemoryFiles files;
    auto journal = open(files);
    static_cast<void>(journal->reader("sink"));
    REQUIRE(push_numbers(*journal, 1, 20).has_value());
    journal->work();
    REQUIRE(push_numbers(*journal, 21, 35).has_value());
    REQUIRE(push_numbers(*journal, 36, 50).has_value());
    int failures = 1;
    files.fault = [&](Call call, std::string const& path) {
        return call == Call::sync && of_segment(path) && failures-- > 0 ? -EIO : 0;
    };
    journal->work();
    CHECK(!journal->statistics().failed);
    REQUIRE(push_numbers(*journal, 51, 60).has_value());
    journal->work();
    CHECK(drain(*journal->reader("other")) == "1-60");
    journal.reset();
    std::mt19937_64 random{3};
    files.lose_power(random);
    CHECK(drain(*open(files)->reader("sink")) == "1-60");
}

TEST_CASE("a second failure ends acceptance with a sentence") {
    MemoryFiles files;
    auto const journal = open(files);
    REQUIRE(push_numbers(*journal, 1, 20).has_value());
    files.fault = [&](Call call, std::string const& path) {
        return call == Call::sync && of_segment(path) ? -EIO : 0;
    };
    journal->work();
    CHECK(journal->statistics().failed);
    auto const pushed = push_numbers(*journal, 21, 21);
    REQUIRE(pushed.has_error());
    CHECK(pushed.error().status == ARB_PERMANENT);
    CHECK(pushed.error().where == "disk");
    CHECK(journal->close().has_error());
}

TEST_CASE("a full disk makes push wait and goes on when there is space") {
    MemoryFiles files;
    auto const journal = open(files);
    auto const reader = journal->reader("sink");
    REQUIRE(push_numbers(*journal, 1, 10).has_value());
    files.fault = [](Call call, std::string const&) { return call == Call::allocate ? -ENOSPC : 0; };
    std::uint64_t number = 10;
    while (push_numbers(*journal, number + 1, number + 1, 0, [] { return true; }).has_value()) ++number;
    REQUIRE(number < 100);
    CHECK(journal->statistics().full);
    CHECK(drain(*reader) == "1-" + std::to_string(number));
    files.fault = {};
    CHECK(push_numbers(*journal, number + 1, number + 5).has_value());
    CHECK(!journal->statistics().full);
    CHECK(drain(*reader) == std::to_string(number + 1) + "-" + std::to_string(number + 5));
}

TEST_CASE("short and failing writes lose and double nothing") {
    MemoryFiles files;
    auto journal = open(files);
    files.write_max = 37;
    REQUIRE(push_numbers(*journal, 1, 15).has_value());
    int failures = 1;
    files.fault = [&](Call call, std::string const& path) {
        return call == Call::write && of_segment(path) && failures-- > 0 ? -EIO : 0;
    };
    REQUIRE(push_numbers(*journal, 16, 30).has_value());
    files.fault = {};
    REQUIRE(push_numbers(*journal, 31, 40).has_value());
    CHECK(drain(*journal->reader("sink")) == "1-40");
    journal.reset();
    files.kill();
    CHECK(drain(*open(files)->reader("other")) == "1-40");
}

// A start, pushes, acknowledgements, two segments and a stop in order; what was accepted and what is durable
// on the way. Anything may fail.
struct Told {
    std::vector<std::uint64_t> accepted;
    std::size_t durable = 0;
    std::uint64_t acknowledged = 0;
};

Told live(MemoryFiles& files) {
    Told told;
    Settings settings;
    settings.directory = "/queue";
    settings.segment_size = 8192;
    settings.free_min = 0;
    settings.keep_acked = std::chrono::milliseconds{0};
    settings.keep_acked_size = 0;
    Recovery report;
    auto opened = open_journal(settings, report, files, false);
    if (opened.has_error()) return told;
    auto const journal = std::move(*opened);
    auto const reader = journal->reader("sink");
    for (std::uint64_t round = 0; round != 3; ++round) {
        for (std::uint64_t i = 20 * round + 1; i <= 20 * (round + 1); i += 5)
            if (push_numbers(*journal, i, i + 4, 16, [] { return true; }).has_value())
                for (auto number = i; number != i + 5; ++number) told.accepted.push_back(number);
        journal->work();
        if (!journal->statistics().failed) told.durable = told.accepted.size();
        if (auto const batch = reader->read({10, 8 << 20}, std::chrono::milliseconds{0}); batch.has_value())
            if (!batch->packets.empty()) {
                reader->acknowledge(batch->last);
                told.acknowledged = number_of(*batch->packets.back());
            }
    }
    if (journal->close().has_value()) told.durable = told.accepted.size();
    return told;
}

TEST_CASE("whichever call fails, once or from then on, nothing accepted is lost") {
    auto const call = GENERATE(Call::open, Call::write, Call::read, Call::sync, Call::allocate, Call::rename,
                               Call::remove, Call::sync_directory);
    int const error = GENERATE(-EIO, -ENOSPC, -EINTR);
    bool const for_good = GENERATE(false, true);
    bool const power = GENERATE(false, true);
    // Only reading, writing and syncing are interrupted, and then once.
    if (error == -EINTR && (for_good || (call != Call::write && call != Call::read && call != Call::sync)))
        return;
    bool reached = true;
    for (int nth = 0; reached && nth != 400; ++nth) {
        MemoryFiles files;
        static_cast<void>(drain(*open(files)->reader("sink")));  // so that opening has something to read
        files.kill();
        int left = nth;
        reached = false;
        files.fault = [&](Call made, std::string const&) {
            if (made != call) return 0;
            bool const now = for_good ? left-- <= 0 : left-- == 0;
            reached = reached || now;
            return now ? error : 0;
        };
        auto const told = live(files);
        files.fault = {};
        std::mt19937_64 random{static_cast<std::uint64_t>(nth)};
        // Of files whose sync failed the machine keeps nothing it had not kept before.
        if (power)
            files.lose_power(random);
        else
            files.kill();
        auto const journal = open(files);
        std::vector<std::uint64_t> found;
        auto const reader = journal->reader("sink");
        for (;;) {
            auto const batch = reader->read({}, std::chrono::milliseconds{0});
            REQUIRE(batch.has_value());
            if (batch->packets.empty()) break;
            for (auto const* packet : batch->packets) found.push_back(number_of(*packet));
        }
        INFO("call " << static_cast<int>(call) << " number " << nth << " error " << error << " for good "
                     << for_good << " power " << power);
        REQUIRE(std::is_sorted(found.begin(), found.end(), std::less_equal<>{}));
        for (std::size_t i = 0; i != (power ? told.durable : told.accepted.size()); ++i) {
            auto const number = told.accepted[i];
            if (number <= told.acknowledged || std::binary_search(found.begin(), found.end(), number))
                continue;
            FAIL("packet " << number << " is gone");
        }
    }
    CHECK(!reached);
}

TEST_CASE("a second sync is not believed: the file is given up, and its packets are in the next one") {
    MemoryFiles files;
    auto journal = open(files);
    static_cast<void>(journal->reader("sink"));
    REQUIRE(push_numbers(*journal, 1, 20).has_value());
    int failures = 1;
    files.fault = [&](Call call, std::string const& path) {
        return call == Call::sync && of_segment(path) && failures-- > 0 ? -EIO : 0;
    };
    journal->work();
    REQUIRE(push_numbers(*journal, 21, 30).has_value());
    journal->work();
    CHECK(journal->close().has_value());
    journal.reset();
    // Every sync after the first said it worked; what the first one gave up never came to the disk.
    files.kill();
    for (auto& [name, node] : files.names) node->data = node->durable;
    CHECK(drain(*open(files)->reader("sink")) == "1-30");
}

TEST_CASE("a segment is deleted only after the places behind it are durable") {
    MemoryFiles files;
    Settings settings;
    settings.directory = "/queue";
    settings.segment_size = 8192;
    settings.free_min = 0;
    settings.keep_acked = std::chrono::milliseconds{0};
    settings.keep_acked_size = 0;
    Recovery report;
    auto const journal = *open_journal(settings, report, files, false);
    auto const reader = journal->reader("sink");
    for (std::uint64_t i = 1; i <= 60; i += 4) REQUIRE(push_numbers(*journal, i, i + 3, 16).has_value());
    CHECK(drain(*reader, true) == "1-60");
    auto const before = files.segments().size();
    REQUIRE(before > 2);
    auto const of_place = [](std::string const& path) { return path.ends_with("ack-sink"); };
    files.fault = [&](Call call, std::string const& path) {
        return (call == Call::write || call == Call::sync) && of_place(path) ? -EIO : 0;
    };
    journal->work();
    CHECK(files.segments().size() == before);
    // Nor before: the order of the calls is the promise.
    bool stored = false, early = false;
    files.fault = [&](Call call, std::string const& path) {
        stored = stored || (call == Call::sync && of_place(path));
        early = early || (call == Call::remove && path.ends_with(".journal") && !stored);
        return 0;
    };
    journal->work();
    files.fault = {};
    CHECK(stored);
    CHECK(!early);
    CHECK(files.segments().size() == 1);
}

TEST_CASE("what every sink has is kept for a replay, up to its age and its size") {
    MemoryFiles files;
    Settings settings;
    settings.directory = "/queue";
    settings.segment_size = 8192;
    settings.free_min = 0;
    settings.keep_acked = std::chrono::hours{1};
    settings.keep_acked_size = 3 * 8192;
    Recovery report;
    auto const journal = *open_journal(settings, report, files, false);
    auto const reader = journal->reader("sink");
    std::uint64_t last = 0;
    while (files.segments().size() != 3) {
        REQUIRE(push_numbers(*journal, last + 1, last + 4, 16).has_value());
        last += 4;
    }
    drain(*reader, true);
    journal->work();
    CHECK(files.segments().size() == 3);
    CHECK(*reader->seek({1, 1}) == 0);
    CHECK(drain(*reader, true) == "2-" + std::to_string(last));
    while (files.segments().size() != 6) {
        REQUIRE(push_numbers(*journal, last + 1, last + 4, 16).has_value());
        last += 4;
    }
    drain(*reader, true);
    journal->work();
    CHECK(files.segments().size() == 4);  // three, and the one in use
    auto const missing = *reader->seek({1, 1});
    CHECK(missing > 0);
    CHECK(drain(*reader) == std::to_string(missing + 2) + "-" + std::to_string(last));
}

// Limits the size of files until it goes.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
        rlimit const limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    FileSizeLimit(FileSizeLimit const&) = delete;
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, before_handler_);
    }

  private:
    rlimit before_{};
    void (*before_handler_)(int) = nullptr;
};

TEST_CASE("a file that may not grow is a full disk: push waits, and goes on when it may") {
    TemporaryDirectory const directory;
    Settings settings;
    settings.directory = directory.path() / "queue";
    settings.segment_size = 64 << 10;
    settings.free_min = 0;
    Recovery report;
    auto const queue = Queue::open(settings, report);
    REQUIRE(queue.has_value());
    auto const reader = (*queue)->reader("sink");
    std::uint64_t number = 0;
    {
        FileSizeLimit const limit{32 << 10};
        while (number < 10000 &&
               push_numbers(**queue, number + 1, number + 1, 100, [] { return true; }).has_value())
            ++number;
        CHECK((*queue)->statistics().full);
        CHECK(!(*queue)->statistics().failed);
        CHECK((*queue)->statistics().trouble.find("packets wait for space") != std::string::npos);
    }
    REQUIRE(push_numbers(**queue, number + 1, number + 100, 100).has_value());
    CHECK(!(*queue)->statistics().full);
    CHECK(drain(*reader) == "1-" + std::to_string(number + 100));
    CHECK((*queue)->close().has_value());
}

}  // namespace
}  // namespace arb::queue
