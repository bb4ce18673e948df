#include "venue/change_filter.hpp"

#include <string>

#include "support/catch.hpp"

using arb::ChangeFilter;

TEST_CASE("only what changed has changed", "[venue]") {
    ChangeFilter filter;
    CHECK(filter.changed("market:A", "one"));
    CHECK_FALSE(filter.changed("market:A", "one"));
    CHECK(filter.changed("event:A", "one"));
    CHECK(filter.changed("market:A", "two"));
    CHECK(filter.changed("market:A", "one"));
    CHECK_FALSE(filter.changed("market:A", "one"));
    CHECK(filter.size() == 2);
}

TEST_CASE("empty content is content", "[venue]") {
    ChangeFilter filter;
    CHECK(filter.changed("A", ""));
    CHECK_FALSE(filter.changed("A", ""));
    CHECK(filter.changed("A", "x"));
}

TEST_CASE("order of parts and borders between them count", "[venue]") {
    ChangeFilter filter;
    CHECK(filter.changed("A", {"c", "ab"}));
    CHECK(filter.changed("A", {"ab", "c"}));
    CHECK(filter.changed("A", {"a", "bc"}));
    CHECK(filter.changed("A", {"a", "bc", ""}));
    CHECK_FALSE(filter.changed("A", {"a", "bc", ""}));
    CHECK(filter.changed("A", "abc"));
    CHECK_FALSE(filter.changed("A", {"abc"}));
}

TEST_CASE("what was forgotten has changed again", "[venue]") {
    ChangeFilter filter;
    filter.changed("A", "x");
    filter.changed("B", "x");
    filter.forget("A");
    filter.forget("C");
    CHECK(filter.changed("A", "x"));
    CHECK_FALSE(filter.changed("B", "x"));
    filter.forget_all();
    CHECK(filter.changed("B", "x"));
}

TEST_CASE("fifty thousand rows are told apart", "[venue]") {
    ChangeFilter filter;
    int changed = 0;
    for (int round = 0; round != 2; ++round)
        for (int i = 0; i != 50'000; ++i)
            changed += filter.changed("market:" + std::to_string(i), std::to_string(i / 7));
    CHECK(changed == 50'000);
    CHECK(filter.size() == 50'000);
}
