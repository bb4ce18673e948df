#include "exchange.hpp"

#include <algorithm>

#include "arbitrage/time.hpp"

namespace arb::kalshi {

namespace {

constexpr std::chrono::milliseconds terms_every = std::chrono::hours{1};
constexpr std::chrono::milliseconds terms_again = std::chrono::minutes{1};
constexpr std::chrono::milliseconds tick{500};

}  // namespace

net::asio::awaitable<void> Exchange::look() {
    if (looking_) co_return;
    looking_ = true;
    std::string target = "/exchange/status";
    auto const document = co_await rest_.get(std::move(target));
    looking_ = false;
    seen_ = host_.now();
    if (document.has_error()) co_return;  // not known is not paused
    for (auto const* const key : {"exchange_active", "trading_active"})
        if (auto const* const value = document->object().if_contains(key);
            value == nullptr || !value->is_bool())
            drift_.field(value == nullptr ? ARB_DRIFT_MISSING : ARB_DRIFT_RETYPED, "GET /exchange/status",
                         key);
    auto const state = read_exchange(*document);
    if (paused_ != !state.trading)
        host_.info(state.trading ? "the exchange trades again" : "the exchange pauses trading");
    if (resting_ != state.resting && !state.resting.empty())
        host_.warning("parts of the exchange pause trading: " + state.resting);
    if (resting_ != state.resting && state.resting.empty() && state.trading)
        host_.info("every part of the exchange trades again");
    paused_ = !state.trading;
    resting_ = state.resting;
    resumes_ = state.resumes;
}

net::asio::awaitable<void> Exchange::read_terms_for_ever() {
    while (!host_.stopping()) {
        co_await read_costs();
        bool const read = co_await read_schedule();
        auto left = read ? terms_every : terms_again;
        for (; left.count() > 0 && !host_.stopping(); left -= tick) co_await net::sleep(std::min(left, tick));
    }
}

// Without the list every request costs what most do.
net::asio::awaitable<void> Exchange::read_costs() {
    std::string target = "/account/endpoint_costs";
    auto const document = co_await rest_.get(std::move(target));
    if (document.has_error()) co_return;
    Doubts doubts;
    rest_.set_costs(Costs::read(*document, doubts));
    drift_.doubtful("GET /account/endpoint_costs", doubts);
}

net::asio::awaitable<bool> Exchange::read_schedule() {
    std::string target = "/exchange/schedule";
    auto const document = co_await rest_.get(std::move(target));
    if (document.has_error()) co_return false;
    Doubts doubts;
    schedule_ = Schedule::read(*document, doubts);
    drift_.doubtful("GET /exchange/schedule", doubts);
    co_return true;
}

std::string Exchange::text(arb_time now) const {
    auto const until = closed_until(now);
    if (until.has_value())
        return "; maintenance by the exchange's schedule until " + format_time(*until).substr(0, 16) + "Z";
    if (!resting_.empty()) return "; parts of the exchange pause trading: " + resting_;
    if (!paused_) return {};
    return "; the exchange pauses trading" +
           (resumes_.empty() ? "" : ", which is expected to end at " + resumes_);
}

}  // namespace arb::kalshi
