// TERM, INT and HUP as answers instead of interruptions.
//
// Thread safety: make it before any thread, which inherits the mask; next on one thread.
#pragma once

#include <pthread.h>

#include <chrono>
#include <csignal>
#include <ctime>

namespace arb::host {

class Signals {
  public:
    Signals() {
        sigemptyset(&set_);
        for (int const signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
    }
    // The next signal, or 0 after `wait`.
    int next(std::chrono::milliseconds wait) const {
        timespec const time{wait.count() / 1000, wait.count() % 1000 * 1'000'000};
        int const got = sigtimedwait(&set_, nullptr, &time);
        return got > 0 ? got : 0;
    }

  private:
    sigset_t set_{};
};

}  // namespace arb::host
