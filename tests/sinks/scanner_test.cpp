// The scanner through its .so, as the host loads it, with a host whose document extension hands out a given
// text.
#include <dlfcn.h>

#include <boost/json.hpp>
#include <chrono>
#include <mutex>
#include <thread>

#include "arbitrage/abi/ext/commands.h"
#include "arbitrage/abi/ext/document.h"
#include "arbitrage/abi/plugin.h"
#include "support/catch.hpp"
#include "support/recording_host.hpp"
#include "support/temporary_directory.hpp"

using namespace arb;

namespace {

arb_sink const& scanner() {
    static auto const* const sink = [] {
        auto* const module =
            ::dlopen(ARBITRAGE_BINARY_DIR "/lib/arbitrage/plugins/scanner.so", RTLD_NOW | RTLD_LOCAL);
        INFO(::dlerror());
        REQUIRE(module != nullptr);
        auto const entry = reinterpret_cast<arb_plugin_entry_function>(::dlsym(module, ARB_PLUGIN_ENTRY));
        REQUIRE(entry != nullptr);
        return entry()->sink;
    }();
    return *sink;
}

// Knows one file; checks nothing, as the real one does, but that a schema came along.
struct Documents {
    std::mutex mutex;  // the scanner reads on a thread of its own
    std::string json, asked_for, refusal;
    arb_document table{sizeof(arb_document), 0,
                       [](void* self, char const* path, char const* schema, void (*take)(void*, arb_text),
                          void* context, arb_error* error) {
                           auto& documents = *static_cast<Documents*>(self);
                           std::lock_guard const lock{documents.mutex};
                           documents.asked_for = path;
                           boost::json::parse(schema).as_object().at("properties");
                           if (!documents.refusal.empty()) return to_c(invalid("", documents.refusal), error);
                           take(context, to_c(std::string_view{documents.json}));
                           return arb_status{ARB_OK};
                       },
                       this};
};

struct Case {
    explicit Case(std::string json) {
        documents.json = std::move(json);
        current = &documents;
        table.extension = [](void*, char const* id) -> void const* {
            return std::string_view{id} == ARB_DOCUMENT ? &current->table : nullptr;
        };
    }
    ~Case() {
        if (sink != nullptr) scanner().destroy(sink);
    }
    Case(Case const&) = delete;
    Case& operator=(Case const&) = delete;

    arb_status create(char const* options = "{}") { return scanner().create(&table, options, &sink, &error); }
    void start() {
        std::uint8_t const journal[16] = {};
        arb_position stored{7, 7};
        REQUIRE(scanner().start(sink, journal, &stored, &error) == ARB_OK);
        CHECK(stored.incarnation == 0);
        CHECK(stored.sequence == 0);
    }
    std::vector<arb_pair const*> pushed(std::size_t wanted) {
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{5};
        while (host.count() < wanted && std::chrono::steady_clock::now() < until) std::this_thread::yield();
        return host.all<arb_pair>();
    }

    static inline Documents* current = nullptr;
    Documents documents;
    test::RecordingHost host{"scanner"};
    arb_host table = *host.table();
    arb_error error = empty_error();
    void* sink = nullptr;
};

std::string const two_pairs = R"({"pairs": [
    {"a": {"venue": "kalshi", "market": "KXFED-C25"}, "b": {"venue": "polymarket", "market": "0xabc"}, "relation": "same"},
    {"id": "mine", "a": {"venue": "kalshi", "market": "KXNBA"}, "b": {"venue": "polymarket", "market": "0xdef"},
     "relation": "inverse", "note": "read \"both\" rule books"}]})";

}  // namespace

TEST_CASE("each accepted pair is pushed at the start", "[scanner]") {
    Case here{two_pairs};
    REQUIRE(here.create(R"({"pairs_file": "var/pairs.yaml"})") == ARB_OK);
    CHECK(here.documents.asked_for == "var/pairs.yaml");
    here.start();
    auto const pairs = here.pushed(2);
    REQUIRE(pairs.size() == 2);
    auto const& first = *pairs[0];
    CHECK(venue(first.header) == "scanner");
    CHECK(text(first.header, first.pair_id) == "kalshi:KXFED-C25=polymarket:0xabc");
    CHECK(text(first.header, first.venue_a) == "kalshi");
    CHECK(text(first.header, first.market_id_a) == "KXFED-C25");
    CHECK(text(first.header, first.venue_b) == "polymarket");
    CHECK(text(first.header, first.market_id_b) == "0xabc");
    CHECK(first.relation == ARB_RELATION_SAME);
    CHECK(first.status == ARB_PAIR_ACCEPTED);
    CHECK(first.score == ARB_ABSENT);
    auto const& second = *pairs[1];
    CHECK(text(second.header, second.pair_id) == "mine");
    CHECK(second.relation == ARB_RELATION_INVERSE);
    auto const evidence = boost::json::parse(text(second.header, second.evidence)).as_object();
    CHECK(evidence.at("note") == "read \"both\" rule books");
    CHECK(here.host.state() == ARB_STATE_LIVE);
}

TEST_CASE("a start that is repeated does not push again", "[scanner]") {
    Case here{two_pairs};
    REQUIRE(here.create() == ARB_OK);
    CHECK(here.documents.asked_for == "config/pairs.yaml");
    here.start();
    here.start();
    scanner().destroy(here.sink);
    here.sink = nullptr;
    CHECK(here.host.count() == 2);
}

TEST_CASE("a file of many pairs is pushed whole", "[scanner]") {
    boost::json::array pairs;
    for (int i = 0; i != 1000; ++i)
        pairs.push_back({{"a", {{"venue", "kalshi"}, {"market", std::to_string(i)}}},
                         {"b", {{"venue", "polymarket"}, {"market", std::to_string(i)}}},
                         {"relation", "same"}});
    Case here{boost::json::serialize(boost::json::object{{"pairs", pairs}})};
    REQUIRE(here.create() == ARB_OK);
    here.start();
    CHECK(here.pushed(1000).size() == 1000);
}

TEST_CASE("a pairs file that changes is read again", "[scanner]") {
    test::TemporaryDirectory const directory;
    Case here{two_pairs};
    // The host of the test has its own idea of what is in the file: only that it changed is seen.
    auto const change = [&](std::string json, std::string refusal) {
        {
            std::lock_guard const lock{here.documents.mutex};
            here.documents.json = std::move(json);
            here.documents.refusal = std::move(refusal);
        }
        directory.write("new", here.documents.json + here.documents.refusal);
        std::filesystem::rename(directory / "new", directory / "pairs.yaml");
    };
    change(two_pairs, "");
    REQUIRE(here.create((R"({"pairs_file": ")" + directory / "pairs.yaml" + "\"}").c_str()) == ARB_OK);
    here.start();
    REQUIRE(here.pushed(2).size() == 2);

    auto const said = [&](std::string_view text) {
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{5};
        while (std::chrono::steady_clock::now() < until) {
            auto const last = here.host.sentences().back();
            if (last.find(text) != std::string::npos) return true;
            std::this_thread::yield();
        }
        return false;
    };
    change("", "pairs.yaml:3:5: pairs[0].a is missing");
    CHECK(said("pairs.yaml:3:5"));
    CHECK(here.host.state() == ARB_STATE_DEGRADED);
    CHECK(here.host.count() == 2);

    // One is gone, one is as it was, one is new.
    change(R"({"pairs": [
        {"id": "mine", "a": {"venue": "kalshi", "market": "KXNBA"}, "b": {"venue": "polymarket", "market": "0xdef"},
         "relation": "inverse", "note": "read \"both\" rule books"},
        {"id": "new", "a": {"venue": "kalshi", "market": "N"}, "b": {"venue": "polymarket", "market": "0x1"},
         "relation": "same"}]})",
           "");
    auto const pairs = here.pushed(4);
    REQUIRE(pairs.size() == 4);
    CHECK(text(pairs[2]->header, pairs[2]->pair_id) == "new");
    CHECK(pairs[2]->status == ARB_PAIR_ACCEPTED);
    CHECK(text(pairs[3]->header, pairs[3]->pair_id) == "kalshi:KXFED-C25=polymarket:0xabc");
    CHECK(pairs[3]->status == ARB_PAIR_SUSPENDED);
    CHECK(said("2 accepted pairs"));
    CHECK(here.host.state() == ARB_STATE_LIVE);
}

TEST_CASE("no pairs are no error", "[scanner]") {
    Case here{R"({"pairs": []})"};
    REQUIRE(here.create() == ARB_OK);
    here.start();
    CHECK(here.host.count() == 0);
}

TEST_CASE("every packet is acknowledged", "[scanner]") {
    Case here{R"({"pairs": []})"};
    REQUIRE(here.create() == ARB_OK);
    Packets packets;
    { packets.add<arb_quote>("kalshi", 1).text(&arb_quote::market_id, "A"); }
    auto const* const packet = reinterpret_cast<arb_packet const*>(packets.bytes().data());
    arb_batch batch{};
    batch.size = sizeof batch;
    batch.count = 1;
    batch.packets = &packet;
    arb_written written{sizeof(arb_written), 9};
    CHECK(scanner().write(here.sink, &batch, &written, &here.error) == ARB_OK);
    CHECK(written.dead_lettered == 0);
}

TEST_CASE("a pairs file that is wrong is the option's fault", "[scanner]") {
    auto const refused = [](Case& here) {
        CHECK(here.create() == ARB_INVALID);
        CHECK(std::string{here.error.where} == "/pairs_file");
        return std::string{here.error.text};
    };
    SECTION("as the host says") {
        Case here{""};
        here.documents.refusal = "config/pairs.yaml:3:5: pairs[0].a is missing";
        CHECK(refused(here) == "config/pairs.yaml:3:5: pairs[0].a is missing");
    }
    SECTION("twice the same") {
        Case here{R"({"pairs": [
            {"a": {"venue": "k", "market": "1"}, "b": {"venue": "p", "market": "2"}, "relation": "same"},
            {"a": {"venue": "k", "market": "1"}, "b": {"venue": "p", "market": "2"}, "relation": "inverse"}]})"};
        CHECK(refused(here) == "config/pairs.yaml: the pair k:1=p:2 is there twice");
    }
    SECTION("a market with itself") {
        Case here{R"({"pairs": [
            {"id": "x", "a": {"venue": "k", "market": "1"}, "b": {"venue": "k", "market": "1"}, "relation": "same"}]})"};
        CHECK(refused(here) == "config/pairs.yaml: the pair x pairs a market with itself");
    }
}

TEST_CASE("the pairs can be listed without starting", "[scanner]") {
    Case here{two_pairs};
    REQUIRE(here.create() == ARB_OK);
    auto const* const commands = static_cast<arb_commands const*>(scanner().extension(ARB_COMMANDS));
    REQUIRE(commands != nullptr);
    std::vector<std::string> rows;
    auto const row = [](void* context, arb_text text) -> std::int32_t {
        static_cast<std::vector<std::string>*>(context)->emplace_back(view(text));
        return 0;
    };
    REQUIRE(commands->run(here.sink, "pairs list", "{}", row, &rows, &here.error) == ARB_OK);
    REQUIRE(rows.size() == 2);
    auto const first = boost::json::parse(rows[0]).as_object();
    CHECK(first.at("pair_id") == "kalshi:KXFED-C25=polymarket:0xabc");
    CHECK(first.at("relation") == "same");
    CHECK(commands->run(here.sink, "other", "{}", row, &rows, &here.error) == ARB_PERMANENT);
}
