// The whole: one port, both venues, the world between them, and /control for tests.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "simulator/flood.hpp"
#include "simulator/kalshi.hpp"
#include "simulator/polymarket.hpp"

namespace arb::simulator {

class Simulator final : public RequestHandler {
  public:
    // Writes ca.pem, kalshi_key.pem, pairs.yaml ... into the directory, endpoints.json last. Throws
    // std::exception if the directory, the port or the replay file cannot be used.
    Simulator(boost::asio::io_context& context, Settings settings);

    HttpResponse handle(HttpRequest const& request) override;
    std::variant<HttpResponse, Upgrade> upgrade(HttpRequest const& request) override;
    std::uint16_t port() const { return server_->port(); }
    // The last word into the ledger.
    void finish();

  private:
    HttpResponse control(HttpRequest const& request, std::string const& path);
    HttpResponse fault(HttpRequest const& request);
    void change_exchange(HttpRequest const& request);
    void change_rate(HttpRequest const& request);
    void order(HttpRequest const& request, Venue venue, unsigned connection);
    void write_files();
    void load_replay();
    void start();
    void tick();
    double share_done() const;
    void trade_for(double seconds);
    std::string status();

    boost::asio::io_context& context_;
    Settings const settings_;
    ServerCertificate const certificate_;
    AccountKey const key_;
    World world_;
    Ledger ledger_;
    Report report_;
    Faults faults_;
    Kalshi kalshi_;
    Polymarket polymarket_;
    Flood flood_;
    std::vector<std::string> replay_;
    std::unique_ptr<Server> server_;
    boost::asio::steady_timer timer_;
    std::int64_t begun_ms_ = 0, ticked_ms_ = 0, heartbeat_ms_ = 0, watched_ms_ = 0;
    double owed_ = 0;           // frames due
    double rate_, usual_rate_;  // frames a second: now, and after what was asked for is over
    std::int64_t rate_until_ms_ = 0;
    std::uint64_t frames_ = 0;
    bool trading_ = false;
};

}  // namespace arb::simulator
