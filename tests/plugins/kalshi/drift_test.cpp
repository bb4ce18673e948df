#include "kalshi/drift.hpp"

#include <boost/asio/io_context.hpp>

#include "arbitrage/time.hpp"
#include "support/catch.hpp"
#include "support/recording_host.hpp"

using namespace arb;
using namespace arb::kalshi;
namespace json = boost::json;
using namespace std::string_view_literals;

namespace {

struct Told {
    boost::asio::io_context io;
    arb::test::RecordingHost host{"kalshi/two"};
    Outbox outbox{io.get_executor(), host.host(), {}};
    Drift drift{host.host(), outbox};
};

}  // namespace

TEST_CASE("a message that cannot be used is counted, said once and kept whole", "[kalshi]") {
    Told told;
    told.drift.refused("trade", "trade_without_price", R"({"odd":1})"sv);
    told.drift.refused("trade", "trade_without_price", R"({"odd":2})"sv);
    told.outbox.flush();
    auto const messages = told.host.all<arb_message>();
    REQUIRE(messages.size() == 2);
    CHECK(text(messages[1]->header, messages[1]->body) == R"({"odd":2})"sv);
    CHECK(text(messages[0]->header, messages[0]->instance) == "kalshi/two");
    CHECK(text(messages[0]->header, messages[0]->source) == "trade");
    CHECK(text(messages[0]->header, messages[0]->reason) == "trade_without_price");
    CHECK(told.host.counter("rejected/trade_without_price") == 2);
    CHECK(told.host.counter("drift/trade/yes_price_dollars/missing") == 1);
    CHECK(told.host.lines().size() == 1);
}

TEST_CASE("what is refused is told by the field that is to blame, as the message calls it", "[kalshi]") {
    struct Case {
        char const *source, *reason, *body, *said;
    };
    for (auto const& [source, reason, body, said] : {
             Case{"trade", "trade_without_size", R"({"count_fp":{}})", "trade/count_fp/retyped"},
             Case{"trade", "trade_without_market", "{}", "trade/market_ticker/missing"},
             Case{"GET /markets/trades", "trade_without_market", "{}", "GET /markets/trades/ticker/missing"},
             Case{"orderbook_delta", "delta_without_size", R"({"delta_fp":"x"})",
                  "orderbook_delta/delta_fp/retyped"},
             Case{"orderbook_snapshot", "snapshot_without_sides", "{}",
                  "orderbook_snapshot/yes_dollars_fp/missing"},
             Case{"GET /events", "event_without_ticker", R"({"event_ticker":7})",
                  "GET /events/event_ticker/retyped"},
             Case{"GET /markets", "market_without_ticker", "{}", "GET /markets/ticker/missing"},
             Case{"GET /series", "series_not_an_object", "7", "GET /series/(all)/retyped"},
             Case{"unreadable", "not_json", "{", "unreadable/(all)/retyped"},
             Case{"GET /series/fee_changes", "fee_change_without_type", "{}",
                  "GET /series/fee_changes/fee_type/missing"},
             Case{"GET /events/fee_changes", "fee_change_without_ticker", "{}",
                  "GET /events/fee_changes/event_ticker/missing"},
         }) {
        INFO(said);
        Told told;
        told.drift.refused(source, reason, std::string_view{body});
        CHECK(told.host.counter(std::string{"drift/"} + said) == 1);
    }
}

TEST_CASE("a hundred messages a minute are kept, all are counted", "[kalshi]") {
    Told told;
    told.host.set_clock(1'000 * second_ns);
    for (int i = 0; i != 250; ++i) told.drift.refused("trade", "trade_without_price", "{}"sv);
    told.host.set_clock(1'061 * second_ns);
    told.drift.refused("trade", "trade_without_price", "{}"sv);
    told.outbox.flush();
    CHECK(told.host.all<arb_message>().size() == 101);
    CHECK(told.host.counter("rejected/trade_without_price") == 251);
    CHECK(told.host.counter("messages_not_kept") == 150);
}

TEST_CASE("unknown keys are named once a minute, known ones never", "[kalshi]") {
    Told told;
    told.host.set_clock(1'000 * second_ns);
    auto const row = json::parse(R"({"ticker":"A","trade_id":"b","mood":"good"})").as_object();
    for (int i = 0; i != 5; ++i) told.drift.keys("GET /markets/trades", row, known_trade_keys());
    CHECK(told.host.counter("drift/GET /markets/trades/mood/unknown") == 1);
    CHECK(told.host.counter("drift/GET /markets/trades/ticker/unknown") == 0);
    told.host.set_clock(1'060 * second_ns);
    told.drift.keys("GET /markets/trades", row, known_trade_keys());
    CHECK(told.host.counter("drift/GET /markets/trades/mood/unknown") == 2);
}

TEST_CASE("what a venue that changes everything may say is bounded", "[kalshi]") {
    Told told;
    told.host.set_clock(1'000 * second_ns);
    for (int i = 0; i != 5'000; ++i)
        told.drift.field(ARB_DRIFT_UNKNOWN, "ticker", "field" + std::to_string(i));
    std::uint64_t said = 0;
    for (int i = 0; i != 5'000; ++i)
        said += told.host.counter("drift/ticker/field" + std::to_string(i) + "/unknown");
    CHECK(said == Drift::said_max);
}

TEST_CASE("a row that is odd each time a list is read is told of once", "[kalshi]") {
    Told told;
    auto const row = [](char const* text) { return json::parse(text); };
    for (int n = 0; n != 3; ++n) {
        told.host.set_clock((1'000 + n * 600) * second_ns);
        told.drift.refused("GET /events", "market_without_ticker",
                           row(R"({"title":"A","volume_fp":"1.00"})"));
        // Its prices are not what is odd about it.
        told.drift.refused("GET /events", "market_without_ticker",
                           row(R"({"title":"A","volume_fp":"2.00"})"));
        told.drift.refused("GET /events", "market_not_an_object", row("null"));
    }
    told.drift.refused("GET /events", "market_without_ticker", row(R"({"title":"B"})"));
    told.outbox.flush();
    CHECK(told.host.all<arb_message>().size() == 3);
    CHECK(told.host.counter("rejected/market_without_ticker") == 2);
    CHECK(told.host.counter("rejected/market_not_an_object") == 1);
    CHECK(told.host.counter("rows_refused_again") == 7);
}
