// One connection of the feed: what is subscribed to on it, and how far its frames have come. Two of them
// stand side by side for some seconds when a connection that may be dead is replaced.
//
// Thread safety: none; on the venue's thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "net/session.hpp"
#include "sequence.hpp"
#include "subscriptions.hpp"

namespace arb::kalshi {

struct Link {
    // ARB_STREAM_* as an index.
    static constexpr std::size_t streams = ARB_STREAM_STATUS + 1;

    Link(std::uint64_t n, std::unique_ptr<net::WebSocket> s, Subscriptions::Channels const& channels,
         arb_time now)
        : number{n}, socket{std::move(s)}, subscriptions{channels}, connected_at{now}, last_data{now} {}

    // When the stream was last known to be whole on this connection.
    arb_time whole_until(int stream) const {
        auto const last = last_of[static_cast<std::size_t>(stream)];
        return last != 0 ? last : connected_at;
    }

    std::uint64_t const number;  // grows over all connections of this run
    std::shared_ptr<net::WebSocket> const socket;
    Subscriptions subscriptions;
    Sequence sequence;
    std::set<std::string, std::less<>> books_awaited;  // their snapshot has not come
    std::set<std::string, std::less<>>
        books_overdue;  // nor did it within its time; each has a gap of its own
    arb_time const connected_at;
    arb_time last_data;                             // replies and pings are not data
    std::array<arb_time, streams> last_of{};        // when the stream last gave a frame
    std::array<arb_time, streams> unreadable_at{};  // when the stream last gave a frame that cannot be read
    arb_time command_sent = 0;                      // the oldest command without an answer; 0: none
    std::size_t commands_open = 0;
    arb_time books_asked = 0;
    arb_time awaiting_since = 0;  // since when books are awaited without a break
    arb_time confirmed_at = 0;    // everything wanted flows
    bool data_came = false;
    bool quotes_came = false;
    std::string drop_reason, drop_sentence;  // why we ended it
    std::string trouble;                     // what the venue refused, for the status
};

}  // namespace arb::kalshi
