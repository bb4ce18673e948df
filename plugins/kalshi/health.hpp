// The state of an instance out of the states of its parts: the worst one counts, and every part has its
// sentence.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "arbitrage/host.hpp"

namespace arb::kalshi {

class Health {
  public:
    enum class Part : std::uint8_t { feed, catalogue };
    explicit Health(Host host) : host_{host} {}

    // Whether the state of the whole is another now, which the host logs with the sentence.
    bool set(Part part, int state, std::string sentence) {
        parts_[static_cast<std::size_t>(part)] = {state, std::move(sentence)};
        std::string all = parts_[0].sentence;
        if (!parts_[1].sentence.empty()) all += (all.empty() ? "" : "; ") + parts_[1].sentence;
        auto const before = std::exchange(state_, together());
        host_.report(state_, all);
        return state_ != before;
    }

  private:
    // A feed that flows while the catalogue is retried, or the reverse, works in part.
    int together() const {
        auto const any = [this](int state) { return parts_[0].state == state || parts_[1].state == state; };
        for (auto const state : {ARB_STATE_FAILED, ARB_STATE_HELD})
            if (any(state)) return state;
        if (any(ARB_STATE_RETRYING)) return any(ARB_STATE_LIVE) ? ARB_STATE_DEGRADED : ARB_STATE_RETRYING;
        for (auto const state : {ARB_STATE_STARTING, ARB_STATE_DEGRADED})
            if (any(state)) return state;
        return ARB_STATE_LIVE;
    }

    struct State {
        int state = ARB_STATE_STARTING;
        std::string sentence;
    };
    Host const host_;
    std::array<State, 2> parts_;
    int state_ = ARB_STATE_STARTING;
};

}  // namespace arb::kalshi
