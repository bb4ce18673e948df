// Prices and trades without a key: read over REST at an interval and pushed where they changed.
//
// Thread safety: none; on the venue's thread. Keeps the last quote of each market.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "catalogue.hpp"
#include "exchange.hpp"
#include "health.hpp"
#include "rest.hpp"
#include "trades.hpp"
#include "venue/gaps.hpp"

namespace arb::kalshi {

class Polling {
  public:
    struct Parts {
        Host host;
        Settings const& settings;
        Outbox& outbox;
        Gaps& gaps;
        Rest& rest;
        Trades& trades;
        Catalogue& catalogue;
        Drift& drift;
        Exchange& exchange;
        Health& health;
    };
    explicit Polling(Parts parts) : parts_{std::move(parts)} {}

    // Runs until the instance stops.
    net::asio::awaitable<void> run();

    // The markets whose prices are read.
    void want(std::vector<std::string> const& tickers);
    void want_more(std::vector<std::string> const& tickers);

  private:
    net::asio::awaitable<void> wait_for_room();
    net::asio::awaitable<Result<>> poll_quotes();
    net::asio::awaitable<Result<>> poll_trades();
    void take_quotes(Document const& page);
    void polled(int stream, Result<> const& result, arb_time began, arb_time& whole_until);

    Parts const parts_;
    std::vector<std::string> wanted_;
    std::unordered_map<std::string, Quote> last_;
    arb_time quotes_until_ = 0, trades_until_ = 0;  // until when the stream is whole
    arb_time newest_trade_ = 0;
    bool all_trades_ = true;  // of the last reading; none was refused
};

}  // namespace arb::kalshi
