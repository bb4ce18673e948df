#include "venue/outbox.hpp"

namespace arb {

Outbox::Outbox(asio::any_io_executor executor, Host host, Events events,
               std::chrono::milliseconds blocked_after)
    : host_{host},
      events_{std::move(events)},
      blocked_after_{blocked_after},
      timer_{executor},
      packets_{bytes_max} {}

void Outbox::flush() {
    if (packets_.empty()) return;
    using Clock = std::chrono::steady_clock;
    auto const begin = Clock::now();
    auto const pushed = host_.push(packets_);
    auto const took = Clock::now() - begin;
    if (took > blocked_after_) {
        blocked_ += took;
        auto const to = host_.now();
        if (events_.blocked) events_.blocked(to - std::chrono::nanoseconds{took}.count(), to);
        // What was added just now goes with the next batch.
        if (!waiting_ && !packets_.empty()) wait();
    }
    if (pushed.has_error() && events_.refused) events_.refused(pushed.error());
}

// One timer for all: it is not moved when a full batch goes out before it fires, so that a busy venue does
// not touch it for every batch. It may then push a younger batch a little early. Its last expiry is when a
// batch last began to be due: where that is long ago, there is no company to wait for.
void Outbox::wait() {
    auto const now = std::chrono::steady_clock::now();
    if (now - timer_.expiry() >= wait_max) {
        timer_.expires_at(now);
        return flush();
    }
    waiting_ = true;
    timer_.expires_at(now + wait_max);
    timer_.async_wait([this, alive = std::weak_ptr{alive_}](boost::system::error_code const& error) {
        if (error || alive.expired()) return;
        waiting_ = false;
        flush();
    });
}

}  // namespace arb
