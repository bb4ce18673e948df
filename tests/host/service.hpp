// A pipeline running as a process of its own, for tests of the host.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <memory>
#include <stdexcept>

#include "host/admin.hpp"
#include "support.hpp"
#include "support/process.hpp"

namespace arb::test {

inline bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

inline std::size_t count(std::string const& text, std::string const& part) {
    std::size_t out = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++out;
    return out;
}

// What a service manager would hear.
class NotifySocket {
  public:
    explicit NotifySocket(std::string const& path)
        : socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)} {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error{"cannot bind " + path};
    }
    NotifySocket(NotifySocket const&) = delete;
    ~NotifySocket() { ::close(socket_); }

    // Everything since the last call, a word a line.
    std::string heard() const {
        std::string out;
        char buffer[512];
        for (auto got = ::recv(socket_, buffer, sizeof buffer, 0); got > 0;
             got = ::recv(socket_, buffer, sizeof buffer, 0))
            out += std::string(buffer, static_cast<std::size_t>(got)) + "\n";
        return out;
    }
    // Whether the watchdog is not fed for so long.
    bool unfed_for(std::chrono::milliseconds time) const {
        using Clock = std::chrono::steady_clock;
        heard();
        for (auto const end = Clock::now() + time; Clock::now() < end;) {
            pollfd wait{socket_, POLLIN, 0};
            ::poll(&wait, 1, static_cast<int>(time.count() / 10));
            if (heard().find("WATCHDOG=1") != std::string::npos) return false;
        }
        return true;
    }

  private:
    int const socket_;
};

// A pipeline running in a directory of its own.
struct Service {
    TemporaryDirectory directory;
    std::unique_ptr<Process> process;

    explicit Service(std::string const& venues, std::string const& sinks = "filing: {file: out.txt}") {
        configure(venues, sinks);
    }
    void configure(std::string const& venues, std::string const& sinks) const {
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
        return process->wait(30s).value_or(-1);
    }
};

}  // namespace arb::test
