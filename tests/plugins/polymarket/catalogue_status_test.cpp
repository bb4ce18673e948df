#include "polymarket/catalogue.hpp"

#include <boost/json.hpp>

#include "polymarket/listing.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

TEST_CASE("a change of status is pushed and ends or begins the following") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11")));
    REQUIRE(swept.sweep());
    swept.answers[listing] = page(event("1", not_accepting(market("0x11"))));
    REQUIRE(swept.sweep());
    CHECK(swept.ended == std::vector<std::string>{"0x11"});
    REQUIRE(swept.host.all<arb_status_change>().size() == 1);
    CHECK(swept.host.all<arb_status_change>()[0]->lifecycle == ARB_LIFECYCLE_PAUSED);
    swept.answers[listing] = page(event("1", market("0x11")));
    REQUIRE(swept.sweep());
    CHECK(swept.opened.size() == 2);
    CHECK(swept.host.all<arb_status_change>().size() == 2);
}

TEST_CASE("a row that leaves out what it said before does not end a market that is followed") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11")));
    REQUIRE(swept.sweep());
    auto const without = [](std::string const& name, std::string const& by) {
        auto value = boost::json::parse(market("0x11")).as_object();
        value.erase(name);
        if (!by.empty()) value[name] = boost::json::parse(by);
        return boost::json::serialize(value);
    };
    unsigned vague = 0;
    for (auto const* const name : {"enableOrderBook", "clobTokenIds", "outcomes"})
        for (auto const* const by : {"", "null", "7"}) {
            INFO(name << " " << by);
            swept.answers[listing] = page(event("1", without(name, by)));
            REQUIRE(swept.sweep());
            CHECK(swept.ended.empty());
            CHECK(swept.host.all<arb_status_change>().empty());
            CHECK(swept.host.all<arb_market>().size() == 1);
            CHECK(swept.host.counter("vague_rows") == ++vague);
        }
    swept.answers[listing] = page(event("1", without("enableOrderBook", "false")));
    REQUIRE(swept.sweep());
    CHECK(swept.ended == std::vector<std::string>{"0x11"});
}

TEST_CASE("a status row says more when there is more to say") {
    Swept swept;
    swept.host.set_clock(*parse_time("2026-11-20T12:00:00Z"));
    auto const with = [&](std::string const& more) {
        auto row = market("0x11", more);
        // The last of two members of a name counts.
        if (more.find("\"acceptingOrders\":false") != std::string::npos)
            row.replace(row.rfind("\"acceptingOrders\":true"), 22, "\"acceptingOrders\":false");
        swept.answers[listing] = page(event("1", row));
        REQUIRE(swept.sweep());
    };
    auto const last = [&] { return swept.host.all<arb_status_change>().back(); };
    with(R"("endDate":"2026-11-30T00:00:00Z",)");
    CHECK(swept.host.all<arb_status_change>().empty());
    with(R"("endDate":"2026-12-30T00:00:00Z",)");
    REQUIRE(swept.host.all<arb_status_change>().size() == 1);
    CHECK(last()->lifecycle == ARB_LIFECYCLE_NONE);
    CHECK(text(last()->header, last()->detail) ==
          R"({"closes_at":"2026-12-30T00:00:00.000000Z","old_closes_at":"2026-11-30T00:00:00.000000Z"})");
    // It closes before its time, is proposed, disputed, opened again, and pays halves.
    with(R"("endDate":"2026-12-30T00:00:00Z","acceptingOrders":false,"umaResolutionStatus":"proposed",)");
    CHECK(last()->lifecycle == ARB_LIFECYCLE_CLOSED);
    CHECK(text(last()->header, last()->venue_status) == "proposed");
    CHECK(text(last()->header, last()->detail).find("\"early\":true") != std::string_view::npos);
    with(R"("endDate":"2026-12-30T00:00:00Z","acceptingOrders":false,"umaResolutionStatus":"disputed",)");
    CHECK(text(last()->header, last()->venue_status) == "disputed");
    CHECK(swept.ended.size() == 1);
    with(R"("endDate":"2026-12-30T00:00:00Z",)");
    CHECK(last()->lifecycle == ARB_LIFECYCLE_OPEN);
    CHECK(text(last()->header, last()->detail) == R"({"reopened":true})");
    CHECK(swept.opened.size() == 2);
    swept.catalogue.set_settled("0x11", ARB_ABSENT);  // the stream named no winner
    with(
        R"("endDate":"2026-12-30T00:00:00Z","closed":true,"umaResolutionStatus":"resolved","outcomePrices":["0.5","0.5"],)");
    CHECK(last()->settlement_value == ARB_UNIT / 2);
    CHECK(text(last()->header, last()->result) == "50-50");
    CHECK(swept.host.all<arb_status_change>().size() == 5);
    // The listing corrects itself.
    with(
        R"("endDate":"2026-12-30T00:00:00Z","closed":true,"umaResolutionStatus":"resolved","outcomePrices":["0.25","0.75"],)");
    CHECK(last()->settlement_value == ARB_UNIT / 4);
    CHECK(text(last()->header, last()->result) == "0.25");
    CHECK(swept.host.counter("results_corrected") == 1);
}

TEST_CASE("the stream's result is not said again by the listing that agrees") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11")));
    REQUIRE(swept.sweep());
    swept.catalogue.set_settled("0x11", ARB_UNIT);
    swept.answers[listing] = page(event(
        "1", market("0x11", R"("closed":true,"umaResolutionStatus":"resolved","outcomePrices":["1","0"],)")));
    REQUIRE(swept.sweep());
    CHECK(swept.host.all<arb_status_change>().empty());
    CHECK(swept.host.all<arb_market>().back()->settlement_value == ARB_UNIT);
}

TEST_CASE("a tick the stream said counts before the listing knows it") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11", R"("orderPriceMinTickSize":0.01,)")));
    REQUIRE(swept.sweep());
    swept.catalogue.set_tick("0x11", 1000);
    REQUIRE(swept.sweep());
    auto const markets = swept.host.all<arb_market>();
    REQUIRE(markets.size() == 2);
    CHECK(markets[0]->tick_size == 10'000);
    CHECK(markets[1]->tick_size == 1'000);
    CHECK(text(markets[1]->header, markets[1]->price_ranges).find("0.001") != std::string_view::npos);
    REQUIRE(swept.sweep());
    CHECK(swept.host.all<arb_market>().size() == 2);
}

TEST_CASE("a row of status has the venue's own time where the listing names it") {
    Swept swept;
    auto const at = [](char const* time) { return *parse_time(time); };
    auto const shows = [&](std::string const& row) {
        swept.answers[listing] = page(event("1", row));
        REQUIRE(swept.sweep());
    };
    auto const last = [&] { return swept.host.all<arb_status_change>().back(); };
    std::string const opens = R"("acceptingOrdersTimestamp":"2026-11-20T12:03:00Z",)";
    swept.host.set_clock(at("2026-11-20T12:00:00Z"));
    shows(not_accepting(market("0x11", opens)));
    REQUIRE(swept.host.all<arb_market>().size() == 1);
    CHECK(swept.host.all<arb_market>()[0]->lifecycle == ARB_LIFECYCLE_UNOPENED);  // and not paused
    // It opens a little later than it said.
    swept.host.set_clock(at("2026-11-20T12:03:01Z"));
    shows(not_accepting(market("0x11", opens + R"("slug":"s",)")));
    CHECK(swept.host.all<arb_status_change>().empty());
    swept.host.set_clock(at("2026-11-20T12:05:00Z"));
    shows(market("0x11", opens));
    CHECK(last()->lifecycle == ARB_LIFECYCLE_OPEN);
    CHECK(last()->header.venue_time == at("2026-11-20T12:03:00Z"));
    CHECK(last()->header.received_time == at("2026-11-20T12:05:00Z"));
    // Neither a pause nor its end has a time: that orders are taken since the opening is no news.
    swept.host.set_clock(at("2026-11-20T12:10:00Z"));
    shows(not_accepting(market("0x11", opens)));
    CHECK(last()->lifecycle == ARB_LIFECYCLE_PAUSED);
    CHECK(last()->header.venue_time == 0);
    swept.host.set_clock(at("2026-11-20T12:11:00Z"));
    shows(market("0x11", opens));
    CHECK(last()->lifecycle == ARB_LIFECYCLE_OPEN);
    CHECK(last()->header.venue_time == 0);
    // Closed, and resolved later.
    swept.host.set_clock(at("2026-11-20T12:20:00Z"));
    std::string const closed = opens + R"("closed":true,"closedTime":"2026-11-20 12:15:00+00",)";
    shows(market("0x11", closed));
    CHECK(last()->lifecycle == ARB_LIFECYCLE_CLOSED);
    CHECK(last()->header.venue_time == at("2026-11-20T12:15:00Z"));
    CHECK(swept.host.all<arb_market>().back()->settled_at == 0);
    shows(market("0x11", closed + R"("umaResolutionStatus":"resolved","outcomePrices":["1","0"],)"));
    CHECK(last()->lifecycle == ARB_LIFECYCLE_SETTLED);
    CHECK(last()->header.venue_time == at("2026-11-20T12:15:00Z"));
    CHECK(swept.host.all<arb_status_change>().size() == 5);
}

TEST_CASE("a market that the stream called resolved and that goes on taking orders has opened again") {
    Swept swept;
    auto const begin = *parse_time("2026-11-20T12:00:00Z");
    swept.host.set_clock(begin);
    swept.answers[listing] = page(event("1", market("0x11") + "," + market("0x12")));
    REQUIRE(swept.sweep());
    swept.catalogue.set_settled("0x11", ARB_UNIT);
    swept.catalogue.set_settled("0x12", ARB_UNIT);
    // The listing lags. One that it shows as closed and not resolved stays as the stream said.
    swept.host.set_clock(begin + 10 * 60 * second_ns);
    swept.answers[listing] = page(event("1", market("0x11") + "," + market("0x12", R"("closed":true,)")));
    REQUIRE(swept.sweep());
    CHECK(swept.host.all<arb_status_change>().empty());
    CHECK(swept.opened.size() == 2);
    swept.host.set_clock(begin + 20 * 60 * second_ns);
    REQUIRE(swept.sweep());
    REQUIRE(swept.host.all<arb_status_change>().size() == 1);
    auto const* const row = swept.host.all<arb_status_change>()[0];
    CHECK(row->lifecycle == ARB_LIFECYCLE_OPEN);
    CHECK(text(row->header, row->market_id) == "0x11");
    CHECK(text(row->header, row->detail) == R"({"reopened":true})");
    CHECK(swept.opened == std::vector<std::string>{"0x11", "0x12", "0x11"});
    // What was traded meanwhile was not heard.
    REQUIRE(swept.host.all<arb_gap>().size() == 1);
    CHECK(swept.host.all<arb_gap>()[0]->from_time == begin);
    CHECK(swept.host.all<arb_gap>()[0]->to_time == begin + 20 * 60 * second_ns);
}

TEST_CASE("a fee that is said no more is none, but for a row that leaves it out once") {
    Swept swept;
    auto const shows = [&](std::string const& fees) {
        swept.answers[listing] = page(event("1", market("0x11", fees)));
        REQUIRE(swept.sweep());
        return swept.host.all<arb_fee_schedule>().size();
    };
    std::string const charged =
        R"("feesEnabled":true,"feeType":"politics_fees","feeSchedule":{"rate":0.04,"exponent":1},)";
    std::string const gone = R"("feesEnabled":true,"feeType":null,"feeSchedule":null,)";
    CHECK(shows(gone) == 0);  // of what was never charged nothing is known
    CHECK(shows(gone) == 0);
    CHECK(shows(charged) == 1);
    CHECK(shows(gone) == 1);
    CHECK(shows(charged) == 1);
    CHECK(shows(gone) == 1);
    CHECK(shows(gone) == 2);
    CHECK(swept.host.all<arb_fee_schedule>().back()->rate == 0);
    CHECK(shows(gone) == 2);
    CHECK(shows(charged) == 3);
    CHECK(shows(R"("feesEnabled":true,"feeType":"politics_fees",)") == 3);
    CHECK(shows(R"("feesEnabled":true,"feeType":"politics_fees",)") == 3);
}

TEST_CASE("a market that moves to another event says so, and one of two events stays with the first") {
    Swept swept;
    auto const of = [&] {
        auto const* const last = swept.host.all<arb_market>().back();
        return std::string{text(last->header, last->event_id)};
    };
    swept.answers[listing] = page(event("1", market("0x11")) + "," + event("2", market("0x12")));
    REQUIRE(swept.sweep());
    CHECK(swept.host.all<arb_market>().size() == 2);
    swept.answers[listing] = page(event("2", market("0x12") + "," + market("0x11")));
    REQUIRE(swept.sweep());
    CHECK(swept.host.all<arb_market>().size() == 3);
    CHECK(of() == "2");
    swept.answers[listing] = page(event("2", market("0x11")) + "," + event("3", market("0x11")));
    for (int n = 0; n != 3; ++n) REQUIRE(swept.sweep());
    CHECK(swept.host.all<arb_market>().size() == 3);
    CHECK(of() == "2");
}

TEST_CASE("prices that are almost whole are no result yet") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11")));
    REQUIRE(swept.sweep());
    auto const shows = [&](std::string const& prices) {
        swept.answers[listing] = page(
            event("1", market("0x11", R"("closed":true,"umaResolutionStatus":"resolved","outcomePrices":)" +
                                          prices + ",")));
        REQUIRE(swept.sweep());
        return swept.host.all<arb_status_change>().back()->lifecycle;
    };
    CHECK(shows(R"(["0.9995","0.0005"])") == ARB_LIFECYCLE_CLOSED);
    CHECK(swept.host.all<arb_market>().back()->settlement_value == ARB_ABSENT);
    CHECK(shows(R"(["1","0"])") == ARB_LIFECYCLE_SETTLED);
    CHECK(swept.host.all<arb_status_change>().size() == 2);
}
