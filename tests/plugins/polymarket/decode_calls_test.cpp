#include "polymarket/decode_calls.hpp"

#include <boost/json.hpp>

#include "polymarket/decode_catalogue.hpp"
#include "polymarket/selection_count.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
namespace json = boost::json;

TEST_CASE("answers of one-off calls as the venue documents them") {
    auto const order = order_row(
        R"({"id":"0x01","status":"LIVE","market":"0x02","asset_id":"1","side":"BUY","original_size":"10","size_matched":"2.5","price":"0.52","outcome":"Yes","created_at":1791200000,"expiration":"0","order_type":"GTC"})");
    CHECK(order.at("matched").as_string() == "2.5");
    CHECK(order.at("created_at").as_string() == "2026-10-05T11:33:20.000000Z");
    auto const fill = fill_row(
        R"({"id":"f1","taker_order_id":"0x01","market":"0x02","asset_id":"1","side":"SELL","size":"3","fee_rate_bps":"0","price":"0.4","status":"CONFIRMED","match_time":"1791200000","outcome":"No","trader_side":"MAKER","transaction_hash":"0x9"})");
    CHECK(fill.at("role").as_string() == "MAKER");
    CHECK(fill.at("time").as_string() == "2026-10-05T11:33:20.000000Z");
    auto const position = position_row(
        R"({"proxyWallet":"0x5","asset":"1","conditionId":"0x02","size":12.5,"avgPrice":0.41,"currentValue":6.25,"curPrice":0.5,"redeemable":false,"title":"Q?","outcome":"Yes","outcomeIndex":0})");
    CHECK(position.at("size").as_string() == "12.5");
    CHECK(position.at("average_price").as_string() == "0.41");
    CHECK(position.at("redeemable").as_string() == "false");
    auto const tag = tag_row(R"({"id":"21","label":"Crypto","slug":"crypto","forceShow":false})");
    CHECK(tag.at("slug").as_string() == "crypto");
    auto const trade = trade_row(
        R"({"side":"BUY","size":5,"price":0.999,"timestamp":1791200000,"outcome":"Up","transactionHash":"0x7"})");
    CHECK(trade.at("price").as_string() == "0.999");
}

TEST_CASE("a field that is not there is null or empty, and an answer without its point is an error") {
    CHECK(order_row("{}").at("created_at").is_null());
    CHECK(position_row("[]").at("size").as_string().empty());
    auto const balance = balance_row(R"({"balance":"250000001","allowance":"0"})");
    REQUIRE(balance.has_value());
    CHECK(balance->at("collateral").as_string() == "250.000001");
    for (auto const* const body : {"{}", R"({"balance":"1.5"})", R"({"balance":""})", "<html>"})
        CHECK(balance_row(body).has_error());
    auto const history =
        history_rows(R"({"history":[{"t":1791200000,"p":0.52},{"t":1791200060,"p":0.525}]})");
    REQUIRE(history.has_value());
    REQUIRE(history->size() == 2);
    CHECK(history->at(1).at("price").as_string() == "0.525");
    CHECK(history_rows(R"({"history":null})").has_error());
    CHECK(history_rows(R"({"error":"x"})").has_error());
}

TEST_CASE("each rule of a selection says what it takes by itself, and all of them together") {
    Select select;
    select.tags = {"crypto"};
    select.volume_24h_min = 1000 * ARB_UNIT;
    select.shard = {1, 2};
    auto const market = [](std::string const& id, std::string const& volume) {
        return R"({"conditionId":")" + id + R"(","volume24hr":)" + volume + "}";
    };
    SelectionCount count{select};
    count.add(select,
              R"({"id":"1","tags":[{"slug":"crypto"}],"markets":[)" + market("0x1", "5000") + "," +
                  market("0x2", "5000") + "," + market("0x3", "5") + "," + R"({"conditionId":""}]})",
              0);
    count.add(select, R"({"id":"2","tags":[{"slug":"sports"}],"markets":[)" + market("0x4", "5000") + "]}",
              0);
    count.add(select, "[1]", 0);
    REQUIRE(count.rules.size() == 3);
    CHECK(count.rules[0].name == "shard");
    CHECK(count.rules[0].takes + count.rules[0].leaves_out == 4);
    CHECK(count.rules[1].name == "tags");
    CHECK(count.rules[1].takes == 3);
    CHECK(count.rules[1].leaves_out == 1);
    CHECK(count.rules[2].takes == 3);
    CHECK(count.takes + count.leaves_out == 4);
    std::uint64_t both = 0;
    for (auto const* const id : {"0x1", "0x2"}) both += select.shard.takes(id) ? 1 : 0;
    CHECK(count.takes == both);
}
