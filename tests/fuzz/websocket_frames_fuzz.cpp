// libFuzzer entry: the input arrives as the bytes of a WebSocket, in pieces whose sizes its first byte
// chooses. No message may exceed the limit, and the pieces must make no difference.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "net/frames.hpp"

namespace {

using namespace arb::net;
using Kind = FrameBuffer::Kind;

constexpr std::size_t message_bytes_max = 1000;

// Everything that came out, as one text.
std::string read_in_pieces(std::string_view bytes, std::size_t piece) {
    FrameBuffer frames{message_bytes_max};
    std::string out;
    while (!bytes.empty()) {
        auto const space = frames.space();
        auto const count = std::min({piece, space.size(), bytes.size()});
        std::copy_n(bytes.begin(), count, space.begin());
        frames.filled(count);
        bytes.remove_prefix(count);
        for (auto next = frames.next(); next.kind != Kind::incomplete; next = frames.next()) {
            out += static_cast<char>('0' + static_cast<int>(next.kind));
            out += next.payload;
            if (next.kind == Kind::too_large || next.kind == Kind::broken) return out;
            if (next.payload.size() > message_bytes_max) std::abort();
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const bytes{reinterpret_cast<char const*>(data) + 1, size - 1};
    if (read_in_pieces(bytes, std::size_t{1} + data[0]) != read_in_pieces(bytes, 1 << 20)) std::abort();
    return 0;
}
