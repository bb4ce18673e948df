// Whether the exchange trades, when it is closed by its schedule, and what it takes for an answer. A pause is
// a state and no stall, and a connection that ends during maintenance is not opened again in haste.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <optional>
#include <string>

#include "drift.hpp"
#include "rest.hpp"
#include "schedule.hpp"

namespace arb::kalshi {

class Exchange {
  public:
    Exchange(Host host, Rest& rest, Drift& drift) : host_{host}, rest_{rest}, drift_{drift} {}

    // Asks for the state, unless somebody else is asking.
    net::asio::awaitable<void> look();
    // Reads the schedule and the costs of requests now and every hour until the instance stops.
    net::asio::awaitable<void> read_terms_for_ever();

    bool looking() const { return looking_; }
    arb_time seen() const { return seen_; }
    bool paused() const { return paused_; }
    // When the closed hours or the maintenance that `now` lies in end; nothing if there are none.
    std::optional<arb_time> closed_until(arb_time now) const { return schedule_.closed_until(now); }
    // "; the exchange pauses trading, ..." or nothing.
    std::string text(arb_time now) const;

  private:
    net::asio::awaitable<void> read_costs();
    net::asio::awaitable<bool> read_schedule();

    Host const host_;
    Rest& rest_;
    Drift& drift_;
    Schedule schedule_;
    arb_time seen_ = 0;
    bool looking_ = false, paused_ = false;
    std::string resting_;  // parts
    std::string resumes_;
};

}  // namespace arb::kalshi
