// A flood of Kalshi tickers for measurements: made beforehand, many WebSocket frames in one write.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simulator/world.hpp"

namespace arb::simulator {

class Flood {
  public:
    Flood(World& world, Settings const& settings);
    struct Chunk {
        std::string frames;
        std::uint64_t count;
    };
    // The frames for subscription `sid`, made at the first call for it.
    std::vector<Chunk> const& chunks(std::int64_t sid);
    // The first `count` frames of a chunk.
    static Chunk first(Chunk const& chunk, std::uint64_t count);
    std::uint64_t total() const { return settings_.flood; }
    bool begun = false;

  private:
    std::string frame(std::int64_t sid, std::uint64_t number);
    World& world_;
    Settings const& settings_;
    Random random_;
    std::map<std::int64_t, std::vector<Chunk>> made_;
};

}  // namespace arb::simulator
