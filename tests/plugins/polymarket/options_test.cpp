#include "polymarket/options.hpp"

#include <sys/stat.h>
#include <boost/json.hpp>

#include "arbitrage/commands.hpp"
#include "polymarket/fixture.hpp"
#include "polymarket/manifest.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

namespace {

Settings settings(std::string const& json) { return read_settings(Options{std::string_view{json}}); }

std::string refused(std::string const& json) {
    try {
        settings(json);
    } catch (ConfigurationError const& error) {
        return error.where;
    }
    return "accepted";
}

}  // namespace

TEST_CASE("options: defaults point at production, an empty text is no option") {
    auto const plain = settings(R"({"gamma_url":"","api_key":"","catalogue_every":""})");
    CHECK(plain.gamma_url == "https://gamma-api.polymarket.com");
    CHECK(plain.catalogue_every == std::chrono::minutes{5});
    CHECK((plain.record.quotes && plain.record.trades && !plain.record.books));
    CHECK(plain.select.all());
    CHECK_FALSE(plain.credentials);
    auto const full = settings(R"({"record":["books"],"catalogue_every":"30s","select":{"tags":["Politics"],
        "volume_24h_min":1000.5,"closes_within":"90d","markets":["0xAB"]}})");
    CHECK((full.record.books && !full.record.quotes));
    CHECK(full.select.tags == std::vector<std::string>{"politics"});
    CHECK(full.select.markets == std::vector<std::string>{"0xab"});
    CHECK(full.select.volume_24h_min == 1'000'500'000);
    CHECK(full.select.closes_within == std::chrono::hours{24 * 90});
}

TEST_CASE("wrong options name themselves") {
    CHECK(refused(R"({"catalogue_every":"fast"})") == "/catalogue_every");
    CHECK(refused(R"({"catalogue_every":"1ms"})") == "/catalogue_every");
    CHECK(refused(R"({"record":["quotes","depth"]})") == "/record");
    CHECK(refused(R"({"select":{"closes_within":"soon"}})") == "/select/closes_within");
    CHECK(refused(R"({"select":{"volume_24h_min":-1}})") == "/select/volume_24h_min");
    CHECK(refused(R"({"shard":"9/8"})") == "/shard");
    CHECK(refused(R"({"snapshot_every":"often"})") == "/snapshot_every");
    CHECK(settings(R"({"shard":"2/8"})").select.shard.count == 8);
    CHECK(refused(R"({"api_key":"k"})") != "accepted");
    // Positions need no more than an address.
    CHECK(settings(R"({"address":"0xa"})").address == "0xa");
    CHECK_FALSE(settings(R"({"address":"0xa"})").credentials);
    for (auto const* const option : {"gamma_url", "clob_url", "data_url", "websocket_url"})
        for (auto const* const url : {"http://localhost", "nonsense", "wss://", "ftp://a"})
            CHECK(refused(R"({")" + std::string{option} + R"(":")" + url + R"("})") ==
                  "/" + std::string{option});
    CHECK(refused(R"({"websocket_url":"https://a"})") == "/websocket_url");
    CHECK(
        refused(
            R"({"address":"a","api_key":"k","api_secret_file":"/nowhere","api_passphrase_file":"/nowhere"})") ==
        "/api_secret_file");
}

TEST_CASE("secrets are read from files that only their owner can read") {
    arb::test::TemporaryDirectory const directory;
    auto const write = [&](std::string const& name, std::string const& text, unsigned mode) {
        std::ofstream{directory / name} << text;
        ::chmod((directory / name).c_str(), mode);
        return directory / name;
    };
    auto const secret = write("secret", "c2VjcmV0\n", 0600), pass = write("pass", "p\n", 0600);
    auto const open = write("open", "c2VjcmV0", 0644);
    auto const with = [&](std::string const& file) {
        return R"({"address":"a","api_key":"k","api_secret_file":")" + std::string{file} +
               R"(","api_passphrase_file":")" + std::string{pass} + "\"}";
    };
    auto const read = settings(with(secret));
    REQUIRE(read.credentials);
    CHECK(read.credentials->secret == "c2VjcmV0");
    CHECK(read.credentials->passphrase == "p");
    CHECK(refused(with(open)) == "/api_secret_file");
}

TEST_CASE("the manifest is JSON and describes every option with a default") {
    auto const value = boost::json::parse(manifest);
    CHECK(value.at("id").as_string() == "polymarket");
    for (auto const& option : value.at("options").at("properties").as_object()) {
        INFO(option.key());
        CHECK(option.value().as_object().contains("description"));
        CHECK(option.value().as_object().contains("default"));
    }
    CHECK(value.at("commands").as_array().size() == 21);
}

TEST_CASE("signatures: the recorded vectors") {
    auto const file = read_file(std::string{ARBITRAGE_TEST_DATA} + "/polymarket/hmac_vectors.json");
    auto const vectors = boost::json::parse(file);
    int count = 0;
    for (auto const& vector : vectors.at("vectors").as_array()) {
        auto const text = [&](char const* key) {
            auto const& value = vector.at(key);
            return value.is_string() ? std::string{value.as_string()} : std::string{};
        };
        auto const timestamp = std::to_string(vector.at("timestamp").to_number<std::int64_t>());
        auto const made =
            signature(text("secret"), timestamp, text("method"), text("request_path"), text("body"));
        REQUIRE(made.has_value());
        CHECK(*made == text("signature"));
        ++count;
    }
    CHECK(count >= 3);
    CHECK(signature("***", "1", "GET", "/", "").has_error());
    auto const headers =
        auth_headers({"0xA", "key", "c2VjcmV0", "pass"}, 1'791'200'000'999'999'999, "GET", "/data/orders");
    REQUIRE(headers.has_value());
    CHECK(headers->at(3).value == "1791200000");
}

TEST_CASE("selection: each rule narrows, events and markets name together") {
    std::vector<std::string> const tags{"politics", "us election"};
    Candidate candidate{&tags, "", "", "77", "event-slug", "0xab", "market-slug", 500, 1000};
    Select select;
    CHECK(left_out_by(select, candidate, 0).empty());
    select.tags = {"politics"};
    CHECK(left_out_by(select, candidate, 0).empty());
    select.tags = {"sports"};
    CHECK(left_out_by(select, candidate, 0) == "tags");
    select = {};
    select.events = {"event-slug"};
    select.markets = {"0xcd"};
    CHECK(left_out_by(select, candidate, 0).empty());
    select.events = {"78"};
    CHECK(left_out_by(select, candidate, 0) == "events");
    select.markets = {"market-slug"};
    CHECK(left_out_by(select, candidate, 0).empty());
    select.volume_24h_min = 501;
    CHECK(left_out_by(select, candidate, 0) == "volume_24h_min");
    CHECK(left_out_by_name(select, candidate).empty());
    candidate.volume_24h = ARB_ABSENT;
    select.volume_24h_min = 0;
    CHECK(left_out_by(select, candidate, 0) == "volume_24h_min");
    select.volume_24h_min = ARB_ABSENT;
    select.closes_within = std::chrono::milliseconds{1};
    CHECK(left_out_by(select, candidate, 0).empty());
    candidate.closes_at = 2'000'000;
    CHECK(left_out_by(select, candidate, 0) == "closes_within");
    candidate.closes_at = 0;
    CHECK(left_out_by(select, candidate, 0) == "closes_within");
}

TEST_CASE("selection by category and series, and what a market announced a second ago may still be") {
    std::vector<std::string> const tags{"crypto"};
    Candidate candidate{&tags,  "crypto",      "btc-up-or-down-5m", "77", "event-slug",
                        "0xab", "market-slug", ARB_ABSENT,          0};
    Select select;
    select.series = {"btc-up-or-down-5m"};
    select.events = {"78"};
    CHECK(left_out_by(select, candidate, 0).empty());
    select.categories = {"crypto"};
    CHECK(left_out_by(select, candidate, 0).empty());
    candidate.category = "sports";
    CHECK(left_out_by(select, candidate, 0) == "categories");
    candidate.series = "eth";
    CHECK(left_out_by(select, candidate, 0) == "series");
    // An announcement has neither.
    candidate.category = candidate.series = {};
    select.volume_24h_min = 5;
    CHECK(may_be_selected(select, candidate));
    select.tags = {"politics"};
    CHECK_FALSE(may_be_selected(select, candidate));
    select = {};
    select.events = {"78"};
    CHECK_FALSE(may_be_selected(select, candidate));
    CHECK(rules_of(select) == std::vector<std::string_view>{"events"});
}
