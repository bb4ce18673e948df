#include "net/reconnect.hpp"

#include <algorithm>

#include "support/catch.hpp"

using namespace arb::net;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr int seeds = 200;
Reconnect::Clock::time_point const begin{1h};

// The longest and the shortest n-th pause (from 1) over many seeds.
std::pair<milliseconds, milliseconds> nth_pause(int n, char const* where) {
    milliseconds least = 1h, most = 0ms;
    for (std::uint64_t seed = 0; seed != seeds; ++seed) {
        Reconnect reconnect{seed};
        milliseconds pause{};
        for (int i = 0; i != n; ++i) pause = reconnect.pause(where);
        least = std::min(least, pause);
        most = std::max(most, pause);
    }
    return {least, most};
}

}  // namespace

TEST_CASE("the first try after a cut comes at once, the next ones within a growing time", "[net]") {
    CHECK(nth_pause(1, "").second <= 250ms);
    CHECK(nth_pause(1, "").second > 200ms);  // and not all in the same moment
    CHECK(nth_pause(2, "").second <= 500ms);
    CHECK(nth_pause(4, "").second > 1s);
    CHECK(nth_pause(20, "").second <= 30s);
    CHECK(nth_pause(20, "").second > 25s);
    CHECK(nth_pause(20, "").first < 3s);
}

TEST_CASE("what failed decides how long the pause is", "[net]") {
    CHECK(nth_pause(1, "auth").first >= 30s);
    CHECK(nth_pause(20, "auth").second <= 15min);
    CHECK(nth_pause(20, "auth").second > 10min);
    for (auto const* const where : {"dns", "tls"}) {
        CHECK(nth_pause(1, where).second <= 2s);
        CHECK(nth_pause(20, where).second <= 2min);
        CHECK(nth_pause(20, where).second > 90s);
    }
    CHECK(nth_pause(1, "busy").second <= 5s);
    CHECK(nth_pause(20, "busy").second <= 5min);
    CHECK(nth_pause(20, "busy").second > 4min);
}

TEST_CASE("a pause that the server asks for is kept", "[net]") {
    Reconnect reconnect{1};
    for (auto const* const where : {"busy", "auth", ""}) {
        auto const pause = reconnect.pause(where, 90s);
        CHECK(pause >= 90s);
        CHECK(pause <= 91s);
    }
}

TEST_CASE("only data for a minute makes a connection a good one", "[net]") {
    auto const worst_after = [](milliseconds with_data) {
        milliseconds most = 0ms;
        for (std::uint64_t seed = 0; seed != seeds; ++seed) {
            Reconnect reconnect{seed};
            for (int i = 0; i != 10; ++i) reconnect.pause("");
            // Opened, and perhaps for hours: only data counts.
            if (with_data > 0ms) {
                reconnect.data(begin);
                reconnect.data(begin + with_data);
            }
            most = std::max(most, reconnect.pause(""));
        }
        return most;
    };
    CHECK(worst_after(0ms) > 25s);
    CHECK(worst_after(59s) > 25s);
    CHECK(worst_after(60s) <= 250ms);
}

TEST_CASE("not more than twelve connections are begun in any minute", "[net]") {
    ConnectBudget budget;
    auto now = begin;
    std::vector<ConnectBudget::Clock::time_point> begun;
    // Several that are refused at once and always come back.
    for (int i = 0; i != 100; ++i) {
        now += budget.take(now);
        begun.push_back(now);
        now += 10ms;
    }
    CHECK(begun[11] - begun[0] < 1s);  // a start with many connections is not slowed down
    for (std::size_t i = 12; i != begun.size(); ++i) CHECK(begun[i] - begun[i - 12] >= 60s);
    CHECK(begun.back() - begun.front() < 9 * 61s);
}

TEST_CASE("connections that wait for the budget are begun one after the other", "[net]") {
    ConnectBudget budget;
    std::vector<milliseconds> waits;
    for (int i = 0; i != 30; ++i) waits.push_back(budget.take(begin));
    CHECK(std::is_sorted(waits.begin(), waits.end()));
    CHECK(waits[11] == 0ms);
    CHECK(waits[12] == 60s);
    CHECK(waits[24] == 120s);
}

TEST_CASE("all instances of a venue have one budget, other venues another", "[net]") {
    auto const one = ConnectBudget::of("wss://venue.test:444/ws/v2");
    CHECK(ConnectBudget::of("wss://venue.test:444/other") == one);
    CHECK(ConnectBudget::of("venue.test:444") == one);
    CHECK(ConnectBudget::of("wss://venue.test/ws/v2") != one);
    CHECK(ConnectBudget::of("wss://other.test:444/ws/v2") != one);
}
