#include "kalshi/rest.hpp"

#include <atomic>

#include "../net/loopback.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace arb::test;
using Clock = std::chrono::steady_clock;

namespace {

constexpr unsigned tries = 5;

// A venue that answers each request as the test says, and a Rest without patience.
struct Venue {
    Loopback here;
    std::atomic<unsigned> asked = 0;
    TlsServer server;
    Rest rest;

    explicit Venue(std::function<HttpAnswer(unsigned)> answer, net::HttpLimits limits = {})
        : server{TlsServer::Script{.certificate = here.good(),
                                   .http = [this, answer](HttpAsk const&) { return answer(++asked); }}},
          rest{here.client(here.https(server), limits), nullptr, tries,
               Rest::Patience{.base = 1ms, .cap = 2ms, .busy_base = 50ms, .busy_cap = 100ms}} {}

    Result<Document> get(std::string target = "/markets") {
        return finish(here.io, rest.get(std::move(target)));
    }
};

}  // namespace

TEST_CASE("a venue in trouble is asked five times", "[kalshi]") {
    Venue venue{[](unsigned) { return HttpAnswer{.status = 500, .body = "<html>oh no</html>"}; }};
    auto const answer = venue.get();
    REQUIRE(answer.has_error());
    CHECK(answer.error().status == ARB_RETRY);
    CHECK(contains(answer.error().text, "answered 500 to /markets"));
    CHECK(venue.asked == tries);
}

TEST_CASE("an answer that is no JSON, empty or cut is asked for again", "[kalshi]") {
    Venue venue{[](unsigned n) {
        return n == 1   ? HttpAnswer{.body = "<html></html>"}
               : n == 2 ? HttpAnswer{}
               : n == 3 ? HttpAnswer{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":"}
                        : HttpAnswer{.body = R"({"markets":[]})"};
    }};
    CHECK(venue.get().has_value());
    CHECK(venue.asked == 4);
}

TEST_CASE("a venue that stands still says so with an error's status, too", "[kalshi]") {
    Venue venue{[](unsigned) {
        return HttpAnswer{.status = 503, .body = R"({"exchange_active":false,"trading_active":false})"};
    }};
    auto const state = venue.get("/exchange/status");
    REQUIRE(state.has_value());
    CHECK(state->object().at("exchange_active") == false);
    CHECK(venue.get("/markets").has_error());
}

TEST_CASE("a refusal is not asked again", "[kalshi]") {
    for (auto const status : {401, 403, 400, 404}) {
        Venue venue{[&](unsigned) { return HttpAnswer{.status = status}; }};
        auto const answer = venue.get();
        REQUIRE(answer.has_error());
        auto const denied = status == 401 || status == 403;
        CHECK(answer.error().where == (denied ? "auth" : status == 404 ? "not_found" : ""));
        CHECK(answer.error().status == (denied ? ARB_RETRY : ARB_PERMANENT));
        CHECK(venue.asked == 1);
    }
}

TEST_CASE("no time for requests: the pause is the one that the venue asks for", "[kalshi]") {
    Venue venue{[](unsigned n) {
        return n == 1 ? HttpAnswer{.status = 503, .headers = {{"Retry-After", "1"}}}
                      : HttpAnswer{.body = "{}"};
    }};
    auto const begin = Clock::now();
    CHECK(venue.get().has_value());
    CHECK(Clock::now() - begin >= 1s);
    CHECK(venue.asked == 2);
}

TEST_CASE("too many requests without a word of how long hold everyone back a while", "[kalshi]") {
    Venue venue{[](unsigned n) {
        return n == 1 ? HttpAnswer{.status = 429, .body = R"({"error":"too many requests"})"}
                      : HttpAnswer{.body = "{}"};
    }};
    auto const begin = Clock::now();
    CHECK(venue.get().has_value());
    CHECK(Clock::now() - begin >= 49ms);
    Venue never{[](unsigned) { return HttpAnswer{.status = 429}; }};
    CHECK(never.get().error().where == "busy");
    CHECK(never.asked == tries);
}

TEST_CASE("an answer that is too large is not asked for in vain", "[kalshi]") {
    Venue venue{[](unsigned) { return HttpAnswer{.body = std::string(2000, ' ')}; },
                {.body_bytes_max = 1000}};
    CHECK(venue.get().error().where == "too_large");
    CHECK(venue.asked == 1);
}

TEST_CASE("a cursor that is no text is no end of the pages", "[kalshi]") {
    Venue venue{[](unsigned) { return HttpAnswer{.body = R"({"cursor":1,"markets":[]})"}; }};
    std::function<bool(Document const&)> all = [](Document const&) { return true; };
    auto const pages = finish(venue.here.io, venue.rest.pages("/markets", std::move(all)));
    REQUIRE(pages.has_error());
    CHECK(contains(pages.error().text, "a page's cursor is no text"));
}

TEST_CASE("a cursor that comes twice ends the pages with an error", "[kalshi]") {
    Venue venue{[](unsigned) { return HttpAnswer{.body = R"({"cursor":"again","markets":[]})"}; }};
    std::function<bool(Document const&)> all = [](Document const&) { return true; };
    auto const pages = finish(venue.here.io, venue.rest.pages("/markets", std::move(all)));
    REQUIRE(pages.has_error());
    CHECK(contains(pages.error().text, "a page's cursor came twice"));
    CHECK(venue.asked == 2);
}

TEST_CASE("what costs more is asked for less often", "[kalshi]") {
    Venue venue{[](unsigned) {
        return HttpAnswer{
            .body =
                R"({"endpoint_costs":[{"method":"GET","path":"/markets/{ticker}/orderbook","cost":70}]})"};
    }};
    Doubts doubts;
    venue.rest.set_costs(Costs::read(*venue.get("/account/endpoint_costs"), doubts));
    auto const time_of_two = [&](char const* target) {
        auto const begin = Clock::now();
        CHECK(venue.get(target).has_value());
        CHECK(venue.get(target).has_value());
        return Clock::now() - begin;
    };
    // 90 tokens are left of 100, which come again within a second.
    CHECK(time_of_two("/markets/KXA-1/orderbook?depth=0") >= 400ms);
}

TEST_CASE("who is to wait for long is told so at once", "[kalshi]") {
    Venue venue{[](unsigned) {
        return HttpAnswer{.status = 429, .headers = {{"Retry-After", "99999999999"}}};
    }};
    auto const answer = venue.get();
    REQUIRE(answer.has_error());
    CHECK(answer.error().where == "busy");
    CHECK(contains(answer.error().text, "it is asked again in 900 s"));
    CHECK(venue.asked == 1);
}
