// What a run leaves behind: the ledger (what happened in the world, and who was told) and the report (which
// rules clients broke).
//
// Thread safety: none; on the simulator's thread.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <string>

#include "simulator/faults.hpp"
#include "simulator/world.hpp"

namespace arb::simulator {

// ledger.jsonl: every trade, quote, change and status of the world, whether anybody heard of it or not.
// Quotes and books of markets that are not in the sample are counted only. `live`: the frame went to at least
// one subscriber, intact; `seen` and `missed` number the connections that got it, and those a fault kept it
// from. Amounts are decimal texts, absent ones null.
class Ledger {
  public:
    explicit Ledger(std::string const& file) : out_{file, std::ios::trunc} {}
    void quote(Market const& market, std::int64_t ms, Delivery const& to);
    void trade(Market const& market, Trade const& trade, Delivery const& to);
    void change(Market const& market, Change const& change, std::int64_t ms, Delivery const& to);
    void status(Market const& market, std::int64_t ms, Delivery const& to);
    // Every change of a status, also those no venue announces.
    void lifecycle(Market const& market);
    // A new market: when it was made and announced, and since when it can be traded.
    void created(Market const& market, Delivery const& to);
    // Kalshi's fees of a series or an event; without a type an override was cleared.
    void fee(char const* scope, FeeChange const& change, char const* source, Delivery const& to);
    // Polymarket's of a market.
    void fee(Market const& market);
    void ticks(Market const& market, std::int64_t before, Delivery const& to);
    void close_time(Market const& market, Delivery const& to);
    // What is there before trading begins: books and fees. Changes lead from here to the books of any
    // instant.
    void opening(World& world);
    void connection(Venue venue, unsigned number, bool open);
    void fault(Fault const& fault);                            // ordered
    void fault_stopped(std::string const& kind, Venue venue);  // before its time
    // The state of everything, as a collector should have it in the end.
    void finish(World& world);
    void flush() { out_.flush(); }
    std::string totals() const;  // JSON
    bool finished() const { return finished_; }

  private:
    void line(std::string const& kind, Market const& market, std::string const& rest, std::int64_t ms,
              Delivery const& to);
    void write(std::string const& total, std::string const& text);
    void book(char const* kind, Market const& market, std::int64_t ms);
    std::ofstream out_;
    std::map<std::string, std::uint64_t> totals_;
    bool finished_ = false;
};

class Report {
  public:
    // A rule of the venue that a client broke; the first text of each kind is kept.
    void violation(Venue venue, std::string const& kind, std::string const& text = {});
    void count(Venue venue, std::string const& what, std::uint64_t amount = 1) {
        counters_[key(venue, what)] += amount;
    }
    std::string json() const;

  private:
    static std::string key(Venue venue, std::string const& what) {
        return std::string{name_of(venue)} + '.' + what;
    }
    struct Violation {
        std::uint64_t times = 0;
        std::string first;
    };
    std::map<std::string, Violation> violations_;
    std::map<std::string, std::uint64_t> counters_;
};

}  // namespace arb::simulator
