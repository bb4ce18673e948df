// Polymarket as its clients see it: Gamma under /gamma, the CLOB under /clob, the Data API under /data, the
// market channel at /ws/market; formats of autumn 2026.
//
// Thread safety: none; on the simulator's thread.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
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
    unsigned strike_changed(Market const&) override { return 0; }
    unsigned event_fees_changed(Event const&) override { return 0; }
    unsigned series_fees_changed(FeeChange const&) override { return 0; }

    void watch();   // once a second: who sends no PING, which connections are over
    void settle();  // every tick
    void cut(unsigned connection, bool reset);  // 0: all
    std::vector<unsigned> connection_numbers() const;
    void replay(std::vector<std::string> const* frames) { replay_ = frames; }
    std::size_t subscribed() const;  // markets somebody has a token of
    ApiKey const& api_key() const { return api_key_; }

  private:
    friend class PolymarketSession;

    HttpResponse gamma(HttpRequest const& request, std::string const& path);
    HttpResponse keyset(HttpRequest const& request, bool events);
    struct Page {
        std::size_t limit, position;
        std::vector<std::string> rows;
        std::size_t next;  // where the next page begins; 0: there is none
        template<class Thing>
        void scan(std::deque<Thing> const& all, bool newest, auto const& passes, auto const& write);
        void cut(auto const& all, auto const& passes, auto const& write);
    };
    void list_events(HttpRequest const& request, Page& page);
    void list_markets(HttpRequest const& request, Page& page);
    Market const* find_listed(std::string const& name);
    HttpResponse tags(HttpRequest const& request);
    HttpResponse clob_market(Market const& market, bool compact);
    HttpResponse prices_history(HttpRequest const& request);
    bool spend(std::string const& path);
    HttpResponse clob(HttpRequest const& request, std::string const& path);
    HttpResponse token_answer(HttpRequest const& request, std::string const& path);
    HttpResponse books(HttpRequest const& request);
    HttpResponse account(HttpRequest const& request, std::string const& path);
    HttpResponse data_trades(HttpRequest const& request, bool legacy);
    HttpResponse data_positions(HttpRequest const& request, bool legacy);
    std::string event_json(Event const& event, bool with_markets);
    std::string market_json(Market const& market, bool with_event);
    bool shows_closed(Market const& market) const;
    bool is_over(Event const& event) const;
    // To whom asked for the token; whose `outcome` is -1: for either.
    unsigned broadcast(Market const& market, char const* what, std::string const& frame, bool flagged_only,
                       int outcome, Delivery& to);
    unsigned announce(Market const& market, std::string const& frame, Delivery& to);
    bool deliver(PolymarketSession& session, Market const& market, char const* what, std::string const& frame,
                 Delivery& to);

    World& world_;
    Ledger& ledger_;
    Report& report_;
    Faults& faults_;
    ApiKey const api_key_;
    std::shared_ptr<char> const alive_ = std::make_shared<char>();  // connections may outlive this
    std::set<PolymarketSession*> sessions_;
    std::vector<std::string> const* replay_ = nullptr;
    // Who gets what about a market: a hundred thousand of them, and as many connections as it takes.
    std::unordered_map<std::size_t, std::vector<PolymarketSession*>> subscribers_;
    struct Spent {
        std::int64_t window = 0;
        unsigned requests = 0;
    };
    std::map<std::string, Spent> spent_;  // by scope of a rate limit
};

class PolymarketSession final : public SocketHandler {
  public:
    PolymarketSession(Polymarket& venue, std::shared_ptr<Socket> socket);
    ~PolymarketSession() override;
    void on_text(std::string_view text) override;

    // -1: either outcome.
    bool wants(Market const& market, int outcome) const;
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
    void serve(Market const& market, int outcome);
    void drop(Market const& market, int outcome);
    std::unordered_set<std::string> unknown_;  // tokens nobody knows
    std::unordered_set<std::size_t> tokens_;   // all others asked for: twice the market and the outcome
    std::unordered_set<std::size_t> served_;   // those that get data
    bool subscribed_ = false, flagged_ = false, replayed_ = false;
    std::int64_t last_ping_ms_;
    std::int64_t opened_ms_;
};

// The whole book; `rest`: with the fields only REST has, else an opening book of the stream.
std::string book_json(Market const& market, int outcome, bool rest);
HttpResponse polymarket_error(int status, std::string const& text);
// "0.255"; empty: never traded.
std::string last_trade_text(Market const& market);
// What a collector should keep is in terms of outcome 0.
int outcome_of(Market const& market, std::string const& token);

}  // namespace arb::simulator
