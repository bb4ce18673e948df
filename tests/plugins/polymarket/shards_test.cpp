#include "polymarket/shards.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "polymarket/fixture.hpp"
#include "polymarket/messages.hpp"
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
    net::ConnectBudget connects;
    Timing timing;
    Shards shards{{.host = live.host.host(),
                   .executor = live.io.get_executor(),
                   .tls = nullptr,
                   .url = "wss://127.0.0.1:1",
                   .gaps = gaps,
                   .prices = live.prices,
                   .clob = clob,
                   .connects = connects,
                   .record = {},
                   .timing = timing,
                   .ended = [](Market&) {},
                   .recover = [](Missing const&) {}}};

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

TEST_CASE("a large selection takes fuller connections, and they are opened one after the other") {
    Plan plan;
    for (int i = 0; i != 5'000; ++i) plan.add(i);
    // Ten of 200 tokens each are as many as the venue likes; then all are filled up.
    CHECK(plan.shards.connection_count() == 20);
    for (auto const& shard : plan.shards.all()) CHECK(shard->token_count() == tokens_per_connection_max);
    CHECK(20 * plan.shards.opening_pause() == 60s);
    for (auto const& shard : plan.shards.all()) CHECK_FALSE(shard->open());
    plan.shards.replace_all("queue_full");  // none is open: nothing happens
}

TEST_CASE("connections that wait for their turn have it sooner when there are more of them") {
    using Clock = std::chrono::steady_clock;
    Plan plan;
    auto grow = [&, number = 0](std::size_t connections) mutable {
        while (plan.shards.connection_count() < connections) plan.add(number++);
    };
    grow(13);
    unsigned begun = 0;
    // Those that stand in line come and go with the executor; what the connections themselves do is not run.
    boost::asio::io_context io;
    auto const one = [&]() -> boost::asio::awaitable<void> {
        co_await plan.shards.context().opening();
        ++begun;
    };
    for (int i = 0; i != 4; ++i) boost::asio::co_spawn(io, one, boost::asio::detached);
    io.poll();
    CHECK(begun == 1);
    CHECK(plan.shards.opening_pause() > 4s);
    grow(240);
    CHECK(plan.shards.opening_pause() == 250ms);
    auto const begin = Clock::now();
    while (begun != 4 && Clock::now() < begin + 20s) io.run_one_for(20ms);
    CHECK(begun == 4);
    CHECK(Clock::now() - begin > 500ms);  // one after the other
    CHECK(Clock::now() - begin < 9s);     // with the pause of 13 it were 14 s
}

TEST_CASE("subscription messages carry the flag, unsubscriptions do not") {
    CHECK(opening_message({"1", "2"}) ==
          R"({"assets_ids":["1","2"],"type":"market","custom_feature_enabled":true})");
    CHECK(operation_message("subscribe", {"3"}) ==
          R"({"operation":"subscribe","assets_ids":["3"],"custom_feature_enabled":true})");
    CHECK(operation_message("unsubscribe", {"3"}) == R"({"operation":"unsubscribe","assets_ids":["3"]})");
}

TEST_CASE(
    "a doubted book is asked for at once, then soon, then more seldom, and good minutes make up for it") {
    Doubts doubts;
    Silence::Clock::time_point now{10min};
    for (auto const wait : {0s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) CHECK(doubts.wait(now += 5s) == wait);
    CHECK(doubts.wait(now += 119s) == 60s);
    CHECK(doubts.wait(now += 120s) == 0s);
    CHECK(doubts.wait(now += 1s) == 2s);
}

TEST_CASE("a stall is noticed within a minute, and nothing waits longer than the venue allows") {
    Timing const timing;
    CHECK(timing.silence_max + timing.rest_ahead < 60s);
    CHECK(timing.silence_min >= 30s);
    CHECK(timing.ping_every <= 10s);
    CHECK(timing.renew_min >= 20min);
    CHECK(timing.renew_max <= 40min);
    CHECK(timing.overlap >= 5s);
}

TEST_CASE(
    "a connection closed because all is resolved means the markets that it had, and that REST has no more") {
    Live live;
    std::set<Market*> markets;
    auto const add = [&](std::string const& id) {
        auto& market = live.prices.add({"0x" + id, {"1" + id, "2" + id}, {"Yes", "No"}, "", std::nullopt});
        markets.insert(&market);
        return &market;
    };
    auto* const resolved = add("1");
    add("2");  // trades on
    add("3");  // asked for a moment ago
    for (auto const* const token : {"11", "21", "12", "22", "13"}) live.frame(book_frame(token, "", ""));
    CHECK(resolved_of(markets, "[" + book_frame("12", "", "") + "]\n") == std::vector<Market*>{resolved});
    CHECK(resolved_of(markets, "[]").size() == 2);
    CHECK(resolved_of(markets, "<html>").empty());
}
