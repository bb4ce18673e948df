#include "kalshi/costs.hpp"

#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;

namespace {

struct Read {
    Doubts doubts;
    Costs costs;
    explicit Read(std::string_view body) : costs{Costs::read(Document::parse(body).value(), doubts)} {}
};

}  // namespace

TEST_CASE("a request costs what the venue lists for its path, else what most cost", "[kalshi]") {
    Read const got{R"({"default_cost":12,"endpoint_costs":[
        {"method":"GET","path":"/markets/orderbooks","cost":50},
        {"method":"GET","path":"/trade-api/v2/portfolio/orders/{order_id}","cost":2},
        {"method":"GET","path":"/events/:event_ticker/metadata","cost":0},
        {"method":"POST","path":"/markets","cost":99}]})"};
    CHECK_FALSE(got.doubts.any());
    CHECK(got.costs.of("/markets/orderbooks") == 50);
    CHECK(got.costs.of("/portfolio/orders/8f2c") == 2);
    CHECK(got.costs.of("/events/KXA-26/metadata") == 0);
    CHECK(got.costs.of("/markets") == 12);
    CHECK(got.costs.of("/portfolio/orders") == 12);
    CHECK(got.costs.of("/portfolio/orders/8f2c/more") == 12);
    CHECK(got.costs.of("") == 12);
    CHECK(Costs{}.of("/markets") == 10);
}

TEST_CASE("costs that cannot be are doubtful, and what is listed beside them holds", "[kalshi]") {
    for (auto const* const cost :
         {R"(null)", R"("many")", R"(-1)", R"(1.5)", R"(1e30)", R"([2])", R"(100001)"}) {
        INFO(cost);
        Read const got{R"({"default_cost":10,"endpoint_costs":[{"method":"GET","path":"/a","cost":)" +
                       std::string{cost} + R"(},7,{"method":"GET","path":"/b","cost":5}]})"};
        CHECK(got.doubts.any());
        CHECK(got.costs.of("/a") == 10);
        CHECK(got.costs.of("/b") == 5);
        Read const otherwise{R"({"endpoint_costs":[],"default_cost":)" + std::string{cost} + "}"};
        CHECK(otherwise.costs.of("/a") == 10);
    }
    for (auto const* const path : {"null", "7", "\"\""}) {
        INFO(path);
        Read const got{R"({"endpoint_costs":[{"method":"GET","path":)" + std::string{path} +
                       R"(,"cost":5}]})"};
        CHECK(got.costs.of("/a") == 10);
    }
    CHECK(Read{"{}"}.doubts.what() == ARB_DRIFT_MISSING);
    CHECK(Read{R"({"endpoint_costs":[{"method":"GET","path":"/a"}]})"}.doubts.first() == "cost");
}
