// `arbitrage queue check|dump|export|replay|forget-sink`: the queue on disk, without the pipeline. The first
// three change nothing and work beside a running host; the other two need the queue for themselves (exit code
// 75).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "host/commands.hpp"

namespace CLI {
class App;
}

namespace arb::host {

struct QueueOptions {
    std::filesystem::path directory;  // empty: that of the pipeline
    std::filesystem::path into;
    std::string sink;
    std::uint64_t from = 0, to = UINT64_MAX;  // numbers of packets
    std::uint64_t limit = UINT64_MAX;
};

void add_queue_commands(CLI::App& queue, QueueOptions& options);
int run_queue_command(Globals const& globals, CLI::App const& queue, QueueOptions const& options);

}  // namespace arb::host
