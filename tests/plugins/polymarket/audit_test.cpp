#include "polymarket/audit.hpp"

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

namespace {

std::string const hash_a(40, 'a'), hash_b(40, 'b');

// A book as REST and stream give it, with a hash of the venue.
std::string hashed(std::string const& bids, std::string const& time, std::string const& hash) {
    auto frame = book_frame(yes, bids, level("0.6", "1"), time);
    return frame.replace(frame.find(R"("hash":"h")"), 10, R"("hash":")" + hash + '"');
}

struct Audited {
    Live live;
    Timing timing;
    Rest clob{nullptr, 1};
    std::vector<std::string> differing, stalled;
    Audit audit{live.host.host(),
                live.prices,
                clob,
                timing,
                {[this](Token&, std::string_view reason) { differing.emplace_back(reason); },
                 [this](Market& market) { stalled.push_back(market.id); }}};
    arb_time const heard = 1'800'000'000 * second_ns;

    Audited() {
        live.prices.add(names());
        live.frame(hashed(level("0.4", "10"), "1790000000000", hash_a), heard);
    }
};

}  // namespace

TEST_CASE("a book that REST knows the same or older is no doubt") {
    Audited a;
    CHECK(a.audit.compare("[" + hashed(level("0.4", "10"), "1790000000000", hash_a) + "]").empty());
    CHECK(a.audit.compare("[" + hashed(level("0.4", "9"), "1789999999999", hash_b) + "]").empty());
    // Another hash of the same levels is a hint and no more: the venue's recipe changed before.
    CHECK(a.audit.compare("[" + hashed(level("0.4", "10"), "1790000000000", hash_b) + "]").empty());
    CHECK(a.live.host.counter("audits/same") == 2);
    CHECK(a.audit.compare("<html>").empty());
}

TEST_CASE("a stream that catches up in the meantime is no doubt any more") {
    Audited a;
    auto const doubts = a.audit.compare("[" + hashed(level("0.5", "9"), "1790000000005", hash_b) + "]");
    REQUIRE(doubts.size() == 1);
    a.live.frame(hashed(level("0.5", "9"), "1790000000005", hash_b), a.heard);
    a.audit.judge(doubts, a.heard + 3 * second_ns);
    CHECK(a.differing.empty());
    CHECK(a.stalled.empty());
}

TEST_CASE(
    "a lost change of a market that is talked about asks for its book, silence replaces the connection") {
    Audited a;
    auto const same_time = a.audit.compare("[" + hashed(level("0.4", "9"), "1790000000000", hash_b) + "]");
    REQUIRE(same_time.size() == 1);
    a.audit.judge(same_time, a.heard + 3 * second_ns);
    CHECK(a.differing == std::vector<std::string>{"book_differs"});
    auto const newer = a.audit.compare("[" + hashed(level("0.5", "9"), "1790000009000", hash_b) + "]");
    a.audit.judge(newer, a.heard + 29 * second_ns);
    CHECK(a.differing.size() == 2);
    CHECK(a.stalled.empty());
    a.audit.judge(newer, a.heard + 30 * second_ns);
    CHECK(a.stalled == std::vector<std::string>{market_id});
}

TEST_CASE("a book that was asked for anew and does not come although REST has it replaces the connection") {
    Audited a;
    a.live.prices.token(yes)->live = false;
    auto const doubts = a.audit.compare("[" + hashed(level("0.4", "10"), "1790000000000", hash_a) + "]");
    REQUIRE(doubts.size() == 1);
    a.audit.judge(doubts, a.heard + 10 * second_ns);  // it may be on its way
    CHECK(a.stalled.empty());
    a.audit.judge(doubts, a.heard + 30 * second_ns);
    CHECK(a.stalled == std::vector<std::string>{market_id});
    CHECK(a.differing.empty());
}
