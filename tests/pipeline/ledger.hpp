// What the simulator says it sent, against what lies in a database. Each check returns what is wrong, in
// sentences; nothing when all is right.
//
// Thread safety: none.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/database.hpp"

namespace arb::test {

using Problems = std::vector<std::string>;
std::string told(Problems const& problems);

class Ledger {
  public:
    // Lines that are not complete yet are left out.
    explicit Ledger(std::string const& file);

    // Every trade a subscriber was sent is there once and exact; none is there that never was. Trades nobody
    // was sent may be there: Kalshi lists them afterwards.
    enum class Wanted {
        sent,
        sent_outside_gaps,  // a trade that falls into a gap the database tells of may be missing
        all_of_kalshi,      // and those of Kalshi that were not sent must be there, too
        all_outside_gaps,  // every trade of a market once somebody was sent anything of it, sent or not; only
                           // a gap that was not recovered excuses
    };
    Problems trades(Database& database, Wanted wanted = Wanted::sent) const;
    // Every quote there was of a market, once somebody was sent anything of it, is in the history or lies in
    // a gap of quotes. What such a gap says of its recovery does not matter: quotes cannot be read again.
    Problems quotes(Database& database) const;
    // The latest price of every market a quote was sent for is the last one.
    Problems latest_prices(Database& database) const;
    // Every tick that was sent is in the history, in its order.
    Problems ticks(Database& database) const;
    Problems catalogue(Database& database) const;
    // Snapshots and changes as stored lead to the final books.
    Problems books(Database& database) const;
    Problems everything(Database& database) const;

    std::size_t count(std::string const& kind) const;

  private:
    using Entry = boost::json::object;
    using Name = std::pair<std::string, std::string>;  // venue and market or event
    std::vector<Entry> const& of(std::string const& kind) const;
    // When the first frame about each market reached somebody, in Unix milliseconds.
    std::map<Name, std::int64_t> first_sent() const;
    std::map<std::string, std::vector<Entry>> entries_;  // by kind
};

}  // namespace arb::test
