#include "polling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "arbitrage/time.hpp"

namespace arb::kalshi {

namespace {

// So many markets are asked for by name, 100 at a time, within a second of the rate limit; more are found
// sooner in the pages of all open ones.
constexpr std::size_t by_name_max = 1'000;
constexpr std::size_t tickers_max = 100;
constexpr std::chrono::milliseconds tick{500};

}  // namespace

net::asio::awaitable<void> Polling::run() {
    auto const& settings = parts_.settings;
    parts_.host.info(
        fmt::format("no key: prices and trades are read over REST every {} ms; set key_id and key_file for "
                    "the live feed{}",
                    settings.poll_every.count(), settings.record.books ? ", which books need" : ""));
    quotes_until_ = trades_until_ = newest_trade_ = parts_.host.now();
    while (!parts_.host.stopping()) {
        co_await wait_for_room();
        auto const began = parts_.host.now();
        Result<> quotes, trades;
        if (settings.record.quotes && !wanted_.empty()) {
            quotes = co_await poll_quotes();
            polled(ARB_STREAM_QUOTES, quotes, began, quotes_until_);
        }
        if (settings.record.trades) {
            trades = co_await poll_trades();
            polled(ARB_STREAM_TRADES, trades, began, trades_until_);
        }
        auto const pause = parts_.exchange.text(parts_.host.now());
        if (quotes.has_error() || trades.has_error())
            parts_.health.set(
                Health::Part::feed, ARB_STATE_RETRYING,
                "polling: " + (quotes.has_error() ? quotes.error().text : trades.error().text) + pause);
        else
            parts_.health.set(Health::Part::feed, settings.record.books ? ARB_STATE_DEGRADED : ARB_STATE_LIVE,
                              fmt::format("polling {} markets without a key{}{}", wanted_.size(),
                                          settings.record.books ? "; books need one" : "", pause));
        auto const next = began + settings.poll_every.count() * millisecond_ns;
        do co_await net::sleep(std::min(settings.poll_every, tick));
        while (parts_.host.now() < next && !parts_.host.stopping());
    }
}

// What is polled can be read later; what the prices did meanwhile is not known.
net::asio::awaitable<void> Polling::wait_for_room() {
    bool said = false;
    while (parts_.host.put_off() && !parts_.host.stopping()) {
        if (!std::exchange(said, true)) {
            parts_.host.info("prices are not polled until the queue has room again");
            parts_.gaps.open(ARB_STREAM_QUOTES, {}, quotes_until_, "queue_full");
            parts_.health.set(Health::Part::feed, ARB_STATE_DEGRADED,
                              "polling waits until the queue has room again");
        }
        co_await net::sleep(tick);
    }
}

void Polling::polled(int stream, Result<> const& result, arb_time began, arb_time& whole_until) {
    if (result.has_error()) {
        auto const* const reason =
            parts_.exchange.closed_until(parts_.host.now()) ? "maintenance" : "poll_failed";
        parts_.gaps.open(stream, {}, whole_until, reason, result.error().text);
    } else {
        // Trades missed meanwhile were in the list; what prices did in between nobody knows.
        parts_.gaps.close(stream, {}, parts_.host.now(), stream == ARB_STREAM_TRADES && all_trades_);
        whole_until = began;
    }
    parts_.outbox.added();
}

void Polling::want(std::vector<std::string> const& tickers) {
    wanted_ = tickers;
    std::unordered_set<std::string_view> const kept{wanted_.begin(), wanted_.end()};
    std::erase_if(last_, [&](auto const& entry) { return !kept.contains(entry.first); });
}

void Polling::want_more(std::vector<std::string> const& tickers) {
    wanted_.insert(wanted_.end(), tickers.begin(), tickers.end());
}

net::asio::awaitable<Result<>> Polling::poll_quotes() {
    std::function<bool(Document const&)> const take = [this](Document const& page) {
        take_quotes(page);
        return !parts_.host.stopping();
    };
    if (wanted_.size() > by_name_max) {
        std::string target = "/markets?limit=1000&status=open&mve_filter=exclude";
        co_return co_await parts_.rest.pages(std::move(target), take);
    }
    auto const wanted = wanted_;
    for (std::size_t at = 0; at < wanted.size(); at += tickers_max) {
        auto target = "/markets?limit=1000&tickers=" + joined(wanted, at, tickers_max);
        auto const read = co_await parts_.rest.pages(std::move(target), take);
        if (read.has_error()) co_return read.error();
    }
    co_return Result<>{};
}

void Polling::take_quotes(Document const& page) {
    auto const received = parts_.host.now();
    for (auto const& item : page.list("markets")) {
        std::string_view reason;
        auto const row = read_quote_row(item, reason);
        if (!row.has_value()) {
            parts_.drift.refused("GET /markets", reason, item);
            continue;
        }
        if (!parts_.catalogue.wants(row->ticker)) continue;
        auto const [last, fresh] = last_.try_emplace(std::string{row->ticker}, row->quote);
        if (!fresh && last->second == row->quote) continue;
        last->second = row->quote;
        parts_.drift.doubtful("GET /markets", row->doubts, row->ticker);
        write_quote(parts_.outbox.packets(), row->ticker, row->quote, received, 0,
                    static_cast<std::uint16_t>(ARB_FLAG_POLLED | row->doubts.flag()));
        parts_.outbox.added();
    }
    parts_.host.alive();
}

net::asio::awaitable<Result<>> Polling::poll_trades() {
    auto const fetched =
        co_await parts_.trades.fetch(newest_trade_, Trades::poll_overlap_ns, ARB_FLAG_POLLED);
    if (fetched.has_error()) co_return fetched.error();
    newest_trade_ = std::max(newest_trade_, fetched->newest);
    all_trades_ = fetched->all;
    co_return Result<>{};
}

}  // namespace arb::kalshi
