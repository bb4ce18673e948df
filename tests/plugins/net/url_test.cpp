#include "net/url.hpp"

#include "net/session.hpp"
#include "support/catch.hpp"

using namespace arb;

TEST_CASE("addresses are taken apart", "[net]") {
    auto const url = net::parse_url("wss://example.com/trade-api/ws/v2?x=1", "wss").value();
    CHECK(url.host == "example.com");
    CHECK(url.port == "443");
    CHECK(url.authority == "example.com");
    CHECK(url.target == "/trade-api/ws/v2?x=1");
    CHECK_FALSE(url.is_address);

    auto const v4 = net::parse_url("https://127.0.0.1:8443", "https").value();
    CHECK(v4.host == "127.0.0.1");
    CHECK(v4.port == "8443");
    CHECK(v4.authority == "127.0.0.1:8443");
    CHECK(v4.target.empty());
    CHECK(v4.is_address);

    auto const v6 = net::parse_url("https://[::1]:8443/a", "https").value();
    CHECK(v6.host == "::1");
    CHECK(v6.authority == "[::1]:8443");
    CHECK(v6.is_address);
}

TEST_CASE("addresses that are none are refused with the address", "[net]") {
    for (auto const* const text :
         {"", "example.com", "https://", "https://:443/", "https://a b/", "http://example.com/",
          "https://example.com:0/", "https://example.com:99999/", "https://example.com/#x"}) {
        auto const url = net::parse_url(text, "https");
        INFO(text);
        REQUIRE(url.has_error());
        CHECK(url.error().status == ARB_INVALID);
        CHECK(url.error().text.find("\"" + std::string{text} + "\"") != std::string::npos);
    }
}

TEST_CASE("a password in an address is refused and not repeated", "[net]") {
    auto const url = net::parse_url("https://me:hunter2@example.com/", "https");
    REQUIRE(url.has_error());
    CHECK(url.error().text.find("hunter2") == std::string::npos);
}

TEST_CASE("query values are percent-encoded", "[net]") {
    CHECK(net::encode_query("KXBTC-26.a_b~c") == "KXBTC-26.a_b~c");
    CHECK(net::encode_query("a b&c=d/+%") == "a%20b%26c%3Dd%2F%2B%25");
    CHECK(net::encode_query("\xC3\xA9\n") == "%C3%A9%0A");
}
