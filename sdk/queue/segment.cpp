#include "queue/segment.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <random>

#include "arbitrage/time.hpp"

namespace arb::queue {

namespace {

constexpr char magic[8] = {'A', 'R', 'B', 'S', 'E', 'G', '\r', '\n'};
constexpr char writer[] = "arbitrage 0.1";
constexpr std::uint64_t header_seed = 0;  // the salt is in the header, so the header itself is unsalted
constexpr std::size_t copy_size = 2048;   // a copy begins at 0 and one here
constexpr std::size_t checksum_at = copy_size - 4;

HeaderState decode_copy(std::byte const* at, SegmentHeader& header) {
    static Checksum const checksum{header_seed};
    if (std::memcmp(at, magic, sizeof magic) != 0) return HeaderState::damaged;
    if (get<std::uint32_t>(at + checksum_at) != checksum(at, checksum_at)) return HeaderState::damaged;
    if (get<std::uint16_t>(at + 8) > format_major) return HeaderState::newer;
    if ((get<std::uint32_t>(at + 12) & ~incompatible_known) != 0) return HeaderState::newer;
    std::memcpy(header.journal.data(), at + 24, 16);
    header.incarnation = get<std::uint64_t>(at + 40);
    header.id = get<std::uint64_t>(at + 48);
    header.first = get<std::uint64_t>(at + 56);
    header.previous = get<std::uint64_t>(at + 64);
    header.salt = get<std::uint64_t>(at + 72);
    header.size = get<std::uint64_t>(at + 80);
    std::memcpy(header.boot.data(), at + 88, 16);
    header.wall_time = get<std::int64_t>(at + 104);
    header.boot_time = get<std::int64_t>(at + 112);
    bool const possible = header.incarnation <= number_max && header.first != 0 &&
                          header.first <= number_max && header.previous < header.first;
    return possible ? HeaderState::good : HeaderState::damaged;
}

Uuid boot_id() {
    // The kernel gives "xxxxxxxx-xxxx-...": 32 hex digits and 4 dashes.
    Uuid id{};
    char text[40] = {};
    int const descriptor = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return id;
    auto const size = ::read(descriptor, text, sizeof text - 1);
    ::close(descriptor);
    std::size_t digits = 0;
    for (ssize_t i = 0; i < size && digits != 32; ++i) {
        unsigned digit = 0;
        if (std::from_chars(text + i, text + i + 1, digit, 16).ec != std::errc{}) continue;
        id[digits / 2] = static_cast<std::uint8_t>(static_cast<unsigned>(id[digits / 2]) << 4 | digit);
        ++digits;
    }
    return id;
}

void random_bytes(void* out, std::size_t size) {
    if (::getrandom(out, size, 0) == static_cast<ssize_t>(size)) return;
    std::random_device source;
    for (std::size_t i = 0; i != size; ++i)
        static_cast<std::uint8_t*>(out)[i] = static_cast<std::uint8_t>(source());
}

}  // namespace

void encode_header(std::span<std::byte, segment_header_size> out, SegmentHeader const& header) {
    static Checksum const checksum{header_seed};
    std::memset(out.data(), 0, out.size());
    auto* const at = out.data();
    std::memcpy(at, magic, sizeof magic);
    put(at + 8, format_major);
    put(at + 10, format_minor);
    put<std::uint32_t>(at + 12, 0);  // incompatible features
    put<std::uint32_t>(at + 16, 0);  // compatible features
    put<std::uint32_t>(at + 20, segment_header_size);
    std::memcpy(at + 24, header.journal.data(), 16);
    put(at + 40, header.incarnation);
    put(at + 48, header.id);
    put(at + 56, header.first);
    put(at + 64, header.previous);
    put(at + 72, header.salt);
    put(at + 80, header.size);
    std::memcpy(at + 88, header.boot.data(), 16);
    put(at + 104, header.wall_time);
    put(at + 112, header.boot_time);
    std::memcpy(at + 120, writer, sizeof writer);
    put(at + checksum_at, checksum(at, checksum_at));
    std::memcpy(at + copy_size, at, copy_size);
}

HeaderState decode_header(std::span<std::byte const, segment_header_size> in, SegmentHeader& header) {
    auto const first = decode_copy(in.data(), header);
    return first == HeaderState::damaged ? decode_copy(in.data() + copy_size, header) : first;
}

void stamp(SegmentHeader& header) {
    static Uuid const boot = boot_id();
    header.boot = boot;
    random_bytes(&header.salt, sizeof header.salt);
    header.wall_time = now();
    timespec since_boot{};
    ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
    header.boot_time = since_boot.tv_sec * second_ns + since_boot.tv_nsec;
}

Uuid random_uuid() {
    Uuid id{};
    random_bytes(id.data(), id.size());
    id[6] = static_cast<std::uint8_t>((id[6] & 0x0f) | 0x40);  // version 4
    id[8] = static_cast<std::uint8_t>((id[8] & 0x3f) | 0x80);
    return id;
}

std::string segment_name(std::uint64_t id) {
    char name[48];
    std::snprintf(name, sizeof name, "seg-%010llu.journal", static_cast<unsigned long long>(id));
    return name;
}

std::uint64_t segment_id(std::string const& name) {
    std::string_view const text{name};
    if (!text.starts_with("seg-") || !text.ends_with(".journal")) return 0;
    std::uint64_t id = 0;
    auto const* const end = name.data() + name.size() - 8;
    auto const parsed = std::from_chars(name.data() + 4, end, id);
    return parsed.ec == std::errc{} && parsed.ptr == end && id <= number_max ? id : 0;
}

}  // namespace arb::queue
