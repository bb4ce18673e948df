// Nothing happens, or nothing gets through: feeds that are silent because their markets are, fees that begin
// at an hour, restarts that find nothing new, and a queue that has no room for a while.
#include "against_simulator.hpp"
#include "mock_venue.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::kalshi::test;

namespace {

Timing hurried() {
    Timing timing;
    timing.silence_min = timing.silence_max = 300ms;
    timing.replace_every = 300ms;
    timing.grace = 500ms;
    timing.overlap = 300ms;
    timing.watch_every = 20ms;
    timing.stagger = 10ms;
    timing.backfill_after = 100ms;
    return timing;
}

// Accepts everything, sends each book and ticker once, and nothing more.
void serve_quietly(MockSession& session) {
    for (auto command = session.next(); !command.empty(); command = session.next()) {
        session.accept(command);
        auto const channel = MockSession::channel_of(command);
        if (channel == "orderbook_delta")
            for (auto const& ticker : MockSession::tickers_of(command)) session.book(ticker);
        if (channel == "ticker") session.ticker(MockVenue::ticker(0));
    }
}

// The books of MockSession::book, as REST lists them; that of `odd` has another size.
std::string listed_books(std::string const& target, std::string const& odd) {
    std::string list;
    for (auto at = target.find("tickers="); at != target.npos; at = target.find("tickers=", at + 1)) {
        auto const ticker = target.substr(at + 8, target.find('&', at) - at - 8);
        list += (list.empty() ? "" : ",") + std::string{R"({"ticker":")"} + ticker +
                R"(","orderbook_fp":{"yes_dollars":[["0.4100",")" + (ticker == odd ? "11" : "10") +
                R"(.00"]],"no_dollars":[["0.5700","20.00"]]}})";
    }
    return R"({"orderbooks":[)" + list + "]}";
}

std::map<std::string, std::string> fees_of(arb::test::RecordingHost& host) {
    std::map<std::string, std::string> out;
    for (auto const* const row : host.all<arb_market>())
        out[std::string{text(row->header, row->market_id)}] = text(row->header, row->fee);
    return out;
}

}  // namespace

TEST_CASE("a silent connection whose books are the venue's stays, and one that missed a change is replaced") {
    std::atomic<bool> changed{false};
    std::atomic<unsigned> compared{0};
    MockVenue venue{
        250, serve_quietly, [&](arb::test::HttpAsk const& ask) -> std::optional<arb::test::HttpAnswer> {
            if (!arb::test::contains(ask.target, "/markets/orderbooks")) return {};
            ++compared;
            return arb::test::HttpAnswer{.body =
                                             listed_books(ask.target, changed ? MockVenue::ticker(249) : "")};
        }};
    Running running{venue.tls(), venue.settings({true, true, true}), hurried()};
    auto& host = running.host;
    // All 250 books, 100 at a time, again and again.
    bool const proven = eventually(20s, [&] { return host.counter("quiet_books_compared") >= 3 * 250; });
    INFO(told(host));
    REQUIRE(proven);
    CHECK(compared >= 9);
    CHECK(venue.connections() == 1);
    CHECK(host.counter("replacements") == 0);
    CHECK(gap_reasons(host).empty());
    CHECK(host.all<arb_book>().size() == 250);
    changed = true;
    // Until the replacement sends the book anew the feed is not what it seems.
    CHECK(eventually(20s, [&] { return gap_reasons(host).contains("stalled"); }));
    CHECK(eventually(20s, [&] { return host.counter("replacements") != 0; }));
}

TEST_CASE("a silent connection is replaced where the venue lists no books to compare") {
    MockVenue venue{3, serve_quietly};
    auto timing = hurried();
    // The tickers that open the second connection are stamped later than this; they say nothing new.
    timing.grace = 100ms;
    Running running{venue.tls(), venue.settings({true, true, true}), timing};
    CHECK(eventually(20s, [&] { return running.host.counter("replacements") >= 2; }));
    INFO(told(running.host));
    CHECK(gap_reasons(running.host).empty());
}

TEST_CASE("fees that were announced are those of the markets once they begin, without waiting for a sweep") {
    auto const begin = arb::now() + 3 * second_ns;
    std::atomic<bool> begun{false};
    MockVenue venue{3, serve_quietly,
                    [&](arb::test::HttpAsk const& ask) -> std::optional<arb::test::HttpAnswer> {
                        begun = begun || arb::now() >= begin;
                        if (arb::test::contains(ask.target, "/series/fee_changes"))
                            return arb::test::HttpAnswer{
                                .body = R"({"series_fee_change_arr":[{"id":"1","series_ticker":"KXA",)"
                                        R"("fee_type":"quadratic","fee_multiplier":2,"scheduled_ts":")" +
                                        format_time(begin) + R"("}]})"};
                        // Its own list of changes does not show it.
                        if (arb::test::contains(ask.target, "/series?"))
                            return arb::test::HttpAnswer{.body = R"({"series":[]})"};
                        if (arb::test::contains(ask.target, "/series"))
                            return arb::test::HttpAnswer{
                                .body = R"({"series":[{"ticker":"KXA","title":"A","category":"Tests",)"
                                        R"("fee_type":"quadratic","fee_multiplier":)" +
                                        std::string{begun ? "2" : "1"} + "}]}"};
                        return {};
                    }};
    auto settings = venue.settings({true, true, false});
    settings.catalogue_every = 1h;
    Running running{venue.tls(), settings, hurried()};
    auto const all_are = [&](std::string const& fee) {
        auto const fees = fees_of(running.host);
        return fees.size() == 3 &&
               std::all_of(fees.begin(), fees.end(), [&](auto const& each) { return each.second == fee; });
    };
    CHECK(eventually(20s, [&] { return all_are(R"({"type":"quadratic","multiplier":2})"); }));
    INFO(told(running.host));
    // Nothing but the fee made rows of them.
    CHECK(running.host.all<arb_market>().size() <= 6);
}

TEST_CASE("after a restart every market is as it was, its fee as well") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "200", "--seconds", "4", "--markets", "40"}};
    auto const settings = settings_for(simulated, true);
    std::map<std::string, std::string> before, raw_fees;
    {
        Running running{simulated, settings};
        REQUIRE(eventually(20s, [&] { return running.live(); }));
        // A story with fees that change and change back, closes that move, results and payments.
        simulated.control("start");
        REQUIRE(eventually(60s, [&] { return simulated.finished(); }));
        auto const sweeps = [&] {
            return simulated.control("report")
                .at("counters")
                .at("kalshi.event_sweeps")
                .to_number<std::int64_t>();
        };
        // What a sweep that began now shows is the world's end.
        auto const until = sweeps() + 4;
        REQUIRE(eventually(30s, [&] { return sweeps() >= until; }));
        before = fees_of(running.host);
    }
    Running again{simulated, settings};
    REQUIRE(eventually(20s, [&] { return again.live(); }));
    auto const now = fees_of(again.host);
    CHECK(now.size() > 20);
    std::string other;
    for (auto const& [market, fee] : now)
        if (before[market] != fee) other += market + " " + before[market] + " -> " + fee + "; ";
    CHECK(other == "");
}

TEST_CASE(
    "a queue without room for a while costs no connection, and for long all of them, and no trade is lost or "
    "doubled") {
    auto const closed_for = GENERATE(1500ms, 6500ms);
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "300", "--seconds", "6", "--markets", "20"}};
    auto timing = hurried();
    timing.silence_min = timing.silence_max = 60s;
    timing.stale_after = 5s;
    Running running{simulated, settings_for(simulated, true), timing};
    auto& host = running.host;
    REQUIRE(eventually(20s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return host.all<arb_trade>().size() > 5; }));
    running.door.close();
    std::this_thread::sleep_for(closed_for);
    running.door.open();
    REQUIRE(eventually(60s, [&] { return simulated.finished(); }));
    auto const expected = trades_of_ledger(simulated, false);
    eventually(30s, [&] {
        return open_gaps(host) == 0 && trades_of(host) == expected && wrong_quotes(simulated, host).empty() &&
               wrong_books(simulated, host).empty();
    });
    INFO(told(host));
    CHECK(trades_of(host) == expected);
    CHECK(host.all<arb_trade>().size() == expected.size());
    CHECK(wrong_quotes(simulated, host) == "");
    CHECK(wrong_books(simulated, host) == "");
    CHECK(open_gaps(host) == 0);
    // The time without room is written down either way.
    CHECK(gap_reasons(host).contains("queue_full"));
    CHECK((host.counter("reconnects") != 0) == (closed_for > 5s));
    CHECK(violations(simulated) == "");
}
