#include "queue/recovery.hpp"

#include "queue/journal.hpp"
#include "sdk/queue/memory_files.hpp"
#include "sdk/queue/packets.hpp"
#include "support/catch.hpp"

namespace arb::queue {
namespace {

Settings tiny() {
    Settings settings;
    settings.directory = "/queue";
    settings.segment_size = 8192;
    settings.sync_every = std::chrono::milliseconds{0};
    settings.free_min = 0;
    return settings;
}

std::unique_ptr<Journal> open(Files& files, Recovery& report, Settings const& settings = tiny()) {
    auto journal = open_journal(settings, report, files, false);
    if (journal.has_error()) FAIL(journal.error().text);
    return std::move(*journal);
}

std::unique_ptr<Journal> open(Files& files) {
    Recovery report;
    return open(files, report);
}

// Where each packet's record lies.
struct Where {
    std::string file;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

std::map<std::uint64_t, Where> locate(MemoryFiles& files) {
    std::map<std::uint64_t, Where> out;
    for (auto const& name : files.segments()) {
        auto const& data = files.names[name]->data;
        SegmentHeader header;
        REQUIRE(decode_header(std::span{data}.first<segment_header_size>(), header) == HeaderState::good);
        auto const segment = std::make_shared<Segment>(header, name);
        Scanner scanner{files, segment, File{files, files.open(name, Files::Mode::read)},
                        std::make_shared<ChunkPool>()};
        for (auto from = scanner.offset(); *scanner.next(0) == Scanner::Found::record;
             from = scanner.offset())
            if (scanner.record().type == RecordType::packet)
                out[scanner.record().sequence] = {name, from, scanner.offset()};
    }
    return out;
}

// Three segments, the last one left as a kill leaves it.
void build(MemoryFiles& files) {
    auto const journal = open(files);
    static_cast<void>(journal->reader("sink"));
    for (std::uint64_t i = 1; i <= 60; i += 4) REQUIRE(push_numbers(*journal, i, i + 3, 16).has_value());
}

std::string all_but(std::uint64_t count, std::function<bool(std::uint64_t)> const& gone) {
    Numbers numbers;
    for (std::uint64_t i = 1; i <= count; ++i)
        if (!gone(i)) numbers.add(i);
    return numbers.text();
}

TEST_CASE("any one damaged byte costs the record it lies in and nothing else") {
    MemoryFiles files;
    build(files);
    files.kill();
    auto const image = files.copy();
    auto const where = locate(files);
    REQUIRE(files.segments().size() == 3);
    REQUIRE(where.size() == 60);
    for (auto const& [name, node] : image) {
        if (name.ends_with("LOCK") || name.ends_with("tmp") || name.ends_with("ballast")) continue;
        for (std::size_t at = 0; at != node->data.size(); ++at) {
            // Of the zeros that fill headers and slots every 32nd does.
            if (node->data[at] == std::byte{0} && at % 32 != 0 &&
                (at < segment_header_size || !name.ends_with("journal")))
                continue;
            files.replace(image);
            files.names[name]->data[at] ^= std::byte{0x41};
            Recovery report;
            auto const journal = open(files, report);
            auto const read = drain(*journal->reader("sink"));
            auto const expected = all_but(60, [&](std::uint64_t i) {
                auto const& record = where.at(i);
                return record.file == name && at >= record.from && at < record.to;
            });
            if (read == expected) continue;
            FAIL("byte " << at << " of " << name << ": read " << read << " instead of " << expected);
        }
    }
}

TEST_CASE("a segment cut off anywhere keeps the records before the cut") {
    MemoryFiles files;
    build(files);
    files.kill();
    auto const image = files.copy();
    auto const where = locate(files);
    for (auto const& name : files.segments()) {
        for (std::size_t size = 0; size < image.at(name)->data.size(); size += size < 4096 ? 64 : 1) {
            files.replace(image);
            files.names[name]->data.resize(size);
            Recovery report;
            auto const journal = open(files, report);
            auto const read = drain(*journal->reader("sink"));
            // Without either copy of its header nothing of a segment can be told from noise.
            auto const expected = all_but(60, [&](std::uint64_t i) {
                return where.at(i).file == name && (size < 2048 || where.at(i).to > size);
            });
            if (read == expected) continue;
            FAIL(name << " cut to " << size << ": read " << read << " instead of " << expected);
        }
    }
}

TEST_CASE("damage in the middle is counted once, set aside, and does not come back") {
    MemoryFiles files;
    build(files);
    files.kill();
    auto const hit = locate(files).at(10);
    files.names[hit.file]->data[hit.from + 40] ^= std::byte{1};
    {
        Recovery report;
        auto const journal = open(files, report);
        CHECK(!report.clean);
        CHECK(report.lost_records == 1);
        CHECK(report.records == 59);
        CHECK(report.quarantined_bytes == hit.to - hit.from);
        REQUIRE(report.sentences.size() == 1);
        CHECK(files.names.contains("/queue/quarantine/seg-1-" + std::to_string(hit.from) + "-" +
                                   std::to_string(hit.to)));
        auto const reader = journal->reader("sink");
        CHECK(reader->lag_packets() == 59);
        CHECK(drain(*reader) == "1-9 11-60");
        CHECK(reader->skipped_packets() == 0);
        REQUIRE(push_numbers(*journal, 61, 70).has_value());
        CHECK(drain(*reader) == "61-70");
    }
    files.kill();
    Recovery report;
    auto const journal = open(files, report);
    CHECK(report.lost_records == 0);
    CHECK(report.records == 69);
    CHECK(drain(*journal->reader("sink")) == "1-9 11-70");
}

TEST_CASE("a segment that is missing is a loss, not an error") {
    MemoryFiles files;
    build(files);
    files.kill();
    auto const where = locate(files);
    auto const gone = files.segments().at(1);
    files.names.erase(gone);
    std::uint64_t lost = 0;
    for (auto const& [number, record] : where) lost += record.file == gone;
    Recovery report;
    auto const journal = open(files, report);
    CHECK(report.lost_records == lost);
    auto const reader = journal->reader("sink");
    CHECK(reader->lag_packets() == 60 - lost);
    CHECK(drain(*reader) == all_but(60, [&](std::uint64_t i) { return where.at(i).file == gone; }));
    CHECK(reader->lag_packets() == 60 - lost);
}

TEST_CASE("a torn tail ends the journal before it and new packets follow in a new incarnation") {
    MemoryFiles files;
    build(files);
    files.kill();
    auto const torn = locate(files).at(60);
    auto& data = files.names[torn.file]->data;
    std::fill(data.begin() + static_cast<std::ptrdiff_t>(torn.to - 16), data.end(), std::byte{0});
    arb_position last{};
    {
        Recovery report;
        auto const journal = open(files, report);
        CHECK(report.lost_records == 0);
        CHECK(!report.clean);
        REQUIRE(push_numbers(*journal, 60, 61).has_value());
        auto const reader = journal->reader("sink");
        CHECK(drain(*reader, true) == "1-61");
        last = reader->acknowledged();
        CHECK(last.incarnation == 2);
        CHECK(last.sequence == 61);
        CHECK(journal->close().has_value());
    }
    Recovery report;
    auto const journal = open(files, report);
    CHECK(report.clean);
    CHECK(report.records == 0);
    CHECK(report.lost_records == 0);
    CHECK(report.sentences.empty());
    CHECK(journal->reader("sink")->acknowledged().sequence == 61);
    CHECK(journal->statistics().newest.incarnation == 3);
}

TEST_CASE("without META or with garbage for a place the journal is read all the same") {
    MemoryFiles files;
    build(files);
    std::vector<std::uint8_t> uuid;
    {
        files.kill();
        auto const journal = open(files);
        uuid.assign(journal->journal().begin(), journal->journal().end());
    }
    files.kill();
    SECTION("META is gone") { files.names.erase("/queue/META"); }
    SECTION("META is garbage") {
        std::fill_n(files.names["/queue/META"]->data.begin(), 8192, std::byte{0x5a});
    }
    SECTION("the place is garbage") {
        std::fill_n(files.names["/queue/ack-sink"]->data.begin(), 8192, std::byte{7});
    }
    SECTION("both are empty") {
        files.names["/queue/META"]->data.clear();
        files.names["/queue/ack-sink"]->data.clear();
    }
    Recovery report;
    auto const journal = open(files, report);
    CHECK(report.sentences.size() >= 1);
    CHECK(drain(*journal->reader("sink")) == "1-60");
    CHECK(std::equal(uuid.begin(), uuid.end(), journal->journal().begin()));
    REQUIRE(push_numbers(*journal, 61, 61).has_value());
    CHECK(journal->statistics().newest.incarnation >= 2);
}

TEST_CASE("a newer format is refused and left as it is") {
    MemoryFiles files;
    build(files);
    files.kill();
    std::string const name = GENERATE("/queue/META", "/queue/ack-sink", "/queue/seg-0000000002.journal");
    auto& data = files.names[name]->data;
    bool const segment = name.ends_with(".journal");
    std::size_t const copy = segment ? 2048 : 4096;
    for (std::size_t at = 0; at != 2 * copy; at += copy) {
        put<std::uint16_t>(data.data() + at + 8, 9);
        put(data.data() + at + copy - 4, Checksum{0}(data.data() + at, copy - 4));
        if (!segment) std::memcpy(data.data() + at, "ARBMARK\n", 8);
        put(data.data() + at + copy - 4, Checksum{0}(data.data() + at, copy - 4));
    }
    auto const before = files.copy();
    Recovery report;
    auto const opened = open_journal(tiny(), report, files, false);
    REQUIRE(opened.has_error());
    CHECK(opened.error().where == "newer");
    CHECK(opened.error().status == ARB_PERMANENT);
    REQUIRE(files.names.size() == before.size());
    for (auto const& [path, node] : before) CHECK(files.names[path]->data == node->data);
}

TEST_CASE("a start that is killed and repeated finds the same") {
    MemoryFiles files;
    build(files);
    files.kill();
    auto const hit = locate(files).at(30);
    files.names[hit.file]->data[hit.from + 3] ^= std::byte{1};
    for (int calls = 1; calls < 60; ++calls) {
        // The start is cut short after so many calls that change something.
        int left = calls;
        files.fault = [&](MemoryFiles::Call call, std::string const&) {
            return call != MemoryFiles::Call::read && call != MemoryFiles::Call::open && --left < 0 ? -EIO
                                                                                                    : 0;
        };
        Recovery report;
        static_cast<void>(open_journal(tiny(), report, files, false).has_value());
        files.fault = {};
        files.kill();
    }
    auto const journal = open(files);
    CHECK(drain(*journal->reader("sink")) == "1-29 31-60");
}

}  // namespace
}  // namespace arb::queue
