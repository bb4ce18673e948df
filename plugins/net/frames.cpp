#include "net/frames.hpp"

#include <algorithm>
#include <cstring>

namespace arb::net {

namespace {

// Four TLS records; a frame of a venue has some hundred bytes.
constexpr std::size_t buffer_bytes = 64 * 1024;
// With less room than that a TLS record would be read in pieces.
constexpr std::size_t room_min = 16 * 1024;
// Memory for a rare large message is given back.
constexpr std::size_t bytes_kept = 1 << 20;

constexpr unsigned final_bit = 0x80, mask_bit = 0x80, reserved_bits = 0x70, control_bit = 0x08;
constexpr std::size_t control_bytes_max = 125;

std::uint64_t big_endian(char const* bytes, std::size_t count) {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i != count; ++i) out = out << 8 | static_cast<unsigned char>(bytes[i]);
    return out;
}

}  // namespace

std::string encode_frame(Opcode opcode, std::string_view payload, std::uint32_t mask) {
    std::string out;
    out.reserve(payload.size() + 14);
    auto const put = [&out](std::uint64_t value, unsigned bytes) {
        while (bytes-- != 0) out.push_back(static_cast<char>(value >> (8 * bytes) & 0xff));
    };
    put(final_bit | static_cast<unsigned>(opcode), 1);
    if (payload.size() <= 125) {
        put(mask_bit | payload.size(), 1);
    } else if (payload.size() <= 0xffff) {
        put(mask_bit | 126U, 1);
        put(payload.size(), 2);
    } else {
        put(mask_bit | 127U, 1);
        put(payload.size(), 8);
    }
    put(mask, 4);
    for (std::size_t i = 0; i != payload.size(); ++i)
        out.push_back(
            static_cast<char>(static_cast<unsigned char>(payload[i]) ^ (mask >> (24 - 8 * (i % 4)) & 0xff)));
    return out;
}

std::span<char> FrameBuffer::space() {
    if (begin_ == end_) {
        begin_ = end_ = 0;
        if (bytes_.size() > bytes_kept) std::vector<char>(buffer_bytes).swap(bytes_);
    }
    if (bytes_.size() - end_ < room_min && begin_ != 0) {
        std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (bytes_.size() - end_ < room_min) bytes_.resize(std::max(buffer_bytes, 2 * bytes_.size()));
    return space_left();
}

FrameBuffer::Next FrameBuffer::next() {
    for (;;) {
        auto const* const at = bytes_.data() + begin_;
        auto const size = end_ - begin_;
        if (size < 2) return {};
        auto const first = static_cast<unsigned char>(at[0]), second = static_cast<unsigned char>(at[1]);
        auto const code = first & 0x0fU;
        bool const final = (first & final_bit) != 0, control = (code & control_bit) != 0;
        if ((first & reserved_bits) != 0) return {Kind::broken, "a frame with reserved bits"};
        if ((second & mask_bit) != 0) return {Kind::broken, "a masked frame"};
        if (control ? code > 10 : code > 2) return {Kind::broken, "a frame of an unknown kind"};

        std::uint64_t length = second & 0x7fU;
        if (control && (!final || length > control_bytes_max))
            return {Kind::broken, "a control frame that is too long or in parts"};
        std::size_t const length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
        auto const header = 2 + length_bytes;
        if (size < header) return {};
        if (length_bytes != 0) length = big_endian(at + 2, length_bytes);
        auto const room = message_bytes_max_ - (in_parts_ ? message_.size() : 0);
        if (!control && length > room) return {Kind::too_large};
        if (size - header < length) return {};

        std::string_view const payload{at + header, static_cast<std::size_t>(length)};
        begin_ += header + payload.size();
        if (control) return {code == 8 ? Kind::close : code == 9 ? Kind::ping : Kind::pong, payload};
        if ((code == 0) != in_parts_)
            return {Kind::broken, in_parts_ ? "a new message within another" : "a part of no message"};
        if (!in_parts_) {
            if (final) return {Kind::message, payload};
            if (message_.capacity() > bytes_kept) message_ = {};
            message_.clear();
            in_parts_ = true;
        }
        message_.append(payload);
        if (!final) continue;
        in_parts_ = false;
        return {Kind::message, message_};
    }
}

}  // namespace arb::net
