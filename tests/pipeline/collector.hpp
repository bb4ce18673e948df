// `arbitrage run` as a process of its own, with a pipeline the test writes, and what it says of itself.
//
// Thread safety: none.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/simulated.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"

namespace arb::test {

// The YAML of both venues against a simulator, swept every second, recording all there is.
std::string venue_yaml(Simulated const& simulated, std::string const& more = {});
std::string kalshi_yaml(Simulated const& simulated, std::string const& more = {});
std::string polymarket_yaml(Simulated const& simulated, std::string const& more = {});

class Collector {
  public:
    // `instances` are the `venues:` and `sinks:` sections and what else is at the top; queue and socket are
    // added.
    // With `queue`, the queue lies there and has those settings, as the inside of a YAML flow map.
    Collector(TemporaryDirectory const& directory, std::string const& instances,
              std::string const& queue = {});

    void start(std::map<std::string, std::string> const& environment = {});
    void kill();
    // The exit code once it ended by itself; nothing if it still runs.
    std::optional<int> ended(std::chrono::milliseconds within);
    pid_t pid() const { return process_->pid(); }
    // TERM: the exit code, -1 if it did not end within `within`.
    int stop(std::chrono::milliseconds within = 30s);
    bool running() { return process_ != nullptr && process_->running(); }

    // What `status` says; empty while nobody answers.
    boost::json::object status();
    bool ready();
    std::string state(std::string const& instance);
    std::string sentence(std::string const& instance);
    std::int64_t counter(std::string const& instance, std::string const& name);
    bool balanced();    // received = accepted + rejected; accepted = written + dead-lettered + queued
    bool drained();     // balanced, and nothing queued
    std::string log();  // all its lines, of all starts

    // Waits until it is; throws std::runtime_error with its log if it is not in time.
    void await_ready(std::chrono::milliseconds within = 20s);

    // Any other command on the same pipeline.
    Finished run(std::vector<std::string> const& words, std::chrono::milliseconds within = 30s) const;
    std::string const& pipeline() const { return pipeline_; }

  private:
    TemporaryDirectory const& directory_;
    std::string pipeline_;
    std::unique_ptr<Process> process_;
    std::string past_log_;
    int starts_ = 0;
};

}  // namespace arb::test
