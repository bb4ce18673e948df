// Every query of docs/schema.md is asked of both databases: it runs, and it answers what the page says.
#include <fstream>
#include <sstream>

#include "arbitrage/decimal.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::test;

namespace {

constexpr std::int64_t cent = 10'000;
constexpr std::string_view market_id = "KXFED-26DEC-C25";  // the page's

// The statements of the page's blocks of SQL.
std::vector<std::string> statements() {
    std::ifstream file{ARBITRAGE_SCHEMA_PAGE};
    REQUIRE(file);
    std::vector<std::string> out;
    std::string text;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.find("```") != std::string::npos) {
            inside = line.find("```sql") != std::string::npos;
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

void asks(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(happened()) == ARB_OK);
    REQUIRE(sink.dead_letters == 0);
    int known = 0;
    for (auto const& statement : statements()) {
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
        }
    }
    CHECK(known == 5);
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
