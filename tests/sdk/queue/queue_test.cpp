#include "queue/queue.hpp"

#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "arbitrage/check.hpp"
#include "queue/inspection.hpp"
#include "sdk/queue/packets.hpp"
#include "support/catch.hpp"

namespace arb::queue {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t small_segment = 64 << 10;

// Waits until the place of the only sink, as the disk has it, is at that packet.
bool place_on_disk_becomes(std::filesystem::path const& directory, std::uint64_t sequence) {
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (std::chrono::steady_clock::now() < end) {
        auto const seen = Inspection::open(system_files(), directory);
        if (seen.has_value() && seen->sinks().size() == 1 && seen->sinks()[0].position.sequence == sequence)
            return true;
        std::this_thread::sleep_for(milliseconds{5});
    }
    return false;
}

// Asks until `condition` holds; what it said last.
template<class Condition>
bool eventually(Condition condition) {
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(milliseconds{1});
    }
    return true;
}

Settings small(std::filesystem::path const& directory) {
    Settings settings;
    settings.directory = directory / "queue";
    settings.segment_size = small_segment;
    settings.free_min = 0;
    return settings;
}

std::unique_ptr<Queue> open(Settings const& settings, Recovery* report = nullptr) {
    Recovery recovery;
    auto queue = Queue::open(settings, recovery);
    if (queue.has_error()) FAIL(queue.error().text);
    if (report != nullptr) *report = recovery;
    return std::move(*queue);
}

TEST_CASE("what is pushed is read, in order, with its position") {
    TemporaryDirectory const directory;
    auto const queue = open(small(directory.path()));
    auto const reader = queue->reader("sqlite");
    REQUIRE(push_numbers(*queue, 1, 3).has_value());
    REQUIRE(push_numbers(*queue, 4, 5).has_value());
    auto const batch = reader->read({}, milliseconds{1000});
    REQUIRE(batch.has_value());
    REQUIRE(batch->packets.size() == 5);
    for (std::uint64_t i = 0; i != 5; ++i) {
        CHECK(batch->packets[i]->position == i + 1);
        CHECK(number_of(*batch->packets[i]) == i + 1);
        CHECK(check(reinterpret_cast<std::byte const*>(batch->packets[i]), batch->packets[i]->size) ==
              nullptr);
    }
    CHECK(batch->first.incarnation == 1);
    CHECK(batch->first.sequence == 1);
    CHECK(batch->last.sequence == 5);
    CHECK(reader->lag_packets() == 5);
    reader->acknowledge(batch->last);
    CHECK(reader->lag_packets() == 0);
    CHECK(queue->close().has_value());
}

TEST_CASE("a reader goes on behind what it acknowledged, after a clean stop and after an unclean one") {
    TemporaryDirectory const directory;
    bool const clean = GENERATE(true, false);
    {
        auto const queue = open(small(directory.path()));
        auto const reader = queue->reader("postgres/main");
        REQUIRE(push_numbers(*queue, 1, 1000).has_value());
        auto const batch = reader->read({400, 8 << 20}, milliseconds{1000});
        REQUIRE(batch->packets.size() == 400);
        reader->acknowledge(batch->last);
        if (clean)
            REQUIRE(queue->close().has_value());
        else
            REQUIRE(place_on_disk_becomes(directory.path() / "queue", 400));
    }
    Recovery report;
    auto const queue = open(small(directory.path()), &report);
    for (auto const& sentence : report.sentences) UNSCOPED_INFO(sentence);
    CHECK(report.clean == clean);
    CHECK(report.records == 600);
    CHECK(report.lost_records == 0);
    CHECK(report.last_accepted == 1000);
    CHECK(queue->sinks() == std::vector<std::string>{"postgres/main"});
    auto const reader = queue->reader("postgres/main");
    CHECK(reader->acknowledged().sequence == 400);
    REQUIRE(push_numbers(*queue, 1001, 1100).has_value());
    CHECK(reader->lag_packets() == 700);
    auto const first = reader->read({}, milliseconds{1000});
    CHECK(first->first.incarnation == 1);
    CHECK(first->last.incarnation == 1);
    auto const begin = number_of(*first->packets.front());
    auto const end = number_of(*first->packets.back());
    CHECK(begin == 401);
    CHECK(drain(*reader) == std::to_string(end + 1) + "-1100");
    // A sink that is new begins at the oldest.
    CHECK(drain(*queue->reader("new")) == "1-1100");
}

TEST_CASE("a second opener is refused and changes nothing") {
    TemporaryDirectory const directory;
    auto const queue = open(small(directory.path()));
    Recovery report;
    auto const second = Queue::open(small(directory.path()), report);
    REQUIRE(second.has_error());
    CHECK(second.error().status == ARB_PERMANENT);
    CHECK(second.error().where == "locked");
    CHECK(push_numbers(*queue, 1, 1).has_value());
}

TEST_CASE("a batch ends at its limits") {
    TemporaryDirectory const directory;
    auto const queue = open(small(directory.path()));
    auto const reader = queue->reader("sink");
    REQUIRE(push_numbers(*queue, 1, 100).has_value());
    CHECK(reader->read({7, 8 << 20}, milliseconds{0})->packets.size() == 7);
    auto const one = reader->read({100, 1}, milliseconds{0});
    CHECK(one->packets.size() == 1);
    auto const size = one->packets.front()->size;
    CHECK(reader->read({100, 3 * size}, milliseconds{0})->packets.size() == 3);
    CHECK(drain(*reader) == "12-100");
    reader->interrupt();
    CHECK(reader->read({}, milliseconds{10000})->packets.empty());
}

TEST_CASE("several producers and several readers each see every packet once") {
    TemporaryDirectory const directory;
    auto settings = small(directory.path());
    settings.tail_size = 64 << 10;  // so that readers fall behind into the files
    auto const queue = open(settings);
    constexpr std::uint64_t each = 3000, producers = 3;
    std::vector<std::thread> threads;
    for (std::uint64_t p = 0; p != producers; ++p)
        threads.emplace_back(
            [&, p] { static_cast<void>(push_numbers(*queue, 1 + p * each, (p + 1) * each).has_value()); });
    for (auto const* name : {"a", "b"})
        threads.emplace_back([&, reader = std::shared_ptr{queue->reader(name)}] {
            std::vector<std::uint64_t> newest(producers, 0);
            std::uint64_t count = 0, position = 0;
            auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
            while (count != each * producers && std::chrono::steady_clock::now() < until) {
                auto const batch = reader->read({50, 8 << 20, milliseconds{1}}, milliseconds{100});
                for (auto const* packet : batch->packets) {
                    auto const number = number_of(*packet);
                    auto& last = newest[(number - 1) / each];
                    if (packet->position != ++position || number <= last) return;
                    last = number;
                    ++count;
                }
                reader->acknowledge(batch->last);
            }
        });
    for (auto& thread : threads) thread.join();
    CHECK(queue->reader("a")->lag_packets() == 0);
    CHECK(queue->reader("b")->lag_packets() == 0);
    CHECK(queue->statistics().accepted_packets == each * producers);
}

TEST_CASE("a full queue waits until a sink has made room, or until the pusher gives up") {
    TemporaryDirectory const directory;
    auto settings = small(directory.path());
    settings.size_max = 4 * small_segment;
    settings.keep_acked = milliseconds{0};
    auto const queue = open(settings);
    auto const reader = queue->reader("sink");
    std::uint64_t number = 0;
    bool full = false;
    while (!full && number < 100000) {
        auto const pushed = push_numbers(*queue, number + 1, number + 50, 100, [] { return true; });
        full = pushed.has_error();
        if (full)
            CHECK(pushed.error().status == ARB_CLOSED);
        else
            number += 50;
    }
    REQUIRE(full);
    CHECK(queue->statistics().full);
    CHECK(queue->statistics().bytes <= settings.size_max);
    CHECK(!queue->statistics().trouble.empty());
    CHECK(drain(*reader, true) == "1-" + std::to_string(number));
    CHECK(push_numbers(*queue, number + 1, number + 50, 100).has_value());
    CHECK(drain(*reader, true) == std::to_string(number + 1) + "-" + std::to_string(number + 50));
}

TEST_CASE("what is kept for a replay alone does not make the queue full") {
    TemporaryDirectory const directory;
    auto settings = small(directory.path());
    settings.size_max = 8 * small_segment;
    settings.keep_acked_size = 8 * small_segment;
    auto const queue = open(settings);
    auto const reader = queue->reader("sink");
    std::uint64_t number = 0;
    while (queue->percent_full() < 60) {
        REQUIRE(push_numbers(*queue, number + 1, number + 50, 100, [] { return true; }).has_value());
        number += 50;
    }
    CHECK(queue->statistics().needed_bytes > settings.size_max / 2);
    drain(*reader, true);
    CHECK(eventually([&] { return queue->percent_full() == 0; }));
    CHECK(queue->statistics().needed_bytes == 0);
    CHECK(queue->statistics().bytes > settings.size_max / 2);
}

TEST_CASE("venues leave the last of the queue to others") {
    TemporaryDirectory const directory;
    auto settings = small(directory.path());
    settings.size_max = 20 * small_segment;
    settings.segment_size = small_segment;
    settings.keep_acked = milliseconds{0};
    auto const queue = open(settings);
    auto const reader = queue->reader("sink");
    std::uint64_t number = 0;
    auto const push = [&](unsigned percent_max) {
        Packets packets;
        for (int i = 1; i <= 50; ++i) add_number(packets, number + static_cast<std::uint64_t>(i), 100);
        auto const pushed = queue->push(
            packets.bytes(), [] { return true; }, percent_max);
        if (pushed.has_value()) number += 50;
        return pushed.has_value();
    };
    REQUIRE(eventually([&] { return !push(50); }));
    CHECK(queue->percent_full() >= 50);
    CHECK(queue->percent_full() < 60);
    CHECK(queue->statistics().full);
    CHECK(queue->statistics().trouble.find("packets of venues wait") != std::string::npos);
    CHECK(push(100));
    CHECK_FALSE(push(50));
    CHECK(drain(*reader, true) == "1-" + std::to_string(number));
    CHECK(eventually([&] { return push(50); }));
    CHECK_FALSE(queue->statistics().full);
}

TEST_CASE("drop_oldest counts what it drops and readers learn of it") {
    TemporaryDirectory const directory;
    auto settings = small(directory.path());
    settings.size_max = 4 * small_segment;
    settings.when_full = WhenFull::drop_oldest;
    settings.tail_size = 0;
    auto const queue = open(settings);
    auto const reader = queue->reader("sink");
    REQUIRE(push_numbers(*queue, 1, 5000, 100).has_value());
    auto const dropped = queue->statistics().dropped_packets;
    CHECK(dropped > 0);
    CHECK(reader->lag_packets() == 5000 - dropped);
    CHECK(drain(*reader, true) == std::to_string(dropped + 1) + "-5000");
    CHECK(reader->skipped_packets() == dropped);
    CHECK(reader->lag_packets() == 0);
}

TEST_CASE("a sink that is forgotten holds nothing back any more") {
    TemporaryDirectory const directory;
    {
        auto const queue = open(small(directory.path()));
        auto const reader = queue->reader("old");
        CHECK(queue->forget("old").has_error());
        CHECK(queue->forget("unknown").has_error());
    }
    auto const queue = open(small(directory.path()));
    CHECK(queue->sinks() == std::vector<std::string>{"old"});
    CHECK(queue->forget("old").has_value());
    CHECK(queue->sinks().empty());
    CHECK(!std::filesystem::exists(directory.path() / "queue" / "ack-old"));
}

TEST_CASE("seek goes behind a position and says what is missing") {
    TemporaryDirectory const directory;
    { REQUIRE(push_numbers(*open(small(directory.path())), 1, 100).has_value()); }
    auto const queue = open(small(directory.path()));
    REQUIRE(push_numbers(*queue, 101, 110).has_value());
    auto const reader = queue->reader("sink");
    CHECK(*reader->seek({1, 90}) == 0);
    CHECK(drain(*reader) == "91-110");
    // The database is ahead of a journal that lost its newest: only the start after that one counts.
    CHECK(*reader->seek({1, 5000}) == 0);
    CHECK(drain(*reader) == "101-110");
    CHECK(*reader->seek({0, 0}) == 0);
    CHECK(drain(*reader) == "1-110");
    CHECK(reader->seek({7, 1}).has_error());
}

}  // namespace
}  // namespace arb::queue
