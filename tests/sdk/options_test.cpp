#include "arbitrage/options.hpp"

#include "support/catch.hpp"

using namespace std::chrono_literals;
using arb::Options;
using arb::parse_duration;
using arb::parse_size;

TEST_CASE("durations are a whole number and a unit") {
    CHECK(parse_duration("250ms").value() == 250ms);
    CHECK(parse_duration("30s").value() == 30s);
    CHECK(parse_duration("5m").value() == 5min);
    CHECK(parse_duration("1h").value() == 1h);
    CHECK(parse_duration("90d").value() == 90 * 24h);
    CHECK(parse_duration("0s").value() == 0ms);
    CHECK(parse_duration("106751d").value() == 106751 * 24h);
    auto const* const text =
        GENERATE("", "5", "s", "ms", "5 m", " 5m", "5m ", "-5m", "+5m", "1.5h", "5M", "5min", "1e3s",
                 "106752d", "99999999999999999999s", "9223372036854775807ms");
    CAPTURE(text);
    auto const parsed = parse_duration(text);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error().text.find("expected a duration") != std::string::npos);
    CHECK(parsed.error().text.find('"' + std::string{text} + '"') != std::string::npos);
}

TEST_CASE("sizes are bytes or a binary unit") {
    CHECK(parse_size("512").value() == 512);
    CHECK(parse_size("512B").value() == 512);
    CHECK(parse_size("64KiB").value() == 64u << 10);
    CHECK(parse_size("64MiB").value() == 64u << 20);
    CHECK(parse_size("8GiB").value() == std::uint64_t{8} << 30);
    CHECK(parse_size("16777215TiB").value() == std::uint64_t{16777215} << 40);
    auto const* const text =
        GENERATE("", "GiB", "8GB", "8 GiB", "-1", "1.5GiB", "8gib", "16777216TiB", "99999999999999999999");
    CAPTURE(text);
    CHECK(parse_size(text).has_error());
}

TEST_CASE("options give the value or the default of whoever asks") {
    Options const options{
        std::string_view{R"({"name": "x", "every": "5m", "size": "1MiB", "count": 7, "on": true,
        "list": ["a", "b"], "select": {"series": ["s"]}, "empty": "", "none": null})"}};
    CHECK(options.text("name") == "x");
    CHECK(options.text("missing", "y") == "y");
    CHECK(options.text("empty", "y").empty());
    CHECK(options.text("none", "y") == "y");
    CHECK(options.integer("count", 1) == 7);
    CHECK(options.integer("missing", 1) == 1);
    CHECK(options.flag("on", false));
    CHECK(options.flag("missing", true));
    CHECK(options.duration("every", 1s) == 5min);
    CHECK(options.duration("missing", 1s) == 1s);
    CHECK(options.size("size", 1) == 1u << 20);
    CHECK(options.list("list") == std::vector<std::string>{"a", "b"});
    CHECK(options.list("missing", {"z"}) == std::vector<std::string>{"z"});
    CHECK(options.section("select").list("series") == std::vector<std::string>{"s"});
    CHECK(options.section("missing").object().empty());
    CHECK(options.has("none"));
    CHECK_FALSE(options.has("missing"));
}

TEST_CASE("an option of the wrong type throws what the host turns into an error") {
    Options const options{std::string_view{R"({"every": "fast", "size": 7, "count": 1e300})"}};
    CHECK_THROWS_AS(options.duration("every", 1s), std::runtime_error);
    CHECK_THROWS(options.size("size", 1));
    CHECK_THROWS(options.integer("count", 1));
    CHECK_THROWS(Options{std::string_view{"[]"}});
    CHECK_THROWS(Options{std::string_view{"{"}});
}
