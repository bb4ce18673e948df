#include "sinks/postgres/deadline.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace arb::postgres {
namespace {

// How late a deadline may be noticed. Looking so often costs nothing and spares waking the thread at every
// call.
constexpr std::chrono::milliseconds look_every{250};

}  // namespace

Deadline::Deadline() : thread_{[this] { watch(); }} {}

Deadline::~Deadline() {
    {
        std::lock_guard const lock{mutex_};
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Deadline::set(int socket, std::chrono::milliseconds limit) {
    std::lock_guard const lock{mutex_};
    socket_ = socket;
    end_ = Clock::now() + limit;
    passed_ = false;
}

void Deadline::clear() {
    std::lock_guard const lock{mutex_};
    socket_ = -1;
}

bool Deadline::passed() const {
    std::lock_guard const lock{mutex_};
    return passed_;
}

void Deadline::stop(std::chrono::milliseconds grace) {
    std::lock_guard const lock{mutex_};
    stop_at_ = std::min(stop_at_, Clock::now() + grace);
}

void Deadline::watch() {
    std::unique_lock lock{mutex_};
    while (!ending_) {
        changed_.wait_for(lock, look_every);
        if (socket_ < 0 || Clock::now() < std::min(end_, stop_at_)) continue;
        // The socket stays open until its owner closes it, after `clear`: no other file can have its number.
        ::shutdown(socket_, SHUT_RDWR);
        socket_ = -1;
        passed_ = true;
    }
}

}  // namespace arb::postgres
