// A venue whose lists lag behind its frames and its clock, lose markets, or whose frames belong to nothing.
#include "against_simulator.hpp"
#include "mock_venue.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::kalshi::test;
using arb::test::contains;
using arb::test::HttpAnswer;
using arb::test::HttpAsk;

namespace {

Timing hurried() {
    Timing timing;
    timing.silence_min = timing.silence_max = 60s;
    timing.watch_every = 20ms;
    timing.stagger = 10ms;
    return timing;
}

// Takes all commands, opens books and tickers, and says `more` once all channels are subscribed to.
std::function<void(MockSession&)> serve(std::size_t channels, std::function<void(MockSession&)> more) {
    return [channels, more](MockSession& session) {
        std::set<std::string> held;
        for (auto command = session.next(); !command.empty(); command = session.next()) {
            session.accept(command);
            auto const channel = MockSession::channel_of(command);
            if (channel == "orderbook_delta")
                for (auto const& ticker : MockSession::tickers_of(command)) session.book(ticker);
            if (channel == "ticker") session.ticker(MockVenue::ticker(0));
            if (held.insert(channel).second && held.size() == channels) more(session);
        }
    };
}

std::vector<std::string> states_of(arb::test::RecordingHost& host, std::string const& market) {
    std::vector<std::string> out;
    for (auto const* const row : host.all<arb_status_change>())
        if (text(row->header, row->market_id) == market)
            out.emplace_back(text(row->header, row->venue_status));
    return out;
}

std::vector<std::string> fees_of_event(arb::test::RecordingHost& host) {
    std::vector<std::string> out;
    for (auto const* const row : host.all<arb_fee_schedule>())
        if (row->scope == ARB_SCOPE_EVENT) out.emplace_back(text(row->header, row->type));
    return out;
}

}  // namespace

TEST_CASE("a list that lags behind frames undoes neither a result nor a fee") {
    std::atomic<unsigned> looks{0};
    std::atomic<bool> caught_up{false};
    // The frames are told when the catalogue is known.
    std::atomic<bool> known{false};
    MockVenue venue{
        2,
        serve(
            3,
            [&](MockSession& session) {
                for (int n = 0; n != 3'000 && !known; ++n) std::this_thread::sleep_for(10ms);
                session.tell(
                    "market_lifecycle_v2", "market_lifecycle_v2",
                    R"({"market_ticker":")" + MockVenue::ticker(0) +
                        R"(","event_type":"determined","result":"yes","determination_ts":1791341200,"settlement_value":"1.0000"})");
                session.repeat();
                session.tell(
                    "market_lifecycle_v2", "event_fee_update",
                    R"({"event_ticker":"KXA-26","fee_type_override":"quadratic_with_maker_fees","fee_multiplier_override":2})");
            }),
        [&](HttpAsk const& ask) -> std::optional<HttpAnswer> {
            if (!contains(ask.target, "/events?")) return {};
            if (contains(ask.target, "tickers=")) ++looks;
            // It goes on as if nothing had happened.
            auto const first = MockVenue::market(0, caught_up ? "determined" : "active");
            return HttpAnswer{.body = MockVenue::events(first + "," + MockVenue::market(1))};
        }};
    auto settings = venue.settings({true, true, false});
    settings.catalogue_every = 1s;
    Running running{venue.tls(), settings, hurried()};
    auto& host = running.host;
    REQUIRE(eventually(20s, [&] { return host.all<arb_market>().size() >= 2 && running.live(); }));
    known = true;
    REQUIRE(eventually(20s, [&] { return looks >= 2 && !fees_of_event(host).empty(); }));
    caught_up = true;
    auto const until = looks + 2;
    CHECK(eventually(20s, [&] { return looks >= until; }));
    INFO(told(host));
    CHECK(states_of(host, MockVenue::ticker(0)) == std::vector<std::string>{"determined"});
    CHECK(fees_of_event(host) == std::vector<std::string>{"quadratic_with_maker_fees"});
    for (auto const* const row : host.all<arb_market>())
        if (row->lifecycle != ARB_LIFECYCLE_OPEN)
            CHECK(text(row->header, row->market_id) == MockVenue::ticker(0));
    // The row without the result did not come after the frame that has it.
    for (auto const* const row : host.all<arb_market>())
        if (text(row->header, row->market_id) == MockVenue::ticker(0) &&
            row->lifecycle == ARB_LIFECYCLE_DETERMINED)
            CHECK_FALSE(contains(std::string{text(row->header, row->raw)}, "active"));
    // The markets have the fee that was told.
    std::string fee;
    for (auto const* const row : host.all<arb_market>())
        if (text(row->header, row->market_id) == MockVenue::ticker(1)) fee = text(row->header, row->fee);
    CHECK(fee == R"({"type":"quadratic_with_maker_fees","multiplier":2})");
}

TEST_CASE(
    "a market is closed at its hour, whatever the list still says, and one that vanishes is closed as well") {
    auto const closes = arb::now() + 3 * second_ns;
    std::atomic<bool> vanished{false};
    MockVenue venue{3, serve(3, [](MockSession&) {}), [&](HttpAsk const& ask) -> std::optional<HttpAnswer> {
                        if (contains(ask.target, "/markets?"))
                            return HttpAnswer{.body = R"({"markets":[],"cursor":""})"};
                        if (!contains(ask.target, "/events?")) return {};
                        auto list =
                            MockVenue::market(0, "active", format_time(closes)) + "," + MockVenue::market(1);
                        if (!vanished) list += "," + MockVenue::market(2);
                        return HttpAnswer{.body = MockVenue::events(list)};
                    }};
    auto settings = venue.settings({true, true, false});
    settings.catalogue_every = 1s;
    Running running{venue.tls(), settings, hurried()};
    auto& host = running.host;
    REQUIRE(eventually(20s, [&] { return host.all<arb_market>().size() >= 3; }));
    bool const closed = eventually(20s, [&] { return !states_of(host, MockVenue::ticker(0)).empty(); });
    INFO(told(host));
    REQUIRE(closed);
    CHECK(arb::now() >= closes);
    vanished = true;
    CHECK(eventually(20s, [&] { return !states_of(host, MockVenue::ticker(2)).empty(); }));
    CHECK(states_of(host, MockVenue::ticker(0)) == std::vector<std::string>{"closed"});
    CHECK(states_of(host, MockVenue::ticker(2)) == std::vector<std::string>{"no_longer_listed"});
    CHECK(states_of(host, MockVenue::ticker(1)).empty());
    for (auto const* const row : host.all<arb_status_change>())
        CHECK((row->lifecycle == ARB_LIFECYCLE_CLOSED || text(row->header, row->market_id).empty()));
}

TEST_CASE("lists without rows are not believed while the venue knows the markets by name") {
    // An answer without its list, or with an empty one.
    bool const empty = GENERATE(false, true);
    std::atomic<bool> broken{false};
    MockVenue venue{
        3, serve(3, [](MockSession&) {}), [&](HttpAsk const& ask) -> std::optional<HttpAnswer> {
            if (contains(ask.target, "/markets/KXA"))
                return HttpAnswer{.body = R"({"market":)" + MockVenue::market(0) + "}"};
            if (!broken || (!contains(ask.target, "/events?") && !contains(ask.target, "/markets?")))
                return {};
            return HttpAnswer{.body = empty ? R"({"events":[],"markets":null,"cursor":""})"
                                            : R"({"error":{"code":"internal"}})"};
        }};
    auto settings = venue.settings({true, true, true});
    settings.catalogue_every = 300ms;
    Running running{venue.tls(), settings, hurried()};
    auto& host = running.host;
    REQUIRE(eventually(20s, [&] { return running.live() && host.all<arb_market>().size() >= 3; }));
    broken = true;
    bool const said = eventually(20s, [&] {
        return host.state() == ARB_STATE_DEGRADED && gap_reasons(host).contains("sweep_failed");
    });
    INFO(told(host));
    REQUIRE(said);
    CHECK(contains(host.sentences().back(), empty ? "which the venue still has" : "has no list of events"));
    // Longer than three sweeps would take.
    CHECK_FALSE(eventually(5s, [&] { return running.live(); }));
    broken = false;
    CHECK(eventually(20s, [&] { return running.live() && open_gaps(host) == 0; }));
    for (unsigned n = 0; n != 3; ++n) CHECK(states_of(host, MockVenue::ticker(n)).empty());
    CHECK(host.all<arb_book>().size() == 3);
}

TEST_CASE("a market that was reopened is not closed again by a list that lags") {
    auto const later = (arb::now() / second_ns + 3600) * second_ns;
    std::atomic<unsigned> looks{0};
    std::atomic<bool> known{false}, caught_up{false};
    MockVenue venue{2,
                    serve(3,
                          [&](MockSession& session) {
                              for (int n = 0; n != 3'000 && !known; ++n) std::this_thread::sleep_for(10ms);
                              auto const tell = [&](std::string const& more) {
                                  session.tell(
                                      "market_lifecycle_v2", "market_lifecycle_v2",
                                      R"({"market_ticker":")" + MockVenue::ticker(0) + "\"," + more + "}");
                              };
                              tell(R"("event_type":"close_date_updated","close_ts":)" +
                                   std::to_string(later / second_ns));
                              tell(R"("event_type":"activated","is_deactivated":false)");
                          }),
                    [&](HttpAsk const& ask) -> std::optional<HttpAnswer> {
                        if (!contains(ask.target, "/events?")) return {};
                        if (contains(ask.target, "tickers=")) ++looks;
                        auto const first = caught_up ? MockVenue::market(0, "active", format_time(later))
                                                     : MockVenue::market(0, "closed", "2026-01-02T00:00:00Z");
                        return HttpAnswer{.body = MockVenue::events(first + "," + MockVenue::market(1))};
                    }};
    auto settings = venue.settings({true, true, false});
    settings.catalogue_every = 1h;
    Running running{venue.tls(), settings, hurried()};
    auto& host = running.host;
    REQUIRE(eventually(20s, [&] { return host.all<arb_market>().size() >= 2 && running.live(); }));
    known = true;
    REQUIRE(eventually(20s, [&] { return looks >= 3; }));
    caught_up = true;
    auto const right = [&] {
        arb_market const* last = nullptr;
        for (auto const* const row : host.all<arb_market>())
            if (text(row->header, row->market_id) == MockVenue::ticker(0)) last = row;
        return last->lifecycle == ARB_LIFECYCLE_OPEN && last->closes_at == later;
    };
    CHECK(eventually(40s, right));
    INFO(told(host));
    CHECK(states_of(host, MockVenue::ticker(0)) ==
          std::vector<std::string>{"close_date_updated", "activated"});
}

TEST_CASE("what a frame says of a strike is read again until the list shows it") {
    std::atomic<unsigned> looks{0};
    std::atomic<bool> known{false}, caught_up{false};
    MockVenue venue{1,
                    serve(3,
                          [&](MockSession& session) {
                              for (int n = 0; n != 3'000 && !known; ++n) std::this_thread::sleep_for(10ms);
                              session.tell("market_lifecycle_v2", "market_lifecycle_v2",
                                           R"({"market_ticker":")" + MockVenue::ticker(0) +
                                               R"(","event_type":"metadata_updated","floor_strike":99.5})");
                          }),
                    [&](HttpAsk const& ask) -> std::optional<HttpAnswer> {
                        if (!contains(ask.target, "/events?")) return {};
                        if (contains(ask.target, "tickers=")) ++looks;
                        auto market = MockVenue::market(0);
                        market.pop_back();
                        market += caught_up ? R"(,"floor_strike":99.5,"updated_time":")" +
                                                  format_time(arb::now()) + "\"}"
                                            : R"(,"floor_strike":3.5,"updated_time":"2026-01-01T00:00:00Z"})";
                        return HttpAnswer{.body = MockVenue::events(market)};
                    }};
    auto settings = venue.settings({true, true, false});
    settings.catalogue_every = 1h;
    Running running{venue.tls(), settings, hurried()};
    auto& host = running.host;
    REQUIRE(eventually(20s, [&] { return !host.all<arb_market>().empty() && running.live(); }));
    known = true;
    REQUIRE(eventually(20s, [&] { return looks >= 2; }));
    caught_up = true;
    CHECK(eventually(40s, [&] {
        auto const* const last = host.all<arb_market>().back();
        return contains(std::string{text(last->header, last->raw)}, "99.5");
    }));
    INFO(told(host));
    // Then it is known.
    auto const read = looks.load();
    CHECK_FALSE(eventually(3s, [&] { return looks != read; }));
}

TEST_CASE("frames of subscriptions that nobody has change nothing") {
    auto const delta = R"({"market_ticker":")" + MockVenue::ticker(0) +
                       R"(","price_dollars":"0.4100","delta_fp":"7.00","side":"yes","ts_ms":1791341223000})";
    auto const trade = [](char const* id) {
        return R"({"trade_id":")" + std::string{id} + R"(","market_ticker":")" + MockVenue::ticker(0) +
               R"(","yes_price_dollars":"0.4200","no_price_dollars":"0.5800","count_fp":"1.00","taker_side":"yes","ts_ms":1791341223000})";
    };
    MockVenue venue{1, serve(4, [&](MockSession& session) {
                        session.tell("orderbook_delta", "orderbook_delta", delta, 99);
                        session.tell("orderbook_delta", "orderbook_delta", delta, session.sid_of("trade"));
                        session.tell("trade", "trade", trade("other"), 77);
                        session.tell("orderbook_delta", "orderbook_delta", delta);
                        session.tell("trade", "trade", trade("ours"));
                    })};
    Running running{venue.tls(), venue.settings({true, true, true}), hurried()};
    auto& host = running.host;
    bool const came = eventually(
        20s, [&] { return !host.all<arb_trade>().empty() && !host.all<arb_book_change>().empty(); });
    INFO(told(host));
    REQUIRE(came);
    CHECK(host.counter("frames_of_no_subscription") == 3);
    REQUIRE(host.all<arb_book_change>().size() == 1);
    CHECK(host.all<arb_book_change>()[0]->size == 17 * ARB_UNIT);
    REQUIRE(host.all<arb_trade>().size() == 1);
    CHECK(text(host.all<arb_trade>()[0]->header, host.all<arb_trade>()[0]->trade_id) == "ours");
}
