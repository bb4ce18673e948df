#include "net/frames.hpp"

#include <algorithm>

#include "support/catch.hpp"

using namespace arb::net;
using Kind = FrameBuffer::Kind;

namespace {

constexpr std::uint64_t message_max = 100'000;

// A frame as a server sends it: not masked.
std::string from_server(unsigned first, std::string const& payload) {
    std::string out{static_cast<char>(first)};
    if (payload.size() < 126) {
        out += static_cast<char>(payload.size());
    } else if (payload.size() < 65536) {
        out += {126, static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size() & 0xff)};
    } else {
        out += static_cast<char>(127);
        for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xff);
    }
    return out + payload;
}

void feed(FrameBuffer& frames, std::string_view bytes) {
    while (!bytes.empty()) {
        auto const space = frames.space();
        auto const count = std::min(space.size(), bytes.size());
        std::copy_n(bytes.begin(), count, space.begin());
        frames.filled(count);
        bytes.remove_prefix(count);
    }
}

FrameBuffer::Next one(std::string const& bytes) {
    static std::string kept;
    FrameBuffer frames{message_max};
    feed(frames, bytes);
    auto next = frames.next();
    kept = next.payload;  // the buffer ends here
    return {next.kind, kept};
}

}  // namespace

TEST_CASE("messages of every form of length come out whole and in order", "[net]") {
    for (std::size_t const step : {1U, 7U, 1000U, 1U << 20}) {
        std::string all;
        std::vector<std::string> sent;
        for (auto const size : {0U, 1U, 125U, 126U, 65535U, 65536U, 99999U, 3U}) {
            sent.emplace_back(size, static_cast<char>('a' + sent.size()));
            all += from_server(0x81, sent.back());
        }
        FrameBuffer frames{message_max};
        std::vector<std::string> got;
        for (std::size_t at = 0; at < all.size(); at += step) {
            feed(frames, std::string_view{all}.substr(at, step));
            for (auto next = frames.next(); next.kind == Kind::message; next = frames.next())
                got.emplace_back(next.payload);
        }
        CHECK(got == sent);
        CHECK(frames.next().kind == Kind::incomplete);
    }
}

TEST_CASE("parts become one message, with control frames in between", "[net]") {
    FrameBuffer frames{message_max};
    feed(frames, from_server(0x01, "one ") + from_server(0x89, "heartbeat") + from_server(0x00, "two ") +
                     from_server(0x80, "three") + from_server(0x81, "next"));
    CHECK(frames.next().kind == Kind::ping);
    auto const message = frames.next();
    CHECK(message.kind == Kind::message);
    CHECK(message.payload == "one two three");
    CHECK(frames.next().payload == "next");
}

TEST_CASE("what no server may send is broken", "[net]") {
    CHECK(one(from_server(0xc1, "x")).kind == Kind::broken);              // compressed, never agreed on
    CHECK(one(encode_frame(Opcode::text, "x", 5)).kind == Kind::broken);  // masked
    CHECK(one(from_server(0x83, "x")).kind == Kind::broken);              // reserved kinds
    CHECK(one(from_server(0x8b, "x")).kind == Kind::broken);
    CHECK(one(from_server(0x09, "x")).kind == Kind::broken);                    // a ping in parts
    CHECK(one(from_server(0x89, std::string(126, 'x'))).kind == Kind::broken);  // a long ping
    CHECK(one(from_server(0x80, "x")).payload == "a part of no message");
    FrameBuffer frames{message_max};
    feed(frames, from_server(0x01, "one") + from_server(0x81, "two"));
    CHECK(frames.next().payload == "a new message within another");
}

TEST_CASE("a message beyond the limit is known by its length, in parts, too", "[net]") {
    auto const big = from_server(0x81, std::string(message_max + 1, 'x'));
    CHECK(one(big.substr(0, 14)).kind == Kind::too_large);
    CHECK(one(from_server(0x81, std::string(message_max, 'x'))).kind == Kind::message);
    // 2^64 - 1 bytes: neither believed nor overflowing.
    CHECK(one("\x81\x7f" + std::string(8, '\xff')).kind == Kind::too_large);

    FrameBuffer frames{message_max};
    feed(frames, from_server(0x01, std::string(1000, 'x')));
    auto kind = frames.next().kind;
    int parts = 1;
    for (; kind == Kind::incomplete && parts != 1000; ++parts) {
        feed(frames, from_server(0x00, std::string(1000, 'x')));
        kind = frames.next().kind;
    }
    CHECK(kind == Kind::too_large);
    CHECK(parts == 101);
}

TEST_CASE("a length that is announced and never arrives takes no memory", "[net]") {
    FrameBuffer frames{std::uint64_t{1} << 40};
    feed(frames, std::string{"\x81\x7f\0\0\0\x10\0\0\0\0", 10} + std::string(1000, 'x'));
    CHECK(frames.next().kind == Kind::incomplete);
    CHECK(frames.space().size() <= 64 * 1024);
}

TEST_CASE("a frame of ours is masked with all four bytes", "[net]") {
    auto const frame = encode_frame(Opcode::text, "Hello", 0x37fa213d);
    CHECK(frame == "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");  // the example of RFC 6455, 5.7
    CHECK(encode_frame(Opcode::ping, {}, 0).size() == 6);
    CHECK(encode_frame(Opcode::text, std::string(126, 'x'), 0).size() == 4 + 4 + 126);
    CHECK(encode_frame(Opcode::text, std::string(70'000, 'x'), 0).size() == 10 + 4 + 70'000);
}
