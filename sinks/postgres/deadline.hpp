// A watchdog over a socket: shuts it down when a call takes too long, which makes libpq return an error. A
// frozen server answers neither TCP keep-alives nor its own timers, so the deadline has to be ours.
//
// Thread safety: set, clear from one thread; stop from any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace arb::postgres {

class Deadline {
  public:
    Deadline();
    ~Deadline();
    Deadline(Deadline const&) = delete;
    Deadline& operator=(Deadline const&) = delete;

    // From now on `socket` has `limit` to answer. Replaces an earlier deadline.
    void set(int socket, std::chrono::milliseconds limit);
    void clear();
    // Whether the deadline passed since it was set.
    bool passed() const;
    // What runs now and from now on has `grace` to end.
    void stop(std::chrono::milliseconds grace);

  private:
    using Clock = std::chrono::steady_clock;
    void watch();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    // Protected by mutex_.
    int socket_ = -1;
    Clock::time_point end_{};
    Clock::time_point stop_at_ = Clock::time_point::max();
    bool passed_ = false;
    bool ending_ = false;

    std::thread thread_;
};

}  // namespace arb::postgres
