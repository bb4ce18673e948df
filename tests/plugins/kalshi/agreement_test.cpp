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
    CHECK(books.agreement.last("A")->best.bid == 410'000);
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
    CHECK(books.agreement.last("A")->best.bid == 400'000);
    CHECK(books.agreement.told("A", quote, start + 1, start, Agreement::Take::newer).time == start);
    CHECK(books.agreement.last("A")->best.bid == 410'000);
    // The feed itself is believed whatever its times.
    quote.bid = 420'000;
    CHECK(books.agreement.told("A", quote, start - 1, start).time == start + 1);
    CHECK(books.agreement.last("A")->best.bid == 420'000);
    // The same values at another time are nothing new; another size is.
    CHECK(books.agreement.told("A", quote, start + 2, start, Agreement::Take::newer).same);
    quote.bid_size = 1;
    CHECK_FALSE(books.agreement.told("A", quote, start + 3, start, Agreement::Take::newer).same);
}

TEST_CASE("a book that leaves its ticker behind is found without another ticker", "[kalshi]") {
    Books books;
    books.best["A"] = {410'000, 420'000};
    books.ticker("A", 410'000, 420'000, start);
    books.best["A"] = {400'000, 420'000};
    CHECK(books.agreement.differing(start + 60 * second_ns).empty());
    books.agreement.look(start + 60 * second_ns, 1, second_ns);
    CHECK(books.agreement.differs_since("A") == start + 60 * second_ns);
    CHECK(books.agreement.differing(start + 65 * second_ns) == std::vector<std::string>{"A"});
}

TEST_CASE("volume and trades are compared once the difference lasts", "[kalshi]") {
    Books books;
    auto const ticker = [&](std::int64_t volume, arb_time now) {
        Quote quote;
        quote.volume = volume;
        books.agreement.told("A", quote, now, now);
    };
    constexpr arb_time patience = 10 * second_ns;
    auto const doubted = [&](arb_time now) -> std::optional<std::pair<int, arb_time>> {
        auto const doubt = books.agreement.look(now, 1, patience);
        if (!doubt.has_value()) return {};
        CHECK(doubt->market == "A");
        return std::pair{doubt->stream, doubt->since};
    };
    using Doubt = std::pair<int, arb_time>;
    // Nothing counts before the first ticker.
    books.agreement.traded("A", 7, start);
    ticker(100, start);
    CHECK_FALSE(doubted(start + 60 * second_ns));
    // In either order.
    books.agreement.traded("A", 5, start + 60 * second_ns);
    ticker(105, start + 61 * second_ns);
    ticker(108, start + 62 * second_ns);
    books.agreement.traded("A", 3, start + 63 * second_ns);
    CHECK_FALSE(doubted(start + 100 * second_ns));
    // A trade that does not come.
    ticker(110, start + 100 * second_ns);
    ticker(120, start + 105 * second_ns);
    CHECK_FALSE(doubted(start + 109 * second_ns));
    CHECK(doubted(start + 110 * second_ns) == Doubt{ARB_STREAM_TRADES, start + 100 * second_ns});
    books.agreement.settle("A");
    ticker(125, start + 111 * second_ns);
    CHECK_FALSE(doubted(start + 150 * second_ns));
    // A ticker that does not come.
    books.agreement.traded("A", 5, start + 150 * second_ns);
    books.agreement.traded("A", 5, start + 155 * second_ns);
    CHECK(doubted(start + 160 * second_ns) == Doubt{ARB_STREAM_QUOTES, start + 150 * second_ns});
    ticker(135, start + 161 * second_ns);
    CHECK_FALSE(doubted(start + 300 * second_ns));
    books.agreement.settle_all();
    books.agreement.traded("A", 5, start + 300 * second_ns);
    CHECK_FALSE(doubted(start + 400 * second_ns));
}

TEST_CASE("volumes that no market can have are no trap", "[kalshi]") {
    Books books;
    Quote quote;
    for (auto const volume : {std::int64_t{0}, INT64_MAX, std::int64_t{0}, INT64_MAX}) {
        quote.volume = volume;
        books.agreement.told("A", quote, start, start);
        books.agreement.traded("A", INT64_MAX, start);
    }
    CHECK(books.agreement.last("A")->volume == INT64_MAX);
}
