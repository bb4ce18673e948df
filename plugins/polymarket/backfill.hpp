// Trades read over REST: those of gaps, and at the start those of the time before. What the stream brought
// already is not pushed again.
//
// Thread safety: none; on the venue's thread. Bounded: one task a market, and so many pages a reading.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "arbitrage/host.hpp"
#include "polymarket/coverage.hpp"
#include "polymarket/decode_trades.hpp"
#include "polymarket/prices.hpp"
#include "polymarket/rest.hpp"
#include "venue/gaps.hpp"

namespace arb::polymarket {

class Backfill {
  public:
    using Clock = std::chrono::steady_clock;

    Backfill(Host host, Outbox& outbox, Gaps& gaps, Rest& data, Prices& prices, Timing const& timing);

    // Trades of a gap. Its row is said to be recovered when all of them were read, twice.
    void want(Missing const& missing);
    // Trades of a market from `from` on; as long as the time before the start is open, of that time, too.
    void want(std::string const& market, arb_time from);
    // The time before this run. Its markets come to be known one after the other, so it stays open until all
    // of them were wanted; its row says recovered when all of those were read, twice.
    void open_past(arb_time from, arb_time to);
    void close_past();
    // Works until the executor stops.
    net::asio::awaitable<void> run();
    std::size_t waiting() const { return tasks_.size(); }
    // Whether trades of the market are being read, or are to be.
    bool has(std::string const& market) const { return tasks_.contains(market) || reading_.contains(market); }

  private:
    // A gap's row, as long as trades of it are missing.
    struct Row {
        Missing gap;
        std::size_t waiting = 0;
        bool failed = false;
    };
    struct Task {
        arb_time from = 0;
        Clock::time_point due;
        unsigned tries = 0;
        bool read = false;   // once; what was late then is there the second time
        bool alone = false;  // together with others it was too much
        std::vector<std::shared_ptr<Row>> rows;
    };
    using Tasks = std::map<std::string, Task>;

    void add(std::string const& market, arb_time from, std::shared_ptr<Row> row);
    Tasks take_due();
    // What one reading remembers from page to page.
    struct Reading {
        Occurrences alike;
        std::vector<std::size_t> page;  // the last one's trades, as hashes of all they say
    };
    // False if it is too much for one reading.
    net::asio::awaitable<Result<bool>> read(Tasks const& tasks);
    Result<TradePage> read_page(std::string_view body);
    // Returns when the oldest of the page's trades was made; ARB_ABSENT if there is none.
    arb_time take_page(TradePage const& page, Tasks const& tasks, Reading& reading);
    void read_apart(Tasks tasks);
    void done(std::string const& market, Task& task);
    void read_for(Row& row);
    void put_back(std::string const& market, Task const& task, std::chrono::milliseconds wait);
    void failed(Tasks tasks, std::string const& why);

    Host const host_;
    Outbox& outbox_;
    Gaps& gaps_;
    Rest& data_;
    Prices& prices_;
    Timing const& timing_;
    Tasks tasks_;  // by market
    std::set<std::string> reading_;
    std::shared_ptr<Row> past_;  // while it is open; it waits for the closing, too
};

}  // namespace arb::polymarket
