#include "net/pace.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace arb::net {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

milliseconds Backoff::next() {
    // Doubling stops long before the count of milliseconds could overflow.
    auto const doublings = std::min(tries_++, 20u);
    auto const upper = std::min(cap_.count(), base_.count() << doublings);
    std::uniform_int_distribution<milliseconds::rep> pick{floor_.count(), std::max(floor_.count(), upper)};
    return milliseconds{pick(random_)};
}

TokenBucket::TokenBucket(double per_second, double capacity)
    : per_second_{per_second}, capacity_{capacity}, tokens_{capacity}, refilled_{Clock::now()} {}

// Tokens are taken at once, below zero if need be, and the taker then waits until they would have been there:
// whoever came first is served first.
asio::awaitable<void> TokenBucket::take(double tokens) {
    refill();
    tokens_ -= std::min(tokens, capacity_);
    auto ready = Clock::now();
    if (tokens_ < 0)
        ready += std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>{-tokens_ / per_second_});
    for (auto now = Clock::now(); now < ready || now < paused_until_; now = Clock::now()) {
        auto const until = std::max(ready, paused_until_);
        co_await sleep(std::chrono::ceil<milliseconds>(until - now));
    }
}

void TokenBucket::pause(milliseconds time) { paused_until_ = std::max(paused_until_, Clock::now() + time); }

void TokenBucket::refill() {
    auto const now = Clock::now();
    auto const gained = std::chrono::duration<double>{now - refilled_}.count() * per_second_;
    tokens_ = std::min(capacity_, tokens_ + gained);
    refilled_ = now;
}

asio::awaitable<void> sleep(milliseconds time) {
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, time};
    boost::system::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

}  // namespace arb::net
