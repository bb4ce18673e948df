// The base of a sink plugin. abi/sink.h says who calls what on which thread.
#pragma once

#include <span>

#include "arbitrage/commands.hpp"
#include "arbitrage/host.hpp"
#include "arbitrage/options.hpp"

namespace arb {

using Position = arb_position;
using Batch = arb_batch;

inline bool operator==(arb_position a, arb_position b) {
    return a.incarnation == b.incarnation && a.sequence == b.sequence;
}
inline bool operator<(arb_position a, arb_position b) {
    return a.incarnation != b.incarnation ? a.incarnation < b.incarnation : a.sequence < b.sequence;
}
inline std::span<arb_packet const* const> packets(Batch const& batch) { return {batch.packets, batch.count}; }

// Construct with (Host, Options const&) and throw ConfigurationError for an option that is wrong.
class Sink {
  public:
    virtual ~Sink() = default;
    // Connects; up to where packets of this journal are stored already. {0, 0}: the host's own mark counts.
    virtual Result<Position> start(std::span<std::uint8_t const, 16> /*journal*/) { return Position{0, 0}; }
    // Stores the batch; the number of packets that became dead letters. On ARB_RETRY the same batch comes
    // again.
    virtual Result<std::uint32_t> write(Batch const& batch) = 0;
    // Makes start and write return soon. Any thread.
    virtual void stop() noexcept {}
};

}  // namespace arb
