// One of the subscriptions of a connection dies, or means something else, while the others go on: nothing but
// what they say of each other shows it.
#include <tuple>

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
    timing.grace = 500ms;
    timing.disagree_max = 500ms;
    timing.overlap = 300ms;
    timing.watch_every = 20ms;
    timing.stagger = 10ms;
    timing.backfill_after = 100ms;
    return timing;
}

std::string const market = MockVenue::ticker(0), other_market = MockVenue::ticker(1);

std::string ticker(std::string const& of, std::string const& bid, int volume) {
    return R"({"market_ticker":")" + of + R"(","price_dollars":"0.4200","yes_bid_dollars":")" + bid +
           R"(","yes_ask_dollars":"0.4600","yes_bid_size_fp":"10.00","yes_ask_size_fp":"20.00","volume_fp":")" +
           std::to_string(volume) + R"(.00","open_interest_fp":"3.00","ts_ms":)" +
           std::to_string(arb::now() / millisecond_ns) + "}";
}

std::string trade_id(int n) { return "trade-" + std::to_string(n); }

std::string trade(int n) {
    return R"({"trade_id":")" + trade_id(n) + R"(","market_ticker":")" + market +
           R"(","yes_price_dollars":"0.4200","no_price_dollars":"0.5800","count_fp":"1.00",)"
           R"("taker_side":"yes","taker_outcome_side":"yes","taker_book_side":"bid","is_block_trade":false,)"
           R"("ts_ms":)" +
           std::to_string(arb::now() / millisecond_ns) + "}";
}

std::string listed_trade(int n) {
    return R"({"trade_id":")" + trade_id(n) + R"(","ticker":")" + market +
           R"(","count_fp":"1.00","yes_price_dollars":"0.4200","no_price_dollars":"0.5800",)"
           R"("taker_outcome_side":"yes","taker_book_side":"bid","taker_side":"yes","is_block_trade":false,)"
           R"("created_time":")" +
           format_time(arb::now()) + "\"}";
}

// Levels as they are written in frames and lists; those of NO at `no`.
std::string levels(char const* suffix, std::string const& yes, std::string const& no) {
    return R"("yes_dollars)" + std::string{suffix} + R"(":[[")" + yes + R"(","10.00"]],"no_dollars)" +
           suffix + R"(":[[")" + no + R"(","20.00"]])";
}

void send_book(MockSession& session, std::string const& of, std::string const& no = "0.5400") {
    session.tell("orderbook_delta", "orderbook_snapshot",
                 R"({"market_ticker":")" + of + R"(",)" + levels("_fp", "0.4100", no) + "}");
}

// Accepts so many subscriptions; books come with theirs, `no` is their price of NO.
bool accept(MockSession& session, int subscriptions, std::string const& no = "0.5400",
            std::string const& bid = "0.4100") {
    for (int n = 0; n != subscriptions; ++n) {
        auto const command = session.next();
        if (command.empty()) return false;
        session.accept(command);
        auto const channel = MockSession::channel_of(command);
        if (channel == "ticker") session.tell("ticker", "ticker", ticker(market, bid, 5));
        if (channel != "orderbook_delta") continue;
        for (auto const& each : MockSession::tickers_of(command)) send_book(session, each, no);
    }
    return true;
}

void wait_for_the_end(MockSession& session) {
    while (!session.next().empty()) {}
}

// What REST lists of trades, and of the market.
struct Listed {
    std::mutex mutex;
    std::string trades, bid = "0.4100", status = "active", book = levels("", "0.4100", "0.5400");
    int volume = 5;
    std::atomic<int> asked{0};

    std::optional<HttpAnswer> answer(HttpAsk const& ask) {
        std::lock_guard const lock{mutex};
        if (contains(ask.target, "/markets/trades"))
            return HttpAnswer{.body = R"({"trades":[)" + trades + R"(],"cursor":""})"};
        if (contains(ask.target, "/orderbook"))
            return ++asked, HttpAnswer{.body = R"({"orderbook_fp":{)" + book + "}}"};
        if (!contains(ask.target, "/markets?")) return {};
        auto body = MockVenue::market(contains(ask.target, other_market.c_str()) ? 1 : 0, status);
        auto const set = [&](std::string const& from, std::string const& to) {
            body.replace(body.find(from), from.size(), to);
        };
        set(R"("yes_bid_dollars":"0.4100")", R"("yes_bid_dollars":")" + bid + '"');
        set(R"("yes_ask_dollars":"0.4300")", R"("yes_ask_dollars":"0.4600")");
        set(R"("volume_fp":"5.00")", R"("volume_fp":")" + std::to_string(volume) + R"(.00")");
        return HttpAnswer{.body = R"({"cursor":"","markets":[)" + body + "]}"};
    }
    void add_trade(int n) {
        std::lock_guard const lock{mutex};
        trades = listed_trade(n) + (trades.empty() ? "" : ",") + trades;
    }
    MockVenue::Rest rest() {
        return [this](HttpAsk const& ask) { return answer(ask); };
    }
};

std::set<std::string> ids_of(arb::test::RecordingHost& host) {
    std::set<std::string> out;
    for (auto const* const each : host.all<arb_trade>()) out.emplace(text(each->header, each->trade_id));
    return out;
}

// Gaps as sinks keep them: stream, market, reason, whether it is open, whether it is recovered.
using Gap = std::tuple<int, std::string, std::string, bool, bool>;
std::set<Gap> gaps_of(arb::test::RecordingHost& host) {
    std::map<std::tuple<int, std::string, arb_time>, Gap> out;
    for (auto const* const gap : host.all<arb_gap>()) {
        std::string const of{text(gap->header, gap->market_id)};
        out[{gap->stream, of, gap->from_time}] = {gap->stream, of,
                                                  std::string{text(gap->header, gap->reason)},
                                                  gap->to_time == ARB_ABSENT, gap->recovered == ARB_YES};
    }
    std::set<Gap> all;
    for (auto const& [name, gap] : out) all.insert(gap);
    return all;
}

bool said(arb::test::RecordingHost& host, char const* words) {
    auto const all = host.sentences();
    return std::any_of(all.begin(), all.end(),
                       [&](auto const& sentence) { return sentence.find(words) != sentence.npos; });
}

}  // namespace

TEST_CASE("trades that stop on a connection that lives are noticed by the volume, and read again") {
    Listed listed;
    MockVenue venue{
        1,
        [&](MockSession& session) {
            if (!accept(session, 3)) return;
            if (session.number != 1) return wait_for_the_end(session);
            listed.add_trade(0);
            session.tell("trade", "trade", trade(0));
            for (int n = 1; n != 1'000; ++n) {
                if (n < 30) listed.add_trade(n);
                if (!session.tell("ticker", "ticker", ticker(market, "0.4100", 5 + std::min(n, 30)))) return;
                std::this_thread::sleep_for(50ms);
            }
        },
        listed.rest()};
    Running running{venue.tls(), venue.settings({true, true, false}), hurried()};
    auto& host = running.host;
    eventually(30s, [&] { return ids_of(host).size() == 30 && running.live() && open_gaps(host) == 0; });
    std::set<Gap> const recovered{{ARB_STREAM_TRADES, "", "stalled", false, true}};
    eventually(20s, [&] { return gaps_of(host) == recovered; });
    INFO(told(host));
    CHECK(ids_of(host).size() == 30);
    CHECK(host.all<arb_trade>().size() == 30);
    CHECK(gaps_of(host) == recovered);
    CHECK(venue.connections() == 2);
    CHECK(said(host, "trades do not come"));
    CHECK(running.live());
}

TEST_CASE("a volume that grows without trades in the list is asked for and is no gap") {
    Listed listed;
    MockVenue venue{1,
                    [&](MockSession& session) {
                        if (!accept(session, 3)) return;
                        for (int n = 1; n != 1'000; ++n) {
                            if (!session.tell("ticker", "ticker", ticker(market, "0.4100", 5 + n))) return;
                            std::this_thread::sleep_for(50ms);
                        }
                    },
                    listed.rest()};
    Running running{venue.tls(), venue.settings({true, true, false}), hurried()};
    auto& host = running.host;
    CHECK(eventually(20s, [&] { return host.counter("trades_asked_for") >= 3; }));
    INFO(told(host));
    CHECK(gaps_of(host).empty());
    CHECK(venue.connections() == 1);
}

TEST_CASE("trades that do not come for long are asked for where no ticker tells of them") {
    Listed listed;
    MockVenue venue{1,
                    [&](MockSession& session) {
                        if (!accept(session, 2) || session.number != 1) return wait_for_the_end(session);
                        session.tell("trade", "trade", trade(0));
                        for (int n = 1; n != 400; ++n) {
                            if (n == 20) listed.add_trade(1);
                            if (!session.tell("market_lifecycle_v2", "market_lifecycle_v2",
                                              R"({"market_ticker":"KXB-1","event_type":"activated"})"))
                                return;
                            std::this_thread::sleep_for(50ms);
                        }
                    },
                    listed.rest()};
    auto timing = hurried();
    timing.trades_quiet_max = 500ms;
    Running running{venue.tls(), venue.settings({false, true, false}), timing};
    auto& host = running.host;
    CHECK(eventually(20s, [&] { return gap_reasons(host).contains("stalled"); }));
    CHECK(eventually(20s, [&] { return host.counter("replacements") != 0; }));
    INFO(told(host));
    CHECK(said(host, "trades do not come"));
}

TEST_CASE(
    "prices that stop on a connection that lives are noticed by the book, and a gap until they return") {
    Listed listed;
    listed.bid = "0.4300";
    listed.book = R"("yes_dollars":[["0.4100","10.00"],["0.4300","7.00"]],"no_dollars":[["0.5400","20.00"]])";
    MockVenue venue{1,
                    [&](MockSession& session) {
                        if (!accept(session, 4, "0.5400", session.number == 1 ? "0.4100" : "0.4300")) return;
                        session.tell("orderbook_delta", "orderbook_delta",
                                     R"({"market_ticker":")" + market +
                                         R"(","price_dollars":"0.4300","delta_fp":"7.00","side":"yes"})");
                        wait_for_the_end(session);
                    },
                    listed.rest()};
    Running running{venue.tls(), venue.settings({true, true, true}), hurried()};
    auto& host = running.host;
    std::set<Gap> const closed{{ARB_STREAM_QUOTES, "", "stalled", false, false}};
    eventually(30s, [&] { return gaps_of(host) == closed && running.live(); });
    INFO(told(host));
    CHECK(gaps_of(host) == closed);
    CHECK(venue.connections() == 2);
    CHECK(said(host, "prices do not come"));
    CHECK(running.live());
    auto const quotes = host.all<arb_quote>();
    REQUIRE_FALSE(quotes.empty());
    CHECK(quotes.back()->bid == 430'000);
    CHECK(host.counter("wrong_books") == 0);
}

TEST_CASE("a market that does not trade may have a book without a ticker") {
    Listed listed;
    listed.bid = "0.0000";
    listed.status = "closed";
    listed.book = R"("yes_dollars":[],"no_dollars":[["0.5400","20.00"]])";
    MockVenue venue{1,
                    [&](MockSession& session) {
                        if (!accept(session, 4)) return;
                        session.tell("orderbook_delta", "orderbook_delta",
                                     R"({"market_ticker":")" + market +
                                         R"(","price_dollars":"0.4100","delta_fp":"-10.00","side":"yes"})");
                        wait_for_the_end(session);
                    },
                    listed.rest()};
    Running running{venue.tls(), venue.settings({true, true, true}), hurried()};
    auto& host = running.host;
    CHECK(eventually(20s, [&] { return host.counter("quotes_asked_for") != 0; }));
    CHECK_FALSE(eventually(1s, [&] { return !gaps_of(host).empty(); }));
    INFO(told(host));
    CHECK(venue.connections() == 1);
}

TEST_CASE("trades without a ticker of their market are a gap of its prices while others come") {
    Listed listed;
    listed.volume = 6;
    std::atomic<bool> returns{false};
    MockVenue venue{2,
                    [&](MockSession& session) {
                        if (!accept(session, 3)) return;
                        session.tell("ticker", "ticker", ticker(market, "0.4100", 5));
                        session.tell("trade", "trade", trade(0));
                        for (int n = 1; n != 1'000; ++n) {
                            if (!session.tell("ticker", "ticker", ticker(other_market, "0.4100", 5))) return;
                            if (returns) session.tell("ticker", "ticker", ticker(market, "0.4100", 6));
                            std::this_thread::sleep_for(50ms);
                        }
                    },
                    listed.rest()};
    Running running{venue.tls(), venue.settings({true, true, false}), hurried()};
    auto& host = running.host;
    std::set<Gap> const open{{ARB_STREAM_QUOTES, market, "stalled", true, false}};
    std::set<Gap> const closed{{ARB_STREAM_QUOTES, market, "stalled", false, false}};
    eventually(20s, [&] { return gaps_of(host) == open; });
    CHECK(gaps_of(host) == open);
    returns = true;
    eventually(20s, [&] { return gaps_of(host) == closed; });
    INFO(told(host));
    CHECK(gaps_of(host) == closed);
    CHECK(venue.connections() == 1);
}

TEST_CASE(
    "books in another convention stay in their gap, with tickers or without, and are not asked for again") {
    auto const with_tickers = GENERATE(true, false);
    Listed listed;  // NO bids at 0.54, which the stream prints as 0.46 of YES
    std::atomic<int> asked_again{0};
    MockVenue venue{1,
                    [&](MockSession& session) {
                        if (!accept(session, with_tickers ? 4 : 3, "0.4600")) return;
                        for (auto command = session.next(); !command.empty(); command = session.next()) {
                            ++asked_again;
                            session.accept(command);
                            send_book(session, market, "0.4600");
                        }
                    },
                    listed.rest()};
    Running running{venue.tls(), venue.settings({with_tickers, true, true}), hurried()};
    auto& host = running.host;
    std::set<Gap> const open{{ARB_STREAM_BOOKS, market, "disagreement", true, false}};
    CHECK(eventually(20s, [&] { return said(host, "another convention"); }));
    CHECK_FALSE(eventually(1500ms, [&] { return asked_again != 1 || gaps_of(host) != open; }));
    INFO(told(host));
    CHECK(gaps_of(host) == open);
    CHECK(asked_again == 1);
    CHECK(host.state() == ARB_STATE_DEGRADED);
    CHECK(venue.connections() == 1);
}
