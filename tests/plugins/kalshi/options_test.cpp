#include "kalshi/options.hpp"

#include <boost/json.hpp>
#include <fstream>

#include "arbitrage/commands.hpp"
#include "arbitrage/time.hpp"
#include "kalshi/auth.hpp"
#include "kalshi/manifest.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;
namespace json = boost::json;

namespace {

Settings read(char const* text) { return read_settings(Options{std::string_view{text}}); }

std::string option_at_fault(char const* text) {
    try {
        read(text);
    } catch (ConfigurationError const& wrong) {
        return wrong.where;
    }
    return "none";
}

Candidate const nba{"Sports",           "KXNBAGAME",    "KXNBAGAME-26",
                    "KXNBAGAME-26-LAL", 500 * ARB_UNIT, 1000 * second_ns};

}  // namespace

TEST_CASE("the manifest is JSON and its defaults are those of the code", "[kalshi]") {
    auto const parsed = json::parse(manifest).as_object();
    CHECK(parsed.at("id").as_string() == "kalshi");
    auto const& properties = parsed.at("options").at("properties").as_object();
    Settings const defaults;
    auto const given = [&](char const* key) {
        return std::string{properties.at(key).at("default").as_string()};
    };
    CHECK(given("rest_url") == defaults.rest_url);
    CHECK(given("websocket_url") == defaults.websocket_url);
    CHECK(parse_duration(given("catalogue_every")).value() == defaults.catalogue_every);
    CHECK(parse_duration(given("poll_every")).value() == defaults.poll_every);
    CHECK(parse_duration(given("backfill")).value() == defaults.backfill);
    CHECK(properties.at("record").at("default") == json::array{"quotes", "trades"});
    CHECK(parse_duration(given("snapshot_every")).value() == defaults.snapshot_every);
    CHECK(given("shard").empty());
    CHECK(parsed.at("commands").as_array().size() == 26);
    for (auto const& [key, schema] : properties) {
        INFO(std::string_view{key});
        CHECK(schema.as_object().contains("description"));
        CHECK(schema.as_object().contains("default"));
    }
}

TEST_CASE("options are read, empty texts are no options", "[kalshi]") {
    auto const settings =
        read(R"({"rest_url":"https://a/trade-api/v2/","key_id":"","key_file":"","catalogue_every":"1m",
        "record":["books"],"select":{"series":["KXFED"],"volume_24h_min":1000,"closes_within":"7d"}})");
    CHECK(settings.rest_url == "https://a/trade-api/v2");
    CHECK(settings.catalogue_every == std::chrono::minutes{1});
    CHECK(!settings.record.quotes);
    CHECK(settings.record.books);
    CHECK(settings.select.volume_24h_min == 1000 * ARB_UNIT);
    CHECK(settings.select.closes_within == std::chrono::days{7});
    CHECK(!settings.select.all());
    CHECK(read("{}").select.all());
    CHECK(read(R"({"select":{"volume_24h_min":null,"closes_within":null}})").select.all());
}

TEST_CASE("half a key, and intervals that the rate limit forbids, are errors that name the option",
          "[kalshi]") {
    CHECK(option_at_fault(R"({"key_id":"a"})") == "/key_file");
    CHECK(option_at_fault(R"({"key_file":"a"})") == "/key_id");
    CHECK(option_at_fault(R"({"catalogue_every":"10ms"})") == "/catalogue_every");
    CHECK(option_at_fault(R"({"poll_every":"1ms"})") == "/poll_every");
    CHECK(option_at_fault(R"({"backfill":"90d"})") == "/backfill");
    CHECK(read(R"({"backfill":"0s"})").backfill == std::chrono::milliseconds{0});
    CHECK(option_at_fault(R"({"record":["prices"]})") == "/record");
    for (auto const* const wrong : {"http://localhost/trade-api/v2", "nonsense", "wss://x", "https://"}) {
        INFO(wrong);
        CHECK(option_at_fault((R"({"rest_url":")" + std::string{wrong} + "\"}").c_str()) == "/rest_url");
    }
    for (auto const* const wrong : {"https://127.0.0.1:1/trade-api/ws/v2", "ws://x", "nonsense"}) {
        INFO(wrong);
        CHECK(option_at_fault((R"({"websocket_url":")" + std::string{wrong} + "\"}").c_str()) ==
              "/websocket_url");
    }
}

TEST_CASE("books without a key are said", "[kalshi]") {
    CHECK(misgiving(read(R"({"record":["quotes","books"]})")).find("key_file") != std::string::npos);
    CHECK(misgiving(read("{}")) == "");
    CHECK(misgiving(read(R"({"record":["books"],"key_id":"a","key_file":"b"})")) == "");
}

TEST_CASE("a key file that is missing is an error with a sentence", "[kalshi]") {
    auto const signer = Signer::load("id", "/nowhere/kalshi.pem");
    REQUIRE(signer.has_error());
    CHECK(signer.error().status == ARB_INVALID);
    CHECK(signer.error().text.find("/nowhere/kalshi.pem") != std::string::npos);
}

namespace {

// Signs by returning what it was given.
class Echo final : public net::PrivateKey {
  public:
    Result<std::string> sign(std::string_view message) const override { return std::string{message}; }
};

}  // namespace

TEST_CASE("time in milliseconds, method and path without query are signed", "[kalshi]") {
    Signer const signer{"my-key", std::make_shared<Echo>()};
    auto const headers =
        signer.headers("GET", "/trade-api/v2/portfolio/fills?limit=5", 1'703'123'456'789'000'000).value();
    REQUIRE(headers.size() == 3);
    CHECK(headers[0].name == "KALSHI-ACCESS-KEY");
    CHECK(headers[0].value == "my-key");
    CHECK(headers[1].name == "KALSHI-ACCESS-TIMESTAMP");
    CHECK(headers[1].value == "1703123456789");
    CHECK(headers[2].name == "KALSHI-ACCESS-SIGNATURE");
    CHECK(headers[2].value == net::base64("1703123456789GET/trade-api/v2/portfolio/fills"));
    CHECK(path_of("wss://host:8443/trade-api/ws/v2") == "/trade-api/ws/v2");
    CHECK(path_of("wss://host/trade-api/ws/v2?x=1") == "/trade-api/ws/v2");
    CHECK(path_of("wss://host") == "/");
}

TEST_CASE("without rules every market is taken but combos", "[kalshi]") {
    CHECK(left_out_by({}, nba, 0).empty());
    Candidate combo = nba;
    combo.market = "KXMVESPORTS-1";
    CHECK(left_out_by({}, combo, 0) == "combos");
    Select named;
    named.markets = {"KXMVESPORTS-1"};
    CHECK(left_out_by(named, combo, 0).empty());
}

TEST_CASE("names widen among themselves, every other rule narrows", "[kalshi]") {
    Select select;
    select.series = {"kxnbagame"};
    select.events = {"KXFED-26"};
    CHECK(left_out_by(select, nba, 0).empty());
    Candidate other = nba;
    other.series = "KXNFL";
    CHECK(left_out_by(select, other, 0) == "series, events or markets");
    other.event = "KXFED-26";
    CHECK(left_out_by(select, other, 0).empty());
    select.categories = {"economics"};
    CHECK(left_out_by(select, nba, 0) == "categories");
    select.categories = {"economics", "sports"};
    CHECK(left_out_by(select, nba, 0).empty());
    select.volume_24h_min = 501 * ARB_UNIT;
    CHECK(left_out_by(select, nba, 0) == "volume_24h_min");
    select.volume_24h_min = 500 * ARB_UNIT;
    CHECK(left_out_by(select, nba, 0).empty());
    select.closes_within = std::chrono::seconds{10};
    CHECK(left_out_by(select, nba, 0) == "closes_within");
    CHECK(left_out_by(select, nba, 990 * second_ns).empty());
    other = nba;
    other.volume_24h = ARB_ABSENT;
    CHECK(left_out_by(select, other, 0) == "volume_24h_min");
}

TEST_CASE("a shard narrows what is collected and is everything no more", "[kalshi]") {
    CHECK(read("{}").everything());
    auto const second = read(R"({"shard":"2/3"})");
    CHECK_FALSE(second.everything());
    CHECK(second.select.all());
    int taken = 0;
    for (auto const* const shard : {R"({"shard":"1/3"})", R"({"shard":"2/3"})", R"({"shard":"3/3"})"}) {
        auto const settings = read(shard);
        auto const rule = left_out_by(settings.select, settings.shard, nba, 0);
        CHECK((rule.empty() || rule == "shard"));
        taken += rule.empty() ? 1 : 0;
    }
    CHECK(taken == 1);
    CHECK(option_at_fault(R"({"shard":"4/3"})") == "/shard");
    CHECK(option_at_fault(R"({"snapshot_every":"1s"})") == "/snapshot_every");
    CHECK(read(R"({"snapshot_every":"0s"})").snapshot_every.count() == 0);
}

TEST_CASE("combos are selected by a name of theirs alone", "[kalshi]") {
    CHECK_FALSE(read(R"({"select":{"series":["KXNBA"]}})").select.names_combos());
    CHECK(read(R"({"select":{"series":["KXMVESPORTS"]}})").select.names_combos());
    CHECK(read(R"({"select":{"markets":["KXMVESPORTS-1-A"]}})").select.names_combos());
}
