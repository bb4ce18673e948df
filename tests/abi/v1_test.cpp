// Version 1 of the contract, executed: the layout of today's headers against the frozen numbers, and a plugin
// built from the frozen headers in plain C, loaded and run.
#include <dlfcn.h>

#include <set>
#include <string>

#include "arbitrage/abi/ext/commands.h"
#include "arbitrage/abi/ext/document.h"
#include "arbitrage/abi/ext/probe.h"
#include "arbitrage/abi/plugin.h"
#include "arbitrage/check.hpp"
#include "support/catch.hpp"
#include "support/recording_host.hpp"

namespace {

arb_plugin const* load(char const* path) {
    void* const module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    INFO((module == nullptr ? dlerror() : ""));
    REQUIRE(module != nullptr);
    auto const entry = reinterpret_cast<arb_plugin_entry_function>(dlsym(module, ARB_PLUGIN_ENTRY));
    REQUIRE(entry != nullptr);
    return entry();
}

}  // namespace

TEST_CASE("no field of version 1 has moved, and structs only grew") {
    // Structs that lie inside others or in arrays must not even grow.
    std::set<std::string> const fixed{"arb_text", "arb_level",    "arb_packet",
                                      "arb_ref",  "arb_position", "arb_manifest"};
    auto const size = [&](char const* type, std::size_t now, std::size_t then) {
        CAPTURE(type, now, then);
        CHECK((now == then || (now > then && !fixed.contains(type))));
    };
    auto const field = [](char const* name, std::size_t now, std::size_t then) {
        CAPTURE(name);
        CHECK(now == then);
    };
#define SIZE(type, bytes) size(#type, sizeof(type), bytes);
#define FIELD(type, name, at) field(#type "." #name, offsetof(type, name), at);
#include "v1/layout.inc"
#undef SIZE
#undef FIELD
}

TEST_CASE("the numbers of version 1 mean what they meant") {
    CHECK(ARB_ABI_VERSION == 1u);
    CHECK(ARB_ABSENT == INT64_MIN);
    CHECK(ARB_UNIT == 1'000'000);
    CHECK((ARB_OK == 0 && ARB_RETRY == 1 && ARB_PERMANENT == 2 && ARB_CLOSED == 3 && ARB_INVALID == 4));
    CHECK((ARB_KIND_EVENT == 1 && ARB_KIND_MARKET == 2 && ARB_KIND_QUOTE == 3 && ARB_KIND_TRADE == 4));
    CHECK((ARB_KIND_BOOK == 5 && ARB_KIND_BOOK_CHANGE == 6 && ARB_KIND_STATUS == 7 && ARB_KIND_GAP == 8));
    CHECK((ARB_KIND_PAIR == 9 && ARB_KIND_OPPORTUNITY == 10 && ARB_KIND_CUSTOM == 11));
    CHECK((ARB_FLAG_BACKFILLED == 1 && ARB_FLAG_ANOMALY == 2 && ARB_FLAG_POLLED == 4));
    CHECK((ARB_ROLE_VENUE == 1 && ARB_ROLE_SINK == 2));
    CHECK(std::string{ARB_COMMANDS} == "arb.commands/1");
    CHECK(std::string{ARB_PROBE} == "arb.probe/1");
    CHECK(std::string{ARB_DOCUMENT} == "arb.document/1");
}

TEST_CASE("a packet of every kind as version 1 wrote it is still well formed") {
    constexpr std::pair<int, std::uint32_t> fixed_sizes[] = {
        {ARB_KIND_EVENT, 144}, {ARB_KIND_MARKET, 216},      {ARB_KIND_QUOTE, 144},  {ARB_KIND_TRADE, 112},
        {ARB_KIND_BOOK, 112},  {ARB_KIND_BOOK_CHANGE, 104}, {ARB_KIND_STATUS, 112}, {ARB_KIND_GAP, 120},
        {ARB_KIND_PAIR, 128},  {ARB_KIND_OPPORTUNITY, 152}, {ARB_KIND_CUSTOM, 80}};
    for (auto const& [kind, size] : fixed_sizes) {
        alignas(8) std::byte bytes[256]{};
        auto& header = *reinterpret_cast<arb_packet*>(bytes);
        header.kind = static_cast<std::uint16_t>(kind);
        header.size = header.fixed_size = size;
        header.venue[0] = 'v';
        CAPTURE(kind);
        CHECK(arb::check(bytes, sizeof bytes) == nullptr);
    }
}

TEST_CASE("a plain C sink built from the headers of version 1 runs in the host of today") {
    auto const* const plugin = load(ARBITRAGE_V1_SINK);
    REQUIRE(plugin->size >= 32);
    CHECK(plugin->abi_version == 1);
    CHECK(plugin->role == ARB_ROLE_SINK);
    CHECK(plugin->venue == nullptr);
    auto const& sink = *plugin->sink;

    arb::test::RecordingHost host{"counting_sink"};
    auto error = arb::empty_error();
    void* self = nullptr;
    CHECK(sink.create(host.table(), R"({"x":1})", &self, &error) == ARB_INVALID);
    CHECK(std::string{error.where} == "/unknown");
    REQUIRE(sink.create(host.table(), "{}", &self, &error) == ARB_OK);

    std::uint8_t const journal[16]{};
    arb_position stored{9, 9};
    REQUIRE(sink.start(self, journal, &stored, &error) == ARB_OK);
    CHECK(stored.incarnation == 0);
    CHECK(host.state() == ARB_STATE_LIVE);

    arb::Packets packets;
    packets.add<arb_quote>("v", 1).text(&arb_quote::market_id, "M");
    packets.add<arb_trade>("v", 1);
    packets.add<arb_quote>("v", 1);
    std::vector<arb_packet const*> list;
    arb::for_each_packet(packets.bytes(), [&](arb_packet const& packet) { list.push_back(&packet); });
    arb_batch const batch{sizeof(arb_batch), 3, list.data(), {}, {4, 1}, {4, 3}};
    arb_written written{sizeof(arb_written), 0};
    REQUIRE(sink.write(self, &batch, &written, &error) == ARB_OK);
    CHECK(written.dead_lettered == 1);
    CHECK(host.counter("packets/all") == 3);
    CHECK(host.counter("packets/quotes") == 2);

    auto const quotes = host.all<arb_quote>();
    REQUIRE(quotes.size() == 1);
    CHECK(arb::venue(quotes[0]->header) == "counting");
    CHECK(arb::text(quotes[0]->header, quotes[0]->market_id) == "COUNT");
    CHECK(quotes[0]->bid == 3'000'000);
    CHECK(quotes[0]->ask == ARB_ABSENT);
    auto const customs = host.all<arb_custom>();
    REQUIRE(customs.size() == 1);
    CHECK(arb::text(customs[0]->header, customs[0]->body) == "{}");

    REQUIRE(sink.start(self, journal, &stored, &error) == ARB_OK);
    CHECK(stored.sequence == 3);
    CHECK(sink.extension("arb.commands/1") == nullptr);
    sink.stop(self);
    sink.destroy(self);
}
