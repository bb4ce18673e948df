// libFuzzer entry: lines of the input are frames of one connection. They go the way of every frame: decoder,
// numbers, subscriptions, books. Whatever comes in, each packet that comes out has to pass the host's check,
// and no book may hold a level that cannot be.
#include <cstdlib>
#include <string_view>

#include "arbitrage/check.hpp"
#include "kalshi/books.hpp"
#include "kalshi/decode_frame.hpp"
#include "kalshi/sequence.hpp"
#include "kalshi/subscriptions.hpp"

namespace {

using namespace arb;
using namespace arb::kalshi;

constexpr arb_time received = 1'791'427'623'712'135'409;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_book(Books::Book const& book) {
    for (auto const* const side : {&book.yes, &book.no})
        for (auto const& [price, size] : *side) require(price > 0 && price < ARB_UNIT && size >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view left{reinterpret_cast<char const*>(data), size};
    FrameDecoder decoder;
    Sequence sequence;
    Books books;
    Subscriptions subscriptions{{true, true, true}, true};
    subscriptions.want({"KX-A", "KX-B"});
    subscriptions.commands();
    Packets packets;
    while (!left.empty()) {
        auto const end = left.find('\n');
        auto const line = left.substr(0, end);
        left = end == std::string_view::npos ? std::string_view{} : left.substr(end + 1);
        auto const& frame = decoder.decode(line, received, packets);
        sequence.check(frame.sid, frame.sequence);
        if (frame.rejected.empty() && frame.type == FrameType::book_snapshot)
            books.snapshot(frame, received, packets);
        else if (frame.rejected.empty() && frame.type == FrameType::book_delta)
            books.change(frame, received, packets);
        else if (frame.type >= FrameType::subscribed)
            subscriptions.reply(frame);
        subscriptions.commands();
        if (auto const* const book = books.find(frame.market)) check_book(*book);
        require(packets.empty() || check_all(packets.bytes()).has_value());
        packets.clear();
    }
    return 0;
}
