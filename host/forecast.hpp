// `arbitrage forecast`: runs the venues of a pipeline for some minutes without storing anything, and says how
// many rows and bytes a day that would be, before the disk finds out.
//
// Thread safety: free functions; forecast on the main thread of a process that does nothing else.
#pragma once

#include <chrono>

#include "host/commands.hpp"
#include "host/instance.hpp"
#include "host/meter.hpp"

namespace arb::host {

struct ForecastOptions {
    double minutes = 5;
};

int forecast(Globals const& globals, ForecastOptions const& options);

// What one venue pushed until `end`.
struct Measured {
    std::string instance;
    State state;
    Tallies tallies;
    Tallies half;  // as they were after half of the time
};

// {"measured_seconds", "instances", "sinks", "queue", "notes"}; docs/operating.md has the names.
boost::json::object forecast_json(std::vector<Measured> const& measured, Config const& config,
                                  std::chrono::steady_clock::time_point end,
                                  std::chrono::duration<double> time);

// The same for people.
std::string forecast_text(boost::json::object const& forecast);

}  // namespace arb::host
