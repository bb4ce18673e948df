// The order book of a past time: right to the last digit, or not known.
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"

namespace arb::test {
namespace {

std::int64_t decimal(std::string_view text) { return parse_decimal(text).millionths; }
arb_time after(double seconds) { return noon + static_cast<arb_time>(seconds * 1e9); }

struct Level {
    char const* price;
    char const* size;
};

void add_book(Packets& to, std::string_view market, std::uint64_t epoch, arb_time received,
              std::vector<Level> const& bids, std::vector<Level> const& asks,
              std::string_view venue = "kalshi") {
    auto const levels = [](std::vector<Level> const& from) {
        std::vector<arb_level> out;
        for (auto const& each : from) out.push_back({decimal(each.price), decimal(each.size)});
        return out;
    };
    auto book = to.add<arb_book>(venue, received);
    book->epoch = epoch;
    book.text(&arb_book::market_id, market);
    book.levels(&arb_book::bids, levels(bids));
    book.levels(&arb_book::asks, levels(asks));
}

void add_change(Packets& to, std::string_view market, std::uint64_t epoch, arb_time received,
                std::int32_t side, std::int64_t price, std::int64_t size) {
    auto change = to.add<arb_book_change>("kalshi", received);
    change->epoch = epoch;
    change->side = side;
    change->price = price;
    change->size = size;
    change.text(&arb_book_change::market_id, market);
}

void add_gap(Packets& to, std::string_view market, arb_time from, arb_time end,
             std::int32_t stream = ARB_STREAM_BOOKS) {
    auto gap = to.add<arb_gap>("kalshi", noon);
    gap->stream = stream;
    gap->from_time = from;
    gap->to_time = end;
    gap.text(&arb_gap::instance, "kalshi");
    gap.text(&arb_gap::market_id, market);
    gap.text(&arb_gap::reason, "disconnected");
}

// "0.42x10 0.41x5 | 0.44x7", or why not.
std::string book(SinkUnderTest& sink, std::string const& market, arb_time at, std::string const& more = "") {
    std::vector<boost::json::object> rows;
    if (sink.command("book", R"({"market":")" + market + R"(","at":")" + format_time(at) + "\"" + more + "}",
                     rows) != ARB_OK)
        return sink.error;
    std::string bids, asks;
    for (auto const& row : rows) {
        auto const text = [&](char const* key) {
            return std::string{std::string_view{row.at(key).as_string()}};
        };
        if (row.contains("bid")) bids += text("bid") + "x" + text("bid_size") + " ";
        if (row.contains("ask")) asks += " " + text("ask") + "x" + text("ask_size");
    }
    return bids + "|" + asks;
}

constexpr auto bid = ARB_BOOK_BID, ask = ARB_BOOK_ASK;

Packets some_books() {
    Packets packets;
    add_book(packets, "M1", 1, noon, {{"0.42", "10"}, {"0.41", "5"}}, {{"0.44", "7"}, {"0.4425", "1"}});
    add_change(packets, "M1", 1, after(1), bid, decimal("0.42"), 0);
    add_change(packets, "M1", 1, after(1), bid, decimal("0.42"), decimal("3"));
    add_change(packets, "M1", 1, after(2), ask, decimal("0.43"), decimal("123456789.123456"));
    add_change(packets, "M1", 1, after(3), ask, decimal("0.44"), 0);
    add_change(packets, "M1", 1, after(3), bid, decimal("0.01"), decimal("9223372036854.775807"));
    add_book(packets, "M2", 1, noon, {{"0.10", "1"}}, {});
    add_book(packets, "M3", 1, noon, {{"0.10", "1"}}, {});
    add_change(packets, "M3", 1, after(22), bid, decimal("0.11"), ARB_UNIT);
    add_book(packets, "M4", 1, noon, {{"0.10", "1"}}, {});
    add_change(packets, "M4", 9, after(2), bid, decimal("0.11"), ARB_UNIT);
    add_book(packets, "M5", 1, noon, {}, {});
    add_gap(packets, "M5", after(1), ARB_ABSENT);
    add_gap(packets, "", after(10), after(20));
    add_gap(packets, "", after(30), after(31), ARB_STREAM_TRADES);  // not of books
    for (auto const* const market : {"M6", "M7"}) {
        add_book(packets, market, 1, noon, {}, {});
        add_book(packets, market, 2, after(5), {{"0.6", "1"}}, {});
    }
    add_gap(packets, "M6", after(1), ARB_ABSENT);
    add_gap(packets, "M7", after(1), after(15));
    add_gap(packets, "M7", after(14), after(25));
    add_book(packets, "M7", 3, after(35), {}, {});
    add_book(packets, "M1", 2, after(19), {{"0.50", "2"}}, {{"0.51", "2"}});
    add_book(packets, "M1", 2, after(40), {{"0.52", "2"}}, {});
    add_change(packets, "M1", 2, after(40), bid, decimal("0.52"), decimal("4"));
    add_market(packets, "kalshi", "M1", "A market");
    {
        auto settled = packets.add<arb_status_change>("kalshi", after(38));
        settled->lifecycle = ARB_LIFECYCLE_SETTLED;
        settled.text(&arb_status_change::market_id, "M1");
    }
    {
        auto paused = packets.add<arb_status_change>("kalshi", after(39.5));
        paused->lifecycle = ARB_LIFECYCLE_PAUSED;
    }
    add_book(packets, "both", 1, noon, {}, {});
    add_book(packets, "both", 1, noon, {{"0.3", "1"}}, {}, "polymarket");
    return packets;
}

bool says(std::string const& text, char const* part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
    return text.find(part) != std::string::npos;
}

void checks_where_it_is_not_known(SinkUnderTest& sink) {
    auto const early = book(sink, "M1", noon - 1000);
    CHECK(says(early, "no whole book was stored at or before it"));
    CHECK(says(early, "It is known again at 2026-11-20T12:00:00.000000Z"));
    auto const inside = book(sink, "M1", after(15));
    CHECK(says(inside, "inside a gap of kalshi (stream books, disconnected) from 2026-11-20T12:00:10"));
    CHECK(says(inside, "It is known again at 2026-11-20T12:00:20.000000Z"));  // it came within the gap
    CHECK(says(book(sink, "M1", after(19.5)), "inside a gap"));  // what came may be lost again meanwhile
    CHECK(says(book(sink, "M2", after(25)), "lies between it and the whole book of"));
    CHECK(says(book(sink, "M2", after(25)), "No later whole book is stored"));
    CHECK(says(book(sink, "M3", after(15)), "It is known again at 2026-11-20T12:00:22.000000Z"));
    CHECK(says(book(sink, "M4", after(3)), "began anew"));
    CHECK(says(book(sink, "M4", after(3)), "No later whole book is stored"));
    CHECK(says(book(sink, "M5", after(5)), "inside a gap of kalshi (stream books, disconnected)"));
    CHECK(says(book(sink, "M5", after(5)), "No later whole book is stored"));
    for (double const at : {3., 6., 12.})
        CHECK(says(book(sink, "M6", after(at)),
                   "A whole book of 2026-11-20T12:00:05.000000Z is stored, but doubted until that gap ends"));
    for (double const at : {3., 6., 12.})
        CHECK(says(book(sink, "M7", after(at)), "It is known again at 2026-11-20T12:00:35.000000Z"));
    CHECK(says(book(sink, "M1", after(40) + 1000),
               "nothing that was received after 2026-11-20T12:00:40.000000Z"));
    CHECK(says(book(sink, "nobody", after(5)), "no market nobody is stored"));
    CHECK(says(book(sink, "both", after(5)), "say which with --venue"));
    CHECK(says(book(sink, "both", after(5), R"(,"venue":"else")"), "no market both of else is stored"));
    std::vector<boost::json::object> rows;
    CHECK(sink.command("book", R"({"market":"M1","at":"yesterday"})", rows) == ARB_PERMANENT);
    CHECK(says(sink.error, "is not a time"));
}

}  // namespace

void rebuilds_books(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(some_books()) == ARB_OK);
    REQUIRE(sink.dead_letters == 0);
    SinkUnderTest reader{database};
    CHECK(book(reader, "M1", noon) == "0.42x10 0.41x5 | 0.44x7 0.4425x1");
    CHECK(book(reader, "M1", after(1)) == "0.42x3 0.41x5 | 0.44x7 0.4425x1");
    CHECK(book(reader, "M1", after(2.5)) == "0.42x3 0.41x5 | 0.43x123456789.123456 0.44x7 0.4425x1");
    CHECK(book(reader, "M1", after(9)) ==
          "0.42x3 0.41x5 0.01x9223372036854.775807 | 0.43x123456789.123456 0.4425x1");
    CHECK(book(reader, "M1", after(10)) == book(reader, "M1", after(9)));  // up to the gap
    CHECK(book(reader, "M1", after(9), R"(,"depth":1)") == "0.42x3 | 0.43x123456789.123456");
    CHECK(book(reader, "M1", after(1), R"(,"outcome":1)") == "0.56x7 0.5575x1 | 0.58x3 0.59x5");
    CHECK(book(reader, "M1", after(20)) == "0.5x2 | 0.51x2");
    CHECK(book(reader, "M1", after(40)) == "0.52x4 |");
    CHECK(book(reader, "M3", after(25)) == "0.11x1 0.1x1 |");  // the gap was another feed's
    CHECK(book(reader, "M5", after(0.5)) == "|");
    CHECK(book(reader, "both", after(5), R"(,"venue":"polymarket")") == "0.3x1 |");
    checks_where_it_is_not_known(reader);

    std::vector<boost::json::object> rows;
    REQUIRE(reader.command("book", R"({"market":"M1"})", rows) == ARB_OK);  // now
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("snapshot_at") == "2026-11-20T12:00:40.000000Z");
    CHECK(rows[0].at("changes") == 1);
    CHECK(rows[0].at("epoch") == "2");
    CHECK(rows[0].at("status") == "settled");
    CHECK(rows[0].at("venue_paused") == true);
    CHECK(rows[0].at("stored_up_to") == "2026-11-20T12:00:40.000000Z");
    rows.clear();
    REQUIRE(reader.command("book", R"({"market":"M1","at":"2026-11-20T12:00:05Z"})", rows) == ARB_OK);
    CHECK(rows.at(0).at("status") == "open");
    CHECK_FALSE(rows[0].contains("venue_paused"));
    rows.clear();
    REQUIRE(reader.command("book", R"({"market":"M3","at":"2026-11-20T12:00:05Z"})", rows) == ARB_OK);
    CHECK_FALSE(rows.at(0).contains("status"));  // nobody said
    CHECK(rows[0].at("level") == 1);
}

void names_markets_as_people_do(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    std::string_view const outcomes[] = {"Yes", "No"};
    std::string_view const tokens[] = {"71321045679252212594626385532706912750",
                                       "52114319501245915516055106046884209969"};
    auto const add = [&](std::string_view id, std::string_view slug) {
        auto market = packets.add<arb_market>("polymarket", noon);
        market.text(&arb_market::market_id, id);
        market.text(&arb_market::raw, "{\"slug\":\"" + std::string{slug} + "\"}");
        market.texts(&arb_market::outcomes, outcomes);
        if (slug == "rain-on-friday") market.texts(&arb_market::token_ids, tokens);
    };
    add("0xabc1", "rain-on-friday");
    add("0xabd2", "snow-on-friday");
    add("0xabd3", "snow-on-friday");
    add_book(packets, "0xabc1", 1, noon, {{"0.4", "1"}}, {{"0.7", "2"}}, "polymarket");
    add_book(packets, "KXRAIN-26NOV-B1", 1, noon, {{"0.2", "1"}}, {});
    REQUIRE(sink.write(packets) == ARB_OK);
    REQUIRE(sink.dead_letters == 0);
    SinkUnderTest reader{database};
    for (auto const* const name : {"0xabc1", "0XABC1", "0xABC1", "rain-on-friday"})
        CHECK(book(reader, name, noon) == "0.4x1 | 0.7x2");
    CHECK(book(reader, std::string{tokens[0]}, noon) == "0.4x1 | 0.7x2");
    CHECK(book(reader, std::string{tokens[1]}, noon) == "0.3x2 | 0.6x1");  // the other outcome's
    CHECK(book(reader, std::string{tokens[1]}, noon, R"(,"depth":1,"venue":"polymarket")") ==
          "0.3x2 | 0.6x1");
    std::vector<boost::json::object> rows;
    REQUIRE(reader.command("book", R"({"market":")" + std::string{tokens[1]} + "\"}", rows) == ARB_OK);
    CHECK(rows.at(0).at("market_id") == "0xabc1");
    CHECK(rows[0].at("outcome") == 1);
    CHECK(book(reader, "kxrain-26nov-b1", noon) == "0.2x1 |");
    CHECK(book(reader, "kxrain-26nov-b1", noon, R"(,"outcome":1)") == "| 0.8x1");
    CHECK(says(book(reader, "snow-on-friday", noon), "may be market 0xabd2 or 0xabd3: say which"));
    CHECK(says(book(reader, "KXRAIN-26NOV-B2", noon), "is stored; near it are: KXRAIN-26NOV-B1"));
    CHECK(says(book(reader, "0xABC", noon), "is stored; near it are: 0xabc1"));
    CHECK(book(reader, "KXSNOW", noon) == "no market KXSNOW is stored");
    CHECK(book(reader, "rain%", noon) == "no market rain% is stored");
}

void rebuilds_books_like_a_reader_of_the_feed(Database& database) {
    using Side = std::map<std::int64_t, std::int64_t>;
    std::mt19937 random{20261120};
    auto const below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    std::map<arb_time, std::string> expected;
    Side sides[2];
    auto const print = [&] {
        std::string out;
        for (auto level = sides[bid].rbegin(); level != sides[bid].rend(); ++level)
            out += format_decimal(level->first) + "x" + format_decimal(level->second) + " ";
        out += "|";
        for (auto const& [price, size] : sides[ask])
            out += " " + format_decimal(price) + "x" + format_decimal(size);
        return out;
    };
    arb_time at = noon;
    add_book(packets, "M1", 1, at, {}, {});
    for (int i = 0; i != 2000; ++i) {
        at += below(3) * 1000;  // often the same microsecond
        if (i % 500 == 499) {
            auto whole = packets.add<arb_book>("kalshi", at);
            std::vector<arb_level> bids, asks;
            for (auto level = sides[bid].rbegin(); level != sides[bid].rend(); ++level)
                bids.push_back({level->first, level->second});
            for (auto const& [price, size] : sides[ask]) asks.push_back({price, size});
            whole->epoch = 1;
            whole.text(&arb_book::market_id, "M1");
            whole.levels(&arb_book::bids, bids);
            whole.levels(&arb_book::asks, asks);
        } else {
            auto const side = below(2);
            auto const price = (side == bid ? 1 + below(40) : 41 + below(40)) * 10'000;
            auto const size = below(3) == 0 ? 0 : 1 + below(1'000'000'000);
            add_change(packets, "M1", 1, at, side, price, size);
            if (size == 0)
                sides[side].erase(price);
            else
                sides[side][price] = size;
        }
        expected[at] = print();
    }
    REQUIRE(sink.write(packets) == ARB_OK);
    SinkUnderTest reader{database};
    for (int i = 0; i != 15; ++i) {
        auto found = expected.begin();
        std::advance(found, below(static_cast<int>(expected.size())));
        INFO(format_time(found->first));
        CHECK(book(reader, "M1", found->first) == found->second);
    }
}

// Each batch is a gap's end and a book of one level, which is in every answer whole or not at all.
void rebuilds_books_while_they_are_written(Database& database) {
    constexpr int answers = 60;
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    auto const begin_anew = [&](std::uint64_t epoch) {
        Packets packets;
        auto const at = noon + static_cast<arb_time>(epoch) * 1'000'000;
        add_book(packets, "M1", epoch, at, {{"0.4", "1"}}, {});
        add_change(packets, "M1", epoch, at + 1000, bid, decimal("0.4"), 0);
        add_change(packets, "M1", epoch, at + 2000, bid, decimal("0.5") + static_cast<std::int64_t>(epoch),
                   ARB_UNIT);
        return sink.write(packets);
    };
    REQUIRE(begin_anew(1) == ARB_OK);
    std::atomic<bool> done{false};
    std::thread writer{[&] {
        for (std::uint64_t epoch = 2; !done && epoch != 100'000; ++epoch)
            if (begin_anew(epoch) != ARB_OK) return;
    }};
    SinkUnderTest reader{database};
    std::vector<std::string> wrong;
    for (int i = 0; i != answers; ++i) {
        std::vector<boost::json::object> rows;
        if (reader.command("book", R"({"market":"M1"})", rows) != ARB_OK) {
            wrong.push_back(reader.error);
            continue;
        }
        auto const epoch = std::stoll(std::string{rows[0].at("epoch").as_string()});
        if (rows.size() != 1 || rows[0].at("bid").as_string() != format_decimal(decimal("0.5") + epoch))
            wrong.push_back(boost::json::serialize(rows[0]));
    }
    done = true;
    writer.join();
    CHECK(wrong == std::vector<std::string>{});
    CHECK(sink.error.empty());
}

}  // namespace arb::test
