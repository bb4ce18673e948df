// Polymarket as its clients see it: Gamma under /gamma, the CLOB under /clob, the Data API under /data, the
// market channel at /ws/market; formats of autumn 2026.
//
// Thread safety: none; on the simulator's thread.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "simulator/record.hpp"

namespace arb::simulator {

class PolymarketSession;

// What the account's owner would have: an address and the three parts of an API key.
struct ApiKey {
    std::string address = "0x5151515151515151515151515151515151515151";
    std::string key = "00000000-0000-4000-8000-000000000001";
    std::string secret = "c2ltdWxhdG9yLXNlY3JldC1vZi0zMi1ieXRlcy0hISE=";
    std::string passphrase = "simulated-passphrase";
};

class Polymarket final : public Observer {
  public:
    Polymarket(World& world, Ledger& ledger, Report& report, Faults& faults);

    // `path` begins with /gamma, /clob or /data.
    HttpResponse handle(HttpRequest const& request, std::string const& path);
    std::variant<HttpResponse, Upgrade> upgrade(HttpRequest const& request);

    unsigned acted(Market const& market, Action const& action) override;
    unsigned event_created(Event const&) override { return 0; }  // its markets are announced
    unsigned market_created(Market const& market) override;
    unsigned status_changed(Market const& market, Status before) override;
    unsigned close_moved(Market const&) override { return 0; }
    unsigned ticks_changed(Market const& market, std::int64_t before) override;

    void watch();   // once a second: who sends no PING, which connections are over
    void settle();  // every tick
    void cut(unsigned connection, bool reset);  // 0: all
    std::vector<unsigned> connection_numbers() const;
    void replay(std::vector<std::string> const* frames) { replay_ = frames; }
    ApiKey const& api_key() const { return api_key_; }

  private:
    friend class PolymarketSession;

    HttpResponse gamma(HttpRequest const& request, std::string const& path);
    HttpResponse keyset(HttpRequest const& request, bool events);
    HttpResponse clob(HttpRequest const& request, std::string const& path);
    HttpResponse token_answer(HttpRequest const& request, std::string const& path);
    HttpResponse books(HttpRequest const& request);
    HttpResponse account(HttpRequest const& request, std::string const& path);
    HttpResponse data_trades(HttpRequest const& request, bool legacy);
    std::string event_json(Event const& event, bool with_markets);
    std::string market_json(Market const& market, bool with_event);
    bool shows_closed(Market const& market) const;
    unsigned broadcast(Market const& market, char const* what, std::string const& frame, bool flagged_only,
                       bool to_all, Delivery& to);
    std::string book_refresh(Market const& market, int outcome, std::int64_t ms);

    World& world_;
    Ledger& ledger_;
    Report& report_;
    Faults& faults_;
    ApiKey const api_key_;
    std::shared_ptr<char> const alive_ = std::make_shared<char>();  // connections may outlive this
    std::set<PolymarketSession*> sessions_;
    std::vector<std::string> const* replay_ = nullptr;
};

class PolymarketSession final : public SocketHandler {
  public:
    PolymarketSession(Polymarket& venue, std::shared_ptr<Socket> socket);
    ~PolymarketSession() override;
    void on_text(std::string_view text) override;

    bool wants(Market const& market) const;
    bool flagged() const { return flagged_; }
    bool subscribed() const { return subscribed_ && !replayed_; }
    void watch();
    bool send(std::string frame, std::string_view market, bool print);
    Line& line() { return line_; }

  private:
    using Object = boost::json::object;
    void first(Object const& message);
    void operate(Object const& message);
    void add(Object const& message, bool initial);
    void refuse(char const* kind, std::string_view text);

    Polymarket& venue_;
    std::weak_ptr<char> const venue_alive_;
    Line line_;
    std::unordered_set<std::string> tokens_;  // all asked for
    std::unordered_set<std::string> served_;  // those that get data
    bool subscribed_ = false, flagged_ = false, replayed_ = false;
    std::int64_t last_ping_ms_;
    std::int64_t opened_ms_;
};

// Levels of one outcome's book, as on the wire: bids ascending, asks descending, the best last.
std::string book_levels(Market const& market, int outcome, bool bids);
std::string book_hash(Market const& market, int outcome, std::int64_t ms);
// The whole book; `rest`: with the fields only REST has, else an opening book of the stream.
std::string book_json(Market const& market, int outcome, bool rest);
// "0.255"; empty: never traded.
std::string last_trade_text(Market const& market);
// What a collector should keep is in terms of outcome 0.
int outcome_of(Market const& market, std::string const& token);

}  // namespace arb::simulator
