#include "sinks/shared.hpp"

#include <string>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "support/catch.hpp"

namespace arb::test {
namespace {

constexpr std::int64_t cent = 10'000;

std::int64_t decimal(std::string_view text) { return parse_decimal(text).millionths; }

arb_time time_of(std::string const& text) { return parse_time(text).value_or(-1); }

// PostgreSQL writes booleans as t, SQLite as 1.
bool truth(std::optional<std::string> const& value) {
    return value == "t" || value == "true" || value == "1";
}

// JSON as PostgreSQL and SQLite print it differs in blanks only.
std::string compact(std::string const& json) { return boost::json::serialize(boost::json::parse(json)); }

Packets catalogue() {
    Packets packets;
    {
        auto event = packets.add<arb_event>("kalshi", noon, 0);
        event->opens_at = noon - 1000;
        event->closes_at = noon + 86'400 * second_ns;
        event->lifecycle = ARB_LIFECYCLE_OPEN;
        event->mutually_exclusive = ARB_YES;
        event.text(&arb_event::event_id, "FED-26DEC");
        event.text(&arb_event::series, "FED");
        event.text(&arb_event::title, "Fed decision in December?");
        event.text(&arb_event::category, "Economics");
        event.text(&arb_event::url, "https://example.test/fed");
        event.text(&arb_event::raw, R"({"ticker":"FED-26DEC","n":[1,2.50]})");
    }
    {
        std::string_view const outcomes[] = {"Yes", "No \"way\""}, tokens[] = {"111", "222"};
        auto market = packets.add<arb_market>("kalshi", noon + 123'456'789, 0, ARB_FLAG_POLLED);
        market->tick_size = 2'500;
        market->volume = decimal("1234567.89");
        market->settlement_value = ARB_UNIT;
        market->closes_at = noon + second_ns;
        market->settled_at = noon + 2 * second_ns;
        market->lifecycle = ARB_LIFECYCLE_SETTLED;
        market.text(&arb_market::market_id, "FED-26DEC-C25");
        market.text(&arb_market::event_id, "FED-26DEC");
        market.text(&arb_market::title, "Cut of 25bp");
        market.texts(&arb_market::outcomes, outcomes);
        market.texts(&arb_market::token_ids, tokens);
        market.text(&arb_market::venue_status, "finalized");
        market.text(&arb_market::rules, "If the rate...");
        market.text(&arb_market::fee, R"({"type":"quadratic"})");
        market.text(&arb_market::price_ranges, R"([{"start":"0","end":"1","step":"0.0025"}])");
        market.text(&arb_market::result, "yes");
        market.text(&arb_market::raw, "{}");
    }
    return packets;
}

void check_event(Database& database) {
    auto const event = database.row(
        "SELECT venue, event_id, series, title, subtitle, category, mutually_exclusive, status, opens_at, "
        "closes_at, url, "
        "raw, first_seen_at, changed_at, position, flags FROM kalshi_events");
    CHECK(event[0] == "kalshi");
    CHECK(event[1] == "FED-26DEC");
    CHECK(event[2] == "FED");
    CHECK(event[3] == "Fed decision in December?");
    CHECK_FALSE(event[4].has_value());
    CHECK(event[5] == "Economics");
    CHECK(truth(event[6]));
    CHECK(event[7] == "open");
    CHECK(time_of(*event[8]) == noon - 1000);
    CHECK(time_of(*event[9]) == noon + 86'400 * second_ns);
    CHECK(event[10] == "https://example.test/fed");
    auto const raw = boost::json::parse(*event[11]).as_object();
    CHECK(raw.at("ticker") == "FED-26DEC");
    CHECK(raw.at("n").as_array().size() == 2);
    CHECK(time_of(*event[12]) == noon);
    CHECK(event[14] == "1");
    CHECK(event[15] == "0");
}

void check_market(Database& database) {
    auto const market = database.row("SELECT market_id, event_id, title, " + database.list("outcomes") +
                                     ", " + database.list("token_ids") +
                                     ", status, venue_status, rules, fee, opens_at, closes_at, settled_at, "
                                     "result, price_ranges, changed_at, flags, "
                                     "market_key FROM markets WHERE venue = 'kalshi'");
    CHECK(market[0] == "FED-26DEC-C25");
    CHECK(market[1] == "FED-26DEC");
    CHECK(market[2] == "Cut of 25bp");
    CHECK(compact(*market[3]) == R"(["Yes","No \"way\""])");
    CHECK(compact(*market[4]) == R"(["111","222"])");
    CHECK(market[5] == "settled");
    CHECK(market[6] == "finalized");
    CHECK(market[7] == "If the rate...");
    CHECK(compact(*market[8]) == R"({"type":"quadratic"})");
    CHECK_FALSE(market[9].has_value());
    CHECK(time_of(*market[10]) == noon + second_ns);
    CHECK(time_of(*market[11]) == noon + 2 * second_ns);
    CHECK(market[12] == "yes");
    CHECK(boost::json::parse(*market[13]).as_array().at(0).at("step") == "0.0025");
    CHECK(time_of(*market[14]) == noon + 123'456'000);  // microseconds
    CHECK(market[15] == std::to_string(ARB_FLAG_POLLED));
    CHECK(database.amount("SELECT tick_size FROM markets") == 2'500);
    CHECK(database.amount("SELECT volume FROM markets") == decimal("1234567.89"));
    CHECK(database.amount("SELECT settlement_value FROM markets") == ARB_UNIT);
    CHECK(database.text("SELECT market_id FROM market_keys WHERE market_key = " + *market[16]) ==
          "FED-26DEC-C25");
}

Packets the_rest() {
    Packets packets;
    add_market(packets, "kalshi", "M1", "A market");
    {
        auto status = packets.add<arb_status_change>("kalshi", noon + 5, noon + 4);
        status->lifecycle = ARB_LIFECYCLE_SETTLED;
        status->settlement_value = ARB_UNIT;
        status.text(&arb_status_change::market_id, "M1");
        status.text(&arb_status_change::venue_status, "finalized");
        status.text(&arb_status_change::result, "yes");
        status.text(&arb_status_change::detail, R"({"why":"because"})");
    }
    for (arb_time const end : {ARB_ABSENT, noon + second_ns}) {
        auto gap = packets.add<arb_gap>("kalshi", noon);
        gap->stream = ARB_STREAM_QUOTES;
        gap->from_time = noon - second_ns;
        gap->to_time = end;
        gap->recovered = end == ARB_ABSENT ? ARB_NO : ARB_YES;
        gap.text(&arb_gap::instance, "kalshi/two");
        gap.text(&arb_gap::reason, "disconnected");
    }
    {
        auto gap = packets.add<arb_gap>("kalshi", noon);
        gap->stream = ARB_STREAM_BOOKS;
        gap->from_time = noon - second_ns;
        gap.text(&arb_gap::instance, "kalshi/two");
        gap.text(&arb_gap::market_id, "M1");
    }
    add_pair(packets, "p1", ARB_RELATION_INVERSE, ARB_PAIR_CANDIDATE, "0xabc");
    for (int i = 0; i != 2; ++i) {
        auto found = packets.add<arb_opportunity>("scanner", noon);
        found->opened_at = noon;
        found->closed_at = i == 0 ? ARB_ABSENT : noon + second_ns;
        found->size_max = 100 * ARB_UNIT;
        found->edge_peak = 12'345;
        found->profit_peak = 1'234'500;
        found->annualised_peak = 100'000;
        found.text(&arb_opportunity::opportunity_id, "o1");
        found.text(&arb_opportunity::pair_id, "p1");
        found.text(&arb_opportunity::opportunity_kind, "cross");
        found.text(&arb_opportunity::legs, R"([{"side":"buy"}])");
    }
    {
        auto custom = packets.add<arb_custom>("weather", noon, noon);
        custom.text(&arb_custom::topic, "weather.rain");
        custom.text(&arb_custom::body, R"({"mm":3})");
    }
    return packets;
}

}  // namespace

Packets quotes(int count, arb_time received) {
    Packets packets;
    for (int i = 0; i != count; ++i)
        add_quote(packets, "kalshi", "M" + std::to_string(i), 42 * cent, 43 * cent, received + i);
    return packets;
}

void add_quote(Packets& to, std::string_view venue, std::string_view market, std::int64_t bid,
               std::int64_t ask, arb_time received) {
    auto quote = to.add<arb_quote>(venue, received);
    quote->bid = bid;
    quote->ask = ask;
    quote->bid_size = 100 * ARB_UNIT;
    quote->ask_size = 200 * ARB_UNIT;
    quote.text(&arb_quote::market_id, market);
}

void add_trade(Packets& to, std::string_view market, std::string_view trade_id, std::int64_t price,
               arb_time received) {
    auto trade = to.add<arb_trade>("kalshi", received, received - second_ns);
    trade->price = price;
    trade->size = ARB_UNIT;
    trade->taker_side = ARB_SIDE_BUY;
    trade.text(&arb_trade::market_id, market);
    trade.text(&arb_trade::trade_id, trade_id);
}

void add_market(Packets& to, std::string_view venue, std::string_view market, std::string_view title,
                arb_time received) {
    std::string_view const outcomes[] = {"Yes", "No"};
    auto draft = to.add<arb_market>(venue, received);
    draft->lifecycle = ARB_LIFECYCLE_OPEN;
    draft.text(&arb_market::market_id, market);
    draft.text(&arb_market::title, title);
    draft.texts(&arb_market::outcomes, outcomes);
}

void add_pair(Packets& to, std::string_view id, std::int32_t relation, std::int32_t status,
              std::string_view market_b) {
    auto pair = to.add<arb_pair>("scanner", noon);
    pair->relation = relation;
    pair->status = status;
    pair.text(&arb_pair::pair_id, id);
    pair.text(&arb_pair::venue_a, "kalshi");
    pair.text(&arb_pair::market_id_a, "FED-CUT");
    pair.text(&arb_pair::venue_b, "polymarket");
    pair.text(&arb_pair::market_id_b, market_b);
    pair.text(&arb_pair::evidence, R"({"by":"a person"})");
}

void stores_catalogue(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(catalogue()) == ARB_OK);
    CHECK(sink.dead_letters == 0);
    check_event(database);
    check_market(database);
}

void stores_prices(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    {
        auto quote = packets.add<arb_quote>("kalshi", noon, noon - 1'500'000);
        quote->bid = 42 * cent;
        quote->bid_size = decimal("300.01");
        quote->last_price = 43 * cent;
        quote->volume = decimal("12.5");
        quote->open_interest = 0;
        quote.text(&arb_quote::market_id, "M1");
    }
    add_quote(packets, "kalshi", "M1", 44 * cent, 45 * cent, noon + 2);
    add_quote(packets, "kalshi", "M2", 1 * cent, 2 * cent, noon + 3);
    add_quote(packets, "polymarket", "M1", 50 * cent, 51 * cent, noon + 4);
    REQUIRE(sink.write(packets) == ARB_OK);

    CHECK(database.count("tick_history") == 4);
    CHECK(database.count("latest_prices") == 3);
    auto const tick = database.row(
        "SELECT venue, outcome, venue_time, received_at, ask, ask_size, last_size, position FROM "
        "kalshi_tick_history "
        "WHERE position = 1");
    CHECK(tick[0] == "kalshi");
    CHECK(tick[1] == "0");
    CHECK(time_of(*tick[2]) == noon - 1'500'000);
    CHECK(time_of(*tick[3]) == noon);
    CHECK_FALSE(tick[4].has_value());  // no ask is NULL, never 0 or 1
    CHECK_FALSE(tick[5].has_value());
    CHECK_FALSE(tick[6].has_value());
    CHECK(database.amount("SELECT bid FROM tick_history WHERE position = 1") == 42 * cent);
    CHECK(database.amount("SELECT bid_size FROM tick_history WHERE position = 1") == decimal("300.01"));
    CHECK(database.amount("SELECT open_interest FROM tick_history WHERE position = 1") == 0);
    CHECK(database.text("SELECT venue_time FROM tick_history WHERE position = 2") == "NULL");

    // The newest of the batch, and the views that name the market.
    CHECK(database.amount("SELECT bid FROM prices WHERE venue = 'kalshi' AND market_id = 'M1'") == 44 * cent);
    CHECK(database.text("SELECT position FROM kalshi_latest_prices ORDER BY position DESC LIMIT 1") == "3");
    CHECK(database.text("SELECT count(*) FROM ticks WHERE market_id = 'M1' AND venue = 'kalshi'") == "2");

    // An older one does not replace a newer; a newer does; what was obtained afterwards is only history.
    Packets later;
    add_quote(later, "kalshi", "M1", 10 * cent, 11 * cent, noon - second_ns);
    add_quote(later, "kalshi", "M2", 5 * cent, 6 * cent, noon + second_ns);
    {
        auto late = later.add<arb_quote>("kalshi", noon + 2 * second_ns, 0, ARB_FLAG_BACKFILLED);
        late->bid = 99 * cent;
        late.text(&arb_quote::market_id, "M2");
    }
    REQUIRE(sink.write(later) == ARB_OK);
    CHECK(database.count("tick_history") == 7);
    CHECK(database.amount("SELECT bid FROM prices WHERE venue = 'kalshi' AND market_id = 'M1'") == 44 * cent);
    CHECK(database.amount("SELECT bid FROM prices WHERE market_id = 'M2'") == 5 * cent);

    // Quotes may come before their market; its title appears when it is known.
    CHECK(database.text("SELECT title FROM prices WHERE market_id = 'M2'") == "NULL");
    Packets market;
    add_market(market, "kalshi", "M2", "The second");
    REQUIRE(sink.write(market) == ARB_OK);
    auto const named = database.row("SELECT title, outcome_name, age FROM prices WHERE market_id = 'M2'");
    CHECK(named[0] == "The second");
    CHECK(named[1] == "Yes");
    CHECK(named[2].has_value());
}

void stores_trades(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    add_trade(packets, "M1", "t-1", 42 * cent);
    add_trade(packets, "M1", "t-1", 43 * cent);  // the venue sends it twice
    add_trade(packets, "M1", "t-2", 44 * cent);
    add_trade(packets, "M1", "", 45 * cent);  // no id: two that look alike are two
    add_trade(packets, "M1", "", 45 * cent);
    {
        auto block = packets.add<arb_trade>("polymarket", noon, noon);
        block->outcome = 1;
        block->price = decimal("0.123456");
        block->size = decimal("17.000001");
        block->taker_side = ARB_SIDE_SELL;
        block->block = ARB_YES;
        block.text(&arb_trade::market_id, "0xabc");
        block.text(&arb_trade::trade_id, "t-1");  // another venue's id
    }
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(database.count("trades") == 5);
    CHECK(database.count("kalshi_trades") == 4);
    CHECK(database.amount("SELECT price FROM kalshi_trades WHERE trade_id = 't-1'") == 42 * cent);
    auto const block = database.row("SELECT outcome, taker_side, block, venue_time FROM polymarket_trades");
    CHECK(block[0] == "1");
    CHECK(block[1] == "sell");
    CHECK(truth(block[2]));
    CHECK(time_of(*block[3]) == noon);
    CHECK(database.amount("SELECT size FROM polymarket_trades") == decimal("17.000001"));

    // A later batch with a known trade keeps the new ones.
    Packets overlap;
    add_trade(overlap, "M1", "t-2", 44 * cent, noon + 86'400 * second_ns);
    add_trade(overlap, "M1", "t-3", 46 * cent, noon + 86'400 * second_ns);
    REQUIRE(sink.write(overlap) == ARB_OK);
    CHECK(sink.dead_letters == 0);
    CHECK(database.count("trades") == 6);
    CHECK(database.count("trades WHERE trade_id = 't-3'") == 1);
}

void stores_books(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    arb_level const bids[] = {{decimal("0.4225"), decimal("10.5")}, {decimal("0.42"), decimal("3")}};
    arb_level const asks[] = {{decimal("0.99"), decimal("0.000001")}};
    {
        auto book = packets.add<arb_book>("polymarket", noon, noon);
        book->epoch = 7;
        book.text(&arb_book::market_id, "0xabc");
        book.text(&arb_book::venue_hash, "f00d");
        book.levels(&arb_book::bids, bids);
        book.levels(&arb_book::asks, asks);
    }
    {
        auto empty = packets.add<arb_book>("polymarket", noon);
        empty.text(&arb_book::market_id, "0xdef");
    }
    {
        auto change = packets.add<arb_book_change>("polymarket", noon, noon);
        change->side = ARB_BOOK_ASK;
        change->price = decimal("0.99");
        change->size = 0;
        change.text(&arb_book_change::market_id, "0xabc");
    }
    REQUIRE(sink.write(packets) == ARB_OK);
    auto const list = [&](char const* column) { return "CAST(" + database.list(column) + " AS text)"; };
    auto const book =
        database.row("SELECT " + list("bid_prices") + ", " + list("bid_sizes") + ", " + list("ask_prices") +
                     ", " + list("ask_sizes") + ", venue_hash, epoch FROM book_snapshots WHERE position = 1");
    CHECK(book[0] == "[0.4225,0.42]");
    CHECK(book[1] == "[10.5,3]");
    CHECK(book[2] == "[0.99]");
    CHECK(book[3] == "[0.000001]");
    CHECK(book[4] == "f00d");
    CHECK(book[5] == "7");
    CHECK(database.text("SELECT " + list("bid_prices") + " FROM book_snapshots WHERE position = 2") == "[]");
    CHECK(database.text("SELECT side FROM polymarket_book_changes") == "ask");
    CHECK(database.amount("SELECT size FROM book_changes") == 0);
}

void stores_the_rest(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(the_rest()) == ARB_OK);
    CHECK(sink.dead_letters == 0);

    auto const status =
        database.row("SELECT status, venue_status, result, detail, venue_time FROM kalshi_status_changes");
    CHECK(status[0] == "settled");
    CHECK(status[1] == "finalized");
    CHECK(status[2] == "yes");
    CHECK(compact(*status[3]) == R"({"why":"because"})");
    // The market's row follows.
    auto const market = database.row("SELECT status, result, settled_at, title FROM markets");
    CHECK(market[0] == "settled");
    CHECK(market[1] == "yes");
    CHECK(time_of(*market[2]) == (noon + 4) / 1000 * 1000);
    CHECK(market[3] == "A market");

    CHECK(database.count("gaps") == 2);
    auto const gap = database.row(
        "SELECT instance, stream, from_time, to_time, reason, recovered FROM gaps WHERE "
        "market_key IS NULL");
    CHECK(gap[0] == "kalshi/two");
    CHECK(gap[1] == "quotes");
    CHECK(time_of(*gap[2]) == noon - second_ns);
    CHECK(time_of(*gap[3]) == noon + second_ns);
    CHECK(gap[4] == "disconnected");
    CHECK(truth(gap[5]));
    CHECK(database.text("SELECT to_time FROM gaps WHERE stream = 'books'") == "NULL");

    auto const pair =
        database.row("SELECT pair_id, venue_a, market_id_b, relation, status, score FROM market_pairs");
    CHECK(pair[0] == "p1");
    CHECK(pair[1] == "kalshi");
    CHECK(pair[2] == "0xabc");
    CHECK(pair[3] == "inverse");
    CHECK(pair[4] == "candidate");
    CHECK_FALSE(pair[5].has_value());

    CHECK(database.count("opportunities") == 1);
    CHECK(time_of(database.text("SELECT closed_at FROM opportunities")) == noon + second_ns);
    CHECK(database.amount("SELECT edge_peak FROM opportunities") == 12'345);
    CHECK(database.text("SELECT kind FROM opportunities") == "cross");
    CHECK(database.text("SELECT topic FROM custom_packets WHERE venue = 'weather'") == "weather.rain");
    CHECK(compact(database.text("SELECT body FROM custom_packets")) == R"({"mm":3})");
}

void keeps_decimals_exact(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    char const* const values[] = {"0",
                                  "0.0001",
                                  "0.0025",
                                  "0.000001",
                                  "0.999999",
                                  "1",
                                  "10000",
                                  "10000.5",
                                  "99990000",
                                  "100000000.000001",
                                  "123456.789",
                                  "999999999",
                                  "999999999.999999",
                                  "-0.42",
                                  "9223372036854.775807",
                                  "-9223372036854.775807",
                                  "9223372036854",
                                  "9000000000000",
                                  "4503599627370.497"};
    Packets packets;
    for (auto const* const value : values) {
        auto quote = packets.add<arb_quote>("kalshi", noon);
        quote->bid_size = decimal(value);
        quote.text(&arb_quote::market_id, "M1");
    }
    REQUIRE(sink.write(packets) == ARB_OK);
    auto const rows = database.query("SELECT CAST(bid_size AS text) FROM tick_history ORDER BY position");
    REQUIRE(rows.size() == std::size(values));
    for (std::size_t i = 0; i != rows.size(); ++i) {
        INFO(values[i] << " became " << *rows[i][0]);
        CHECK(decimal(*rows[i][0]) == decimal(values[i]));
    }
}

}  // namespace arb::test
