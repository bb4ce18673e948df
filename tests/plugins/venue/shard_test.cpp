#include "venue/shard.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

using arb::parse_shard;
using arb::Shard;

TEST_CASE("a shard is written as part and count", "[venue]") {
    auto const second = parse_shard("2/8");
    REQUIRE(second.has_value());
    CHECK(second->number == 2);
    CHECK(second->count == 8);
    CHECK(parse_shard("")->whole());
    CHECK(parse_shard("1/1")->whole());
    CHECK(parse_shard("1024/1024").has_value());
    for (auto const* const text : {"0/8", "9/8", "2", "/8", "2/", "2/0", "-1/8", "+1/8", " 2/8", "2/8 ",
                                   "2/8/9", "a/b", "2/1025", "1/99999999999999999999", "2\\8"}) {
        INFO(text);
        auto const read = parse_shard(text);
        REQUIRE(read.has_error());
        CHECK(read.error().status == ARB_INVALID);
        CHECK(read.error().text.find("2/8") != std::string::npos);
    }
}

// The parts of other hosts depend on it: XXH3-64 with seed 0, remainder, plus one.
TEST_CASE("the part of an id never changes", "[venue]") {
    auto const part = [](std::string_view id, unsigned count) {
        unsigned found = 0;
        for (unsigned number = 1; number <= count; ++number)
            if (Shard{number, count}.takes(id)) found = found == 0 ? number : count + 1;
        return found;
    };
    // The hashes of "" and "abc" are those of the published algorithm.
    CHECK(part("", 1000) == 1 + 0x2d06800538d394c2 % 1000);
    CHECK(part("abc", 1000) == 1 + 0x78af5f94892f3950 % 1000);
    CHECK(part("abc", 8) == 1 + 0x78af5f94892f3950 % 8);
    CHECK(part("KXMLBGAME-26OCT08NYYTOR-TOR", 1) == 1);
}

TEST_CASE("every market belongs to one part, and the parts are about equal", "[venue]") {
    constexpr unsigned count = 8;
    constexpr int markets = 8'000;
    std::vector<int> sizes(count);
    for (int i = 0; i != markets; ++i) {
        auto const id = "KXBTC15M-26NOV23" + std::to_string(i);
        int parts = 0;
        for (unsigned number = 1; number <= count; ++number)
            if (Shard{number, count}.takes(id)) {
                ++parts;
                ++sizes[number - 1];
            }
        REQUIRE(parts == 1);
    }
    for (auto const size : sizes) {
        CHECK(size > 850);
        CHECK(size < 1150);
    }
}
