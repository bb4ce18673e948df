// Says where the venue's answers differ from what this plugin was written for, and keeps messages that could
// not be understood. A field is said once a minute with how often it was met, so that a change of the venue's
// costs a look into a small table and no more.
//
// Thread safety: none; on the venue's thread. Bounded by the constants below.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "arbitrage/host.hpp"
#include "arbitrage/time.hpp"
#include "polymarket/stream_event.hpp"
#include "venue/outbox.hpp"

namespace arb::polymarket {

// The word for a type of events, as the venue writes it.
std::string_view type_name(EventType type);

// The element of the frame that the event was read from: the frame itself, or one of its array.
std::string_view body_of(StreamEvent const& event);

class Drift {
  public:
    static constexpr arb_time say_every_ns = 60 * second_ns;
    // Different fields that are remembered; a venue that sends random names must not fill the memory.
    static constexpr std::size_t fields_max = 2'000;
    // Messages kept in a minute; more are only counted. They may be large and all alike.
    static constexpr unsigned messages_max = 100;
    // Of one message: a frame of hundreds of books is not worth more.
    static constexpr std::size_t message_bytes_max = 1 << 20;

    Drift(Host host, Outbox& outbox) : host_{host}, outbox_{outbox} {}

    // `what` is ARB_DRIFT_*.
    void say(int what, std::string_view source, std::string_view field, std::string_view sample) {
        if (auto const times = due(what, source, field); times != 0)
            host_.drift(what, source, field, sample, times);
    }
    // What of the fields of an event of the stream (or of a book over REST) is not as expected.
    void check(StreamEvent const& event, std::string_view source);
    // A message that led to nothing: kept whole.
    void keep(std::string_view source, std::string_view reason, std::string_view body);

  private:
    struct Said {
        arb_time at = 0;
        std::uint64_t unsaid = 0;
    };
    // Counts it; how often it was met since it was last said if it is to be said now, else 0.
    std::uint64_t due(int what, std::string_view source, std::string_view field);

    Host const host_;
    Outbox& outbox_;
    std::unordered_map<std::string, Said> said_;
    arb_time minute_ = 0;
    unsigned kept_ = 0;  // in this minute
};

}  // namespace arb::polymarket
