// Everything of one run, put together. With a key the stream is the feed, without one the polls are.
//
// Thread safety: none; on the thread that calls `run`, but for Host, which is any thread's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>

#include "catalogue.hpp"
#include "commands.hpp"
#include "feed.hpp"
#include "health.hpp"
#include "polling.hpp"

namespace arb::kalshi {

class Collector {
  public:
    // What `access` refers to and `io` outlive the collector. Throws ConfigurationError.
    Collector(Host host, Access const& access, net::asio::io_context& io, Timing timing = {});
    // Until the host or `io` stops.
    void run();

  private:
    Outbox::Events outbox_events();
    void want(std::vector<std::string> const& tickers);
    void want_more(std::vector<std::string> const& tickers);
    net::asio::awaitable<void> watch();
    net::asio::awaitable<void> backfill_at_start();

    Host const host_;
    Settings const& settings_;
    Timing const timing_;
    net::asio::io_context& io_;
    Outbox outbox_;
    Gaps gaps_;
    Health health_;
    Rest rest_;
    Drift drift_;
    Exchange exchange_;
    Trades trades_;
    Catalogue catalogue_;
    std::optional<Feed> feed_;
    std::optional<Polling> polling_;
};

}  // namespace arb::kalshi
