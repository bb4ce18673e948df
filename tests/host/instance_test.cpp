// An instance between a plugin and the queue: what it counts, adds, holds back and tells.
#include "host/instance.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>
#include <thread>

#include "arbitrage/host.hpp"
#include "arbitrage/time.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using arb::host::Instance;
using arb::host::InstanceConfig;
using arb::host::Role;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t segment = 64 << 10;

InstanceConfig named(std::string const& name, Role role = Role::venue) {
    InstanceConfig out;
    out.name = out.type = name;
    out.role = role;
    return out;
}

// A queue of 20 small segments.
struct Fixture {
    arb::test::TemporaryDirectory directory;
    arb::host::Log log{{}, std::make_shared<spdlog::sinks::null_sink_mt>()};
    std::unique_ptr<arb::queue::Queue> queue = open();

    std::unique_ptr<arb::queue::Queue> open() const {
        arb::queue::Settings settings;
        settings.directory = directory.path() / "q";
        settings.size_max = 20 * segment;
        settings.segment_size = segment;
        settings.keep_acked = 0ms;
        settings.free_min = 0;
        arb::queue::Recovery recovery;
        auto opened = arb::queue::Queue::open(settings, recovery);
        if (opened.has_error()) FAIL(opened.error().text);
        return std::move(opened.value());
    }
};

template<class Condition>
bool eventually(Condition condition) {
    auto const end = std::chrono::steady_clock::now() + 20s;
    while (!condition())
        if (std::chrono::steady_clock::now() >= end)
            return false;
        else
            std::this_thread::sleep_for(1ms);
    return true;
}

arb::Result<> push(arb::Host const& host, int count) {
    arb::Packets packets;
    for (int i = 0; i != count; ++i)
        packets.add<arb_quote>("one", arb::now()).text(&arb_quote::market_id, "M");
    return host.push(packets);
}

// What came out of the queue, such as "gap:unclean_stop quote quote".
std::string told(arb::queue::Reader& reader) {
    std::string out;
    auto const batch = reader.read({}, 1000ms);
    for (auto const* const packet : batch->packets) {
        out += (out.empty() ? "" : " ") + std::string{arb::kind_names[packet->kind]};
        if (auto const* const gap = arb::as<arb_gap>(*packet))
            out += ":" + std::string{arb::text(*packet, gap->reason)} +
                   (gap->to_time == ARB_ABSENT ? ":open" : "");
        if (auto const* const custom = arb::as<arb_custom>(*packet))
            out += ":" + std::string{arb::text(*packet, custom->topic)};
    }
    return out;
}

}  // namespace

TEST_CASE("threads of a plugin may push, count, report and drift while others look") {
    Fixture fixture;
    Instance instance{named("one"), nullptr, fixture.log, fixture.queue.get()};
    auto const reader = fixture.queue->reader("sink");
    arb::Host const host{instance.table()};
    std::atomic<int> running{4}, refused{0};
    std::vector<std::thread> threads;
    for (int t = 0; t != 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i != 100; ++i) {
                refused += push(host, 5).has_error();
                host.count("things");
                host.reject("reason");
                host.report(i % 2 == 0 ? ARB_STATE_LIVE : ARB_STATE_DEGRADED, std::to_string(t));
                host.drift(ARB_DRIFT_UNKNOWN, "ticker", "field" + std::to_string(i), "{}");
            }
            --running;
        });
    while (running != 0) {
        auto const figures = instance.figures();
        CHECK(figures.received_total >= figures.accepted);
        boost::json::array rows;
        instance.drift().append_rows("one", rows);
        CHECK(rows.size() <= 100);
        auto const batch = reader->read({}, 1ms);
        if (!batch->packets.empty()) reader->acknowledge(batch->last);
    }
    for (auto& thread : threads) thread.join();
    CHECK(refused == 0);
    auto const figures = instance.figures();
    CHECK(figures.accepted == 2000);
    CHECK(figures.received_total == 2400);
    CHECK(figures.rejected_total() == 400);
    CHECK(figures.counters.at({"things", ""}) == 400);
    CHECK(fixture.queue->statistics().accepted_packets == 2000);
    CHECK(instance.drift().totals().at({"ticker", ARB_DRIFT_UNKNOWN}) == 400);
    REQUIRE(fixture.queue->close().has_value());
}

TEST_CASE("a gap is open until the instance is live, one in the middle is closed at once") {
    Fixture fixture;
    Instance instance{named("one"), nullptr, fixture.log, fixture.queue.get()};
    auto const reader = fixture.queue->reader("sink");
    arb::Host const host{instance.table()};
    host.report(ARB_STATE_STARTING, "reading the catalogue");
    instance.expect_gap(arb::now() - arb::second_ns, "unclean_stop");
    REQUIRE(push(host, 1).has_value());
    CHECK(told(*reader) == "gap:unclean_stop:open quote");
    host.report(ARB_STATE_LIVE, "live");
    CHECK(told(*reader) == "gap:unclean_stop");
    instance.expect_gap(arb::now() - 12 * arb::second_ns, "host_paused");
    REQUIRE(push(host, 1).has_value());
    CHECK(told(*reader) == "gap:host_paused quote");
    CHECK(instance.figures().gaps ==
          std::map<std::string, std::uint64_t>{{"host_paused", 1}, {"unclean_stop", 1}});
    // A clock that was set back makes no gap that ends before it begins.
    instance.expect_gap(arb::now() + 3600 * arb::second_ns, "restarted");
    REQUIRE(push(host, 1).has_value());
    auto const batch = reader->read({}, 1000ms);
    auto const* const gap = arb::as<arb_gap>(*batch->packets.at(0));
    REQUIRE(gap != nullptr);
    CHECK(gap->to_time == gap->from_time);
}

TEST_CASE("a clock step is written down once, before what comes next") {
    Fixture fixture;
    Instance instance{named("one"), nullptr, fixture.log, fixture.queue.get()};
    auto const reader = fixture.queue->reader("sink");
    instance.note_clock_step(1'700'000'000'000'000'000, 1'700'003'600'000'000'000);
    for (int i = 0; i != 2; ++i) REQUIRE(push(arb::Host{instance.table()}, 1).has_value());
    auto const batch = reader->read({}, 1000ms);
    REQUIRE(batch->packets.size() == 3);
    auto const& packet = *batch->packets[0];
    auto const* const note = arb::as<arb_custom>(packet);
    REQUIRE(note != nullptr);
    CHECK(
        arb::text(packet, note->body) ==
        R"({"instance":"one","before":"2023-11-14T22:13:20.000000Z","after":"2023-11-14T23:13:20.000000Z","milliseconds":3600000})");
    CHECK(instance.figures().accepted == 3);
}

TEST_CASE("what the queue lost is a gap of every venue, once, before what comes next") {
    Fixture fixture;
    Instance instance{named("one"), nullptr, fixture.log, fixture.queue.get()};
    auto const reader = fixture.queue->reader("sink");
    instance.note_loss(1'700'000'000'000'000'000, 1'700'000'003'000'000'000);
    for (int i = 0; i != 2; ++i) REQUIRE(push(arb::Host{instance.table()}, 1).has_value());
    auto const batch = reader->read({}, 1000ms);
    REQUIRE(batch->packets.size() == 3);
    auto const* const gap = arb::as<arb_gap>(*batch->packets[0]);
    REQUIRE(gap != nullptr);
    CHECK(arb::text(*batch->packets[0], gap->reason) == "queue_damaged");
    CHECK(gap->from_time == 1'700'000'000'000'000'000);
    CHECK(gap->to_time == 1'700'000'003'000'000'000);
    CHECK(gap->stream == ARB_STREAM_ALL);
}

TEST_CASE("how long packets took to be stored is counted by its bucket, whatever the order") {
    Fixture fixture;
    Instance sink{named("store", Role::sink), nullptr, fixture.log, fixture.queue.get()};
    auto const committed = 1'700'000'000 * arb::second_ns;
    arb::Packets packets;
    auto const ms = arb::millisecond_ns;
    for (auto const took : {ms, 2 * ms, 7'200'000 * ms, 4 * ms, 50 * ms, 50 * ms + 1, -5 * ms, committed})
        packets.add<arb_quote>("one", committed - took).text(&arb_quote::market_id, "M");
    arb::queue::Batch batch;
    arb::for_each_packet(packets.bytes(),
                         [&](arb_packet const& packet) { batch.packets.push_back(&packet); });
    sink.count_written(batch, 1, committed);
    auto const figures = sink.figures();
    // Bounds are 1, 2, 5, 10, 20, 50, 100 ms ... one hour, and beyond.
    CHECK(figures.latency.buckets ==
          std::array<std::uint64_t, 15>{2, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 2});
    CHECK(figures.latency.count == 8);
    CHECK(figures.latency.sum_seconds > 1.7e9);
    CHECK(figures.written[ARB_KIND_QUOTE] == 8);
    CHECK(figures.written_total == 7);
    CHECK(figures.dead_lettered == 1);
    REQUIRE(fixture.queue->close().has_value());
}

TEST_CASE("a venue beyond its rate waits by itself, and its sentence says so") {
    Fixture fixture;
    auto config = named("one");
    config.packets_per_second_max = 100;
    auto begin = std::chrono::steady_clock::now();
    Instance slow{config, nullptr, fixture.log, fixture.queue.get()};
    Instance quick{named("two"), nullptr, fixture.log, fixture.queue.get()};
    arb::Host const host{slow.table()};
    auto const slowed = [](Instance const& instance) {
        auto const counters = instance.figures().counters;
        auto const found = counters.find({"slowed_pushes", ""});
        return found == counters.end() ? std::uint64_t{0} : found->second;
    };
    int pushed = 200;
    REQUIRE(push(host, pushed).has_value());
    CHECK(slowed(slow) == 0);
    CHECK(slow.state().sentence.find("slowed down") == std::string::npos);
    for (; slowed(slow) == 0; pushed += 50) REQUIRE((pushed < 2000 && push(host, 50).has_value()));
    // Two seconds' worth were free; the rest took its time.
    CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds{(pushed - 200) * 10 - 1});
    CHECK(slow.state().sentence.find("slowed down: it may push 100 packets") != std::string::npos);
    for (int i = 0; i != 5; ++i) REQUIRE(push(arb::Host{quick.table()}, 100).has_value());
    CHECK(slowed(quick) == 0);
    // The end of the program does not wait for a debt, here of two minutes in all.
    slow.set_stopping();
    begin = std::chrono::steady_clock::now();
    for (int i = 0; i != 10; ++i) REQUIRE(push(host, 200).has_value());
    CHECK(std::chrono::steady_clock::now() - begin < 30s);
}

TEST_CASE("venues put off at 85 percent, wait at 95, and leave the rest to sinks") {
    Fixture fixture;
    Instance venue{named("one"), nullptr, fixture.log, fixture.queue.get()};
    Instance sink{named("two", Role::sink), nullptr, fixture.log, fixture.queue.get()};
    auto const reader = fixture.queue->reader("store");
    arb::Host const host{venue.table()};
    CHECK_FALSE(host.put_off());
    std::atomic<bool> enough{false};
    std::atomic<int> pushed{0};
    std::thread flooding{[&] {
        while (!enough) pushed += push(host, 20).has_value();
    }};
    CHECK(eventually([&] { return host.put_off(); }));
    CHECK(eventually([&] { return fixture.queue->statistics().full; }));
    INFO(fixture.queue->statistics().trouble);
    CHECK(fixture.queue->percent_full() >= 95);
    CHECK(fixture.queue->statistics().trouble.find("packets of venues wait") != std::string::npos);
    auto const before = pushed.load();
    CHECK(push(arb::Host{sink.table()}, 1).has_value());
    CHECK(pushed == before);
    // A sink that stores makes room.
    CHECK(eventually([&] {
        auto const batch = reader->read({}, 0ms);
        if (!batch->packets.empty()) reader->acknowledge(batch->last);
        return pushed > before + 5;
    }));
    enough = true;
    CHECK(eventually([&] {
        auto const batch = reader->read({}, 0ms);
        if (!batch->packets.empty()) reader->acknowledge(batch->last);
        return fixture.queue->percent_full() == 0;
    }));
    flooding.join();
    CHECK_FALSE(host.put_off());
}

TEST_CASE("what a plugin logs and then says as its state is logged once, and lost fields are loud") {
    std::ostringstream lines;
    arb::host::Log log{{}, std::make_shared<spdlog::sinks::ostream_sink_mt>(lines)};
    Instance instance{named("one"), nullptr, log, nullptr};
    arb::Host const host{instance.table()};
    auto const times = [&](std::string const& part) {
        auto const text = lines.str();
        int count = 0;
        for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
        return count;
    };
    host.warning("the connection was cut");
    host.report(ARB_STATE_RETRYING, "the connection was cut; catalogue: 5 markets");
    CHECK(times("the connection was cut") == 1);
    CHECK(instance.state().state == ARB_STATE_RETRYING);
    host.report(ARB_STATE_LIVE, "all markets");
    host.report(ARB_STATE_DEGRADED, "some markets");
    CHECK(times("info    one: all markets") == 1);
    CHECK(times("warning one: some markets") == 1);

    host.drift(ARB_DRIFT_UNKNOWN, "trade", "new_field", "{}");
    host.drift(ARB_DRIFT_MISSING, "trade", "count_fp", "{}");
    host.drift(ARB_DRIFT_RETYPED, "trade", "yes_price", "{}");
    CHECK(times("info    one: the venue's answers changed: unknown field new_field in trade") == 1);
    CHECK(times("warning one: the venue's answers changed: missing field count_fp in trade") == 1);
    CHECK(times("warning one: the venue's answers changed: retyped field yes_price in trade") == 1);
}
