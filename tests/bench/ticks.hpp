// Ticks as a flood brings them, in batches, for both sides of the sinks' benchmarks.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "arbitrage/packet.hpp"
#include "arbitrage/time.hpp"

namespace arb::bench {

inline constexpr std::int32_t market_count = 5'000;
inline constexpr std::string_view venue_of_ticks = "bench";

// A row as the bare loops take it: what the packet says, with the market as its key.
struct Tick {
    std::int32_t market;
    arb_time venue_time, received;
    std::int64_t amounts[8];  // bid, bid_size, ask, ask_size, last_price, last_size, volume, open_interest
    std::int64_t position;
};

// Thread safety: none.
class Ticks {
  public:
    explicit Ticks(std::size_t batch_rows) : batch_rows_{batch_rows} {}

    // The next batch as rows.
    std::vector<Tick> const& rows() {
        rows_.clear();
        for (std::size_t i = 0; i != batch_rows_; ++i) {
            auto const amount = [&](std::int64_t below, std::int64_t step) {
                return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below)) * step;
            };
            auto const bid = 10'000 + amount(9'600, 100);
            received_ += 10'000;
            rows_.push_back(
                {static_cast<std::int32_t>(random_() % market_count) + 1,
                 received_ - millisecond_ns,
                 received_,
                 {bid, amount(10'000, 1'000'000), bid + 10'000, amount(10'000, 1'000'000), bid + 100,
                  25'000'000, amount(1'000'000, 1'000'000), amount(1'000'000, 1'000'000)},
                 ++position_});
        }
        return rows_;
    }

    // The same as packets, with their positions set.
    std::vector<arb_packet const*> const& packets() {
        packets_.clear();
        for (auto const& row : rows()) {
            auto quote = packets_.add<arb_quote>(venue_of_ticks, row.received, row.venue_time);
            quote.text(&arb_quote::market_id, "KXFED-26DEC-T" + std::to_string(10'000 + row.market));
            auto& q = *quote.operator->();
            q.header.position = static_cast<std::uint64_t>(row.position);
            q.bid = row.amounts[0], q.bid_size = row.amounts[1], q.ask = row.amounts[2],
            q.ask_size = row.amounts[3];
            q.last_price = row.amounts[4], q.last_size = row.amounts[5], q.volume = row.amounts[6];
            q.open_interest = row.amounts[7];
        }
        pointers_.clear();
        for_each_packet(packets_.bytes(), [&](arb_packet const& packet) { pointers_.push_back(&packet); });
        return pointers_;
    }

  private:
    std::size_t const batch_rows_;
    std::mt19937_64 random_{7};
    arb_time received_ = arb::now();
    std::int64_t position_ = 0;
    std::vector<Tick> rows_;
    Packets packets_;
    std::vector<arb_packet const*> pointers_;
};

}  // namespace arb::bench
