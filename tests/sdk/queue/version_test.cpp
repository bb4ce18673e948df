// Journals as older and newer versions wrote them, byte by byte: tests/data/queue/README.md says what is in
// them.
#include <fstream>
#include <map>

#include "queue/inspection.hpp"
#include "sdk/queue/packets.hpp"
#include "support/catch.hpp"

namespace arb::queue {
namespace {

namespace fs = std::filesystem;

fs::path const stored = fs::path{ARBITRAGE_TEST_DATA} / "queue";

std::map<std::string, std::string> contents(fs::path const& directory) {
    std::map<std::string, std::string> out;
    for (auto const& entry : fs::recursive_directory_iterator{directory}) {
        if (!entry.is_regular_file()) continue;
        std::ifstream file{entry.path(), std::ios::binary};
        out[fs::relative(entry.path(), directory).string()] = {std::istreambuf_iterator<char>{file}, {}};
    }
    return out;
}

Settings settings_in(fs::path const& directory) {
    Settings settings;
    settings.directory = directory;
    settings.segment_size = 8192;
    settings.free_min = 0;
    return settings;
}

TEST_CASE("a journal of format 1.0 is read") {
    TemporaryDirectory const directory;
    auto const copy = directory.path() / "queue";
    fs::copy(stored / "v1", copy);
    {
        auto const inspection = Inspection::open(system_files(), copy);
        REQUIRE(inspection.has_value());
        CHECK(inspection->incarnation() == 3);
        std::uint64_t packets = 0;
        for (std::size_t i = 0; i != inspection->segments().size(); ++i)
            packets += inspection->walk(i, {})->packets;
        CHECK(packets == 49);
    }
    Recovery report;
    auto const queue = Queue::open(settings_in(copy), report);
    REQUIRE(queue.has_value());
    CHECK(!report.clean);
    CHECK(report.lost_records == 0);  // a start has reported packet 10 before
    CHECK(report.records == 39);
    CHECK(report.last_accepted == 50);
    auto const journal = (*queue)->journal();
    CHECK(int{journal[0]} == 0x94);
    CHECK((*queue)->statistics().newest.incarnation == 4);
    CHECK((*queue)->sinks() == std::vector<std::string>{"files/main", "late"});
    auto const sink = (*queue)->reader("files/main");
    CHECK(sink->acknowledged().sequence == 20);
    CHECK(drain(*sink) == "21-50");
    CHECK(drain(*(*queue)->reader("late")) == "12-50");
    CHECK(push_numbers(**queue, 51, 52).has_value());
    CHECK(drain(*sink) == "51-52");
    CHECK((*queue)->close().has_value());
}

TEST_CASE("a journal of a newer format is refused and not touched") {
    TemporaryDirectory const directory;
    auto const copy = directory.path() / "queue";
    fs::copy(stored / "v2", copy);
    // META says it, or only a segment does, or only a place.
    std::string const others = GENERATE("", "META", "ack-late", "seg-0000000002.journal");
    if (!others.empty())
        for (auto const* const name : {"META", "ack-late", "seg-0000000002.journal"})
            if (others != name)
                fs::copy_file(stored / "v1" / name, copy / name, fs::copy_options::overwrite_existing);
    auto const before = contents(copy);
    Recovery report;
    auto const refused = Queue::open(settings_in(copy), report);
    REQUIRE(refused.has_error());
    CHECK(refused.error().status == ARB_PERMANENT);
    CHECK(refused.error().where == "newer");
    CHECK(refused.error().text.find("newer version") != std::string::npos);
    auto after = contents(copy);
    after.erase("LOCK");  // empty, and only for the moment of looking
    CHECK(after == before);
    auto const inspection = Inspection::open(system_files(), copy);
    REQUIRE(inspection.has_error());
    CHECK(inspection.error().where == "newer");
}

}  // namespace
}  // namespace arb::queue
