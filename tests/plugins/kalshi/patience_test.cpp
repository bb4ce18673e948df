// What the plugin makes of a venue that lacks something: room, answers, books, time.
#include "against_simulator.hpp"
#include "mock_venue.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::kalshi::test;

namespace {

// A tenth and less of the usual patience, and no silence that means anything.
Timing hurried() {
    Timing timing;
    timing.silence_min = timing.silence_max = 60s;
    timing.watch_every = 20ms;
    timing.stagger = 10ms;
    timing.overlap = 300ms;
    timing.backfill_after = 100ms;
    return timing;
}

bool said(arb::test::RecordingHost& host, std::string const& words) {
    return told(host).find(words) != std::string::npos;
}

std::set<std::string> markets_of_books(arb::test::RecordingHost& host) {
    std::set<std::string> out;
    for (auto const* const book : host.all<arb_book>()) out.emplace(text(book->header, book->market_id));
    return out;
}

// Everything wanted flows. Asked for as a whole, because each part of it may change while another is looked
// at.
bool stands(Running& running) { return running.live() && open_gaps(running.host) == 0; }

// Answers whatever it is asked, as long as there is room for so many markets in one subscription; counts
// subscriptions to prices or trades of all markets.
void serve_with_room(MockSession& session, std::size_t room, std::atomic<unsigned>& of_all) {
    std::map<std::string, std::size_t> held;
    std::map<std::int64_t, std::string> channels;
    std::int64_t sids = 0;
    for (auto command = session.next(); !command.empty(); command = session.next()) {
        auto const tickers = MockSession::tickers_of(command);
        auto channel = MockSession::channel_of(command);
        if (channel.empty()) channel = channels[command.at("params").at("sids").as_array().at(0).as_int64()];
        if (held[channel] + tickers.size() > room) {
            session.error(command, 26);
            continue;
        }
        held[channel] += tickers.size();
        if (command.at("cmd").as_string() == "subscribe") channels[++sids] = channel;
        if (command.at("cmd").as_string() == "unsubscribe") held[channel] = 0;
        session.accept(command);
        if (tickers.empty() && (channel == "ticker" || channel == "trade") &&
            command.at("cmd").as_string() == "subscribe")
            ++of_all;
        if (channel == "orderbook_delta")
            for (auto const& ticker : tickers) session.book(ticker);
        if (channel == "ticker")
            for (unsigned n = 0; n != 40; ++n) session.ticker(MockVenue::ticker(n));
    }
}

}  // namespace

TEST_CASE("books that one subscription has no room for go to further connections") {
    std::atomic<unsigned> of_all{0};
    MockVenue venue{100, [&](MockSession& session) { serve_with_room(session, 40, of_all); }};
    Running running{venue.tls(), venue.settings({true, true, true}), hurried()};
    bool const whole =
        eventually(30s, [&] { return markets_of_books(running.host).size() == 100 && stands(running); });
    INFO(told(running.host));
    CHECK(whole);
    CHECK(running.host.counter("full_subscriptions") >= 2);
    CHECK(venue.connections() >= 3);
}

TEST_CASE("prices of a selection that is too large to name are taken of all markets, and only its own kept") {
    // Full after the first 20 tickers, or told beforehand that 30 are too many.
    bool const beforehand = GENERATE(false, true);
    std::atomic<unsigned> of_all{0};
    MockVenue venue{60, [&](MockSession& session) { serve_with_room(session, 20, of_all); }};
    auto settings = venue.settings({true, true, false});
    for (unsigned n = 0; n != 35; ++n) settings.select.markets.push_back(MockVenue::ticker(n));
    auto timing = hurried();
    if (beforehand) timing.named_max = 30;
    Running running{venue.tls(), settings, timing};
    auto const quoted = [&] {
        std::set<std::string> out;
        for (auto const* const quote : running.host.all<arb_quote>())
            out.emplace(text(quote->header, quote->market_id));
        return out;
    };
    bool const whole =
        eventually(30s, [&] { return of_all >= 2 && quoted().size() >= 35 && stands(running); });
    INFO(told(running.host));
    CHECK(whole);
    // The venue shows 40 of all; 35 are selected.
    CHECK(quoted().size() == 35);
}

TEST_CASE(
    "a venue that sends data and leaves a command unanswered keeps its connection until another is better") {
    std::atomic<bool> second_stands{false};
    std::atomic<bool> cut_before{false};
    MockVenue venue{3, [&](MockSession& session) {
                        // The first never answers for trades.
                        for (int commands = 0; commands != 3; ++commands) {
                            auto const command = session.next();
                            if (command.empty()) return;
                            if (session.number != 1 || MockSession::channel_of(command) != "trade")
                                session.accept(command);
                        }
                        if (session.number == 2) second_stands = true;
                        while (session.ticker(MockVenue::ticker(0))) std::this_thread::sleep_for(10ms);
                        if (session.number == 1 && !second_stands) cut_before = true;
                    }};
    auto timing = hurried();
    timing.reply_max = 2s;
    timing.reply_busy_max = 5s;
    Running running{venue.tls(), venue.settings({true, true, false}), timing};
    CHECK(eventually(20s, [&] { return running.live(); }));
    INFO(told(running.host));
    CHECK(venue.connections() == 2);
    CHECK_FALSE(cut_before);
    CHECK(running.host.counter("incomplete_connections/no_reply") == 1);
    CHECK(gap_reasons(running.host).empty());
}

TEST_CASE("books that come slowly one after the other are waited for") {
    MockVenue venue{50, [](MockSession& session) {
                        for (auto command = session.next(); !command.empty(); command = session.next()) {
                            session.accept(command);
                            auto const channel = MockSession::channel_of(command);
                            if (channel == "ticker") session.ticker(MockVenue::ticker(0));
                            if (channel != "orderbook_delta") continue;
                            for (auto const& ticker : MockSession::tickers_of(command)) {
                                std::this_thread::sleep_for(100ms);
                                session.book(ticker);
                            }
                        }
                    }};
    auto timing = hurried();
    // Together they take longer than any of them may that nothing else comes after.
    timing.snapshot_max = 4s;
    Running running{venue.tls(), venue.settings({true, false, true}), timing};
    CHECK(eventually(30s, [&] { return running.live() && markets_of_books(running.host).size() == 50; }));
    INFO(told(running.host));
    CHECK(markets_of_books(running.host).size() == 50);
    CHECK(venue.connections() == 1);
    CHECK(gap_reasons(running.host).empty());
}

TEST_CASE("a book that differs from its ticker is found, compared with REST, written down and begun anew") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "120", "--markets", "20"}};
    auto timing = hurried();
    timing.disagree_max = 300ms;
    Running running{simulated, settings_for(simulated, true), timing};
    auto& host = running.host;
    REQUIRE(eventually(20s, [&] { return running.live(); }));
    simulated.control("start");
    // A change that is withheld shows when it was one of the best price.
    for (int struck = 0; struck != 20 && host.counter("wrong_books") == 0; ++struck) {
        simulated.fault("lost_change", "kalshi", 0.1);
        eventually(2s, [&] { return host.counter("wrong_books") != 0; });
    }
    REQUIRE(eventually(20s, [&] { return open_gaps(host) == 0; }));
    simulated.finish();
    auto const expected = trades_of_ledger(simulated, true);
    eventually(20s, [&] { return host.all<arb_trade>().size() >= expected.size(); });
    INFO(told(host));
    CHECK(host.counter("book_disagreements") >= 1);
    CHECK(host.counter("book_audits") >= 1);
    CHECK(host.counter("wrong_books") >= 1);
    CHECK(gap_reasons(host).contains("disagreement"));
    std::set<std::string> audited;
    for (auto const* const gap : host.all<arb_gap>())
        if (text(gap->header, gap->reason) == "disagreement") {
            CHECK(gap->stream == ARB_STREAM_BOOKS);
            audited.emplace(text(gap->header, gap->market_id));
        }
    auto const wrong = [&] {
        auto const all = wrong_books(simulated, host);
        std::string out;
        for (auto const& market : audited)
            if (all.find(market + " ") != std::string::npos) out += market + "; ";
        return out;
    };
    eventually(10s, [&] { return wrong().empty(); });
    CHECK(wrong() == "");
    CHECK(violations(simulated) == "");
}

TEST_CASE("a pause of the exchange is in the status, and its silence is no stall") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "20"}};
    simulated.control("exchange?active=0");
    auto timing = hurried();
    timing.silence_min = timing.silence_max = 500ms;
    timing.replace_every = 500ms;
    timing.exchange_every = 200ms;
    Running running{simulated, settings_for(simulated, true), timing};
    REQUIRE(eventually(20s, [&] {
        return running.live() &&
               running.host.sentences().back().find("the exchange pauses trading") != std::string::npos;
    }));
    CHECK_FALSE(eventually(2s, [&] { return running.host.counter("replacements") != 0; }));
    CHECK(running.live());
    CHECK(gap_reasons(running.host).empty());
    simulated.control("exchange?active=1");
    CHECK(eventually(20s, [&] {
        return running.live() &&
               running.host.sentences().back().find("the exchange pauses trading") == std::string::npos;
    }));
    // The same silence of an exchange that trades is looked into.
    CHECK(eventually(20s, [&] { return running.host.counter("quiet_books_compared") != 0; }));
}

TEST_CASE("a connection that ends in announced maintenance leaves a gap that says so") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "20"}};
    simulated.control("exchange?active=1&from=-60&to=3600");
    Running running{simulated, settings_for(simulated, true), hurried()};
    REQUIRE(eventually(20s, [&] {
        return running.live() && running.host.sentences().back().find(
                                     "maintenance by the exchange's schedule until") != std::string::npos;
    }));
    simulated.fault("cut", "kalshi", 60);
    CHECK(eventually(20s, [&] { return gap_reasons(running.host).contains("maintenance"); }));
    // The catalogue goes on.
    bool const in_the_status = eventually(20s, [&] {
        auto const sentence = running.host.sentences().back();
        return running.host.state() == ARB_STATE_DEGRADED &&
               sentence.find("reconnecting") != std::string::npos &&
               sentence.find("maintenance by the exchange's schedule until") != std::string::npos;
    });
    INFO(told(running.host));
    CHECK(in_the_status);
    CHECK_FALSE(gap_reasons(running.host).contains("disconnected"));
}

TEST_CASE("combos are collected when they are named and never else") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "200", "--seconds", "2", "--markets", "20"}};
    auto settings = settings_for(simulated, true);
    auto named = settings;
    named.select.series = {"KXMVESIM"};
    Running all{simulated, settings, hurried()}, combos{simulated, named, hurried()};
    REQUIRE(eventually(20s, [&] {
        return all.live() && combos.live() && !all.host.all<arb_book>().empty() &&
               !combos.host.all<arb_book>().empty();
    }));
    simulated.control("start");
    REQUIRE(eventually(30s, [&] { return simulated.finished(); }));
    auto const expected = trades_of_ledger(simulated, true);
    eventually(20s, [&] { return all.host.all<arb_trade>().size() >= expected.size(); });
    auto const count = [](arb::test::RecordingHost& host, bool combo) {
        std::size_t out = 0;
        for (auto const* const row : host.all<arb_market>())
            out += is_combo(text(row->header, row->market_id)) == combo ? 1 : 0;
        for (auto const* const row : host.all<arb_quote>())
            out += is_combo(text(row->header, row->market_id)) == combo ? 1 : 0;
        for (auto const* const row : host.all<arb_status_change>())
            if (auto const market = text(row->header, row->market_id); !market.empty())
                out += is_combo(market) == combo ? 1 : 0;
        return out;
    };
    INFO(told(combos.host));
    CHECK(count(all.host, true) == 0);
    CHECK(count(all.host, false) > 10);
    CHECK(count(combos.host, false) == 0);
    CHECK(count(combos.host, true) > 2);
    CHECK(combos.host.all<arb_trade>().empty());
    CHECK_FALSE(combos.host.all<arb_book>().empty());
    CHECK(violations(simulated) == "");
}

TEST_CASE("sweeps and what is read afterwards wait while the queue is nearly full") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "300", "--seconds", "1", "--markets", "20"}};
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto settings = settings_for(simulated, true);
    settings.backfill = 1h;
    Running running{simulated, settings, hurried()};
    auto& host = running.host;
    host.set_queue_percent(90);
    // The feed goes on, and the first sweep: without it nobody knows what to collect.
    REQUIRE(eventually(20s, [&] {
        return running.live() && said(host, "the catalogue is not read until the queue has room again");
    }));
    auto const sweeps = [&] {
        return simulated.control("report").at("counters").at("kalshi.event_sweeps").to_number<std::int64_t>();
    };
    auto const before = sweeps();
    CHECK_FALSE(eventually(2500ms, [&] { return sweeps() != before || !host.all<arb_trade>().empty(); }));
    host.set_queue_percent(50);
    CHECK(eventually(20s, [&] { return sweeps() > before + 1; }));
    auto const expected = trades_of_ledger(simulated, false);
    CHECK(eventually(20s, [&] { return trades_of(host) == expected; }));
    CHECK(violations(simulated) == "");
}
