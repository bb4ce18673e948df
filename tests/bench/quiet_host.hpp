// A host that accepts everything and keeps nothing but a count, so that a measurement holds only what is
// measured.
#pragma once

#include <atomic>

#include "arbitrage/host.hpp"
#include "arbitrage/time.hpp"

namespace arb::bench {

// Thread safety: any thread.
class QuietHost {
  public:
    explicit QuietHost(char const* instance) {
        queue_ = {sizeof(arb_queue), 0, this,
                  [](void* self, void const* packets, std::size_t size, arb_error*) -> arb_status {
                      for_each_packet({static_cast<std::byte const*>(packets), size},
                                      [&](arb_packet const&) { ++static_cast<QuietHost*>(self)->packets_; });
                      return ARB_OK;
                  }};
        table_.size = sizeof table_;
        table_.abi_version = ARB_ABI_VERSION;
        table_.self = this;
        table_.instance = instance;
        table_.queue = &queue_;
        table_.log = [](void*, std::int32_t, arb_text) {};
        table_.report = [](void*, std::int32_t, arb_text) {};
        table_.count = [](void*, arb_text, arb_text, std::uint64_t) {};
        table_.reject = [](void*, arb_text, std::uint64_t) {};
        table_.alive = [](void*) {};
        table_.now = [](void*) { return arb::now(); };
        table_.stopping = [](void*) -> std::int32_t { return 0; };
        table_.extension = [](void*, char const*) -> void const* { return nullptr; };
    }
    QuietHost(QuietHost const&) = delete;
    QuietHost& operator=(QuietHost const&) = delete;

    arb_host const* table() const { return &table_; }
    Host host() const { return Host{&table_}; }
    std::uint64_t packets() const { return packets_; }

  private:
    std::atomic<std::uint64_t> packets_{0};
    arb_queue queue_{};
    arb_host table_{};
};

}  // namespace arb::bench
