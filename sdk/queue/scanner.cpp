#include "queue/scanner.hpp"

#include <algorithm>
#include <cerrno>

#include "arbitrage/abi/packet.h"

namespace arb::queue {

namespace {

// What is set to zero, and so becomes damage, where a disk cannot read.
constexpr std::size_t sector_size = 4096;

// No record is longer; a header that says so is damage.
constexpr std::uint32_t length_max = ARB_PACKET_SIZE_MAX;

// A packet says its own size and number; those who read it rely on both.
bool is_packet(std::byte const* payload, RecordHead const& head) {
    return head.length >= sizeof(arb_packet) && head.length % 8 == 0 &&
           get<std::uint32_t>(payload) == head.length && head.sequence != 0 &&
           get<std::uint64_t>(payload + offsetof(arb_packet, position)) == head.sequence;
}

}  // namespace

Scanner::Scanner(Files& files, std::shared_ptr<Segment const> segment, File file,
                 std::shared_ptr<ChunkPool> pool, bool growing)
    : files_{files},
      segment_{std::move(segment)},
      file_{std::move(file)},
      pool_{std::move(pool)},
      growing_{growing} {
    auto const size = files_.size(file_.descriptor());
    file_size_ = size < 0 ? 0 : static_cast<std::uint64_t>(size);
}

// Packets of a segment are numbered one by one from its first, so a number has a bound, whatever its checksum
// says.
bool Scanner::possible(RecordHead const& head) const {
    return head.length <= length_max &&
           head.sequence <= segment_->header.first + file_size_ / record_head_size;
}

Result<> Scanner::load(std::uint64_t offset, std::size_t size) {
    // A window that a batch still lies in is left to it.
    if (!piece_ || piece_.use_count() > 1 || piece_room_ < size) {
        auto const rest = file_size_ - std::min(file_size_, offset);
        piece_room_ = std::max<std::size_t>(size, std::min<std::uint64_t>(rest, chunk_size));
        piece_ = pool_->take(piece_room_);
    }
    piece_from_ = offset;
    piece_size_ = 0;
    std::span<std::byte> const room{piece_.get(), piece_room_};
    auto const done = read_fully(files_, file_.descriptor(), room, offset);
    if (done >= 0) {
        piece_size_ = static_cast<std::size_t>(done);
        return {};
    }
    if (done != -EIO) return retry("cannot read " + segment_->path + ": " + describe_errno(done));
    while (piece_size_ != piece_room_ && offset + piece_size_ < file_size_) {
        auto const sector = room.subspan(piece_size_, std::min(sector_size, piece_room_ - piece_size_));
        auto const part = read_fully(files_, file_.descriptor(), sector, offset + piece_size_);
        if (part == 0) break;
        if (part < 0) std::fill(sector.begin(), sector.end(), std::byte{0});
        piece_size_ += part < 0 ? sector.size() : static_cast<std::size_t>(part);
    }
    return {};
}

Result<std::byte const*> Scanner::bytes(std::uint64_t offset, std::size_t size, bool fresh) {
    bool const inside = offset >= piece_from_ && offset + size <= piece_from_ + piece_size_;
    if (!inside || fresh) {
        auto const loaded = load(offset, size);
        if (loaded.has_error()) return loaded.error();
        if (piece_size_ < size) return nullptr;
    }
    return piece_.get() + (offset - piece_from_);
}

Result<Scanner::State> Scanner::examine(bool fresh, RecordHead& head) {
    auto const at = bytes(offset_, record_head_size, fresh);
    if (at.has_error()) return at.error();
    if (*at == nullptr) return State::file_end;
    auto const found = decode_head(*at, segment_->checksum);
    if (!found || !possible(*found)) return State::bad_header;
    head = *found;
    if (offset_ + record_size(head.length) > file_size_) return State::bad_payload;
    auto const whole = bytes(offset_, record_size(head.length));
    if (whole.has_error()) return whole.error();
    if (*whole == nullptr) return State::bad_payload;
    auto const* const payload = *whole + record_head_size;
    if (segment_->checksum(payload, head.length) != head.payload_checksum) return State::bad_payload;
    if (head.type == RecordType::packet && !is_packet(payload, head)) return State::bad_payload;
    record_ = {head.type, head.sequence, payload, head.length};
    return State::good;
}

// Finds the next good header behind a bad one; the rest of the file has none if it says false.
Result<bool> Scanner::search(std::uint64_t previous) {
    for (offset_ += 8;; offset_ += 8) {
        auto const at = bytes(offset_, record_head_size);
        if (at.has_error()) return at.error();
        if (*at == nullptr) return false;
        if (get<std::uint32_t>(*at) != record_magic) continue;
        auto const head = decode_head(*at, segment_->checksum);
        if (head && possible(*head) && head->sequence >= previous) return true;
    }
}

Result<Scanner::Found> Scanner::next(std::uint64_t previous) {
    for (;;) {
        RecordHead head;
        auto state = examine(false, head);
        // The window may be older than what was written since.
        if (growing_ && state.has_value() && *state != State::good) state = examine(true, head);
        if (state.has_error()) return state.error();
        damage_from_ = offset_;
        if (*state == State::file_end) {
            damage_to_ = file_size_;
            return Found::end;
        }
        if (*state == State::good) {
            offset_ += record_size(head.length);
            bool const repeated =
                head.type == RecordType::packet ? head.sequence <= previous : head.sequence < previous;
            if (repeated) continue;
            return Found::record;
        }
        if (*state == State::bad_payload && offset_ + record_size(head.length) <= file_size_) {
            offset_ += record_size(head.length);
            damage_to_ = offset_;
            return Found::damage;
        }
        auto const found = search(previous);
        if (found.has_error()) return found.error();
        damage_to_ = *found ? offset_ : file_size_;
        return *found ? Found::damage : Found::end;
    }
}

}  // namespace arb::queue
