#include "queue/recovery.hpp"

#include "sdk/queue/journals.hpp"

namespace arb::queue {
namespace {

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
        CHECK(report.lost_from == 9);  // the numbers are the times, too
        CHECK(report.lost_to == 11);
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
    CHECK(report.lost_from == 0);
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

TEST_CASE("when the newest packet came is known even after all segments are gone") {
    MemoryFiles files;
    build(files);
    files.kill();
    auto settings = tiny();
    settings.keep_acked = std::chrono::milliseconds{0};
    settings.keep_acked_size = 0;
    {
        Recovery report;
        auto const journal = open(files, report, settings);
        CHECK(report.last_accepted == 60);
        auto const reader = journal->reader("sink");
        CHECK(drain(*reader, true) == "1-60");
        journal->work();
        CHECK(journal->close().has_value());
    }
    // All is stored: the last segment goes when the next start looks, and the start after it finds none.
    for (int start = 0; start != 3; ++start) {
        Recovery report;
        auto const journal = open(files, report, settings);
        CHECK(report.last_accepted == 60);
        CHECK(report.sentences.empty());
        journal->work();
        CHECK(journal->close().has_value());
    }
    CHECK(files.segments().empty());
}

TEST_CASE("numbers no journal gives out are damage, whatever their checksum says") {
    MemoryFiles files;
    build(files);
    files.kill();
    auto const hit = locate(files).at(30);
    auto& data = files.names[hit.file]->data;
    SegmentHeader header;
    REQUIRE(decode_header(std::span{data}.first<segment_header_size>(), header) == HeaderState::good);
    Checksum const checksum{header.salt};
    auto* const at = data.data() + hit.from;
    auto head = decode_head(at, checksum);
    REQUIRE(head.has_value());
    SECTION("a number beyond all others") { head->sequence = UINT64_MAX; }
    SECTION("a packet that says another size") {
        put<std::uint32_t>(at + record_head_size, 8);
        head->payload_checksum = checksum(at + record_head_size, head->length);
    }
    SECTION("a packet that says another number") {
        put<std::uint64_t>(at + record_head_size + offsetof(arb_packet, position), 31);
        head->payload_checksum = checksum(at + record_head_size, head->length);
    }
    encode_head(at, checksum, *head);
    Recovery report;
    auto const journal = open(files, report);
    CHECK(report.lost_records == 1);
    CHECK(drain(*journal->reader("sink")) == "1-29 31-60");
}

TEST_CASE("what another file left in a block is not taken for records") {
    MemoryFiles files, others;
    for (auto* const each : {&files, &others}) {
        auto const journal = open(*each);
        static_cast<void>(journal->reader("sink"));
        REQUIRE(push_numbers(*journal, 1, each == &files ? 8 : 16).has_value());
    }
    files.kill();
    others.kill();
    // The numbers would go on, the offsets fit, and the checksums are right: for the other file.
    auto const where = locate(others);
    auto const& from = others.names[where.at(9).file]->data;
    auto& to = files.names[where.at(9).file]->data;
    std::copy(from.begin() + static_cast<std::ptrdiff_t>(where.at(9).from),
              from.begin() + static_cast<std::ptrdiff_t>(where.at(16).to),
              to.begin() + static_cast<std::ptrdiff_t>(where.at(9).from));
    CHECK(drain(*open(files)->reader("sink")) == "1-8");
}

TEST_CASE("damage all over is written down bit by bit and said in few sentences") {
    MemoryFiles files;
    {
        auto settings = tiny();
        settings.segment_size = 64 << 10;
        Recovery report;
        auto const journal = open(files, report, settings);
        static_cast<void>(journal->reader("sink"));
        REQUIRE(push_numbers(*journal, 1, 200).has_value());
    }
    files.kill();
    for (auto const& [number, record] : locate(files))
        if (number % 2 == 0 && number != 200)
            files.names[record.file]->data[record.from + 50] ^= std::byte{1};
    auto const odd = all_but(200, [](std::uint64_t i) { return i % 2 == 0 && i != 200; });
    std::uint64_t lost = 99;
    for (int start = 0; start != 5; ++start) {
        Recovery report;
        auto const journal = open(files, report);  // of 8 KiB: not all losses fit one segment
        CHECK(report.lost_records == lost);
        CHECK(report.sentences.size() <= 22);
        CHECK(drain(*journal->reader("sink")) == odd);
        lost -= std::min<std::uint64_t>(lost, 8192 / 4 / 64);
        files.kill();
    }
    CHECK(lost == 0);
}

TEST_CASE("a file of the journal that may not be opened stops the start and costs nothing") {
    MemoryFiles files;
    build(files);
    files.kill();
    std::string const name = GENERATE("/queue/META", "/queue/ack-sink", "/queue/seg-0000000002.journal");
    files.fault = [&](MemoryFiles::Call call, std::string const& path) {
        return call == MemoryFiles::Call::open && path == name ? -EMFILE : 0;
    };
    Recovery report;
    auto const refused = open_journal(tiny(), report, files, false);
    REQUIRE(refused.has_error());
    CHECK(refused.error().status == ARB_RETRY);
    files.fault = {};
    CHECK(drain(*open(files)->reader("sink")) == "1-60");
}

}  // namespace

TEST_CASE("a directory of somebody else's files gets no journal") {
    MemoryFiles files;
    files.names["/queue/notes.txt"] = std::make_shared<MemoryFiles::Node>();
    files.names["/queue/lost+found"] = std::make_shared<MemoryFiles::Node>();
    Recovery report;
    auto const opened = open_journal(tiny(), report, files, false);
    REQUIRE(opened.has_error());
    CHECK(opened.error().where == "foreign");
    CHECK(opened.error().text.find("/queue holds other files, such as notes.txt, and no queue") == 0);
    CHECK(files.names.size() == 2);
    // What a file system of its own brings along is nobody's.
    files.names.erase("/queue/notes.txt");
    CHECK(open_journal(tiny(), report, files, false).has_value());
}

TEST_CASE("a journal in whose directory somebody put something goes on") {
    MemoryFiles files;
    build(files);
    files.kill();
    files.names["/queue/notes.txt"] = std::make_shared<MemoryFiles::Node>();
    Recovery report;
    CHECK(open_journal(tiny(), report, files, false).has_value());
}

}  // namespace arb::queue
