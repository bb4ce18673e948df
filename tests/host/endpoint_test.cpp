#include "host/config/endpoint.hpp"

#include "support/catch.hpp"

using arb::host::parse_endpoint;

TEST_CASE("an endpoint is an address in numbers and a port") {
    auto const four = parse_endpoint("127.0.0.1:9464");
    REQUIRE(four);
    CHECK(four->address == "127.0.0.1");
    CHECK(four->port == 9464);
    CHECK(parse_endpoint("localhost:1")->address == "127.0.0.1");
    CHECK(parse_endpoint("[::1]:65535")->address == "::1");
    CHECK(parse_endpoint("[fe80::1%lo]:80")->address == "fe80::1%lo");
    CHECK(parse_endpoint("0.0.0.0:0")->port == 0);
    for (char const* const wrong : {"", "9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:-1",
                                    "127.0.0.1:80x", "nohost:9464", "256.0.0.1:80", "[::1:80", ":9464"}) {
        INFO(wrong);
        CHECK_FALSE(parse_endpoint(wrong));
    }
}

TEST_CASE("the path of a socket fits into what the kernel takes") {
    CHECK(arb::host::wrong_socket(std::string(107, 'x')).empty());
    CHECK(arb::host::wrong_socket(std::string(108, 'x')) ==
          "expected a path of at most 107 bytes, as of every Unix socket, got 108");
}
