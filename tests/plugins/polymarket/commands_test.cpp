// One-off calls as a person types them: the program as a process of its own, a venue over TLS that checks
// signatures, pages to their end, and what is said when something is wrong.
#include <algorithm>

#include "polymarket/call_venue.hpp"

using namespace arb::polymarket::test;

namespace {

std::string const condition = "0x00000000000000000000000000000000000000000000000000000000000000a1";
std::string const yes = "71000000000000000000000000000000000000000000000000000000000000000000000000001";
std::string const no = "72000000000000000000000000000000000000000000000000000000000000000000000000002";

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

std::string path_of(HttpAsk const& ask) { return ask.target.substr(0, ask.target.find('?')); }

std::string gamma_market() {
    return R"({"id":"5","conditionId":")" + condition + R"(","slug":"a-question","question":"A question?",)" +
           R"("outcomes":"[\"Yes\",\"No\"]","clobTokenIds":"[\")" + yes + R"(\",\")" + no +
           R"(\"]","active":true,"closed":false,"acceptingOrders":true,"enableOrderBook":true,)" +
           R"("orderPriceMinTickSize":0.01,"bestBid":0.4,"bestAsk":0.6,"volume24hr":12.5})";
}

std::string event(std::string const& id) {
    return R"({"id":")" + id + R"(","title":"Event )" + id + R"(","slug":"event-)" + id +
           R"(","active":true,"closed":false,"markets":[)" + gamma_market() + "]}";
}

std::string order(std::string const& id) {
    return R"({"id":")" + id + R"(","status":"LIVE","market":")" + condition +
           R"(","side":"BUY","original_size":"10","size_matched":"2.5","price":"0.52","outcome":"Yes",)" +
           R"("created_at":1791200000})";
}

// Each path with one answer; listings of several pages are below.
HttpAnswer small_answers(HttpAsk const& ask) {
    std::map<std::string, std::string> const bodies{
        {"/markets/keyset", R"({"markets":[)" + gamma_market() + "]}"},
        {"/events/keyset", R"({"events":[)" + event("1") + "]}"},
        {"/public-search", R"({"events":[)" + event("1") + R"(],"pagination":{"hasMore":false}})"},
        {"/series", R"([{"id":"1","slug":"btc-5m","title":"BTC","recurrence":"5m","volume24hr":7.5}])"},
        {"/tags", R"([{"id":"21","label":"Crypto","slug":"crypto"}])"},
        {"/events/9/tags", R"([{"id":"22","label":"Politics","slug":"politics"}])"},
        {"/teams", R"([{"id":3,"name":"Owls","league":"nfl","record":"1-2","abbreviation":"OWL"}])"},
        {"/comments",
         R"([{"id":"7","body":"so it is","createdAt":"2026-11-01T10:00:00Z","profile":{"name":"Ann"}}])"},
        {"/book", R"({"market":")" + condition + R"(","asset_id":")" + yes +
                      R"(","timestamp":"1790000000000","hash":"h","bids":[{"price":"0.4","size":"1"},)" +
                      R"({"price":"0.41","size":"2"}],"asks":[{"price":"0.6","size":"3"}]})"},
        {"/markets/" + condition, R"({"condition_id":")" + condition +
                                      R"(","enable_order_book":true,"accepting_orders":true,"tokens":[)" +
                                      R"({"token_id":"1","outcome":"Yes","price":0.4,"winner":false}]})"},
        {"/markets-by-token/" + yes, R"({"condition_id":")" + condition + "\"}"},
        {"/clob-markets/" + condition,
         R"({"c":")" + condition + R"(","mts":0.01,"mos":5,"fd":{"r":0.07,"e":1,"to":true},"ao":true})"},
        {"/prices-history", R"({"history":[{"t":1791200000,"p":0.52}]})"},
        {"/prices", "{\"" + yes + R"(":{"BUY":"0.41","SELL":"0.6"}})"},
        {"/midpoints", "{\"" + yes + R"(":"0.505"})"},
        {"/spreads", "{\"" + yes + R"(":"0.19"})"},
        {"/last-trades-prices", R"([{"token_id":")" + yes + R"(","price":"0.5","side":"BUY"}])"},
        {"/sampling-markets", R"({"data":[{"condition_id":")" + condition +
                                  R"(","question":"Q?","rewards":{"rates":[{"rewards_daily_rate":25}],)" +
                                  R"("min_size":50,"max_spread":3.5}}],"next_cursor":"LTE="})"},
        {"/v2/trades",
         R"({"data":[{"side":"BUY","size":5,"price":0.5,"timestamp":1791200000,"outcome":"Yes",)"
         R"("transactionHash":"0x7"}],"pagination":{"has_more":false,"next_cursor":null}})"},
        {"/v2/positions", R"({"data":[{"conditionId":"0x2","size":12.5,"avgPrice":0.41,"outcome":"Yes"}],)"
                          R"("pagination":{"next_cursor":null}})"},
        {"/v2/closed-positions", R"({"data":[{"conditionId":"0x2","realizedPnl":3.25,"totalBought":8,)"
                                 R"("timestamp":1791200000}],"pagination":{"next_cursor":null}})"},
        {"/data/order/0x0f", order("0x0f")},
        {"/data/trades", R"({"data":[{"id":"f1","market":"0x2","side":"SELL","size":"3","price":"0.4",)"
                         R"("match_time":"1791200000","trader_side":"MAKER"}],"next_cursor":"LTE="})"},
        {"/balance-allowance", R"({"balance":"250000001","allowances":{"0xc":"0"}})"},
        {"/notifications", R"([{"type":2,"owner":"x","payload":{"price":"0.5"}}])"},
        {"/auth/api-keys", R"({"apiKeys":["00000000-0000-4000-8000-000000000001"]})"}};
    auto const found = bodies.find(path_of(ask));
    if (found == bodies.end()) return {.status = 404, .body = R"({"error":"not found"})"};
    return {.body = found->second};
}

std::string text(json::array const& rows, char const* name) {
    REQUIRE(rows.size() == 1);
    auto const* const value = rows[0].as_object().if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
}

}  // namespace

TEST_CASE("every call about what there is, and about one market") {
    CallVenue const venue{small_answers};
    CHECK(text(venue.rows({"events"}), "title") == "Event 1");
    CHECK(text(venue.rows({"markets", "--tag", "crypto"}), "market_id") == condition);
    CHECK(text(venue.rows({"search", "a question"}), "url") == "https://polymarket.com/event/event-1");
    CHECK(text(venue.rows({"series"}), "series") == "btc-5m");
    CHECK(text(venue.rows({"tags"}), "slug") == "crypto");
    CHECK(text(venue.rows({"tags", "--event", "9"}), "slug") == "politics");
    CHECK(text(venue.rows({"teams", "--league", "nfl"}), "abbreviation") == "OWL");
    CHECK(text(venue.rows({"comments", "9"}), "author") == "Ann");
    CHECK(text(venue.rows({"rewards"}), "a_day") == "25");
    auto const book = venue.rows({"book", "a-question"});
    REQUIRE(book.size() == 3);
    CHECK(book[0].at("price").as_string() == "0.41");
    CHECK(text(venue.rows({"market", yes}), "status") == "open");
    CHECK(text(venue.rows({"fees", condition}), "fee_rate") == "0.07");
    auto const prices = venue.rows({"prices", "a-question"});
    REQUIRE(prices.size() == 2);
    CHECK(prices[0].at("ask").as_string() == "0.6");
    CHECK(prices[0].at("last_price").as_string() == "0.5");
    CHECK(prices[1].at("bid").as_string().empty());
    CHECK(text(venue.rows({"trades", condition}), "transaction") == "0x7");
    CHECK(text(venue.rows({"history", yes}), "price") == "0.52");
    venue.rows({"history", yes, "--from", "2026-11-20T12:00:00Z", "--to", "2026-11-21T12:00:00Z"});
    CHECK(contains(venue.asked().back(), "&startTs=1795176000&endTs=1795262400"));
    auto const asked = venue.asked();
    auto const is = [&](std::string const& what) {
        return std::find(asked.begin(), asked.end(), what) != asked.end();
    };
    CHECK(is("GET /public-search?limit_per_type=50&events_status=active&q=a%20question&page=1"));
    CHECK(is("GET /markets-by-token/" + yes));
    CHECK(is("POST /last-trades-prices"));
    CHECK(is("GET /sampling-markets?next_cursor=MA%3D%3D"));
}

TEST_CASE("every call about an account, signed over time, method and path") {
    CallVenue const venue{[](HttpAsk const& ask) -> HttpAnswer {
        if (path_of(ask) != "/data/orders") return small_answers(ask);
        if (contains(ask.target, "next_cursor=MA%3D%3D"))
            return {.body = R"({"data":[)" + order("0x01") + "," + order("0x02") +
                            R"(],"next_cursor":"MTAw","limit":2,"count":2})"};
        return {.body = R"({"data":[)" + order("0x03") + R"(],"next_cursor":"LTE=","limit":2,"count":1})"};
    }};
    auto const orders = venue.rows({"orders", "--market", "a-question"});
    REQUIRE(orders.size() == 3);
    CHECK(orders[2].at("order_id").as_string() == "0x03");
    CHECK(orders[0].at("created_at").as_string() == "2026-10-05T11:33:20.000000Z");
    // A slug was looked up, each page has a signature of its own, and behind "LTE=" nothing is asked.
    auto const asked = venue.asked();
    REQUIRE(asked.size() == 3);
    CHECK(asked[1] == "GET /data/orders?market=" + condition + "&next_cursor=MA%3D%3D");
    CHECK(asked[2] == "GET /data/orders?market=" + condition + "&next_cursor=MTAw");
    // No more is asked for than is shown.
    CHECK(venue.rows({"orders", "--limit", "2"}).size() == 2);
    CHECK(venue.asked().size() == 4);
    CHECK(text(venue.rows({"orders", "--id", "0x0f"}), "matched") == "2.5");
    CHECK(text(venue.rows({"fills"}), "role") == "MAKER");
    auto const balance = venue.rows({"balance"});
    CHECK(text(balance, "collateral") == "250.000001");
    CHECK(text(balance, "allowance") == R"({"0xc":"0"})");
    CHECK(text(venue.rows({"balance", "--token", yes}), "shares") == "250.000001");
    CHECK(contains(venue.asked().back(), "asset_type=CONDITIONAL&token_id=" + yes));
    CHECK(text(venue.rows({"notifications", "--signature-type", "2"}), "what") == "order filled");
    CHECK(contains(venue.asked().back(), "signature_type=2"));
    CHECK(text(venue.rows({"keys"}), "api_key") == "00000000-0000-4000-8000-000000000001");
    CHECK(text(venue.rows({"positions"}), "average_price") == "0.41");
    CHECK(text(venue.rows({"positions", "--closed"}), "profit") == "3.25");
    for (auto const& request : venue.asked()) CHECK_FALSE(contains(request, "!"));
    // The same for people.
    auto const table = venue.own({"fills"});
    CHECK(table.code == 0);
    CHECK(contains(table.out, "FILL_ID"));
    CHECK(contains(table.out, "2026-10-05T11:33:20"));
}

TEST_CASE("a listing by the Data API's cursor, by offset and by number of the page is read to its end") {
    auto const many = [](std::size_t count, std::string const& begin) {
        std::string out;
        for (std::size_t n = 0; n != count; ++n)
            out += (n == 0 ? "" : ",") + std::string{R"({"id":")"} + begin + std::to_string(n) + "\"}";
        return "[" + out + "]";
    };
    CallVenue const venue{[&](HttpAsk const& ask) -> HttpAnswer {
        auto const path = path_of(ask);
        if (path == "/tags") return {.body = many(contains(ask.target, "offset=100") ? 20 : 100, ask.target)};
        if (path == "/public-search")
            return {.body = contains(ask.target, "page=2")
                                ? R"({"events":[)" + event("2") + R"(],"pagination":{"hasMore":false}})"
                                : R"({"events":[)" + event("1") + R"(],"pagination":{"hasMore":true}})"};
        bool const second = contains(ask.target, "cursor=abc%3D");
        return {.body = R"({"data":)" + many(second ? 1 : 2, ask.target) +
                        R"(,"pagination":{"next_cursor":)" + (second ? "null" : R"("abc=")") + "}}"};
    }};
    CHECK(venue.rows({"tags", "--limit", "1000"}).size() == 120);
    CHECK(venue.asked().size() == 2);
    CHECK(venue.rows({"search", "x"}).size() == 2);
    CHECK(venue.rows({"positions", "--user", "0x5"}).size() == 3);
    CHECK(venue.asked().size() == 6);
}

TEST_CASE("what the venue refuses is said in a sentence, with its own words and the right exit code") {
    CallVenue const venue{[](HttpAsk const& ask) -> HttpAnswer {
        auto const path = path_of(ask);
        if (path == "/book")
            return {.status = 404, .body = R"({"error":"No orderbook exists for the requested token id"})"};
        if (path == "/prices-history")
            return {.status = 429, .body = "error code: 1015", .headers = {{"Retry-After", "3600"}}};
        if (path == "/tags")
            return {.status = 403,
                    .body = "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"};
        if (path == "/series") return {.body = "\n<html>a page for whoever has not paid</html>"};
        if (path == "/teams") return {.body = R"([{"id":1},{"id)"};
        if (path == "/comments") return {.hang_up = true};
        if (path == "/v2/positions")
            return {.body = R"({"data":[{"size":1}],"pagination":{"next_cursor":"again"}})"};
        return small_answers(ask);
    }};
    auto const fails = [&](std::vector<std::string> const& words, int code, std::string const& said) {
        auto const done = venue.own(words);
        INFO(words[0] << ": " << done.errors);
        CHECK(done.code == code);
        CHECK(contains(done.errors, said));
        CHECK(std::count(done.errors.begin(), done.errors.end(), '\n') == 1);
    };
    fails({"book", yes}, 1,
          "polymarket book: 127.0.0.1 answered 404 to GET /book: No orderbook exists for the requested token "
          "id\n");
    // Nobody waits an hour for a command.
    fails({"history", yes}, 69,
          "answered 429 to GET /prices-history: error code: 1015; it asks for a pause of");
    fails({"tags"}, 69, "answered 403 to GET /tags with a web page: Just a moment...");
    fails({"series"}, 69, "answered 200 to GET /series with a web page\n");
    fails({"teams"}, 69, "127.0.0.1 /teams: the answer ends early or is not JSON");
    fails({"comments", "1"}, 69, "127.0.0.1");
    fails({"positions", "--user", "0x5"}, 69, "/v2/positions repeats a page instead of going on");
    fails({"market", "73000000000000000000000"}, 1, "not found");
    fails({"book", "no-such-market"}, 1, "no market has the condition id or slug");
}

TEST_CASE("a key that is missing or refused is a matter of the configuration, and no secret is shown") {
    CallVenue const venue{small_answers};
    auto done = venue.open({"orders"});
    CHECK(done.code == 78);
    CHECK(contains(done.errors, "this command needs address, api_key, api_secret_file and"));
    CHECK(venue.asked().empty());
    done = venue.wrong({"orders"});
    CHECK(done.code == 78);
    CHECK(contains(done.errors,
                   "the venue refuses address, api_key and the two secret files: 127.0.0.1 "
                   "answered 401 to GET /data/orders: Unauthorized/Invalid api key\n"));
    CHECK(venue.asked() == std::vector<std::string>{"GET /data/orders?next_cursor=MA%3D%3D!"});
    Account const account;
    for (auto const& secret : {account.secret, account.passphrase, std::string{"d3Jvbmc="}})
        CHECK_FALSE(contains(done.errors + done.out, secret));
    // What is public needs none.
    CHECK(venue.open({"tags"}).code == 0);
}

TEST_CASE("a service that is busy for a moment is asked once more") {
    std::atomic<int> asked = 0;
    CallVenue const venue{[&](HttpAsk const& ask) -> HttpAnswer {
        if (asked++ == 0)
            return {
                .status = 429, .body = R"({"error":"Too Many Requests"})", .headers = {{"Retry-After", "1"}}};
        return small_answers(ask);
    }};
    CHECK(venue.rows({"tags"}).size() == 1);
    CHECK(asked == 2);
}
