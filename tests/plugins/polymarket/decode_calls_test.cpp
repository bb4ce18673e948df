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
    CHECK_FALSE(position.at("redeemable").as_bool());
    auto const tag = tag_row(R"({"id":"21","label":"Crypto","slug":"crypto","forceShow":false})");
    CHECK(tag.at("slug").as_string() == "crypto");
    auto const trade = trade_row(
        R"({"side":"BUY","size":5,"price":0.999,"timestamp":1791200000,"outcome":"Up","transactionHash":"0x7"})");
    CHECK(trade.at("price").as_string() == "0.999");
}

TEST_CASE("a field that is not there is null or empty, and an answer without its point is an error") {
    CHECK(order_row("{}").at("created_at").is_null());
    CHECK(position_row("{}").at("size").as_string().empty());
    for (auto const row :
         {trade_row, position_row, closed_position_row, order_row, fill_row, notification_row, key_row,
          reward_row, event_row, series_row, tag_row, team_row, comment_row})
        for (auto const* const item : {"", "7", "null", "[]", "[{}]", "<html>", "\""})
            CHECK(row(item).empty());
    auto const balance = balance_rows(R"({"balance":"250000001","allowance":"0"})", "collateral");
    REQUIRE(balance.has_value());
    REQUIRE(balance->size() == 1);
    CHECK(balance->at(0).at("collateral").as_string() == "250.000001");
    CHECK(balance->at(0).at("allowance").as_string() == "0");
    for (auto const* const body : {"{}", R"({"balance":"1.5"})", R"({"balance":""})", "<html>"})
        CHECK(balance_rows(body, "shares").has_error());
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
    CHECK(no.at("winner").as_bool());
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

TEST_CASE("more answers as the venue documents them: search, series, teams, comments, rewards, account") {
    auto const event = event_row(
        R"({"id":"9","title":"E?","slug":"e","tags":[{"label":"Crypto","slug":"crypto"}],"active":true,"closed":false,"endDate":"2026-12-31T00:00:00Z","markets":[{},{}]})");
    CHECK(event.at("markets").as_uint64() == 2);
    CHECK(event.at("category").as_string() == "Crypto");
    CHECK(event.at("status").as_string() == "open");
    auto const series = series_row(
        R"({"id":"1","ticker":"btc-5m","slug":"btc-5m","title":"BTC","recurrence":"5m","volume24hr":7.25,"closed":false})");
    CHECK(series.at("series").as_string() == "btc-5m");
    CHECK(series.at("volume_24h").as_string() == "7.25");
    auto const team = team_row(R"({"id":3,"name":"Owls","league":"nfl","record":null,"abbreviation":"OWL"})");
    CHECK(team.at("team_id").as_string() == "3");
    CHECK(team.at("record").as_string().empty());
    auto const comment = comment_row(
        R"({"id":"7","body":"so \"it\" is","createdAt":"2026-11-01T10:00:00Z","reactionCount":2,"profile":{"pseudonym":"Calm Owl"}})");
    CHECK(comment.at("reactions").as_int64() == 2);
    CHECK(comment.at("author").as_string() == "Calm Owl");
    CHECK(comment.at("text").as_string() == "so \"it\" is");
    CHECK(comment.at("time").as_string() == "2026-11-01T10:00:00.000000Z");
    auto const reward = reward_row(
        R"({"condition_id":"0x02","question":"Q?","rewards":{"rates":[{"asset_address":"0xa","rewards_daily_rate":25},{"rewards_daily_rate":1.5}],"min_size":50,"max_spread":3.5}})");
    CHECK(reward.at("a_day").as_string() == "25 + 1.5");
    CHECK(reward.at("max_spread").as_string() == "3.5");
    CHECK(reward_row(R"({"condition_id":"0x1","rewards":{"rates":null,"min_size":0}})")
              .at("a_day")
              .as_string() == "");
    auto const closed = closed_position_row(
        R"({"conditionId":"0x02","title":"Q?","outcome":"Yes","avgPrice":0.41,"totalBought":8,"realizedPnl":-3.25,"curPrice":0,"timestamp":1791200000})");
    CHECK(closed.at("profit").as_string() == "-3.25");
    CHECK(closed.at("closed_at").as_string() == "2026-10-05T11:33:20.000000Z");
    CHECK(notification_row(R"({"type":1,"payload":{"a":1}})").at("what").as_string() == "order canceled");
    CHECK(notification_row(R"({"type":99})").at("what").as_string() == "99");
    CHECK(notification_row(R"({"type":4,"payload":{"a":1}})").at("payload").as_string() == R"({"a":1})");
    CHECK(key_row("\"0-1\"").at("api_key").as_string() == "0-1");
    CHECK(key_row(R"({"apiKey":"0-2"})").at("api_key").as_string() == "0-2");
}

TEST_CASE("what a market charges is in the compact market: one letter a field") {
    auto const rows = fee_rows(
        R"({"c":"0x0c","t":[{"t":"71","o":"Up"},{"t":"72","o":"Down"}],"mts":0.001,"fd":{"r":0.07,"e":1,"to":true},"mbf":1000,"tbf":1000,"r":null,"ao":true,"aot":"2026-04-01T18:22:59Z","mos":5,"sd":3,"nr":true})");
    REQUIRE(rows.has_value());
    REQUIRE(rows->size() == 1);
    auto const& row = rows->front();
    CHECK(row.at("fee_rate").as_string() == "0.07");
    CHECK(row.at("fee_exponent").as_string() == "1");
    CHECK(row.at("takers_only").as_bool());
    CHECK(row.at("tick_size").as_string() == "0.001");
    CHECK(row.at("min_order_size").as_string() == "5");
    CHECK(row.at("neg_risk").as_bool());
    CHECK(row.at("delay_s").as_int64() == 3);
    CHECK(row.at("since").as_string() == "2026-04-01T18:22:59.000000Z");
    // Without fees nothing is charged, as the venue documents it.
    auto const free = fee_rows(R"({"c":"0x0c","mts":0.01})");
    CHECK(free->front().at("fee_rate").as_string() == "0");
    CHECK_FALSE(free->front().at("neg_risk").as_bool());
    for (auto const* const bad : {"", "[]", "{}", R"({"error":"market not found"})"})
        CHECK(fee_rows(bad).has_error());
}

TEST_CASE(
    "prices of tokens: the bid is below the ask whatever the venue calls them, and what is not said is "
    "empty") {
    PriceTexts answers{
        R"({"71":{"BUY":"0.41","SELL":"0.6"},"72":{"BUY":"0.6","SELL":"0.40"},"73":{}})", R"({"71":"0.505"})",
        R"({"71":"0.19"})",
        R"([{"token_id":"71","price":"0.5","side":"BUY"},{"token_id":"72","price":"0.5","side":""}])"};
    auto const up = price_row(answers, "71", "Up");
    CHECK(up.at("bid").as_string() == "0.41");
    CHECK(up.at("ask").as_string() == "0.6");
    CHECK(up.at("midpoint").as_string() == "0.505");
    CHECK(up.at("spread").as_string() == "0.19");
    CHECK(up.at("last_side").as_string() == "BUY");
    auto const down = price_row(answers, "72", "Down");
    CHECK(down.at("bid").as_string() == "0.40");
    CHECK(down.at("ask").as_string() == "0.6");
    CHECK(down.at("last_price").as_string().empty());  // never traded
    CHECK(price_row(answers, "73", "").at("ask").as_string().empty());
    answers.lasts = R"({"71":{"price":"0.52","side":"SELL"}})";
    CHECK(price_row(answers, "71", "Up").at("last_price").as_string() == "0.52");
    CHECK(price_row({}, "71", "Up").at("bid").as_string().empty());
}

TEST_CASE("small answers of the order books: every figure by the digits it was sent with") {
    // Calls that one answer of many markets or tokens has in one go.
    CHECK(plain_member(R"({"price":"0.52"})", "price") == "0.52");
    CHECK(plain_member(R"({"mid":"0.525"})", "mid") == "0.525");
    CHECK(plain_member(R"({"spread":"0.01"})", "spread") == "0.01");
    CHECK(plain_member(R"({"price":"0.5","side":""})", "side").empty());
    CHECK(plain_member(R"({"minimum_tick_size":0.01})", "minimum_tick_size") == "0.01");
    CHECK(plain_member(R"({"neg_risk":true})", "neg_risk") == "true");
    CHECK(plain_member(R"({"base_fee":1000})", "base_fee") == "1000");
    CHECK(plain_member(R"({"condition_id":"0x0c"})", "condition_id") == "0x0c");
    CHECK(seconds_value("1791200000").as_string() == "2026-10-05T11:33:20.000000Z");
    for (auto const* const text : {"", "OK", "\"OK\"", "-5", "1791200000000000"})
        CHECK(seconds_value(text).is_null());
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

TEST_CASE("closed markets of an open event do not count, and names that no open market has are told") {
    Select select;
    select.tags = {"crypto", "cyrpto"};
    select.markets = {"a-slug", "0xffff"};
    SelectionCount count{select};
    count.add(select,
              R"({"id":"1","slug":"e","tags":[{"slug":"crypto"}],"markets":[)"
              R"({"conditionId":"0x1","slug":"a-slug","closed":false},)"
              R"({"conditionId":"0x2","slug":"another","closed":true}]})",
              0);
    CHECK(count.takes == 1);
    CHECK(count.leaves_out == 0);
    std::vector<std::string> unmet;
    for (auto const& [option, name, met] : count.names)
        if (!met) unmet.push_back(std::string{option} + " " + name);
    CHECK(unmet == std::vector<std::string>{"tags cyrpto", "markets 0xffff"});
}
