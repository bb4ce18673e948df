#include "schedule.hpp"

#include <chrono>

#include "arbitrage/time.hpp"
#include "member.hpp"

namespace arb::kalshi {

namespace {

namespace json = boost::json;

constexpr arb_time minute_ns = 60 * second_ns, hour_ns = 60 * minute_ns, day_ns = 24 * hour_ns;
constexpr int day_minutes = 24 * 60;
// No pause is longer; who is closed for so long has no schedule that can be read.
constexpr int closed_days_max = 8;

// "03:00" as minutes; -1 if it is no time of a day.
int minutes_of(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return -1;
    for (auto const at : {0, 1, 3, 4})
        if (text[static_cast<std::size_t>(at)] < '0' || text[static_cast<std::size_t>(at)] > '9') return -1;
    auto const minutes =
        (text[0] - '0') * 600 + (text[1] - '0') * 60 + (text[3] - '0') * 10 + (text[4] - '0');
    return text[3] > '5' || minutes > day_minutes ? -1 : minutes;
}

}  // namespace

arb_time eastern_offset(arb_time utc) {
    using namespace std::chrono;
    constexpr hours standard{-5}, summer{-4};
    sys_time<nanoseconds> const point{nanoseconds{utc}};
    auto const year = year_month_day{floor<days>(point)}.year();
    // Two o'clock in the time that ends with it.
    auto const forward = sys_days{year / March / Sunday[2]} + hours{2} - standard;
    auto const back = sys_days{year / November / Sunday[1]} + hours{2} - summer;
    return nanoseconds{point >= forward && point < back ? summer : standard}.count();
}

Schedule Schedule::read(Document const& document, Doubts& doubts) {
    Schedule out;
    auto const* const schedule = document.object().if_contains("schedule");
    if (schedule == nullptr || !schedule->is_object()) {
        doubts.add("schedule", schedule == nullptr ? ARB_DRIFT_MISSING : ARB_DRIFT_RETYPED);
        return out;
    }
    if (!schedule->get_object().contains("standard_hours") &&
        !schedule->get_object().contains("maintenance_windows"))
        doubts.add("standard_hours", ARB_DRIFT_MISSING);
    auto const each = [&](json::object const& of, char const* key, auto const& take) {
        auto const* const list = of.if_contains(key);
        if (list == nullptr || list->is_null()) return;
        if (!list->is_array()) return doubts.add(key);
        for (auto const& item : list->get_array())
            item.is_object() ? take(item.get_object()) : doubts.add(key);
    };
    auto const span = [&](json::object const& of, char const* begin, char const* end) {
        return Span{read_time(Member{of, begin}, begin, Need::required, doubts),
                    read_time(Member{of, end}, end, Need::required, doubts)};
    };
    each(schedule->get_object(), "maintenance_windows", [&](json::object const& window) {
        auto const read = span(window, "start_datetime", "end_datetime");
        if (read.begin != 0 && read.end > read.begin) out.maintenance_.push_back(read);
    });
    each(schedule->get_object(), "standard_hours", [&](json::object const& week) {
        static constexpr char const* days[] = {"sunday",   "monday", "tuesday", "wednesday",
                                               "thursday", "friday", "saturday"};
        Hours hours{span(week, "start_time", "end_time"), {}};
        for (std::size_t day = 0; day != std::size(days); ++day) {
            auto const* const listed = week.if_contains(days[day]);
            auto& known = hours.open[day];
            if (listed != nullptr && listed->is_array()) known.emplace();
            each(week, days[day], [&](json::object const& open) {
                auto const begin = minutes_of(text(open, "open_time"));
                auto end = minutes_of(text(open, "close_time"));
                if (end == 0) end = day_minutes;  // midnight at its end
                if (begin < 0 || end < begin) {
                    known.reset();
                    return doubts.add(days[day]);
                }
                if (known) known->emplace_back(begin, end);
            });
        }
        out.hours_.push_back(std::move(hours));
    });
    return out;
}

bool Schedule::open_by_hours(arb_time now) const {
    auto const local = now + eastern_offset(now);
    // 1970 began on a Thursday.
    auto const day = static_cast<std::size_t>((local / day_ns + 4) % 7);
    auto const minute = static_cast<int>(local % day_ns / minute_ns);
    bool any = false;
    for (auto const& hours : hours_) {
        if (now < hours.valid.begin || (hours.valid.end != 0 && now >= hours.valid.end)) continue;
        if (!hours.open[day]) return true;
        any = true;
        for (auto const& [begin, end] : *hours.open[day])
            if (minute >= begin && minute < end) return true;
    }
    return !any;
}

std::optional<arb_time> Schedule::closed_until(arb_time now) const {
    auto const closed = [this](arb_time at) {
        for (auto const& window : maintenance_)
            if (at >= window.begin && at < window.end) return true;
        return !open_by_hours(at);
    };
    if (!closed(now)) return {};
    auto at = now - now % minute_ns;
    for (int minute = 0; minute != closed_days_max * day_minutes; ++minute) {
        at += minute_ns;
        if (!closed(at)) return at;
    }
    return {};
}

}  // namespace arb::kalshi
