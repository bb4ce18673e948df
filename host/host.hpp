// The composition root: takes a configuration, opens the queue, wires the pipeline, and serves until a
// signal.
#pragma once

#include "host/config/config.hpp"

namespace arb::host {

// Exit codes of the program.
enum Exit {
    exit_ok = 0,
    exit_no = 1,  // the check said no
    exit_usage = 64,
    exit_unreachable = 69,  // a required service cannot be reached
    exit_bug = 70,
    exit_io = 74,
    exit_running = 75,  // another process holds the queue or the socket
    exit_config = 78,
};

// Runs the pipeline until TERM or INT; the exit code. Signals are the calling thread's from here on.
int run_pipeline(Config const& config);

}  // namespace arb::host
