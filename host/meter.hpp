// A queue that keeps nothing: it counts what a venue pushes, for `arbitrage forecast`. What comes once, the
// catalogue and the state of everything at the start, is told apart from what goes on coming.
//
// Thread safety: push and tallies from any thread.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <unordered_set>

#include "queue/queue.hpp"

namespace arb::host {

struct Tally {
    // The first packet of each market, event and so on, and what was read from before the start.
    std::uint64_t once = 0, once_bytes = 0;
    std::uint64_t again = 0, again_bytes = 0;
    std::chrono::steady_clock::time_point first{};  // when the first of them came
};

using Tallies = std::array<Tally, ARB_KIND_COUNT>;

class Meter final : public queue::Queue {
  public:
    Tallies tallies() const;

    Result<> push(std::span<std::byte const> packets, std::function<bool()> const& give_up,
                  unsigned percent_max) override;
    queue::Statistics statistics() const override;
    // Nothing reads from it.
    std::unique_ptr<queue::Reader> reader(std::string const&) override { return nullptr; }
    std::unique_ptr<queue::Reader> tap() override { return nullptr; }
    Result<> forget(std::string const&) override { return {}; }
    std::vector<std::string> sinks() const override { return {}; }
    std::span<std::uint8_t const, 16> journal() const override { return journal_; }
    unsigned percent_full() const override { return 0; }
    Result<> close() override { return {}; }

  private:
    bool is_first(arb_packet const& packet);

    std::array<std::uint8_t, 16> const journal_{};
    // Protected by mutex_.
    mutable std::mutex mutex_;
    Tallies tallies_;
    std::unordered_set<std::size_t> seen_;  // hashes of what a first packet was about
    std::uint64_t accepted_ = 0;
};

}  // namespace arb::host
