// A record: 32 bytes of header and the payload, both under checksums seeded with the segment's salt, so that
// bytes left in a reused block never look valid. docs/queue_format.md has the table.
#pragma once

#include <xxhash.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace arb::queue {

// The files are little-endian, and so is every machine this is built for.
static_assert(std::endian::native == std::endian::little);

template<class T>
void put(std::byte* at, T value) {
    std::memcpy(at, &value, sizeof value);
}

template<class T>
T get(std::byte const* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

// XXH3, 64 bits, seeded, cut to 32. The secret is derived once a segment instead of once a call.
class Checksum {
  public:
    explicit Checksum(std::uint64_t seed) : seed_{seed} { XXH3_generateSecret_fromSeed(secret_, seed); }

    std::uint32_t operator()(void const* data, std::size_t size) const {
        return static_cast<std::uint32_t>(
            XXH3_64bits_withSecretandSeed(data, size, secret_, sizeof secret_, seed_));
    }

  private:
    std::uint64_t seed_;
    alignas(64) std::byte secret_[XXH_SECRET_DEFAULT_SIZE];
};

inline constexpr std::size_t record_head_size = 32;
inline constexpr std::uint32_t record_magic = 0x43524241;  // "ABRC"
inline constexpr std::uint8_t record_version = 1;

// Beyond it no journal ever numbers: a position, a start, a segment that says so is damage. It leaves room to
// count on without overflow.
inline constexpr std::uint64_t number_max = std::uint64_t{1} << 62;

// gap, clock_step and mark are laid down in the format; this version writes packet, loss and seal.
enum class RecordType : std::uint16_t { packet = 1, gap = 2, loss = 3, clock_step = 4, mark = 5, seal = 6 };

// Packets are numbered one by one; every other record carries the number of the packet before it.
struct RecordHead {
    std::uint32_t payload_checksum = 0;
    std::uint32_t length = 0;  // of the payload without padding
    std::uint64_t sequence = 0;
    RecordType type = RecordType::packet;
};

constexpr std::uint64_t padded(std::uint64_t length) { return (length + 7) / 8 * 8; }
constexpr std::uint64_t record_size(std::uint64_t length) { return record_head_size + padded(length); }

inline void encode_head(std::byte* at, Checksum const& checksum, RecordHead const& head) {
    put<std::uint32_t>(at, record_magic);
    put<std::uint32_t>(at + 8, head.payload_checksum);
    put<std::uint32_t>(at + 12, head.length);
    put<std::uint64_t>(at + 16, head.sequence);
    put<std::uint16_t>(at + 24, static_cast<std::uint16_t>(head.type));
    put<std::uint16_t>(at + 26, std::uint16_t{record_version} << 8);  // flags 0, then the version
    put<std::uint32_t>(at + 28, 0);
    put<std::uint32_t>(at + 4, checksum(at + 8, record_head_size - 8));
}

inline std::optional<RecordHead> decode_head(std::byte const* at, Checksum const& checksum) {
    if (get<std::uint32_t>(at) != record_magic) return {};
    if (get<std::uint32_t>(at + 4) != checksum(at + 8, record_head_size - 8)) return {};
    return RecordHead{get<std::uint32_t>(at + 8), get<std::uint32_t>(at + 12), get<std::uint64_t>(at + 16),
                      static_cast<RecordType>(get<std::uint16_t>(at + 24))};
}

// Damage that a start found and reported; written so that the next start does not report it again.
struct Loss {
    std::uint64_t segment = 0;
    std::uint64_t first = 0;  // the packets that are gone
    std::uint64_t last = 0;
    std::uint64_t bytes = 0;
};
inline constexpr std::size_t loss_size = 32;

inline void encode_loss(std::byte* at, Loss const& loss) {
    put(at, loss.segment);
    put(at + 8, loss.first);
    put(at + 16, loss.last);
    put(at + 24, loss.bytes);
}

inline Loss decode_loss(std::byte const* at) {
    return {get<std::uint64_t>(at), get<std::uint64_t>(at + 8), get<std::uint64_t>(at + 16),
            get<std::uint64_t>(at + 24)};
}

// The end of a segment that was left in order: the last packet's number and how many there are.
inline constexpr std::size_t seal_size = 16;

}  // namespace arb::queue
