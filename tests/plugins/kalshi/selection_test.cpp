// What `selection` counts, and what a probe says of names that the venue does not know.
#include "kalshi/commands.hpp"
#include "mock_venue.hpp"

using namespace arb;
using namespace arb::kalshi;
using arb::kalshi::test::MockVenue;
using arb::test::contains;
using arb::test::HttpAnswer;
using arb::test::HttpAsk;
namespace json = boost::json;

namespace {

std::string market(std::string const& ticker, std::string const& event, char const* status = "active") {
    return json::serialize(json::object{{"ticker", ticker},
                                        {"event_ticker", event},
                                        {"market_type", "binary"},
                                        {"status", status},
                                        {"close_time", "2099-01-01T00:00:00Z"}});
}

std::string event(std::string const& ticker, std::string const& series, std::string const& markets) {
    return R"({"event_ticker":")" + ticker + R"(","series_ticker":")" + series +
           R"(","title":"A","markets":[)" + markets + "]}";
}

// An event with two open markets and one that is decided; two combos in one series, one in another.
std::optional<HttpAnswer> answer(HttpAsk const& ask) {
    auto const is = [&](char const* what) { return contains(ask.target, what); };
    auto const list = [](std::string const& key, std::string const& items) {
        return HttpAnswer{.body = "{\"" + key + "\":[" + items + R"(],"cursor":""})"};
    };
    if (is("/events/multivariate"))
        return list("events",
                    event("KXMVEA-1", "KXMVEA",
                          market("KXMVEA-1-A", "KXMVEA-1") + "," + market("KXMVEA-1-B", "KXMVEA-1")));
    if (is("/events/KXMVEB-2?"))
        return HttpAnswer{.body = R"({"event":)" +
                                  event("KXMVEB-2", "KXMVEB", market("KXMVEB-2-A", "KXMVEB-2")) + "}"};
    if (is("/events?") && (is("status=open") || is("tickers=")))
        return list("events", event("KXA-26", "KXA",
                                    market("KXA-26-1", "KXA-26") + "," + market("KXA-26-2", "KXA-26") + "," +
                                        market("KXA-26-3", "KXA-26", "finalized")));
    if (is("/historical/markets?")) return list("markets", market("KXOLD-1", "KXOLD", "finalized"));
    if (is("/markets?") && is("KXMVEB-2-A")) return list("markets", market("KXMVEB-2-A", "KXMVEB-2"));
    if (is("/markets?")) return list("markets", market("KXA-26-1", "KXA-26"));
    return {};
}

struct Fixture {
    MockVenue venue{1, [](kalshi::test::MockSession&) {}, answer};
    Settings settings = venue.settings({});

    // "rule takes/leaves_out", one a line.
    std::string report() {
        std::string out;
        Rows const rows = [&](json::object const& row) {
            out += std::string{row.at("rule").as_string()} + " " + json::serialize(row.at("takes")) + "/" +
                   json::serialize(row.at("leaves_out")) + (row.contains("note") ? " none\n" : "\n");
            return true;
        };
        auto const done =
            run_command({settings, venue.tls(), nullptr}, "selection", Options{json::object{}}, rows);
        if (done.has_error()) out += done.error().text;
        return out;
    }
    std::vector<std::string> unknown() {
        std::vector<std::string> out;
        auto const done = probe_venue({settings, venue.tls(), nullptr},
                                      [&](std::string const& line) { out.push_back(line); });
        CHECK(done.has_value());
        return out;
    }
};

}  // namespace

TEST_CASE("only open markets count, and combos where they are named") {
    Fixture fixture;
    CHECK(fixture.report() == "combos excepted 2/0\nall rules together 2/0\n");
    fixture.settings.select.series = {"KXMVEA"};
    CHECK(fixture.report() == "series, events or markets 2/2\ncombos excepted 4/0\nall rules together 2/2\n");
    fixture.settings.select.series.clear();
    fixture.settings.select.events = {"KXMVEB-2"};
    CHECK(contains(fixture.report(), "all rules together 1/2\n"));
    fixture.settings.select.events.clear();
    fixture.settings.select.markets = {"KXMVEB-2-A"};
    CHECK(contains(fixture.report(), "all rules together 1/2\n"));
}

TEST_CASE("a name that nothing has is said by the report, and by the probe if the venue never heard of it") {
    Fixture fixture;
    auto& select = fixture.settings.select;
    select.categories = {"tests", "Economcs"};
    select.series = {"KXA", "KXZZZ"};
    select.events = {"KXA-26", "KXNO-26"};
    select.markets = {"KXA-26-1", "KXNOPE-1", "KXOLD-1"};
    auto const report = fixture.report();
    for (char const* const line :
         {"categories Economcs 0/2 none\n", "series KXZZZ 0/2 none\n", "events KXNO-26 0/2 none\n",
          "markets KXNOPE-1 0/2 none\n", "markets KXOLD-1 0/2 none\n", "all rules together 2/0\n"}) {
        INFO(report);
        CHECK(contains(report, line));
    }
    CHECK_FALSE(contains(report, "KXA 0"));
    CHECK_FALSE(contains(report, "tests"));
    CHECK(fixture.unknown() ==
          std::vector<std::string>{"select.categories Economcs is not known to the venue",
                                   "select.series KXZZZ is not known to the venue",
                                   "select.events KXNO-26 is not known to the venue",
                                   "select.markets KXNOPE-1 is not known to the venue"});
    select = {};
    CHECK(fixture.unknown().empty());
}
