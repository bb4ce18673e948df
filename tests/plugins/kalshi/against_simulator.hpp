// The whole plugin at work against the simulator, and what the simulator's ledger says should have come of
// it.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "kalshi/collector.hpp"
#include "support/against_simulator.hpp"
#include "support/catch.hpp"

namespace arb::kalshi::test {

using namespace std::chrono_literals;
using arb::test::amount;
using arb::test::eventually;
using arb::test::market_of;
using arb::test::open_gaps;
using arb::test::told;
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

// A host whose queue has no room while the door is closed: pushes wait, as with `when_full: block`.
class Door {
  public:
    explicit Door(arb::test::RecordingHost& behind) : behind_{*behind.table()}, table_{behind_} {
        queue_ = {sizeof(arb_queue), 0, this,
                  [](void* self, void const* packets, std::size_t size, arb_error* error) {
                      auto& door = *static_cast<Door*>(self);
                      std::unique_lock lock{door.mutex_};
                      door.opened_.wait(lock, [&] { return !door.closed_; });
                      lock.unlock();
                      return door.behind_.queue->push(door.behind_.queue->self, packets, size, error);
                  }};
        table_.queue = &queue_;
    }
    Host host() const { return Host{&table_}; }
    void close() { set(true); }
    void open() { set(false); }

  private:
    void set(bool closed) {
        std::lock_guard const lock{mutex_};
        closed_ = closed;
        opened_.notify_all();
    }

    arb_host const behind_;
    arb_host table_;
    arb_queue queue_{};
    std::mutex mutex_;
    std::condition_variable opened_;
    bool closed_ = false;  // protected by mutex_
};

// The plugin at work on a thread of its own.
class Running {
  public:
    Running(arb::test::Simulated& simulated, Settings settings, Timing timing = {})
        : Running{simulated.tls(), std::move(settings), timing} {}
    Running(std::shared_ptr<net::Tls> tls, Settings settings, Timing timing)
        : settings_{std::move(settings)}, access_{settings_, std::move(tls), signer_for(settings_)} {
        thread_ = std::thread{[this, timing] {
            Collector collector{door.host(), access_, io_, timing};
            collector.run();
        }};
    }
    ~Running() {
        host.stop();
        door.open();
        io_.stop();
        thread_.join();
    }
    bool live() { return host.state() == ARB_STATE_LIVE; }

    arb::test::RecordingHost host{"kalshi"};
    Door door{host};

  private:
    Settings const settings_;
    Access const access_;
    boost::asio::io_context io_{1};
    std::thread thread_;
};

inline std::vector<json::object> ledger(arb::test::Simulated& simulated, std::string const& kind) {
    return simulated.ledger(kind, "kalshi");
}

inline std::map<std::string, std::string> final_states(arb::test::Simulated& simulated) {
    return arb::test::final_states(simulated, "kalshi");
}

inline std::string wrong_quotes(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    return arb::test::wrong_quotes(simulated, host, "kalshi",
                                   [](std::string const& id) { return is_combo(id); });
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

inline std::string violations(arb::test::Simulated& simulated) {
    return arb::test::violations(simulated, "kalshi");
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
