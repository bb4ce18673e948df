// What a run leaves behind: the ledger (a line for each thing a collector must have stored), the report
// (which rules clients broke), and the faults in force.
//
// Thread safety: none; on the simulator's thread.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "simulator/server.hpp"
#include "simulator/world.hpp"

namespace arb::simulator {

// ledger.jsonl. `live`: the frame went to at least one subscriber, intact. Amounts are decimal texts, absent
// ones null.
class Ledger {
  public:
    explicit Ledger(std::string const& file) : out_{file, std::ios::trunc} {}
    void quote(Market const& market, std::int64_t ms, bool live);
    void trade(Market const& market, Trade const& trade, bool live);
    void change(Market const& market, Change const& change, std::int64_t ms, bool live);
    void status(Market const& market, std::int64_t ms, bool live);
    // The state of everything, as a collector should have it in the end.
    void finish(World& world);
    void flush() { out_.flush(); }
    std::string totals() const;  // JSON
    bool finished() const { return finished_; }

  private:
    void line(std::string const& kind, Market const& market, std::string const& rest, std::int64_t ms,
              bool live);
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

class Faults {
  public:
    static bool known(std::string const& kind);
    void start(std::string const& kind, Venue venue, double seconds);
    bool active(std::string const& kind, Venue venue) const;
    // How often it was ever asked for: for faults that strike each connection once.
    std::uint64_t times(std::string const& kind, Venue venue) const;

  private:
    struct Fault {
        std::int64_t until_ms = 0;
        std::uint64_t times = 0;
    };
    std::map<std::string, Fault> faults_;
};

// The way out of one connection: where faults strike data frames.
class Line {
  public:
    Line(std::shared_ptr<Socket> socket, Venue venue, Faults& faults);
    // Whether the client gets the frame as it is.
    bool data(std::string frame);
    void reply(std::string frame) { socket_->send(std::move(frame)); }
    void settle();  // sends what a fault that is over held back
    Socket& socket() { return *socket_; }

  private:
    bool strikes_once(std::string const& kind, std::uint64_t& seen);
    std::shared_ptr<Socket> socket_;
    Venue venue_;
    Faults& faults_;
    std::uint64_t gaps_ = 0, malformed_ = 0;
    std::string held_;
};

}  // namespace arb::simulator
