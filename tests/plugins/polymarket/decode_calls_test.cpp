#include "polymarket/decode_calls.hpp"

#include <boost/json.hpp>

#include "polymarket/decode_catalogue.hpp"
#include "polymarket/json_text.hpp"
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

TEST_CASE("a market of the order books has a row an outcome") {
    std::string const text =
        R"({"enable_order_book":true,"active":true,"closed":false,"archived":false,"accepting_orders":true,)"
        R"("accepting_order_timestamp":"2026-04-01T18:22:59Z","minimum_order_size":5,"minimum_tick_size":0.001,)"
        R"("condition_id":"0x02","question":"Q?","end_date_iso":"2027-12-31T00:00:00Z","is_50_50_outcome":false,)"
        R"("tokens":[{"token_id":"1","outcome":"Yes","price":0.4865,"winner":false},)"
        R"({"token_id":"2","outcome":"No","price":0.5135,"winner":true}],"tags":null})";
    auto const rows = outcome_rows(text);
    REQUIRE(rows.has_value());
    REQUIRE(rows->size() == 2);
    auto const& no = rows->at(1);
    CHECK(no.at("status").as_string() == "open");
    CHECK(no.at("outcome").as_string() == "No");
    CHECK(no.at("token_id").as_string() == "2");
    CHECK(no.at("price").as_string() == "0.5135");
    CHECK(no.at("winner").as_string() == "true");
    CHECK(no.at("tick_size").as_string() == "0.001");
    CHECK(no.at("opens_at").as_string() == "2026-04-01T18:22:59.000000Z");
    CHECK(no.at("closes_at").as_string() == "2027-12-31T00:00:00.000000Z");
    auto const status = [&](std::string const& from, std::string const& to) {
        auto changed = text;
        changed.replace(changed.find(from), from.size(), to);
        return std::string{outcome_rows(changed)->at(0).at("status").as_string()};
    };
    CHECK(status(R"("closed":false)", R"("closed":true)") == "closed");
    CHECK(status(R"("archived":false)", R"("archived":true)") == "archived");
    CHECK(status(R"("enable_order_book":true)", R"("enable_order_book":false)") == "no book");
    CHECK(status(R"("accepting_orders":true)", R"("accepting_orders":false)") == "paused");
    for (auto const* const bad : {"", "{}", "<html>", R"({"error":"market not found"})",
                                  R"({"condition_id":"0x1","tokens":null})", R"({"tokens":[]})"})
        CHECK(outcome_rows(bad).has_error());
    CHECK(outcome_rows(R"({"condition_id":"0x1","tokens":[]})")->empty());
}

TEST_CASE("small answers of the order books: every figure by the digits it was sent with") {
    CHECK(plain_member(R"({"price":"0.52"})", "price") == "0.52");
    CHECK(plain_member(R"({"mid":"0.525"})", "mid") == "0.525");
    CHECK(plain_member(R"({"spread":"0.01"})", "spread") == "0.01");
    CHECK(plain_member(R"({"price":"0.5","side":""})", "side").empty());
    CHECK(plain_member(R"({"minimum_tick_size":0.01})", "minimum_tick_size") == "0.01");
    CHECK(plain_member(R"({"neg_risk":true})", "neg_risk") == "true");
    CHECK(plain_member(R"({"base_fee":1000})", "base_fee") == "1000");
    CHECK(plain_member(R"({"condition_id":"0x0c"})", "condition_id") == "0x0c");
    // POST /prices: by token, then by side.
    auto const prices = member(R"({"71":{"BUY":"0.4","SELL":"0.5"},"72":{}})", "71");
    REQUIRE(prices);
    CHECK(plain_member(*prices, "SELL") == "0.5");
    // The compact market: one letter a field.
    std::string_view const compact =
        R"({"c":"0x0c","t":[{"t":"71","o":"Up"},{"t":"72","o":"Down"}],"mts":0.01,"fd":{"r":0.07,"e":1,"to":true},"r":null,"mos":5})";
    CHECK(plain_member(*member(compact, "fd"), "r") == "0.07");
    CHECK(plain_member(compact, "r").empty());
    std::vector<std::string> tokens;
    for_each_element(*member(compact, "t"),
                     [&](std::string_view token) { tokens.push_back(plain_member(token, "t")); });
    CHECK(tokens == std::vector<std::string>{"71", "72"});
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
