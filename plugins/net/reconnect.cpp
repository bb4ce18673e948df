#include "net/reconnect.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace arb::net {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds usual_base = 500ms, usual_cap = 30s;
// A refused sign-in will be refused again, and venues ban those who insist; a key may be renewed meanwhile.
constexpr milliseconds denied_base = 30s, denied_cap = 15min;
// A name that is not found or a certificate that is wrong is not put right within a second.
constexpr milliseconds unreachable_base = 2s, unreachable_cap = 2min;
constexpr milliseconds busy_base = 5s, busy_cap = 5min;
// After a good connection the venue may only have moved us. Not all of its clients should return at once.
constexpr milliseconds at_once_max = 250ms;

}  // namespace

std::shared_ptr<ConnectBudget> ConnectBudget::of(std::string_view url) {
    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<ConnectBudget>, std::less<>> budgets;
    auto const scheme = url.find("://");
    auto const host = url.substr(scheme == std::string_view::npos ? 0 : scheme + 3);
    std::lock_guard const lock{mutex};
    auto& budget = budgets[std::string{host.substr(0, host.find('/'))}];
    if (budget == nullptr) budget = std::make_shared<ConnectBudget>();
    return budget;
}

milliseconds ConnectBudget::take(Clock::time_point now) {
    std::lock_guard const lock{mutex_};
    auto begins = begun_.empty() ? now : std::max(now, begun_.back());
    if (begun_.size() == connects_max) {
        begins = std::max(begins, begun_.front() + window);
        begun_.pop_front();
    }
    begun_.push_back(begins);
    return std::chrono::ceil<milliseconds>(begins - now);
}

Reconnect::Reconnect(std::uint64_t seed)
    : random_{seed},
      usual_{usual_base, usual_cap, seed + 1},
      denied_{denied_base, denied_cap, seed + 2},
      unreachable_{unreachable_base, unreachable_cap, seed + 3},
      busy_{busy_base, busy_cap, seed + 4} {}

milliseconds Reconnect::at_once() {
    return milliseconds{std::uniform_int_distribution<milliseconds::rep>{0, at_once_max.count()}(random_)};
}

milliseconds Reconnect::pause(std::string_view where, milliseconds retry_after) {
    if (last_data_ - first_data_ >= good_after) {
        for (auto* const backoff : {&usual_, &denied_, &unreachable_, &busy_}) backoff->reset();
        in_a_row_ = false;
    }
    first_data_ = last_data_ = {};
    auto const first = !std::exchange(in_a_row_, true);
    // A little later than asked, so that not all clients return in the same moment.
    if (retry_after >= 0ms) return retry_after + at_once();
    if (where == "auth") return std::max(denied_base, denied_.next());
    if (where == "dns" || where == "tls") return unreachable_.next();
    if (where == "busy") return busy_.next();
    return first ? at_once() : usual_.next();
}

}  // namespace arb::net
