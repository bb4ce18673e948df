#include "polymarket/catalogue.hpp"

#include <boost/json.hpp>

#include <boost/asio/co_spawn.hpp>

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

namespace {

// A listing service that answers from a table, by the beginning of the target; the longest one counts.
class Listing final : public net::HttpClient {
  public:
    explicit Listing(std::map<std::string, std::string> const& answers, std::vector<std::string>& asked)
        : answers_{answers}, asked_{asked} {}
    net::asio::awaitable<Result<net::Response>> send(net::Request request) override {
        asked_.push_back(request.target);
        net::Response response;
        response.status = 404;
        std::size_t best = 0;
        for (auto const& [target, body] : answers_)
            if (request.target.rfind(target, 0) == 0 && target.size() >= best) {
                best = target.size();
                response.status = 200;
                response.body = body;
            }
        co_return response;
    }
    std::string const& host() const override { return host_; }
    std::string const& prefix() const override { return prefix_; }

  private:
    std::map<std::string, std::string> const& answers_;
    std::vector<std::string>& asked_;
    std::string const host_ = "listing.test", prefix_;
};

struct Swept {
    explicit Swept(Select select = {})
        : catalogue{host.host(),
                    outbox,
                    gaps,
                    drift,
                    gamma,
                    select,
                    std::chrono::minutes{5},
                    std::chrono::hours{24},
                    events()} {}

    bool sweep() { return wait(catalogue.sweep()); }
    bool wait(net::asio::awaitable<bool> task) {
        bool complete = false;
        net::asio::co_spawn(io, std::move(task), [&](std::exception_ptr const& thrown, bool result) {
            if (thrown) std::rethrow_exception(thrown);
            complete = result;
        });
        io.restart();
        io.run();
        outbox.flush();
        return complete;
    }
    Catalogue::Events events() {
        Catalogue::Events out;
        out.opened = [this](MarketRow const& row) { opened.push_back(row.id); };
        out.ended = [this](std::string const& id) { ended.push_back(id); };
        out.closed = [this](MarketRow const& row) { closed.push_back(row.id); };
        out.failed = [this](std::string const& sentence) { failure = sentence; };
        return out;
    }

    std::map<std::string, std::string> answers;
    std::vector<std::string> asked, opened, ended, closed;
    std::string failure;
    arb::test::RecordingHost host{"polymarket"};
    boost::asio::io_context io;
    Outbox outbox{io.get_executor(), host.host(), {}};
    Gaps gaps{outbox, host.host(), "polymarket"};
    Drift drift{host.host(), outbox};
    Rest gamma{std::make_unique<Listing>(answers, asked), 1};
    Catalogue catalogue;
};

std::string market(std::string const& id, std::string const& more = "") {
    return "{" + more + R"("conditionId":")" + id + R"(","question":"Q)" + id +
           R"(","outcomes":"[\"Yes\", \"No\"]","clobTokenIds":"[\"1)" + id.substr(2) + R"(\", \"2)" +
           id.substr(2) +
           R"(\"]","active":true,"acceptingOrders":true,"enableOrderBook":true,"volume24hr":5000,"bestBid":0.4})";
}
std::string event(std::string const& id, std::string const& markets, std::string const& tag = "politics") {
    return R"({"id":")" + id + R"(","slug":"event-)" + id + R"(","title":"E","tags":[{"slug":")" + tag +
           R"("}],"markets":[)" + markets + "]}";
}
std::string page(std::string const& events, std::string const& cursor = "") {
    return R"({"events":[)" + events + "]" + (cursor.empty() ? "" : R"(,"next_cursor":")" + cursor + "\"") +
           "}";
}
std::string const listing = "/events/keyset?closed=false&limit=200&order=id&ascending=true";

}  // namespace

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

TEST_CASE("a change of status is pushed and ends or begins the following") {
    Swept swept;
    swept.answers[listing] = page(event("1", market("0x11")));
    REQUIRE(swept.sweep());
    auto paused = market("0x11");
    paused.replace(paused.find("\"acceptingOrders\":true"), 22, "\"acceptingOrders\":false");
    swept.answers[listing] = page(event("1", paused));
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
    auto paused = market("0x11");
    paused.replace(paused.find("\"acceptingOrders\":true"), 22, "\"acceptingOrders\":false");
    swept.answers[listing] = page(event("1", paused + "," + market("0x12")));
    REQUIRE(swept.sweep());
    CHECK(swept.ended.size() == 1);
    swept.answers["/markets/keyset?closed=false&limit=100&condition_ids=0x11"] =
        R"({"markets":[)" + market("0x11") + "]}";
    net::asio::co_spawn(swept.io, swept.catalogue.look_for_ever(), [](std::exception_ptr const&) {});
    swept.io.restart();
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (swept.opened.size() < 3 && std::chrono::steady_clock::now() < deadline)
        swept.io.run_for(std::chrono::milliseconds{20});
    CHECK(swept.opened.size() == 3);
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
        if (!accepting) out.replace(out.find("\"acceptingOrders\":true"), 22, "\"acceptingOrders\":false");
        return out;
    };
    std::string const named = "/markets/keyset?closed=false&limit=100&condition_ids=0x11";
    std::string const closed = "/markets/keyset?closed=true&limit=100&condition_ids=0x11";
    swept.answers[listing] = page(event("1", row(false)));
    REQUIRE(swept.sweep());
    REQUIRE(swept.sweep());  // planned twice is once
    REQUIRE(swept.opened.empty());
    swept.answers[named] = R"({"markets":[)" + row(true) + "]}";
    net::asio::co_spawn(swept.io, swept.catalogue.look_for_ever(), [](std::exception_ptr const&) {});
    auto const asked = swept.asked.size();
    auto const until = [&](auto const& holds) {
        swept.io.restart();
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        while (!holds() && std::chrono::steady_clock::now() < deadline)
            swept.io.run_for(std::chrono::milliseconds{20});
        return holds();
    };
    swept.io.restart();
    swept.io.run_for(std::chrono::milliseconds{700});
    CHECK(swept.asked.size() == asked);
    swept.host.set_clock(begin + 181 * second_ns);
    CHECK(until([&] { return swept.opened.size() == 1; }));
    CHECK(swept.asked.size() == asked + 1);
    // No listing of open ones has it when it has ended.
    swept.answers[named] = R"({"markets":[]})";
    swept.answers[closed] =
        R"({"markets":[)" +
        row(false, R"("closed":true,"umaResolutionStatus":"resolved","outcomePrices":["1","0"],)") + "]}";
    swept.host.set_clock(begin + 601 * second_ns);
    CHECK(until([&] { return swept.ended.size() == 1; }));
    CHECK(until([&] { return swept.host.all<arb_status_change>().size() == 2; }));  // opened, settled
    swept.host.stop();
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
    bool stopped = false;
    net::asio::co_spawn(swept.io, swept.catalogue.sweep_for_ever(),
                        [&](std::exception_ptr const&) { stopped = true; });
    swept.io.restart();
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (swept.host.all<arb_market>().size() < 2 && std::chrono::steady_clock::now() < deadline)
        swept.io.run_for(std::chrono::milliseconds{20});
    auto const markets = swept.host.all<arb_market>();
    REQUIRE(markets.size() == 2);
    CHECK(markets[1]->lifecycle == ARB_LIFECYCLE_SETTLED);
    CHECK(markets[1]->settlement_value == 0);
    CHECK(text(markets[1]->header, markets[1]->result) == "No");
    CHECK(swept.asked.back().find("condition_ids=0x11") != std::string::npos);
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
