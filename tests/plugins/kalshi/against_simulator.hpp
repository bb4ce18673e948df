// The whole plugin at work against the simulator, and what the simulator's ledger says should have come of
// it.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "kalshi/collector.hpp"
#include "simulator/simulated.hpp"
#include "support/catch.hpp"
#include "support/recording_host.hpp"

namespace arb::kalshi::test {

using namespace std::chrono_literals;
using arb::test::eventually;
namespace json = boost::json;

inline Settings settings_for(arb::test::Simulated& simulated, bool with_key) {
    Settings settings;
    settings.rest_url = simulated.endpoint("kalshi", "rest_url");
    settings.websocket_url = simulated.endpoint("kalshi", "websocket_url");
    settings.catalogue_every = 1s;
    settings.poll_every = 500ms;
    settings.backfill = 0ms;
    settings.record = {true, true, with_key};
    if (!with_key) return settings;
    settings.key_id = simulated.endpoint("kalshi", "key_id");
    settings.key_file = simulated.endpoint("kalshi", "key_file");
    return settings;
}

inline std::shared_ptr<Signer const> signer_for(Settings const& settings) {
    if (settings.key_file.empty()) return nullptr;
    return Signer::load(settings.key_id, settings.key_file).value();
}

// The plugin at work on a thread of its own.
class Running {
  public:
    Running(arb::test::Simulated& simulated, Settings settings, Timing timing = {})
        : Running{simulated.tls(), std::move(settings), timing} {}
    Running(std::shared_ptr<net::Tls> tls, Settings settings, Timing timing)
        : settings_{std::move(settings)}, access_{settings_, std::move(tls), signer_for(settings_)} {
        thread_ = std::thread{[this, timing] {
            Collector collector{host.host(), access_, io_, timing};
            collector.run();
        }};
    }
    ~Running() {
        host.stop();
        io_.stop();
        thread_.join();
    }
    bool live() { return host.state() == ARB_STATE_LIVE; }

    arb::test::RecordingHost host{"kalshi"};

  private:
    Settings const settings_;
    Access const access_;
    boost::asio::io_context io_{1};
    std::thread thread_;
};

inline std::vector<json::object> ledger(arb::test::Simulated& simulated, std::string const& kind) {
    std::vector<json::object> out;
    std::ifstream in{simulated.endpoint("ledger_file")};
    for (std::string line; std::getline(in, line);) {
        auto const value = json::parse(line).as_object();
        if (value.at("kind").as_string() == kind && value.at("venue").as_string() == "kalshi")
            out.push_back(value);
    }
    return out;
}

inline std::int64_t amount(json::value const& value) {
    return value.is_null() ? ARB_ABSENT : parse_decimal(std::string_view{value.as_string()}).millionths;
}

inline std::string market_of(json::object const& line) { return std::string{line.at("market").as_string()}; }

inline std::map<std::string, std::string> final_states(arb::test::Simulated& simulated) {
    std::map<std::string, std::string> out;
    for (auto const& market : ledger(simulated, "final_market"))
        out[market_of(market)] = market.at("status").as_string();
    return out;
}

// What differs between the last quotes pushed and the ledger's final ones.
inline std::string wrong_quotes(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    std::map<std::string, arb_quote const*> last;
    for (auto const* const quote : host.all<arb_quote>())
        last[std::string{text(quote->header, quote->market_id)}] = quote;
    auto states = final_states(simulated);
    std::string wrong;
    for (auto const& expected : ledger(simulated, "final_quote")) {
        auto const id = market_of(expected);
        if (states[id] != "open" || is_combo(id)) continue;
        auto const found = last.find(id);
        if (found == last.end())
            wrong += id + " has no quote; ";
        else if (found->second->bid != amount(expected.at("bid")) ||
                 found->second->ask != amount(expected.at("ask")) ||
                 found->second->bid_size != amount(expected.at("bid_size")) ||
                 found->second->ask_size != amount(expected.at("ask_size")))
            wrong += id + " differs; ";
    }
    return wrong;
}

// Books as the packets say: replaced by a book, changed by the changes of its epoch.
inline std::string wrong_books(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    struct Book {
        std::uint64_t epoch = 0;
        std::map<std::int64_t, std::int64_t> sides[2];
    };
    std::map<std::string, Book> books;
    for (auto const* const packet : host.packets()) {
        if (auto const* const whole = as<arb_book>(*packet)) {
            auto& book = books[std::string{text(*packet, whole->market_id)}];
            book = Book{whole->epoch, {}};
            for (auto const& level : array<arb_level>(*packet, whole->bids))
                book.sides[ARB_BOOK_BID][level.price] = level.size;
            for (auto const& level : array<arb_level>(*packet, whole->asks))
                book.sides[ARB_BOOK_ASK][level.price] = level.size;
        } else if (auto const* const change = as<arb_book_change>(*packet)) {
            auto& book = books[std::string{text(*packet, change->market_id)}];
            if (book.epoch != change->epoch) return "a change of another epoch";
            if (change->size == 0)
                book.sides[change->side].erase(change->price);
            else
                book.sides[change->side][change->price] = change->size;
        }
    }
    auto states = final_states(simulated);
    std::string wrong;
    for (auto const& expected : ledger(simulated, "final_book")) {
        auto const id = market_of(expected);
        if (states[id] != "open" || is_combo(id)) continue;
        for (auto const side : {ARB_BOOK_BID, ARB_BOOK_ASK}) {
            std::map<std::int64_t, std::int64_t> levels;
            for (auto const& level : expected.at(side == ARB_BOOK_BID ? "bids" : "asks").as_array())
                levels[amount(level.at(0))] = amount(level.at(1));
            if (books[id].sides[side] != levels)
                wrong += id + (books.contains(id) && books[id].epoch != 0 ? "" : " has no book") +
                         (side == ARB_BOOK_BID ? " bids; " : " asks; ");
        }
    }
    return wrong;
}

inline std::string line_of(std::string_view market, std::string_view id, std::int64_t price,
                           std::int64_t size, bool buy) {
    return std::string{market} + " " + std::string{id} + " " + format_decimal(price) + " x " +
           format_decimal(size) + (buy ? " buy" : " sell");
}

inline std::vector<std::string> trades_of_ledger(arb::test::Simulated& simulated, bool only_live) {
    std::vector<std::string> out;
    for (auto const& trade : ledger(simulated, "trade"))
        if ((trade.at("live").as_bool() || !only_live) && !is_combo(market_of(trade)))
            out.push_back(line_of(market_of(trade), std::string{trade.at("trade_id").as_string()},
                                  amount(trade.at("price")), amount(trade.at("size")),
                                  trade.at("taker_side").as_string() == "buy"));
    std::sort(out.begin(), out.end());
    return out;
}

// As a sink keeps them: each trade id once.
inline std::vector<std::string> trades_of(arb::test::RecordingHost& host) {
    std::set<std::string> out;
    for (auto const* const trade : host.all<arb_trade>())
        out.insert(line_of(text(trade->header, trade->market_id), text(trade->header, trade->trade_id),
                           trade->price, trade->size, trade->taker_side == ARB_SIDE_BUY));
    return {out.begin(), out.end()};
}

inline std::string told(arb::test::RecordingHost& host) {
    std::string out;
    for (auto const& line : host.lines()) out += line + "\n";
    for (auto const& line : host.sentences())
        if (out.find(line) == std::string::npos) out += "state: " + line + "\n";
    for (auto const* const gap : host.all<arb_gap>())
        out += "gap: stream " + std::to_string(gap->stream) + " " +
               std::string{text(gap->header, gap->market_id)} + " " +
               std::string{text(gap->header, gap->reason)} + " " + format_time(gap->from_time) + " " +
               (gap->to_time == ARB_ABSENT ? "open" : format_time(gap->to_time)) +
               (gap->recovered == ARB_YES ? " recovered\n" : "\n");
    return out;
}

inline std::string violations(arb::test::Simulated& simulated) {
    std::string out;
    auto const report = simulated.control("report");
    for (auto const& [name, value] : report.at("violations").as_object())
        if (name.starts_with("kalshi")) out += std::string{name} + " " + json::serialize(value) + "; ";
    return out;
}

inline std::size_t open_gaps(arb::test::RecordingHost& host) {
    std::map<std::string, bool> open;
    for (auto const* const gap : host.all<arb_gap>())
        open[std::to_string(gap->stream) + std::string{text(gap->header, gap->market_id)} +
             std::to_string(gap->from_time)] = gap->to_time == ARB_ABSENT;
    return static_cast<std::size_t>(
        std::count_if(open.begin(), open.end(), [](auto const& entry) { return entry.second; }));
}

inline std::set<std::string> gap_reasons(arb::test::RecordingHost& host) {
    std::set<std::string> out;
    for (auto const* const gap : host.all<arb_gap>()) out.emplace(text(gap->header, gap->reason));
    return out;
}

// Every market that ended is known with its end.
inline std::string without_end(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    std::map<std::string, int> last;
    for (auto const* const row : host.all<arb_market>())
        last[std::string{text(row->header, row->market_id)}] = row->lifecycle;
    std::string out;
    for (auto const& [id, state] : final_states(simulated))
        if (state == "settled" && last.contains(id) && last[id] != ARB_LIFECYCLE_SETTLED) out += id + "; ";
    return out;
}

}  // namespace arb::kalshi::test
