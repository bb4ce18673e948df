// Frames beside prices, trades and books: what becomes of markets, events and fees, in each of the venue's
// words for it, and what comes of channels that nobody here subscribes to.
#include "kalshi/decode_frame.hpp"
#include "packet_text.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;
using arb::test::all;
using arb::test::text_of;

namespace {

constexpr arb_time received = 1'791'427'623'777'436'828;

struct Decoded {
    FrameDecoder decoder;
    Packets packets;
    std::string bytes;
    Frame frame;
    explicit Decoded(std::string text, bool combos = false) : bytes{std::move(text)} {
        decoder.filter().combos = combos;
        frame = decoder.decode(bytes, received, packets);
    }
};

std::string lifecycle(std::string const& type, std::string const& more,
                      std::string const& market = "KXA-26-X") {
    return R"({"type":")" + type + R"(","sid":3,"seq":7,"msg":{"market_ticker":")" + market + "\"," + more +
           R"(},"sending_ts_ms":1791427623700})";
}

}  // namespace

TEST_CASE("each word for what becomes of a market is a status change with its lifecycle", "[kalshi]") {
    struct Word {
        char const* more;
        int lifecycle;
    };
    Word const words[] = {
        {R"("event_type":"created","open_ts":1791427600,"close_ts":1791500000,"exchange_index":2,
            "price_level_structure":"deci_cent","price_ranges":[{"start":"0.0000","end":"1.0000","step":"0.0010"}],
            "additional_metadata":{"name":"n","title":"t","yes_sub_title":"y","no_sub_title":"n","rules_primary":"r",
            "rules_secondary":"","can_close_early":true,"event_ticker":"KXA-26","expected_expiration_ts":1791500000,
            "strike_type":"greater","floor_strike":1.5})",
         ARB_LIFECYCLE_UNOPENED},
        {R"("event_type":"activated","is_deactivated":false)", ARB_LIFECYCLE_OPEN},
        {R"("event_type":"deactivated","is_deactivated":true)", ARB_LIFECYCLE_PAUSED},
        {R"("event_type":"close_date_updated","close_ts":1791400000)", ARB_LIFECYCLE_NONE},
        {R"("event_type":"determined","result":"scalar","determination_ts":1791427000,"settlement_value":"0.3700")",
         ARB_LIFECYCLE_DETERMINED},
        {R"("event_type":"settled","settled_ts":1791427100)", ARB_LIFECYCLE_SETTLED},
        {R"("event_type":"price_level_structure_updated","price_level_structure":"linear_cent","price_ranges":[])",
         ARB_LIFECYCLE_NONE},
        {R"("event_type":"metadata_updated","strike_type":"between","floor_strike":1,"cap_strike":2,
            "custom_strike":{"team":"t"},"yes_sub_title":"y")",
         ARB_LIFECYCLE_NONE},
        // Gone since 2026, and one that is not there yet.
        {R"("event_type":"fractional_trading_updated")", ARB_LIFECYCLE_NONE},
        {R"("event_type":"moved_to_the_moon")", ARB_LIFECYCLE_NONE},
    };
    for (auto const& word : words) {
        INFO(word.more);
        Decoded const got{lifecycle("market_lifecycle_v2", word.more)};
        CHECK(got.frame.rejected == "");
        CHECK(got.frame.doubt == "");
        CHECK(got.frame.unknown == "");
        CHECK(got.frame.sequence == 7);
        auto const changes = all<arb_status_change>(got.packets);
        REQUIRE(changes.size() == 1);
        CHECK(changes[0]->lifecycle == word.lifecycle);
        CHECK(changes[0]->header.flags == 0);
        CHECK(text_of(*changes[0], &arb_status_change::market_id) == "KXA-26-X");
        CHECK(text_of(*changes[0], &arb_status_change::venue_status) == got.frame.event_type);
        // Whatever else it says is kept.
        CHECK(text_of(*changes[0], &arb_status_change::detail).find("event_type") != std::string_view::npos);
    }
    Decoded const created{lifecycle("market_lifecycle_v2", words[0].more)};
    CHECK(created.frame.event_ticker == "KXA-26");
    CHECK(created.frame.closes_at == INT64_C(1'791'500'000'000'000'000));
    Decoded const scalar{lifecycle("market_lifecycle_v2", words[4].more)};
    CHECK(all<arb_status_change>(scalar.packets).at(0)->settlement_value == 370'000);
    CHECK(text_of(*all<arb_status_change>(scalar.packets).at(0), &arb_status_change::result) == "scalar");
}

TEST_CASE("what becomes of a combo is written where combos are selected", "[kalshi]") {
    auto const bytes =
        lifecycle("multivariate_market_lifecycle",
                  R"("event_type":"created","open_ts":1,"additional_metadata":{"event_ticker":"KXMVE-1"})",
                  "KXMVE-1-A");
    Decoded const left_out{bytes}, taken{bytes, true};
    CHECK(left_out.frame.is_combo);
    CHECK(left_out.packets.empty());
    CHECK(left_out.frame.sequence == 7);
    CHECK(all<arb_status_change>(taken.packets).size() == 1);
    CHECK(taken.frame.event_ticker == "KXMVE-1");
}

TEST_CASE("an event is told of with its series", "[kalshi]") {
    Decoded const got{
        R"({"type":"event_lifecycle","sid":3,"seq":8,"msg":{"event_ticker":"KXA-26","exchange_index":0,"title":"A","subtitle":"a","collateral_return_type":"MECNET","series_ticker":"KXA","strike_date":1791500000}})"};
    CHECK(got.frame.type == FrameType::event_lifecycle);
    CHECK(got.frame.rejected == "");
    CHECK(got.frame.unknown == "");
    CHECK(got.frame.event_ticker == "KXA-26");
    CHECK(got.frame.series_ticker == "KXA");
    CHECK(got.packets.empty());
    // Not known yet to which.
    CHECK(
        Decoded{
            R"({"type":"event_lifecycle","sid":3,"seq":8,"msg":{"event_ticker":"KXA-26","series_ticker":"","strike_period":"week"}})"}
            .frame.rejected == "");
}

TEST_CASE("the fee of an event is set, and null ends it", "[kalshi]") {
    Decoded const set{
        R"({"type":"event_fee_update","sid":3,"seq":9,"msg":{"event_ticker":"KXA-26","fee_type_override":"quadratic_with_maker_fees","fee_multiplier_override":0.5}})"};
    CHECK(set.frame.type == FrameType::fee_update);
    CHECK(set.frame.event_ticker == "KXA-26");
    CHECK(set.frame.fee_type == "quadratic_with_maker_fees");
    CHECK(set.frame.fee_multiplier == "0.5");
    Decoded const ended{
        R"({"type":"event_fee_update","sid":3,"seq":9,"msg":{"event_ticker":"KXA-26","fee_type_override":null,"fee_multiplier_override":null}})"};
    Decoded const alone{
        R"({"type":"event_fee_update","sid":3,"seq":9,"msg":{"event_ticker":"KXA-26","fee_type_override":null,"fee_multiplier_override":0.3}})"};
    CHECK(alone.frame.rejected == "");
    CHECK(alone.frame.fee_type == "");
    CHECK(alone.frame.fee_multiplier == "0.3");
    CHECK(ended.frame.rejected == "");
    CHECK(ended.frame.fee_type == "");
}

TEST_CASE("frames of channels that nobody subscribed to are counted and never taken for others", "[kalshi]") {
    for (auto const* const type :
         {"rfq_created", "rfq_deleted", "quote_created", "quote_accepted", "cfbenchmarks_value",
          "cfbenchmarks_value_5hz", "pyth_value", "fill", "user_order", "market_position",
          "order_group_updates", "ticker_v2", "multivariate_lookup"}) {
        INFO(type);
        Decoded const got{R"({"type":")" + std::string{type} +
                          R"(","sid":5,"seq":3,"msg":{"market_ticker":"KXA-1","trade_id":"t","order_id":"o",)"
                          R"("yes_price_dollars":"0.4200","count_fp":"1.00","ts_ms":1791427623401}})"};
        CHECK(got.frame.type == FrameType::unknown);
        CHECK(got.frame.rejected == "");
        CHECK(got.frame.sid == 5);
        CHECK(got.frame.sequence == 3);
        CHECK(got.packets.empty());
    }
}

TEST_CASE("words that are far too long to be what they claim are left out", "[kalshi]") {
    std::string const long_word(10'000, 'x');
    Decoded const event{
        lifecycle("market_lifecycle_v2", R"("event_type":"activated","event_ticker":")" + long_word + '"')};
    CHECK(event.frame.event_ticker == "");
    CHECK(event.frame.doubt == "event_ticker");
    Decoded const nested{
        lifecycle("market_lifecycle_v2",
                  R"("event_type":"created","additional_metadata":{"event_ticker":")" + long_word + R"("})")};
    CHECK(nested.frame.event_ticker == "");
    CHECK(nested.frame.doubt == "event_ticker");
    CHECK(all<arb_status_change>(nested.packets).at(0)->header.flags == ARB_FLAG_ANOMALY);
    for (auto const* const metadata :
         {"7", "[]", "{}", R"({"event_ticker":7})", R"({"event_ticker":null})"}) {
        INFO(metadata);
        Decoded const odd{
            lifecycle("market_lifecycle_v2",
                      R"("event_type":"created","additional_metadata":)" + std::string{metadata})};
        CHECK(odd.frame.doubt == "event_ticker");
        CHECK(all<arb_status_change>(odd.packets).size() == 1);
    }
    Decoded const error{R"({"type":"error","id":3,"msg":{"code":8,"msg":")" + long_word + R"("}})"};
    CHECK(error.frame.error_code == 8);
    CHECK(error.frame.error_text.size() <= 256);
}
