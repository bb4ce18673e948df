// Whether the exchange trades, when it is closed by its schedule, and what it takes for an answer. A pause is
// a state and no stall, and a connection that ends during maintenance is not opened again in haste. Each
// pause and its end is a status packet of the venue as a whole, or of one of its parts.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "drift.hpp"
#include "rest.hpp"
#include "schedule.hpp"
#include "venue/outbox.hpp"

namespace arb::kalshi {

class Exchange {
  public:
    Exchange(Host host, Outbox& outbox, Rest& rest, Drift& drift)
        : host_{host}, outbox_{outbox}, rest_{rest}, drift_{drift} {}

    // Asks for the state now and every so often until the instance stops; reads the schedule and the costs of
    // requests now and every hour.
    net::asio::awaitable<void> watch(std::chrono::milliseconds every);
    // Asks for the state, unless somebody else is asking.
    net::asio::awaitable<void> look();

    bool paused() const { return !state_.trading; }
    // When the closed hours or the maintenance that `now` lies in end; nothing if there are none.
    std::optional<arb_time> closed_until(arb_time now) const { return schedule_.closed_until(now); }
    // "; the exchange pauses trading, ..." or nothing.
    std::string text(arb_time now) const;

  private:
    net::asio::awaitable<void> read_costs();
    net::asio::awaitable<bool> read_schedule();
    void take(ExchangeState state);
    void write_changes();
    void write(std::string_view word, boost::json::object detail);
    std::string resting() const;

    Host const host_;
    Outbox& outbox_;
    Rest& rest_;
    Drift& drift_;
    Schedule schedule_;
    ExchangeState state_;
    bool looking_ = false;
    std::string written_;                                // the word of the whole; empty: none was written
    std::map<std::int64_t, std::string> written_parts_;  // words of parts that rest while the whole trades
    std::set<std::pair<arb_time, arb_time>> announced_;  // maintenance
};

}  // namespace arb::kalshi
