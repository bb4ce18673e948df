#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>

#include "arbitrage/decimal.hpp"
#include "simulator/certificate.hpp"
#include "simulator/simulated.hpp"
#include "support/catch.hpp"

namespace json = boost::json;
using namespace std::chrono_literals;
using arb::test::parse_json;

namespace {

using Side = std::map<std::int64_t, std::int64_t>;
struct Book {
    Side bids, asks;
    bool operator==(Book const&) const = default;
};
using Books = std::map<std::string, Book>;  // of outcome 0, by market

std::int64_t amount(json::value const& text) {
    return arb::parse_decimal(std::string{text.as_string()}).millionths;
}

// What the ledger says the books are in the end.
Books final_books(arb::test::Simulated& simulated, std::string const& venue) {
    Books books;
    for (auto const& line : simulated.ledger("final_book", venue)) {
        auto& book = books[std::string{line.at("market").as_string()}];
        for (auto const& level : line.at("bids").as_array())
            book.bids[amount(level.as_array()[0])] = amount(level.as_array()[1]);
        for (auto const& level : line.at("asks").as_array())
            book.asks[amount(level.as_array()[0])] = amount(level.as_array()[1]);
    }
    return books;
}

// Those a subscriber has are the ledger's.
void check_books(Books const& books, Books const& expected) {
    CHECK_FALSE(books.empty());
    for (auto const& [market, book] : books) {
        INFO(market);
        CHECK((expected.at(market) == book));
    }
}

void put(Side& side, std::int64_t price, std::int64_t size) {
    if (size == 0)
        side.erase(price);
    else
        side[price] = size;
}

std::vector<std::string> open_tickers(arb::test::Simulated& simulated) {
    std::vector<std::string> tickers;
    auto const page = parse_json(simulated.get("/trade-api/v2/markets?limit=1000&mve_filter=exclude"));
    for (auto const& market : page.as_object().at("markets").as_array())
        tickers.emplace_back(market.as_object().at("ticker").as_string());
    return tickers;
}

std::string list(std::vector<std::string> const& names) {
    std::string out = "[";
    for (auto const& name : names) out += (out.size() == 1 ? "\"" : ",\"") + name + "\"";
    return out + "]";
}

void apply_kalshi(json::object const& frame, Books& books) {
    auto const& msg = frame.at("msg").as_object();
    auto& book = books[std::string{msg.at("market_ticker").as_string()}];
    if (frame.at("type").as_string() == "orderbook_snapshot") {
        book = {};
        if (auto const* const yes = msg.if_contains("yes_dollars_fp"))
            for (auto const& level : yes->as_array())
                book.bids[amount(level.as_array()[0])] = amount(level.as_array()[1]);
        if (auto const* const no = msg.if_contains("no_dollars_fp"))
            for (auto const& level : no->as_array())
                book.asks[ARB_UNIT - amount(level.as_array()[0])] = amount(level.as_array()[1]);
        return;
    }
    bool const yes = msg.at("side").as_string() == "yes";
    auto const price = amount(msg.at("price_dollars"));
    auto& side = yes ? book.bids : book.asks;
    auto const at = yes ? price : ARB_UNIT - price;
    put(side, at, side[at] + amount(msg.at("delta_fp")));
}

// Polymarket's tokens of a world, and what frames say of each market's first.
struct Tokens {
    explicit Tokens(arb::test::Simulated& simulated) {
        auto const page = parse_json(simulated.get("/gamma/markets/keyset?closed=false&limit=100"));
        for (auto const& market : page.as_object().at("markets").as_array()) {
            auto const ids = parse_json(std::string{market.as_object().at("clobTokenIds").as_string()});
            for (auto const& token : ids.as_array()) all.emplace_back(token.as_string());
            first[std::string{market.as_object().at("conditionId").as_string()}] =
                ids.as_array()[0].as_string();
        }
    }

    bool is_first(std::string const& market, json::object const& entry) const {
        auto const found = first.find(market);
        return found != first.end() && entry.at("asset_id").as_string() == found->second;
    }

    void take_book(json::object const& event, Books& books) const {
        std::string const market{event.at("market").as_string()};
        if (!is_first(market, event)) return;
        auto& book = books[market] = {};
        for (auto const& level : event.at("bids").as_array())
            book.bids[amount(level.at("price"))] = amount(level.at("size"));
        for (auto const& level : event.at("asks").as_array())
            book.asks[amount(level.at("price"))] = amount(level.at("size"));
    }

    // How many there were.
    int take_changes(json::object const& event, Books& books) const {
        std::string const market{event.at("market").as_string()};
        int changes = 0;
        for (auto const& value : event.at("price_changes").as_array()) {
            auto const& entry = value.as_object();
            if (!is_first(market, entry)) continue;
            ++changes;
            auto& book = books[market];
            put(entry.at("side").as_string() == "BUY" ? book.bids : book.asks, amount(entry.at("price")),
                amount(entry.at("size")));
        }
        return changes;
    }

    std::vector<std::string> all;
    std::map<std::string, std::string> first;  // by market
};

}  // namespace

TEST_CASE("a WebSocket with a wrong signature is refused with 401") {
    arb::test::Simulated simulated{{"--quiet-start"}};
    auto const url = simulated.endpoint("kalshi", "websocket_url");
    auto headers = simulated.kalshi_signature("/trade-api/ws/v2");
    CHECK(simulated.connect(url, headers).has_value());
    headers[2].value[10] = headers[2].value[10] == 'A' ? 'B' : 'A';
    auto const refused = simulated.connect(url, headers);
    REQUIRE(!refused);
    CHECK(refused.error().where == "auth");
    CHECK_FALSE(simulated.connect(url, simulated.kalshi_signature("/trade-api/ws/v2?x=1")).has_value());
    CHECK_FALSE(simulated.connect(url, {}).has_value());
    CHECK(simulated.control("report").at("violations").as_object().contains("kalshi.wrong_signature"));
}

TEST_CASE("a cursor under a wrong name gives the first page for ever") {
    arb::test::Simulated simulated{{"--quiet-start"}};
    auto const first = parse_json(simulated.get("/gamma/events/keyset?closed=false&limit=2")).as_object();
    std::string const cursor{first.at("next_cursor").as_string()};
    auto const id = [](json::object const& page) {
        return page.at("events").as_array()[0].as_object().at("id");
    };
    auto const wrong =
        parse_json(simulated.get("/gamma/events/keyset?closed=false&limit=2&cursor=" + cursor)).as_object();
    CHECK(id(wrong) == id(first));
    auto const right =
        parse_json(simulated.get("/gamma/events/keyset?closed=false&limit=2&after_cursor=" + cursor))
            .as_object();
    CHECK(id(right) != id(first));
}

TEST_CASE("Kalshi's snapshots and deltas add up to the ledger's books") {
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "3000", "--frames", "2000", "--markets", "30"}};
    auto socket = std::move(*simulated.connect(simulated.endpoint("kalshi", "websocket_url"),
                                               simulated.kalshi_signature("/trade-api/ws/v2")));
    simulated.write(
        *socket,
        R"({"id":1,"cmd":"subscribe","params":{"channels":["orderbook_delta","nonsense"],"use_yes_price":false,"market_tickers":)" +
            list(open_tickers(simulated)) + "}}");
    simulated.control("start");
    REQUIRE(arb::test::eventually(60s, [&] { return simulated.finished(); }));
    simulated.write(*socket, R"({"id":2,"cmd":"list_subscriptions"})");
    Books books;
    std::int64_t seq = 0, errors = 0;
    for (;;) {
        auto const text = simulated.read(*socket);
        REQUIRE(text.has_value());
        CHECK(text->back() == '\n');
        auto const frame = parse_json(*text).as_object();
        auto const type = frame.at("type").as_string();
        if (type == "ok") break;
        errors += type == "error" ? 1 : 0;
        if (type == "error") CHECK(frame.at("msg").as_object().at("code").as_int64() == 8);
        if (!frame.contains("seq")) continue;
        CHECK(frame.at("seq").as_int64() == ++seq);
        apply_kalshi(frame, books);
    }
    CHECK(errors == 1);
    CHECK(seq > 100);
    check_books(books, final_books(simulated, "kalshi"));
}

TEST_CASE("Polymarket's opening books and changes add up to the ledger's books") {
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "3000", "--frames", "2000", "--markets", "30"}};
    Tokens const tokens{simulated};
    auto socket = std::move(*simulated.connect(simulated.endpoint("polymarket", "websocket_url"), {}));
    simulated.write(
        *socket, R"({"type":"market","custom_feature_enabled":true,"assets_ids":)" + list(tokens.all) + "}");
    simulated.write(*socket, R"({"operation":"subscribe","custom_feature_enabled":true,"assets_ids":)" +
                                 list({tokens.all[0]}) + "}");
    simulated.control("start");
    REQUIRE(arb::test::eventually(60s, [&] { return simulated.finished(); }));
    simulated.write(*socket, "PING");

    Books books;
    int held_already = 0, changes = 0;
    for (;;) {
        auto const text = simulated.read(*socket);
        REQUIRE(text.has_value());
        if (*text == "PONG") break;
        if (*text == "NO NEW ASSETS") {
            ++held_already;
            continue;
        }
        auto const value = parse_json(*text);
        if (value.is_array()) {
            CHECK(text->ends_with("]\n"));
            for (auto const& book : value.as_array()) tokens.take_book(book.as_object(), books);
            continue;
        }
        auto const& event = value.as_object();
        auto const type = event.at("event_type").as_string();
        if (type == "book") tokens.take_book(event, books);
        if (type == "price_change") changes += tokens.take_changes(event, books);
    }
    CHECK(held_already == 1);
    CHECK(changes > 50);
    check_books(books, final_books(simulated, "polymarket"));
}

TEST_CASE("a book over REST carries the hash of the recipe that the venue's own clients use") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "4"}};
    auto const token = Tokens{simulated}.all[1];
    auto const book = parse_json(simulated.get("/clob/book?token_id=" + token)).as_object();
    auto const text = [&](char const* name) {
        return "\"" + std::string{name} + "\":" + json::serialize(book.at(name));
    };
    CHECK(arb::simulator::sha1_hex("{" + text("market") + "," + text("asset_id") + "," + text("timestamp") +
                                   ",\"hash\":\"\"," + text("bids") + "," + text("asks") + "," +
                                   text("min_order_size") + "," + text("tick_size") + "," + text("neg_risk") +
                                   "," + text("last_trade_price") + "}") ==
          std::string{book.at("hash").as_string()});
}

TEST_CASE("a PING before the subscription closes with 1008") {
    arb::test::Simulated simulated{{"--quiet-start"}};
    auto socket = std::move(*simulated.connect(simulated.endpoint("polymarket", "websocket_url"), {}));
    simulated.write(*socket, "PING");
    auto const answer = simulated.read(*socket);
    REQUIRE(!answer);
    CHECK(answer.error().where == "1008");
}

TEST_CASE("a flood sends exactly the number asked for") {
    arb::test::Simulated simulated{
        {"--flood", "5003", "--distinct", "700", "--flood-markets", "50", "--quiet-start"}};
    auto socket = std::move(*simulated.connect(simulated.endpoint("kalshi", "websocket_url"),
                                               simulated.kalshi_signature("/trade-api/ws/v2")));
    simulated.write(*socket, R"({"id":1,"cmd":"subscribe","params":{"channels":["ticker"]}})");
    simulated.control("start");
    int tickers = 0;
    while (tickers != 5003) {
        auto const text = simulated.read(*socket);
        REQUIRE(text.has_value());
        tickers += text->starts_with(R"({"type":"ticker","sid":1,)") ? 1 : 0;
    }
    simulated.write(*socket, R"({"id":2,"cmd":"list_subscriptions"})");
    auto const last = simulated.read(*socket);
    REQUIRE(last.has_value());
    CHECK(parse_json(*last).as_object().at("type").as_string() == "ok");
}
