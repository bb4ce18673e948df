#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <set>

#include "simulator/drift.hpp"
#include "simulator/simulated.hpp"
#include "support/catch.hpp"

namespace json = boost::json;
using namespace std::chrono_literals;
using arb::test::Simulated;

namespace {

json::object parse(std::string const& text) { return arb::test::parse_json(text).as_object(); }

std::string signed_get(Simulated& simulated, std::string const& target) {
    arb::net::Request request;
    request.target = target;
    request.headers = simulated.kalshi_signature(target.substr(0, target.find('?')));
    return simulated.send(std::move(request)).body;
}

// The ids of all rows of a listing, page by page.
std::multiset<std::string> listed(Simulated& simulated, std::string const& target, char const* rows,
                                  char const* id, char const* given, char const* asked) {
    std::multiset<std::string> out;
    std::string cursor;
    do {
        auto const page =
            parse(simulated.get(target + (cursor.empty() ? "" : "&" + std::string{asked} + "=" + cursor)));
        for (auto const& row : page.at(rows).as_array()) {
            auto const* const nested = row.as_object().if_contains("markets");
            if (nested == nullptr) out.emplace(row.at(id).as_string());
            for (auto const& market : nested == nullptr ? json::array{} : nested->as_array())
                out.emplace(market.at(id).as_string());
        }
        auto const* const next = page.if_contains(given);
        cursor = next == nullptr ? "" : std::string{next->as_string()};
    } while (!cursor.empty());
    return out;
}

// Of both sides of each book: price -> size, as texts.
using Ladder = std::map<std::string, std::string>;
using Ladders = std::map<std::string, Ladder>;

std::string name_of_side(json::object const& line, std::string const& side) {
    return std::string{line.at("market").as_string()} + ' ' + side;
}

Ladders whole_books(Simulated& simulated, std::string const& kind) {
    Ladders out;
    for (auto const& line : simulated.ledger(kind))
        for (std::string const side : {"bid", "ask"}) {
            auto& ladder = out[name_of_side(line, side)];
            for (auto const& level : line.at(side + "s").as_array())
                ladder[std::string{level.at(0).as_string()}] = level.at(1).as_string();
        }
    return out;
}

// The ledger's opening books, and every change of them since.
Ladders books_by_changes(Simulated& simulated) {
    auto books = whole_books(simulated, "opening_book");
    for (auto const& line : simulated.ledger("book_change")) {
        auto& ladder = books[name_of_side(line, std::string{line.at("side").as_string()})];
        std::string const price{line.at("price").as_string()}, size{line.at("size").as_string()};
        if (size == "0")
            ladder.erase(price);
        else
            ladder[price] = size;
    }
    return books;
}

std::string drifted(std::string text, char const* kind, char const* field, bool every = false) {
    arb::simulator::drift(text, kind, field, every);
    return text;
}

}  // namespace

TEST_CASE("a field drifts in each way wherever it stands") {
    std::string const text = R"({"a":"x, \"y\"]","b":[{"c":1},{"c":2}],"d":null})";
    CHECK(drifted(text, "drift_renamed", "a") ==
          R"({"renamed_a":"x, \"y\"]","b":[{"c":1},{"c":2}],"d":null})");
    CHECK(drifted(text, "drift_retyped", "a") == R"({"a":["x, \"y\"]"],"b":[{"c":1},{"c":2}],"d":null})");
    CHECK(drifted(text, "drift_retyped", "c") ==
          R"({"a":"x, \"y\"]","b":[{"c":"changed"},{"c":2}],"d":null})");
    CHECK(drifted(text, "drift_null", "b") == R"({"a":"x, \"y\"]","b":null,"d":null})");
    CHECK(drifted(text, "drift_missing", "a") == R"({"b":[{"c":1},{"c":2}],"d":null})");
    CHECK(drifted(text, "drift_missing", "b") == R"({"a":"x, \"y\"]","d":null})");
    CHECK(drifted(text, "drift_missing", "d") == R"({"a":"x, \"y\"]","b":[{"c":1},{"c":2}]})");
    CHECK(drifted(text, "drift_missing", "c", true) == R"({"a":"x, \"y\"]","b":[{},{}],"d":null})");
    CHECK(drifted(text, "drift_unknown", "d").find(R"("brand_new":{"a":[1,"x"]},"d":null)") !=
          std::string::npos);
    CHECK(drifted(text, "drift_null", "e") == text);
}

TEST_CASE("a fault lets one field of one endpoint or message type drift") {
    Simulated simulated{{"--quiet-start"}};
    simulated.fault("drift_missing", "kalshi", 60, "&message=/markets&field=ticker");
    auto const page = parse(simulated.get("/trade-api/v2/markets?limit=10&mve_filter=exclude"));
    int without = 0;
    for (auto const& market : page.at("markets").as_array())
        without += market.as_object().contains("ticker") ? 0 : 1;
    CHECK(without == 1);
    CHECK(parse(simulated.get("/trade-api/v2/events?limit=1&with_nested_markets=true"))
              .at("events")
              .at(0)
              .at("markets")
              .at(0)
              .as_object()
              .contains("ticker"));

    simulated.fault("drift_retyped", "kalshi", 60, "&message=ticker&field=yes_bid_dollars");
    auto socket = std::move(*simulated.connect(simulated.endpoint("kalshi", "websocket_url"),
                                               simulated.kalshi_signature("/trade-api/ws/v2")));
    simulated.write(*socket, R"({"id":1,"cmd":"subscribe","params":{"channels":["ticker"],)"
                             R"("send_initial_snapshot":true}})");
    CHECK(simulated.read(*socket)->find(R"("subscribed")") != std::string::npos);
    CHECK(parse(*simulated.read(*socket)).at("msg").at("yes_bid_dollars").is_array());
    CHECK(simulated.get("/control/fault?kind=drift_null&venue=kalshi&seconds=1").find("error") !=
          std::string::npos);
}

TEST_CASE("listings of a large world are complete, page by page") {
    Simulated simulated{{"--quiet-start", "--skewed", "--sample", "50", "--kalshi-markets", "3000",
                         "--kalshi-events", "290", "--polymarket-markets", "5001", "--polymarket-events",
                         "1530"}};
    auto const events = listed(simulated, "/trade-api/v2/events?with_nested_markets=true&status=open",
                               "events", "ticker", "cursor", "cursor");
    // One waits for its opening, in an event with others.
    CHECK(events.size() == 3000);
    CHECK(std::set<std::string>(events.begin(), events.end()).size() == 3000);
    auto const markets = listed(simulated, "/trade-api/v2/markets?limit=1000&mve_filter=exclude", "markets",
                                "ticker", "cursor", "cursor");
    CHECK(markets == events);
    auto const gamma = listed(simulated, "/gamma/events/keyset?closed=false&limit=500", "events",
                              "conditionId", "next_cursor", "after_cursor");
    CHECK(gamma.size() == 5001);
    CHECK(std::set<std::string>(gamma.begin(), gamma.end()).size() == 5001);
}

TEST_CASE("the ledger leads from the opening books to the final ones") {
    Simulated simulated{{"--quiet-start", "--rate", "3000", "--frames", "4000", "--markets", "40"}};
    simulated.control("start");
    REQUIRE(arb::test::eventually(60s, [&] { return simulated.finished(); }));
    auto const final_books = whole_books(simulated, "final_book");
    CHECK(final_books.size() > 80);  // two sides of each, and markets that came later
    CHECK(books_by_changes(simulated) == final_books);
}

TEST_CASE("new markets come, some open later than they are announced, and rolling ones are settled") {
    Simulated simulated{{"--quiet-start", "--rate", "500", "--markets", "20", "--births", "10", "--rolling",
                         "0.6", "--listing-lag", "200"}};
    simulated.control("start");
    auto const seen = [&] {
        auto const created = simulated.ledger("created"), lives = simulated.ledger("lifecycle");
        bool const later = std::any_of(created.begin(), created.end(), [](json::object const& line) {
            return line.at("tradable_ms").as_int64() > line.at("ms").as_int64();
        });
        bool const rolled = std::any_of(lives.begin(), lives.end(), [](json::object const& line) {
            return line.at("market").as_string().find("26ROLL") != std::string::npos &&
                   line.at("status").as_string() == "settled";
        });
        return created.size() > 15 && later && rolled;
    };
    REQUIRE(arb::test::eventually(60s, seen));
    simulated.finish();
    CHECK(books_by_changes(simulated) == whole_books(simulated, "final_book"));
}

TEST_CASE("Kalshi's fees change by announcement, by schedule, and back") {
    Simulated simulated{{"--quiet-start", "--rate", "500", "--frames", "2500"}};
    auto socket = std::move(*simulated.connect(simulated.endpoint("kalshi", "websocket_url"),
                                               simulated.kalshi_signature("/trade-api/ws/v2")));
    simulated.write(*socket, R"({"id":1,"cmd":"subscribe","params":{"channels":["market_lifecycle_v2"]}})");
    simulated.control("start");
    std::set<std::string> types;
    std::string event;
    for (bool cleared = false; !cleared;) {
        auto const frame = parse(*simulated.read(*socket));
        auto const& msg = frame.at("msg").as_object();
        if (auto const* const type = msg.if_contains("event_type")) types.emplace(type->as_string());
        if (frame.at("type").as_string() != "event_fee_update") continue;
        event = msg.at("event_ticker").as_string();
        cleared = msg.at("fee_type_override").is_null();
        CHECK((cleared || msg.at("fee_multiplier_override").as_double() == 0.25));
    }
    for (auto const* const type : {"created", "activated", "deactivated", "close_date_updated", "determined",
                                   "settled", "price_level_structure_updated", "metadata_updated"})
        CHECK(types.contains(type));
    auto const changes =
        parse(simulated.get("/trade-api/v2/events/fee_changes")).at("event_fee_changes").as_array();
    REQUIRE(changes.size() == 2);
    CHECK(changes[0].at("event_ticker").as_string() == event);
    CHECK(changes[1].at("fee_type_override").is_null());
    auto const scheduled = parse(simulated.get("/trade-api/v2/series/fee_changes?show_historical=true"))
                               .at("series_fee_change_arr");
    REQUIRE(scheduled.as_array().size() == 1);
    std::string const series{scheduled.at(0).at("series_ticker").as_string()};
    // The new fees begin with their time, two seconds after their announcement at the latest; trading goes on
    // for longer.
    CHECK(arb::test::eventually(60s, [&] {
        return parse(simulated.get("/trade-api/v2/series/" + series)).at("series").at("fee_type") ==
               scheduled.at(0).at("fee_type");
    }));
}

TEST_CASE("trading pauses and goes on, and the exchange closes and opens, when they are told to") {
    Simulated simulated{{"--quiet-start", "--rate", "500", "--markets", "20"}};
    auto const frames = [&] { return simulated.control("status").at("frames").to_number<std::int64_t>(); };
    simulated.control("start");
    CHECK(arb::test::eventually(60s, [&] { return frames() > 20; }));
    simulated.control("rate?rate=0");
    auto const before = frames();
    auto const active = [&] {
        return parse(simulated.get("/trade-api/v2/exchange/status")).at("trading_active").as_bool();
    };
    CHECK(active());
    simulated.control("exchange?active=0");
    CHECK_FALSE(active());
    simulated.control("exchange");
    CHECK(active());
    CHECK(frames() == before);
    simulated.control("rate?rate=500");
    CHECK(arb::test::eventually(60s, [&] { return frames() > before; }));
}

TEST_CASE("what belongs to an account is paged and signed") {
    Simulated simulated{{"--quiet-start"}};
    for (auto const& [path, rows] : std::map<std::string, char const*>{{"positions", "market_positions"},
                                                                       {"fills", "fills"},
                                                                       {"settlements", "settlements"},
                                                                       {"orders", "orders"}}) {
        INFO(path);
        std::size_t count = 0;
        std::string cursor;
        do {
            auto const page = parse(signed_get(simulated, "/trade-api/v2/portfolio/" + path + "?limit=3" +
                                                              (cursor.empty() ? "" : "&cursor=" + cursor)));
            count += page.at(rows).as_array().size();
            cursor = page.at("cursor").as_string();
        } while (!cursor.empty());
        CHECK(count == 7);
        CHECK(simulated.get("/trade-api/v2/portfolio/" + path).find("authentication_error") !=
              std::string::npos);
    }
}

TEST_CASE("candlesticks, histories and positions have the documented shapes") {
    Simulated simulated{{"--quiet-start"}};
    auto const market =
        parse(simulated.get("/trade-api/v2/markets?limit=1&mve_filter=exclude")).at("markets").at(0);
    std::string const ticker{market.at("ticker").as_string()};
    auto const series = ticker.substr(0, ticker.find('-'));
    auto const candles = parse(simulated.get("/trade-api/v2/series/" + series + "/markets/" + ticker +
                                             "/candlesticks?start_ts=3600&end_ts=10800&period_interval=60"));
    REQUIRE(candles.at("candlesticks").as_array().size() == 3);
    CHECK(candles.at("candlesticks").at(0).at("yes_bid").as_object().contains("close_dollars"));
    CHECK(simulated.get("/trade-api/v2/series/" + series + "/markets/" + ticker + "/candlesticks?start_ts=1")
              .find("bad_request") != std::string::npos);
    auto const listed_market =
        parse(simulated.get("/gamma/markets/keyset?closed=false&limit=1")).at("markets").at(0);
    auto const tokens = json::parse(std::string{listed_market.at("clobTokenIds").as_string()});
    auto const history = parse(simulated.get("/clob/prices-history?interval=1h&fidelity=10&market=" +
                                             std::string{tokens.at(0).as_string()}));
    CHECK(history.at("history").as_array().size() == 7);
    auto const positions = parse(simulated.get("/data/v2/positions?limit=5&user=0x" + std::string(40, '1')));
    CHECK(positions.at("data").as_array().size() == 5);
    CHECK(positions.at("pagination").at("has_more").as_bool());
    CHECK(json::parse(simulated.get("/gamma/tags?limit=2&offset=1")).as_array().size() == 2);
}
