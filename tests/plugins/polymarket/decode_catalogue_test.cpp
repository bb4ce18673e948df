#include "polymarket/decode_catalogue.hpp"

#include "arbitrage/abi/packet.h"
#include "arbitrage/time.hpp"
#include "polymarket/json_text.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;

namespace {

// A market as Gamma sends it; `more` is put in front, and the first member of a name counts for raw texts.
std::string market(std::string const& more = "") {
    return R"({)" + more + R"("id":"5201001","question":"Will \"it\" rain?","conditionId":"0xABC1",
 "slug":"will-it-rain","description":"Rules.","outcomes":"[\"Yes\", \"No\"]","outcomePrices":"[\"0.364\", \"0.636\"]",
 "clobTokenIds":"[\"111\", \"222\"]","startDate":"2026-10-05T11:00:00.123456Z","endDate":"2026-12-31T00:00:00Z",
 "volume":"79945.98005599984","volume24hr":6422.943629,"active":true,"closed":false,"archived":false,
 "enableOrderBook":true,"acceptingOrders":true,"orderPriceMinTickSize":0.0025,"orderMinSize":5,"negRisk":false,
 "feesEnabled":true,"feeType":null,"feeSchedule":{"exponent":1,"rate":0.05},"bestAsk":0.37})";
}

MarketRow read(std::string const& text) {
    auto row = decode_market(text, "610101");
    REQUIRE(row);
    return std::move(*row);
}

// The market with one member's value replaced, or left out.
std::string with(std::string const& key, std::string const& value) {
    auto const rest = without_member(market(), key);
    return value.empty() ? rest : "{\"" + key + "\":" + value + "," + rest.substr(1);
}

}  // namespace

TEST_CASE("a market's row has exact values, verbatim texts and lower-case ids") {
    auto const row = read(market());
    CHECK(row.id == "0xabc1");
    CHECK(row.event_id == "610101");
    CHECK(row.title == "Will \"it\" rain?");
    CHECK(row.outcomes == std::vector<std::string>{"Yes", "No"});
    CHECK(row.tokens == std::vector<std::string>{"111", "222"});
    CHECK(row.tick_size == 2'500);
    CHECK(row.price_ranges == R"([{"start":"0","end":"1","step":"0.0025"}])");
    CHECK(row.volume == 79'945'980'055);
    CHECK(row.volume_24h == 6'422'943'629);
    CHECK(row.fees.raw == R"({"feesEnabled":true,"feeType":null,"feeSchedule":{"exponent":1,"rate":0.05}})");
    CHECK(format_time(row.opens_at) == "2026-10-05T11:00:00.123456Z");
    CHECK(row.lifecycle == ARB_LIFECYCLE_OPEN);
    CHECK(row.has_book);
    CHECK(row.min_order_size == "5");
    CHECK(row.flags == 0);
    CHECK(row.settlement_value == ARB_ABSENT);
    CHECK(row.result.empty());
}

TEST_CASE("version 2 markets are known by their position ids") {
    CHECK(read(market(R"("version":"v2","positionIds":["77","88"],)")).tokens ==
          std::vector<std::string>{"77", "88"});
    CHECK(read(market(R"("version":"v1","positionIds":["77","88"],)")).tokens ==
          std::vector<std::string>{"111", "222"});
    CHECK(read(market(R"("version":"v9",)")).tokens == std::vector<std::string>{"111", "222"});
    CHECK(read(with("conditionId", R"("0x012a43f0473f9d80247e2b86d1bbc81f5484804942efe987729a14e75a7199")"))
              .id.size() == 64);
}

TEST_CASE("lists come as JSON inside a string or as real arrays") {
    CHECK(read(with("clobTokenIds", R"(["5","6"])")).tokens == std::vector<std::string>{"5", "6"});
    CHECK(read(with("clobTokenIds", R"("[]")")).tokens.empty());
    CHECK(read(with("clobTokenIds", "")).tokens.empty());
    CHECK_FALSE(read(with("clobTokenIds", "")).has_book);
    // Numbers have lost digits; three tokens fit no two outcomes.
    for (auto const* const value :
         {"[5,6]", R"("[1e30, 2]")", R"(["5","6","7"])", R"("not json")", "{}", R"(["","6"])"}) {
        auto const row = read(with("clobTokenIds", value));
        CHECK(row.tokens.empty());
        CHECK(row.flags == ARB_FLAG_ANOMALY);
        CHECK_FALSE(row.has_book);
    }
}

TEST_CASE("every used field may be missing, null, of another type or absurd") {
    for (auto const* const key : {"question",        "slug",
                                  "description",     "outcomes",
                                  "outcomePrices",   "clobTokenIds",
                                  "startDate",       "endDate",
                                  "volume",          "volume24hr",
                                  "active",          "closed",
                                  "archived",        "enableOrderBook",
                                  "acceptingOrders", "orderPriceMinTickSize",
                                  "orderMinSize",    "negRisk",
                                  "feesEnabled",     "umaResolutionStatus",
                                  "closedTime",      "events",
                                  "version"})
        for (auto const* const value :
             {"", "null", "[]", "{\"a\":1}", "-1e308", "\"\\u0000\"", "\"9999-99-99T99:99:99Z\""}) {
            INFO(key << " = " << value);
            auto const row = decode_market(with(key, value), "1");
            REQUIRE(row);
            CHECK(row->id == "0xabc1");
            CHECK((row->tick_size == ARB_ABSENT || row->tick_size == 2'500));
            CHECK((row->volume == ARB_ABSENT || row->volume == 79'945'980'055));
            CHECK(row->settlement_value == ARB_ABSENT);
        }
    for (auto const* const value : {"", "null", "[]", "\"\"", "\"a b\"", "1.5", "true"})
        CHECK_FALSE(decode_market(with("conditionId", value), "1"));
    CHECK_FALSE(decode_market("[1]", "1"));
    CHECK_FALSE(decode_market(R"({"conditionId":"0x1")", "1"));
}

TEST_CASE("a tick is a step between 0 and 1") {
    for (auto const* const value : {"0", "1", "-0.01", "1e-9", "\"\"", "true"})
        CHECK(read(with("orderPriceMinTickSize", value)).tick_size == ARB_ABSENT);
    CHECK(read(with("orderPriceMinTickSize", "0.0001")).tick_size == 100);
    CHECK(read(with("orderPriceMinTickSize", "\"0.005\"")).tick_size == 5'000);
}

TEST_CASE("the lifecycle of a market follows its flags") {
    auto const lifecycle = [](std::string const& key, std::string const& value) {
        auto const row = read(with(key, value));
        CHECK_FALSE(row.has_book);
        return row.lifecycle;
    };
    CHECK(lifecycle("acceptingOrders", "false") == ARB_LIFECYCLE_PAUSED);
    CHECK(lifecycle("active", "false") == ARB_LIFECYCLE_UNOPENED);
    CHECK(lifecycle("archived", "true") == ARB_LIFECYCLE_CLOSED);
    CHECK(lifecycle("enableOrderBook", "false") == ARB_LIFECYCLE_UNOPENED);
    CHECK(lifecycle("closed", "true") == ARB_LIFECYCLE_CLOSED);
    auto const waiting =
        read("{\"umaResolutionStatus\":\"proposed\"," + with("acceptingOrders", "false").substr(1));
    CHECK(waiting.lifecycle == ARB_LIFECYCLE_CLOSED);
    CHECK(waiting.venue_status == "proposed");
}

TEST_CASE("settlement: the winner's name, halves, and what is no result") {
    auto const closed = [](std::string const& prices, std::string const& more = "") {
        auto const base = without_member(with("outcomePrices", prices), "closed");
        return read("{" + more + R"("closed":true,"closedTime":"2026-07-24 00:00:16+00",)" + base.substr(1));
    };
    auto const yes = closed(R"("[\"1\", \"0\"]")", R"("umaResolutionStatus":"resolved",)");
    CHECK(yes.lifecycle == ARB_LIFECYCLE_SETTLED);
    CHECK(yes.result == "Yes");
    CHECK(yes.settlement_value == ARB_UNIT);
    CHECK(format_time(yes.settled_at) == "2026-07-24T00:00:16.000000Z");
    CHECK_FALSE(yes.has_book);
    auto const no = closed(R"(["0","1"])");
    CHECK(no.result == "No");
    CHECK(no.settlement_value == 0);
    auto const half = closed(R"("[\"0.5\", \"0.5\"]")", R"("umaResolutionStatus":"resolved",)");
    CHECK(half.result == "50-50");
    CHECK(half.settlement_value == ARB_UNIT / 2);
    for (auto const* const prices :
         // One half each without the word is what a market shows that nobody prices.
         {R"("[\"0.5\", \"0.5\"]")", R"("[\"0\", \"0\"]")", R"("[\"0.9995\", \"0.0005\"]")", R"(["1","1"])",
          R"(["1"])", "null", R"(["2","-1"])",
          R"("[\"0.5843311669077693146635445446077281\", \"0.4156688330922306853364554553922719\"]")"}) {
        auto const row = closed(prices);
        CHECK(row.lifecycle == ARB_LIFECYCLE_CLOSED);
        CHECK(row.settlement_value == ARB_ABSENT);
        CHECK(row.result.empty());
    }
    CHECK(closed(R"(["1","0"])", R"("umaResolutionStatus":"disputed",)").lifecycle == ARB_LIFECYCLE_CLOSED);
}

TEST_CASE("prices, volumes and looks are no change; words and results are") {
    auto const content = [](std::string const& text) { return read(text).content; };
    auto const base = content(market());
    CHECK(content(with("bestAsk", "0.9")) == base);
    CHECK(content(with("volume", "\"1\"")) == base);
    CHECK(content(with("volume24hr", "7")) == base);
    CHECK(content(with("outcomePrices", R"("[\"0.1\", \"0.9\"]")")) == base);
    CHECK(content("{\"updatedAt\":\"2026-01-01T00:00:00Z\"," + market().substr(1)) == base);
    CHECK(content(with("question", "\"Other?\"")) != base);
    CHECK(content(with("acceptingOrders", "false")) != base);
    CHECK(content(with("orderPriceMinTickSize", "0.01")) != base);
    auto const paid = [&](std::string const& prices) {
        return content("{\"closed\":true," +
                       without_member(with("outcomePrices", prices), "closed").substr(1));
    };
    CHECK(paid(R"(["1","0"])") != paid(R"(["0","1"])"));
}

TEST_CASE("an event's row, without its markets") {
    auto const text =
        R"({"id":"610101","slug":"rain","title":"Rain'); DROP TABLE","negRisk":true,"active":true,
 "markets":[{"conditionId":"0x1"},{"conditionId":"0x2"}],"tags":[{"id":"2","label":"Weather News","slug":"weather"}],
 "series":[{"slug":"daily-rain","volume24hr":5}],"startDate":"2026-10-05T11:00:00.5Z","endDate":"2026-12-31T00:00:00Z"})";
    auto const event = decode_event(text);
    REQUIRE(event);
    CHECK(event->id == "610101");
    CHECK(event->title == "Rain'); DROP TABLE");
    CHECK(event->series == "daily-rain");
    CHECK(event->category == "Weather News");
    CHECK(event->url == "https://polymarket.com/event/rain");
    CHECK(event->mutually_exclusive == ARB_YES);
    CHECK(event->tags == std::vector<std::string>{"weather", "weather news"});
    CHECK(event->raw.find("markets") == std::string::npos);
    CHECK(markets_of_event(text).size() == 2);
    CHECK(decode_event(R"({"id":"1"})")->mutually_exclusive == ARB_NOT_KNOWN);
    CHECK(markets_of_event(R"({"id":"1","markets":null})").empty());
    for (auto const* const bad :
         {"{}", "7", R"({"id":null})", R"({"id":["1"]})", R"({"id":"a b"})", R"({"id":"1")"})
        CHECK_FALSE(decode_event(bad));
}

TEST_CASE("pages end where the cursor is missing, null or empty") {
    CHECK(
        decode_page(R"({"events":[{"id":"1"}, {"id":"2"}],"next_cursor":"abc=="})", "events")->next_cursor ==
        "abc==");
    for (auto const* const end : {"", R"(,"next_cursor":null)", R"(,"next_cursor":"")"}) {
        auto const page = decode_page(std::string{R"({"events":[])"} + end + "}", "events");
        REQUIRE(page.has_value());
        CHECK(page->next_cursor.empty());
        CHECK(page->items.empty());
    }
    CHECK(decode_page(R"( [{"id":"1"}])", "events")->items.size() == 1);
    for (auto const* const bad : {"", "<html>", R"({"data":[]})", R"({"events":[{"id":"1")",
                                  R"({"events":7})", R"({"events":[],"next_cursor":5})", "error code: 1015"})
        CHECK(decode_page(bad, "events").has_error());
}

TEST_CASE("one unreadable market of a page leaves its neighbours") {
    auto const text =
        R"({"id":"1","markets":[{"conditionId":"0x1"}, {"conditionId": nonsense}, {"conditionId":"0x3"}]})";
    int read_rows = 0;
    for (auto const item : markets_of_event(text)) read_rows += decode_market(item, "1") ? 1 : 0;
    CHECK(read_rows == 2);
}

TEST_CASE("pieces of JSON text are found whatever stands in strings") {
    auto const object = R"( { "a" : "},]\"" , "b":[1,{"a":2}], "c":null } )";
    CHECK(member(object, "a") == R"("},]\"")");
    CHECK(member(object, "b") == R"([1,{"a":2}])");
    CHECK(member(object, "c") == "null");
    CHECK_FALSE(member(object, "d"));
    CHECK_FALSE(member("[1]", "a"));
    CHECK(without_member(R"({"a":1,"b":2,"c":3})", "b") == R"({"a":1,"c":3})");
    CHECK(without_member(R"({"a":1,"b":2})", "b") == R"({"a":1})");
    CHECK(without_member(R"({"b":2})", "b") == "{}");
    CHECK(without_member(R"({"a":1})", "b") == R"({"a":1})");
    CHECK(member(R"({"a":"\\","b":"\\\"}","c":1})", "c") == "1");
    auto const split = split_list(R"({"a":"[", "b" : [ {"x":"]"}, 7 ] , "c":[1]})", "b");
    CHECK(split.whole);
    CHECK(split.is_list);
    CHECK(split.elements == std::vector<std::string_view>{R"({"x":"]"})", "7"});
    CHECK(split.rest == R"({"a":"[", "c":[1]})");
    CHECK(split_list(R"({"a":1})", "b").rest == R"({"a":1})");
    CHECK_FALSE(split_list(R"({"a":1})", "b").is_list);
    auto const none = split_list(R"({"b":null,"a":1})", "b");
    CHECK(none.whole);
    CHECK_FALSE(none.is_list);
    CHECK(none.rest == R"({"a":1})");
    for (auto const* const damaged :
         {R"({"b":[1,2)", R"({"b":[1,2],)", R"({"b":[1 2]})", R"({"b":[1,"x)", "[1]", ""})
        CHECK_FALSE(split_list(damaged, "b").whole);
    CHECK(split_list(R"({"b":[1,"x)", "b").elements.size() == 1);
}
