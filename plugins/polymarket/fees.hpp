// What a market charges: from Gamma's `feesEnabled`, `feeType` and `feeSchedule`, or from an announcement.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "arbitrage/abi/catalogue.h"
#include "arbitrage/host.hpp"
#include "polymarket/stream_event.hpp"
#include "venue/change_filter.hpp"
#include "venue/outbox.hpp"

namespace arb::polymarket {

struct FeeSchedule {
    std::string type;  // the venue's word; it has none for many
    std::string raw;   // the venue's JSON
    std::int64_t rate = ARB_ABSENT, exponent = ARB_ABSENT, rebate_rate = ARB_ABSENT;  // millionths
    std::int32_t taker_only = ARB_NOT_KNOWN;
    bool unsaid = false;  // neither a schedule nor its type is named

    // Without a rate nothing is said of fees.
    bool known() const { return rate != ARB_ABSENT; }
};

// A rate, exponent or share as the venue writes it: not negative. ARB_ABSENT if it is none.
std::int64_t read_fee_figure(std::string_view text);

// `enabled`: "true", "false" or empty. Where fees are off the rate is 0, whatever else is said.
FeeSchedule read_fees(std::string_view enabled, std::string_view rate, std::string_view exponent,
                      std::string_view rebate_rate, std::string_view taker_only);
// Those of a new_market event.
FeeSchedule read_fees(StreamEvent const& event);

// Pushes the schedules that changed.
class Fees {
  public:
    Fees(Host host, Outbox& outbox) : host_{host}, outbox_{outbox} {}

    void listed(std::string_view market_id, FeeSchedule const& schedule);
    // An announcement does not say the type: once the listing does, it is the same schedule.
    void announced(std::string_view market_id, FeeSchedule const& schedule, arb_time at);

  private:
    // Announced markets that the listing has not shown yet; more are taken for changed then.
    static constexpr std::size_t announced_max = 10'000;
    struct Announced {
        std::string figures;
        arb_time at = 0;
    };
    void push(std::string_view market_id, FeeSchedule const& schedule, std::string_view source,
              arb_time effective_from);

    Host const host_;
    Outbox& outbox_;
    ChangeFilter filter_;
    std::map<std::string, Announced, std::less<>> announced_;
};

}  // namespace arb::polymarket
