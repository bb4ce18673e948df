// Kalshi as its clients see it: REST under /trade-api/v2 and the WebSocket /trade-api/ws/v2, in the formats
// of October 2026.
//
// Thread safety: none; on the simulator's thread.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "simulator/flood.hpp"
#include "simulator/record.hpp"

namespace arb::simulator {

class KalshiSession;

class Kalshi final : public Observer {
  public:
    Kalshi(World& world, Ledger& ledger, Report& report, Faults& faults, AccountKey const& key,
           std::string key_id);

    // REST; `path` comes without /trade-api/v2.
    HttpResponse handle(HttpRequest const& request, std::string const& path);
    std::variant<HttpResponse, Upgrade> upgrade(HttpRequest const& request);

    unsigned acted(Market const& market, Action const& action) override;
    unsigned event_created(Event const& event) override;
    unsigned market_created(Market const& market) override;
    unsigned status_changed(Market const& market, Status before) override;
    unsigned close_moved(Market const& market) override;
    unsigned ticks_changed(Market const& market, std::int64_t before) override;
    unsigned strike_changed(Market const& market) override;
    unsigned event_fees_changed(Event const& event) override;
    unsigned series_fees_changed(FeeChange const& change) override;

    void heartbeat();                           // every ten seconds
    void settle();                              // every tick
    void cut(unsigned connection, bool reset);  // 0: all
    std::vector<unsigned> connection_numbers() const;
    // What the exchange says of itself: whether it is open, and when it will be maintained (0: never).
    void exchange(bool active, std::int64_t maintenance_from_ms, std::int64_t maintenance_to_ms);
    std::size_t subscribed() const;  // markets whose book, or if there are none whose ticker, somebody gets
    // Sends `flood` to each subscriber of tickers, now and later.
    void flood(Flood& flood);
    // Sends these frames, as recorded, to each connection after its first subscription.
    void replay(std::vector<std::string> const* frames) { replay_ = frames; }

  private:
    friend class KalshiSession;

    HttpResponse events(HttpRequest const& request);
    HttpResponse one_event(HttpRequest const& request, std::string const& ticker);
    HttpResponse markets(HttpRequest const& request);
    HttpResponse order_books(HttpRequest const& request);
    HttpResponse trades(HttpRequest const& request);
    HttpResponse exchange_answer(std::string const& path);
    HttpResponse one_market(HttpRequest const& request, std::string ticker);
    HttpResponse combos(HttpRequest const& request);
    HttpResponse series(HttpRequest const& request);
    HttpResponse one_series(HttpRequest const& request, std::string const& rest);
    HttpResponse series_fee_changes(HttpRequest const& request);
    HttpResponse event_fee_changes(HttpRequest const& request);
    HttpResponse candlesticks(HttpRequest const& request, std::vector<std::string> const& tickers, bool one);
    HttpResponse account(HttpRequest const& request, std::string const& path);
    HttpResponse positions(HttpRequest const& request);
    HttpResponse fills(HttpRequest const& request);
    HttpResponse settlements(HttpRequest const& request);
    HttpResponse orders(HttpRequest const& request);
    HttpResponse route(HttpRequest const& request, std::string const& path);
    bool spend_token();
    // Empty: the request is signed as it must be; else why it is refused.
    std::string signature_fault(HttpRequest const& request);
    std::string event_json(Event const& event, bool nested);
    std::string market_json(Market const& market);

    unsigned tell(Market const& market, std::string const& rest, Delivery& to);
    unsigned lifecycle(Market const& market, std::string const& rest);
    unsigned broadcast(char const* channel, Market const* market, std::string const& type,
                       std::string const& msg, Delivery& to);

    World& world_;
    Ledger& ledger_;
    Report& report_;
    Faults& faults_;
    AccountKey const& key_;
    std::string const key_id_;
    std::shared_ptr<char> const alive_ = std::make_shared<char>();  // connections may outlive this
    std::set<KalshiSession*> sessions_;
    std::unordered_map<std::size_t, std::string> last_ticker_;  // by market: only changes are sent
    Flood* flood_ = nullptr;
    std::vector<std::string> const* replay_ = nullptr;
    bool exchange_active_ = true;
    std::int64_t maintenance_from_ms_ = 0, maintenance_to_ms_ = 0;
    double tokens_ = 0;
    std::int64_t refilled_ms_ = 0;
};

// One WebSocket: its subscriptions and their numbers.
class KalshiSession final : public SocketHandler {
  public:
    KalshiSession(Kalshi& venue, std::shared_ptr<Socket> socket);
    ~KalshiSession() override;
    void on_text(std::string_view text) override;
    void on_pong() override { unanswered_pings_ = 0; }

    // Sends to the subscription of `channel`, if there is one that wants `market` (null: any); true if it
    // arrives.
    bool send(std::string const& channel, Market const* market, std::string const& type,
              std::string const& msg, bool& wanted);
    void ping();
    void flood();
    void add_markets_of(std::string const& channel, std::unordered_set<std::size_t>& to) const;
    Line& line() { return line_; }

  private:
    struct Subscription {
        std::int64_t sid = 0;
        std::int64_t seq = 0;
        bool all = false;
        bool yes_price = false;
        bool skip_tickers = false;
        bool all_shown = false;          // initial tickers of all markets were sent
        std::vector<std::size_t> order;  // as subscribed: what ok replies list
        std::unordered_set<std::size_t> markets;
        bool wants(Market const* market) const {
            return market == nullptr || (all ? !market->combo : markets.contains(market->index));
        }
    };
    using Object = boost::json::object;

    void error(std::int64_t id, int code, std::string const& text);
    void subscribe(std::int64_t id, Object const& params);
    void subscribe(std::int64_t id, std::string const& channel, Object const& params);
    void unsubscribe(std::int64_t id, Object const& params);
    void update(std::int64_t id, Object const& params);
    void list(std::int64_t id);
    void ok(std::int64_t id, Subscription& subscription);
    std::vector<std::size_t> markets_of(Object const& params);
    void add(Subscription& subscription, std::string const& channel, std::vector<std::size_t> const& markets,
             Object const& params);
    void snapshot(Subscription& subscription, Market const& market, std::int64_t id);
    std::string sequenced(std::string const& type, Subscription& subscription, std::string const& msg,
                          std::int64_t id = 0);
    void replay();

    Kalshi& venue_;
    std::weak_ptr<char> const venue_alive_;
    Line line_;
    std::map<std::string, Subscription> subscriptions_;  // by channel
    std::unordered_set<std::int64_t> ids_;
    std::int64_t next_sid_ = 1;
    int unanswered_pings_ = 0;
    bool replayed_ = false;
    // Lives as long as the session: what is still in the socket's queue then does nothing.
    std::shared_ptr<std::function<void(std::uint64_t, std::size_t)>> flood_next_;
};

std::string ticker_msg(Market const& market, std::int64_t ms, bool with_dollars);
// The price grid as an array of {start, end, step}.
std::string price_ranges(Market const& market);
HttpResponse kalshi_error(int status, std::string const& code, std::string const& message);

// One page of a listing, as `limit` and `cursor` ask for it; `fault` has a status if they must not.
struct KalshiPage {
    std::size_t limit = 0, position = 0;
    std::string filters;
    HttpResponse fault{0, {}};
};
KalshiPage kalshi_page(HttpRequest const& request, std::size_t limit_default, std::size_t limit_max,
                       Report& report);
// The elements of the page out of `all`, and the cursor of the next.
std::string paged(KalshiPage const& page, std::vector<std::string> const& all, std::string& cursor);

}  // namespace arb::simulator
