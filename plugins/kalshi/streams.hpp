// Words that the sources of Stream share.
#pragma once

#include <exception>

#include "arbitrage/packet.hpp"

namespace arb::kalshi {

// The reason of a gap during which the feed answered pings and gave no data.
inline constexpr char const* stalled = "stalled";

// For sentences.
inline char const* words_of(int stream) {
    return stream == ARB_STREAM_TRADES ? "trades" : stream == ARB_STREAM_QUOTES ? "prices" : "frames";
}

inline constexpr int live_streams[] = {ARB_STREAM_QUOTES, ARB_STREAM_TRADES, ARB_STREAM_BOOKS,
                                       ARB_STREAM_STATUS};

// For co_spawn: what no coroutine expects ends the instance.
inline void rethrow(std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace arb::kalshi
