#include "polymarket/prices.hpp"

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

TEST_CASE("a resolution is said once, with what outcome 0 pays") {
    auto const frame = [](std::string const& winner, std::string const& outcome) {
        return R"({"id":"1","market":")" + market_id + R"(","assets_ids":[")" + yes + R"(",")" + no +
               R"("],"winning_asset_id":")" + winner + R"(","winning_outcome":")" + outcome +
               R"(","event_message":null,"timestamp":"1790000000009","event_type":"market_resolved","tags":["x"]})";
    };
    Live live;
    live.prices.add(names());
    live.frame(frame(no, "No"));
    live.frame(frame(no, "No"));
    auto const changes = live.host.all<arb_status_change>();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0]->lifecycle == ARB_LIFECYCLE_SETTLED);
    CHECK(changes[0]->settlement_value == 0);
    CHECK(text(changes[0]->header, changes[0]->result) == "No");
    CHECK(live.resolved == std::vector<std::string>{market_id});

    CHECK(changes[0]->detail.length == 0);
    // Before the end that was announced.
    Live early;
    early.ends = 1'790'000'000'009 * millisecond_ns + 1;
    early.prices.add(names());
    early.frame(frame(yes, "Yes"));
    auto const* const status = early.host.all<arb_status_change>().at(0);
    CHECK(text(status->header, status->detail).starts_with(R"({"early":true,"closes_at":"2026-)"));
    Live half;
    half.prices.add(names());
    half.frame(frame("", ""));
    CHECK(half.host.all<arb_status_change>().at(0)->settlement_value == ARB_ABSENT);
}

TEST_CASE("a market that ended has no bid and no ask, whatever was stored of it before") {
    Live live;
    auto& followed = live.prices.add(names());
    live.frame("[" + book_frame(yes, level("0.4", "10"), level("0.6", "20")) + "]");
    live.prices.ended(followed, ARB_ABSENT, 7);
    Live later;  // another run, in which it is only listed
    auto& listed = later.prices.add(names());
    later.prices.ended(listed, 400'000, 7);
    later.prices.ended(listed, 400'000, 8);
    for (auto* const quotes : {&live, &later}) {
        quotes->outbox.flush();
        auto const all = quotes->host.all<arb_quote>();
        REQUIRE(all.size() == (quotes == &live ? 2 : 1));
        CHECK(all.back()->bid == ARB_ABSENT);
        CHECK(all.back()->ask_size == ARB_ABSENT);
        CHECK(all.back()->last_price == (quotes == &live ? ARB_ABSENT : 400'000));
    }
}

TEST_CASE("the book of a market that ended is empty from then on, and exact until then") {
    Live live{{true, true, true}};
    auto& market = live.prices.add(names());
    auto const ends = [&](arb_time at) {
        live.prices.ended(market, ARB_ABSENT, at);
        live.outbox.flush();
        return live.host.all<arb_book>().size();
    };
    live.frame(book_frame(yes, level("0.4", "10"), level("0.6", "20")), 100);
    CHECK(ends(200) == 2);
    auto const* const empty = live.host.all<arb_book>().back();
    CHECK(empty->bids.length + empty->asks.length == 0);
    CHECK(empty->header.venue_time == 0);
    CHECK(empty->header.received_time == 200);
    CHECK(text(empty->header, empty->venue_hash).empty());
    // Changes were missed before it: it is not the same book any more.
    CHECK(empty->epoch > live.host.all<arb_book>().front()->epoch);
    // What is said of it afterwards changes nothing, and the end is written once.
    live.frame(change_frame(change_entry(yes, "0.4", "0", "BUY")), 300);
    CHECK(ends(400) == 2);
    CHECK(live.host.all<arb_book_change>().empty());
    // It opens again; the stream empties it, and then it ends: everything is written already.
    live.frame(book_frame(yes, level("0.4", "10"), "", "1790000000500"), 500);
    live.frame(change_frame(change_entry(yes, "0.4", "0", "BUY"), "1790000000600"), 600);
    CHECK(live.host.all<arb_book_change>().size() == 1);
    CHECK(ends(700) == 3);
    // And once more, unheard: the connection was lost when it ended.
    live.frame(book_frame(yes, level("0.4", "10"), "", "1790000000800"), 800);
    Prices::lost(market);
    CHECK(ends(900) == 5);
    CHECK(live.host.all<arb_book>().back()->bids.length == 0);
    // Of one that nobody wants books of there is none.
    Live quotes;
    quotes.prices.ended(quotes.prices.add(names()), 400'000, 7);
    quotes.outbox.flush();
    CHECK(quotes.host.all<arb_book>().empty());
}

TEST_CASE("a change of tick is one status packet for both tokens") {
    Live live;
    live.prices.add(names());
    for (auto const& token : {yes, no})
        live.frame(R"({"market":")" + market_id + R"(","asset_id":")" + token +
                   R"(","old_tick_size":"0.01","new_tick_size":"0.001","timestamp":"1790000000009",)" +
                   R"("event_type":"tick_size_change"})");
    auto const changes = live.host.all<arb_status_change>();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0]->lifecycle == ARB_LIFECYCLE_NONE);
    CHECK(text(changes[0]->header, changes[0]->detail) == R"({"tick_size":"0.001","old_tick_size":"0.01"})");
    CHECK(live.ticks.size() == 1);
    live.frame(R"({"asset_id":")" + yes + R"(","new_tick_size":"7","event_type":"tick_size_change"})");
    CHECK(live.host.counter("rejected/bad_tick_size") == 1);
}

TEST_CASE("a market that is followed again can resolve again") {
    Live live;
    live.prices.add(names());
    auto const frame = R"({"market":")" + market_id + R"(","assets_ids":[")" + yes +
                       R"("],"winning_asset_id":")" + yes +
                       R"(","timestamp":"1790000000000","event_type":"market_resolved"})";
    live.frame(frame);
    live.frame(frame);
    CHECK(live.host.all<arb_status_change>().size() == 1);
    live.prices.add(names());
    live.frame(frame);
    CHECK(live.host.all<arb_status_change>().size() == 2);
}

TEST_CASE("a market that pauses for a moment has all of its opening books again") {
    Live live;
    auto& market = live.prices.add(names());
    auto const books =
        "[" + book_frame(yes, level("0.4", "10"), "") + "," + book_frame(no, "", level("0.6", "10")) + "]";
    live.frame(books);
    live.prices.ended(market, ARB_ABSENT, 1'800'000'000 * second_ns);
    live.prices.add(names());
    live.frame(books);
    CHECK(live.opened == std::vector<std::string>{yes, no, yes, no});
}

TEST_CASE("a tick that changed while nobody listened is in the next opening book") {
    Live live;
    live.prices.add(names());
    auto const opens = [&](std::string const& tick) {
        live.frame(book_frame(yes, "", "", "1790000000000", R"(,"tick_size":")" + tick + "\""));
    };
    auto const change = R"({"market":")" + market_id + R"(","asset_id":")" + yes +
                        R"(","old_tick_size":"0.01","new_tick_size":"0.001","timestamp":"1790000000001",)" +
                        R"("event_type":"tick_size_change"})";
    opens("0.01");
    opens("0.01");
    CHECK(live.ticks.empty());  // the listing said so
    live.frame(change);
    opens("0.001");
    CHECK(live.ticks.size() == 1);
    Prices::lost(*live.prices.market(market_id));
    opens("0.01");
    REQUIRE(live.ticks.size() == 2);
    auto const rows = live.host.all<arb_status_change>();
    CHECK(text(rows[1]->header, rows[1]->detail) == R"({"tick_size":"0.01","old_tick_size":"0.001"})");
    CHECK(rows[1]->header.venue_time == 0);  // nobody knows when
    for (auto const* const odd : {"0", "1", "much"}) opens(odd);
    CHECK(live.ticks.size() == 2);
}

TEST_CASE("other tokens of a market are a row of status") {
    Live live;
    auto const& market = live.prices.add(names());
    live.prices.tokens_changed(market, {no, yes}, 1);
    live.outbox.flush();
    auto const rows = live.host.all<arb_status_change>();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]->lifecycle == ARB_LIFECYCLE_NONE);
    CHECK(text(rows[0]->header, rows[0]->detail) == R"({"token_ids":[")" + no + R"(",")" + yes +
                                                        R"("],"old_token_ids":[")" + yes + R"(",")" + no +
                                                        R"("]})");
}
