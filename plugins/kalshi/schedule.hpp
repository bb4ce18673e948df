// When the exchange is closed by its own schedule: hours of the week in New York's time, and announced
// windows of maintenance. Pure functions of what the venue said; times in nanoseconds, UTC.
//
// Thread safety: const after construction.
#pragma once

#include <optional>
#include <vector>

#include "decode_rest.hpp"

namespace arb::kalshi {

class Schedule {
  public:
    // Nothing known: never closed.
    Schedule() = default;
    // GET /exchange/schedule. What cannot be read is left out, and `doubts` says so.
    static Schedule read(Document const& document, Doubts& doubts);

    // When the pause that holds `now` ends; nothing if the exchange is open by its schedule.
    std::optional<arb_time> closed_until(arb_time now) const;

    struct Span {
        arb_time begin, end;
    };
    // Windows of maintenance that were announced, beside the hours of the week.
    std::vector<Span> const& maintenance() const { return maintenance_; }

  private:
    struct Hours {
        Span valid;
        // Minutes of the day, by day from Sunday. Nothing is known of a day that is not there.
        std::optional<std::vector<std::pair<int, int>>> open[7];
    };
    bool open_by_hours(arb_time now) const;

    std::vector<Hours> hours_;
    std::vector<Span> maintenance_;
};

// What has to be added to UTC for the time in New York: its clocks go forward on the second Sunday of March
// and back on the first of November, at two.
arb_time eastern_offset(arb_time utc);

}  // namespace arb::kalshi
