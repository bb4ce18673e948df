// Every field we use of every message, missing, null, of another type, too long and absurd: the message is
// rejected or flagged, or says no less than before; nothing impossible is stored; its neighbours in the same
// array count.
#include <boost/json.hpp>

#include "arbitrage/decimal.hpp"
#include "polymarket/decode_catalogue.hpp"
#include "polymarket/decode_trades.hpp"
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
    for (auto const* const field :
         {"id", "market", "condition_id", "assets_ids", "clob_token_ids", "outcomes", "tags", "timestamp",
          "event_message", "fees_enabled", "fee_schedule", "slug"})
        for (auto const& [how, value] : mutations()) {
            INFO(field << ": " << how);
            Live live;
            live.frame("[" + json::serialize(mutated(good, field, value)) + "," + text + "]");
            CHECK(live.announced.size() == 2);
            CHECK(live.host.all<arb_message>().empty());
        }
}

TEST_CASE("a bad field of a listed market is flagged or absent, and its event keeps the others") {
    auto const text = read_file(std::string{ARBITRAGE_TEST_DATA} + "/polymarket/gamma_market.json");
    auto const good = json::parse(text);
    auto const row = decode_market(text, "1");
    REQUIRE(row);
    CHECK(row->differences.empty());
    for (auto const* const field :
         {"conditionId", "clobTokenIds", "outcomes", "outcomePrices", "orderPriceMinTickSize", "endDate",
          "acceptingOrdersTimestamp", "volume", "acceptingOrders", "closed", "feesEnabled", "feeSchedule",
          "feeSchedule/rate", "umaResolutionStatus", "question"})
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
                CHECK(std::string_view{field} == "conditionId");
                continue;
            }
            CHECK((odd->tick_size == ARB_ABSENT || odd->tick_size == row->tick_size));
            CHECK((odd->volume == ARB_ABSENT || odd->volume == row->volume || odd->volume > 0));
            CHECK((odd->fees.rate == ARB_ABSENT || odd->fees.rate >= 0));
            CHECK(odd->settlement_value == ARB_ABSENT);
            CHECK((odd->tokens.empty() || odd->tokens == row->tokens));
        }
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
