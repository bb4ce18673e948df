#include "polymarket/catalogue.hpp"

#include "polymarket/listing.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

TEST_CASE("a sweep follows the cursor and pushes every event and market once") {
    Swept swept;
    swept.answers[listing] =
        page(event("1", market("0x11") + "," + market("0x12")) + "," + event("2", ""), "a=");
    // The event at a border stands on both pages.
    swept.answers[listing + "&after_cursor=a%3D"] = page(event("2", "") + "," + event("3", market("0x13")));
    REQUIRE(swept.sweep());
    CHECK(swept.asked.size() == 2);
    CHECK(swept.host.all<arb_event>().size() == 3);
    CHECK(swept.host.all<arb_market>().size() == 3);
    CHECK(swept.opened == std::vector<std::string>{"0x11", "0x12", "0x13"});
    // Nothing changed but prices: nothing is pushed.
    swept.answers[listing] = page(
        event("1", market("0x11", R"("bestAsk":0.9,)") + "," + market("0x12")) + "," + event("2", ""), "a=");
    REQUIRE(swept.sweep());
    CHECK(swept.host.count() == 6);
    CHECK(swept.opened.size() == 3);
}

TEST_CASE("a series is what its events say of it, once") {
    Swept swept;
    auto const in_series = [](std::string const& id) {
        return R"({"id":")" + id +
               R"(","title":"E","seriesSlug":"btc-5m","series":[{"id":"9","slug":"btc-5m","title":"BTC 5 minutes","recurrence":"5m","volume":)" +
               id + R"(}],"markets":[]})";
    };
    swept.answers[listing] = page(in_series("1") + "," + in_series("2"));
    REQUIRE(swept.sweep());
    auto const rows = swept.host.all<arb_series>();
    REQUIRE(rows.size() == 1);
    CHECK(text(rows[0]->header, rows[0]->series_id) == "btc-5m");
    CHECK(text(rows[0]->header, rows[0]->frequency) == "5m");
    CHECK(text(rows[0]->header, rows[0]->title) == "BTC 5 minutes");
}

TEST_CASE("a listing that goes in circles is left and said") {
    Swept same_cursor;
    same_cursor.answers[listing] = page(event("1", ""), "a");
    same_cursor.answers[listing + "&after_cursor=a"] = page(event("2", ""), "a");
    CHECK_FALSE(same_cursor.sweep());
    CHECK(same_cursor.asked.size() == 2);
    CHECK_FALSE(same_cursor.failure.empty());

    Swept first_page;
    first_page.answers[listing] = page(event("1", ""), "a");
    first_page.answers[listing + "&after_cursor=a"] = page(event("1", ""), "b");
    CHECK_FALSE(first_page.sweep());
    CHECK(first_page.failure.find("begins again") != std::string::npos);
}

TEST_CASE("a page that is no page fails the sweep, an odd event does not") {
    Swept html;
    html.answers[listing] = "<html>";
    CHECK_FALSE(html.sweep());
    // Whoever stands between us and the venue said that; the venue sent nothing unreadable.
    CHECK(html.host.counter("rejected/unreadable_page") == 0);
    CHECK(html.failure.find("with a web page") != std::string::npos);
    Swept damaged;
    damaged.answers[listing] = R"({"events":[{"id":)";
    CHECK_FALSE(damaged.sweep());
    CHECK(damaged.host.counter("rejected/unreadable_page") == 1);
    Swept missing;
    CHECK_FALSE(missing.sweep());
    Swept odd;
    odd.answers[listing] = page(R"({"id":null},7,)" + event("1", R"({"conditionId":""},)" + market("0x11")));
    CHECK(odd.sweep());
    CHECK(odd.host.counter("rejected/unreadable_event") == 2);
    CHECK(odd.host.counter("rejected/market_without_id") == 1);
    CHECK(odd.host.all<arb_market>().size() == 1);
}

TEST_CASE("what is not selected is neither stored nor followed, and a selected market stays") {
    Select select;
    select.tags = {"politics"};
    select.volume_24h_min = 1000 * ARB_UNIT;
    Swept swept{select};
    auto const quiet = [](std::string text) {
        text.replace(text.find("5000"), 4, "10");
        return text;
    };
    swept.answers[listing] = page(event("1", market("0x11") + "," + quiet(market("0x12"))) + "," +
                                  event("2", market("0x13"), "sports"));
    REQUIRE(swept.sweep());
    CHECK(swept.opened == std::vector<std::string>{"0x11"});
    CHECK(swept.host.all<arb_event>().size() == 1);
    CHECK(swept.host.all<arb_market>().size() == 1);
    swept.answers[listing] = page(event("1", quiet(market("0x11")) + "," + quiet(market("0x14"))));
    REQUIRE(swept.sweep());
    CHECK(swept.opened.size() == 1);
    CHECK(swept.ended.empty());
}

TEST_CASE("a shard takes its part, by events only those with a market of it") {
    Select whole, part;
    part.shard = {2, 3};
    std::string first, other;  // markets of the part and of another
    for (int n = 10; first.empty() || other.empty(); ++n) {
        auto const id = "0x" + std::to_string(n);
        (part.shard.takes(id) ? first : other) = id;
    }
    Swept swept{part};
    swept.answers[listing] = page(event("1", market(first) + "," + market(other)) + "," +
                                  event("2", market(other)) + "," + event("3", ""));
    REQUIRE(swept.sweep());
    CHECK(swept.opened == std::vector<std::string>{first});
    REQUIRE(swept.host.all<arb_event>().size() == 1);
    CHECK(swept.host.all<arb_market>().size() == 1);
}

TEST_CASE("while the queue is nearly full a sweep waits") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11")));
    swept.host.set_queue_percent(90);
    net::asio::co_spawn(swept.io, swept.catalogue.sweep_for_ever(), [](std::exception_ptr const&) {});
    swept.io.run_for(std::chrono::milliseconds{50});
    CHECK(swept.asked.empty());
    CHECK(swept.host.counter("put_off/sweeps") == 1);
    swept.host.set_queue_percent(10);
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (swept.asked.empty() && std::chrono::steady_clock::now() < deadline)
        swept.io.run_for(std::chrono::milliseconds{20});
    CHECK_FALSE(swept.asked.empty());
}

TEST_CASE("an announced market is selected, has its fees, and is let go if no listing ever has it") {
    Swept swept;
    swept.host.set_clock(1000);
    swept.catalogue.announced("0x31", read_fees("true", "0.07", "1", "0.2", "true"), 900);
    swept.answers[listing] = page(event("1", market("0x11")));
    REQUIRE(swept.sweep());
    CHECK(swept.host.all<arb_fee_schedule>().size() == 1);
    CHECK(swept.opened == std::vector<std::string>{"0x11"});
    swept.answers[listing] = page(event(
        "1",
        market(
            "0x31",
            R"("feesEnabled":true,"feeSchedule":{"rate":0.07,"exponent":1,"takerOnly":true,"rebateRate":0.2},)")));
    REQUIRE(swept.sweep());
    CHECK(swept.host.all<arb_market>().size() == 2);
    CHECK(swept.host.all<arb_fee_schedule>().size() == 1);
    CHECK(swept.opened.size() == 1);  // it was followed since it was announced
}

TEST_CASE("an event ends with the last of its markets, before the venue says so, and may go on") {
    Swept swept;
    auto const closed = R"("closed":true,)";
    auto const shows = [&](std::string const& markets) {
        swept.answers[listing] = page(event("1", markets));
        REQUIRE(swept.sweep());
        return swept.host.all<arb_event>().back()->lifecycle;
    };
    CHECK(shows(market("0x11") + "," + market("0x12")) == ARB_LIFECYCLE_OPEN);
    CHECK(shows(market("0x11", closed) + "," + market("0x12")) == ARB_LIFECYCLE_OPEN);
    CHECK(swept.host.all<arb_event>().size() == 1);
    auto const over = market("0x11", closed) + "," + market("0x12", closed);
    CHECK(shows(over) == ARB_LIFECYCLE_CLOSED);
    CHECK(shows(over) == ARB_LIFECYCLE_CLOSED);
    CHECK(swept.host.all<arb_event>().size() == 2);
    CHECK(shows(over + "," + market("0x13")) == ARB_LIFECYCLE_OPEN);
    CHECK(swept.host.all<arb_event>().size() == 3);
}

TEST_CASE("markets without a condition id are left out quietly, and one of them is kept") {
    Swept swept;
    swept.answers[listing] =
        page(event("1", R"({"id":"5","conditionId":""},{"id":"6","conditionId":null},)" + market("0x11")) +
             "," + event("2", R"({"id":"7","conditionId":"","volume":"1"})"));
    REQUIRE(swept.sweep());
    REQUIRE(swept.sweep());
    CHECK(swept.host.counter("rejected/market_without_id") == 1);
    CHECK(swept.host.all<arb_message>().size() == 1);
    // Without the name of the field there may be something wrong with all of them.
    swept.answers[listing] = page(event("1", R"({"id":"5"},{"id":"6"},)" + market("0x11")));
    REQUIRE(swept.sweep());
    REQUIRE(swept.sweep());
    CHECK(swept.host.counter("rejected/market_without_id") == 3);
    swept.answers[listing] = page(event("1", R"({"conditionId":""},{"conditionId":""},)" + market("0x11")));
    swept.spawn(swept.catalogue.sweep_for_ever());
    auto const told = [&] {
        for (auto const& line : swept.host.lines())
            if (line == "1 markets are selected; 1 are listed; 2 left out by an empty conditionId")
                return true;
        return false;
    };
    CHECK(swept.until(told));
}

TEST_CASE("two events that are none are said once each, not by turns") {
    Swept swept;
    swept.answers[listing] = page(R"({"title":"a"},{"title":"b"})");
    for (int n = 0; n != 3; ++n) REQUIRE(swept.sweep());
    CHECK(swept.host.counter("rejected/unreadable_event") == 2);
}
