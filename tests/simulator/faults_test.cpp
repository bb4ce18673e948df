// What a chaos program leans on: faults that begin and end on request, and a ledger that says who missed
// what.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <functional>
#include <map>
#include <utility>

#include "simulator/simulated.hpp"
#include "support/catch.hpp"

namespace json = boost::json;
using namespace std::chrono_literals;
using arb::test::parse_json;

namespace {

constexpr auto within = 60s;  // whatever is waited for, on a machine that does other things, too

std::string tokens(arb::test::Simulated& simulated) {
    std::string out;
    auto const page = parse_json(simulated.get("/gamma/markets/keyset?closed=false&limit=100"));
    for (auto const& market : page.as_object().at("markets").as_array()) {
        auto const ids = parse_json(std::string{market.as_object().at("clobTokenIds").as_string()});
        for (auto const& token : ids.as_array())
            out += (out.empty() ? "\"" : ",\"") + std::string{token.as_string()} + '"';
    }
    return out;
}

std::string subscription(std::string const& list) {
    return R"({"type":"market","custom_feature_enabled":true,"assets_ids":[)" + list + "]}";
}

std::unique_ptr<arb::net::WebSocket> polymarket(arb::test::Simulated& simulated, std::string const& list) {
    auto socket = std::move(*simulated.connect(simulated.endpoint("polymarket", "websocket_url"), {}));
    simulated.write(*socket, subscription(list));
    auto const books = simulated.read(*socket);
    REQUIRE(books.has_value());
    CHECK(books->starts_with("["));
    return socket;
}

// `channels` are the parameters of the subscription from its channels on.
std::unique_ptr<arb::net::WebSocket> kalshi(arb::test::Simulated& simulated, std::string const& channels) {
    auto socket = std::move(*simulated.connect(simulated.endpoint("kalshi", "websocket_url"),
                                               simulated.kalshi_signature("/trade-api/ws/v2")));
    simulated.write(*socket, R"({"id":1,"cmd":"subscribe","params":{"channels":)" + channels + "}}");
    auto const answer = simulated.read(*socket);
    REQUIRE(answer.has_value());
    CHECK(answer->find(R"("subscribed")") != std::string::npos);
    return socket;
}

// Reads until a frame is such; false if the connection ends or it takes too long.
bool reads(arb::test::Simulated& simulated, arb::net::WebSocket& socket,
           std::function<bool(std::string const&)> const& such) {
    auto const end = std::chrono::steady_clock::now() + within;
    while (std::chrono::steady_clock::now() < end) {
        auto const text = simulated.read(socket);
        if (!text.has_value()) return false;
        if (such(*text)) return true;
    }
    return false;
}

// What arrives until the answer to our PING.
std::vector<std::string> frames(arb::test::Simulated& simulated, arb::net::WebSocket& socket) {
    simulated.write(socket, "PING");
    std::vector<std::string> out;
    reads(simulated, socket, [&](std::string const& text) {
        if (text != "PONG") out.push_back(text);
        return text == "PONG";
    });
    return out;
}

}  // namespace

TEST_CASE("a frozen connection answers PING and gets no data, and the ledger says what it missed") {
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "2000", "--frames", "1000", "--markets", "20"}};
    auto const list = tokens(simulated);
    auto const frozen = polymarket(simulated, list);
    simulated.fault("freeze", "polymarket", 0, "&connection=open&on=1");
    auto const served = polymarket(simulated, list);
    auto const status = simulated.control("status");
    REQUIRE(status.at("faults").as_array().size() == 1);
    CHECK(status.at("connections").at("polymarket").as_array().size() == 2);
    simulated.control("start");
    REQUIRE(arb::test::eventually(within, [&] { return simulated.finished(); }));
    CHECK(frames(simulated, *frozen).empty());
    CHECK(frames(simulated, *served).size() > 50);
    int missed = 0;
    for (auto const& trade : simulated.ledger("trade", "polymarket")) {
        // Markets that were made since are on neither connection.
        CHECK(trade.at("live").as_bool() == trade.contains("missed"));
        if (!trade.contains("missed")) continue;
        ++missed;
        CHECK(trade.at("missed").as_array().at(0).as_int64() == 1);
        CHECK(trade.at("seen").as_array().at(0).as_int64() == 2);
    }
    CHECK(missed > 10);
    simulated.fault("freeze", "polymarket", 0, "&connection=1");
    CHECK(simulated.control("status").at("faults").as_array().empty());
    simulated.fault("freeze", "all", 600);
    CHECK(simulated.control("status").at("faults").as_array().size() == 2);
    simulated.stop_faults();
    CHECK(simulated.control("status").at("faults").as_array().empty());
    CHECK(simulated.ledger("fault", "polymarket").size() == 3);
    CHECK(simulated.ledger("fault_stopped", "polymarket").size() == 1);
    CHECK(simulated.ledger("connection", "polymarket").size() == 2);
}

TEST_CASE("one market is silent on the stream while REST goes on") {
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "2000", "--frames", "1000", "--markets", "20"}};
    auto const list = tokens(simulated);
    auto const socket = polymarket(simulated, list);
    auto const page = parse_json(simulated.get("/gamma/markets/keyset?closed=false&limit=1"));
    std::string const market{
        page.as_object().at("markets").as_array()[0].as_object().at("conditionId").as_string()};
    simulated.fault("silent_market", "polymarket", 600, "&market=" + market);
    simulated.control("start");
    REQUIRE(arb::test::eventually(within, [&] { return simulated.finished(); }));
    std::size_t others = 0;
    for (auto const& frame : frames(simulated, *socket)) {
        CHECK(frame.find(market) == std::string::npos);
        ++others;
    }
    CHECK(others > 50);
}

TEST_CASE("Kalshi's frames are lost, doubled, swapped, renumbered and renamed, and a full buffer ends it") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "500", "--markets", "20"}};
    auto const socket = kalshi(simulated, R"(["trade"])");
    simulated.control("start");
    std::int64_t seq = 0, before = 0;
    auto const until = [&](std::function<bool()> const& holds) {
        return reads(simulated, *socket, [&](std::string const& text) {
            before = std::exchange(seq, parse_json(text).at("seq").as_int64());
            return before != 0 && holds();
        });
    };
    CHECK(until([&] { return seq == before + 1; }));
    simulated.fault("seq_gap", "kalshi");
    CHECK(until([&] { return seq == before + 2; }));
    simulated.fault("duplicate", "kalshi", 600);
    CHECK(until([&] { return seq == before; }));
    simulated.stop_faults();
    simulated.fault("reorder", "kalshi", 600);
    CHECK(until([&] { return seq == before - 1; }));
    simulated.stop_faults();
    simulated.fault("seq_restart", "kalshi");
    CHECK(until([&] { return seq == 1; }));
    simulated.fault("renamed_field", "kalshi", 600);
    CHECK(
        reads(simulated, *socket, [](auto const& text) { return text.find(R"("renamed":)") != text.npos; }));
    simulated.stop_faults();
    simulated.fault("overflow", "kalshi");
    CHECK(reads(simulated, *socket, [](auto const& text) {
        return text.find(R"("type":"error")") != text.npos && text.find(R"("code":25)") != text.npos;
    }));
}

TEST_CASE("a change of a book that Kalshi withholds has no number, and the ledger says who missed it") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "500", "--markets", "20"}};
    std::string tickers;
    auto const listed = parse_json(simulated.get("/trade-api/v2/markets?limit=1000&mve_filter=exclude"));
    for (auto const& market : listed.at("markets").as_array())
        tickers += (tickers.empty() ? "" : ",") + json::serialize(market.at("ticker"));
    auto const socket =
        kalshi(simulated, R"(["orderbook_delta"],"use_yes_price":false,"market_tickers":[)" + tickers + "]");
    simulated.fault("lost_change", "kalshi");
    simulated.control("start");
    auto const missed = [&] {
        auto const changes = simulated.ledger("book_change", "kalshi");
        return std::count_if(changes.begin(), changes.end(),
                             [](json::object const& line) { return line.contains("missed"); });
    };
    REQUIRE(arb::test::eventually(within, [&] { return missed() != 0; }));
    simulated.finish();
    CHECK(missed() == 1);
    simulated.write(*socket, R"({"id":2,"cmd":"list_subscriptions"})");
    std::int64_t seq = 0;
    CHECK(reads(simulated, *socket, [&](std::string const& text) {
        auto const frame = parse_json(text).as_object();
        if (frame.contains("seq")) CHECK(frame.at("seq").as_int64() == ++seq);
        return frame.at("type").as_string() == "ok";
    }));
    CHECK(seq > 1);
}

TEST_CASE("what is no message comes once, and what is no UTF-8 ends a connection of a strict reader") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "500", "--markets", "20"}};
    auto const socket = kalshi(simulated, R"(["trade"])");
    simulated.control("start");
    simulated.fault("malformed", "kalshi", 600);
    CHECK(reads(simulated, *socket, [](auto const& text) { return text == R"([[],42,"text",null])"; }));
    CHECK(simulated.get("/trade-api/v2/markets?limit=1") == R"({"events":[{"id":"6)");
    simulated.stop_faults();
    CHECK(simulated.get("/trade-api/v2/exchange/status").starts_with("{\"exchange_active\""));
    simulated.fault("bad_utf8", "kalshi");
    // The reader refuses it; no other frame ends the connection.
    CHECK_FALSE(reads(simulated, *socket, [](auto const&) { return false; }));
}

TEST_CASE("a full buffer of Polymarket closes with 1013") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "500", "--markets", "20"}};
    auto const socket = polymarket(simulated, tokens(simulated));
    simulated.control("start");
    simulated.fault("overflow", "polymarket");
    for (;;) {
        auto const text = simulated.read(*socket);
        if (text.has_value()) continue;
        CHECK(text.error().where == "1013");
        break;
    }
}

TEST_CASE("connections end, and new ones are refused while it lasts") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "4"}};
    auto const list = tokens(simulated);
    auto const url = simulated.endpoint("polymarket", "websocket_url");
    for (std::string const kind : {"cut", "reset"}) {
        INFO(kind);
        auto const socket = polymarket(simulated, list);
        simulated.fault(kind, "polymarket", 600);
        CHECK_FALSE(simulated.read(*socket).has_value());
        auto const refused = simulated.connect(url, {});
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().text.find("503") != std::string::npos);
        simulated.stop_faults();
        CHECK(simulated.connect(url, {}).has_value());
    }
    simulated.fault("accept_then_drop", "all", 600);
    auto const dropped = std::move(*simulated.connect(url, {}));
    simulated.write(*dropped, subscription(list));
    CHECK_FALSE(simulated.read(*dropped).has_value());
    auto const other = std::move(*simulated.connect(simulated.endpoint("kalshi", "websocket_url"),
                                                    simulated.kalshi_signature("/trade-api/ws/v2")));
    simulated.write(*other, R"({"id":1,"cmd":"subscribe","params":{"channels":["trade"]}})");
    CHECK_FALSE(reads(simulated, *other, [](auto const&) { return false; }));
}

TEST_CASE("a subscription may get no opening books, and no error either") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "4"}};
    simulated.fault("no_snapshot", "all", 600);
    auto const socket = std::move(*simulated.connect(simulated.endpoint("polymarket", "websocket_url"), {}));
    simulated.write(*socket, subscription(tokens(simulated)));
    CHECK(frames(simulated, *socket).empty());
    auto const other = kalshi(simulated, R"(["ticker"],"send_initial_snapshot":true)");
    simulated.write(*other, R"({"id":2,"cmd":"list_subscriptions"})");
    CHECK(parse_json(*simulated.read(*other)).at("type").as_string() == "ok");
}

TEST_CASE("answers over REST fail as they are told to") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "4"}};
    std::map<std::string, int> const kinds{{"http_403", 403},     {"http_429", 429},  {"http_500", 500},
                                           {"http_503", 503},     {"http_html", 200}, {"http_empty", 200},
                                           {"http_redirect", 302}};
    for (std::string const path : {"/gamma/events/keyset?closed=false", "/trade-api/v2/exchange/status"})
        for (auto const& [kind, status] : kinds) {
            simulated.fault(kind, "all", 600, "&retry_after=3");
            arb::net::Request request;
            request.target = path;
            auto const response = simulated.send(std::move(request));
            INFO(path << " " << kind);
            CHECK(response.status == status);
            CHECK((response.retry_after == 3s) == (status == 429 || status == 503));
            CHECK((response.body.find("<html>") == 0) ==
                  (status == 403 || status == 500 || status == 503 || kind == "http_html"));
            simulated.stop_faults();
        }
    CHECK(simulated.get("/trade-api/v2/exchange/status").starts_with("{\"exchange_active\""));
}

TEST_CASE("both histories over REST hold every trade of the world, heard or not") {
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "2000", "--frames", "1000", "--markets", "20"}};
    simulated.control("start");
    REQUIRE(arb::test::eventually(within, [&] { return simulated.finished(); }));
    std::size_t of_kalshi = 0, of_polymarket = 0;
    for (std::string cursor, more = "/trade-api/v2/markets/trades?limit=50"; !more.empty();
         more = cursor.empty() ? "" : "/trade-api/v2/markets/trades?limit=50&cursor=" + cursor) {
        auto const page = parse_json(simulated.get(more)).as_object();
        of_kalshi += page.at("trades").as_array().size();
        cursor = page.at("cursor").as_string();
    }
    std::string const listing = "/data/v2/trades?limit=50&filter_type=TOKENS&filter_amount=0.000001";
    for (std::string cursor, more = listing; !more.empty();
         more = cursor.empty() ? "" : listing + "&cursor=" + cursor) {
        auto const page = parse_json(simulated.get(more)).as_object();
        of_polymarket += page.at("data").as_array().size();
        auto const& next = page.at("pagination").at("next_cursor");
        cursor = next.is_null() ? "" : std::string{next.as_string()};
    }
    auto const trades = simulated.ledger("trade", "kalshi");
    CHECK(of_kalshi == trades.size());
    CHECK(of_polymarket == simulated.ledger("trade", "polymarket").size());
    for (auto const& trade : trades) CHECK_FALSE(trade.at("live").as_bool());
}

TEST_CASE("a text frame is UTF-8 whatever a title holds, and REST keeps the bytes") {
    // In a world of this size the market announced by phase 1 has the title with broken bytes.
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "500", "--frames", "200", "--events", "10", "--markets", "40"}};
    auto const socket = polymarket(simulated, tokens(simulated));
    simulated.control("start");
    REQUIRE(arb::test::eventually(within, [&] { return simulated.finished(); }));
    bool replaced = false;
    for (auto const& frame : frames(simulated, *socket))
        replaced = replaced ||
                   (frame.find("new_market") != std::string::npos &&
                    frame.find("broken \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD( bytes") != std::string::npos);
    CHECK(replaced);
    CHECK(simulated.get("/gamma/markets/keyset?closed=false&limit=100").find("broken \xFF\xFE\xC3( bytes") !=
          std::string::npos);
}

TEST_CASE("recorded frames are sent as they were recorded, and nothing else") {
    arb::test::TemporaryDirectory const directory;
    std::string const first = R"([{"event_type":"book","asset_id":"1","note":"\u00e9 \" \\ "}])";
    std::ofstream{directory / "frames.jsonl"}
        << R"({"kind":"sent","text":"not this one"})" << '\n'
        << json::serialize(json::object{{"kind", "recv"}, {"text", first}}) << '\n'
        << R"({"text":"PONG"})" << '\n';
    arb::test::Simulated simulated{{"--replay", directory / "frames.jsonl", "--markets", "4"}};
    auto socket = std::move(*simulated.connect(simulated.endpoint("polymarket", "websocket_url"), {}));
    simulated.write(*socket, R"({"type":"market","custom_feature_enabled":true,"assets_ids":["1"]})");
    CHECK(simulated.read(*socket).value() == first);
    CHECK(simulated.read(*socket).value() == "PONG");
    std::ofstream{directory / "raw.jsonl"} << R"({"raw":"{\"type\":\"ticker\",\"sid\":1}"})" << '\n';
    arb::test::Simulated other{{"--replay", directory / "raw.jsonl", "--markets", "4"}};
    auto const answered = kalshi(other, R"(["ticker"])");
    CHECK(other.read(*answered).value() == R"({"type":"ticker","sid":1})");
}
