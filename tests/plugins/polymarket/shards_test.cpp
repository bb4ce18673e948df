#include "polymarket/shards.hpp"

#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;

namespace {

// The plan of connections; nothing is run, so nothing connects.
struct Plan {
    Live live;
    Gaps gaps{live.outbox, live.host.host(), "polymarket"};
    Rest clob{nullptr, 1};
    net::TokenBucket connects{1, 1};
    Shards shards{{live.host.host(),
                   live.io.get_executor(),
                   nullptr,
                   "wss://127.0.0.1:1",
                   live.outbox,
                   gaps,
                   live.prices,
                   clob,
                   connects,
                   [](Market&) {},
                   {},
                   {}}};

    Market& add(int number) {
        auto const id = std::to_string(number);
        auto& market = live.prices.add({"0x" + id, {"1" + id, "2" + id}, {"Yes", "No"}, "", std::nullopt});
        shards.add(market);
        return market;
    }
};

}  // namespace

TEST_CASE("tokens of a market share a connection, and none has more than its limit") {
    Plan plan;
    std::vector<Market*> markets;
    for (int i = 0; i != 250; ++i) markets.push_back(&plan.add(i));
    CHECK(plan.shards.connection_count() == 3);
    for (auto const& shard : plan.shards.all()) {
        CHECK(shard->token_count() <= tokens_per_connection);
        CHECK(shard->token_count() == 2 * shard->markets().size());
    }
    // Room that became free is used before a new connection is opened.
    for (int i = 0; i != 60; ++i) plan.shards.remove(*markets[static_cast<std::size_t>(i)]);
    for (int i = 300; i != 360; ++i) plan.add(i);
    CHECK(plan.shards.connection_count() == 3);
    // Twice the same is once.
    plan.shards.add(*markets[200]);
    std::size_t tokens = 0;
    for (auto const& shard : plan.shards.all()) tokens += shard->token_count();
    CHECK(tokens == 500);
}

TEST_CASE("subscription messages carry the flag, unsubscriptions do not") {
    CHECK(opening_message({"1", "2"}) ==
          R"({"assets_ids":["1","2"],"type":"market","custom_feature_enabled":true})");
    CHECK(operation_message("subscribe", {"3"}) ==
          R"({"operation":"subscribe","assets_ids":["3"],"custom_feature_enabled":true})");
    CHECK(operation_message("unsubscribe", {"3"}) == R"({"operation":"unsubscribe","assets_ids":["3"]})");
}
