// Notices what happened to the machine's time between two looks: that the program did not run (stopped,
// suspended, starved), and that the wall clock was set.
//
// Thread safety: none. Times are nanoseconds. The time since boot goes on while a machine is suspended and
// is never set; the wall clock may be set at any moment.
#pragma once

#include <time.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "arbitrage/time.hpp"

namespace arb::host {

// A host that looks every second and did not for so long was not running. What the kernel keeps of a busy
// feed meanwhile is less.
inline constexpr arb_time pause_min = 10 * second_ns;
// Clocks are slewed by less; a larger difference between two looks is a step.
inline constexpr arb_time step_min = second_ns;

class ClockWatch {
  public:
    struct Clocks {
        arb_time boot = 0;
        arb_time wall = 0;
    };
    struct Noticed {
        arb_time paused = 0;                                  // for how long; 0: not at all
        std::optional<std::pair<arb_time, arb_time>> step{};  // the wall clock as it would be, and as it is
    };

    explicit ClockWatch(Clocks now) : last_{now} {}

    static Clocks read() { return {of(CLOCK_BOOTTIME), of(CLOCK_REALTIME)}; }

    Noticed look(Clocks now) {
        Noticed out;
        auto const elapsed = now.boot - last_.boot;
        if (elapsed >= pause_min) out.paused = elapsed;
        auto const expected = last_.wall + elapsed;
        if (std::llabs(now.wall - expected) > step_min) out.step = {expected, now.wall};
        last_ = now;
        return out;
    }

  private:
    static arb_time of(clockid_t clock) {
        timespec time{};
        ::clock_gettime(clock, &time);
        return time.tv_sec * second_ns + time.tv_nsec;
    }

    Clocks last_;
};

}  // namespace arb::host
