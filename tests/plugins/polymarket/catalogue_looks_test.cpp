#include "polymarket/catalogue.hpp"

#include "polymarket/listing.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

namespace {

std::string const closed_events = "/events/keyset?closed=true&limit=100";

std::string closed_event(std::string const& id) {
    return R"({"events":[{"id":")" + id + R"(","title":"E","active":true,"closed":true,"markets":[)" +
           market("0x11", R"("closed":true,)") + "]}]}";
}

}  // namespace

TEST_CASE("markets that stayed as they were are not read again, and a pause that ended is seen") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11") + "," + market("0x12")));
    REQUIRE(swept.sweep());
    auto const count = swept.host.count();
    REQUIRE(swept.sweep());
    REQUIRE(swept.sweep());
    CHECK(swept.host.count() == count);
    CHECK(swept.opened.size() == 2);
    CHECK(swept.catalogue.unchanged() == 2);
    // A paused market is asked for by name until it can be traded.
    swept.answers[listing] = page(event("1", not_accepting(market("0x11")) + "," + market("0x12")));
    REQUIRE(swept.sweep());
    CHECK(swept.ended.size() == 1);
    swept.answers["/markets/keyset?closed=false&limit=100&condition_ids=0x11"] =
        R"({"markets":[)" + market("0x11") + "]}";
    swept.spawn(swept.catalogue.look_for_ever());
    CHECK(swept.until([&] { return swept.opened.size() == 3; }));
    // The listing has the last word all the same, though its text is the one that was read before.
    swept.host.stop();  // ends the looking
    REQUIRE(swept.sweep());
    CHECK(swept.ended.size() == 2);
}

TEST_CASE("a market that opens or ends without a word is looked at when it said that it would") {
    Swept swept;
    auto const begin = *parse_time("2026-11-20T12:00:00Z");
    swept.host.set_clock(begin);
    auto const row = [](bool accepting, std::string const& more = "") {
        auto out = market(
            "0x11",
            R"("acceptingOrdersTimestamp":"2026-11-20T12:03:00Z","endDate":"2026-11-20T12:10:00Z",)" + more);
        return accepting ? out : not_accepting(out);
    };
    std::string const named = "/markets/keyset?closed=false&limit=100&condition_ids=0x11";
    std::string const closed = "/markets/keyset?closed=true&limit=100&condition_ids=0x11";
    swept.answers[listing] = page(event("1", row(false)));
    REQUIRE(swept.sweep());
    REQUIRE(swept.sweep());  // planned twice is once
    REQUIRE(swept.opened.empty());
    swept.answers[named] = R"({"markets":[)" + row(true) + "]}";
    swept.spawn(swept.catalogue.look_for_ever());
    auto const asked = swept.asked.size();
    swept.io.restart();
    swept.io.run_for(std::chrono::milliseconds{700});
    CHECK(swept.asked.size() == asked);
    swept.host.set_clock(begin + 181 * second_ns);
    CHECK(swept.until([&] { return swept.opened.size() == 1; }));
    CHECK(swept.asked.size() == asked + 1);
    // No listing of open ones has it when it has ended.
    swept.answers[named] = R"({"markets":[]})";
    swept.answers[closed] =
        R"({"markets":[)" +
        row(false, R"("closed":true,"umaResolutionStatus":"resolved","outcomePrices":["1","0"],)") + "]}";
    swept.host.set_clock(begin + 601 * second_ns);
    CHECK(swept.until([&] { return swept.ended.size() == 1; }));
    CHECK(swept.until([&] { return swept.host.all<arb_status_change>().size() == 2; }));  // opened, settled
    swept.host.stop();
}

TEST_CASE("a market that leaves the list is asked for until its result is known") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11")));
    REQUIRE(swept.sweep());
    swept.catalogue.set_settled("0x11", 0);  // the stream said so; the listing still shows it open
    REQUIRE(swept.sweep());
    CHECK(swept.host.all<arb_status_change>().empty());

    swept.answers[listing] = page("");
    swept.answers["/markets/keyset?closed=true&limit=100&condition_ids"] =
        R"({"markets":[)" +
        market(
            "0x11",
            R"("closed":true,"umaResolutionStatus":"resolved","outcomePrices":["0","1"],"closedTime":"2026-11-22 10:00:00+00",)") +
        "]}";
    swept.spawn(swept.catalogue.sweep_for_ever());
    REQUIRE(swept.until([&] { return swept.host.all<arb_market>().size() == 2; }));
    auto const markets = swept.host.all<arb_market>();
    REQUIRE(markets.size() == 2);
    CHECK(markets[1]->lifecycle == ARB_LIFECYCLE_SETTLED);
    CHECK(markets[1]->settlement_value == 0);
    CHECK(text(markets[1]->header, markets[1]->result) == "No");
    CHECK(swept.was_asked("/markets/keyset?closed=true&limit=100&condition_ids=0x11"));
}

TEST_CASE("a market that was resolved while nothing ran gets its last row at the next start") {
    Select select;
    select.tags = {"politics"};
    select.volume_24h_min = 1'000'000'000;
    Swept swept{select};
    swept.host.set_clock(*parse_time("2026-11-20T12:00:00Z"));
    auto const closed = [](std::string const& id, std::string const& time, std::string const& tag,
                           std::string const& volume = "5000") {
        return R"({"conditionId":")" + id +
               R"(","question":"Q","outcomes":"[\"Yes\", \"No\"]","clobTokenIds":"[\"1\", \"2\"]","closed":true,"active":true,)" +
               R"("umaResolutionStatus":"resolved","outcomePrices":"[\"1\", \"0\"]","closedTime":")" + time +
               R"(","volume":")" + volume + R"(","events":[{"id":"1","slug":"e","tags":[{"slug":")" + tag +
               R"("}]}]})";
    };
    auto const listed = [](std::string const& markets, std::string const& cursor) {
        return R"({"markets":[)" + markets + R"(],"next_cursor":")" + cursor + "\"}";
    };
    std::string const list = "/markets/keyset?closed=true&limit=100&order=closedTime&ascending=false";
    swept.answers[list] = listed(closed("0x21", "2026-11-20 11:00:00+00", "politics") + "," +
                                     closed("0x22", "2026-11-20 10:00:00+00", "sports") + "," +
                                     closed("0x23", "2026-11-20 10:00:00+00", "politics", "10"),
                                 "a");
    swept.answers[list + "&after_cursor=a"] =
        listed(closed("0x24", "2026-11-19 13:00:00+00", "politics") + "," +
                   closed("0x25", "2026-11-19 11:00:00+00", "politics"),
               "b");
    // Pages of older ones end it.
    swept.answers[list + "&after_cursor=b"] =
        listed(closed("0x26", "2026-11-18 11:00:00+00", "politics"), "c");
    swept.answers[list + "&after_cursor=c"] =
        listed(closed("0x27", "2026-11-17 11:00:00+00", "politics"), "d");
    swept.answers[list + "&after_cursor=d"] =
        listed(closed("0x28", "2026-11-20 11:00:00+00", "politics"), "");
    REQUIRE(swept.wait(swept.catalogue.read_closed()));
    CHECK(swept.asked.size() == 4);
    auto const rows = swept.host.all<arb_market>();
    REQUIRE(rows.size() == 2);
    CHECK(text(rows[0]->header, rows[0]->market_id) == "0x21");
    CHECK(rows[0]->lifecycle == ARB_LIFECYCLE_SETTLED);
    CHECK(text(rows[0]->header, rows[0]->result) == "Yes");
    CHECK(text(rows[1]->header, rows[1]->market_id) == "0x24");
    CHECK(swept.opened.empty());
    CHECK(swept.closed == std::vector<std::string>{"0x21", "0x24"});  // their trades are to be read, too
    // Without an answer it is tried again.
    swept.answers.clear();
    CHECK_FALSE(swept.wait(swept.catalogue.read_closed()));
}

TEST_CASE("an event that leaves the listing is asked for by name until it is closed") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11")) + "," + event("2", market("0x12")));
    REQUIRE(swept.sweep());
    swept.answers[listing] = page(event("2", market("0x12")));
    auto const named = closed_events + "&id=1";
    auto const times = [&] { return std::count(swept.asked.begin(), swept.asked.end(), named); };
    // Neither listing has it for a moment; then it is there, and asked for no more.
    swept.answers[named] = R"({"events":[]})";
    swept.spawn(swept.catalogue.sweep_for_ever());
    REQUIRE(swept.until([&] { return times() == 1; }));
    CHECK(swept.host.all<arb_event>().size() == 2);
    swept.answers[named] = closed_event("1");
    swept.spawn(swept.catalogue.sweep_for_ever());
    REQUIRE(swept.until([&] { return swept.host.all<arb_event>().size() == 3; }));
    auto const* const last = swept.host.all<arb_event>().back();
    CHECK(text(last->header, last->event_id) == "1");
    CHECK(last->lifecycle == ARB_LIFECYCLE_CLOSED);
    auto const sweeps = [&] { return std::count(swept.asked.begin(), swept.asked.end(), listing); };
    swept.spawn(swept.catalogue.sweep_for_ever());
    swept.spawn(swept.catalogue.sweep_for_ever());
    REQUIRE(swept.until([&] { return sweeps() == 5; }));
    CHECK(times() == 2);
    for (auto const& target : swept.asked) CHECK(target.find("&id=2") == std::string::npos);
}

TEST_CASE("many events that left the listing are asked for in requests that an answer can hold") {
    Swept swept;
    std::string events;
    for (int n = 100; n != 125; ++n) events += (n == 100 ? "" : ",") + event(std::to_string(n), "");
    swept.answers[listing] = page(events);
    REQUIRE(swept.sweep());
    swept.answers[listing] = page("");
    swept.answers[closed_events] = R"({"events":[]})";
    swept.spawn(swept.catalogue.sweep_for_ever());
    auto const requests = [&] {
        return std::count_if(swept.asked.begin(), swept.asked.end(), [](std::string const& target) {
            return target.rfind(closed_events + "&id=", 0) == 0;
        });
    };
    CHECK(swept.until([&] { return requests() == 3; }));
}

TEST_CASE("the event of a market that was resolved while nothing ran gets its last row, too") {
    Swept swept;
    swept.host.set_clock(*parse_time("2026-11-20T12:00:00Z"));
    swept.answers[listing] = page("");
    swept.answers["/markets/keyset?closed=true&limit=100&order=closedTime&ascending=false"] =
        R"({"markets":[)" +
        market(
            "0x11",
            R"("closed":true,"umaResolutionStatus":"resolved","outcomePrices":["1","0"],"closedTime":"2026-11-20 11:00:00+00","events":[{"id":"1"}],)") +
        "]}";
    swept.answers[closed_events + "&id=1"] = closed_event("1");
    swept.spawn(swept.catalogue.sweep_for_ever());
    REQUIRE(swept.until([&] { return swept.host.all<arb_event>().size() == 1; }));
    CHECK(swept.host.all<arb_event>()[0]->lifecycle == ARB_LIFECYCLE_CLOSED);
    CHECK(swept.host.all<arb_market>().size() == 1);
}

TEST_CASE("a market whose time is over is asked for until the venue has closed it") {
    Swept swept;
    auto const begin = *parse_time("2026-11-20T12:00:00Z");
    swept.host.set_clock(begin);
    auto const row = [](std::string const& more) {
        return R"({"markets":[)" + market("0x11", R"("endDate":"2026-11-20T12:01:00Z",)" + more) + "]}";
    };
    std::string const open = "/markets/keyset?closed=false&limit=100&condition_ids=0x11";
    std::string const closed = "/markets/keyset?closed=true&limit=100&condition_ids=0x11";
    swept.answers[listing] = page(event("1", market("0x11", R"("endDate":"2026-11-20T12:01:00Z",)")));
    REQUIRE(swept.sweep());
    swept.answers[open] = row("");
    swept.spawn(swept.catalogue.look_for_ever());
    swept.host.set_clock(begin + 61 * second_ns);
    // The venue is late: it still takes orders. A moment later it has closed.
    REQUIRE(swept.until([&] { return swept.was_asked(open); }));
    CHECK(swept.ended.empty());
    swept.answers[open] = R"({"markets":[]})";
    swept.answers[closed] = row(R"("closed":true,"closedTime":"2026-11-20 12:01:00+00",)");
    REQUIRE(swept.until([&] { return swept.ended.size() == 1; }));
    auto const rows = swept.host.all<arb_status_change>();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]->lifecycle == ARB_LIFECYCLE_CLOSED);
    CHECK(rows[0]->header.venue_time == begin + 60 * second_ns);
    swept.host.stop();
}

TEST_CASE("a resolution without a winner is asked for at once") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11") + "," + market("0x12")));
    REQUIRE(swept.sweep());
    swept.catalogue.set_settled("0x12", ARB_UNIT);
    swept.catalogue.set_settled("0x11", ARB_ABSENT);
    swept.answers["/markets/keyset?closed=false&limit=100&condition_ids=0x11"] = R"({"markets":[]})";
    swept.answers["/markets/keyset?closed=true&limit=100&condition_ids=0x11"] =
        R"({"markets":[)" +
        market("0x11", R"("closed":true,"umaResolutionStatus":"resolved","outcomePrices":["0.5","0.5"],)") +
        "]}";
    swept.spawn(swept.catalogue.look_for_ever());
    REQUIRE(swept.until([&] { return swept.host.all<arb_status_change>().size() == 1; }));
    auto const* const row = swept.host.all<arb_status_change>()[0];
    CHECK(row->settlement_value == ARB_UNIT / 2);
    CHECK(text(row->header, row->result) == "50-50");
    for (auto const& target : swept.asked) CHECK(target.find("0x12") == std::string::npos);
    swept.host.stop();
}

TEST_CASE("a market whose event has closed is asked for among the open ones, too") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11")));
    REQUIRE(swept.sweep());
    swept.answers[listing] = page("");
    swept.answers["/markets/keyset?closed=true&limit=100&condition_ids=0x11"] = R"({"markets":[]})";
    swept.answers["/markets/keyset?closed=false&limit=100&condition_ids=0x11"] =
        R"({"markets":[)" + market("0x11", R"("slug":"s",)") + "]}";
    swept.spawn(swept.catalogue.sweep_for_ever());
    CHECK(swept.until([&] { return swept.host.all<arb_market>().size() == 2; }));
    CHECK(swept.ended.empty());
    CHECK(swept.relisted.size() == 1);
}

TEST_CASE("a market that no listing has is followed as long as the stream has its book") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11")));
    REQUIRE(swept.sweep());
    swept.answers[listing] = page("");
    auto const sweeps = [&](int count) {
        for (int n = 0; n != count; ++n) {
            swept.spawn(swept.catalogue.sweep_for_ever());
            swept.io.restart();
            swept.io.poll();
        }
    };
    // Without an answer nothing is known.
    sweeps(30);
    CHECK(swept.ended.empty());
    swept.answers["/markets/keyset?closed="] = R"({"markets":[]})";
    swept.on_stream = true;
    sweeps(30);
    CHECK(swept.ended.empty());
    swept.on_stream = false;
    sweeps(1);
    CHECK(swept.ended == std::vector<std::string>{"0x11"});
    CHECK(swept.host.counter("vanished_markets") == 1);
}
