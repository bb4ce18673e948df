// One run of the plugin: the catalogue, the connections and the prices, and how they meet.
//
// Thread safety: constructed and run on one thread; `io` is stopped from any.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <unordered_set>

#include "polymarket/audit.hpp"
#include "polymarket/backfill.hpp"
#include "polymarket/catalogue.hpp"
#include "polymarket/options.hpp"
#include "polymarket/shards.hpp"

namespace arb::polymarket {

class Collector {
  public:
    // Everything given outlives this. Throws ConfigurationError for an address that is none.
    Collector(Host host, Settings const& settings, std::shared_ptr<net::Tls> const& tls,
              net::asio::io_context& io);

    // Collects until `io` is stopped or the host is stopping.
    void run();

  private:
    Outbox::Events outbox_events();
    Prices::Events prices_events();
    Catalogue::Events catalogue_events();
    Audit::Events audit_events();
    StreamContext stream_context(std::shared_ptr<net::Tls> const& tls);
    void follow(MarketNames const& names);
    void replace(Market& market, MarketNames const& names);
    void unfollow(std::string const& id);
    void want_past(Market& market);
    void let_go();
    void resolved(Market& market);
    void announced(StreamEvent const& event);
    net::asio::awaitable<void> watch();

    Host const host_;
    Settings const& settings_;
    net::asio::io_context& io_;
    Outbox outbox_;
    Gaps gaps_;
    Rest gamma_, clob_, data_;
    std::shared_ptr<net::ConnectBudget> const connects_;  // of all instances of the venue
    Prices prices_;
    Backfill backfill_;
    Shards shards_;
    Audit audit_;
    Catalogue catalogue_;
    std::unordered_set<std::string> leaving_;  // no longer followed, past trades still to come
    std::unordered_set<std::string> announced_;
    std::string catalogue_error_;
};

}  // namespace arb::polymarket
