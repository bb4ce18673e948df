#include "kalshi/schedule.hpp"

#include "arbitrage/time.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;

namespace {

arb_time at(char const* text) { return parse_time(text).value(); }

// Every day but a hole on Thursday, and one announced window.
constexpr char const* weekly =
    R"({"schedule":{"maintenance_windows":[{"start_datetime":"2026-10-10T12:00:00Z","end_datetime":"2026-10-10T13:30:00Z"}],
    "standard_hours":[{"start_time":"2024-12-01T00:00:00Z","end_time":"2200-12-01T00:00:00Z",
    "monday":[{"open_time":"00:00","close_time":"00:00"}],"tuesday":[{"open_time":"00:00","close_time":"00:00"}],
    "wednesday":[{"open_time":"00:00","close_time":"00:00"}],
    "thursday":[{"open_time":"00:00","close_time":"03:00"},{"open_time":"05:00","close_time":"00:00"}],
    "friday":[{"open_time":"00:00","close_time":"00:00"}],"saturday":[{"open_time":"00:00","close_time":"00:00"}],
    "sunday":[{"open_time":"00:00","close_time":"00:00"}]}]}})";

Schedule read(std::string const& text, std::string const& doubt = "") {
    Doubts doubts;
    auto const document = Document::parse(text).value();
    auto out = Schedule::read(document, doubts);
    CHECK(doubts.first() == doubt);
    return out;
}

}  // namespace

TEST_CASE("New York's clocks change in March and November", "[kalshi]") {
    constexpr arb_time hour = 3600 * second_ns;
    CHECK(eastern_offset(at("2026-01-15T12:00:00Z")) == -5 * hour);
    CHECK(eastern_offset(at("2026-07-15T12:00:00Z")) == -4 * hour);
    CHECK(eastern_offset(at("2026-03-08T06:59:59Z")) == -5 * hour);
    CHECK(eastern_offset(at("2026-03-08T07:00:00Z")) == -4 * hour);
    CHECK(eastern_offset(at("2026-11-01T05:59:59Z")) == -4 * hour);
    CHECK(eastern_offset(at("2026-11-01T06:00:00Z")) == -5 * hour);
}

TEST_CASE("Thursday's maintenance is from three to five in New York, summer and winter", "[kalshi]") {
    auto const schedule = read(weekly);
    CHECK_FALSE(schedule.closed_until(at("2026-10-08T06:59:59Z")).has_value());
    CHECK(schedule.closed_until(at("2026-10-08T07:00:00Z")) == at("2026-10-08T09:00:00Z"));
    CHECK(schedule.closed_until(at("2026-10-08T08:59:59Z")) == at("2026-10-08T09:00:00Z"));
    CHECK_FALSE(schedule.closed_until(at("2026-10-08T09:00:00Z")).has_value());
    CHECK(schedule.closed_until(at("2026-12-03T08:30:00Z")) == at("2026-12-03T10:00:00Z"));
    CHECK_FALSE(schedule.closed_until(at("2026-12-03T07:30:00Z")).has_value());
    CHECK_FALSE(schedule.closed_until(at("2026-12-04T08:30:00Z")).has_value());
}

TEST_CASE("announced maintenance counts as well", "[kalshi]") {
    auto const schedule = read(weekly);
    CHECK(schedule.closed_until(at("2026-10-10T12:00:00Z")) == at("2026-10-10T13:30:00Z"));
    CHECK_FALSE(schedule.closed_until(at("2026-10-10T13:30:00Z")).has_value());
}

TEST_CASE("a schedule that says nothing, or nothing that can be read, is never closed", "[kalshi]") {
    auto const now = at("2026-10-08T08:00:00Z");
    CHECK_FALSE(Schedule{}.closed_until(now).has_value());
    CHECK_FALSE(read(R"({"schedule":{"standard_hours":[],"maintenance_windows":null}})").closed_until(now));
    // A day that is not there is not known; one without hours is closed.
    auto const week = [&](char const* days) {
        return read(
            R"({"schedule":{"standard_hours":[{"start_time":"2026-01-01T00:00:00Z","end_time":"2099-01-01T00:00:00Z")" +
            std::string{days} + "}]}}");
    };
    CHECK_FALSE(week("").closed_until(now));
    CHECK_FALSE(week(R"(,"thursday":null)").closed_until(now));
    char const* const closed =
        R"(,"sunday":[],"monday":[],"tuesday":[],"wednesday":[],"thursday":[],"friday":[])";
    CHECK(week(closed).closed_until(now));
    // Closed all week by its hours: no pause is that long, so it is not believed.
    CHECK_FALSE(week((std::string{closed} + R"(,"saturday":[])").c_str()).closed_until(now));
    CHECK_FALSE(read("{}", "schedule").closed_until(now));
    CHECK_FALSE(read(R"({"schedule":[]})", "schedule").closed_until(now));
    CHECK_FALSE(read(R"({"schedule":{"standard_hours":7}})", "standard_hours").closed_until(now));
    CHECK_FALSE(
        read(R"({"schedule":{"maintenance_windows":[{"start_datetime":"soon","end_datetime":"later"}]}})",
             "start_datetime")
            .closed_until(now));
    auto const odd = read(
        R"({"schedule":{"standard_hours":[{"start_time":"2024-12-01T00:00:00Z","end_time":"2200-12-01T00:00:00Z","thursday":[{"open_time":"25:00","close_time":"1:00"}]}]}})",
        "thursday");
    // A day whose hours cannot be read is not known, either.
    CHECK_FALSE(odd.closed_until(now).has_value());
}
