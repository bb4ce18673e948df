// A venue of a few markets whose WebSocket does what a test says: for what the simulator never does.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <atomic>
#include <boost/json.hpp>
#include <functional>
#include <set>

#include "../net/loopback.hpp"
#include "arbitrage/time.hpp"
#include "kalshi/options.hpp"

namespace arb::kalshi::test {

inline std::string pem_of(EVP_PKEY* key) {
    auto* const bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    auto const size = BIO_get_mem_data(bio, &data);
    std::string out{data, static_cast<std::size_t>(size)};
    BIO_free(bio);
    return out;
}

// A throw-away Ed25519 key.
inline std::string new_key() {
    auto* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    auto out = pem_of(key);
    EVP_PKEY_free(key);
    return out;
}

// One connection as the venue keeps it.
class MockSession {
  public:
    MockSession(arb::test::WebSocketPeer& peer, unsigned n) : number{n}, peer_{peer} {}

    // The next command; null at the end.
    boost::json::object next() {
        auto const text = peer_.read();
        return text ? boost::json::parse(*text).as_object() : boost::json::object{};
    }
    bool say(std::string const& frame) {
        last_ = frame;
        return peer_.write(frame);
    }
    // The last frame once more.
    bool repeat() { return peer_.write(last_); }
    static std::string channel_of(boost::json::object const& command) {
        auto const* const channels = command.at("params").as_object().if_contains("channels");
        return channels != nullptr ? std::string{channels->as_array().at(0).as_string()} : std::string{};
    }
    static std::vector<std::string> tickers_of(boost::json::object const& command) {
        std::vector<std::string> out;
        if (auto const* const list = command.at("params").as_object().if_contains("market_tickers"))
            for (auto const& ticker : list->as_array()) out.emplace_back(ticker.as_string());
        return out;
    }
    void error(boost::json::object const& command, int code) {
        say(R"({"type":"error","id":)" + boost::json::serialize(command.at("id")) + R"(,"msg":{"code":)" +
            std::to_string(code) + R"(,"msg":"no"}})");
    }
    // Takes a subscription, more markets to one, or its end.
    void accept(boost::json::object const& command) {
        auto const id = boost::json::serialize(command.at("id"));
        if (command.at("cmd").as_string() == "subscribe") {
            auto const channel = channel_of(command);
            sids_[channel] = ++last_sid_;
            say(R"({"type":"subscribed","id":)" + id + R"(,"msg":{"channel":")" + channel + R"(","sid":)" +
                std::to_string(sids_[channel]) + "}}");
        } else {
            auto const sid = static_cast<int>(command.at("params").at("sids").as_array().at(0).as_int64());
            bool const leaves = command.at("cmd").as_string() == "unsubscribe";
            say(R"({"type":")" + std::string{leaves ? "unsubscribed" : "ok"} + R"(","id":)" + id +
                R"(,"sid":)" + std::to_string(sid) + R"(,"seq":)" + std::to_string(++seqs_[sid]) +
                R"(,"msg":{}})");
        }
    }
    bool ticker(std::string const& market) {
        return say(R"({"type":"ticker","sid":)" + std::to_string(sids_["ticker"]) +
                   R"(,"msg":{"market_ticker":")" + market +
                   R"(","price_dollars":"0.4200","yes_bid_dollars":"0.4100","yes_ask_dollars":"0.4300",)"
                   R"("yes_bid_size_fp":"10.00","yes_ask_size_fp":"20.00","volume_fp":"5.00",)"
                   R"("open_interest_fp":"3.00","ts_ms":)" +
                   std::to_string(arb::now() / millisecond_ns) + "}}");
    }
    bool book(std::string const& market) {
        auto const sid = sids_["orderbook_delta"];
        return say(R"({"type":"orderbook_snapshot","sid":)" + std::to_string(sid) + R"(,"seq":)" +
                   std::to_string(++seqs_[sid]) + R"(,"msg":{"market_ticker":")" + market +
                   R"(","yes_dollars_fp":[["0.4100","10.00"]],"no_dollars_fp":[["0.5700","20.00"]]}})");
    }

    // A frame of a channel that is subscribed to; `sid` other than 0 instead of its own.
    bool tell(std::string const& channel, std::string const& type, std::string const& msg, int sid = 0) {
        auto const own = sids_[channel];
        return say(R"({"type":")" + type + R"(","sid":)" + std::to_string(sid != 0 ? sid : own) +
                   R"(,"seq":)" + std::to_string(sid != 0 ? 1 : ++seqs_[own]) + R"(,"msg":)" + msg + "}");
    }
    int sid_of(std::string const& channel) { return sids_[channel]; }

    unsigned const number;  // of the venue's connections, from 1

  private:
    arb::test::WebSocketPeer& peer_;
    std::string last_;
    int last_sid_ = 0;
    std::map<std::string, int> sids_;
    std::map<int, int> seqs_;
};

class MockVenue {
  public:
    // What REST answers instead of what it does anyway; nothing: that.
    using Rest = std::function<std::optional<arb::test::HttpAnswer>(arb::test::HttpAsk const&)>;

    // `serve` speaks for one connection, on a thread of its own, until it returns; so does `rest`.
    MockVenue(unsigned markets, std::function<void(MockSession&)> serve, Rest rest = {})
        : markets_{markets},
          rest_{std::move(rest)},
          server_{arb::test::TlsServer::Script{
              .certificate = here_.good(),
              .http = [this](arb::test::HttpAsk const& ask) { return answer(ask); },
              .websocket =
                  [this, serve](arb::test::WebSocketPeer& peer) {
                      MockSession session{peer, ++connections_};
                      serve(session);
                  }}} {}

    Settings settings(Record record) {
        Settings out;
        out.rest_url = here_.https(server_) + "/trade-api/v2";
        out.websocket_url = here_.wss(server_) + "/trade-api/ws/v2";
        out.key_id = "a-key";
        out.key_file = folder_.write("key.pem", new_key());
        out.backfill = std::chrono::milliseconds{0};
        out.record = record;
        return out;
    }
    std::shared_ptr<net::Tls> tls() { return here_.tls; }
    unsigned connections() const { return connections_; }
    static std::string ticker(unsigned n) { return "KXA-26-" + std::to_string(1000 + n); }

  private:
    arb::test::HttpAnswer answer(arb::test::HttpAsk const& ask) const {
        if (rest_)
            if (auto other = rest_(ask)) return *other;
        auto const is = [&](char const* what) { return arb::test::contains(ask.target, what); };
        if (is("/series/fee_changes")) return {.body = R"({"series_fee_change_arr":[]})"};
        if (is("/series"))
            return {.body =
                        R"({"series":[{"ticker":"KXA","title":"A","category":"Tests","frequency":"daily",)"
                        R"("fee_type":"quadratic","fee_multiplier":1}]})"};
        if (is("/events/fee_changes")) return {.body = R"({"event_fee_changes":[],"cursor":""})"};
        if (is("/events?") && is("status=open")) return {.body = events()};
        if (is("/events?")) return {.body = R"({"events":[],"cursor":""})"};
        if (is("/exchange/status")) return {.body = R"({"exchange_active":true,"trading_active":true})"};
        if (is("/exchange/schedule")) return {.body = R"({"schedule":{"standard_hours":[]}})"};
        if (is("/markets/trades")) return {.body = R"({"trades":[],"cursor":""})"};
        return {.status = 404, .body = R"({"error":{"code":"not_found","message":"not found"}})"};
    }
    std::string events() const {
        std::string list;
        for (unsigned n = 0; n != markets_; ++n) list += (n == 0 ? "" : ",") + market(n);
        return events(list);
    }

  public:
    // One market as REST lists it, and a page with its event.
    static std::string market(unsigned n, std::string const& status = "active",
                              std::string const& close_time = "2099-01-01T00:00:00Z") {
        return R"({"ticker":")" + ticker(n) +
               R"(","event_ticker":"KXA-26","market_type":"binary","title":"A","yes_sub_title":"a",)"
               R"("status":")" +
               status + R"(","open_time":"2026-01-01T00:00:00Z","close_time":")" + close_time +
               R"(",)"
               R"("price_ranges":[{"start":"0.0000","end":"1.0000","step":"0.0100"}],"result":"",)"
               R"("yes_bid_dollars":"0.4100","yes_ask_dollars":"0.4300","yes_bid_size_fp":"10.00",)"
               R"("yes_ask_size_fp":"20.00","last_price_dollars":"0.4200","volume_fp":"5.00",)"
               R"("volume_24h_fp":"5.00","open_interest_fp":"3.00"})";
    }
    static std::string events(std::string const& markets) {
        return R"({"cursor":"","events":[{"event_ticker":"KXA-26","series_ticker":"KXA","title":"A",)"
               R"("mutually_exclusive":false,"markets":[)" +
               markets + "]}]}";
    }

  private:
    unsigned const markets_;
    Rest const rest_;
    arb::test::Folder folder_;
    arb::test::Loopback here_;
    std::atomic<unsigned> connections_{0};
    arb::test::TlsServer server_;
};

}  // namespace arb::kalshi::test
