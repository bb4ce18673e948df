// What a market was at any time, what it cost to trade it, and what a venue said that nobody understood.
#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "sinks/shared.hpp"
#include "support/catch.hpp"

namespace arb::test {
namespace {

struct MarketAt {
    arb_time received;
    std::string_view title = "A";
    std::string_view rules = "R1";
    std::int64_t volume = ARB_UNIT;
    std::string_view id = "M1";
};

void add(Packets& to, MarketAt const& what) {
    std::string_view const outcomes[] = {"Yes", "No"};
    auto market = to.add<arb_market>("kalshi", what.received);
    market->lifecycle = ARB_LIFECYCLE_OPEN;
    market->volume = what.volume;
    market->tick_size = 10'000;
    market.text(&arb_market::market_id, what.id);
    market.text(&arb_market::event_id, "E1");
    market.text(&arb_market::title, what.title);
    market.text(&arb_market::rules, what.rules);
    market.text(&arb_market::fee, R"({"type":"quadratic"})");
    market.texts(&arb_market::outcomes, outcomes);
}

void add_event(Packets& to, arb_time received, std::string_view title, std::string_view raw = "{}") {
    auto event = to.add<arb_event>("kalshi", received);
    event.text(&arb_event::event_id, "E1");
    event.text(&arb_event::series, "S1");
    event.text(&arb_event::title, title);
    event.text(&arb_event::raw, raw);
}

void add_status(Packets& to, arb_time received, std::int32_t lifecycle, std::string_view result = {}) {
    auto status = to.add<arb_status_change>("kalshi", received, received);
    status->lifecycle = lifecycle;
    status.text(&arb_status_change::market_id, "M1");
    status.text(&arb_status_change::result, result);
}

struct Fee {
    std::int32_t scope = ARB_SCOPE_SERIES;
    std::string_view id = "S1";
    std::string_view type = "quadratic";
    std::int64_t multiplier = ARB_UNIT;
    arb_time from = noon;
    arb_time received = noon;
    bool dated = false;  // by the venue
};

void add(Packets& to, Fee const& what) {
    auto fee = to.add<arb_fee_schedule>("kalshi", what.received, what.dated ? what.from : 0);
    fee->scope = what.scope;
    fee->multiplier = what.multiplier;
    fee->effective_from = what.from;
    fee.text(&arb_fee_schedule::scope_id, what.id);
    fee.text(&arb_fee_schedule::type, what.type);
    fee.text(&arb_fee_schedule::source, "series");
    fee.text(&arb_fee_schedule::raw, R"({"fee_type":"quadratic"})");
}

arb_time after(double seconds) { return noon + static_cast<arb_time>(seconds * 1e9); }

arb_time time_of(std::optional<std::string> const& text) {
    return parse_time(text.value_or("")).value_or(-1);
}

}  // namespace

void keeps_history(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets first;
    add_event(first, noon, "An event");
    add(first, MarketAt{noon});
    REQUIRE(sink.write(first) == ARB_OK);
    Packets busier;  // mere volume is no history
    add(busier, MarketAt{after(1), "A", "R1", 2 * ARB_UNIT});
    add_event(busier, after(1), "An event", R"({"volume":2})");
    REQUIRE(sink.write(busier) == ARB_OK);
    CHECK(database.amount("SELECT volume FROM markets") == 2 * ARB_UNIT);
    CHECK(database.count("market_history") == 1);
    CHECK(database.count("event_history") == 1);

    Packets eventful;  // all of it in one batch
    add(eventful, MarketAt{after(2), "B"});
    add_status(eventful, after(3), ARB_LIFECYCLE_PAUSED);
    add(eventful, MarketAt{after(4), "B", "R2"});
    add_event(eventful, after(4), "Another");
    add_event(eventful, after(5), "An event");
    add_status(eventful, after(5), ARB_LIFECYCLE_NONE);
    add_status(eventful, after(6), ARB_LIFECYCLE_SETTLED, "yes");
    REQUIRE(sink.write(eventful) == ARB_OK);
    CHECK(sink.dead_letters == 0);
    auto const rows = database.query(
        "SELECT seen_at, title, rules, status, result, position, market_id, settled_at FROM "
        "kalshi_market_history ORDER BY seen_at");
    REQUIRE(rows.size() == 5);
    char const* const titles[] = {"A", "B", "B", "B", "B"};
    char const* const rules[] = {"R1", "R1", "R1", "R2", "R2"};
    char const* const states[] = {"open", "open", "paused", "open", "settled"};
    char const* const positions[] = {"2", "5", "6", "7", "11"};
    double const times[] = {0, 2, 3, 4, 6};
    for (std::size_t i = 0; i != rows.size(); ++i) {
        INFO("row " << i);
        CHECK(time_of(rows[i][0]) == after(times[i]));
        CHECK(rows[i][1] == titles[i]);
        CHECK(rows[i][2] == rules[i]);
        CHECK(rows[i][3] == states[i]);
        CHECK(rows[i][5] == positions[i]);
        CHECK(rows[i][6] == "M1");
    }
    CHECK(rows[4][4] == "yes");
    CHECK(time_of(rows[4][7]) == after(6));
    CHECK_FALSE(rows[3][4].has_value());
    CHECK(database.text("SELECT status FROM markets") == "settled");
    CHECK(database.text("SELECT count(*) FROM kalshi_event_history WHERE title = 'An event'") == "2");
    CHECK(database.count("event_history") == 3);

    // A new process hands in the same once more.
    SinkUnderTest again{database};
    REQUIRE(again.start() == ARB_OK);
    again.next_sequence = 100;
    Packets same;
    add_event(same, after(9), "An event");
    REQUIRE(again.write(same) == ARB_OK);
    CHECK(again.host.counter("packets_unchanged") == 1);
    CHECK(database.count("event_history") == 3);
}

void knows_the_terms_of_a_quote(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    add_event(packets, noon, "An event");
    add(packets, MarketAt{after(1)});
    add(packets, MarketAt{after(1), "Other", "R1", ARB_UNIT, "M2"});
    add(packets, Fee{});
    add(packets, Fee{ARB_SCOPE_VENUE, "", "flat", 7, after(-100)});
    add(packets, Fee{ARB_SCOPE_EVENT, "E1", "quadratic", 2 * ARB_UNIT, after(3)});
    add(packets, Fee{ARB_SCOPE_EVENT, "E1", "", ARB_ABSENT, after(5)});
    add(packets, Fee{ARB_SCOPE_MARKET, "M2", "free", 0, after(-1)});
    for (double const at : {0.5, 2., 4., 6.}) add_quote(packets, "kalshi", "M1", 42, 43, after(at));
    add_quote(packets, "kalshi", "M2", 42, 43, after(6));
    add_quote(packets, "kalshi", "unlisted", 42, 43, after(6));
    add(packets, MarketAt{after(3.5), "A", "R2"});
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(sink.dead_letters == 0);

    auto const rows = database.query(
        "SELECT rules, fee_scope, fee_type, CAST(fee_multiplier AS text), terms_seen_at FROM tick_terms "
        "WHERE "
        "market_id = 'M1' ORDER BY received_at");
    REQUIRE(rows.size() == 4);
    CHECK(rows[0][0] == "R1");  // before the market was known: the first that was
    CHECK(rows[0][1] == "series");
    CHECK(time_of(rows[0][4]) == after(1));
    CHECK(rows[1][0] == "R1");
    CHECK(rows[1][1] == "series");
    CHECK(time_of(rows[1][4]) == after(1));
    CHECK(rows[2][0] == "R2");
    CHECK(rows[2][1] == "event");
    CHECK(parse_decimal(rows[2][3].value_or("")).millionths == 2 * ARB_UNIT);
    CHECK(rows[3][1] == "series");  // the event's own ended
    CHECK(parse_decimal(rows[3][3].value_or("")).millionths == ARB_UNIT);
    CHECK(database.text("SELECT fee_type FROM tick_terms WHERE market_id = 'M2'") == "free");
    CHECK(database.text("SELECT fee_type FROM tick_terms WHERE market_id = 'unlisted'") == "flat");
    CHECK(database.count("tick_terms") == 6);
}

void stores_series_and_fees(Database& database) {
    auto const series = [](arb_time received, std::string_view title) {
        Packets packets;
        auto draft = packets.add<arb_series>("kalshi", received);
        draft.text(&arb_series::series_id, "S1");
        draft.text(&arb_series::title, title);
        draft.text(&arb_series::frequency, "daily");
        draft.text(&arb_series::tags, R"(["Fed"])");
        return packets;
    };
    auto const fee = [](Fee const& what) {
        Packets packets;
        add(packets, what);
        return packets;
    };
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    REQUIRE(sink.write(series(noon, "A series")) == ARB_OK);
    REQUIRE(sink.write(series(after(1), "A series")) == ARB_OK);
    CHECK(time_of(database.text("SELECT changed_at FROM series")) == noon);
    REQUIRE(sink.write(series(after(2), "Renamed")) == ARB_OK);
    auto const row = database.row(
        "SELECT venue, series_id, title, category, frequency, first_seen_at, changed_at FROM kalshi_series");
    CHECK(row[1] == "S1");
    CHECK(row[2] == "Renamed");
    CHECK_FALSE(row[3].has_value());
    CHECK(row[4] == "daily");
    CHECK(time_of(row[5]) == noon);
    CHECK(time_of(row[6]) == after(2));

    REQUIRE(sink.write(fee({})) == ARB_OK);
    // Seen again after a restart, with a time of its own: nothing new.
    REQUIRE(sink.write(fee({ARB_SCOPE_SERIES, "S1", "quadratic", ARB_UNIT, after(60), after(60)})) == ARB_OK);
    CHECK(database.count("fee_schedules") == 1);
    // A change that is scheduled, and its figures corrected.
    REQUIRE(sink.write(fee({ARB_SCOPE_SERIES, "S1", "flat", 5, after(600)})) == ARB_OK);
    REQUIRE(sink.write(fee({ARB_SCOPE_SERIES, "S1", "flat", 6, after(600), after(1)})) == ARB_OK);
    CHECK(database.count("fee_schedules") == 2);
    CHECK(database.amount("SELECT multiplier FROM fee_schedules WHERE type = 'flat'") == 6);
    CHECK(time_of(database.text("SELECT received_at FROM fee_schedules WHERE type = 'flat'")) == after(1));
    // What is in force now is still the first.
    REQUIRE(sink.write(fee({ARB_SCOPE_SERIES, "S1", "quadratic", ARB_UNIT, after(90), after(90)})) == ARB_OK);
    CHECK(database.count("fee_schedules") == 2);
    REQUIRE(sink.write(fee({ARB_SCOPE_SERIES, "S1", "quadratic", ARB_UNIT, after(900), after(900)})) ==
            ARB_OK);
    CHECK(database.count("fee_schedules") == 3);
    REQUIRE(sink.write(fee({ARB_SCOPE_VENUE, "", "flat", 1})) == ARB_OK);
    auto const schedule = database.row(
        "SELECT scope_id, rate, taker_only, source, effective_from FROM kalshi_fee_schedules WHERE scope = "
        "'venue'");
    CHECK(schedule[0] == "kalshi");
    CHECK_FALSE(schedule[1].has_value());
    CHECK_FALSE(schedule[2].has_value());
    CHECK(schedule[3] == "series");
    CHECK(time_of(schedule[4]) == noon);
    CHECK(sink.dead_letters == 0);
    REQUIRE(sink.write(fee({77, "S1"})) == ARB_OK);
    CHECK(sink.dead_letters == 1);
}

// A fee that holds for a while and then gives way to the one before it, told in any order and after that one.
void keeps_fees_that_return(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Fee const usual{}, holiday{ARB_SCOPE_SERIES, "S1", "flat", 0, after(600)};
    Packets packets;
    add(packets, usual);
    REQUIRE(sink.write(packets) == ARB_OK);
    auto const expect = [&](std::vector<std::string> const& types) {
        auto const rows = database.query("SELECT type FROM fee_schedules ORDER BY effective_from");
        REQUIRE(rows.size() == types.size());
        for (std::size_t i = 0; i != rows.size(); ++i) CHECK(rows[i][0] == types[i]);
    };
    SECTION("announced, the return first") {
        packets.clear();
        add(packets, Fee{ARB_SCOPE_SERIES, "S1", "quadratic", ARB_UNIT, after(900)});
        add(packets, holiday);
        REQUIRE(sink.write(packets) == ARB_OK);
        expect({"quadratic", "flat", "quadratic"});
        REQUIRE(sink.write(packets) == ARB_OK);  // once more, after a restart
        expect({"quadratic", "flat", "quadratic"});
    }
    SECTION("told afterwards, with how it is now") {
        packets.clear();
        add(packets, Fee{ARB_SCOPE_SERIES, "S1", "quadratic", ARB_UNIT, after(900), after(2000), true});
        add(packets, Fee{ARB_SCOPE_SERIES, "S1", "quadratic", ARB_UNIT, after(2000), after(2000)});
        add(packets, Fee{ARB_SCOPE_SERIES, "S1", "flat", 0, after(600), after(2000), true});
        REQUIRE(sink.write(packets) == ARB_OK);
        expect({"quadratic", "flat", "quadratic"});
    }
    SECTION("seen to change and change back in one batch") {
        packets.clear();
        add(packets, Fee{ARB_SCOPE_SERIES, "S1", "flat", 0, after(600), after(600)});
        add(packets, Fee{ARB_SCOPE_SERIES, "S1", "quadratic", ARB_UNIT, after(900), after(900)});
        add(packets, Fee{ARB_SCOPE_SERIES, "S1", "quadratic", ARB_UNIT, after(950), after(950)});
        REQUIRE(sink.write(packets) == ARB_OK);
        expect({"quadratic", "flat", "quadratic"});
    }
}

void keeps_messages(Database& database) {
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    Packets packets;
    {
        auto message = packets.add<arb_message>("kalshi", noon);
        message.text(&arb_message::instance, "kalshi/two");
        message.text(&arb_message::source, "ticker");
        message.text(&arb_message::reason, "market_ticker is missing");
        message.text(&arb_message::body, std::string{"{\"type\":\"ticker\",\"msg\":{\"a\":\"\xFF\"}}"});
    }
    add_quote(packets, "kalshi", "M1", 1, 2);
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(sink.dead_letters == 0);  // it is stored where it belongs
    auto const row = database.row("SELECT instance, position, kind, reason, received_at FROM dead_letters");
    CHECK(row[0] == "kalshi/two");
    CHECK(row[1] == "1");
    CHECK(row[2] == "message");
    CHECK(row[3] == "market_ticker is missing");
    CHECK(time_of(row[4]) == noon);

    std::vector<boost::json::object> rows;
    REQUIRE(sink.command("deadletters list", R"({"kind":"message"})", rows) == ARB_OK);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("instance") == "kalshi/two");
    rows.clear();
    REQUIRE(sink.command("deadletters show", R"({"position":1})", rows) == ARB_OK);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("source") == "ticker");
    CHECK(rows[0].at("body") == "{\"type\":\"ticker\",\"msg\":{\"a\":\"\xEF\xBF\xBD\"}}");
    rows.clear();
    REQUIRE(sink.command("deadletters replay", "{}", rows) == ARB_OK);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("result") == "kept");
    CHECK(std::string{rows[0].at("reason").as_string()}.find("nobody understood") != std::string::npos);
    CHECK(database.count("dead_letters") == 1);
}

void brings_older_tables_up_to_date(Database& database, std::vector<std::string> const& older) {
    for (auto const& statement : older) database.query(statement);
    bool const lists = database.plugin() == std::string_view{"postgres"};
    if (lists) {
        database.query("CREATE TABLE kalshi_markets PARTITION OF markets FOR VALUES IN ('kalshi')");
        database.query("CREATE TABLE kalshi_events PARTITION OF events FOR VALUES IN ('kalshi')");
    }
    for (int version = 1; version != 3; ++version)
        database.query("INSERT INTO schema_version (version, description, applied_at) VALUES (" +
                       std::to_string(version) + ", 'before', '2026-11-20T12:00:00.000000Z')");
    database.query("INSERT INTO market_keys (venue, market_id) VALUES ('kalshi', 'M1')");
    std::string const list = lists ? "'{Yes,No}', '{}'" : R"('["Yes","No"]', '[]')";
    database.query(
        "INSERT INTO markets (venue, market_key, market_id, title, outcomes, token_ids, status, "
        "first_seen_at, "
        "changed_at, content_hash, position, flags) SELECT venue, market_key, market_id, 'A', " +
        list +
        ", 'open', '2026-11-20T11:00:00.000000Z', '2026-11-20T11:30:00.000000Z', 5, 9, 0 FROM market_keys");
    database.query(
        "INSERT INTO events (venue, event_id, title, first_seen_at, changed_at, content_hash, position, "
        "flags) "
        "VALUES ('kalshi', 'E1', 'An event', '2026-11-20T11:00:00.000000Z', '2026-11-20T11:30:00.000000Z', "
        "5, "
        "8, 0)");
    SinkUnderTest sink{database};
    REQUIRE(sink.start() == ARB_OK);
    CHECK(database.text("SELECT max(version) FROM schema_version") == "5");
    CHECK(database.count("ingest_positions WHERE received_at IS NULL") == 1);
    auto const was = database.row("SELECT market_id, title, status, seen_at, position FROM market_history");
    CHECK(was[0] == "M1");
    CHECK(was[1] == "A");
    CHECK(was[2] == "open");
    CHECK(time_of(was[3]) == noon - 1800 * second_ns);
    CHECK(was[4] == "9");
    CHECK(database.text("SELECT title FROM event_history") == "An event");
    Packets packets;
    add(packets, MarketAt{noon, "B"});
    add(packets, Fee{});
    add_quote(packets, "polymarket", "0x1", 1, 2);
    REQUIRE(sink.write(packets) == ARB_OK);
    CHECK(sink.dead_letters == 0);
    CHECK(database.text("SELECT title FROM market_history ORDER BY seen_at DESC LIMIT 1") == "B");
    CHECK(database.count("kalshi_market_history") == 2);
    CHECK(database.count("kalshi_fee_schedules") == 1);
    CHECK(database.count("polymarket_fee_schedules") == 0);
}

}  // namespace arb::test
