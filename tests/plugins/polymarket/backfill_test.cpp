#include "polymarket/backfill.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "polymarket/decode_trades.hpp"
#include "polymarket/fixture.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;
using namespace std::chrono_literals;

namespace {

arb_time const begin = 1'790'000'000 * second_ns;

std::string row(int second, std::string const& transaction, std::string const& price = "0.07",
                std::string const& market = market_id) {
    return R"({"proxyWallet":"0x0","side":"BUY","asset":")" + yes + R"(","conditionId":")" + market +
           R"(","size":2.5,"price":)" + price + R"(,"timestamp":)" + std::to_string(1'790'000'000 + second) +
           R"(,"title":"{\"asset\":\"9\"}","transactionHash":")" + transaction + R"("})";
}

std::string page(std::string const& rows, std::string const& cursor = "", bool more = true) {
    return R"({"data":[)" + rows + R"(],"pagination":{"limit":1000,"has_more":)" + (more ? "true" : "false") +
           R"(,"next_cursor":)" + (cursor.empty() ? "null" : '"' + cursor + '"') + "}}";
}

// Answers in the order given; afterwards 500.
class Listing final : public net::HttpClient {
  public:
    Listing(std::deque<std::string>& answers, std::vector<std::string>& asked)
        : answers_{answers}, asked_{asked} {}
    net::asio::awaitable<Result<net::Response>> send(net::Request request) override {
        asked_.push_back(request.target);
        net::Response response;
        response.status = answers_.empty() ? 500 : 200;
        if (!answers_.empty()) {
            response.body = answers_.front();
            answers_.pop_front();
        }
        co_return response;
    }
    std::string const& host() const override { return host_; }
    std::string const& prefix() const override { return host_; }

  private:
    std::deque<std::string>& answers_;
    std::vector<std::string>& asked_;
    std::string const host_ = "listing.test";
};

struct Past {
    Past() {
        timing.backfill_after = timing.backfill_again = 0ms;
        live.prices.add(names());
        net::asio::co_spawn(live.io, backfill.run(), net::asio::detached);
    }
    // Runs until nothing is waiting, or the log says that it could not be read.
    void run() {
        auto const until = std::chrono::steady_clock::now() + 20s;
        auto const busy = [&] {
            return backfill.waiting() != 0 || backfill.has(market_id) || backfill.has("0xother");
        };
        while (std::chrono::steady_clock::now() < until && busy() && !given_up()) live.io.run_one_for(100ms);
        live.io.run_for(20ms);
        live.outbox.flush();
    }
    bool given_up() {
        auto const lines = live.host.lines();
        return std::any_of(lines.begin(), lines.end(),
                           [](std::string const& line) { return line.find("tried again") != line.npos; });
    }
    void answer(std::vector<std::string> const& pages) { answers.assign(pages.begin(), pages.end()); }

    Live live;
    Timing timing;
    std::deque<std::string> answers;
    std::vector<std::string> asked;
    Gaps gaps{live.outbox, live.host.host(), "polymarket"};
    Rest data{std::make_unique<Listing>(answers, asked), 1, 1e6};
    Backfill backfill{live.host.host(), live.outbox, gaps, data, live.prices, timing};
};

}  // namespace

TEST_CASE("trades of a gap are read page by page until they are older than it, and the row says so") {
    Past past;
    past.live.frame(R"({"market":")" + market_id + R"(","asset_id":")" + yes +
                    R"(","price":"0.07","size":"2.5","side":"BUY","timestamp":"1790000100123",)" +
                    R"("event_type":"last_trade_price","transaction_hash":"0xlive"})");
    // One more is there when it is read again: the venue is late with it.
    auto const later = row(200, "0xc") + "," + row(150, "0xb") + "," + row(100, "0xlive");
    past.answer(
        {page(later, "n="),
         page(row(90, "0xa", "0.07000000000000001") + "," + row(90, "0xa") + "," + row(-600, "0xold"), "m"),
         page(row(160, "0xlate") + "," + later, "n="),
         page(row(90, "0xa", "0.07000000000000001") + "," + row(90, "0xa") + "," + row(-600, "0xold"), "m")});
    past.backfill.want(
        {{market_id}, "", begin + 80 * second_ns, begin + 180 * second_ns, "disconnected", "cut"});
    past.run();
    REQUIRE(past.asked.size() == 4);
    CHECK(past.asked[0].find("condition=" + market_id) != std::string::npos);
    CHECK(past.asked[1].find("cursor=n%3D") != std::string::npos);
    auto const trades = past.live.host.all<arb_trade>();
    REQUIRE(trades.size() == 6);  // the live one, c, b, twice a, and the late one
    CHECK(trades[1]->header.venue_time == begin + 200 * second_ns);
    CHECK(trades[1]->header.flags == ARB_FLAG_BACKFILLED);
    CHECK(trades[3]->price == 70'000);
    auto const rows = past.live.host.all<arb_gap>();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]->recovered == ARB_YES);
    CHECK(rows[0]->stream == ARB_STREAM_TRADES);
    CHECK(rows[0]->from_time == begin + 80 * second_ns);
    CHECK(text(rows[0]->header, rows[0]->reason) == "disconnected");
}

TEST_CASE("a gap whose trades cannot all be read is not said to be recovered") {
    for (auto const& answers : std::vector<std::vector<std::string>>{
             {},
             {page(row(200, "0xc"), "n")},                              // the second page fails
             {page(row(200, "0xc"), "n"), page(row(190, "0xb"), "n")},  // it goes round in circles
             {"<html>"}}) {
        Past past;
        past.answer(answers);
        past.backfill.want({{market_id}, market_id, begin, begin + second_ns, "stalled", ""});
        past.run();
        CHECK(past.live.host.all<arb_gap>().empty());
        CHECK(past.backfill.waiting() == 1);  // tried again later
    }
}

TEST_CASE("the time before the start is recovered when every market of it was read twice, and not before") {
    Past past;
    std::vector<std::string> const empty(4, page(row(-90'000, "0xold")));
    past.answer(empty);
    past.backfill.open_past(begin - 3600 * second_ns, begin);
    past.backfill.want(market_id, begin - 60 * second_ns);
    past.run();
    CHECK(past.asked.size() == 2);
    CHECK(past.live.host.all<arb_gap>().empty());  // another market may still come to be known
    past.backfill.want("0xother", begin);
    past.backfill.close_past();
    CHECK(past.live.host.all<arb_gap>().empty());
    past.run();
    CHECK(past.asked.size() == 4);
    auto const rows = past.live.host.all<arb_gap>();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]->recovered == ARB_YES);
    CHECK(rows[0]->stream == ARB_STREAM_TRADES);
    CHECK(rows[0]->from_time == begin - 3600 * second_ns);
    CHECK(rows[0]->to_time == begin);
    CHECK(text(rows[0]->header, rows[0]->reason) == "not_running");
    past.backfill.close_past();  // once is enough
    CHECK(past.live.host.all<arb_gap>().size() == 1);
}

TEST_CASE("a page that moves because of new trades does not double those that stood at its border") {
    Past past;
    auto const twice = row(90, "0xtwice") + "," + row(90, "0xtwice");
    past.answer({page(row(100, "0xc") + "," + row(95, "0xb") + "," + row(94, "0xa"), "n"),
                 // Two were made meanwhile.
                 page(row(95, "0xb") + "," + row(94, "0xa") + "," + twice, "m"),
                 // None was made: these are four that are alike.
                 page(twice + "," + row(80, "0xd") + "," + row(70, "0xc"), "last", false)});
    past.backfill.want(market_id, begin);
    past.run();
    CHECK(past.asked.size() == 3);  // the last page names itself as the next
    CHECK(past.live.host.all<arb_trade>().size() == 9);
}

TEST_CASE("a market with more trades than a reading takes is read to its end, and without its neighbours") {
    Past past;
    std::vector<std::string> pages;
    auto const busy = [&](int count) {
        for (int n = 0; n != count; ++n)
            pages.push_back(page(row(5'000 - n, "0x" + std::to_string(n)), "n" + std::to_string(n)));
    };
    busy(100);  // of both together
    busy(150);
    pages.push_back(page(row(10, "0xlast")));
    pages.push_back(page(row(5, "0xother", "0.07", "0xother")));
    past.answer(pages);
    past.backfill.want(market_id, begin);
    past.backfill.want("0xother", begin);
    past.run();
    CHECK(past.asked.size() == 252);
    CHECK(past.asked.back().ends_with("condition=0xother"));
    CHECK(past.live.host.all<arb_trade>().size() == 152);
    CHECK_FALSE(past.given_up());
}

TEST_CASE("past trades as the venue lists them: exact, and what is not one is counted") {
    auto const listed = decode_trades(page(row(1, "0xa") + R"(,{"asset":"1"},5,null,)" +
                                               row(2, "0xb", R"("0.5")") + "," + row(3, "0xc", "1e400"),
                                           "next"));
    REQUIRE(listed.has_value());
    CHECK(listed->trades.size() == 2);
    CHECK(listed->unreadable == 4);
    CHECK(listed->next_cursor == "next");
    CHECK(listed->trades[0].print.size == 2'500'000);
    CHECK(listed->trades[1].print.price == 500'000);
    CHECK(decode_trades("[]").value().trades.empty());
    CHECK(decode_trades("{}").has_error());
    CHECK(nearest_millionth("0.069999999999999") == 70'000);
    CHECK(nearest_millionth("0.0700000000000001") == 70'000);
    CHECK(nearest_millionth("123456.654321") == 123'456'654'321);
    for (auto const* const bad : {"", "x", "1e400", "0.12345678x", "-0.00000001x"})
        CHECK(nearest_millionth(bad) == ARB_ABSENT);
}
