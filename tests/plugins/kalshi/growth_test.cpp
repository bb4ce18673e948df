// What is new while the collector runs: markets, fees, series; and many connections at once.
#include <atomic>

#include "against_simulator.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::kalshi::test;

namespace {

constexpr arb_time quoted_within = 5 * second_ns;

// New markets whose first quote and first book came later than they should; markets that became tradable
// after `until` are not asked for. `asked` counts those that are.
std::string late(arb::test::Simulated& simulated, arb::test::RecordingHost& host, Shard const& shard,
                 arb_time until, std::size_t& asked, bool quotes) {
    std::map<std::string, arb_time> quoted, booked;
    for (auto const* const quote : host.all<arb_quote>())
        quoted.try_emplace(std::string{text(quote->header, quote->market_id)}, quote->header.received_time);
    for (auto const* const book : host.all<arb_book>())
        booked.try_emplace(std::string{text(book->header, book->market_id)}, book->header.received_time);
    std::string out;
    asked = 0;
    for (auto const& line : ledger(simulated, "created")) {
        auto const id = market_of(line);
        auto const tradable = std::max(line.at("tradable_ms").to_number<std::int64_t>(),
                                       line.at("ms").to_number<std::int64_t>()) *
                              millisecond_ns;
        if (is_combo(id) || !shard.takes(id) || tradable > until) continue;
        ++asked;
        if (quotes && (!quoted.contains(id) || quoted[id] > tradable + quoted_within)) out += id + " quote; ";
        if (!booked.contains(id) || booked[id] > tradable + quoted_within) out += id + " book; ";
    }
    return out;
}

Timing unhurried() {
    Timing timing;
    timing.backfill_after = 300ms;
    return timing;
}

}  // namespace

TEST_CASE("a new market has its book and its quote within five seconds of being tradable") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "300", "--seconds", "10", "--markets", "40",
                                    "--births", "6", "--rolling", "4", "--listing-lag", "2000"}};
    // A listing every hour would not find them; a part of the venue is subscribed to by name.
    auto settings = settings_for(simulated, true);
    settings.catalogue_every = 1h;
    auto half = settings;
    half.shard = parse_shard("1/2").value();
    Running whole{simulated, settings}, part{simulated, half};
    REQUIRE(eventually(15s, [&] { return whole.live() && part.live(); }));
    simulated.control("start");
    auto const began = arb::now();
    REQUIRE(eventually(30s, [&] { return simulated.finished(); }));
    auto const until = began + 4 * second_ns;
    std::size_t asked = 0;
    INFO(told(whole.host));
    CHECK(late(simulated, whole.host, {}, until, asked, false) == "");
    CHECK(asked >= 5);
    CHECK(late(simulated, part.host, half.shard, until, asked, true) == "");
    CHECK(asked >= 2);
    for (auto const* const quote : part.host.all<arb_quote>())
        CHECK(half.shard.takes(text(quote->header, quote->market_id)));
    // Their rows come once the venue lists them.
    CHECK(eventually(10s, [&] {
        std::set<std::string> rows;
        for (auto const* const row : whole.host.all<arb_market>())
            rows.emplace(text(row->header, row->market_id));
        for (auto const& line : ledger(simulated, "created"))
            if (!is_combo(market_of(line)) && !rows.contains(market_of(line))) return false;
        return true;
    }));
    CHECK(violations(simulated) == "");
}

TEST_CASE("series and fees are written, with what changes of them") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "300", "--seconds", "4", "--markets", "40"}};
    Running running{simulated, settings_for(simulated, true)};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto const missing = [&] {
        std::set<std::string> known, events;
        for (auto const* const event : running.host.all<arb_event>())
            events.emplace(text(event->header, event->event_id));
        for (auto const* const fee : running.host.all<arb_fee_schedule>())
            known.insert((fee->scope == ARB_SCOPE_SERIES ? "series " : "event ") +
                         std::string{text(fee->header, fee->scope_id)} + " " +
                         std::string{text(fee->header, fee->type)} + " " +
                         (fee->multiplier == ARB_ABSENT ? "-" : format_decimal(fee->multiplier)));
        std::string out;
        for (auto const& line : ledger(simulated, "fee")) {
            auto const scope = std::string{line.at("scope").as_string()};
            auto const id = std::string{line.at("scope_id").as_string()};
            if (scope == "event" && !events.contains(id)) continue;
            auto const want =
                scope + " " + id + " " +
                (line.at("type").is_null() ? "" : std::string{line.at("type").as_string()}) + " " +
                (line.at("multiplier").is_null() ? "-" : format_decimal(amount(line.at("multiplier"))));
            if (!known.contains(want)) out += want + "; ";
        }
        return out;
    };
    eventually(10s, [&] { return missing().empty(); });
    INFO(told(running.host));
    CHECK(missing() == "");
    CHECK_FALSE(ledger(simulated, "fee").empty());
    std::set<std::string> series;
    for (auto const* const row : running.host.all<arb_series>())
        series.emplace(text(row->header, row->series_id));
    for (auto const* const event : running.host.all<arb_event>())
        CHECK(series.contains(std::string{text(event->header, event->series)}));
    CHECK(violations(simulated) == "");
}

TEST_CASE("books on several connections are whole, and a cut leaves gaps of its markets alone") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "4", "--markets", "40"}};
    auto timing = unhurried();
    timing.books_per_lane = 6;
    timing.stagger = 50ms;
    Running running{simulated, settings_for(simulated, true), timing};
    REQUIRE(eventually(20s, [&] {
        return running.live() && running.host.sentences().back().find("connections") != std::string::npos;
    }));
    simulated.control("start");
    REQUIRE(eventually(10s, [&] { return running.host.all<arb_trade>().size() > 5; }));
    simulated.fault("cut", "kalshi", 0.1, "&connection=2");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto const expected = trades_of_ledger(simulated, false);
    eventually(20s, [&] {
        return wrong_books(simulated, running.host).empty() &&
               wrong_quotes(simulated, running.host).empty() && open_gaps(running.host) == 0 &&
               running.host.all<arb_trade>().size() >= expected.size();
    });
    INFO(told(running.host));
    CHECK(trades_of(running.host) == expected);
    CHECK(running.host.all<arb_trade>().size() == expected.size());
    CHECK(wrong_books(simulated, running.host) == "");
    CHECK(wrong_quotes(simulated, running.host) == "");
    CHECK(open_gaps(running.host) == 0);
    CHECK(simulated.control("report").at("counters").at("kalshi.connections").to_number<int>() >= 4);
    CHECK(violations(simulated) == "");
}

TEST_CASE("connections are renewed while they are good, without a gap") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "300", "--seconds", "5", "--markets", "20"}};
    auto timing = unhurried();
    timing.renew_min = timing.renew_max = 1500ms;
    timing.overlap = 500ms;
    timing.watch_every = 50ms;
    Running running{simulated, settings_for(simulated, true), timing};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto const expected = trades_of_ledger(simulated, true);
    eventually(10s, [&] {
        return running.host.all<arb_trade>().size() >= expected.size() &&
               wrong_books(simulated, running.host).empty() && wrong_quotes(simulated, running.host).empty();
    });
    INFO(told(running.host));
    CHECK(trades_of(running.host) == expected);
    CHECK(wrong_books(simulated, running.host) == "");
    CHECK(wrong_quotes(simulated, running.host) == "");
    CHECK(running.host.counter("renewals") >= 2);
    CHECK(running.host.all<arb_gap>().empty());
}

TEST_CASE("each book is written whole now and then") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "100", "--seconds", "3", "--markets", "20"}};
    auto settings = settings_for(simulated, true);
    settings.snapshot_every = 1s;
    Running running{simulated, settings};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    auto const written = [&] {
        std::map<std::string, std::size_t> times;
        for (auto const* const book : running.host.all<arb_book>())
            ++times[std::string{text(book->header, book->market_id)}];
        // Those that close meanwhile are written less often.
        return std::count_if(times.begin(), times.end(),
                             [](auto const& entry) { return entry.second >= 3; }) >= 5;
    };
    CHECK(eventually(15s, written));
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    eventually(5s, [&] { return wrong_books(simulated, running.host).empty(); });
    CHECK(wrong_books(simulated, running.host) == "");
}
