#include "polymarket/drift.hpp"

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

TEST_CASE("a field nobody has heard of is said once a minute with how often it came") {
    Live live;
    live.host.set_clock(1'800'000'000 * second_ns);
    live.prices.add(names());
    auto const frame = book_frame(yes, level("0.4", "10"), "", "1790000000000", R"(,"mood":"calm")");
    for (int n = 0; n != 5; ++n) live.frame(frame);
    CHECK(live.host.counter("drift/book/mood/unknown") == 1);
    live.host.set_clock(1'800'000'061 * second_ns);
    live.frame(frame);
    CHECK(live.host.counter("drift/book/mood/unknown") == 6);
    CHECK(live.host.all<arb_quote>().size() == 1);
    CHECK(live.host.all<arb_message>().empty());
}

TEST_CASE("fields of levels and changes count, too, and those the venue always had do not") {
    Live live;
    live.prices.add(names());
    live.frame(book_frame(yes, R"({"price":"0.4","size":"10","orders":"3"})", ""));
    CHECK(live.host.counter("drift/book/orders/unknown") == 1);
    live.frame(change_frame(change_entry(yes, "0.45", "3", "BUY")));
    live.frame(read_file(std::string{ARBITRAGE_TEST_DATA} + "/polymarket/new_market.json"));
    for (auto const* const field : {"best_bid", "best_ask", "line", "slug", "fee_schedule", "rate"})
        for (auto const* const type : {"price_change", "new_market"})
            CHECK(live.host.counter(std::string{"drift/"} + type + "/" + field + "/unknown") == 0);
    live.frame(change_frame(R"({"asset_id":")" + yes + R"(","price":0.46,"size":"1","side":"BUY"})"));
    CHECK(live.host.counter("drift/price_change/price/retyped") == 1);
    CHECK(live.host.all<arb_quote>().back()->bid == 460'000);  // its digits are as good
}

TEST_CASE(
    "a message that cannot be understood is kept whole, without its neighbours, at most so many a minute") {
    Live live;
    live.host.set_clock(1'800'000'000 * second_ns);
    live.prices.add(names());
    std::string const bad = R"({"asset_id":")" + yes + R"(","price":"0.5","event_type":"last_trade_price"})";
    live.frame("[" + book_frame(yes, level("0.4", "10"), "") + "," + bad + "]");
    REQUIRE(live.host.all<arb_message>().size() == 1);
    auto const* const message = live.host.all<arb_message>()[0];
    CHECK(text(message->header, message->body) == bad);
    CHECK(text(message->header, message->source) == "last_trade_price");
    CHECK(text(message->header, message->instance) == "polymarket");
    CHECK(live.host.counter("drift/last_trade_price/size/missing") == 1);
    CHECK(live.host.counter("rejected/bad_trade") == 1);
    live.frame(R"({"event_type":"settlement_preview","market":"0x1"})");
    CHECK(live.host.all<arb_message>().size() == 2);
    for (int n = 0; n != 200; ++n) live.frame(bad);
    CHECK(live.host.all<arb_message>().size() == Drift::messages_max);
    CHECK(live.host.counter("messages_not_kept") == 102);
    CHECK(live.host.counter("rejected/bad_trade") == 201);
    live.host.set_clock(1'800'000'061 * second_ns);
    live.frame(bad);
    CHECK(live.host.all<arb_message>().size() == Drift::messages_max + 1);
}
