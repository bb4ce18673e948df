// The program as a service: real processes, real plugins, the real queue.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>

#include "host/admin.hpp"
#include "service.hpp"
#include "support/catch.hpp"

using namespace arb::test;

namespace {

int connect_local(std::string const& path) {
    int const socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return socket;
}

// What the other side says first, up to the end of the line; "" if it ends before.
std::string first_line(int socket) {
    std::string line;
    for (char c = 0; line.size() < 200 && ::recv(socket, &c, 1, 0) == 1 && c != '\r';) line += c;
    return line;
}

}  // namespace

TEST_CASE("what a venue pushes reaches the sink, TERM drains, and the balance is printed") {
    Service service{"counting: {quotes: 1000}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready: every required instance works"); }));
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
    REQUIRE(eventually(30s, [&] { return arb::host::ask(socket, "/readyz").has_value(); }));
    REQUIRE(eventually(30s,
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
    REQUIRE(eventually(30s, [&] { return service.status().at("state").as_string() == "live"; }));
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
        "counting/ends: {quotes: 3, then: end}, counting: {quotes: 100000, every: 1ms}"};
    service.start();
    REQUIRE(eventually(30s, [&] {
        return count(service.log(), "counting/fails: failed: the feed broke; it is started again in") >= 2;
    }));
    REQUIRE(eventually(
        20s, [&] { return contains(service.log(), "counting/throws: failed: thrown by the test"); }));
    REQUIRE(eventually(
        20s, [&] { return contains(service.log(), "counting/ends: failed: the plugin ended by itself"); }));
    REQUIRE(eventually(30s, [&] {
        return contains(service.log(), "throwing: failed: the plugin threw an exception: out of a plugin");
    }));
    CHECK(service.state("counting") == "live");
    auto const before = count(service.rows(), "\n");
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "\n") > before; }));
    CHECK(service.stop() == 0);
    CHECK(contains(service.log(), "+ queued 0"));
}

TEST_CASE("a sink that cannot start or write is asked again with the same packets") {
    Service service{"counting: {quotes: 50}",
                    "filing: {file: out.txt, starts_failing: 2, writes_failing: 2}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") == 50; }));
    CHECK(contains(
        service.log(),
        "filing: cannot start: the disk is busy; packets wait in the queue, the next attempt is in"));
    CHECK(contains(service.log(), "filing: cannot store: the disk is slow; packets wait in the queue"));
    REQUIRE(eventually(30s, [&] { return service.state("filing") == "live"; }));
    CHECK(service.stop() == 0);
    CHECK(count(service.rows(), "quote ") == 50);
}

TEST_CASE("a sink that waits for a person or throws holds its packets, and another goes on") {
    Service service{"counting: {quotes: 20}",
                    "filing/held: {file: a, held: true}, filing/throws: {file: b, throws: true}, filing: "
                    "{file: out.txt}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") == 20; }));
    REQUIRE(eventually(30s, [&] {
        return service.state("filing/held") == "held" && service.state("filing/throws") == "held";
    }));
    CHECK_FALSE(arb::host::ask(service.directory / "s.sock", "/readyz").has_value());
    auto const status = service.status();
    CHECK(status.at("balance").at("holds") == true);
    CHECK(service.stop() == 0);
    CHECK(contains(service.log(), "filing/held: 20 = written 0 + dead-lettered 0 + queued 20"));

    // They were kept: once nothing holds the sink, it gets them.
    service.configure("counting: {quotes: 0}", "filing/held: {file: out.txt}");
    service.start();
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") == 40; }));
    CHECK(service.stop() == 0);
}

TEST_CASE("dead letters and rejected packets keep the balance") {
    Service service{"counting: {quotes: 10, then: malformed}", "filing: {file: out.txt, dead: true}"};
    service.start();
    REQUIRE(eventually(30s, [&] {
        return contains(service.log(), "a push was rejected: packet 1 of the batch: kind is not known");
    }));
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") == 10; }));
    // The metrics add up like the balance: 11 received = 10 accepted + 1 rejected.
    auto const metrics = arb::host::ask(service.directory / "s.sock", "/metrics").value();
    CHECK(contains(metrics, "arbitrage_packets_received_total{instance=\"counting\",kind=\"quote\"} 10"));
    CHECK(contains(metrics, "arbitrage_packets_received_total{instance=\"counting\",kind=\"unreadable\"} 1"));
    CHECK(
        contains(metrics, "arbitrage_packets_rejected_total{instance=\"counting\",reason=\"malformed\"} 1"));
    CHECK(contains(metrics, "arbitrage_queue_accepted_total 10"));
    CHECK(service.stop() == 0);
    CHECK(contains(service.log(), "received 11 = accepted 10 + rejected 1; filing: 10 = written "));
}

TEST_CASE("a plugin that hangs at the end is left behind, a second TERM does not wait for it") {
    Service service{"counting: {quotes: 5, then: hang}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") == 5; }));
    service.process->signal(SIGTERM);
    // One that follows within half a second is the same, sent to the program and to its group.
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "stops: got TERM"); }));
    REQUIRE(eventually(4s, [&] {
        service.process->signal(SIGTERM);
        return contains(service.log(), "a second signal: stops at once");
    }));
    CHECK(service.process->wait(4s) == 0);  // the first one alone would wait 5 s for the plugin
    CHECK(contains(service.log(), "counting: did not stop in time and is left behind"));
}

TEST_CASE("HUP is said to be unsupported and changes nothing") {
    Service service{"counting: {quotes: 5}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    service.process->signal(SIGHUP);
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "reloading is not yet supported"); }));
    CHECK(service.process->running());
    CHECK(service.stop() == 0);
}

TEST_CASE("after kill -9 nothing accepted is missing and the interval becomes a gap") {
    Service service{"counting: {quotes: 100000, every: 1ms}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") > 20; }));
    service.process->signal(SIGKILL);
    service.process->wait(30s);
    auto const before = count(service.rows(), "quote ");
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.rows(), " unclean_stop"); }));
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") > before; }));
    CHECK(service.stop() == 0);
    CHECK(count(service.rows(), "unclean_stop") == 1);
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.rows(), " stopped"); }));
    CHECK(service.stop() == 0);
    CHECK(count(service.rows(), "unclean_stop") == 1);
}

TEST_CASE("a second host on the same queue is refused") {
    Service service{"counting: {quotes: 5}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    auto const second = run({{ARBITRAGE_PROGRAM, "run"}, {}, service.directory.path().string()});
    CHECK(second.code == 75);
    CHECK(service.stop() == 0);
}

TEST_CASE("a question that is none of ours, and one tap too many, are refused and nothing more") {
    Service service{"counting: {quotes: 5}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    auto const path = service.directory / "s.sock";
    for (char const* const method : {"POST", "HEAD", "PUT", "DELETE"}) {
        int const socket = connect_local(path);
        std::string const words =
            std::string{method} + " /status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
        REQUIRE(::send(socket, words.data(), words.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(words.size()));
        CHECK(first_line(socket) == "HTTP/1.1 405 Method Not Allowed");
        ::close(socket);
    }
    std::vector<int> taps;
    std::string const tap = "GET /tap HTTP/1.1\r\nHost: x\r\n\r\n";
    for (char const* const answer : {"200 OK", "200 OK", "200 OK", "200 OK", "503 Service Unavailable"}) {
        taps.push_back(connect_local(path));
        REQUIRE(::send(taps.back(), tap.data(), tap.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(tap.size()));
        CHECK(first_line(taps.back()) == std::string{"HTTP/1.1 "} + answer);
    }
    for (int const socket : taps) ::close(socket);
    CHECK(arb::host::ask(path, "/healthz").has_value());
    CHECK(service.stop() == 0);
}

TEST_CASE("a host that is stopped does not keep those who ask it") {
    arb::test::TemporaryDirectory const directory;
    auto const path = directory / "s.sock";
    int const socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket, 1) == 0);
    auto const answer = arb::host::ask(path, "/status");
    REQUIRE(answer.has_error());
    CHECK(answer.error().status == ARB_RETRY);
    CHECK(contains(answer.error().text, "gave no answer within 10 s"));
    ::close(socket);
}

TEST_CASE("the service manager hears of readiness, progress and the end") {
    Service service{"counting: {quotes: 5}"};
    NotifySocket const socket{service.directory / "notify"};
    std::string heard;
    auto const hears = [&](std::string const& word) {
        return eventually(30s, [&] { return contains(heard += socket.heard(), word); });
    };
    service.start({{"NOTIFY_SOCKET", service.directory / "notify"}, {"WATCHDOG_USEC", "900000"}});
    CHECK(hears("READY=1"));
    CHECK(hears("STATUS=every instance works"));
    heard.clear();
    CHECK(hears("WATCHDOG=1"));
    CHECK(service.stop() == 0);
    CHECK(hears("STOPPING=1"));
}

TEST_CASE("a venue that is not required and cannot be used does not keep the service from being ready") {
    Service service{
        "counting: {quotes: 5}, nowhere: {required: false}, counting/wrong: {required: false, refuse: "
        "key.pem}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    CHECK(contains(service.log(), "venues.counting/wrong.refuse: cannot read the file key.pem"));
    CHECK(service.state("counting/wrong") == "failed");
    CHECK(service.stop() == 0);
}

TEST_CASE("lines of a plugin are cut to one line and limited") {
    Service service{"counting: {quotes: 3, loud: true, lines: 500}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "counting: pushed\\nquote"); }));
    CHECK(service.stop() == 0);
    CHECK(count(service.log(), "counting: line ") < 40);
}

TEST_CASE("differences a venue reports are counted, listed, and told kindly if there are none") {
    Service service{"counting: {quotes: 5, drift: \"markets[].new\"}, counting/same: {quotes: 5}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    auto const ask = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {ARBITRAGE_PROGRAM, "drift"});
        return run({more, {}, service.directory.path().string()});
    };
    auto shown = ask({});
    CHECK(shown.code == 0);
    CHECK(contains(shown.out, "INSTANCE"));
    CHECK(contains(shown.out, "counting  ticker  markets[].new  unknown      2"));
    CHECK(contains(shown.out, "{\"new\": \\x1b 1}"));
    shown = ask({"--format", "json"});
    auto const rows = boost::json::parse(shown.out).as_array();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("times") == 2);
    auto const metrics = arb::host::ask(service.directory / "s.sock", "/metrics").value();
    CHECK(contains(metrics,
                   "arbitrage_api_drift_total{instance=\"counting\",source=\"ticker\",what=\"unknown\"} 2"));
    CHECK(service.status().at("instances").as_array()[0].at("drift").at("differences") == 1);
    CHECK(service.stop() == 0);
    CHECK(contains(service.log(),
                   "counting: the venue's answers changed: unknown field markets[].new in ticker"));

    Service same{"counting: {quotes: 5}"};
    same.start();
    REQUIRE(eventually(30s, [&] { return contains(same.log(), "ready:"); }));
    shown = run({{ARBITRAGE_PROGRAM, "drift"}, {}, same.directory.path().string()});
    CHECK(shown.code == 0);
    CHECK(contains(shown.out, "no differences"));
    CHECK(same.stop() == 0);
}

TEST_CASE("a venue that pushes faster than it may waits by itself, loses nothing, and its state says so") {
    Service service{
        "counting: {quotes: 2600, packets_per_second_max: 1000}, counting/other: {quotes: 20000}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") >= 22000; }));
    CHECK(contains(service.log(), "counting: pushes faster than 1000 packets or 64 MiB a second"));
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") == 22600; }));
    auto const status = service.status();
    CHECK(contains(
        std::string{std::string_view{status.at("instances").as_array()[0].at("sentence").as_string()}},
        "slowed down: it may push 1000 packets"));
    CHECK(contains(arb::host::ask(service.directory / "s.sock", "/metrics").value(),
                   "arbitrage_slowed_pushes_total{instance=\"counting\"}"));
    CHECK(service.stop() == 0);
    CHECK_FALSE(contains(service.log(), "counting/other: pushes faster"));
}

TEST_CASE("a plugin's counter cannot stand in for one of the host's") {
    Service service{"counting: {quotes: 5, counter: restarts}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") == 5; }));
    auto const metrics = arb::host::ask(service.directory / "s.sock", "/metrics").value();
    CHECK(contains(metrics, "arbitrage_plugin_restarts_total{instance=\"counting\"} 7"));
    CHECK(contains(metrics, "arbitrage_restarts_total{instance=\"counting\"} 0"));
    CHECK(count(metrics, "\narbitrage_restarts_total{instance=\"counting\"}") == 1);
    auto const status = service.status();
    for (auto const& instance : status.at("instances").as_array())
        if (instance.at("instance") == "counting") CHECK(instance.at("counters").at("restarts") == 0);
    CHECK(service.stop() == 0);
}

TEST_CASE(
    "a sink that is gone from the pipeline is told at the start, in status and by a metric, with the "
    "remedy") {
    Service service{"counting: {quotes: 20}", "filing/old: {file: out.txt}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return count(service.rows(), "quote ") == 20; }));
    CHECK(service.status().at("queue").at("gone_sinks").as_array().empty());
    CHECK(service.stop() == 0);

    // Renamed: the queue keeps everything for the old name.
    service.configure("counting: {quotes: 30}", "filing/new: {file: new.txt}");
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    CHECK(contains(service.log(), "for filing/old, which is not an enabled sink of this pipeline"));
    CHECK(contains(service.log(), "`arbitrage queue forget-sink filing/old`"));
    auto const behind = [&] {
        auto const status = service.status();
        auto const* const gone = status.if_contains("queue");
        if (gone == nullptr || gone->at("gone_sinks").as_array().size() != 1) return std::uint64_t{0};
        auto const& sink = gone->at("gone_sinks").as_array()[0].as_object();
        CHECK(sink.at("sink") == "filing/old");
        return sink.at("behind").to_number<std::uint64_t>();
    };
    REQUIRE(eventually(30s, [&] { return behind() >= 30; }));  // with the gap of the stop, if it came
    auto const shown = run({{ARBITRAGE_PROGRAM, "status"}, {}, service.directory.path().string()});
    CHECK(contains(shown.out,
                   "stop the host and let go of them with `arbitrage queue forget-sink filing/old`\n"));
    CHECK(contains(arb::host::ask(service.directory / "s.sock", "/metrics").value(),
                   "arbitrage_queue_lag_packets{instance=\"filing/old\"} 3"));
    CHECK(service.stop() == 0);

    // Disabled is gone as well; forgotten is gone for good.
    service.configure("counting: {quotes: 5}", "filing/old: {enabled: false}, filing/new: {file: new.txt}");
    service.start();
    REQUIRE(eventually(30s, [&] { return behind() != 0; }));
    CHECK(service.stop() == 0);
    CHECK(run({{ARBITRAGE_PROGRAM, "queue", "forget-sink", "filing/old"},
               {},
               service.directory.path().string()})
              .code == 0);
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    CHECK(service.status().at("queue").at("gone_sinks").as_array().empty());
    CHECK(service.stop() == 0);
}

TEST_CASE("what an alarm is built on is counted from 0, before anything happened") {
    Service service{"counting: {quotes: 5}"};
    service.start();
    REQUIRE(eventually(30s, [&] { return contains(service.log(), "ready:"); }));
    auto const metrics = arb::host::ask(service.directory / "s.sock", "/metrics").value();
    for (char const* const series :
         {"packets_received_total{instance=\"counting\",kind=\"unreadable\"}",
          "packets_rejected_total{instance=\"counting\",reason=\"malformed\"}",
          "packets_rejected_total{instance=\"counting\",reason=\"queue_full_or_closed\"}",
          "packets_rejected_total{instance=\"filing\",reason=\"malformed\"}",
          "gaps_total{instance=\"counting\",reason=\"disconnected\"}",
          "gaps_total{instance=\"counting\",reason=\"unclean_stop\"}",
          "api_drift_total{instance=\"counting\",source=\"other\",what=\"missing\"}",
          "api_drift_total{instance=\"counting\",source=\"other\",what=\"renamed\"}",
          "slowed_pushes_total{instance=\"counting\"}", "reconnects_total{instance=\"counting\"}",
          "packets_dead_lettered_total{instance=\"filing\"}"}) {
        INFO(series);
        CHECK(contains(metrics, std::string{"arbitrage_"} + series + " 0\n"));
    }
    CHECK_FALSE(contains(metrics, "api_drift_total{instance=\"filing\""));
    CHECK(service.stop() == 0);
}
