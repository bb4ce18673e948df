#include "kalshi/agreement.hpp"

#include <map>

#include "arbitrage/time.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;

namespace {

struct Books {
    std::map<std::string, Best, std::less<>> best;
    Agreement agreement{[this](std::string_view market) -> std::optional<Best> {
        auto const found = best.find(market);
        return found == best.end() ? std::nullopt : std::optional{found->second};
    }};
    void ticker(char const* market, std::int64_t bid, std::int64_t ask, arb_time now) {
        Quote quote;
        quote.bid = bid;
        quote.ask = ask;
        agreement.told(market, quote, now, now);
    }
};

constexpr arb_time start = 1'000 * second_ns;

}  // namespace

TEST_CASE("a book that lags behind its ticker for a moment is no disagreement", "[kalshi]") {
    Books books;
    books.best["A"] = {400'000, 420'000};
    books.ticker("A", 410'000, 420'000, start);
    CHECK(books.agreement.differs_since("A") == start);
    CHECK(books.agreement.differing(start + second_ns).empty());
    books.best["A"] = {410'000, 420'000};
    CHECK(books.agreement.differing(start + 60 * second_ns).empty());
    CHECK(books.agreement.differs_since("A") == 0);
}

TEST_CASE("a difference that lasts is named once a minute", "[kalshi]") {
    Books books;
    books.best["A"] = {400'000, 420'000};
    books.best["B"] = {ARB_ABSENT, 420'000};
    books.ticker("A", 410'000, 420'000, start);
    books.ticker("B", ARB_ABSENT, 420'000, start);
    books.ticker("no book", 1, 2, start);
    CHECK(books.agreement.differing(start + 5 * second_ns) == std::vector<std::string>{"A"});
    CHECK(books.agreement.differing(start + 10 * second_ns).empty());
    CHECK(books.agreement.differing(start + 66 * second_ns) == std::vector<std::string>{"A"});
    CHECK(books.agreement.last("A")->bid == 410'000);
    // Another ticker that differs as well does not begin the clock anew.
    books.ticker("A", 415'000, 420'000, start + 67 * second_ns);
    CHECK(books.agreement.differs_since("A") == start);
    // A book that waits for its snapshot does not differ.
    books.best.erase("A");
    CHECK(books.agreement.differing(start + 200 * second_ns).empty());
    books.agreement.forget("A");
    CHECK(books.agreement.last("A") == nullptr);
}

TEST_CASE("what a connection beside the feed's tells is taken if it is newer", "[kalshi]") {
    Books books;
    Quote quote;
    quote.bid = 400'000;
    CHECK(books.agreement.told("A", quote, start, start).time == 0);
    quote.bid = 410'000;
    CHECK(books.agreement.told("A", quote, start, start, Agreement::Take::newer).time == start);
    CHECK(books.agreement.last("A")->bid == 400'000);
    CHECK(books.agreement.told("A", quote, start + 1, start, Agreement::Take::newer).time == start);
    CHECK(books.agreement.last("A")->bid == 410'000);
    // The feed itself is believed whatever its times.
    quote.bid = 420'000;
    CHECK(books.agreement.told("A", quote, start - 1, start).time == start + 1);
    CHECK(books.agreement.last("A")->bid == 420'000);
    // The same values at another time are nothing new; another size is.
    CHECK(books.agreement.told("A", quote, start + 2, start, Agreement::Take::newer).same);
    quote.bid_size = 1;
    CHECK_FALSE(books.agreement.told("A", quote, start + 3, start, Agreement::Take::newer).same);
}
