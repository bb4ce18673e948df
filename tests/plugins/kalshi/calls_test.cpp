// One-off calls as people make them: the program as a process of its own, a venue behind TLS that holds each
// signed request against the key, in the shapes that the venue documents; and what it says when that fails.
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <boost/json.hpp>
#include <boost/url/parse.hpp>
#include <mutex>

#include "../net/loopback.hpp"
#include "mock_venue.hpp"
#include "support/process.hpp"

using namespace arb;
using namespace arb::test;
namespace json = boost::json;

namespace {

constexpr char const* root = "/trade-api/v2";

// An RSA key whose public half checks what was signed with it.
class Key {
  public:
    Key() : key_{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})} {}
    ~Key() { EVP_PKEY_free(key_); }
    Key(Key const&) = delete;
    Key& operator=(Key const&) = delete;

    std::string pem() const { return kalshi::test::pem_of(key_); }

    // RSASSA-PSS with SHA-256 and a salt as long as the digest, which is what the venue takes.
    bool signed_text(std::string const& text, std::string const& signature) const {
        std::string bytes(signature.size(), '\0');
        auto const size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                          reinterpret_cast<unsigned char const*>(signature.data()),
                                          static_cast<int>(signature.size()));
        if (size < 0) return false;
        auto const padding = std::count(signature.begin(), signature.end(), '=');
        bytes.resize(static_cast<std::size_t>(size - padding));
        auto* const context = EVP_MD_CTX_new();
        EVP_PKEY_CTX* of_key = nullptr;
        bool const good =
            EVP_DigestVerifyInit(context, &of_key, EVP_sha256(), nullptr, key_) == 1 &&
            EVP_PKEY_CTX_set_rsa_padding(of_key, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(of_key, RSA_PSS_SALTLEN_DIGEST) == 1 &&
            EVP_DigestVerify(context, reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size(),
                             reinterpret_cast<unsigned char const*>(text.data()), text.size()) == 1;
        EVP_MD_CTX_free(context);
        return good;
    }

  private:
    EVP_PKEY* const key_;
};

// A request as the venue reads it.
struct Asked {
    std::string path;  // below the root
    std::vector<std::pair<std::string, std::string>> query;
    bool is_signed = false;

    std::string value(std::string const& name) const {
        for (auto const& [key, value] : query)
            if (key == name) return value;
        return {};
    }
};

class Venue {
  public:
    using Answer = std::function<HttpAnswer(Asked const&)>;
    explicit Venue(Answer answer)
        : answer_{std::move(answer)},
          server_{TlsServer::Script{.certificate = here_.good(),
                                    .http = [this](HttpAsk const& ask) { return serve(ask); }}} {}

    // The program, as somebody with a key runs it, or without one.
    Finished run(std::vector<std::string> const& words, bool with_key = true) {
        auto yaml = "venues:\n  kalshi:\n    rest_url: \"" + here_.https(server_) + root +
                    "\"\n    ca_file: \"" + folder_.write("ca.pem", here_.authority.pem()) + "\"\n";
        if (with_key)
            yaml += "    key_id: a-key\n    key_file: \"" + folder_.write("key.pem", key_.pem()) + "\"\n";
        Command command{
            {ARBITRAGE_BINARY_DIR "/bin/arbitrage", "-p", folder_.write("pipeline.yaml", yaml), "kalshi"}};
        command.words.insert(command.words.end(), words.begin(), words.end());
        return arb::test::run(command);
    }
    // The rows that it prints; fails the test if it does not end well.
    json::array rows(std::vector<std::string> words, bool with_key = true) {
        words.insert(words.end(), {"--format", "json"});
        auto const done = run(words, with_key);
        INFO(words[0] << ": " << done.errors);
        REQUIRE(done.code == 0);
        return json::parse(done.out).as_array();
    }
    std::vector<Asked> asked() {
        std::lock_guard const lock{mutex_};
        return asked_;
    }
    std::string faults() {
        std::lock_guard const lock{mutex_};
        return faults_;
    }

  private:
    HttpAnswer serve(HttpAsk const& ask) {
        Asked asked;
        auto const url = boost::urls::parse_origin_form(ask.target).value();
        asked.path = std::string{url.encoded_path()}.substr(std::string_view{root}.size());
        for (auto const& parameter : url.params()) asked.query.emplace_back(parameter.key, parameter.value);
        auto const header = [&](char const* name) {
            auto const found = ask.headers.find(name);
            return found == ask.headers.end() ? std::string{} : found->second;
        };
        auto const signature = header("kalshi-access-signature"), time = header("kalshi-access-timestamp");
        asked.is_signed = !signature.empty();
        std::lock_guard const lock{mutex_};
        // Milliseconds, the method, and the path from the root without what comes behind it.
        if (asked.is_signed && (time.size() != 13 || header("kalshi-access-key") != "a-key" ||
                                !key_.signed_text(time + "GET" + root + asked.path, signature)))
            faults_ += "wrong signature of " + ask.target + "; ";
        if (ask.method != "GET") faults_ += ask.method + " " + ask.target + "; ";
        asked_.push_back(asked);
        return answer_(asked);
    }

    Answer const answer_;
    Key const key_;
    Loopback here_;
    Folder folder_;
    std::mutex mutex_;
    // Protected by mutex_.
    std::vector<Asked> asked_;
    std::string faults_;
    TlsServer server_;
};

HttpAnswer not_found() {
    return {.status = 404, .body = R"({"error":{"code":"not_found","message":"market not found"}})"};
}

// Rows of a list, page by page, each page named by a cursor that has to be encoded.
HttpAnswer page_of(Asked const& asked, char const* key, std::size_t total, char const* row,
                   char const* size = "limit") {
    auto const cursor = asked.value("cursor");
    std::size_t const begin = cursor.empty() ? 0 : std::stoul(cursor.substr(3));
    auto const end = std::min(total, begin + std::stoul(asked.value(size)));
    json::array rows(end - begin, json::parse(row));
    return {.body = json::serialize(
                json::object{{key, rows}, {"cursor", end == total ? "" : "a+/" + std::to_string(end)}})};
}

}  // namespace

TEST_CASE("what belongs to the account is signed over the path alone and read to the last page") {
    Venue venue{[](Asked const& asked) -> HttpAnswer {
        if (asked.path == "/account/endpoint_costs")
            return {.body = R"({"default_cost":10,"endpoint_costs":[]})"};
        if (asked.path == "/portfolio/fills" || asked.path == "/historical/fills")
            return page_of(
                asked, "fills", asked.path == "/portfolio/fills" ? 2'300 : 3,
                R"({"trade_id":"f","ticker":"KXA-1","count_fp":"2.50","yes_price_dollars":"0.4200"})");
        if (asked.path == "/historical/orders") return page_of(asked, "orders", 1, R"({"order_id":"o"})");
        if (asked.path == "/historical/positions")
            return page_of(asked, "market_positions", 1, R"({"ticker":"KXA-1","position_fp":"-3.00"})");
        if (asked.path == "/exchange/user_data_timestamp")
            return {.body = R"({"as_of_time":"2026-10-08T09:00:00Z"})"};
        return not_found();
    }};
    auto const fills = venue.rows({"fills", "--ticker", "KXA-1", "--limit", "10000"});
    CHECK(fills.size() == 2'300);
    CHECK(fills.at(0).at("price") == "0.42");
    std::vector<std::string> cursors;
    for (auto const& asked : venue.asked()) {
        if (asked.path != "/portfolio/fills") continue;
        CHECK(asked.is_signed);
        CHECK(asked.value("limit") == "1000");
        CHECK(asked.value("ticker") == "KXA-1");
        cursors.push_back(asked.value("cursor"));
    }
    CHECK(cursors == std::vector<std::string>{"", "a+/1000", "a+/2000"});
    // No more is asked for than is wanted.
    CHECK(venue.rows({"fills", "--limit", "7"}).size() == 7);
    CHECK(venue.asked().back().value("limit") == "7");
    CHECK(venue.rows({"fills", "--past", "true"}).size() == 3);
    CHECK(venue.asked().back().path == "/historical/fills");
    CHECK(venue.rows({"orders", "--past", "true"}).at(0).at("order_id") == "o");
    CHECK(venue.rows({"positions", "--past", "true"}).at(0).at("position") == "-3");
    CHECK(venue.rows({"account_time"}).at(0).at("as_of") == "2026-10-08T09:00:00Z");
    CHECK(venue.asked().back().is_signed);
    CHECK(venue.faults() == "");
}

TEST_CASE("what the venue has beside markets is shown as it documents it") {
    Venue venue{[](Asked const& asked) -> HttpAnswer {
        auto const& path = asked.path;
        if (path == "/series" && asked.value("category") == "Crypto")
            return {.body =
                        R"({"series":[{"ticker":"KXBTC","tags":["BTC","Hourly"],"fee_multiplier":0.5}]})"};
        if (path == "/series/KXBTC")
            return {.body = R"({"series":{"ticker":"KXBTC","fee_type":"quadratic"}})"};
        if (path == "/search/tags_by_categories")
            return {.body = R"({"tags_by_categories":{"Crypto":["BTC","Pre-Market"],"World":null}})"};
        if (path == "/events/KXA-26/metadata")
            return {
                .body =
                    R"({"image_url":"https://a/1.png","competition":"Pro Football","competition_scope":"Game",
                "settlement_sources":[{"name":"The league","url":"https://b/"}],
                "market_details":[{"market_ticker":"KXA-26-X","image_url":"https://a/x.png","color_code":"#fff"}]})"};
        if (path == "/live_data/events/KXBTC-26")
            return {.body = R"({"live_data":{"type":"crypto","is_historical":false,"default_range":"1h",
                "range_options":["15min","1h"],"details":{"coin":"BTC","timeseries":[{"t":1,"v":2.5}]}}})"};
        if (path == "/multivariate_event_collections")
            return page_of(asked, "multivariate_contracts", 450,
                           R"({"collection_ticker":"KXMVE-R","size_min":2,
                "size_max":10,"associated_event_tickers":["A","B"],"is_ordered":false})");
        if (path == "/structured_targets")
            return page_of(asked, "structured_targets", 3,
                           R"({"id":"t","name":"A team","type":"basketball_team",
                "details":{"league":"NBA"}})",
                           "page_size");
        if (path == "/account/endpoint_costs")
            return {
                .body =
                    R"({"default_cost":10,"endpoint_costs":[{"method":"DELETE","path":"/portfolio/orders/{order_id}","cost":2}]})"};
        return not_found();
    }};
    auto const series = venue.rows({"series", "--category", "Crypto"}, false);
    REQUIRE(series.size() == 1);
    CHECK(series.at(0).at("tags") == "BTC, Hourly");
    CHECK(series.at(0).at("fee_multiplier") == 0.5);
    CHECK(venue.rows({"series", "--ticker", "KXBTC"}, false).at(0).at("fee_type") == "quadratic");
    auto const tags = venue.rows({"tags"}, false);
    REQUIRE(tags.size() == 2);
    CHECK(tags.at(0).at("tags") == "BTC, Pre-Market");
    CHECK(tags.at(1).at("tags").is_null());
    auto const metadata = venue.rows({"metadata", "--event", "KXA-26"}, false);
    REQUIRE(metadata.size() == 4);
    CHECK(metadata.at(0).at("detail") == "Game");
    CHECK(metadata.at(2).at("what") == "decided by");
    CHECK(metadata.at(3).at("name") == "KXA-26-X");
    auto const live = venue.rows({"live_data", "--event", "KXBTC-26", "--range", "15min"}, false);
    CHECK(live.at(0).at("ranges") == "15min 1h");
    CHECK(live.at(0).at("details").at("coin") == "BTC");
    CHECK(venue.asked().back().value("range") == "15min");
    auto const collections = venue.rows({"collections", "--limit", "1000", "--event", "A"}, false);
    REQUIRE(collections.size() == 450);
    CHECK(collections.at(0).at("events") == 2);
    CHECK(venue.asked().back().value("associated_event_ticker") == "A");
    auto const targets = venue.rows({"targets", "--type", "basketball_team"}, false);
    REQUIRE(targets.size() == 3);
    CHECK(targets.at(0).at("details").at("league") == "NBA");
    auto const costs = venue.rows({"costs"}, false);
    REQUIRE(costs.size() == 2);
    CHECK(costs.at(0).at("tokens") == 2);
    CHECK(costs.at(1).at("tokens") == 10);
    for (auto const& asked : venue.asked()) CHECK_FALSE(asked.is_signed);
    CHECK(venue.faults() == "");
}

TEST_CASE("several books come at once, and what is old is looked for where the venue keeps it") {
    Venue venue{[](Asked const& asked) -> HttpAnswer {
        if (asked.path == "/markets/orderbooks") {
            json::array books;
            for (auto const& [key, ticker] : asked.query)
                books.push_back(
                    json::parse(R"({"ticker":")" + ticker +
                                R"(","orderbook_fp":{"yes_dollars":[["0.4100","10.00"]],"no_dollars":[]}})"));
            return {.body = json::serialize(json::object{{"orderbooks", books}})};
        }
        if (asked.path == "/historical/markets/KXOLD-1")
            return {.body = R"({"market":{"ticker":"KXOLD-1","status":"finalized","result":"yes"}})"};
        if (asked.path == "/markets/trades")
            return {.body = asked.value("ticker") == "KXOLD-1"
                                ? R"({"trades":[],"cursor":""})"
                                : R"({"trades":[{"trade_id":"2","ticker":"KXA-1"},
                        {"trade_id":"1","ticker":"KXA-1"}],"cursor":""})"};
        if (asked.path == "/historical/trades" && asked.value("ticker") == "KXA-1" &&
            asked.value("cursor").empty())
            return {.body = R"({"trades":[{"trade_id":"1","ticker":"KXA-1"}],"cursor":"more"})"};
        if (asked.path == "/historical/trades" && asked.value("ticker") != "KXGONE-1")
            return {.body = R"({"trades":[{"trade_id":"0","ticker":"KXOLD-1"}],"cursor":""})"};
        if (asked.path == "/markets/candlesticks") return {.body = R"({"markets":[]})"};
        if (asked.path == "/historical/markets/KXOLD-1/candlesticks")
            return {.body =
                        R"({"ticker":"KXOLD-1","candlesticks":[{"end_period_ts":1760500800,"volume":"7.00",
                "price":{"close":"0.1500"},"yes_bid":{"close":"0.1400"},"yes_ask":{"close":"0.1600"}}]})"};
        return not_found();
    }};
    auto const books = venue.rows({"book", "--ticker", "KXA-1,KXB-2"});
    REQUIRE(books.size() == 2);
    CHECK(books.at(1) == json::parse(R"({"ticker":"KXB-2","side":"bid","price":"0.41","size":"10"})"));
    CHECK(venue.asked().back().is_signed);
    CHECK(venue.asked().back().query.size() == 2);
    auto const market = venue.rows({"market", "--ticker", "KXOLD-1"}, false);
    CHECK(market.at(0).at("result") == "yes");
    auto const candles = venue.rows({"candlesticks", "--ticker", "KXOLD-1", "--last", "2h"}, false);
    REQUIRE(candles.size() == 1);
    CHECK(candles.at(0).at("close") == "0.15");
    CHECK(venue.asked().back().value("period_interval") == "60");
    auto const ids = [&](std::vector<std::string> words) {
        std::string out;
        for (auto const& row : venue.rows(std::move(words), false)) out += row.at("trade_id").as_string();
        return out;
    };
    CHECK(ids({"trades", "--ticker", "KXOLD-1"}) == "0");
    // Across the cut, each once, and no further than what was asked for.
    CHECK(ids({"trades", "--ticker", "KXA-1"}) == "210");
    CHECK(ids({"trades", "--ticker", "KXA-1", "--limit", "2"}) == "21");
    CHECK(venue.asked().back().path == "/markets/trades");
    // A venue without such a list has the present alone.
    CHECK(ids({"trades", "--ticker", "KXGONE-1"}) == "21");
    CHECK(ids({"trades"}) == "21");
    CHECK(venue.asked().back().path == "/markets/trades");
    CHECK(venue.faults() == "");
}

TEST_CASE("what fails is told in a sentence that says what to do, with the exit code of its kind") {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string body;
    Venue venue{[&](Asked const&) { return HttpAnswer{.status = status, .body = body, .headers = headers}; }};
    struct Case {
        int status;
        char const* body;
        std::vector<std::string> words;
        int code;
        std::vector<char const*> said;
    };
    Case const cases[] = {
        {401,
         R"({"error":{"code":"authentication_error","message":"INCORRECT_API_KEY_SIGNATURE"}})",
         {"balance"},
         78,
         {"the venue refuses key_id and key_file", "401", "INCORRECT_API_KEY_SIGNATURE"}},
        {403,
         R"({"code":"insufficient_scope","message":"read needed"})",
         {"orders"},
         78,
         {"the venue refuses key_id and key_file", "insufficient_scope"}},
        {404,
         R"({"error":{"code":"not_found","message":"market not found"}})",
         {"market", "--ticker", "KXNOPE-1"},
         1,
         {"404", "/markets/KXNOPE-1", "market not found", "check it"}},
        {400,
         R"({"code":"bad_request","message":"limit is wrong","details":"max 200"})",
         {"trades"},
         1,
         {"400", "bad_request: limit is wrong: max 200"}},
        {429,
         R"({"error":"too many requests"})",
         {"cutoff"},
         69,
         {"429", "too many requests", "wait a minute and try again"}},
        {503, "<html>gateway</html>", {"schedule"}, 69, {"503", "/exchange/schedule"}},
        {200, "<html>gateway</html>", {"schedule"}, 69, {"/exchange/schedule", "not JSON"}},
    };
    headers = {{"Retry-After", "0"}};
    for (auto const& each : cases) {
        status = each.status;
        body = each.body;
        auto const done = venue.run(each.words);
        INFO(each.status << " " << each.words[0] << ": " << done.errors);
        CHECK(done.code == each.code);
        CHECK(done.out == "");
        CHECK(done.errors.starts_with("kalshi " + each.words[0] + ": "));
        CHECK(std::count(done.errors.begin(), done.errors.end(), '\n') == 1);
        for (auto const* const part : each.said) CHECK(contains(done.errors, part));
    }
    auto const asked = venue.asked().size();
    auto const keyless = venue.run({"balance"}, false);
    CHECK(keyless.code == 78);
    CHECK(contains(keyless.errors, "needs key_id and key_file"));
    CHECK(venue.run({"book", "--ticker", ","}).code == 64);
    CHECK(venue.run({"candlesticks", "--ticker", "KXA-1", "--interval", "1m", "--last", "90d"}).code == 64);
    // Nothing was asked for.
    CHECK(venue.asked().size() == asked);
    CHECK(venue.faults() == "");
}
