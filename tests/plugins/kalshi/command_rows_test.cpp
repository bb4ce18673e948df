// Answers of the account and of single requests, in the shapes that the venue documents, as rows for people.
#include "kalshi/command_rows.hpp"

#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;
namespace json = boost::json;

namespace {

json::object object(char const* text) { return json::parse(text).as_object(); }

}  // namespace

TEST_CASE("cents become dollars, seconds become times, absent stays absent", "[kalshi]") {
    CHECK(
        balance_row(object(
            R"({"balance":10000,"portfolio_value":25000,"updated_ts":1768231443,"balance_breakdown":[]})")) ==
        object(R"({"balance":"100","portfolio_value":"250","updated":"2026-01-12T15:24:03.000000Z"})"));
    CHECK(balance_row(object(R"({"balance":1,"balance_dollars":"0.014200"})")) ==
          object(R"({"balance":"0.0142","portfolio_value":null,"updated":null})"));
    CHECK(balance_row(object(R"({"balance":9223372036854775807,"updated_ts":"soon"})"))
              .at("balance")
              .is_null());
}

TEST_CASE("what belongs to the account", "[kalshi]") {
    auto const position = position_row(object(
        R"({"ticker":"KXA-1","position_fp":"-25.50","market_exposure_dollars":"12.500000","realized_pnl_dollars":"-1.250000","fees_paid_dollars":"0.350000","total_traded_dollars":"30.000000","last_updated_ts":"2026-10-01T00:00:00Z"})"));
    CHECK(position.at("position") == "-25.5");
    CHECK(position.at("realized_pnl") == "-1.25");
    auto const fill = fill_row(object(
        R"({"fill_id":"f","trade_id":"f","order_id":"o","ticker":"KXA-1","outcome_side":"no","book_side":"ask","count_fp":"10.50","yes_price_dollars":"0.4200","is_taker":true,"fee_cost":"0.185000","created_time":"2026-10-01T00:00:00Z"})"));
    CHECK(fill.at("side") == "no");
    CHECK(fill.at("price") == "0.42");
    CHECK(fill.at("fee") == "0.185");
    auto const settlement = settlement_row(object(
        R"({"ticker":"KXA-1","market_result":"scalar","yes_count_fp":"10.50","no_count_fp":"0.00","yes_total_cost_dollars":"4.410000","no_total_cost_dollars":"0.000000","revenue":1050,"fee_cost":"0.350000","value":null,"settled_time":"2026-10-01T00:00:00Z"})"));
    CHECK(settlement.at("revenue") == "10.5");
    CHECK(settlement.at("value").is_null());
    CHECK(settlement.at("result") == "scalar");
    auto const order = order_row(object(
        R"({"order_id":"o","ticker":"KXA-1","status":"resting","outcome_side":"yes","yes_price_dollars":"0.4000","initial_count_fp":"10.00","fill_count_fp":"2.00","remaining_count_fp":"8.00","created_time":"2026-10-01T00:00:00Z"})"));
    CHECK(order.at("left") == "8");
    auto const limits = limits_row(object(
        R"({"usage_tier":"basic","read":{"refill_rate":200,"bucket_capacity":400},"write":{"refill_rate":100,"bucket_capacity":200},"grants":[]})"));
    CHECK(limits.at("read_tokens_per_second") == 200);
    CHECK(limits_row(object("{}")).at("tier").is_null());
}

TEST_CASE("a book is shown in prices of YES, best first", "[kalshi]") {
    auto const document =
        Document::parse(
            R"({"orderbook_fp":{"yes_dollars":[["0.0100","5.00"],["0.4200","7.50"]],"no_dollars":[["0.0200","1.00"],["0.5500","3.00"]]}})")
            .value();
    std::string_view reason;
    auto const book = read_book(document.object(), reason);
    REQUIRE(book.has_value());
    CHECK(book->best() == Best{420'000, 450'000});
    auto const rows = book_rows(*book, 0);
    REQUIRE(rows.size() == 4);
    CHECK(rows[0] == object(R"({"side":"bid","price":"0.42","size":"7.5"})"));
    CHECK(rows[2] == object(R"({"side":"ask","price":"0.45","size":"3"})"));
    CHECK(rows[3] == object(R"({"side":"ask","price":"0.98","size":"1"})"));
    CHECK(book_rows(*book, 1).size() == 2);
    for (auto const* const body :
         {R"({"orderbook_fp":7})", R"({"orderbook":{"yes":[]}})", R"({"orderbook_fp":{"yes_dollars":7}})",
          R"({"orderbook_fp":{"yes_dollars":[["1.5","1"]]}})",
          R"({"orderbook_fp":{"yes_dollars":[["0.5","-1"]]}})",
          R"({"orderbook_fp":{"yes_dollars":[["0.5"]]}})", R"({"orderbook_fp":{"no_dollars":[[0.5,1]]}})"}) {
        INFO(body);
        CHECK_FALSE(read_book(Document::parse(body).value().object(), reason).has_value());
        CHECK_FALSE(reason.empty());
    }
}

TEST_CASE("candles of both generations, with and without trades", "[kalshi]") {
    auto const live = candlestick_row(object(
        R"({"end_period_ts":1760500800,"open_interest_fp":"12432.00","price":{"previous_dollars":"0.1100"},"volume_fp":"0.00","yes_ask":{"close_dollars":"0.1100"},"yes_bid":{"close_dollars":"0.0800"}})"));
    CHECK(live.at("ends") == "2025-10-15T04:00:00.000000Z");
    CHECK(live.at("open").is_null());
    CHECK(live.at("bid") == "0.08");
    CHECK(live.at("volume") == "0");
    auto const historical = candlestick_row(object(
        R"({"end_period_ts":1760500800,"open_interest":"3.00","price":{"open":"0.1000","high":"0.2000","low":"0.1000","close":"0.1500"},"volume":"7.00","yes_ask":{"close":"0.1600"},"yes_bid":{"close":"0.1400"}})"));
    CHECK(historical.at("close") == "0.15");
    CHECK(historical.at("ask") == "0.16");
    CHECK(historical.at("open_interest") == "3");
}

TEST_CASE("the schedule and the parts of the exchange", "[kalshi]") {
    auto const hours = schedule_rows(
        Document::parse(
            R"({"schedule":{"maintenance_windows":[{"start_datetime":"2026-10-10T12:00:00Z","end_datetime":"2026-10-10T13:30:00Z"}],"standard_hours":[{"thursday":[{"open_time":"00:00","close_time":"03:00"},{"open_time":"05:00","close_time":"00:00"}]}]}})")
            .value());
    REQUIRE(hours.size() == 3);
    CHECK(hours[1].at("from") == "05:00");
    CHECK(hours[2].at("what") == "maintenance");
    auto const parts = exchange_rows(
        Document::parse(
            R"({"exchange_active":true,"trading_active":true,"exchange_estimated_resume_time":"2026-11-24T09:00:00Z","exchange_index_statuses":[{"description":"Default","exchange_active":true,"trading_active":true},{"description":"Combos","exchange_active":true,"trading_active":false}]})")
            .value());
    REQUIRE(parts.size() == 2);
    CHECK(parts[1].at("part") == "Combos");
    CHECK(parts[1].at("trading_active") == false);
    CHECK(parts[1].at("resumes") == "2026-11-24T09:00:00Z");
}

TEST_CASE("milestones, rewards and the cutoff", "[kalshi]") {
    auto const milestone = milestone_row(object(
        R"({"category":"Sports","details":{"league":"NBA","status":"created"},"end_date":null,
        "id":"93ce8b69-d3db-412d-b41e-a245a271adcc","related_event_tickers":["KXNBAGAME-A","KXNBAGAME-B"],
        "start_date":"2024-05-09T00:00:00Z","title":"Indiana at New York","type":"basketball_game"})"));
    CHECK(milestone.at("starts") == "2024-05-09T00:00:00Z");
    CHECK(milestone.at("ends").is_null());
    CHECK(milestone.at("status") == "created");
    CHECK(milestone.at("events") == "KXNBAGAME-A KXNBAGAME-B");
    CHECK(milestone_row(object(R"({"details":7,"related_event_tickers":[1]})")).at("events") == "");
    auto const program = incentive_row(object(
        R"({"id":"a","market_id":"b","market_ticker":"KXA-1","incentive_type":"liquidity","paid_out":false,
        "start_date":"2026-10-01T00:00:00Z","end_date":"2026-10-02T00:00:00Z","period_reward":1234567,
        "discount_factor_bps":null,"target_size_fp":"300.00"})"));
    CHECK(program.at("ticker") == "KXA-1");
    CHECK(program.at("reward") == "123.4567");
    CHECK(program.at("target_size") == "300");
    CHECK(program.at("discount_bps").is_null());
    for (auto const* const odd :
         {R"({})", R"({"period_reward":"x"})", R"({"period_reward":9223372036854775807})"})
        CHECK(incentive_row(object(odd)).at("reward").is_null());
    CHECK(cutoff_row(object(R"({"trades_created_ts":"2026-08-20T00:00:00Z"})")).at("trades") ==
          "2026-08-20T00:00:00Z");
}

TEST_CASE("several books at once: each by its market, one that is odd costs no other", "[kalshi]") {
    auto const document = Document::parse(R"({"orderbooks":[
        {"ticker":"KXA-1","orderbook_fp":{"yes_dollars":[["0.4200","7.50"]],"no_dollars":[]}},
        {"ticker":"KXA-2","orderbook_fp":{"yes_dollars":[["0.4200",7.5]]}},
        {"orderbook_fp":{"yes_dollars":[]}},{"ticker":null},7,{"ticker":"KXA-3"},
        {"ticker":"KXA-4","orderbook_fp":{"no_dollars":[["0.5500","3.00"]]}}]})")
                              .value();
    std::vector<std::string> read, refused;
    for (auto const& item : document.list("orderbooks")) {
        std::string_view reason;
        if (auto const listed = read_listed_book(item, reason))
            read.emplace_back(listed->ticker);
        else
            refused.emplace_back(reason);
    }
    CHECK(read == std::vector<std::string>{"KXA-1", "KXA-4"});
    CHECK(refused == std::vector<std::string>{"book_with_bad_level", "book_without_market",
                                              "book_without_market", "book_without_market",
                                              "book_without_sides"});
}

TEST_CASE("what the venue has beside markets, in the shapes that it documents", "[kalshi]") {
    auto const parsed = [](char const* body) { return Document::parse(body).value(); };
    auto const series = series_row(object(
        R"({"ticker":"KXBTC","title":"Bitcoin","category":"Crypto","tags":["BTC","Pre-Market"],"frequency":"hourly",
        "fee_type":"quadratic","fee_multiplier":0.5,"last_updated_ts":"2026-10-01T00:00:00Z"})"));
    CHECK(series.at("tags") == "BTC, Pre-Market");
    CHECK(series.at("fee_multiplier") == 0.5);
    CHECK(series_row(object(R"({"tags":null})")).at("tags").is_null());
    auto const collection = collection_row(object(
        R"({"collection_ticker":"KXMVE-R","series_ticker":"KXMVE","title":"Any","open_date":"2026-10-01T00:00:00Z",
        "close_date":"2026-11-01T00:00:00Z","associated_events":[],"associated_event_tickers":["A","B","C"],
        "is_ordered":false,"is_all_yes":true,"size_min":2,"size_max":10})"));
    CHECK(collection.at("events") == 3);
    CHECK(collection.at("legs_max") == 10);
    CHECK(collection_row(object(R"({"associated_event_tickers":7})")).at("events").is_null());
    auto const target = target_row(object(
        R"({"id":"93ce8b69","name":"Indiana","type":"basketball_team","details":{"league":"NBA"},"source_id":"x",
        "last_updated_ts":"2026-10-01T00:00:00Z"})"));
    CHECK(target.at("details").at("league") == "NBA");
    auto const live = live_data_row(object(
        R"({"type":"weather","is_historical":true,"default_range":"1h","range_options":["1h","3h"],"details":{"city":"NYC"}})"));
    CHECK(live.at("ranges") == "1h 3h");
    CHECK(live_data_row(object("{}")).at("type").is_null());
    CHECK(account_time_row(object(R"({"as_of_time":"2026-10-08T09:00:00Z"})")).at("as_of") ==
          "2026-10-08T09:00:00Z");

    auto const costs = cost_rows(parsed(
        R"({"default_cost":10,"endpoint_costs":[{"method":"GET","path":"/portfolio/orders/{order_id}","cost":2},7]})"));
    REQUIRE(costs.size() == 2);
    CHECK(costs[0] == object(R"({"method":"GET","path":"/portfolio/orders/{order_id}","tokens":2})"));
    CHECK(costs[1].at("tokens") == 10);
    auto const tags =
        tag_rows(parsed(R"({"tags_by_categories":{"Crypto":["BTC","ETH"],"World":null,"Odd":[7]}})"));
    REQUIRE(tags.size() == 3);
    CHECK(tags[0] == object(R"({"category":"Crypto","tags":"BTC, ETH"})"));
    CHECK(tags[1].at("tags").is_null());
    CHECK(tag_rows(parsed(R"({"tags_by_categories":[]})")).empty());
    auto const metadata = metadata_rows(parsed(
        R"({"image_url":"https://a/1.png","featured_image_url":"https://a/2.png","competition":"Pro Football",
        "competition_scope":"Game","settlement_sources":[{"name":"The league","url":"https://b/"},null],
        "market_details":[{"market_ticker":"KXA-X","image_url":"https://a/x.png","color_code":"#fff"}]})"));
    REQUIRE(metadata.size() == 5);
    CHECK(metadata[0] ==
          object(R"({"what":"competition","name":"Pro Football","detail":"Game","url":null})"));
    CHECK(metadata[3] ==
          object(R"({"what":"decided by","name":"The league","detail":null,"url":"https://b/"})"));
    CHECK(metadata[4].at("detail") == "#fff");
    CHECK(metadata_rows(parsed(R"({"settlement_sources":null,"market_details":"x"})")).empty());
}

TEST_CASE("candles of one market, of several, and of the past", "[kalshi]") {
    auto const rows = [](char const* body) { return candlestick_rows(Document::parse(body).value()); };
    CHECK(
        rows(
            R"({"markets":[{"market_ticker":"A","candlesticks":[{"end_period_ts":1},7]},{"candlesticks":null},3]})")
            .size() == 1);
    CHECK(rows(R"({"ticker":"A","candlesticks":[{"end_period_ts":1},{"end_period_ts":2}]})").size() == 2);
    CHECK(rows("{}").empty());
}
