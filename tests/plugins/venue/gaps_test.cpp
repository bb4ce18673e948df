#include "venue/gaps.hpp"

#include <boost/asio/io_context.hpp>

#include "support/catch.hpp"
#include "support/recording_host.hpp"

using namespace arb;

namespace {

struct Case {
    test::RecordingHost host{"kalshi/two"};
    boost::asio::io_context io{1};
    Outbox outbox{io.get_executor(), host.host(), {}};
    Gaps gaps{outbox, host.host(), "kalshi"};

    std::vector<arb_gap const*> pushed() {
        outbox.flush();
        return host.all<arb_gap>();
    }
};

}  // namespace

TEST_CASE("a gap is pushed when it opens and again when it closes, under one name", "[venue]") {
    Case here;
    here.gaps.open(ARB_STREAM_QUOTES, "KXBTC", 1000, "sequence", "expected 5, got 7");
    CHECK(here.gaps.is_open(ARB_STREAM_QUOTES, "KXBTC"));
    CHECK_FALSE(here.gaps.is_open(ARB_STREAM_QUOTES));
    CHECK(here.gaps.close(ARB_STREAM_QUOTES, "KXBTC", 2000) == 1000);
    CHECK_FALSE(here.gaps.is_open(ARB_STREAM_QUOTES, "KXBTC"));
    auto const pushed = here.pushed();
    REQUIRE(pushed.size() == 2);
    for (auto const* gap : pushed) {
        CHECK(venue(gap->header) == "kalshi");
        CHECK(text(gap->header, gap->instance) == "kalshi/two");
        CHECK(text(gap->header, gap->market_id) == "KXBTC");
        CHECK(text(gap->header, gap->reason) == "sequence");
        CHECK(text(gap->header, gap->detail) == "expected 5, got 7");
        CHECK(gap->from_time == 1000);
        CHECK(gap->stream == ARB_STREAM_QUOTES);
        CHECK(gap->recovered == ARB_NO);
    }
    CHECK(pushed[0]->to_time == ARB_ABSENT);
    CHECK(pushed[1]->to_time == 2000);
    CHECK(here.host.counter("gaps/sequence") == 1);
}

TEST_CASE("a gap that is open keeps its beginning and its first reason", "[venue]") {
    Case here;
    here.gaps.open(ARB_STREAM_ALL, "", 1000, "disconnected");
    here.gaps.open(ARB_STREAM_ALL, "", 1500, "stalled");
    CHECK(here.gaps.close(ARB_STREAM_ALL, "", 2000) == 1000);
    CHECK_FALSE(here.gaps.close(ARB_STREAM_ALL, "", 2500));
    auto const pushed = here.pushed();
    REQUIRE(pushed.size() == 2);
    CHECK(text(pushed[1]->header, pushed[1]->reason) == "disconnected");
    CHECK(text(pushed[1]->header, pushed[1]->market_id).empty());
    CHECK(here.host.counter("gaps/stalled") == 0);
}

TEST_CASE("all gaps of a stream, or all there are, close at once", "[venue]") {
    Case here;
    here.gaps.open(ARB_STREAM_QUOTES, "A", 1, "disconnected");
    here.gaps.open(ARB_STREAM_QUOTES, "B", 2, "disconnected");
    here.gaps.open(ARB_STREAM_TRADES, "", 3, "disconnected");
    here.gaps.close_all(ARB_STREAM_QUOTES, 10, true);
    CHECK(here.gaps.open_count() == 1);
    here.gaps.close_all(ARB_STREAM_ALL, 11);
    CHECK(here.gaps.open_count() == 0);
    auto const pushed = here.pushed();
    REQUIRE(pushed.size() == 6);
    CHECK(pushed[3]->recovered == ARB_YES);
    CHECK(pushed[5]->recovered == ARB_NO);
    CHECK(pushed[5]->stream == ARB_STREAM_TRADES);
}

TEST_CASE("a gap known afterwards is one packet, and its recovery another of the same name", "[venue]") {
    Case here;
    here.gaps.record(ARB_STREAM_ALL, "", 100, 200, "queue_full");
    here.gaps.record(ARB_STREAM_ALL, "", 100, 200, "queue_full", "trades read again", true);
    auto const pushed = here.pushed();
    REQUIRE(pushed.size() == 2);
    CHECK(pushed[0]->from_time == pushed[1]->from_time);
    CHECK(pushed[0]->to_time == 200);
    CHECK(pushed[1]->recovered == ARB_YES);
    CHECK(here.host.counter("gaps/queue_full") == 1);
    CHECK(here.gaps.open_count() == 0);
}
