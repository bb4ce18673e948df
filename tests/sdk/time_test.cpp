#include "arbitrage/time.hpp"

#include <random>

#include "support/catch.hpp"

using arb::format_time;
using arb::parse_time;
using arb::second_ns;

TEST_CASE("the venues' spellings of a time are read") {
    struct Case {
        char const* text;
        arb_time seconds;
        arb_time nanoseconds;
    };
    auto const c = GENERATE(values<Case>({
        {"2026-10-08T18:05:03Z", 1'791'482'703, 0},
        {"2026-10-08T18:05:03.49Z", 1'791'482'703, 490'000'000},
        {"2026-10-08t18:05:03z", 1'791'482'703, 0},
        {"2026-10-08T18:05:03.123456789Z", 1'791'482'703, 123'456'789},
        {"2026-10-08T18:05:03.1234567899999Z", 1'791'482'703, 123'456'789},
        {"2026-10-08 18:05:03+00", 1'791'482'703, 0},
        {"2026-10-08 18:05:03.5+00:00", 1'791'482'703, 500'000'000},
        {"2026-10-08T20:05:03+02:00", 1'791'482'703, 0},
        {"2026-10-08T20:05:03+0200", 1'791'482'703, 0},
        {"2026-10-08T12:35:03-05:30", 1'791'482'703, 0},
        {"2026-10-09T00:05:03+06", 1'791'482'703, 0},
        {"2026-10-08T18:05Z", 1'791'482'700, 0},
        {"2026-10-08", 1'791'417'600, 0},
        {"1970-01-01T00:00:01Z", 1, 0},
        {"2024-02-29T00:00:00Z", 1'709'164'800, 0},
        {"2016-12-31T23:59:60Z", 1'483'228'800, 0},
        {"2261-12-31T23:59:59Z", 9'214'646'399, 0},
        {"2261-12-31T23:59:59-15:59", 9'214'703'939, 0},
    }));
    CAPTURE(c.text);
    auto const time = parse_time(c.text);
    REQUIRE(time);
    CHECK(*time == c.seconds * second_ns + c.nanoseconds);
}

TEST_CASE("what is not a time is no time") {
    auto const* const text = GENERATE(
        "", "2026", "2026-10", "2026-1-8", "2026-13-01", "2026-00-01", "2026-02-30", "2025-02-29",
        "2026-10-00", "2026-10-32", "2026-10-08T", "2026-10-08T18", "2026-10-08T18:05:03",
        "2026-10-08T24:00:00Z", "2026-10-08T18:60:00Z", "2026-10-08T18:05:61Z", "2026-10-08T18:05:03.Z",
        "2026-10-08T18:05:03,5Z", "2026-10-08T18:05:03Z ", " 2026-10-08T18:05:03Z", "2026-10-08T18:05:03ZZ",
        "2026-10-08T18:05:03+2", "2026-10-08T18:05:03+02:", "2026-10-08T18:05:03+02:6",
        "2026-10-08T18:05:03+02:60", "2026-10-08T18:05:03+16:00", "2026-10-08T18:05:03+02:00Z", "2026/10/08",
        "08.10.2026", "1791482703", "-026-10-08", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+02:00", "2262-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "null",
        "2026-10-08T1a:05:03Z", "2026-10-08T18:05:0:Z");
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
}

TEST_CASE("every prefix of a time is another time or none, and reads no further than its end") {
    std::string const text = "2026-10-08T20:05:03.490000+02:00";
    for (std::size_t size = 0; size != text.size(); ++size) {
        std::vector<char> const exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
        auto const time = parse_time({exact.data(), exact.size()});
        if (time) CHECK((size == 10 || size == text.size() - 3 || size == text.size()));
    }
}

TEST_CASE("a time is written in UTC with microseconds") {
    CHECK(format_time(0) == "1970-01-01T00:00:00.000000Z");
    CHECK(format_time(1'791'482'703'490'000'000) == "2026-10-08T18:05:03.490000Z");
    CHECK(format_time(1'791'482'703'000'000'999) == "2026-10-08T18:05:03.000000Z");
    CHECK(format_time(1'791'482'703'999'999'999) == "2026-10-08T18:05:03.999999Z");
    CHECK(format_time(-1) == "1969-12-31T23:59:59.999999Z");
    CHECK(format_time(INT64_MAX) == "2262-04-11T23:47:16.854775Z");
}

TEST_CASE("times survive the way to text and back to the microsecond") {
    std::mt19937_64 random{7};
    std::size_t wrong = 0;
    for (int i = 0; i != 50'000; ++i) {
        auto const time = static_cast<arb_time>(random() % 9'214'646'400'000'000ULL) * 1000;
        if (parse_time(format_time(time)) != time) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("the clock stands in the present") {
    CHECK(arb::now() > 1'700'000'000 * second_ns);
    CHECK(arb::now() < 9'000'000'000 * second_ns);
}
