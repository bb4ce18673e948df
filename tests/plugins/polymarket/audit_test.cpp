#include "polymarket/audit.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <set>

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

// Knows no book; keeps what it is asked for.
class Answers final : public net::HttpClient {
  public:
    explicit Answers(std::vector<std::vector<std::string>>& asked) : asked_{asked} {}
    net::asio::awaitable<Result<net::Response>> send(net::Request request) override {
        auto& tokens = asked_.emplace_back();
        auto const body = boost::json::parse(request.body);
        for (auto const& item : body.as_array()) tokens.emplace_back(item.at("token_id").as_string());
        net::Response response;
        response.status = 200;
        response.body = "[]";
        co_return response;
    }
    std::string const& host() const override { return host_; }
    std::string const& prefix() const override { return host_; }

  private:
    std::vector<std::vector<std::string>>& asked_;
    std::string const host_ = "books.test";
};

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

TEST_CASE("every book is compared once a round, so many at a time") {
    Live live;
    arb_time const heard = 1'800'000'000 * second_ns;
    std::set<std::string> books;
    for (int n = 0; n != 900; ++n) {
        auto const number = std::to_string(n);
        auto& market = live.prices.add({"0x" + number, {"1" + number, "2" + number}, {"Yes", "No"}, "", {}});
        market.heard = n % 3 == 0 ? 0 : heard;  // of some nothing has come yet
        if (market.heard != 0) books.insert("1" + number);
    }
    Timing timing;
    timing.audit_every = std::chrono::milliseconds{20};
    timing.audit_round = std::chrono::milliseconds{40};
    std::vector<std::vector<std::string>> asked;
    Rest clob{std::make_unique<Answers>(asked), 1, 1e6};
    Audit audit{
        live.host.host(), live.prices, clob, timing, {[](Token&, std::string_view) {}, [](Market&) {}}};
    net::asio::co_spawn(live.io, audit.run(), net::asio::detached);
    std::multiset<std::string> compared;
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (compared.size() < books.size() && std::chrono::steady_clock::now() < deadline) {
        live.io.run_one_for(std::chrono::milliseconds{20});
        compared.clear();
        for (auto const& request : asked) compared.insert(request.begin(), request.end());
    }
    CHECK(std::set<std::string>{compared.begin(), compared.end()} == books);
    CHECK(compared.size() == books.size());
    for (auto const& request : asked) CHECK(request.size() <= 250);
    live.host.stop();
}

TEST_CASE("a book that REST knows the same or older is no doubt") {
    Audited a;
    CHECK(a.audit.compare("[" + hashed(level("0.4", "10"), "1790000000000", hash_a) + "]").empty());
    CHECK(a.audit.compare("[" + hashed(level("0.4", "9"), "1789999999999", hash_b) + "]").empty());
    // Another hash of the same levels is a hint and no more: the venue's recipe changed before.
    CHECK(a.audit.compare("[" + hashed(level("0.4", "10"), "1790000000000", hash_b) + "]").empty());
    CHECK(a.live.host.counter("audits/same") == 2);
    CHECK(a.audit.compare("<html>").empty());
}

TEST_CASE("levels are the proof: a change that was lost before the venue's newest hash is found") {
    Audited a;
    // The venue's hash of its book came with the last change, and ours is another book all the same.
    auto const doubts = a.audit.compare("[" + hashed(level("0.4", "9"), "1790000000000", hash_a) + "]");
    REQUIRE(doubts.size() == 1);
    a.audit.judge(doubts, a.heard + 3 * second_ns);
    CHECK(a.differing == std::vector<std::string>{"book_differs"});
    // Where they agree it is known since when.
    CHECK(a.audit.compare("[" + hashed(level("0.4", "10"), "1790000000000", hash_b) + "]", a.heard + 5)
              .empty());
    CHECK(a.live.prices.token(yes)->right_at == a.heard + 5);
}

TEST_CASE("a lost change of a market that never pauses shows when REST contradicts the book a second time") {
    Audited a;
    // Of the venue's book and ours a change later each time; 0.3 is gone there without a word.
    int change = 0;
    auto const next = [&](arb_time received) {
        auto const time = std::to_string(1'790'000'000'000 + ++change);
        a.live.frame(change_frame(change_entry(yes, "0.2", std::to_string(change), "BUY"), time), received);
        return hashed(level("0.2", std::to_string(change)), time, hash_b);
    };
    auto const contradict = [&](int second, bool right = false) {
        auto const asked_at = a.heard + second * second_ns;
        auto const theirs = next(asked_at);
        auto const doubts = a.audit.compare("[" + theirs + "]", asked_at);
        REQUIRE(doubts.size() == 1);
        if (right) a.live.prices.token(yes)->right_at = asked_at + 1;
        next(asked_at + 2 * second_ns);
        a.audit.judge(doubts, asked_at + 3 * second_ns);
    };
    contradict(10, true);  // half of a moment was on its way: its hash was verified afterwards
    contradict(20);
    contradict(21);  // the same moment, as it were
    CHECK(a.differing.empty());
    CHECK(a.live.host.counter("audits/caught_up") == 3);
    contradict(30);
    CHECK(a.differing == std::vector<std::string>{"book_differs"});
    CHECK(a.stalled.empty());
    // Newer news are no contradiction, however often.
    Audited busy;
    for (int second = 10; second != 60; second += 10) {
        auto const time = std::to_string(1'790'000'000'000 + second);
        auto const newer = hashed(level("0.5", "9"), time, hash_b);
        auto const doubts = busy.audit.compare("[" + newer + "]", busy.heard + second * second_ns);
        REQUIRE(doubts.size() == 1);
        auto const later = std::to_string(1'790'000'000'001 + second);
        busy.live.frame(change_frame(change_entry(yes, "0.2", "1", "BUY"), later), busy.heard);
        busy.audit.judge(doubts, busy.heard + (second + 3) * second_ns);
    }
    CHECK(busy.differing.empty());
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
