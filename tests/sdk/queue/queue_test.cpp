#include "queue/queue.hpp"

#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "arbitrage/check.hpp"
#include "sdk/queue/packets.hpp"
#include "support/catch.hpp"

namespace arb::queue {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t small_segment = 64 << 10;

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
            std::this_thread::sleep_for(milliseconds{600});  // the place is stored within 250 ms
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

}  // namespace
}  // namespace arb::queue
