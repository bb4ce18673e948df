// Trades read over REST: from the list of the present, and from that of the past where the venue moved them.
#include "kalshi/trades.hpp"

#include <mutex>

#include "../net/loopback.hpp"
#include "support/recording_host.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::test;

namespace {

std::string trade(char const* id, arb_time time) {
    return R"({"trade_id":")" + std::string{id} +
           R"(","ticker":"KXA-1","count_fp":"2.00","yes_price_dollars":"0.4000","no_price_dollars":"0.6000",)"
           R"("taker_outcome_side":"yes","taker_book_side":"bid","taker_side":"yes","is_block_trade":false,)"
           R"("created_time":")" +
           format_time(time) + "\"}";
}

std::string page(std::string const& trades) { return R"({"trades":[)" + trades + R"(],"cursor":""})"; }

arb_time const today = parse_time("2026-11-20T12:00:00Z").value();
constexpr arb_time day = 86'400 * second_ns;

struct Venue {
    Loopback here;
    std::mutex mutex;
    std::vector<std::string> asked;
    std::string more;  // a further row of the present
    bool all = false;  // of the last fetch
    HttpAnswer cutoff;
    TlsServer server;
    RecordingHost host{"kalshi"};
    Outbox outbox{here.io.get_executor(), host.host(), {}};
    Rest rest;
    Drift drift{host.host(), outbox};
    Trades trades{host.host(), outbox, rest, drift,
                  [](std::string_view market) { return market != "KXB-1"; }};

    explicit Venue(HttpAnswer of_cutoff)
        : cutoff{std::move(of_cutoff)},
          server{TlsServer::Script{.certificate = here.good(),
                                   .http = [this](HttpAsk const& ask) { return answer(ask); }}},
          rest{here.client(here.https(server)), nullptr, 2, Rest::Patience{.base = 1ms, .cap = 2ms}} {
        host.set_clock(today);
    }

    HttpAnswer answer(HttpAsk const& ask) {
        std::lock_guard const lock{mutex};
        asked.push_back(ask.target);
        if (ask.target.starts_with("/markets/trades"))
            return {.body = page(trade("new", today - day) + "," + trade("both", today - 30 * day) + more)};
        if (ask.target.starts_with("/historical/trades"))
            return {.body = page(trade("both", today - 30 * day) + "," + trade("old", today - 40 * day))};
        return cutoff;
    }
    // Ids of the trades since `from`, in the order in which they came; "failed" if they cannot be read.
    std::string fetch(arb_time from) {
        auto const fetched = finish(here.io, trades.fetch(from, 0, ARB_FLAG_BACKFILLED));
        outbox.flush();
        all = fetched.has_value() && fetched->all;
        std::string out = fetched.has_error() ? "failed" : "";
        for (auto const* const each : host.all<arb_trade>())
            out += (out.empty() ? "" : " ") + std::string{text(each->header, each->trade_id)};
        return out;
    }
    bool asked_for(std::string_view path) const {
        return std::any_of(asked.begin(), asked.end(),
                           [&](auto const& target) { return target.starts_with(path); });
    }
};

HttpAnswer cutoff_at(arb_time time) {
    return {.body = R"({"market_settled_ts":")" + format_time(time) + R"(","trades_created_ts":")" +
                    format_time(time) + "\"}"};
}

}  // namespace

TEST_CASE("trades from before the venue's cutoff are read from its past, each once", "[kalshi]") {
    Venue venue{cutoff_at(today - 29 * day)};
    CHECK(venue.fetch(today - 50 * day) == "new both old");
    REQUIRE(venue.asked.size() == 3);
    // The present first: what the venue moves meanwhile is in one of the two.
    CHECK(venue.asked[0].starts_with("/markets/trades"));
    CHECK(venue.asked[1] == "/historical/cutoff");
    CHECK(contains(venue.asked[2], "min_ts=" + std::to_string((today - 50 * day) / second_ns)));
    CHECK(contains(venue.asked[2], "max_ts=" + std::to_string((today - 29 * day) / second_ns + 1)));
    CHECK(venue.host.all<arb_trade>()[2]->header.flags == ARB_FLAG_BACKFILLED);
}

TEST_CASE("the past is not asked for what is in the present", "[kalshi]") {
    Venue venue{cutoff_at(today - 90 * day)};
    CHECK(venue.fetch(today - 50 * day) == "new both");
    CHECK_FALSE(venue.asked_for("/historical/trades"));
    Venue recent{cutoff_at(today)};
    recent.fetch(today - 600 * second_ns);
    CHECK(recent.asked.size() == 1);
}

TEST_CASE("a cutoff that is not known hides no trade", "[kalshi]") {
    Venue odd{{.body = R"({"trades_created_ts":"soon"})"}};
    CHECK(odd.fetch(today - 50 * day) == "new both old");
    CHECK(odd.host.counter("drift/GET /historical/cutoff/market_settled_ts/missing") == 1);
    Venue none{{.status = 404}};
    CHECK(none.fetch(today - 50 * day) == "new both");
    Venue ill{{.status = 500}};
    CHECK(ill.fetch(today - 50 * day).starts_with("failed"));
}

TEST_CASE("what was read is not all if a wanted trade of that time had to be refused", "[kalshi]") {
    auto const fetched_all = [](std::string const& row) {
        Venue venue{cutoff_at(today - 90 * day)};
        venue.more = "," + row;
        CHECK(venue.fetch(today - 50 * day) == "new both");
        return venue.all;
    };
    // More decimals than can be kept.
    auto const refused = [](char const* market, arb_time time) {
        return R"({"trade_id":"odd","ticker":")" + std::string{market} +
               R"(","count_fp":"2.00","yes_price_dollars":"0.4212345","no_price_dollars":"0.5787655","created_time":")" +
               format_time(time) + "\"}";
    };
    CHECK_FALSE(fetched_all(refused("KXA-1", today - day)));
    CHECK_FALSE(fetched_all("7"));
    CHECK(fetched_all(refused("KXA-1", today - 51 * day)));
    CHECK(fetched_all(refused("KXB-1", today - day)));
}
