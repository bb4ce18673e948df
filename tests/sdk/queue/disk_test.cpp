// A disk that is full, fails, or writes only a part.
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

}  // namespace
}  // namespace arb::queue
