// The program while its machine misbehaves: stopped, without memory, with a slow or read-only disk, and with
// a wall clock that is set. After each fault it must recover by itself and have lost nothing it accepted.
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "service.hpp"
#include "support/catch.hpp"

using namespace arb::test;

namespace {

std::map<std::string, std::string> faulty(std::map<std::string, std::string> more = {}) {
    more["LD_PRELOAD"] = ARBITRAGE_TEST_FAULTS;
    return more;
}

void write(std::filesystem::path const& file, std::string const& text) { std::ofstream{file} << text; }

std::string sentence(Service const& service) {
    auto const status = service.status();
    return status.empty() ? "" : std::string{std::string_view{status.at("sentence").as_string()}};
}

// Whether every position from 1 to the newest has come out, in order; what is wrong otherwise.
std::string missing(std::string const& rows) {
    std::istringstream lines{rows};
    std::set<std::uint64_t> seen;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line};
        std::string kind;
        std::uint64_t position = 0;
        words >> kind >> position;
        seen.insert(position);
    }
    std::uint64_t expected = 1;
    for (auto const position : seen)
        if (position != expected++) return "packet " + std::to_string(expected - 1) + " is missing";
    return "";
}

}  // namespace

TEST_CASE("a program that was stopped for 11 s goes on, and the time is a gap of every venue") {
    Service service{"counting: {quotes: 100000, every: 5ms}, counting/two: {quotes: 100000, every: 5ms}"};
    service.start();
    REQUIRE(eventually(10s, [&] { return contains(service.log(), "ready:"); }));
    service.process->signal(SIGSTOP);
    // What is waited for is the time itself.
    std::this_thread::sleep_for(11s);
    service.process->signal(SIGCONT);
    REQUIRE(eventually(10s, [&] { return count(service.rows(), " host_paused") == 2; }));
    CHECK(contains(service.log(), "the program did not run for 11 s"));
    REQUIRE(eventually(10s, [&] { return sentence(service) == "every instance works"; }));
    CHECK(service.status().at("pauses") == 1);
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
}

TEST_CASE("a wall clock that is set is written down, and changes nothing else") {
    Service service{"counting: {quotes: 100000, every: 2ms}"};
    auto const clock = service.directory / "clock";
    write(clock, "0");
    service.start(faulty({{"ARBITRAGE_CLOCK", clock}}));
    REQUIRE(eventually(10s, [&] { return contains(service.log(), "ready:"); }));
    write(clock, "3600");
    REQUIRE(eventually(10s, [&] { return count(service.rows(), "clock_step") == 1; }));
    write(clock, "-3600");
    REQUIRE(eventually(10s, [&] { return count(service.rows(), "clock_step") == 2; }));
    std::vector<long> steps;
    for (auto at = service.rows().find("milliseconds"); at != std::string::npos;
         at = service.rows().find("milliseconds", at + 1))
        steps.push_back(std::atol(service.rows().c_str() + at + std::string_view{"milliseconds\":"}.size()));
    REQUIRE(steps.size() == 2);
    CHECK(std::abs(steps[0] - 3'600'000) < 1000);
    CHECK(std::abs(steps[1] + 7'200'000) < 1000);
    CHECK(service.status().at("clock_steps") == 2);
    CHECK(service.state("counting") == "live");
    auto const before = count(service.rows(), "quote ");
    REQUIRE(eventually(10s, [&] { return count(service.rows(), "quote ") > before + 100; }));
    CHECK(service.status().at("balance").at("holds") == true);
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
    CHECK(contains(service.log(), "the wall clock was set from"));
}

TEST_CASE("a disk whose syncs are slow is said to be, until they are not") {
    Service service{"counting: {quotes: 100000, every: 2ms}"};
    auto const disk = service.directory / "disk";
    service.start(faulty({{"ARBITRAGE_DISK", disk}}));
    REQUIRE(eventually(10s, [&] { return sentence(service) == "every instance works"; }));
    write(disk, "slow");
    REQUIRE(eventually(20s, [&] { return contains(sentence(service), "the disk of the queue is slow"); }));
    CHECK(service.status().at("state").as_string() == "degraded");
    auto const before = count(service.rows(), "quote ");
    REQUIRE(eventually(10s, [&] { return count(service.rows(), "quote ") > before; }));
    write(disk, "");
    REQUIRE(eventually(20s, [&] { return sentence(service) == "every instance works"; }));
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
}

TEST_CASE("a disk that becomes read-only makes venues wait, and what waited is stored afterwards") {
    Service service{"counting: {quotes: 100000, every: 2ms}"};
    auto const disk = service.directory / "disk";
    service.start(faulty({{"ARBITRAGE_DISK", disk}}));
    REQUIRE(eventually(10s, [&] { return contains(service.log(), "ready:"); }));
    write(disk, "readonly");
    REQUIRE(eventually(20s, [&] { return contains(sentence(service), "Read-only file system"); }));
    CHECK(service.status().at("state").as_string() == "degraded");
    CHECK(service.process->running());
    write(disk, "");
    auto const before = count(service.rows(), "quote ");
    REQUIRE(eventually(20s, [&] { return count(service.rows(), "quote ") > before + 100; }));
    REQUIRE(eventually(20s, [&] { return sentence(service) == "every instance works"; }));
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
    CHECK(run({{ARBITRAGE_PROGRAM, "queue", "check"}, {}, service.directory.path().string()}).code == 0);
}

namespace {

// Runs with the allocation failing, and whatever came of it: the journal must be readable, and the next start
// must store all that was accepted. What went wrong, or nothing.
std::string survive(std::string const& failing) {
    Service service{"counting: {quotes: 300}"};
    service.start(faulty({{"ARBITRAGE_MALLOC", failing}}));
    eventually(3s, [&] { return !service.process->running() || count(service.rows(), "quote ") >= 300; });
    service.process->signal(SIGTERM);
    auto const code = service.process->wait(25s);
    if (!code) return "did not end";
    // An exit code of ours, or the end that C++ gives a program whose memory is gone where nothing may fail.
    static std::set<int> const clean{0, 1, 64, 69, 70, 74, 75, 78, 127, 128 + SIGABRT, 128 + SIGTERM};
    // While the configuration is read nothing was accepted yet, and the library that reads schemas takes for
    // granted that there is memory.
    bool const began = contains(service.log(), " starts with ");
    if (began && !clean.contains(*code)) return "ended with " + std::to_string(*code) + "\n" + service.log();
    service.start();
    if (!eventually(10s, [&] { return contains(service.log(), "ready:"); }))
        return "is not ready afterwards: " + service.log();
    if (!eventually(10s, [&] { return count(service.rows(), "quote ") >= 300; }))
        return "does not store afterwards: " + service.log();
    if (service.stop() != 0) return "does not stop afterwards";
    auto const checked = run({{ARBITRAGE_PROGRAM, "queue", "check"}, {}, service.directory.path().string()});
    if (checked.code != 0) return "left a damaged queue: " + checked.out;
    return missing(service.rows());
}

}  // namespace

TEST_CASE("memory that runs out at any moment, once or for good, ends cleanly and damages nothing") {
    Service whole{"counting: {quotes: 300}"};
    auto const file = whole.directory / "allocations";
    whole.start(faulty({{"ARBITRAGE_MALLOC", "0:once"}, {"ARBITRAGE_MALLOC_COUNT", file}}));
    REQUIRE(eventually(10s, [&] { return count(whole.rows(), "quote ") >= 300; }));
    CHECK(whole.stop() == 0);
    auto const allocations = std::atol(read_file(file).c_str());
    REQUIRE(allocations > 1000);
    auto const seed = std::random_device{}();
    INFO("seed " << seed << ", " << allocations << " allocations");
    std::minstd_rand random{seed};
    for (int i = 0; i != 32; ++i) {
        // The first half is reading the configuration.
        std::uniform_int_distribution<long> any{i % 4 == 0 ? 1 : allocations / 2, allocations};
        auto const failing = std::to_string(any(random)) + (i % 3 == 0 ? ":on" : ":once");
        INFO("allocation " << failing);
        CHECK(survive(failing) == "");
    }
}
