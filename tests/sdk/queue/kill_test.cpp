// A writer that is killed again and again loses nothing it had accepted.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <random>
#include <thread>

#include "sdk/queue/packets.hpp"
#include "support/catch.hpp"

namespace arb::queue {
namespace {

Settings settings_of(std::filesystem::path const& directory) {
    Settings settings;
    settings.directory = directory / "queue";
    settings.segment_size = 256 << 10;
    settings.free_min = 0;
    return settings;
}

// Pushes for ever; writes the last number of each accepted batch to the ledger with write(2).
[[noreturn]] void write_until_killed(std::filesystem::path const& directory, std::uint64_t first,
                                     int ledger) {
    Recovery report;
    auto const queue = Queue::open(settings_of(directory), report);
    if (queue.has_error()) ::_exit(1);
    for (auto number = first;; number += 10) {
        if (push_numbers(**queue, number, number + 9).has_error()) ::_exit(2);
        auto const last = number + 9;
        if (::write(ledger, &last, sizeof last) != sizeof last) ::_exit(3);
    }
}

TEST_CASE("kill -9 takes nothing that was accepted and doubles nothing") {
    TemporaryDirectory const directory;
    auto const path = (directory.path() / "ledger").string();
    int const ledger = ::open(path.c_str(), O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
    REQUIRE(ledger >= 0);
    std::mt19937_64 random{7};
    std::uint64_t first = 1;
    std::uint64_t newest = 0, incarnation = 0;
    for (int round = 0; round != 12; ++round) {
        auto const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) write_until_killed(directory.path(), first, ledger);
        std::this_thread::sleep_for(std::chrono::milliseconds{1 + random() % 30});
        ::kill(child, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));

        std::uint64_t accepted = 0;
        auto const size = ::lseek(ledger, 0, SEEK_END);
        if (size > 0) REQUIRE(::pread(ledger, &accepted, sizeof accepted, size - 8) == 8);
        Recovery report;
        auto const queue = Queue::open(settings_of(directory.path()), report);
        REQUIRE(queue.has_value());
        CHECK(report.lost_records == 0);
        auto const reader = (*queue)->reader("sink");
        for (;;) {
            auto const batch = reader->read({}, std::chrono::milliseconds{0});
            REQUIRE(batch.has_value());
            if (batch->packets.empty()) break;
            CHECK(batch->first.incarnation >= incarnation);
            incarnation = batch->last.incarnation;
            for (auto const* packet : batch->packets) {
                auto const number = number_of(*packet);
                if (number != newest + 1 && number != first) FAIL("read " << number << " after " << newest);
                newest = number;
            }
            reader->acknowledge(batch->last);
        }
        CHECK(newest >= accepted);
        CHECK((*queue)->close().has_value());
        // Each round has numbers of its own, so that none is expected twice.
        first = newest + 1;
    }
    ::close(ledger);
    CHECK(newest > 0);
}

}  // namespace
}  // namespace arb::queue
