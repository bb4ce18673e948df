// Every field we use of every message, missing, null, of another type, too long and absurd: the message is
// rejected or flagged, or says no less than before; nothing impossible is stored; its neighbours in the same
// array count.
#include <boost/json.hpp>

#include "arbitrage/decimal.hpp"
#include "polymarket/audit.hpp"
#include "polymarket/decode_calls.hpp"
#include "polymarket/decode_catalogue.hpp"
#include "polymarket/decode_trades.hpp"
#include "polymarket/fees.hpp"
#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;
namespace json = boost::json;

namespace {

std::string const other_id = "0x00000000000000000000000000000000000000000000000000000000000000b2";
std::string const other_yes = "73000000000000000000000000000000000000000000000000000000000000000000000000003";
std::string const other_no = "74000000000000000000000000000000000000000000000000000000000000000000000000004";

// What a field is replaced by; nothing: it is left out.
std::vector<std::pair<std::string, std::optional<json::value>>> const& mutations() {
    static std::vector<std::pair<std::string, std::optional<json::value>>> const out{
        {"missing", std::nullopt},
        {"null", json::value(nullptr)},
        {"a flag", json::value(true)},
        {"an object", json::parse(R"({"a":1})")},
        {"a list", json::parse(R"([[1],"x"])")},
        {"too long", json::value(std::string(100'000, '9'))},
        {"negative", json::value("-1")},
        {"absurd", json::value("1e308")},
        {"no number", json::value("\x01nan")}};
    return out;
}

// The value with one field of the object at `path` mutated: "price_changes/0/price".
json::value mutated(json::value value, std::string const& path, std::optional<json::value> const& by) {
    auto* at = &value;
    std::size_t begin = 0;
    for (auto end = path.find('/'); end != std::string::npos; begin = end + 1, end = path.find('/', begin)) {
        auto const part = path.substr(begin, end - begin);
        at = at->is_array() ? &at->as_array().at(std::stoul(part)) : &at->as_object().at(part);
    }
    auto const name = path.substr(begin);
    if (by)
        at->as_object()[name] = *by;
    else
        at->as_object().erase(name);
    return value;
}

// Two markets with books, the first in trouble.
struct Two {
    Two() {
        live.prices.add(names());
        live.prices.add({other_id, {other_yes, other_no}, {"Yes", "No"}, "5", false});
        live.frame("[" + book_frame(yes, level("0.4", "10"), level("0.6", "20")) + "," +
                   of_other(book_frame(yes, level("0.4", "10"), level("0.6", "20"))) + "]");
        before = live.host.count();
    }
    static std::string of_other(std::string text) {
        for (auto const& [from, to] : {std::pair{market_id, other_id}, {yes, other_yes}, {no, other_no}})
            for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at))
                text.replace(at, from.size(), to);
        return text;
    }
    // Whether anything was said of what came of this type with this field.
    bool noticed(std::string const& type, std::string const& field) {
        std::vector<std::string> counters{"other_tokens", "unknown_events"};
        for (auto const* const reason : {"bad_book", "bad_price_change", "bad_trade", "bad_best_bid_ask",
                                         "bad_tick_size", "no_asset_id"})
            counters.push_back(std::string{"rejected/"} + reason);
        auto const name = field.substr(field.rfind('/') == std::string::npos ? 0 : field.rfind('/') + 1);
        for (auto const* const what : {"missing", "retyped"})
            counters.push_back("drift/" + type + "/" + name + "/" + what);
        for (auto const& counter : counters)
            if (live.host.counter(counter) != 0) return true;
        for (auto const* const packet : live.host.packets())
            if ((packet->flags & ARB_FLAG_ANOMALY) != 0) return true;
        return false;
    }
    // Packets of the second market since the beginning.
    std::size_t of_neighbour() {
        std::size_t out = 0;
        auto const packets = live.host.packets();
        for (auto at = before; at != packets.size(); ++at) {
            std::string_view id;
            if (auto const* const quote = as<arb_quote>(*packets[at]))
                id = text(quote->header, quote->market_id);
            if (auto const* const trade = as<arb_trade>(*packets[at]))
                id = text(trade->header, trade->market_id);
            if (auto const* const status = as<arb_status_change>(*packets[at]))
                id = text(status->header, status->market_id);
            if (auto const* const book = as<arb_book>(*packets[at])) id = text(book->header, book->market_id);
            if (id == other_id) ++out;
        }
        return out;
    }
    std::string impossible() {
        auto const price = [](std::int64_t value) {
            return value == ARB_ABSENT || (value > 0 && value < ARB_UNIT);
        };
        for (auto const* const quote : live.host.all<arb_quote>())
            if (!price(quote->bid) || !price(quote->ask)) return "a quote";
        for (auto const* const trade : live.host.all<arb_trade>())
            if (!price(trade->price) || trade->size <= 0 || trade->price == ARB_ABSENT ||
                text(trade->header, trade->trade_id).size() > 256)
                return "a trade";
        for (auto const* const book : live.host.all<arb_book>())
            if (text(book->header, book->venue_hash).size() > 128) return "a book";
        for (auto const* const status : live.host.all<arb_status_change>())
            if (text(status->header, status->result).size() > 256) return "a status";
        return {};
    }
    Live live{{true, true, true}};
    std::size_t before = 0;
};

struct Message {
    std::string name;
    std::string text;
    std::vector<std::string> fields;
    // Without these the message says the same: the type is known by its other fields, or nothing reads them.
    std::vector<std::string> tolerated;
};

std::vector<Message> const& messages() {
    static std::vector<Message> const out{
        {"book",
         book_frame(yes, level("0.3", "7"), level("0.7", "8"), "1790000000002",
                    R"(,"tick_size":"0.01","last_trade_price":"0.500")"),
         {"event_type", "asset_id", "timestamp", "bids", "asks", "bids/0/price", "bids/0/size",
          "asks/0/price", "hash", "tick_size", "last_trade_price"},
         {"event_type", "tick_size", "last_trade_price", "hash"}},
        {"price_change",
         change_frame(change_entry(yes, "0.45", "3", "BUY")),
         {"event_type", "timestamp", "price_changes", "price_changes/0/asset_id", "price_changes/0/price",
          "price_changes/0/size", "price_changes/0/side", "price_changes/0/hash"},
         {"event_type", "price_changes/0/hash"}},
        {"best_bid_ask",
         R"({"market":")" + market_id + R"(","asset_id":")" + yes +
             R"(","best_bid":"0.4","best_ask":"0.6","spread":"0.2","timestamp":"1790000000003","event_type":"best_bid_ask"})",
         {"event_type", "asset_id", "best_bid", "best_ask", "timestamp"},
         {"best_bid", "best_ask"}},
        {"last_trade_price",
         R"({"market":")" + market_id + R"(","asset_id":")" + yes +
             R"(","price":"0.5","size":"10","side":"BUY","timestamp":"1790000000004","fee_rate_bps":"0","transaction_hash":"0x1","event_type":"last_trade_price"})",
         {"event_type", "asset_id", "price", "size", "side", "timestamp", "transaction_hash"},
         {"transaction_hash"}},
        {"tick_size_change",
         R"({"market":")" + market_id + R"(","asset_id":")" + yes +
             R"(","old_tick_size":"0.01","new_tick_size":"0.001","timestamp":"1790000000005","event_type":"tick_size_change"})",
         {"event_type", "asset_id", "old_tick_size", "new_tick_size", "timestamp"},
         {"old_tick_size", "timestamp"}},
        {"market_resolved",
         R"({"id":"1","market":")" + market_id + R"(","assets_ids":[")" + yes + R"(",")" + no +
             R"("],"winning_asset_id":")" + yes +
             R"(","winning_outcome":"Yes","timestamp":"1790000000006","event_type":"market_resolved"})",
         {"event_type", "market", "assets_ids", "winning_asset_id", "winning_outcome", "timestamp"},
         {"market", "assets_ids", "winning_asset_id", "winning_outcome", "timestamp"}}};
    return out;
}

// What is no damage: a truth where a truth belongs, a number where numbers do, a list or an object.
bool is_good(std::string const& field, json::value const& value) {
    bool const truth = field == "closed" || field == "active" || field == "archived" || field == "negRisk" ||
                       field == "acceptingOrders" || field == "enableOrderBook" || field == "feesEnabled" ||
                       field == "feeSchedule/takerOnly";
    if (truth) return value.is_bool();
    if (field == "series" || field == "tags" || field == "markets") return value.is_array();
    return false;
}

bool is_in(std::vector<std::string> const& list, std::string const& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

TEST_CASE("a bad field of a message is said, stores nothing impossible, and leaves the neighbour") {
    for (auto const& message : messages()) {
        auto const good = json::parse(message.text);
        Two whole;
        whole.live.frame("[" + message.text + "," + Two::of_other(message.text) + "]");
        auto const expected = whole.of_neighbour();
        INFO(message.name);
        for (auto const& field : message.fields) CHECK_FALSE(whole.noticed(message.name, field));
        for (auto const& field : message.fields)
            for (auto const& [how, value] : mutations()) {
                Two two;
                auto const bad = json::serialize(mutated(good, field, value));
                INFO(field << ": " << how);
                two.live.frame("[" + bad + "," + Two::of_other(message.text) + "]");
                CHECK(two.of_neighbour() == expected);
                CHECK(two.impossible() == "");
                if (!is_in(message.tolerated, field)) CHECK(two.noticed(message.name, field));
            }
    }
}

TEST_CASE("a bad field of an announcement follows nothing and leaves the next one") {
    auto const text = read_file(std::string{ARBITRAGE_TEST_DATA} + "/polymarket/new_market.json");
    auto const good = json::parse(text);
    auto const whole = decode(text);
    auto const fees = read_fees(whole.events.at(0));
    for (auto const* const field :
         {"event_type", "id", "market", "condition_id", "assets_ids", "clob_token_ids", "outcomes", "tags",
          "timestamp", "event_message", "event_message/id", "event_message/slug", "fees_enabled",
          "fee_schedule", "fee_schedule/rate", "fee_schedule/exponent", "fee_schedule/taker_only",
          "fee_schedule/rebate_rate", "slug"})
        for (auto const& [how, value] : mutations()) {
            INFO(field << ": " << how);
            auto const both = "[" + json::serialize(mutated(good, field, value)) + "," + text + "]";
            Live live;
            live.frame(both);
            // Without its type it is no announcement, and is kept whole as what was not understood.
            bool const typeless = std::string_view{field} == "event_type";
            CHECK(live.announced.size() == (typeless ? 1 : 2));
            CHECK(live.host.all<arb_message>().size() == (typeless ? 1 : 0));
            auto const kept = decode(both);
            REQUIRE(kept.events.size() == 2);
            auto const odd = read_fees(kept.events[0]), neighbour = read_fees(kept.events[1]);
            for (auto const figure : {odd.rate, odd.exponent, odd.rebate_rate})
                CHECK((figure == ARB_ABSENT || figure >= 0));
            CHECK(neighbour.rate == fees.rate);
            CHECK(neighbour.raw == fees.raw);
            CHECK(kept.events[1].assets_ids == whole.events[0].assets_ids);
        }
}

TEST_CASE("a bad field of a listed market is flagged or absent, and its event keeps the others") {
    auto text = read_file(std::string{ARBITRAGE_TEST_DATA} + "/polymarket/gamma_market.json");
    auto const good = json::parse(text);
    auto const row = decode_market(text, "1");
    REQUIRE(row);
    CHECK(row->differences.empty());
    // Any text will do for these.
    std::vector<std::string> const words{"conditionId",         "question", "description", "slug",
                                         "umaResolutionStatus", "feeType",  "version"};
    for (std::string const field : {"conditionId",
                                    "clobTokenIds",
                                    "outcomes",
                                    "outcomePrices",
                                    "orderPriceMinTickSize",
                                    "orderMinSize",
                                    "endDate",
                                    "startDate",
                                    "acceptingOrdersTimestamp",
                                    "volume",
                                    "volume24hr",
                                    "lastTradePrice",
                                    "acceptingOrders",
                                    "active",
                                    "archived",
                                    "closed",
                                    "enableOrderBook",
                                    "negRisk",
                                    "feesEnabled",
                                    "feeType",
                                    "feeSchedule",
                                    "feeSchedule/rate",
                                    "feeSchedule/exponent",
                                    "feeSchedule/takerOnly",
                                    "feeSchedule/rebateRate",
                                    "umaResolutionStatus",
                                    "question",
                                    "description",
                                    "slug",
                                    "version"})
        for (auto const& [how, value] : mutations()) {
            INFO(field << ": " << how);
            auto const bad = json::serialize(mutated(good, field, value));
            auto const event =
                R"({"id":"1","title":"E","active":true,"closed":false,"markets":[)" + bad + "," + text + "]}";
            auto const markets = markets_of_event(event);
            REQUIRE(markets.size() == 2);
            CHECK(decode_market(markets[1], "1")->content == row->content);
            auto const odd = decode_market(markets[0], "1");
            if (!odd) {
                CHECK(field == "conditionId");
                continue;
            }
            CHECK((odd->tick_size == ARB_ABSENT || odd->tick_size == row->tick_size));
            CHECK((odd->volume == ARB_ABSENT || odd->volume == row->volume || odd->volume > 0));
            CHECK((odd->volume_24h == ARB_ABSENT || odd->volume_24h >= 0));
            CHECK((odd->last_price == ARB_ABSENT || (odd->last_price >= 0 && odd->last_price <= ARB_UNIT)));
            CHECK((odd->fees.rate == ARB_ABSENT || odd->fees.rate >= 0));
            CHECK(odd->settlement_value == ARB_ABSENT);
            CHECK((odd->tokens.empty() || odd->tokens == row->tokens));
            CHECK(odd->min_order_size.size() < 20);
            // Prices of an open market are not looked at.
            bool const expected = value && !value->is_null() && field != "outcomePrices" &&
                                  !(value->is_string() && is_in(words, field)) && !is_good(field, *value);
            if (expected) CHECK(odd->flags == ARB_FLAG_ANOMALY);
        }
}

TEST_CASE("a market that closed with prices that are none is not settled, and that is said") {
    auto good = json::parse(read_file(std::string{ARBITRAGE_TEST_DATA} + "/polymarket/gamma_market.json"));
    good.as_object()["closed"] = true;
    good.as_object()["umaResolutionStatus"] = "resolved";
    for (auto const* const prices : {R"(["1e308","0"])", R"(["-1","2"])", R"(["","1"])", R"([1,0])",
                                     R"({"a":1})", R"(["99999999999999999999","0"])"}) {
        INFO(prices);
        good.as_object()["outcomePrices"] = prices;
        auto const row = decode_market(json::serialize(good), "1");
        REQUIRE(row);
        CHECK(row->lifecycle == ARB_LIFECYCLE_CLOSED);
        CHECK(row->settlement_value == ARB_ABSENT);
        CHECK(row->flags == ARB_FLAG_ANOMALY);
    }
    good.as_object()["outcomePrices"] = R"(["1","0"])";
    CHECK(decode_market(json::serialize(good), "1")->settlement_value == ARB_UNIT);
}

TEST_CASE("a bad field of a listed event is flagged or absent, and its markets and its neighbour are there") {
    auto const market = read_file(std::string{ARBITRAGE_TEST_DATA} + "/polymarket/gamma_market.json");
    auto const text =
        R"({"id":"1","slug":"an-event","title":"E","seriesSlug":"s","category":"c","active":true,"closed":false,)"
        R"("archived":false,"negRisk":true,"startDate":"2026-01-01T00:00:00Z","endDate":"2026-12-01T00:00:00Z",)"
        R"("tags":[{"id":"1","label":"T","slug":"t"}],"series":[{"id":"1","slug":"s","title":"S"}],"markets":[)" +
        market + "]}";
    auto const good = json::parse(text);
    REQUIRE(decode_event(text)->differences.empty());
    for (std::string const field :
         {"id", "slug", "title", "seriesSlug", "series", "category", "tags", "active", "closed", "archived",
          "negRisk", "startDate", "endDate", "markets"})
        for (auto const& [how, value] : mutations()) {
            INFO(field << ": " << how);
            auto const page =
                R"({"events":[)" + json::serialize(mutated(good, field, value)) + "," + text + "]}";
            auto const items = decode_page(page, "events");
            REQUIRE(items.has_value());
            REQUIRE(items->items.size() == 2);
            CHECK(decode_event(items->items[1])->content == decode_event(text)->content);
            auto const odd = decode_event(items->items[0]);
            if (!odd) {
                CHECK(field == "id");
                continue;
            }
            CHECK((field == "markets" || odd->markets.size() == 1));
            bool const words = field == "id" || field == "title" || field == "slug" ||
                               field == "seriesSlug" || field == "category";
            bool const wrong =
                value && !value->is_null() && !is_good(field, *value) && !(words && value->is_string());
            if (wrong) CHECK(odd->flags == ARB_FLAG_ANOMALY);
        }
}

TEST_CASE("a bad field of a book read over REST accuses nobody, and the others of the answer are compared") {
    auto const good = json::parse(book_frame(yes, level("0.4", "10"), level("0.6", "20"), "1790000009000"));
    auto const other = Two::of_other(book_frame(yes, level("0.1", "1"), level("0.6", "20"), "1790000009000"));
    for (std::string const field :
         {"asset_id", "timestamp", "bids", "asks", "bids/0/price", "bids/0/size", "asks/0/price"})
        for (auto const& [how, value] : mutations()) {
            INFO(field << ": " << how);
            Two two;
            Timing const timing;
            Rest clob{nullptr, 1};
            Audit audit{two.live.host.host(),
                        two.live.prices,
                        clob,
                        timing,
                        {[](Token&, std::string_view) {}, [](Market&) {}}};
            auto const doubts =
                audit.compare("[" + json::serialize(mutated(good, field, value)) + "," + other + "]");
            REQUIRE(doubts.size() == 1);
            CHECK(two.live.prices.token(doubts[0].token) == two.live.prices.token(other_yes));
        }
}

TEST_CASE("a bad field of a one-off answer costs that field alone") {
    auto const check = [](char const* text, auto const& row) {
        auto const good = json::parse(text);
        json::object const whole = row(json::serialize(good));
        REQUIRE_FALSE(whole.empty());
        for (auto const& pair : good.as_object())
            for (auto const& [how, value] : mutations()) {
                INFO(pair.key() << ": " << how);
                json::object const odd = row(json::serialize(mutated(good, std::string{pair.key()}, value)));
                std::size_t differ = 0;
                for (auto const& was : whole)
                    if (!odd.contains(was.key()) || odd.at(was.key()) != was.value()) ++differ;
                CHECK((odd.empty() || differ <= 3));  // of an object within
            }
    };
    check(
        R"({"timestamp":1791200000,"outcome":"Yes","side":"BUY","price":0.5,"size":5,"transactionHash":"0x1"})",
        trade_row);
    check(
        R"({"id":"1","market":"2","outcome":"Yes","side":"BUY","price":"0.5","original_size":"5","size_matched":"1","status":"LIVE","created_at":1791200000})",
        order_row);
    check(
        R"({"id":"1","match_time":"1791200000","market":"2","outcome":"Yes","side":"BUY","price":"0.5","size":"5","trader_side":"TAKER","status":"MINED","transaction_hash":"0x"})",
        fill_row);
    check(
        R"({"conditionId":"1","title":"Q","outcome":"Yes","size":5,"avgPrice":0.5,"curPrice":0.5,"currentValue":2.5,"redeemable":false})",
        position_row);
    check(
        R"({"timestamp":1791200000,"conditionId":"1","title":"Q","outcome":"Yes","totalBought":5,"avgPrice":0.5,"realizedPnl":1})",
        closed_position_row);
    check(R"({"type":1,"payload":{"a":1}})", notification_row);
    check(
        R"({"condition_id":"1","question":"Q","rewards":{"rates":[{"rewards_daily_rate":5}],"min_size":1,"max_spread":2}})",
        reward_row);
    check(R"({"slug":"s","title":"S","recurrence":"5m","volume24hr":1,"closed":false})", series_row);
    check(R"({"id":"1","slug":"s","label":"S"})", tag_row);
    check(R"({"id":1,"name":"N","abbreviation":"A","league":"l","record":"1-0"})", team_row);
    check(R"({"createdAt":"2026-11-01T10:00:00Z","profile":{"name":"A"},"body":"b","reactionCount":1})",
          comment_row);
    auto const first = [](RowsOf const& rows) {
        return rows && !rows->empty() ? rows->front() : json::object{};
    };
    check(
        R"({"c":"1","mts":0.01,"mos":5,"fd":{"r":0.07,"e":1,"to":true},"ao":true,"aot":"2026-04-01T18:22:59Z","nr":false,"sd":1})",
        [&](std::string const& text) { return first(fee_rows(text)); });
    check(R"({"balance":"1","allowance":"2"})",
          [&](std::string const& text) { return first(balance_rows(text, "collateral")); });
    check(R"({"history":[{"t":1791200000,"p":0.5}]})",
          [&](std::string const& text) { return first(history_rows(text)); });
}

TEST_CASE("a bad field of a past trade is said, and the other trades of the page count") {
    std::string const text =
        R"({"proxyWallet":"0x0","side":"BUY","asset":"1","conditionId":"0xa","size":5.5,"price":0.5,"timestamp":1790000000,"transactionHash":"0x1","outcome":"Yes"})";
    auto const good = json::parse(text);
    auto const whole = decode_trades("[" + text + "," + text + "]");
    REQUIRE(whole->trades.size() == 2);
    CHECK(whole->differences.empty());
    for (auto const* const field :
         {"side", "asset", "conditionId", "size", "price", "timestamp", "transactionHash"})
        for (auto const& [how, value] : mutations()) {
            INFO(field << ": " << how);
            auto const page =
                decode_trades("[" + json::serialize(mutated(good, field, value)) + "," + text + "]");
            REQUIRE(page.has_value());
            REQUIRE_FALSE(page->trades.empty());
            CHECK(page->trades.back().print.size == 5'500'000);
            bool const odd = page->unreadable == 1 && page->refused.size() == 1;
            CHECK((odd || (page->trades.size() == 2 && how != "missing" && how != "null")));
            CHECK((page->trades.size() == 1 || page->trades.front().print.side != 0));
        }
    CHECK(
        decode_trades("[" + text.substr(0, text.size() - 1) + R"(,"rating":5}])")->differences.at(0).field ==
        "rating");
}
