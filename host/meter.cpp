#include "host/meter.hpp"

#include "arbitrage/packet.hpp"
#include "queue/record.hpp"

namespace arb::host {

namespace {

// Both venues as a whole have under a million markets, events and books; 40 bytes each. What is beyond counts
// as coming again.
constexpr std::size_t seen_max = 2'000'000;

// What a packet is the state of; nothing for one that is news and no state.
std::string_view subject(arb_packet const& packet) {
    switch (packet.kind) {
        case ARB_KIND_EVENT:
            return text(packet, as<arb_event>(packet)->event_id);
        case ARB_KIND_MARKET:
            return text(packet, as<arb_market>(packet)->market_id);
        case ARB_KIND_SERIES:
            return text(packet, as<arb_series>(packet)->series_id);
        case ARB_KIND_FEE_SCHEDULE:
            return text(packet, as<arb_fee_schedule>(packet)->scope_id);
        case ARB_KIND_QUOTE:
            return text(packet, as<arb_quote>(packet)->market_id);
        case ARB_KIND_BOOK:
            return text(packet, as<arb_book>(packet)->market_id);
        default:
            return {};
    }
}

std::int32_t outcome(arb_packet const& packet) {
    auto const* const book = as<arb_book>(packet);
    auto const* const quote = as<arb_quote>(packet);
    return book != nullptr ? book->outcome : quote != nullptr ? quote->outcome : 0;
}

}  // namespace

bool Meter::is_first(arb_packet const& packet) {
    if ((packet.flags & ARB_FLAG_BACKFILLED) != 0) return true;
    auto const about = subject(packet);
    if (about.empty() || seen_.size() >= seen_max) return false;
    auto const hash = std::hash<std::string_view>{}(about)*31 + static_cast<std::size_t>(packet.kind) * 2 +
                      static_cast<std::size_t>(outcome(packet));
    return seen_.insert(hash).second;
}

Result<> Meter::push(std::span<std::byte const> packets, std::function<bool()> const&, unsigned) {
    auto const now = std::chrono::steady_clock::now();
    std::lock_guard const lock{mutex_};
    for_each_packet(packets, [&](arb_packet const& packet) {
        auto& tally = tallies_[packet.kind];
        if (tally.once + tally.again == 0) tally.first = now;
        bool const first = is_first(packet);
        ++(first ? tally.once : tally.again);
        (first ? tally.once_bytes : tally.again_bytes) += queue::record_size(packet.size);
        ++accepted_;
    });
    return {};
}

Tallies Meter::tallies() const {
    std::lock_guard const lock{mutex_};
    return tallies_;
}

queue::Statistics Meter::statistics() const {
    std::lock_guard const lock{mutex_};
    queue::Statistics out;
    out.accepted_packets = accepted_;
    return out;
}

}  // namespace arb::host
