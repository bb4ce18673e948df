// Every query of docs/schema.md is asked of both databases: it runs, and it answers what the page says.
#include <fstream>
#include <sstream>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::test;

namespace {

constexpr std::int64_t cent = 10'000;
constexpr std::string_view market_id = "KXFED-26DEC-C25";  // the page's

// The statements of the page's blocks of SQL for the database, which may be named behind the word sql.
std::vector<std::string> statements(std::string const& plugin) {
    std::ifstream file{ARBITRAGE_SCHEMA_PAGE};
    REQUIRE(file);
    std::vector<std::string> out;
    std::string text;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.find("```") != std::string::npos) {
            inside = line.ends_with("```sql") || line.ends_with("```sql " + plugin);
            continue;
        }
        if (!inside) continue;
        text += line.substr(0, line.find("--")) + '\n';
        if (auto const end = text.find(';'); end != std::string::npos) {
            out.push_back(text.substr(0, end));
            text.clear();
        }
    }
    CHECK(text.find_first_not_of(" \n") == std::string::npos);
    return out;
}

void add_terms(Packets& to, arb_time received, std::string_view rules, std::int64_t tick_size) {
    std::string_view const outcomes[] = {"Yes", "No"};
    auto market = to.add<arb_market>("kalshi", received);
    market->lifecycle = ARB_LIFECYCLE_OPEN;
    market->tick_size = tick_size;
    market.text(&arb_market::market_id, market_id);
    market.text(&arb_market::event_id, "KXFED-26DEC");
    market.text(&arb_market::title, "How far is it cut?");
    market.text(&arb_market::rules, rules);
    market.texts(&arb_market::outcomes, outcomes);
}

// Part 2 pauses before noon; the whole from half past twelve to one, part 3 until five past. Another pause
// was over before noon.
void add_pauses(Packets& to) {
    struct State {
        int minutes;
        std::int32_t lifecycle;
        char const* detail;
    };
    for (auto const& each :
         {State{-120, ARB_LIFECYCLE_PAUSED, ""}, State{-60, ARB_LIFECYCLE_OPEN, ""},
          State{-30, ARB_LIFECYCLE_PAUSED, R"({"part":2})"}, State{-20, ARB_LIFECYCLE_OPEN, R"({"part":3})"},
          State{-10, ARB_LIFECYCLE_NONE, R"({"from":"12:30"})"},
          State{30, ARB_LIFECYCLE_PAUSED, R"({"resumes_at":"13:00"})"}, State{60, ARB_LIFECYCLE_OPEN, ""},
          State{60, ARB_LIFECYCLE_PAUSED, R"({"part":3})"}, State{65, ARB_LIFECYCLE_OPEN, R"({"part":3})"}}) {
        auto status = to.add<arb_status_change>("kalshi", noon + each.minutes * 60 * second_ns);
        status->lifecycle = each.lifecycle;
        status.text(&arb_status_change::detail, each.detail);
    }
}

// What the page asks about: rules, tick and fees that changed, quotes and a trade around noon, a gap after
// it, a settlement at 0.37, and an accepted pair.
Packets happened() {
    Packets packets;
    add_terms(packets, noon - 3600 * second_ns, "first rules", cent);
    {
        auto event = packets.add<arb_event>("kalshi", noon - 3600 * second_ns);
        event.text(&arb_event::event_id, "KXFED-26DEC");
        event.text(&arb_event::series, "KXFED");
    }
    for (int i = 0; i != 2; ++i) {
        auto fee = packets.add<arb_fee_schedule>("kalshi", noon - 3600 * second_ns);
        fee->scope = ARB_SCOPE_SERIES;
        fee->multiplier = (i + 1) * ARB_UNIT / 2;
        fee->effective_from = noon + (2 * i - 1) * 1800 * second_ns;  // half an hour before and after
        fee.text(&arb_fee_schedule::scope_id, "KXFED");
        fee.text(&arb_fee_schedule::type, "quadratic");
    }
    add_quote(packets, "kalshi", market_id, 42 * cent, 44 * cent, noon - 120 * second_ns);
    add_terms(packets, noon - 60 * second_ns, "second rules", cent / 2);
    add_quote(packets, "kalshi", market_id, 43 * cent, 44 * cent, noon - 30 * second_ns);
    add_trade(packets, market_id, "t1", 44 * cent, noon - 20 * second_ns);
    add_quote(packets, "kalshi", market_id, 45 * cent, 46 * cent, noon + 30 * second_ns);
    add_terms(packets, noon + 60 * second_ns, "third rules", cent);
    {
        auto gap = packets.add<arb_gap>("kalshi", noon + 720 * second_ns);
        gap->stream = ARB_STREAM_QUOTES;
        gap->from_time = noon + 600 * second_ns;
        gap->to_time = noon + 720 * second_ns;
        gap.text(&arb_gap::instance, "kalshi");
        gap.text(&arb_gap::reason, "disconnected");
    }
    {
        auto settled =
            packets.add<arb_status_change>("kalshi", noon + 7200 * second_ns, noon + 7200 * second_ns);
        settled->lifecycle = ARB_LIFECYCLE_SETTLED;
        settled->settlement_value = 37 * cent;
        settled.text(&arb_status_change::market_id, market_id);
        settled.text(&arb_status_change::result, "scalar");
    }
    add_pauses(packets);
    add_quote(packets, "polymarket", "0xb", 46 * cent, 47 * cent);
    auto pair = packets.add<arb_pair>("scanner", noon);
    pair->relation = ARB_RELATION_SAME;
    pair->status = ARB_PAIR_ACCEPTED;
    pair.text(&arb_pair::pair_id, "p1");
    pair.text(&arb_pair::venue_a, "kalshi");
    pair.text(&arb_pair::market_id_a, market_id);
    pair.text(&arb_pair::venue_b, "polymarket");
    pair.text(&arb_pair::market_id_b, "0xb");
    return packets;
}

std::int64_t amount(std::optional<std::string> const& text) {
    return parse_decimal(text.value_or("")).millionths;
}

// A whole book before noon, and changes before and after.
void add_books(Packets& to) {
    arb_level const bids[] = {{43 * cent, ARB_UNIT}, {42 * cent, 5 * ARB_UNIT}},
                    asks[] = {{44 * cent, ARB_UNIT}};
    {
        auto book = to.add<arb_book>("kalshi", noon - 600 * second_ns);
        book.text(&arb_book::market_id, market_id);
        book.levels(&arb_book::bids, bids);
        book.levels(&arb_book::asks, asks);
    }
    struct Change {
        int seconds;
        std::int32_t side;
        std::int64_t price;
        std::int64_t size;
    };
    for (auto const& each :
         {Change{-300, ARB_BOOK_BID, 43 * cent, 0}, Change{-200, ARB_BOOK_ASK, 45 * cent, 7},
          Change{-100, ARB_BOOK_BID, 42 * cent, 6}, Change{60, ARB_BOOK_BID, 42 * cent, 0}}) {
        auto change = to.add<arb_book_change>("kalshi", noon + each.seconds * second_ns);
        change->side = each.side;
        change->price = each.price;
        change->size = each.size;
        change.text(&arb_book_change::market_id, market_id);
    }
}

using Levels = std::vector<std::pair<std::int64_t, std::int64_t>>;

// Asks and then bids, the best first.
Levels levels(std::vector<TextRow> const& rows) {
    Levels out;
    for (auto const& row : rows) out.emplace_back(amount(row[1]), amount(row[2]));
    return out;
}

Levels book_of_noon(SinkUnderTest& sink) {
    std::vector<boost::json::object> rows;
    REQUIRE(sink.command("book", R"({"market":"KXFED-26DEC-C25","at":"2026-11-20T12:00:00Z"})", rows) ==
            ARB_OK);
    Levels out;
    for (char const* const side : {"ask", "bid"})
        for (auto const& row : rows)
            if (row.contains(side))
                out.emplace_back(parse_decimal(row.at(side).as_string()).millionths,
                                 parse_decimal(row.at(std::string{side} + "_size").as_string()).millionths);
    CHECK(out == Levels{{44 * cent, ARB_UNIT}, {45 * cent, 7}, {42 * cent, 6}});
    return out;
}

void asks(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    auto packets = happened();
    add_books(packets);
    REQUIRE(sink.write(packets) == ARB_OK);
    REQUIRE(sink.dead_letters == 0);
    int known = 0;
    for (auto const& statement : statements(database.plugin())) {
        INFO(statement);
        auto const rows = database.query(statement);
        REQUIRE_FALSE(rows.empty());
        auto const about = [&](char const* words) {
            bool const found = statement.find(words) != std::string::npos;
            known += found;
            return found;
        };
        if (about("FROM tick_terms")) {
            REQUIRE(rows.size() == 1);
            CHECK(amount(rows[0][1]) == 43 * cent);
            CHECK(rows[0][3] == "second rules");
            CHECK(amount(rows[0][4]) == cent / 2);
            CHECK(amount(rows[0][7]) == ARB_UNIT / 2);
        } else if (about("FROM gaps")) {
            REQUIRE(rows.size() == 1);
            CHECK(rows[0][4] == "disconnected");
        } else if (about("AS pays_0")) {
            REQUIRE(rows.size() == 1);
            CHECK(rows[0][1] == "scalar");
            CHECK(amount(rows[0][2]) == 37 * cent);
            CHECK(amount(rows[0][3]) == 63 * cent);
        } else if (about("AS buyer_gains")) {
            REQUIRE(rows.size() == 1);
            CHECK(amount(rows[0][5]) == -7 * cent);
        } else if (about("AS rules")) {
            REQUIRE(rows.size() == 1);
            CHECK(rows[0][3] == "second rules");
        } else if (about("venue_status, result")) {
            REQUIRE(rows.size() == 1);
            CHECK(rows[0][0] == "open");
        } else if (about("AS pauses")) {
            REQUIRE(rows.size() == 3);
            auto const is = [&](std::size_t i, int from, int end, char const* part) {
                CHECK(parse_time(rows[i][0].value_or("")) == noon + from * 60 * second_ns);
                CHECK(parse_time(rows[i][1].value_or("")) == noon + end * 60 * second_ns);
                CHECK(rows[i][2].value_or("whole") == part);
            };
            is(0, -30, 30, "2");
            is(1, 30, 60, "whole");
            is(2, 60, 65, "3");
        } else if (about("AS bid_b")) {
            REQUIRE(rows.size() == 3);
            CHECK_FALSE(rows[0][3].has_value());  // before b had a quote
            CHECK_FALSE(rows[1][3].has_value());
            CHECK(amount(rows[2][1]) == 45 * cent);
            CHECK(amount(rows[2][3]) == 46 * cent);
            CHECK(amount(rows[2][4]) == 47 * cent);
        } else if (about("DISTINCT ON")) {
            CHECK(levels(rows) == book_of_noon(sink));
        }
    }
    CHECK(known == (database.plugin() == std::string_view{"postgres"} ? 9 : 8));
}

}  // namespace

TEST_CASE("what the page of tables asks is answered by postgres") {
    PostgresCluster cluster{{"fsync=off"}};
    PostgresDatabase database{cluster, "page"};
    asks(database);
}

TEST_CASE("what the page of tables asks is answered by sqlite") {
    SqliteDatabase database;
    asks(database);
}
