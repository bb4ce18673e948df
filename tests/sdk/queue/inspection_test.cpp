#include "queue/inspection.hpp"

#include "arbitrage/sink.hpp"
#include "sdk/queue/journals.hpp"

namespace arb::queue {
namespace {

Inspection inspect(Files& files) {
    auto inspection = Inspection::open(files, "/queue");
    if (inspection.has_error()) FAIL(inspection.error().text);
    return std::move(*inspection);
}

std::string all_of(Inspection const& inspection, std::uint64_t from = 0, std::uint64_t to = UINT64_MAX) {
    Numbers numbers;
    auto const done = inspection.each(from, to, [&](arb_packet const& packet, arb_position position) {
        CHECK(packet.position == position.sequence);
        numbers.add(number_of(packet));
        return true;
    });
    return done.has_value() ? numbers.text() : done.error().text;
}

std::vector<Damage> damage_of(Inspection const& inspection) {
    std::vector<Damage> out;
    for (std::size_t i = 0; i != inspection.segments().size(); ++i) {
        auto const contents = inspection.walk(i, {});
        REQUIRE(contents.has_value());
        out.insert(out.end(), contents->damage.begin(), contents->damage.end());
    }
    return out;
}

TEST_CASE("a journal is read from its beginning and not changed") {
    MemoryFiles files;
    build(files);
    bool const in_use = GENERATE(true, false);
    std::unique_ptr<Journal> journal;
    files.kill();
    if (in_use) {
        journal = open(files);
        drain(*journal->reader("sink"), true);
        REQUIRE(push_numbers(*journal, 61, 70).has_value());
        journal->work();
    }
    auto const before = files.copy();
    auto const inspection = inspect(files);
    auto const last = in_use ? "1-70" : "1-60";
    CHECK(all_of(inspection) == last);
    CHECK(all_of(inspection, 20, 41) == "20-41");
    CHECK(damage_of(inspection).empty());
    CHECK(inspection.sinks().size() == 1);
    CHECK(inspection.sinks().front().name == "sink");
    CHECK(inspection.sinks().front().position.sequence == (in_use ? 60u : 0u));
    CHECK(!inspection.closed_in_order());
    REQUIRE(files.names.size() == before.size());
    for (auto const& [path, node] : before) CHECK(files.names[path]->data == node->data);
}

TEST_CASE("an inspection says what is damaged, and where") {
    MemoryFiles files;
    build(files);
    files.kill();
    auto const where = locate(files);
    SECTION("a record") {
        auto const hit = where.at(10);
        files.names[hit.file]->data[hit.from + 40] ^= std::byte{1};
        auto const damage = damage_of(inspect(files));
        REQUIRE(damage.size() == 1);
        CHECK(damage[0].from == hit.from);
        CHECK(damage[0].to == hit.to);
        CHECK(damage[0].first == 10);
        CHECK(damage[0].last == 10);
        CHECK(all_of(inspect(files)) == "1-9 11-60");
    }
    SECTION("a segment that is gone") {
        auto const gone = files.segments().at(1);
        files.names.erase(gone);
        auto const damage = damage_of(inspect(files));
        REQUIRE(damage.size() == 1);
        CHECK(where.at(damage[0].first).file == gone);
        CHECK(where.at(damage[0].last).file == gone);
        CHECK(where.at(damage[0].first - 1).file != gone);
        CHECK(where.at(damage[0].last + 1).file != gone);
    }
    SECTION("a segment without a header") {
        std::fill_n(files.names[files.segments().at(1)]->data.begin(), segment_header_size, std::byte{3});
        CHECK(inspect(files).strangers().size() == 1);
        CHECK(damage_of(inspect(files)).size() == 1);
    }
    SECTION("a torn tail is not damage") {
        auto const torn = where.at(60);
        files.names[torn.file]->data[torn.to - 9] ^= std::byte{1};
        auto const inspection = inspect(files);
        CHECK(damage_of(inspection).empty());
        auto const contents = inspection.walk(2, {});
        CHECK(contents->torn != 0);
        CHECK(contents->used == torn.from);
        CHECK(contents->last == 59);
    }
    SECTION("the end of a journal that was closed in order") {
        CHECK(open(files)->close().has_value());
        files.kill();
        auto const hit = where.at(60);
        files.names[hit.file]->data[hit.to - 9] ^= std::byte{1};
        auto const damage = damage_of(inspect(files));
        REQUIRE(damage.size() == 1);
        CHECK(damage[0].first == 60);
    }
}

TEST_CASE("a place is set back and the sink reads again from there") {
    MemoryFiles files;
    build(files);
    files.kill();
    {
        auto const journal = open(files);
        CHECK(drain(*journal->reader("sink"), true) == "1-60");
        REQUIRE(push_numbers(*journal, 61, 70).has_value());
        CHECK(drain(*journal->reader("sink"), true) == "61-70");
        CHECK(replay_offline(files, "/queue", "sink", 5).error().where == "locked");
        CHECK(forget_offline(files, "/queue", "sink").error().where == "locked");
        CHECK(journal->close().has_value());
    }
    files.kill();
    auto const from = GENERATE(1u, 5u, 21u, 60u, 61u, 70u);
    auto const place = replay_offline(files, "/queue", "sink", from);
    REQUIRE(place.has_value());
    CHECK(*place == from);
    auto const again = replay_offline(files, "/queue", "sink", from);
    REQUIRE(again.has_error());
    CHECK(again.error().where == "place");
    auto const journal = open(files);
    auto const reader = journal->reader("sink");
    CHECK(reader->lag_packets() == 71 - from);
    CHECK(drain(*reader) == (from == 70 ? "70" : std::to_string(from) + "-70"));
}

TEST_CASE("a replay of what is no longer kept begins at the oldest packet") {
    MemoryFiles files;
    build(files);
    {
        files.kill();
        auto const journal = open(files);
        drain(*journal->reader("sink"), true);
        CHECK(journal->close().has_value());
    }
    files.kill();
    auto const where = locate(files);
    auto const gone = files.segments().front();
    files.names.erase(gone);
    std::uint64_t oldest = 1;
    while (where.at(oldest).file == gone) ++oldest;
    auto const place = replay_offline(files, "/queue", "sink", 2);
    REQUIRE(place.has_value());
    CHECK(*place == oldest);
    CHECK(drain(*open(files)->reader("sink")) == std::to_string(oldest) + "-60");
}

TEST_CASE("a sink is forgotten, and one that is not known is not") {
    MemoryFiles files;
    build(files);
    files.kill();
    auto const unknown = forget_offline(files, "/queue", "snk");
    REQUIRE(unknown.has_error());
    CHECK(unknown.error().where == "sink");
    CHECK(unknown.error().text.find("it knows sink") != std::string::npos);
    CHECK(forget_offline(files, "/queue", "sink").has_value());
    CHECK(open(files)->sinks().empty());
    CHECK(Inspection::open(files, "/elsewhere").has_error());
    CHECK(forget_offline(files, "/elsewhere", "sink").has_error());
    CHECK(!files.names.contains("/elsewhere/LOCK"));
}

}  // namespace
}  // namespace arb::queue
