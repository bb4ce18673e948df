// WebSocket frames as RFC 6455 has them, for a client that offers no extension: bytes come in as they arrive,
// messages and control frames come out. No network and no clock. Texts are not checked for UTF-8: a venue's
// bad byte in a title is the decoder's matter and must not cost the connection.
//
// Thread safety: none. What `next` returns lives until the next call of any function that is not const.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace arb::net {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// One whole frame as a client sends it; `mask` is to be random.
std::string encode_frame(Opcode opcode, std::string_view payload, std::uint32_t mask);

class FrameBuffer {
  public:
    // A message may come in parts; all of them together count.
    explicit FrameBuffer(std::uint64_t message_bytes_max) : message_bytes_max_{message_bytes_max} {}

    // Where the next bytes belong; never empty. Grows with what has arrived, not with what a frame announces.
    std::span<char> space();
    // The same without moving or growing anything; may be empty.
    std::span<char> space_left() { return {bytes_.data() + end_, bytes_.size() - end_}; }
    // So many bytes were put there.
    void filled(std::size_t count) { end_ += count; }

    enum class Kind : std::uint8_t {
        incomplete,  // more bytes are needed
        message,     // text or binary, put together
        ping,
        pong,
        close,
        too_large,  // the message exceeds its limit; nothing more can be read
        broken,     // no frame a server may send; nothing more can be read
    };
    struct Next {
        Kind kind = Kind::incomplete;
        std::string_view payload = {};  // of a broken frame: what is wrong
    };
    Next next();

  private:
    std::uint64_t const message_bytes_max_;
    std::vector<char> bytes_;  // what arrived and was not handed out lies in [begin_, end_)
    std::size_t begin_ = 0, end_ = 0;
    std::string message_;  // the parts so far
    bool in_parts_ = false;
};

}  // namespace arb::net
