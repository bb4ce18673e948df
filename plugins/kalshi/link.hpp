// One connection of the feed: what is subscribed to on it, and how far its frames have come. Two of them
// stand side by side for some seconds when a connection that may be dead is replaced.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "awaited.hpp"
#include "net/session.hpp"
#include "sequence.hpp"
#include "subscriptions.hpp"

namespace arb::kalshi {

inline arb_time steady_now() {
    return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
}

struct Link {
    // ARB_STREAM_* as an index.
    static constexpr std::size_t streams = ARB_STREAM_STATUS + 1;

    Link(std::uint64_t n, std::unique_ptr<net::WebSocket> s, Subscriptions::Channels const& channels,
         arb_time now)
        : number{n}, socket{std::move(s)}, subscriptions{channels}, connected_at{now}, last_data{now} {}

    // Frames that wait to be read for longer than this say nothing of how far the venue is.
    static constexpr arb_time behind_max = 300 * second_ns;
    // So many frames in a row that seem to have waited longer did not.
    static constexpr unsigned absurd_max = 3;

    // A frame that the venue sent at `sent` by its own clock; a clock that is days off is none. `steady` is
    // the time of a clock that nobody sets.
    void took(arb_time received, arb_time sent, arb_time steady = steady_now()) {
        // Our clock was set: what was measured by it before says nothing.
        if (std::abs(received - steady - clock_offset) > second_ns) least_lag = too_low = INT64_MAX;
        clock_offset = received - steady;
        if (std::abs(received - sent) > 86'400 * second_ns) return;
        lag = received - sent;
        // One frame alone that was quicker than all others by far has a wrong time.
        bool const odd = least_lag != INT64_MAX && lag < least_lag - second_ns && lag < too_low - second_ns;
        // No backlog is that long; then it was the first frame whose time was wrong.
        bool const absurd = least_lag != INT64_MAX && lag - least_lag > behind_max;
        absurd_in_a_row = absurd ? absurd_in_a_row + 1 : 0;
        too_low = odd ? lag : INT64_MAX;
        if (absurd_in_a_row == absurd_max)
            least_lag = lag;
        else if (!odd)
            least_lag = std::min(least_lag, lag);
    }
    // How long frames wait before they are read. Clocks that differ do not count: the fastest frame so far
    // was read at once.
    arb_time behind() const { return std::clamp<arb_time>(lag - least_lag, 0, behind_max); }

    // When the stream was last known to be whole on this connection.
    arb_time whole_until(int stream) const {
        auto const last = last_of[static_cast<std::size_t>(stream)];
        return last != 0 ? last : connected_at;
    }

    std::uint64_t const number;  // grows over all connections of this run
    std::shared_ptr<net::WebSocket> const socket;
    Subscriptions subscriptions;
    Sequence sequence;
    Awaited books;
    arb_time const connected_at;
    arb_time last_data;                             // replies and pings are not data
    std::array<arb_time, streams> last_of{};        // when the stream last gave a frame
    std::array<arb_time, streams> unreadable_at{};  // when the stream last gave a frame that cannot be read
    std::array<bool, streams> dead{};               // it gave nothing of what the venue told elsewhere
    arb_time moved_at = 0;                          // when a command was last answered
    arb_time command_sent = 0;                      // the oldest command without an answer; 0: none
    std::size_t commands_open = 0;
    arb_time lag = 0, least_lag = INT64_MAX;  // of the venue's frames
    arb_time too_low = INT64_MAX;             // the lag before, if it was not believed
    arb_time clock_offset = 0;
    unsigned absurd_in_a_row = 0;
    arb_time confirmed_at = 0;  // everything wanted flows
    bool data_came = false;
    bool quotes_came = false;
    std::string drop_reason, drop_sentence;  // why we ended it
    std::string refusal;                     // what the venue refused last, for the log
    arb_time refused_at = 0;                 // when it refused something
};

}  // namespace arb::kalshi
