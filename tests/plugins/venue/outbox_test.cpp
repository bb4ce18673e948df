#include "venue/outbox.hpp"

#include <boost/asio/io_context.hpp>
#include <thread>

#include "support/catch.hpp"
#include "support/recording_host.hpp"

using namespace arb;
using namespace std::chrono_literals;

namespace {

struct Case {
    test::RecordingHost host{"kalshi/two"};
    boost::asio::io_context io{1};
    std::vector<std::pair<arb_time, arb_time>> blocked;
    std::vector<Error> refused;
    Outbox::Events events{[this](arb_time from, arb_time to) { blocked.emplace_back(from, to); },
                          [this](Error const& error) { refused.push_back(error); }};

    static void add(Outbox& outbox, int count = 1) {
        for (int i = 0; i != count; ++i) outbox.packets().add<arb_quote>("kalshi", 1)->bid = i;
        outbox.added();
    }
    // Adds so quickly that something waits for company: what came alone went at once.
    static void add_together(Outbox& outbox) {
        for (int tries = 0; outbox.packets().empty() && tries != 1000; ++tries) add(outbox);
        REQUIRE_FALSE(outbox.packets().empty());
    }
};

// A queue that answers slowly or refuses, in front of a recording host's.
struct OddQueue {
    std::chrono::milliseconds slow{0};
    arb_status status = ARB_OK;
    unsigned pushes = 0;
    arb_queue queue{sizeof(arb_queue), 0, this, [](void* self, void const*, std::size_t, arb_error* error) {
                        auto& odd = *static_cast<OddQueue*>(self);
                        ++odd.pushes;
                        std::this_thread::sleep_for(odd.slow);
                        return odd.status == ARB_OK ? ARB_OK : to_c(Error{odd.status, "no"}, error);
                    }};
    arb_host table;
    explicit OddQueue(test::RecordingHost const& host) : table{*host.table()} { table.queue = &queue; }
};

}  // namespace

TEST_CASE("what comes alone goes out at once", "[venue]") {
    Case here;
    Outbox outbox{here.io.get_executor(), here.host.host(), here.events};
    Case::add(outbox, 3);
    CHECK(here.host.count() == 3);
    std::this_thread::sleep_for(2 * Outbox::wait_max);  // nothing comes, and nothing has to run
    Case::add(outbox);
    CHECK(here.host.count() == 4);
}

TEST_CASE("a batch goes out when it is full", "[venue]") {
    Case here;
    OddQueue odd{here.host};
    Outbox outbox{here.io.get_executor(), Host{&odd.table}, here.events};
    constexpr unsigned frames = 100'000;
    auto const begin = std::chrono::steady_clock::now();
    for (unsigned i = 0; i != frames; ++i) Case::add(outbox);
    // Without a turn of the executor only full ones do, and the first of those that came alone.
    auto const alone = (std::chrono::steady_clock::now() - begin) / Outbox::wait_max + 1;
    CHECK(odd.pushes >= frames / Outbox::packets_max);
    CHECK(odd.pushes <= frames / Outbox::packets_max + static_cast<unsigned>(alone));
}

TEST_CASE("what comes together is pushed within two milliseconds", "[venue]") {
    Case here;
    Outbox outbox{here.io.get_executor(), here.host.host(), here.events};
    Case::add_together(outbox);
    auto const pushed = here.host.count();
    here.io.run_one_for(2s);
    CHECK(here.host.count() == pushed + 1);
    CHECK(outbox.packets().empty());
}

TEST_CASE("a batch of large packets goes out before its count is reached", "[venue]") {
    Case here;
    Outbox outbox{here.io.get_executor(), here.host.host(), here.events};
    Case::add_together(outbox);
    for (auto const size : {std::size_t{1000}, Outbox::bytes_max / 2, Outbox::bytes_max / 2}) {
        REQUIRE_FALSE(outbox.packets().empty());
        { outbox.packets().add<arb_market>("kalshi", 1).text(&arb_market::raw, std::string(size, 'x')); }
        outbox.added();
    }
    CHECK(outbox.packets().empty());
}

TEST_CASE("flush pushes what there is, and nothing pushes nothing", "[venue]") {
    Case here;
    OddQueue odd{here.host};
    Outbox outbox{here.io.get_executor(), Host{&odd.table}, here.events};
    outbox.flush();
    outbox.added();
    CHECK(odd.pushes == 0);
    Case::add(outbox);
    outbox.flush();
    CHECK(odd.pushes == 1);
    here.io.run_for(1s);
    CHECK(odd.pushes == 1);
}

TEST_CASE("a push that blocked for too long is told with its interval", "[venue]") {
    Case here;
    OddQueue odd{here.host};
    Outbox outbox{here.io.get_executor(), Host{&odd.table}, here.events, 100ms};
    odd.slow = 1ms;
    Case::add(outbox);
    outbox.flush();
    CHECK(here.blocked.empty());
    odd.slow = 120ms;
    Case::add(outbox);
    outbox.flush();
    REQUIRE(here.blocked.size() == 1);
    CHECK(here.blocked[0].second - here.blocked[0].first >= 120 * millisecond_ns);
    CHECK(outbox.blocked() >= 120ms);
    CHECK(here.refused.empty());
    CHECK(Outbox::blocked_max == 1s);
}

TEST_CASE("a refused batch is told with its error", "[venue]") {
    Case here;
    OddQueue odd{here.host};
    odd.status = ARB_CLOSED;
    Outbox outbox{here.io.get_executor(), Host{&odd.table}, here.events};
    Case::add(outbox);
    outbox.flush();
    REQUIRE(here.refused.size() == 1);
    CHECK(here.refused[0].status == ARB_CLOSED);
}

TEST_CASE("an outbox may end before its timer fires", "[venue]") {
    Case here;
    std::size_t pushed = 0;
    {
        Outbox outbox{here.io.get_executor(), here.host.host(), here.events};
        Case::add_together(outbox);
        pushed = here.host.count();
        std::this_thread::sleep_for(2 * Outbox::wait_max);  // due, and not yet run
    }
    here.io.run();
    CHECK(here.host.count() == pushed);
}
