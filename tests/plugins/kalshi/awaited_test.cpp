#include "kalshi/awaited.hpp"

#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;

namespace {

constexpr arb_time start = 1'000 * second_ns, patience = 10 * second_ns;

std::vector<std::string> late(Awaited& books, arb_time now) {
    std::vector<std::string> out;
    for (auto const& each : books.take_late(patience, now)) out.push_back(each.market);
    return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("while the answer to its command waits to be read a book is not late", "[kalshi]") {
    Awaited books;
    books.asked("A", start);
    books.asked("B", start);
    CHECK(books.answers_awaited());
    CHECK(late(books, start + 300 * second_ns).empty());
    CHECK(books.to_request(500, start + 300 * second_ns).empty());
    auto const answered = start + 301 * second_ns;
    books.answered(answered);
    CHECK_FALSE(books.answers_awaited());
    CHECK(late(books, answered + patience).empty());
    CHECK(late(books, answered + patience + 1) == Names{"A", "B"});
    CHECK(books.empty());
    CHECK(books.overdue() == 2);
    books.came("A", answered + 2 * patience);
    CHECK(books.overdue() == 1);
}

TEST_CASE("while other books come one of thousands is given longer, and not for ever", "[kalshi]") {
    Awaited books;
    books.asked("A", start);
    books.answered(start);
    auto now = start;
    for (int i = 0; i != 29; ++i) {
        now += second_ns;
        books.asked("other", now);
        books.came("other", now);
        CHECK(late(books, now).empty());
    }
    CHECK(late(books, now + 2 * second_ns) == Names{"A"});
}

TEST_CASE("books that are wrong are asked for by name, the next when those came", "[kalshi]") {
    Awaited books;
    for (auto const* const market : {"A", "B", "C"}) books.spoiled(market, start);
    CHECK(books.to_request(2, start) == Names{"A", "B"});
    CHECK(books.to_request(2, start).empty());
    CHECK_FALSE(books.came("A", start + second_ns));
    CHECK(books.to_request(2, start + second_ns).empty());
    CHECK(books.came("B", start + second_ns));
    CHECK(books.to_request(2, start + second_ns) == Names{"C"});
}

TEST_CASE("what does not come is asked for again after growing pauses", "[kalshi]") {
    Awaited books;
    books.spoiled("A", start);
    auto asked = start;
    CHECK(books.to_request(500, asked) == Names{"A"});
    for (arb_time const pause : {5, 10, 20, 40, 60, 60}) {
        CHECK(books.to_request(500, asked + pause * second_ns - 1).empty());
        asked += pause * second_ns;
        CHECK(books.to_request(500, asked) == Names{"A"});
    }
    CHECK(books.came("A", asked));
    CHECK(books.empty());
}

TEST_CASE("a book of an answered command is asked for by name once nothing comes any more", "[kalshi]") {
    Awaited books;
    books.asked("A", start);
    books.asked("B", start);
    books.answered(start);
    books.came("B", start + 4 * second_ns);
    CHECK(books.to_request(500, start + 8 * second_ns).empty());
    CHECK(books.to_request(500, start + 9 * second_ns) == Names{"A"});
}

TEST_CASE("overdue books are asked for now and then, and markets that leave never", "[kalshi]") {
    Awaited books;
    for (auto const* const market : {"A", "B"}) books.asked(market, start);
    books.answered(start);
    CHECK(late(books, start + 11 * second_ns).size() == 2);
    books.left("B");
    CHECK(books.to_request(500, start + 60 * second_ns) == Names{"A"});
    CHECK(books.to_request(500, start + 119 * second_ns).empty());
    CHECK(books.to_request(500, start + 120 * second_ns) == Names{"A"});
    books.spoiled("A", start + 121 * second_ns);
    CHECK(books.overdue() == 0);
    books.clear();
    CHECK(books.to_request(500, start + 900 * second_ns).empty());
}
