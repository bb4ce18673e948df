// What a chaos program leans on: faults that begin and end on request, and a ledger that says who missed
// what.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "simulator/simulated.hpp"
#include "support/catch.hpp"

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

json::value parse(std::string const& text) {
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    return json::parse(text, {}, options);
}

std::vector<json::object> ledger(arb::test::Simulated& simulated, std::string const& kind,
                                 std::string const& venue) {
    simulated.control("ledger");  // flushes
    std::vector<json::object> out;
    std::istringstream lines{arb::test::read_file(simulated.endpoint("ledger_file"))};
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(R"({"kind":")" + kind + R"(","venue":")" + venue + '"'))
            out.push_back(parse(line).as_object());
    return out;
}

std::string tokens(arb::test::Simulated& simulated) {
    std::string out;
    auto const page = parse(simulated.get("/gamma/markets/keyset?closed=false&limit=100"));
    for (auto const& market : page.as_object().at("markets").as_array()) {
        auto const ids = parse(std::string{market.as_object().at("clobTokenIds").as_string()});
        for (auto const& token : ids.as_array())
            out += (out.empty() ? "\"" : ",\"") + std::string{token.as_string()} + '"';
    }
    return out;
}

std::unique_ptr<arb::net::WebSocket> polymarket(arb::test::Simulated& simulated, std::string const& list) {
    auto socket = std::move(*simulated.connect(simulated.endpoint("polymarket", "websocket_url"), {}));
    simulated.write(*socket,
                    R"({"type":"market","custom_feature_enabled":true,"assets_ids":[)" + list + "]}");
    auto const books = simulated.read(*socket);
    REQUIRE(books.has_value());
    CHECK(books->starts_with("["));
    return socket;
}

std::unique_ptr<arb::net::WebSocket> kalshi(arb::test::Simulated& simulated, std::string const& channel) {
    auto socket = std::move(*simulated.connect(simulated.endpoint("kalshi", "websocket_url"),
                                               simulated.kalshi_signature("/trade-api/ws/v2")));
    simulated.write(*socket, R"({"id":1,"cmd":"subscribe","params":{"channels":[")" + channel + "\"]}}");
    REQUIRE(simulated.read(*socket).has_value());  // "subscribed"
    return socket;
}

// What arrives until the answer to our PING.
std::vector<std::string> frames(arb::test::Simulated& simulated, arb::net::WebSocket& socket) {
    simulated.write(socket, "PING");
    std::vector<std::string> out;
    for (;;) {
        auto const text = simulated.read(socket);
        REQUIRE(text.has_value());
        if (*text == "PONG") return out;
        out.push_back(*text);
    }
}

}  // namespace

TEST_CASE("a frozen connection answers PING and gets no data, and the ledger says what it missed") {
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "2000", "--seconds", "0.5", "--markets", "20"}};
    auto const list = tokens(simulated);
    auto const frozen = polymarket(simulated, list);
    simulated.fault("freeze", "polymarket", 0, "&connection=open&on=1");
    auto const served = polymarket(simulated, list);
    auto const status = simulated.control("status");
    REQUIRE(status.at("faults").as_array().size() == 1);
    CHECK(status.at("connections").at("polymarket").as_array().size() == 2);
    simulated.control("start");
    REQUIRE(arb::test::eventually(10s, [&] { return simulated.finished(); }));
    CHECK(frames(simulated, *frozen).empty());
    CHECK(frames(simulated, *served).size() > 50);
    int missed = 0;
    for (auto const& trade : ledger(simulated, "trade", "polymarket")) {
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
    simulated.fault("freeze", "all", 60);
    CHECK(simulated.control("status").at("faults").as_array().size() == 2);
    simulated.stop_faults();
    CHECK(simulated.control("status").at("faults").as_array().empty());
    CHECK(ledger(simulated, "fault", "polymarket").size() == 3);
    CHECK(ledger(simulated, "fault_stopped", "polymarket").size() == 1);
    CHECK(ledger(simulated, "connection", "polymarket").size() == 2);
}

TEST_CASE("one market is silent on the stream while REST goes on") {
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "2000", "--seconds", "0.5", "--markets", "20"}};
    auto const list = tokens(simulated);
    auto const socket = polymarket(simulated, list);
    auto const page = parse(simulated.get("/gamma/markets/keyset?closed=false&limit=1"));
    std::string const market{
        page.as_object().at("markets").as_array()[0].as_object().at("conditionId").as_string()};
    simulated.fault("silent_market", "polymarket", 60, "&market=" + market);
    simulated.control("start");
    REQUIRE(arb::test::eventually(10s, [&] { return simulated.finished(); }));
    std::size_t others = 0;
    for (auto const& frame : frames(simulated, *socket)) {
        CHECK(frame.find(market) == std::string::npos);
        ++others;
    }
    CHECK(others > 50);
}

TEST_CASE("numbers of a subscription begin again, and a full buffer ends it") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "500", "--markets", "20"}};
    auto const socket = kalshi(simulated, "trade");
    simulated.control("start");
    std::int64_t last = 0;
    auto const next = [&] {
        auto const text = simulated.read(*socket);
        REQUIRE(text.has_value());
        return parse(*text).as_object();
    };
    while (last < 3) last = next().at("seq").as_int64();
    simulated.fault("seq_restart", "kalshi");
    bool again = false;
    for (int n = 0; n != 200 && !again; ++n) again = next().at("seq").as_int64() == 1;
    CHECK(again);
    simulated.fault("overflow", "kalshi");
    for (;;) {
        auto const frame = next();
        if (frame.at("type").as_string() != "error") continue;
        CHECK(frame.at("msg").at("code").as_int64() == 25);
        break;
    }
    auto const other = polymarket(simulated, tokens(simulated));
    simulated.fault("overflow", "polymarket");
    for (;;) {
        auto const text = simulated.read(*other);
        if (text.has_value()) continue;
        CHECK(text.error().where == "1013");
        break;
    }
}

TEST_CASE("answers over REST fail as they are told to") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "4"}};
    std::map<std::string, int> const kinds{{"http_403", 403},     {"http_429", 429},  {"http_500", 500},
                                           {"http_503", 503},     {"http_html", 200}, {"http_empty", 200},
                                           {"http_redirect", 302}};
    for (std::string const path : {"/gamma/events/keyset?closed=false", "/trade-api/v2/exchange/status"})
        for (auto const& [kind, status] : kinds) {
            simulated.fault(kind, "all", 60, "&retry_after=3");
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
        {"--quiet-start", "--rate", "2000", "--seconds", "0.5", "--markets", "20"}};
    simulated.control("start");
    REQUIRE(arb::test::eventually(10s, [&] { return simulated.finished(); }));
    std::size_t of_kalshi = 0, of_polymarket = 0;
    for (std::string cursor, more = "/trade-api/v2/markets/trades?limit=50"; !more.empty();
         more = cursor.empty() ? "" : "/trade-api/v2/markets/trades?limit=50&cursor=" + cursor) {
        auto const page = parse(simulated.get(more)).as_object();
        of_kalshi += page.at("trades").as_array().size();
        cursor = page.at("cursor").as_string();
    }
    std::string const listing = "/data/v2/trades?limit=50&filter_type=TOKENS&filter_amount=0.000001";
    for (std::string cursor, more = listing; !more.empty();
         more = cursor.empty() ? "" : listing + "&cursor=" + cursor) {
        auto const page = parse(simulated.get(more)).as_object();
        of_polymarket += page.at("data").as_array().size();
        auto const& next = page.at("pagination").at("next_cursor");
        cursor = next.is_null() ? "" : std::string{next.as_string()};
    }
    auto const trades = ledger(simulated, "trade", "kalshi");
    CHECK(of_kalshi == trades.size());
    CHECK(of_polymarket == ledger(simulated, "trade", "polymarket").size());
    for (auto const& trade : trades) CHECK_FALSE(trade.at("live").as_bool());
}

TEST_CASE("a text frame is UTF-8 whatever a title holds, and REST keeps the bytes") {
    // In a world of this size the market announced by phase 1 has the title with broken bytes.
    arb::test::Simulated simulated{
        {"--quiet-start", "--rate", "100", "--seconds", "1", "--events", "10", "--markets", "40"}};
    auto const socket = polymarket(simulated, tokens(simulated));
    simulated.control("start");
    REQUIRE(arb::test::eventually(10s, [&] { return simulated.finished(); }));
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
    auto const answered = kalshi(other, "ticker");
    CHECK(other.read(*answered).value() == R"({"type":"ticker","sid":1})");
}
