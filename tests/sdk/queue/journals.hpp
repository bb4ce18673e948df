// Small journals in memory, and where their records lie.
#pragma once

#include "queue/journal.hpp"
#include "sdk/queue/memory_files.hpp"
#include "sdk/queue/packets.hpp"
#include "support/catch.hpp"

namespace arb::queue {

inline Settings tiny() {
    Settings settings;
    settings.directory = "/queue";
    settings.segment_size = 8192;
    settings.sync_every = std::chrono::milliseconds{0};
    settings.free_min = 0;
    return settings;
}

inline std::unique_ptr<Journal> open(Files& files, Recovery& report, Settings const& settings = tiny()) {
    auto journal = open_journal(settings, report, files, false);
    if (journal.has_error()) FAIL(journal.error().text);
    return std::move(*journal);
}

inline std::unique_ptr<Journal> open(Files& files) {
    Recovery report;
    return open(files, report);
}

// Where each packet's record lies.
struct Where {
    std::string file;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

inline std::map<std::uint64_t, Where> locate(MemoryFiles& files) {
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

// Packets 1 to 60 in three segments, the last one left as a kill leaves it.
inline void build(MemoryFiles& files) {
    auto const journal = open(files);
    static_cast<void>(journal->reader("sink"));
    for (std::uint64_t i = 1; i <= 60; i += 4) REQUIRE(push_numbers(*journal, i, i + 3, 16).has_value());
}

inline std::string all_but(std::uint64_t count, std::function<bool(std::uint64_t)> const& gone) {
    Numbers numbers;
    for (std::uint64_t i = 1; i <= count; ++i)
        if (!gone(i)) numbers.add(i);
    return numbers.text();
}

}  // namespace arb::queue
