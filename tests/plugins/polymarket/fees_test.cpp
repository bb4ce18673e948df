#include "polymarket/fees.hpp"

#include "polymarket/decode_catalogue.hpp"
#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

namespace {

FeeSchedule of_market(std::string const& fields) {
    auto const row = decode_market(R"({"conditionId":"0x1",)" + fields + R"("question":"Q"})", "1");
    REQUIRE(row);
    return row->fees;
}

struct Pushed {
    arb::test::RecordingHost host{"polymarket"};
    boost::asio::io_context io;
    Outbox outbox{io.get_executor(), host.host(), {}};
    Fees fees{host.host(), outbox};
    std::vector<arb_fee_schedule const*> all() {
        outbox.flush();
        return host.all<arb_fee_schedule>();
    }
};

}  // namespace

TEST_CASE("a market's fees as Gamma lists them") {
    auto const crypto = of_market(
        R"("feesEnabled":true,"feeType":"crypto_fees_v2","feeSchedule":{"exponent":1,"rate":0.072,"takerOnly":true,"rebateRate":0.2},)");
    CHECK(crypto.type == "crypto_fees_v2");
    CHECK(crypto.rate == 72'000);
    CHECK(crypto.exponent == 1'000'000);
    CHECK(crypto.rebate_rate == 200'000);
    CHECK(crypto.taker_only == ARB_YES);
    CHECK(
        crypto.raw ==
        R"({"feesEnabled":true,"feeType":"crypto_fees_v2","feeSchedule":{"exponent":1,"rate":0.072,"takerOnly":true,"rebateRate":0.2}})");
    // Fees that are off cost nothing, whatever the schedule says.
    auto const off = of_market(R"("feesEnabled":false,"feeSchedule":{"rate":0.05},"feeType":null,)");
    CHECK(off.rate == 0);
    CHECK(off.exponent == ARB_ABSENT);
    CHECK(off.taker_only == ARB_NOT_KNOWN);
    // What is not said is not known: it is not free.
    CHECK_FALSE(of_market("").known());
    CHECK_FALSE(of_market(R"("feesEnabled":true,"feeSchedule":null,)").known());
    CHECK_FALSE(of_market(R"("feesEnabled":true,"feeSchedule":{"rate":"much"},)").known());
    CHECK_FALSE(of_market(R"("feeSchedule":{"rate":-0.1},)").known());
}

TEST_CASE("fees are pushed when they change, and once") {
    Pushed pushed;
    pushed.host.set_clock(100);
    auto schedule = read_fees("true", "0.05", "1", "0.25", "true");
    pushed.fees.listed("0x1", schedule);
    pushed.host.set_clock(200);
    pushed.fees.listed("0x1", schedule);
    pushed.fees.listed("0x2", FeeSchedule{});
    REQUIRE(pushed.all().size() == 1);
    auto const* const first = pushed.all()[0];
    CHECK(first->scope == ARB_SCOPE_MARKET);
    CHECK(text(first->header, first->scope_id) == "0x1");
    CHECK(text(first->header, first->source) == "feeSchedule");
    CHECK(first->rate == 50'000);
    CHECK(first->effective_from == 100);
    schedule.rate = 40'000;
    pushed.fees.listed("0x1", schedule);
    REQUIRE(pushed.all().size() == 2);
    CHECK(pushed.all()[1]->effective_from == 200);
}

TEST_CASE("an announcement has the fees first, and the listing adds their type to the same schedule") {
    auto const frame = read_file(std::string{ARBITRAGE_TEST_DATA} + "/polymarket/new_market.json");
    auto const kept = decode(frame);
    REQUIRE(kept.events.size() == 1);
    auto schedule = read_fees(kept.events[0]);
    CHECK(schedule.rate == 70'000);
    CHECK(schedule.exponent == 1'000'000);
    CHECK(schedule.rebate_rate == 200'000);
    CHECK(schedule.taker_only == ARB_YES);
    CHECK(schedule.raw.find("\"fee_schedule\":{") != std::string::npos);
    Pushed pushed;
    pushed.host.set_clock(900);
    pushed.fees.announced("0x1", schedule, 500);
    pushed.fees.announced("0x1", schedule, 600);
    schedule.type = "crypto_fees_v2";
    pushed.fees.listed("0x1", schedule);
    REQUIRE(pushed.all().size() == 2);
    CHECK(text(pushed.all()[0]->header, pushed.all()[0]->source) == "new_market");
    CHECK(pushed.all()[0]->effective_from == 500);
    CHECK(pushed.all()[1]->effective_from == 500);
    CHECK(text(pushed.all()[1]->header, pushed.all()[1]->type) == "crypto_fees_v2");
}
