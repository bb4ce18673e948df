#include "collector.hpp"

#include <boost/asio/co_spawn.hpp>

#include "arbitrage/commands.hpp"
#include "arbitrage/time.hpp"
#include "streams.hpp"

namespace arb::kalshi {

namespace {

// How often a request is made before a sweep or a backfill is given up and begun again later.
constexpr unsigned tries_max = 5;
// The catalogue asks for smaller pages when one is larger.
constexpr std::uint64_t body_bytes_max = 16 << 20;
constexpr std::chrono::milliseconds watch_every{200};
// A feed that does not come by then is waited for no longer; its own gaps say what it lacks.
constexpr std::chrono::milliseconds feed_waited_max{30'000};
constexpr std::chrono::milliseconds backfill_again_base{10'000}, backfill_again_cap{300'000};

std::unique_ptr<net::HttpClient> client(net::asio::io_context& io, Access const& access) {
    net::HttpLimits limits;
    limits.body_bytes_max = body_bytes_max;
    auto made = net::HttpClient::create(io.get_executor(), access.tls, access.settings.rest_url, limits);
    if (made.has_error()) throw ConfigurationError("/rest_url", made.error().text);
    return std::move(*made);
}

}  // namespace

Collector::Collector(Host host, Access const& access, net::asio::io_context& io, Timing timing)
    : host_{host},
      settings_{access.settings},
      timing_{timing},
      io_{io},
      outbox_{io.get_executor(), host, outbox_events()},
      gaps_{outbox_, host, std::string{venue_name}},
      health_{host},
      rest_{client(io, access), access.signer, tries_max},
      drift_{host, outbox_},
      exchange_{host, outbox_, rest_, drift_},
      trades_{host, outbox_, rest_, drift_,
              [this](std::string_view market) { return catalogue_.wants(market); }},
      catalogue_{{host, access.settings, outbox_, gaps_, rest_, drift_, health_,
                  [this](std::vector<std::string> const& tickers) { want(tickers); },
                  [this](std::vector<std::string> const& tickers) { want_more(tickers); }}} {
    if (access.signer != nullptr)
        feed_.emplace(
            Stream::Parts{host, access.settings, io.get_executor(), access.tls, access.signer, outbox_, gaps_,
                          rest_, trades_, catalogue_, drift_, exchange_, nullptr, timing},
            health_, timing.books_per_lane);
    else
        polling_.emplace(Polling::Parts{host, access.settings, outbox_, gaps_, rest_, trades_, catalogue_,
                                        drift_, exchange_, health_});
}

void Collector::run() {
    host_.report(ARB_STATE_STARTING, "reading the catalogue");
    net::asio::co_spawn(io_, catalogue_.sweep_for_ever(), rethrow);
    net::asio::co_spawn(io_, catalogue_.look_for_ever(), rethrow);
    net::asio::co_spawn(io_, exchange_.watch(timing_.exchange_every), rethrow);
    if (feed_) feed_->run();
    if (polling_) net::asio::co_spawn(io_, polling_->run(), rethrow);
    if (settings_.record.trades && settings_.backfill.count() > 0)
        net::asio::co_spawn(io_, backfill_at_start(), rethrow);
    net::asio::co_spawn(io_, watch(), rethrow);
    io_.run();
    outbox_.flush();
}

Outbox::Events Collector::outbox_events() {
    Outbox::Events events;
    events.blocked = [this](arb_time from, arb_time to) {
        gaps_.record(ARB_STREAM_ALL, {}, from, to, "queue_full",
                     "the queue was full and the venue was not read");
        if (feed_ && to - from > timing_.stale_after.count() * millisecond_ns)
            feed_->start_over("queue_full",
                              "the queue was full for so long that what waited to be read is stale");
    };
    events.refused = [this](Error const& error) {
        if (error.status == ARB_CLOSED) return io_.stop();
        host_.error("packets were refused: " + error.text);
    };
    return events;
}

void Collector::want(std::vector<std::string> const& tickers) {
    if (feed_) feed_->want(tickers);
    if (polling_) polling_->want(tickers);
}

void Collector::want_more(std::vector<std::string> const& tickers) {
    if (feed_) feed_->want_more(tickers);
    if (polling_) polling_->want_more(tickers);
}

// What was traded while nothing ran. Trades that are stored already do no harm: their ids are unique.
net::asio::awaitable<void> Collector::backfill_at_start() {
    auto const from = host_.now() - settings_.backfill.count() * millisecond_ns;
    // The catalogue comes first: it says which markets are wanted, and the rate limit is one for all.
    while (!catalogue_.complete() || host_.put_off()) co_await net::sleep(watch_every);
    // Then the feed, so that nothing is missing between what is read and what comes by itself.
    for (auto left = feed_waited_max; feed_ && !feed_->has_trades() && left.count() > 0; left -= watch_every)
        co_await net::sleep(watch_every);
    auto const until = host_.now();
    co_await net::sleep(timing_.backfill_after);
    net::Backoff backoff{backfill_again_base, backfill_again_cap};
    for (unsigned tried = 0; tried != tries_max && !host_.stopping(); ++tried) {
        if (tried != 0) co_await net::sleep(backoff.next());
        auto const fetched = co_await trades_.fetch(from, 0, ARB_FLAG_BACKFILLED);
        if (fetched.has_value()) {
            gaps_.record(ARB_STREAM_TRADES, {}, from, until, "not_running",
                         fetched->all ? "" : "a trade could not be used", fetched->all);
            outbox_.added();
            co_return;
        }
        host_.warning("trades from before the start cannot be read: " + fetched.error().text);
    }
}

net::asio::awaitable<void> Collector::watch() {
    while (!host_.stopping()) co_await net::sleep(watch_every);
    io_.stop();
}

}  // namespace arb::kalshi
