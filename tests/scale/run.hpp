// The course of a run: everything subscribed, a sweep that finds nothing new, trading, a burst, the
// comparison of what was stored, and the host started again.
//
// Thread safety: none.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "scale/figures.hpp"
#include "scale/proof.hpp"
#include "scale/stage.hpp"

namespace arb::scale {

struct Options {
    Settings settings;
    double minutes = 5;
    unsigned warm_up_seconds = 10;  // after the start and after the burst
    unsigned burst_rate = 20'000, burst_seconds = 10;
    unsigned settle_seconds = 900;  // until everything is subscribed, or a sweep is over
    Thoroughness thoroughness;
    bool strict = false;
    std::vector<std::string> parts;  // empty: all
    bool wants(std::string const& part) const {
        return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
    }
};

class Run {
  public:
    explicit Run(Options const& options);
    // Whether every bound was kept.
    bool all();
    std::string log() { return stage_->host().log(); }

  private:
    void follow();
    void tell_what_is_followed();
    void sweep();
    void measure_sweep();
    bool swept();
    void trade();
    void burst();
    void catch_up();
    void compare();
    void restart();
    void end();
    void pause(std::chrono::milliseconds time);
    Work work();
    void tell_memory();

    Options const& options_;
    Figures figures_;
    std::unique_ptr<Stage> stage_;
    Times times_;
};

}  // namespace arb::scale
