// The host as a plugin sees it: logging, status, counters, the clock and the queue.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "arbitrage/abi/ext/drift.h"
#include "arbitrage/abi/host.h"
#include "arbitrage/packet.hpp"
#include "arbitrage/result.hpp"

namespace arb {

// A handle: copy it freely. Every function may be called from any thread.
class Host {
  public:
    explicit Host(arb_host const* host) : host_{host} {}

    std::string_view instance() const { return host_->instance; }

    void debug(std::string_view line) const { log(ARB_LOG_DEBUG, line); }
    void info(std::string_view line) const { log(ARB_LOG_INFO, line); }
    void warning(std::string_view line) const { log(ARB_LOG_WARNING, line); }
    void error(std::string_view line) const { log(ARB_LOG_ERROR, line); }

    void report(int state, std::string_view sentence) const {
        host_->report(host_->self, state, to_c(sentence));
    }
    void count(std::string_view name, std::uint64_t amount = 1, std::string_view label = {}) const {
        host_->count(host_->self, to_c(name), to_c(label), amount);
    }
    void reject(std::string_view reason, std::uint64_t amount = 1) const {
        host_->reject(host_->self, to_c(reason), amount);
    }
    void alive() const { host_->alive(host_->self); }
    arb_time now() const { return host_->now(host_->self); }
    // Whether what can be fetched later should be: the queue is nearly full.
    bool put_off() const {
        bool const known = host_->size >= offsetof(arb_host, queue_percent) + sizeof host_->queue_percent;
        return known && host_->queue_percent(host_->self) >= ARB_QUEUE_PUT_OFF;
    }
    bool stopping() const { return host_->stopping(host_->self) != 0; }

    // Waits while the queue is full. On success the packets are in the journal and `packets` is empty again.
    Result<> push(Packets& packets) const {
        if (packets.empty()) return {};
        auto error = empty_error();
        auto const bytes = packets.bytes();
        auto const status = host_->queue->push(host_->queue->self, bytes.data(), bytes.size(), &error);
        packets.clear();
        if (status != ARB_OK) return from_c(status, error);
        return {};
    }

    // A difference between what the venue sends and what the plugin knows; see abi/ext/drift.h.
    void drift(int what, std::string_view source, std::string_view field, std::string_view sample,
               std::uint64_t amount = 1) const {
        if (auto const* const host = extension<arb_drift>(ARB_DRIFT))
            host->count(host->self, to_c(source), to_c(field), what, to_c(sample), amount);
    }

    template<class Interface>
    Interface const* extension(char const* id) const {
        return static_cast<Interface const*>(host_->extension(host_->self, id));
    }

  private:
    void log(int level, std::string_view line) const { host_->log(host_->self, level, to_c(line)); }
    arb_host const* host_;
};

}  // namespace arb
