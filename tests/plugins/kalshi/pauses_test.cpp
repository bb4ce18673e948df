// When the venue itself stands still, opens, or refuses a part of its feed: what is written down of it.
#include "against_simulator.hpp"
#include "mock_venue.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::kalshi::test;
using arb::test::contains;
using arb::test::HttpAnswer;
using arb::test::HttpAsk;
using Lines = std::vector<std::string>;

namespace {

Timing hurried() {
    Timing timing;
    timing.silence_min = timing.silence_max = 60s;
    timing.watch_every = 20ms;
    timing.stagger = 10ms;
    timing.exchange_every = 50ms;
    timing.refused_again = 300ms;
    timing.backfill_after = 100ms;
    return timing;
}

// Status rows without a market.
Lines pauses(arb::test::RecordingHost& host) {
    Lines out;
    for (auto const* const row : host.all<arb_status_change>()) {
        if (!text(row->header, row->market_id).empty()) continue;
        auto const* const state = row->lifecycle == ARB_LIFECYCLE_PAUSED ? "paused"
                                  : row->lifecycle == ARB_LIFECYCLE_OPEN ? "open"
                                                                         : "none";
        CHECK(row->header.flags == ARB_FLAG_POLLED);
        CHECK(row->header.venue_time == 0);
        CHECK(row->settlement_value == ARB_ABSENT);
        out.push_back(state + (" " + std::string{text(row->header, row->venue_status)}) + " " +
                      std::string{text(row->header, row->detail)});
    }
    return out;
}

Settings without_key(MockVenue& venue) {
    auto out = venue.settings({true, true, false});
    out.key_id.clear();
    out.key_file.clear();
    out.poll_every = 1s;
    return out;
}

std::string exchange(bool trades, bool second, char const* resumes = "null") {
    auto const state = [](bool active) {
        return std::string{R"("exchange_active":true,"trading_active":)"} + (active ? "true" : "false");
    };
    return "{" + state(trades) + R"(,"exchange_estimated_resume_time":)" + resumes +
           R"(,"exchange_index_statuses":[{"exchange_index":0,"description":"Default",)" + state(trades) +
           R"(},{"exchange_index":2,"description":"Crypto",)" + state(second) + "}]}";
}

}  // namespace

TEST_CASE("a pause of the exchange and of its parts is a row when it begins and one when it ends") {
    std::mutex mutex;
    auto body = exchange(true, true);
    MockVenue venue{1, [](MockSession&) {},
                    [&](HttpAsk const& ask) -> std::optional<HttpAnswer> {
                        if (!contains(ask.target, "/exchange/status")) return {};
                        std::lock_guard const lock{mutex};
                        return HttpAnswer{.body = body};
                    }};
    Running running{venue.tls(), without_key(venue), hurried()};
    auto& host = running.host;
    Lines expected{"open active "};
    auto const says = [&](std::string const& now, Lines const& rows) {
        {
            std::lock_guard const lock{mutex};
            body = now;
        }
        expected.insert(expected.end(), rows.begin(), rows.end());
        eventually(20s, [&] { return pauses(host).size() >= expected.size(); });
        INFO(told(host));
        CHECK(pauses(host) == expected);
    };
    says(body, {});
    std::string const part = R"({"part":2,"description":"Crypto"})";
    says(exchange(true, false), {"paused trading_inactive " + part});
    // A pause of the whole is one of its parts.
    says(exchange(false, false, R"("2026-11-26T10:00:00Z")"),
         {R"(paused trading_inactive {"resumes_at":"2026-11-26T10:00:00Z"})"});
    says(exchange(true, false), {"open active ", "paused trading_inactive " + part});
    says(exchange(true, true), {R"(open active {"part":2})"});
    // It goes on to be asked, and nothing is said twice.
    CHECK_FALSE(eventually(1s, [&] { return pauses(host) != expected; }));
}

TEST_CASE(
    "maintenance is written when it is announced, and as a pause if the exchange does not even answer") {
    std::atomic<bool> answers{false};
    auto const minute = arb::now() / (60 * second_ns) * 60 * second_ns;
    auto const from = minute - 60 * second_ns, to = minute + 3600 * second_ns;
    auto const seconds = [](arb_time time) { return format_time(time).substr(0, 19) + "Z"; };
    MockVenue venue{
        1, [](MockSession&) {},
        [&](HttpAsk const& ask) -> std::optional<HttpAnswer> {
            if (contains(ask.target, "/exchange/schedule"))
                return HttpAnswer{.body = R"({"schedule":{"maintenance_windows":[{"start_datetime":")" +
                                          seconds(from) + R"(","end_datetime":")" + seconds(to) + R"("}]}})"};
            if (!contains(ask.target, "/exchange/status") || answers) return {};
            return HttpAnswer{.status = 500, .body = "<html>"};
        }};
    Running running{venue.tls(), without_key(venue), hurried()};
    auto& host = running.host;
    eventually(30s, [&] { return pauses(host).size() >= 2; });
    answers = true;
    eventually(30s, [&] { return pauses(host).size() >= 3; });
    INFO(told(host));
    CHECK(pauses(host) == Lines{R"(none maintenance_announced {"from":")" + seconds(from) + R"(","to":")" +
                                    seconds(to) + R"("})",
                                R"(paused maintenance {"scheduled_until":")" + seconds(to) + R"("})",
                                "open active "});
}

TEST_CASE("a channel that is refused is named, its stream has a gap, and others that come late are whole") {
    std::atomic<bool> has_lifecycle{false};
    MockVenue venue{5, [&](MockSession& session) {
                        std::map<std::string, int> asked;
                        for (auto command = session.next(); !command.empty(); command = session.next()) {
                            auto const channel = MockSession::channel_of(command);
                            auto const times = ++asked[channel];
                            auto const error = channel == "trade" && times == 1                     ? 18
                                               : channel == "orderbook_delta" && times <= 2         ? 27
                                               : channel == "market_lifecycle_v2" && !has_lifecycle ? 8
                                                                                                    : 0;
                            if (error != 0) {
                                session.error(command, error);
                                continue;
                            }
                            session.accept(command);
                            if (channel == "ticker") session.ticker(MockVenue::ticker(0));
                            if (channel == "orderbook_delta")
                                for (auto const& ticker : MockSession::tickers_of(command))
                                    session.book(ticker);
                        }
                    }};
    Running running{venue.tls(), venue.settings({true, true, true}), hurried()};
    auto& host = running.host;
    auto const open = [&] {
        std::set<int> streams;
        for (auto const* const gap : host.all<arb_gap>()) {
            if (gap->to_time == ARB_ABSENT)
                streams.insert(gap->stream);
            else
                streams.erase(gap->stream);
        }
        return streams;
    };
    bool const in_part = eventually(20s, [&] {
        return host.state() == ARB_STATE_DEGRADED && host.all<arb_book>().size() == 5 &&
               open() == std::set<int>{ARB_STREAM_STATUS};
    });
    INFO(told(host));
    REQUIRE(in_part);
    auto const sentence = host.sentences().back();
    CHECK(contains(sentence, "live in part"));
    CHECK(contains(sentence, "channel market_lifecycle_v2 is missing: the venue answered error 8"));
    CHECK_FALSE(contains(sentence, "orderbook_delta"));
    CHECK(gap_reasons(host) == std::set<std::string>{"refused"});
    // The venue has it after all.
    has_lifecycle = true;
    CHECK(eventually(20s, [&] { return running.live() && open().empty(); }));
    CHECK(venue.connections() == 1);
}

TEST_CASE("a market opens by the clock, though no frame says so and the list cannot be read at once") {
    std::atomic<arb_time> opens{0};  // some seconds after it is first listed
    std::atomic<unsigned> refused{0};
    MockVenue venue{2,
                    [&](MockSession& session) {
                        for (auto command = session.next(); !command.empty(); command = session.next()) {
                            auto const channel = MockSession::channel_of(command);
                            if (channel == "market_lifecycle_v2")
                                session.error(command, 8);
                            else
                                session.accept(command);
                            if (channel == "orderbook_delta")
                                for (auto const& ticker : MockSession::tickers_of(command))
                                    session.book(ticker);
                            if (channel == "ticker") session.ticker(MockVenue::ticker(0));
                        }
                    },
                    [&](HttpAsk const& ask) -> std::optional<HttpAnswer> {
                        if (!contains(ask.target, "/events?")) return {};
                        if (opens == 0) opens = arb::now() + 3 * second_ns;
                        bool const open = arb::now() >= opens;
                        // As often as one reading tries.
                        if (open && refused < 5) {
                            ++refused;
                            return HttpAnswer{.status = 500, .body = "<html>"};
                        }
                        auto market = MockVenue::market(1, open ? "active" : "initialized");
                        auto const at = market.find("2026-01-01T00:00:00Z");
                        market.replace(at, 20, format_time(opens));
                        return HttpAnswer{.body = MockVenue::events(MockVenue::market(0) + "," + market)};
                    }};
    auto settings = venue.settings({true, true, true});
    settings.catalogue_every = 1h;
    Running running{venue.tls(), settings, hurried()};
    auto& host = running.host;
    auto const opened = [&] {
        for (auto const* const row : host.all<arb_status_change>())
            if (text(row->header, row->market_id) == MockVenue::ticker(1)) return row;
        return static_cast<arb_status_change const*>(nullptr);
    };
    bool const seen = eventually(40s, [&] { return opened() != nullptr; });
    INFO(told(host));
    REQUIRE(seen);
    CHECK(refused == 5);
    CHECK(opened()->lifecycle == ARB_LIFECYCLE_OPEN);
    CHECK(opened()->header.received_time >= opens);
    CHECK(eventually(20s, [&] { return host.all<arb_book>().size() >= 2; }));
}

TEST_CASE("hours that the schedule has as closed are no pause while the exchange trades") {
    std::atomic<unsigned> compared{0};
    MockVenue venue{
        2,
        [](MockSession& session) {
            for (auto command = session.next(); !command.empty(); command = session.next()) {
                session.accept(command);
                auto const channel = MockSession::channel_of(command);
                if (channel == "ticker") session.ticker(MockVenue::ticker(0));
                if (channel == "orderbook_delta")
                    for (auto const& ticker : MockSession::tickers_of(command)) session.book(ticker);
            }
        },
        [&](HttpAsk const& ask) -> std::optional<HttpAnswer> {
            if (contains(ask.target, "/markets/orderbooks")) ++compared;
            if (!contains(ask.target, "/exchange/schedule")) return {};
            return HttpAnswer{
                .body =
                    R"({"schedule":{"maintenance_windows":[{"start_datetime":"2026-01-01T00:00:00Z","end_datetime":")" +
                    format_time(arb::now() + 3600 * second_ns) + R"("}]}})"};
        }};
    auto timing = hurried();
    timing.silence_min = timing.silence_max = 300ms;
    timing.replace_every = 300ms;
    Running running{venue.tls(), venue.settings({true, true, true}), timing};
    // The silence is looked into.
    bool const looked = eventually(20s, [&] { return compared != 0; });
    INFO(told(running.host));
    CHECK(looked);
}
