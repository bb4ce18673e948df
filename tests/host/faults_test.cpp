// The program while its machine misbehaves: asleep, without memory or descriptors, with a disk that fails in
// several ways, and with a wall clock that is set or races. After each fault it must recover by itself and
// have lost nothing it accepted.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

TEST_CASE("a program that did not run for half a minute goes on, and the time is a gap of every venue") {
    Service service{"counting: {quotes: 100000, every: 5ms}, counting/two: {quotes: 100000, every: 5ms}"};
    auto const suspended = service.directory / "suspended";
    write(suspended, "0");
    service.start(faulty({{"ARBITRAGE_SUSPENDED", suspended}}));
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    service.process->signal(SIGSTOP);
    write(suspended, "30");
    service.process->signal(SIGCONT);
    REQUIRE(eventually(30s, [&] { return count(service.rows(), " host_paused") == 2; }));
    CHECK(contains(service.log(), "the program did not run for 3"));
    REQUIRE(eventually(30s, [&] { return sentence(service) == "every instance works"; }));
    CHECK(service.status().at("pauses") == 1);
    CHECK(service.status().at("clock_steps") == 0);
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
}

TEST_CASE("a wall clock that is set is written down, and changes nothing else") {
    Service service{"counting: {quotes: 100000, every: 2ms}"};
    auto const clock = service.directory / "clock";
    write(clock, "0");
    service.start(faulty({{"ARBITRAGE_CLOCK", clock}}));
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    write(clock, "3600");
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "clock_step") == 1; }));
    write(clock, "-3600");
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "clock_step") == 2; }));
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
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") > before + 100; }));
    CHECK(service.status().at("balance").at("holds") == true);
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
    CHECK(contains(service.log(), "the wall clock was set from"));
}

TEST_CASE("a wall clock that runs sixty times as fast moves no timer") {
    Service service{"counting: {quotes: 100000, every: 2ms}"};
    auto const clock = service.directory / "clock";
    write(clock, "0");
    service.start(faulty({{"ARBITRAGE_CLOCK", clock}}));
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    write(clock, "x60");
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "clock_step") >= 3; }));
    auto const before = count(service.rows(), "quote ");
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") > before + 100; }));
    CHECK(service.state("counting") == "live");
    CHECK(service.status().at("pauses") == 0);
    CHECK(service.status().at("balance").at("holds") == true);
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
}

TEST_CASE("a disk whose syncs are slow is said to be, until they are not") {
    Service service{"counting: {quotes: 100000, every: 2ms}"};
    auto const disk = service.directory / "disk";
    service.start(faulty({{"ARBITRAGE_DISK", disk}}));
    REQUIRE(eventually(30s, [&] { return sentence(service) == "every instance works"; }));
    write(disk, "slow");
    REQUIRE(eventually(30s, [&] { return contains(sentence(service), "the disk of the queue is slow"); }));
    CHECK(service.status().at("state").as_string() == "degraded");
    auto const before = count(service.rows(), "quote ");
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") > before; }));
    write(disk, "");
    REQUIRE(eventually(30s, [&] { return sentence(service) == "every instance works"; }));
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
}

TEST_CASE("a disk that hangs is said to be before it answers, and the watchdog is not fed") {
    Service service{"counting: {quotes: 100000, every: 2ms}"};
    auto const disk = service.directory / "disk";
    NotifySocket const socket{service.directory / "notify"};
    service.start(faulty({{"ARBITRAGE_DISK", disk},
                          {"NOTIFY_SOCKET", service.directory / "notify"},
                          {"WATCHDOG_USEC", "900000"}}));
    REQUIRE(eventually(30s, [&] { return sentence(service) == "every instance works"; }));
    write(disk, "hanging");
    CHECK(eventually(30s, [&] { return contains(sentence(service), "the disk of the queue is slow"); }));
    CHECK(eventually(30s, [&] { return socket.unfed_for(1500ms); }));
    write(disk, "");
    CHECK(eventually(30s, [&] { return contains(socket.heard(), "WATCHDOG=1"); }));
    REQUIRE(eventually(30s, [&] { return sentence(service) == "every instance works"; }));
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
}

TEST_CASE("a disk that becomes read-only makes venues wait, and what waited is stored afterwards") {
    Service service{"counting: {quotes: 100000, every: 2ms}"};
    auto const disk = service.directory / "disk";
    service.start(faulty({{"ARBITRAGE_DISK", disk}}));
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    write(disk, "readonly");
    REQUIRE(eventually(30s, [&] { return contains(sentence(service), "Read-only file system"); }));
    CHECK(service.status().at("state").as_string() == "degraded");
    CHECK(service.process->running());
    write(disk, "");
    auto const before = count(service.rows(), "quote ");
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") > before + 100; }));
    REQUIRE(eventually(30s, [&] { return sentence(service) == "every instance works"; }));
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
    CHECK(run({{ARBITRAGE_PROGRAM, "queue", "check"}, {}, service.directory.path().string()}).code == 0);
}

TEST_CASE("a disk whose syncs fail for good ends the program, and the next start goes on") {
    Service service{"counting: {quotes: 100000, every: 2ms}"};
    auto const disk = service.directory / "disk";
    service.start(faulty({{"ARBITRAGE_DISK", disk}}));
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") > 50; }));
    write(disk, "broken");
    CHECK(service.process->wait(30s) == 74);
    CHECK(contains(service.log(), "the queue accepts nothing more"));
    auto const before = count(service.rows(), "quote ");
    service.start();
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") > before + 50; }));
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
    CHECK(run({{ARBITRAGE_PROGRAM, "queue", "check"}, {}, service.directory.path().string()}).code == 0);
}

TEST_CASE("a queue that cannot be read for a while is said to be, and is read when it can") {
    Service service{"counting: {quotes: 50}", "filing: {file: out.txt, held: true}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return service.state("filing") == "held"; }));
    REQUIRE(eventually(30s, [&] { return service.status().at("queue").at("accepted") == 50; }));
    CHECK(service.stop() == 0);

    service.configure("counting: {quotes: 50}", "filing: {file: out.txt}");
    auto const disk = service.directory / "disk";
    write(disk, "unreadable");
    service.start(faulty({{"ARBITRAGE_DISK", disk}}));
    REQUIRE(eventually(30s, [&] {
        return contains(service.log(), "filing: cannot read the queue: cannot open") &&
               contains(service.log(), "Too many open files; packets wait in the queue");
    }));
    CHECK(service.state("filing") == "retrying");
    write(disk, "");
    REQUIRE(eventually(60s, [&] { return count(service.rows(), "quote ") == 100; }));
    REQUIRE(eventually(30s, [&] { return service.state("filing") == "live"; }));
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
}

TEST_CASE("descriptors that run out at any moment of the start end it with a sentence and damage nothing") {
    static std::set<int> const clean{69, 74, 78};
    Service service{"counting: {quotes: 20}"};
    bool ready = false;
    for (int limit = 3; !ready && limit != 64; ++limit) {
        INFO(limit << " descriptors");
        service.start(faulty({{"ARBITRAGE_DESCRIPTORS", std::to_string(limit)}}));
        REQUIRE(eventually(30s, [&] {
            return !service.process->running() || contains(service.log(), "ready:") ||
                   contains(service.log(), "packets wait in the queue");
        }));
        ready = contains(service.log(), "ready:");
        if (service.process->running()) {
            service.process->signal(SIGKILL);
            service.process->wait(30s);
            continue;
        }
        INFO(service.log());
        CHECK(clean.contains(service.process->wait(30s).value_or(-1)));
        CHECK(contains(service.log(), "Too many open files"));
    }
    REQUIRE(ready);
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    CHECK(service.stop() == 0);
    CHECK(count(service.rows(), "quote ") >= 20);
    CHECK(missing(service.rows()) == "");
    CHECK(run({{ARBITRAGE_PROGRAM, "queue", "check"}, {}, service.directory.path().string()}).code == 0);
}

TEST_CASE("without a free descriptor what is open goes on, and the socket answers as soon as there is one") {
    Service service{"counting: {quotes: 100000, every: 2ms}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    auto const more_quotes = [&] {
        auto const before = count(service.rows(), "quote ");
        return eventually(30s, [&] { return count(service.rows(), "quote ") > before + 200; });
    };
    rlimit usual{};
    REQUIRE(::prlimit(service.process->pid(), RLIMIT_NOFILE, nullptr, &usual) == 0);
    rlimit const none{3, usual.rlim_max};
    REQUIRE(::prlimit(service.process->pid(), RLIMIT_NOFILE, &none, nullptr) == 0);
    // Waits in the queue of the socket, which cannot be accepted from.
    int const client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (service.directory / "s.sock").copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    std::string const request = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
    REQUIRE(::send(client, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
    CHECK(more_quotes());
    char answer[1024] = {};
    CHECK(::recv(client, answer, sizeof answer - 1, MSG_DONTWAIT) == -1);
    REQUIRE(::prlimit(service.process->pid(), RLIMIT_NOFILE, &usual, nullptr) == 0);
    CHECK(eventually(30s, [&] { return ::recv(client, answer, sizeof answer - 1, MSG_DONTWAIT) > 0; }));
    CHECK(contains(answer, "200 OK"));
    ::close(client);
    CHECK(service.status().at("balance").at("holds") == true);
    CHECK(more_quotes());
    CHECK(service.stop() == 0);
    CHECK(missing(service.rows()) == "");
}

namespace {

// Runs with the allocation failing, and whatever came of it: the journal must be readable, and the next start
// must store all that was accepted. What went wrong, or nothing.
std::string survive(std::string const& failing) {
    Service service{"counting: {quotes: 300}"};
    service.start(faulty({{"ARBITRAGE_MALLOC", failing}}));
    eventually(4s, [&] { return !service.process->running() || count(service.rows(), "quote ") >= 300; });
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
    if (!eventually(30s, [&] { return contains(service.log(), "ready:"); }))
        return "is not ready afterwards: " + service.log();
    if (!eventually(30s, [&] { return count(service.rows(), "quote ") >= 300; }))
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
    REQUIRE(eventually(30s, [&] { return count(whole.rows(), "quote ") >= 300; }));
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
