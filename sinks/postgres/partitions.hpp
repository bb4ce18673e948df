// The tables below the parents: one per venue, and below the hot ones one per day (UTC) of received_at.
//
// Thread safety: none.
#pragma once

#include <set>
#include <string>
#include <unordered_set>

#include "sinks/postgres/connection.hpp"

namespace arb::postgres {

// Days since the Unix epoch.
using Day = std::int64_t;
Day day_of(arb_time time);

class Partitions {
  public:
    explicit Partitions(Connection& connection) : connection_{connection} {}

    // Makes what is not there yet, each in a transaction of its own; a partition of today brings tomorrow's
    // along.
    void ensure(sql::Table const& table, std::string const& venue, std::set<Day> const& days, arb_time now);
    // Drops partitions of days that ended before `before`, the oldest first; of trades, whose ids go too,
    // those of one day. True if there is more.
    bool expire(sql::Table const& table, arb_time before);
    // Somebody may have changed the tables since.
    void forget() { known_.clear(); }

    // The table to write to, quoted.
    static std::string of_venue(sql::Table const& table, std::string const& venue);
    static std::string of_day(sql::Table const& table, std::string const& venue, Day day);

  private:
    void ensure_venue(std::string const& venue);
    void ensure_day(sql::Table const& table, std::string const& venue, Day day);
    void forget_trades(std::string const& day);

    Connection& connection_;
    std::unordered_set<std::string> known_;
};

}  // namespace arb::postgres
