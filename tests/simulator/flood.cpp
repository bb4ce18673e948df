#include "simulator/flood.hpp"

#include <algorithm>
#include <utility>

#include "simulator/server.hpp"

namespace arb::simulator {
namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;  // four full TLS records a write

}  // namespace

Flood::Flood(World& world, Settings const& settings)
    : world_{world}, settings_{settings}, random_{settings.seed} {}

std::string Flood::frame(std::int64_t sid, std::uint64_t number) {
    auto const& markets = world_.markets();
    // Kalshi's markets are all but the last; the world of a flood has just one of the other venue.
    std::size_t index;
    do index = random_.below(markets.size());
    while (markets[index].venue != Venue::kalshi);
    auto const& market = markets[index];
    auto const bid = random_.between(100, 9'700) * 100;
    auto const ask = bid + random_.between(1, 200) * 100;
    auto const ms = now_ms() + static_cast<std::int64_t>(number / 1000);
    auto const whole = [&](std::uint64_t bound) { return std::to_string(random_.below(bound)); };
    return R"({"type":"ticker","sid":)" + std::to_string(sid) + R"(,"msg":{"market_ticker":")" + market.id +
           R"(","market_id":")" + market.uuid + R"(","price_dollars":")" + fixed(bid + 100, 4) +
           R"(","yes_bid_dollars":")" + fixed(bid, 4) + R"(","yes_ask_dollars":")" + fixed(ask, 4) +
           R"(","volume_fp":")" + whole(1'000'000) + R"(.00","open_interest_fp":")" + whole(1'000'000) +
           R"(.00","dollar_volume":)" + whole(1'000'000) + R"(,"dollar_open_interest":)" + whole(1'000'000) +
           R"(,"yes_bid_size_fp":")" + whole(10'000) + R"(.50","yes_ask_size_fp":")" + whole(10'000) +
           R"(.25","last_trade_size_fp":"25.00","ts":)" + std::to_string(ms / 1000) + R"(,"ts_ms":)" +
           std::to_string(ms) + R"(,"time":")" + rfc3339(ms) + R"("},"sending_ts_ms":)" +
           std::to_string(ms + 3) + "}\n";
}

Flood::Chunk Flood::first(Chunk const& chunk, std::uint64_t count) {
    if (count >= chunk.count) return chunk;
    auto const& bytes = chunk.frames;
    std::size_t at = 0;
    for (std::uint64_t n = 0; n != count; ++n) {
        // A ticker needs two bytes of length: it is never shorter than 126, never longer than 65535.
        auto const high = static_cast<unsigned char>(bytes[at + 2]),
                   low = static_cast<unsigned char>(bytes[at + 3]);
        at += 4 + (static_cast<std::size_t>(high) << 8 | low);
    }
    return {bytes.substr(0, at), count};
}

std::vector<Flood::Chunk> const& Flood::chunks(std::int64_t sid) {
    auto& chunks = made_[sid];
    if (!chunks.empty()) return chunks;
    std::string bytes;
    std::uint64_t count = 0;
    auto const finish = [&] {
        if (count != 0) chunks.push_back({std::exchange(bytes, {}), count});
        count = 0;
    };
    for (std::uint64_t n = 0; n != std::max(1U, settings_.flood_distinct); ++n) {
        bytes += websocket_frame(frame(sid, n));
        ++count;
        if (bytes.size() >= chunk_bytes) finish();
    }
    finish();
    return chunks;
}

}  // namespace arb::simulator
