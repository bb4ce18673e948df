#include "kalshi/subscriptions.hpp"

#include <boost/json.hpp>

#include "support/catch.hpp"

using namespace arb;
using namespace arb::kalshi;

namespace {

using Answer = Subscriptions::Outcome::Kind;

boost::json::object parsed(std::string const& command) { return boost::json::parse(command).as_object(); }

Subscriptions::Outcome answer(Subscriptions& subscriptions, std::string const& bytes) {
    FrameDecoder decoder;
    Packets packets;
    return subscriptions.reply(decoder.decode(bytes, 1, packets));
}

std::string subscribed(std::int64_t id, std::int64_t sid) {
    return R"({"type":"subscribed","id":)" + std::to_string(id) + R"(,"msg":{"channel":"x","sid":)" +
           std::to_string(sid) + "}}";
}

std::string error(std::int64_t id, int code, std::string const& more = {}) {
    return R"({"type":"error","id":)" + std::to_string(id) + R"(,"msg":{"code":)" + std::to_string(code) +
           R"(,"msg":"no")" + more + "}}";
}

std::vector<std::string> tickers(std::size_t count) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i != count; ++i) out.push_back("KX-" + std::to_string(1000 + i));
    return out;
}

}  // namespace

TEST_CASE("without a selection prices and trades of all markets are subscribed to, in one command each",
          "[kalshi]") {
    Subscriptions subscriptions{{true, true, false}, true};
    auto const commands = subscriptions.commands();
    REQUIRE(commands.size() == 3);
    auto const ticker = parsed(commands[0]);
    CHECK(ticker.at("id").as_int64() == 1);
    CHECK(ticker.at("cmd").as_string() == "subscribe");
    CHECK(ticker.at("params").at("channels") == boost::json::array{"ticker"});
    CHECK(ticker.at("params").at("send_initial_snapshot").as_bool());
    CHECK(!ticker.at("params").as_object().contains("market_tickers"));
    CHECK(parsed(commands[1]).at("params").at("channels") == boost::json::array{"trade"});
    CHECK(parsed(commands[2]).at("params").at("channels") == boost::json::array{"market_lifecycle_v2"});
    CHECK(subscriptions.commands().empty());
    CHECK(answer(subscriptions, subscribed(1, 7)).stream == ARB_STREAM_QUOTES);
    CHECK(subscriptions.complete(ARB_STREAM_QUOTES));
    CHECK(!subscriptions.complete(ARB_STREAM_TRADES));
    CHECK(subscriptions.stream_of(7) == ARB_STREAM_QUOTES);
    CHECK(subscriptions.stream_of(8) == ARB_STREAM_ALL);
}

TEST_CASE("selected markets are subscribed to in chunks, the next when the last was answered", "[kalshi]") {
    Subscriptions subscriptions{{true, false, false}, false};
    CHECK(subscriptions.commands().size() == 1);  // lifecycle only: nothing is wanted yet
    subscriptions.want(tickers(Subscriptions::tickers_max + 2));
    auto const first = subscriptions.commands();
    REQUIRE(first.size() == 1);
    CHECK(parsed(first[0]).at("params").at("market_tickers").as_array().size() == Subscriptions::tickers_max);
    CHECK(parsed(first[0]).at("params").at("skip_ticker_ack").as_bool());
    CHECK(subscriptions.commands().empty());
    auto const outcome = answer(subscriptions, subscribed(parsed(first[0]).at("id").as_int64(), 3));
    CHECK(outcome.kind == Answer::subscribed);
    CHECK(!subscriptions.complete(ARB_STREAM_QUOTES));
    auto const second = subscriptions.commands();
    REQUIRE(second.size() == 1);
    auto const update = parsed(second[0]);
    CHECK(update.at("cmd").as_string() == "update_subscription");
    CHECK(update.at("params").at("action").as_string() == "add_markets");
    CHECK(update.at("params").at("sids") == boost::json::array{3});
    CHECK(update.at("params").at("market_tickers").as_array().size() == 2);
    answer(subscriptions,
           R"({"type":"ok","id":)" + std::to_string(update.at("id").as_int64()) + R"(,"sid":3,"seq":1})");
    CHECK(subscriptions.complete(ARB_STREAM_QUOTES));
}

TEST_CASE("markets that leave the catalogue are taken off the subscription", "[kalshi]") {
    Subscriptions subscriptions{{false, false, true}, false};
    subscriptions.want({"A", "B"});
    auto const commands = subscriptions.commands();
    REQUIRE(commands.size() == 2);
    CHECK(parsed(commands[0]).at("params").at("use_yes_price").as_bool() == false);
    CHECK(subscriptions.books_asked() == std::vector<std::string>{"A", "B"});
    answer(subscriptions, subscribed(1, 5));
    subscriptions.want({"B"});
    auto const removal = subscriptions.commands();
    REQUIRE(removal.size() == 1);
    CHECK(parsed(removal[0]).at("params").at("action").as_string() == "delete_markets");
    CHECK(parsed(removal[0]).at("params").at("market_tickers") == boost::json::array{"A"});
    CHECK(subscriptions.books_left() == std::vector<std::string>{"A"});
    auto const snapshots = parsed(subscriptions.snapshots({"B"}));
    CHECK(snapshots.at("params").at("action").as_string() == "get_snapshot");
    CHECK(snapshots.at("params").at("sids") == boost::json::array{5});
}

TEST_CASE("a new connection asks for everything again with ids from one", "[kalshi]") {
    Subscriptions subscriptions{{true, false, false}, false};
    subscriptions.want({"A"});
    subscriptions.commands();
    answer(subscriptions, subscribed(1, 5));
    subscriptions.connected();
    CHECK(subscriptions.stream_of(5) == ARB_STREAM_ALL);
    auto const commands = subscriptions.commands();
    REQUIRE(commands.size() == 2);
    CHECK(parsed(commands[0]).at("id").as_int64() == 1);
    CHECK(parsed(commands[0]).at("params").at("market_tickers") == boost::json::array{"A"});
}

TEST_CASE("errors are handled by their code", "[kalshi]") {
    Subscriptions subscriptions{{true, false, false}, false};
    subscriptions.want({"A", "B"});
    subscriptions.commands();
    SECTION("an ended subscription is asked for anew") {
        answer(subscriptions, subscribed(1, 5));
        for (auto const code : {10, 25}) {
            auto const outcome = answer(subscriptions, R"({"type":"error","sid":5,"seq":9,"msg":{"code":)" +
                                                           std::to_string(code) + R"(,"msg":"overflow"}})");
            CHECK(outcome.kind == Answer::ended);
            CHECK(outcome.stream == ARB_STREAM_QUOTES);
            auto const again = subscriptions.commands();
            REQUIRE(again.size() == 1);
            CHECK(parsed(again[0]).at("cmd").as_string() == "subscribe");
            CHECK(parsed(again[0]).at("params").at("market_tickers").as_array().size() == 2);
            answer(subscriptions, subscribed(parsed(again[0]).at("id").as_int64(), 5));
        }
    }
    SECTION("a market the venue does not know is left out, the others are asked for again") {
        CHECK(answer(subscriptions, error(1, 16, R"(,"market_ticker":"A")")).kind == Answer::refused);
        auto const again = subscriptions.commands();
        REQUIRE(again.size() == 1);
        CHECK(parsed(again[0]).at("params").at("market_tickers") == boost::json::array{"B"});
    }
    SECTION("an unknown channel is given up for this connection") {
        CHECK(answer(subscriptions, error(1, 8)).kind == Answer::refused);
        CHECK(subscriptions.commands().empty());
        CHECK(!subscriptions.complete(ARB_STREAM_QUOTES));
    }
    SECTION("what is missing is named with its last answer, until it is taken") {
        CHECK(subscriptions.missing() == "");
        answer(subscriptions, error(1, 27));
        answer(subscriptions, error(2, 8));
        CHECK(subscriptions.missing() ==
              "channel ticker is missing: the venue answered error 27 (no); "
              "channel market_lifecycle_v2 is missing: the venue answered error 8 (no)");
        CHECK(subscriptions.lacks(ARB_STREAM_QUOTES));
        // Only the one that was asked for too often is asked for at once.
        REQUIRE(subscriptions.commands().size() == 1);
        answer(subscriptions, subscribed(3, 5));
        CHECK(subscriptions.missing() ==
              "channel market_lifecycle_v2 is missing: the venue answered error 8 (no)");
        CHECK_FALSE(subscriptions.lacks(ARB_STREAM_QUOTES));
        CHECK(subscriptions.lacks(ARB_STREAM_STATUS));
        subscriptions.ask_refused_again();
        REQUIRE(subscriptions.commands().size() == 1);
        answer(subscriptions, subscribed(4, 6));
        CHECK(subscriptions.missing() == "");
        // Some markets of a channel.
        subscriptions.want({"A", "B", "C"});
        REQUIRE(subscriptions.commands().size() == 1);
        answer(subscriptions, error(5, 11));
        CHECK(subscriptions.missing() ==
              "channel ticker is missing in part: the venue answered error 11 (no)");
        CHECK_FALSE(subscriptions.lacks(ARB_STREAM_QUOTES));
        subscriptions.want({"A", "B", "C", "D"});
        REQUIRE(subscriptions.commands().size() == 1);
        answer(subscriptions, R"({"type":"ok","id":6,"sid":5,"seq":2})");
        CHECK(subscriptions.missing() != "");
        subscriptions.connected();
        CHECK(subscriptions.missing() == "");
    }
    SECTION("markets of a selection whose subscription timed out are asked for again") {
        answer(subscriptions, error(1, 18));
        auto const again = subscriptions.commands();
        REQUIRE(again.size() == 1);
        CHECK(parsed(again[0]).at("params").at("market_tickers").as_array().size() == 2);
    }
    SECTION("a sign-in that was not accepted") {
        CHECK(answer(subscriptions, error(1, 9)).kind == Answer::denied);
    }
}

TEST_CASE("a subscription that is full is filled in smaller steps, and what has no room goes elsewhere",
          "[kalshi]") {
    bool const books = GENERATE(true, false);
    Subscriptions subscriptions{{!books, false, books}, false};
    subscriptions.want({"A", "B"});
    subscriptions.commands();
    auto outcome = answer(subscriptions, error(1, 26));
    for (int step = 2; step != 7; ++step) {
        CHECK(outcome.kind == Answer::none);
        CHECK(outcome.tickers == std::vector<std::string>{"A", "B"});
        auto const again = subscriptions.commands();
        REQUIRE(again.size() == 1);
        outcome = answer(subscriptions, error(parsed(again[0]).at("id").as_int64(), 26));
    }
    if (books) {
        CHECK(outcome.kind == Answer::full);
        CHECK(outcome.stream == ARB_STREAM_BOOKS);
        CHECK(outcome.sentence == "channel orderbook_delta: the venue answered error 26 (no)");
        CHECK(outcome.tickers == std::vector<std::string>{"A", "B"});
        CHECK(subscriptions.commands().empty());
        return;
    }
    // Prices are to be had of all markets in one piece.
    CHECK(outcome.kind == Answer::none);
    auto const all = subscriptions.commands();
    REQUIRE(all.size() == 1);
    CHECK(parsed(all[0]).at("cmd").as_string() == "subscribe");
    CHECK(!parsed(all[0]).at("params").as_object().contains("market_tickers"));
}

TEST_CASE("prices and trades of too many markets to name are taken of all, books are not", "[kalshi]") {
    Subscriptions subscriptions{{true, false, true}, false};
    subscriptions.want({"A"});
    CHECK(subscriptions.commands().size() == 3);
    answer(subscriptions, subscribed(1, 5));
    answer(subscriptions, subscribed(2, 6));
    answer(subscriptions, subscribed(3, 7));
    CHECK(subscriptions.complete(ARB_STREAM_QUOTES));
    subscriptions.take_all();
    CHECK(!subscriptions.complete(ARB_STREAM_QUOTES));
    CHECK(subscriptions.complete(ARB_STREAM_BOOKS));
    auto const leave = subscriptions.commands();
    REQUIRE(leave.size() == 1);
    CHECK(parsed(leave[0]).at("cmd").as_string() == "unsubscribe");
    CHECK(parsed(leave[0]).at("params").at("sids") == boost::json::array{5});
    // Whatever came in between is missing.
    auto const left = answer(subscriptions, R"({"type":"unsubscribed","id":4,"sid":5,"seq":9})");
    CHECK(left.kind == Answer::ended);
    CHECK(left.stream == ARB_STREAM_QUOTES);
    auto const all = subscriptions.commands();
    REQUIRE(all.size() == 1);
    CHECK(!parsed(all[0]).at("params").as_object().contains("market_tickers"));
    answer(subscriptions, subscribed(5, 8));
    CHECK(subscriptions.complete(ARB_STREAM_QUOTES));
    subscriptions.want({"A", "B"});
    auto const more = subscriptions.commands();
    REQUIRE(more.size() == 1);
    CHECK(parsed(more[0]).at("params").at("sids") == boost::json::array{6});
    CHECK(subscriptions.complete(ARB_STREAM_QUOTES));
}
