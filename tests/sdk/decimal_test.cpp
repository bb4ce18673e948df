#include "arbitrage/decimal.hpp"

#include <random>

#include "support/catch.hpp"

using arb::DecimalError;
using arb::format_decimal;
using arb::parse_decimal;

TEST_CASE("decimal text becomes exact millionths") {
    struct Case {
        char const* text;
        std::int64_t millionths;
    };
    auto const c = GENERATE(values<Case>({
        {"0", 0},
        {"1", 1'000'000},
        {"0.42", 420'000},
        {"0.4200", 420'000},
        {".48", 480'000},
        {"5.", 5'000'000},
        {"-12.5", -12'500'000},
        {"+3", 3'000'000},
        {"-0", 0},
        {"-0.000000", 0},
        {"0.0025", 2'500},
        {"0.000001", 1},
        {"-0.000001", -1},
        {"0.0000010000000000000000000000000000", 1},
        {"000000000000000000000000000000000000000000001", 1'000'000},
        {"0000000.5000000000000000000000000000", 500'000},
        {"123456.789012", 123'456'789'012},
        {"1e-2", 10'000},
        {"1E+3", 1'000'000'000},
        {"42e-6", 42},
        {"0.00042e2", 42'000},
        {"1.5e0", 1'500'000},
        {"1000000000000000000000e-18", 1'000'000'000},
        {"0e999999999999999999999", 0},
        {"0.0e-999999999999999999999", 0},
        {"9223372036854.775807", INT64_MAX},
        {"-9223372036854.775807", -INT64_MAX},
        {"9223372036854775807e-6", INT64_MAX},
        {"999999999999", 999'999'999'999'000'000},
        {"99999.999999", 99'999'999'999},
    }));
    CAPTURE(c.text);
    auto const parsed = parse_decimal(c.text);
    CHECK(parsed.error == DecimalError::none);
    CHECK(parsed.millionths == c.millionths);
}

TEST_CASE("what is not a number says so") {
    auto const* const text =
        GENERATE("", "-", "+", ".", "-.", "e5", "1e", "1e+", "1e-", "1.2.3", "1..2", "--1", "+-1", "1-",
                 "1+1", " 1", "1 ", "1,000", "0x10", "nan", "inf", "-inf", "NaN", "1e1.5", "1f", "1_000",
                 ".e1", "null", "\xd9\xa1", "\xef\xbc\x91");
    CAPTURE(text);
    auto const parsed = parse_decimal(text);
    CHECK(parsed.error == DecimalError::not_a_number);
    CHECK(parsed.millionths == ARB_ABSENT);
    CHECK_FALSE(parsed);
}

TEST_CASE("a NUL inside a number is not a number") {
    CHECK(parse_decimal(std::string_view{"1\0", 2}).error == DecimalError::not_a_number);
    CHECK(parse_decimal(std::string_view{"\0", 1}).error == DecimalError::not_a_number);
    CHECK(parse_decimal(std::string_view{"0.5\0"
                                         "5",
                                         5})
              .error == DecimalError::not_a_number);
}

TEST_CASE("more than six decimals are refused, never rounded") {
    auto const* const text =
        GENERATE("0.0000001", "0.1234567", "-0.0000005", "1e-7", "12.34e-5", "1.0000000001",
                 "0.123456789012345678901234567890", "0.30000000000000004", "1e-400",
                 "123456789012345678901234567890e-25", "1e-99999999999999999999");
    CAPTURE(text);
    CHECK(parse_decimal(text).error == DecimalError::too_precise);
    CHECK(parse_decimal(text).millionths == ARB_ABSENT);
}

TEST_CASE("what does not fit is out of range, never wrapped") {
    auto const* const text =
        GENERATE("9223372036854.775808", "-9223372036854.775808", "9223372036855", "1e13", "1e400",
                 "123456789012345678901234567890", "18446744073709.551616", "1e99999999999999999999",
                 "18446744073709551616", "-1e18", "99999999999999999999.5");
    CAPTURE(text);
    CHECK(parse_decimal(text).error == DecimalError::out_of_range);
    CHECK(parse_decimal(text).millionths == ARB_ABSENT);
}

TEST_CASE("an exponent beyond any text does not become another number") {
    // Ten thousand zeros and an exponent that would undo them: the value is 1, or refused, never anything
    // else.
    std::string const zeros(100'000, '0');
    CHECK(parse_decimal("0." + zeros + "1e100001").millionths == 1'000'000);
    CHECK(parse_decimal("1" + zeros + "e-100000").millionths == 1'000'000);
    CHECK(parse_decimal("0." + zeros + "1e10000").error == DecimalError::too_precise);
}

TEST_CASE("the short way and the long way agree on every text of up to five characters") {
    constexpr std::string_view alphabet = "01+-.e9";
    std::size_t differences = 0;
    for (std::size_t length = 1; length <= 5; ++length) {
        std::vector<std::size_t> at(length, 0);
        std::string text(length, alphabet[0]);
        for (bool more = true; more;) {
            auto const quick = parse_decimal(text);
            auto const thorough = arb::detail::parse_long_decimal(text);
            if (quick.millionths != thorough.millionths || quick.error != thorough.error) ++differences;
            more = false;
            for (std::size_t i = 0; i != length; ++i) {
                at[i] = (at[i] + 1) % alphabet.size();
                text[i] = alphabet[at[i]];
                if (at[i] != 0) {
                    more = true;
                    break;
                }
            }
        }
    }
    CHECK(differences == 0);
}

TEST_CASE("every amount survives the way to text and back") {
    std::mt19937_64 random{20261008};
    std::size_t wrong = 0;
    auto const round = [&](std::int64_t value) {
        auto const back = parse_decimal(format_decimal(value));
        if (!back || back.millionths != value) ++wrong;
    };
    for (int bits = 1; bits < 64; ++bits)
        for (int i = 0; i != 2000; ++i) {
            auto const value =
                static_cast<std::int64_t>(random() >> (64 - bits) & static_cast<std::uint64_t>(INT64_MAX));
            round(value);
            round(-value);
        }
    for (std::int64_t value = 0; value <= ARB_UNIT; ++value) round(value);
    CHECK(wrong == 0);
}

TEST_CASE("the text of an amount is the shortest") {
    CHECK(format_decimal(0) == "0");
    CHECK(format_decimal(420'000) == "0.42");
    CHECK(format_decimal(1'000'000) == "1");
    CHECK(format_decimal(1) == "0.000001");
    CHECK(format_decimal(-1) == "-0.000001");
    CHECK(format_decimal(-1'500'000) == "-1.5");
    CHECK(format_decimal(10'000'000) == "10");
    CHECK(format_decimal(INT64_MAX) == "9223372036854.775807");
    CHECK(format_decimal(INT64_MIN) == "-9223372036854.775808");
}

TEST_CASE("the other outcome costs one minus the price") {
    CHECK(arb::complement(420'000) == 580'000);
    CHECK(arb::complement(0) == ARB_UNIT);
    CHECK(arb::complement(ARB_UNIT) == 0);
    CHECK(arb::complement(ARB_ABSENT) == ARB_ABSENT);
    CHECK(arb::complement(INT64_MAX) == ARB_UNIT - INT64_MAX);
    CHECK(arb::complement(ARB_UNIT - INT64_MAX) == INT64_MAX);
    CHECK(arb::complement(-INT64_MAX) == ARB_ABSENT);
    for (std::int64_t price = 0; price <= ARB_UNIT; price += 77)
        REQUIRE(arb::complement(arb::complement(price)) == price);
}

TEST_CASE("each reason reads as the end of a sentence") {
    CHECK(std::string{describe(DecimalError::not_a_number)} == "is not a decimal number");
    CHECK(std::string{describe(DecimalError::too_precise)} == "has more than six decimals");
    CHECK(std::string{describe(DecimalError::out_of_range)} == "is too large");
}
