// A pipeline running as a process of its own, for tests of the host.
#pragma once

#include <boost/json.hpp>
#include <csignal>
#include <memory>

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

}  // namespace arb::test
