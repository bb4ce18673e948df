// The program as a service: real processes, real plugins, the real queue.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>

#include "host/admin.hpp"
#include "support.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

using namespace arb::test;

namespace {

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

std::size_t count(std::string const& text, std::string const& part) {
    std::size_t out = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++out;
    return out;
}

// A pipeline running in a directory of its own.
struct Service {
    TemporaryDirectory directory;
    std::unique_ptr<Process> process;

    explicit Service(std::string const& venues, std::string const& sinks = "filing: {file: out.txt}") {
        directory.write("pipeline.yaml", plugin_path_line +
                                             "queue: {directory: q}\nservice: {socket: s.sock}\nvenues: {" +
                                             venues + "}\nsinks: {" + sinks + "}\n");
    }
    void start(std::map<std::string, std::string> environment = {}) {
        process = std::make_unique<Process>(
            Command{{ARBITRAGE_PROGRAM, "run"}, std::move(environment), directory.path().string()},
            directory.path() / "log");
    }
    std::string rows() const { return read_file(directory / "out.txt"); }
    std::string log() const { return process->errors(); }
    boost::json::object status() const {
        auto const answer = arb::host::ask(directory / "s.sock", "/status");
        return answer.has_value() ? boost::json::parse(answer.value()).as_object() : boost::json::object{};
    }
    std::string state(std::string const& instance) const {
        auto const all = status();
        if (!all.contains("instances")) return "";
        for (auto const& one : all.at("instances").as_array())
            if (one.at("instance").as_string() == std::string_view{instance})
                return std::string{std::string_view{one.at("state").as_string()}};
        return "";
    }
    int stop() {
        process->signal(SIGTERM);
        return process->wait(20s).value_or(-1);
    }
};

}  // namespace

TEST_CASE("what a venue pushes reaches the sink, TERM drains, and the balance is printed") {
    Service service{"counting: {quotes: 1000}"};
    service.start();
    REQUIRE(eventually(10s, [&] { return contains(service.log(), "ready: every required instance works"); }));
    CHECK(service.stop() == 0);
    CHECK(count(service.rows(), "quote ") == 1000);
    CHECK(contains(service.log(),
                   "received 1000 = accepted 1000 + rejected 0; filing: 1000 = written 1000 + dead-lettered "
                   "0 + queued 0"));
    CHECK(contains(service.log(), "memory: "));
    struct stat about {};
    REQUIRE(::stat((service.directory / "q").c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0700);
}

TEST_CASE("status, readiness, metrics and tap are answered on the socket") {
    Service service{"counting: {quotes: 100000, every: 1ms}"};
    service.start();
    auto const socket = service.directory / "s.sock";
    REQUIRE(eventually(10s, [&] { return arb::host::ask(socket, "/readyz").has_value(); }));
    REQUIRE(eventually(10s,
                       [&] { return service.state("filing") == "live" && count(service.rows(), "\n") > 5; }));
    CHECK(arb::host::ask(socket, "/healthz").has_value());
    CHECK(service.state("counting") == "live");
    auto const status = service.status();
    CHECK(status.at("balance").at("holds") == true);
    CHECK(status.at("queue").at("accepted").to_number<std::uint64_t>() > 0);
    auto const metrics = arb::host::ask(socket, "/metrics").value();
    CHECK(contains(metrics, "arbitrage_packets_received_total{instance=\"counting\",kind=\"quote\"}"));
    CHECK(contains(metrics, "arbitrage_packets_written_total{instance=\"filing\",kind=\"quote\"}"));
    CHECK(contains(metrics, "arbitrage_queue_lag_packets{instance=\"filing\"}"));
    CHECK(contains(metrics, "arbitrage_feed_silence_seconds{instance=\"counting\"}"));
    CHECK(contains(metrics, "arbitrage_commit_latency_seconds_bucket{instance=\"filing\",le=\"+Inf\"}"));
    int lines = 0;
    REQUIRE(arb::host::follow(socket, "/tap?kind=quote&venue=counting", [&](std::string_view line) {
                CHECK(boost::json::parse(line).as_object().at("kind") == "quote");
                return ++lines < 3;
            }).has_value());
    CHECK(lines == 3);
    struct stat about {};
    REQUIRE(::stat(socket.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0600);
    REQUIRE(eventually(5s, [&] { return service.status().at("state").as_string() == "live"; }));
    auto const shown = run({{ARBITRAGE_PROGRAM, "status"}, {}, service.directory.path().string()});
    CHECK(shown.code == 0);
    CHECK(contains(shown.out, "INSTANCE"));
    CHECK(contains(shown.out, "every instance works"));
    CHECK(service.stop() == 0);
    CHECK_FALSE(std::filesystem::exists(socket));
}

TEST_CASE("a venue that fails, throws or ends is started again while the others go on") {
    Service service{
        "counting/fails: {quotes: 3, then: fail}, counting/throws: {quotes: 3, then: throw}, throwing: "
        "{required: false}, "
        "counting/ends: {quotes: 3, then: end}, counting: {quotes: 5000, every: 1ms}"};
    service.start();
    REQUIRE(eventually(20s, [&] {
        return count(service.log(), "counting/fails: failed: the feed broke; it is started again in") >= 2;
    }));
    REQUIRE(eventually(
        20s, [&] { return contains(service.log(), "counting/throws: failed: thrown by the test"); }));
    REQUIRE(eventually(
        20s, [&] { return contains(service.log(), "counting/ends: failed: the plugin ended by itself"); }));
    REQUIRE(eventually(20s, [&] {
        return contains(service.log(), "throwing: failed: the plugin threw an exception: out of a plugin");
    }));
    CHECK(service.state("counting") == "live");
    auto const before = count(service.rows(), "\n");
    REQUIRE(eventually(5s, [&] { return count(service.rows(), "\n") > before; }));
    CHECK(service.stop() == 0);
    CHECK(contains(service.log(), "+ queued 0"));
}

TEST_CASE("a sink that cannot start or write is asked again with the same packets") {
    Service service{"counting: {quotes: 50}",
                    "filing: {file: out.txt, starts_failing: 2, writes_failing: 2}"};
    service.start();
    REQUIRE(eventually(20s, [&] { return count(service.rows(), "quote ") == 50; }));
    CHECK(contains(
        service.log(),
        "filing: cannot start: the disk is busy; packets wait in the queue, the next attempt is in"));
    CHECK(contains(service.log(), "filing: cannot store: the disk is slow; packets wait in the queue"));
    REQUIRE(eventually(5s, [&] { return service.state("filing") == "live"; }));
    CHECK(service.stop() == 0);
    CHECK(count(service.rows(), "quote ") == 50);
}

TEST_CASE("a sink that waits for a person or throws holds its packets, and another goes on") {
    Service service{"counting: {quotes: 20}",
                    "filing/held: {file: a, held: true}, filing/throws: {file: b, throws: true}, filing: "
                    "{file: out.txt}"};
    service.start();
    REQUIRE(eventually(10s, [&] { return count(service.rows(), "quote ") == 20; }));
    REQUIRE(eventually(10s, [&] {
        return service.state("filing/held") == "held" && service.state("filing/throws") == "held";
    }));
    CHECK_FALSE(arb::host::ask(service.directory / "s.sock", "/readyz").has_value());
    auto const status = service.status();
    CHECK(status.at("balance").at("holds") == true);
    CHECK(service.stop() == 0);
    CHECK(contains(service.log(), "filing/held: 20 = written 0 + dead-lettered 0 + queued 20"));

    // They were kept: once nothing holds the sink, it gets them.
    service.directory.write(
        "pipeline.yaml", plugin_path_line +
                             "queue: {directory: q}\nservice: {socket: s.sock}\nvenues: {counting: {quotes: "
                             "0}}\nsinks: {filing/held: {file: out.txt}}\n");
    service.start();
    REQUIRE(eventually(10s, [&] { return count(service.rows(), "quote ") == 40; }));
    CHECK(service.stop() == 0);
}

TEST_CASE("dead letters and rejected packets keep the balance") {
    Service service{"counting: {quotes: 10, then: malformed}", "filing: {file: out.txt, dead: true}"};
    service.start();
    REQUIRE(eventually(10s, [&] {
        return contains(service.log(), "a push was rejected: packet 1 of the batch: kind is not known");
    }));
    REQUIRE(eventually(10s, [&] { return count(service.rows(), "quote ") == 10; }));
    CHECK(service.stop() == 0);
    CHECK(contains(service.log(), "received 11 = accepted 10 + rejected 1; filing: 10 = written "));
}

TEST_CASE("a plugin that hangs at the end is left behind, a second TERM does not wait for it") {
    Service service{"counting: {quotes: 5, then: hang}"};
    service.start();
    REQUIRE(eventually(10s, [&] { return count(service.rows(), "quote ") == 5; }));
    service.process->signal(SIGTERM);
    REQUIRE(eventually(5s, [&] { return contains(service.log(), "stops: got TERM"); }));
    service.process->signal(SIGTERM);
    CHECK(service.process->wait(3s) == 0);
    CHECK(contains(service.log(), "counting: did not stop in time and is left behind"));
}

TEST_CASE("HUP is said to be unsupported and changes nothing") {
    Service service{"counting: {quotes: 5}"};
    service.start();
    REQUIRE(eventually(10s, [&] { return contains(service.log(), "ready:"); }));
    service.process->signal(SIGHUP);
    REQUIRE(eventually(5s, [&] { return contains(service.log(), "reloading is not yet supported"); }));
    CHECK(service.process->running());
    CHECK(service.stop() == 0);
}

TEST_CASE("after kill -9 nothing accepted is missing and the interval becomes a gap") {
    Service service{"counting: {quotes: 100000, every: 1ms}"};
    service.start();
    REQUIRE(eventually(10s, [&] { return count(service.rows(), "quote ") > 20; }));
    service.process->signal(SIGKILL);
    service.process->wait(5s);
    auto const before = count(service.rows(), "quote ");
    service.start();
    REQUIRE(eventually(10s, [&] { return contains(service.rows(), " unclean_stop"); }));
    REQUIRE(eventually(10s, [&] { return count(service.rows(), "quote ") > before; }));
    CHECK(service.stop() == 0);
    CHECK(count(service.rows(), "unclean_stop") == 1);
    service.start();
    REQUIRE(eventually(10s, [&] { return contains(service.rows(), " stopped"); }));
    CHECK(service.stop() == 0);
    CHECK(count(service.rows(), "unclean_stop") == 1);
}

TEST_CASE("a second host on the same queue is refused") {
    Service service{"counting: {quotes: 5}"};
    service.start();
    REQUIRE(eventually(10s, [&] { return contains(service.log(), "ready:"); }));
    auto const second = run({{ARBITRAGE_PROGRAM, "run"}, {}, service.directory.path().string()});
    CHECK(second.code == 75);
    CHECK(service.stop() == 0);
}

TEST_CASE("the service manager hears of readiness, progress and the end") {
    Service service{"counting: {quotes: 5}"};
    auto const path = service.directory / "notify";
    int const socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    std::string heard;
    auto const hears = [&](std::string const& word) {
        return eventually(10s, [&] {
            char buffer[512];
            for (auto got = ::recv(socket, buffer, sizeof buffer, 0); got > 0;
                 got = ::recv(socket, buffer, sizeof buffer, 0))
                heard += std::string(buffer, static_cast<std::size_t>(got)) + "\n";
            return contains(heard, word);
        });
    };
    service.start({{"NOTIFY_SOCKET", path}, {"WATCHDOG_USEC", "900000"}});
    CHECK(hears("READY=1"));
    CHECK(hears("STATUS=every instance works"));
    heard.clear();
    CHECK(hears("WATCHDOG=1"));
    CHECK(service.stop() == 0);
    CHECK(hears("STOPPING=1"));
    ::close(socket);
}

TEST_CASE("a venue that is not required and cannot be used does not keep the service from being ready") {
    Service service{
        "counting: {quotes: 5}, nowhere: {required: false}, counting/wrong: {required: false, refuse: "
        "key.pem}"};
    service.start();
    REQUIRE(eventually(10s, [&] { return contains(service.log(), "ready:"); }));
    CHECK(contains(service.log(), "counting/wrong: cannot read the file key.pem"));
    CHECK(service.state("counting/wrong") == "failed");
    CHECK(service.stop() == 0);
}

TEST_CASE("lines of a plugin are cut to one line and limited") {
    Service service{"counting: {quotes: 3, loud: true, lines: 500}"};
    service.start();
    REQUIRE(eventually(10s, [&] { return contains(service.log(), "counting: pushed\\nquote"); }));
    CHECK(service.stop() == 0);
    CHECK(count(service.log(), "counting: line ") < 40);
}
