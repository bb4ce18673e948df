// A segment: one file of the journal. Its header says whose it is, where it stands, and the salt of its
// checksums; it lies there twice, so that one bad sector does not take the records behind it along.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "queue/files.hpp"
#include "queue/record.hpp"

namespace arb::queue {

// What this version writes, and the newest it reads. A newer minor only adds what may be ignored.
inline constexpr std::uint16_t format_major = 1;
inline constexpr std::uint16_t format_minor = 0;
// Bits a reader must understand to read the file; none is defined yet.
inline constexpr std::uint32_t incompatible_known = 0;

inline constexpr std::size_t segment_header_size = 4096;

using Uuid = std::array<std::uint8_t, 16>;

struct SegmentHeader {
    Uuid journal{};
    std::uint64_t incarnation = 0;
    std::uint64_t id = 0;
    std::uint64_t first = 0;     // the number the first packet has, or would have
    std::uint64_t previous = 0;  // the newest packet before it; what older segments hold beyond it is void
    std::uint64_t salt = 0;
    std::uint64_t size = 0;  // bytes set aside for the file
    Uuid boot{};
    std::int64_t wall_time = 0;  // nanoseconds since the Unix epoch
    std::int64_t boot_time = 0;  // nanoseconds since the machine started
};

enum class HeaderState { good, damaged, newer };

void encode_header(std::span<std::byte, segment_header_size> out, SegmentHeader const& header);
HeaderState decode_header(std::span<std::byte const, segment_header_size> in, SegmentHeader& header);

// Fills in what identifies this moment on this machine, and a new salt.
void stamp(SegmentHeader& header);
Uuid random_uuid();

// "seg-0000000042.journal", and its number; 0 if the name is another.
std::string segment_name(std::uint64_t id);
std::uint64_t segment_id(std::string const& name);

// A segment as the running queue knows it. `last`, `size` and the descriptor change under the queue's locks;
// the rest never does.
struct Segment {
    Segment(SegmentHeader const& h, std::string p) : header{h}, checksum{h.salt}, path{std::move(p)} {}

    SegmentHeader const header;
    Checksum const checksum;
    std::string const path;
    std::uint64_t last = UINT64_MAX;   // of an ended segment: its last packet
    std::uint64_t size = 0;            // bytes on disk
    bool named = false;                // its name in the directory is durable
    File file;                         // open for writing until everything in it is durable
    std::int64_t acknowledged_at = 0;  // steady nanoseconds when the last sink was past it; 0: not yet
};

}  // namespace arb::queue
