#include "polymarket/prices.hpp"

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

TEST_CASE("a trade keeps the printed outcome, and the quote's last price is in terms of outcome 0") {
    Live live;
    live.prices.add(names());
    live.frame("[" + book_frame(yes, level("0.4", "10"), level("0.6", "20")) + "]");
    live.frame(trade_frame(no, "0.585", "2.46", "SELL"));
    live.frame(trade_frame(no, "0.585", "2.46", "SELL"));  // looks alike: another trade
    auto const trades = live.host.all<arb_trade>();
    REQUIRE(trades.size() == 2);
    CHECK(trades[0]->outcome == 1);
    CHECK(trades[0]->price == 585'000);
    CHECK(trades[0]->size == 2'460'000);
    CHECK(trades[0]->taker_side == ARB_SIDE_SELL);
    // The transaction, what it says, and how many like it came before.
    auto const id = std::string{text(trades[0]->header, trades[0]->trade_id)};
    CHECK(id.starts_with("0x1:"));
    CHECK(id.ends_with(":0"));
    CHECK(std::string{text(trades[1]->header, trades[1]->trade_id)} == id.substr(0, id.size() - 1) + "1");
    CHECK(trades[0]->header.venue_time == 1'790'000'000'002 * millisecond_ns);
    auto const quotes = live.host.all<arb_quote>();
    REQUIRE(quotes.size() == 2);
    CHECK(quotes[1]->last_price == 415'000);
    CHECK(quotes[1]->last_size == 2'460'000);
}

TEST_CASE("mutations of a trade: rejected, or flagged, never a wrong value") {
    Live live;
    live.prices.add(names());
    int rejected = 0;
    for (auto const& frame : {trade_frame(yes, "", "1", "BUY"), trade_frame(yes, "0", "1", "BUY"),
                              trade_frame(yes, "1", "1", "BUY"), trade_frame(yes, "0.5", "0", "BUY"),
                              trade_frame(yes, "0.5", "", "BUY"), trade_frame(yes, "abc", "1", "BUY"),
                              trade_frame(yes, "0.5", "99999999999999999999", "BUY")}) {
        live.frame(frame);
        CHECK(live.host.counter("rejected/bad_trade") == static_cast<unsigned>(++rejected));
    }
    CHECK(live.host.count() == live.host.all<arb_message>().size());
    live.frame(trade_frame(yes, "0.5", "1", "", "1790000000002"));
    live.frame(trade_frame(yes, "0.5", "1", "BUY", "100000000"));
    auto const trades = live.host.all<arb_trade>();
    REQUIRE(trades.size() == 2);
    CHECK(trades[0]->taker_side == ARB_SIDE_NONE);
    CHECK(trades[0]->header.flags == ARB_FLAG_ANOMALY);
    CHECK(trades[1]->header.venue_time == 0);
    CHECK(trades[1]->header.flags == ARB_FLAG_ANOMALY);
    live.frame(trade_frame("12345", "0.5", "1", "BUY"));
    CHECK(live.host.counter("other_tokens") == 1);
}

TEST_CASE("the same print on two connections is one trade, and two on one are two") {
    Live live;
    live.prices.add(names());
    Feed first, second;
    auto const print = [&](Feed& feed, std::string const& size = "2.46") {
        auto const kept = decode(trade_frame(no, "0.585", size, "SELL"));
        live.prices.apply(kept.events.at(0), 1, feed);
        live.outbox.flush();
        return live.host.all<arb_trade>().size();
    };
    CHECK(print(first) == 1);
    CHECK(print(second) == 1);  // the other connection says the same
    CHECK(print(second) == 2);  // again: another one
    CHECK(print(first) == 2);
    CHECK(print(first, "3") == 3);
    CHECK(print(second, "3") == 3);
    CHECK(live.host.counter("repeated_trades") == 3);
}

TEST_CASE("a trade read afterwards is known if the stream brought it, by its transaction or without") {
    Live live;
    live.prices.add(names());
    live.frame(trade_frame(no, "0.585", "2.46", "SELL"));
    Print past{"0x1", no, ARB_SIDE_SELL, 585'000, 2'460'000, 1'790'000'000 * second_ns};
    Occurrences reading;
    CHECK(live.prices.take_past(past, reading, 1));
    live.outbox.flush();
    CHECK(live.host.all<arb_trade>().size() == 1);
    // One more that is alike: the stream missed it. Reading all of it again gives nothing new.
    CHECK(live.prices.take_past(past, reading, 1));
    Occurrences again;
    for (int n = 0; n != 2; ++n) CHECK(live.prices.take_past(past, again, 1));
    live.outbox.flush();
    auto const trades = live.host.all<arb_trade>();
    REQUIRE(trades.size() == 2);
    CHECK(trades[1]->header.flags == ARB_FLAG_BACKFILLED);
    CHECK(text(trades[1]->header, trades[1]->trade_id).substr(0, 20) ==
          text(trades[0]->header, trades[0]->trade_id).substr(0, 20));
    // The stream may leave the transaction out.
    live.frame(
        R"({"market":")" + market_id + R"(","asset_id":")" + yes +
        R"(","price":"0.4","size":"1","side":"BUY","timestamp":"1790000000777","event_type":"last_trade_price"})");
    CHECK(live.host.all<arb_trade>().size() == 3);
    CHECK(live.prices.take_past({"0x2", yes, ARB_SIDE_BUY, 400'000, 1'000'000, past.time}, again, 1));
    live.outbox.flush();
    CHECK(live.host.all<arb_trade>().size() == 3);
    // Nobody follows it, or it is no trade.
    CHECK_FALSE(live.prices.take_past({"0x2", "9", ARB_SIDE_BUY, 400'000, 1, past.time}, again, 1));
    CHECK_FALSE(live.prices.take_past({"0x2", yes, ARB_SIDE_BUY, 0, 1, past.time}, again, 1));
}
