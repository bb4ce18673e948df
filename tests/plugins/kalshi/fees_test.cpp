#include "kalshi/fees.hpp"

#include <boost/asio/io_context.hpp>

#include "arbitrage/time.hpp"
#include "kalshi/decode_rest.hpp"
#include "packet_text.hpp"
#include "support/catch.hpp"
#include "support/recording_host.hpp"

using namespace arb;
using namespace arb::kalshi;
namespace json = boost::json;

namespace {

struct Pushed {
    boost::asio::io_context io;
    arb::test::RecordingHost host{"kalshi"};
    Outbox outbox{io.get_executor(), host.host(), {}};
    Fees fees{host.host(), outbox};

    std::vector<std::string> rows() {
        outbox.flush();
        std::vector<std::string> out;
        for (auto const* const fee : host.all<arb_fee_schedule>())
            out.push_back(std::to_string(fee->scope) + " " + std::string{text(fee->header, fee->scope_id)} +
                          " " + std::string{text(fee->header, fee->type)} + " " +
                          (fee->multiplier == ARB_ABSENT ? "-" : format_decimal(fee->multiplier)) + " " +
                          std::string{text(fee->header, fee->source)} + " " +
                          format_time(fee->effective_from).substr(0, 10));
        return out;
    }
};

}  // namespace

TEST_CASE("fees are pushed where they changed, announced ones with their date", "[kalshi]") {
    Pushed pushed;
    auto const since = parse_time("2026-10-01T00:00:00Z").value();
    FeeSchedule const series{ARB_SCOPE_SERIES, "KXA", {"quadratic", "1"}, since, "series", "{}", {}};
    pushed.fees.holds(series);
    pushed.fees.holds(series);
    auto changed = series;
    changed.fee.multiplier = "0.5";
    pushed.fees.holds(changed);
    std::string_view reason;
    auto const announced = read_series_fee_change(
        json::parse(
            R"({"id":"1","series_ticker":"KXA","fee_type":"quadratic_with_maker_fees","fee_multiplier":2,"scheduled_ts":"2026-12-24T00:00:00Z"})"),
        reason);
    REQUIRE(announced.has_value());
    pushed.fees.announced(*announced);
    pushed.fees.announced(*announced);
    CHECK(pushed.rows() == std::vector<std::string>{
                               "1 KXA quadratic 1 series 2026-10-01", "1 KXA quadratic 0.5 series 2026-10-01",
                               "1 KXA quadratic_with_maker_fees 2 fee_changes 2026-12-24"});
    auto const* const row = pushed.host.all<arb_fee_schedule>().at(2);
    CHECK(row->rate == ARB_ABSENT);
    CHECK(row->exponent == ARB_ABSENT);
    CHECK(text(row->header, row->raw).find("scheduled_ts") != std::string_view::npos);
}

TEST_CASE("an override that ends is a row without a fee, once, and only where there was one", "[kalshi]") {
    Pushed pushed;
    auto const at = parse_time("2026-10-01T00:00:00Z").value();
    FeeSchedule const none{ARB_SCOPE_EVENT, "KXA-1", {}, at, "event", {}, {}};
    FeeSchedule const override_set{
        ARB_SCOPE_EVENT, "KXA-1", {"quadratic", "2"}, at, "event_fee_update", {}, {}};
    pushed.fees.holds(none);
    pushed.fees.holds(override_set);
    pushed.fees.holds(none);
    pushed.fees.holds(none);
    pushed.fees.holds(override_set);
    CHECK(pushed.rows() == std::vector<std::string>{"2 KXA-1 quadratic 2 event_fee_update 2026-10-01",
                                                    "2 KXA-1  - event 2026-10-01",
                                                    "2 KXA-1 quadratic 2 event_fee_update 2026-10-01"});
}

TEST_CASE("an override of the multiplier alone has the type of the series", "[kalshi]") {
    auto const override_of = [](std::string_view text) {
        return read_override(json::parse({text.data(), text.size()}).get_object());
    };
    CHECK(override_of(R"({"fee_multiplier_override":0.50})") == Fee{"", "0.5"});
    CHECK(override_of(R"({"fee_type_override":null,"fee_multiplier_override":"2"})") == Fee{"", "2"});
    CHECK(override_of(R"({"fee_type_override":"flat","fee_multiplier_override":null})") == Fee{"flat", ""});
    for (auto const* const none : {"{}", R"({"fee_type_override":null,"fee_multiplier_override":null})",
                                   R"({"fee_type_override":7,"fee_multiplier_override":2})",
                                   R"({"fee_multiplier_override":-1})", R"({"fee_multiplier_override":"x"})"})
        CHECK_FALSE(override_of(none).has_value());
    Pushed pushed;
    Fees fees{pushed.host.host(), pushed.outbox,
              [](std::string_view event) { return std::string{event == "KXA-1" ? "quadratic" : ""}; }};
    auto const at = parse_time("2026-10-01T00:00:00Z").value();
    fees.holds({ARB_SCOPE_EVENT, "KXA-1", {"", "0.3"}, at, "event_fee_update", {}, {}});
    fees.holds({ARB_SCOPE_EVENT, "KXA-1", {}, at, "event", {}, {}});
    std::string_view reason;
    auto const announced = read_event_fee_change(
        json::parse(
            R"({"event_ticker":"KXA-1","fee_type_override":null,"fee_multiplier_override":0.25,"scheduled_ts":"2026-11-01T12:00:00Z"})"),
        reason);
    REQUIRE(announced.has_value());
    fees.announced(*announced);
    CHECK(pushed.rows() == std::vector<std::string>{"2 KXA-1 quadratic 0.3 event_fee_update 2026-10-01",
                                                    "2 KXA-1  - event 2026-10-01",
                                                    "2 KXA-1 quadratic 0.25 event_fee_changes 2026-11-01"});
}

TEST_CASE("changes of events' fees, with null for the end", "[kalshi]") {
    std::string_view reason;
    auto const ended = read_event_fee_change(
        json::parse(
            R"({"id":"9","event_ticker":"KXA-1","fee_type_override":null,"fee_multiplier_override":null,"scheduled_ts":"2026-11-01T12:00:00Z"})"),
        reason);
    REQUIRE(ended.has_value());
    CHECK(ended->scope == ARB_SCOPE_EVENT);
    CHECK(ended->fee.type == "");
    CHECK(ended->doubts.first() == "");
    CHECK_FALSE(read_event_fee_change(json::parse(R"({"event_ticker":"KXA-1"})"), reason).has_value());
    CHECK(reason == "fee_change_without_date");
}

TEST_CASE("a series becomes a packet with the venue's words", "[kalshi]") {
    std::string ticker;
    Doubts doubts;
    std::string_view reason;
    auto const value = json::parse(
        R"({"ticker":"CO2","title":"US CO2 totals","category":"Climate and Weather","frequency":"monthly","tags":["Climate change"],"fee_type":"quadratic","fee_multiplier":1,"last_updated_ts":"0001-01-01T00:00:00Z","settlement_sources":null})");
    auto const series = read_one_series(value, ticker, doubts, reason);
    REQUIRE(series.has_value());
    CHECK(doubts.first() == "");
    CHECK(series->updated_at == 0);
    Packets packets;
    write_series(packets, ticker, *series, 7);
    auto const* const row = arb::test::all<arb_series>(packets).at(0);
    CHECK(text(row->header, row->series_id) == "CO2");
    CHECK(text(row->header, row->title) == "US CO2 totals");
    CHECK(text(row->header, row->frequency) == "monthly");
    CHECK(text(row->header, row->tags) == R"(["Climate change"])");
    CHECK(json::parse(std::string{text(row->header, row->raw)}) == value);
}
