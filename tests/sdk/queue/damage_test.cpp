// Every byte of a small journal changed, one at a time, and every length it can be cut to. It has what a
// journal can have: a sealed segment, one that a kill left open and a start shortened, and one of a second
// incarnation.
#include <cstdlib>

#include "sdk/queue/journals.hpp"

namespace arb::queue {
namespace {

// How many of the zeros that fill headers and slots change, and how many of the other bytes: one in so many.
// With ARBITRAGE_QUEUE_EVERY_BYTE all do; a sanitizer makes each start ten times as long.
struct Steps {
    std::size_t zeros, others;
};
Steps steps() {
    if (std::getenv("ARBITRAGE_QUEUE_EVERY_BYTE") != nullptr) return {1, 1};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return {256, 5};
#else
    return {64, 1};
#endif
}

constexpr std::uint64_t packets = 42;

void build_varied(MemoryFiles& files) {
    {
        auto const journal = open(files);
        static_cast<void>(journal->reader("sink"));
        for (std::uint64_t i = 1; i <= 36; i += 4) REQUIRE(push_numbers(*journal, i, i + 3).has_value());
    }
    files.kill();
    {
        auto const journal = open(files);
        REQUIRE(push_numbers(*journal, 37, packets).has_value());
    }
    files.kill();
    // The end of the last one, but for a few of the zeros set aside.
    auto const where = locate(files);
    files.names[where.at(packets).file]->data.resize(where.at(packets).to + 64);
}

std::string read_all(MemoryFiles& files) {
    Recovery report;
    auto const opened = open_journal(tiny(), report, files, false);
    if (opened.has_error()) return opened.error().text;
    return drain(*(*opened)->reader("sink"));
}

std::string expected(std::map<std::uint64_t, Where> const& where,
                     std::function<bool(Where const&)> const& gone) {
    return all_but(packets, [&](std::uint64_t i) { return gone(where.at(i)); });
}

TEST_CASE("any one damaged byte costs the record it lies in and nothing else") {
    MemoryFiles files;
    build_varied(files);
    auto const image = files.copy();
    auto const where = locate(files);
    REQUIRE(files.segments().size() == 3);
    REQUIRE(where.size() == packets);
    auto const whole = expected(where, [](Where const&) { return false; });
    std::size_t tried = 0;
    auto const [zeros_step, others_step] = steps();
    for (auto const& file : image) {
        auto const& name = file.first;
        auto const& node = file.second;
        if (name.ends_with("LOCK")) continue;
        for (std::size_t at = 0; at != node->data.size(); ++at) {
            if (at % (node->data[at] == std::byte{0} ? zeros_step : others_step) != 0) continue;
            files.replace(image);
            files.names[name]->data[at] ^= std::byte{0x41};
            ++tried;
            auto const read = read_all(files);
            auto const hit = [&](Where const& record) {
                return record.file == name && at >= record.from && at < record.to;
            };
            if (read ==
                (at < segment_header_size || !name.ends_with("journal") ? whole : expected(where, hit)))
                continue;
            FAIL("byte " << at << " of " << name << ": read " << read);
        }
    }
    CHECK(tried > 500);
}

TEST_CASE("a segment cut off anywhere keeps the records before the cut") {
    MemoryFiles files;
    build_varied(files);
    auto const image = files.copy();
    auto const [zeros, others] = steps();
    auto const where = locate(files);
    for (auto const& name : files.segments()) {
        for (std::size_t size = 0; size < image.at(name)->data.size(); size += size < 4096 ? zeros : others) {
            files.replace(image);
            files.names[name]->data.resize(size);
            auto const read = read_all(files);
            // Without either copy of its header nothing of a segment can be told from noise.
            auto const gone = [&](Where const& record) {
                return record.file == name && (size < 2048 || record.to > size);
            };
            if (read == expected(where, gone)) continue;
            FAIL(name << " cut to " << size << ": read " << read);
        }
    }
}

TEST_CASE("META and the place of a sink may be cut off anywhere") {
    MemoryFiles files;
    build_varied(files);
    auto const image = files.copy();
    auto const step = steps().zeros;
    auto const where = locate(files);
    auto const whole = expected(where, [](Where const&) { return false; });
    for (std::string const name : {"/queue/META", "/queue/ack-sink"})
        for (std::size_t size = 0; size < image.at(name)->data.size(); size += step) {
            files.replace(image);
            files.names[name]->data.resize(size);
            if (auto const read = read_all(files); read != whole)
                FAIL(name << " cut to " << size << ": read " << read);
        }
}

}  // namespace
}  // namespace arb::queue
