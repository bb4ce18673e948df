// Reads frames of the market channel: bytes in, events out, no network and no clock.
//
// Thread safety: none; one decoder per connection. Keeps its memory between frames: once warm, a frame of
// levels or changes allocates nothing.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "arbitrage/time.hpp"
#include "polymarket/stream_event.hpp"

namespace arb::polymarket {

enum class Frame : std::uint8_t {
    events,             // JSON; the events were handed out
    pong,               // "PONG": the answer to our heartbeat, no proof of data
    no_new_assets,      // "NO NEW ASSETS": everything asked for was subscribed already
    invalid_operation,  // "INVALID OPERATION": a second opening message, which the venue ignores
    unknown_word,       // short and no JSON, or empty: no event can be lost with it
    unreadable,         // none of these; events before the damage were handed out
};

class EventSink {
  public:
    virtual ~EventSink() = default;
    virtual void event(StreamEvent const& event) = 0;
};

class StreamDecoder {
  public:
    StreamDecoder();
    ~StreamDecoder();
    StreamDecoder(StreamDecoder const&) = delete;
    StreamDecoder& operator=(StreamDecoder const&) = delete;

    // One frame: an object, an array that may mix types, or a plain word. An event is handed out when its
    // object ends, because its type is often its last field; a bad one does not drop its neighbours.
    Frame decode(std::string_view frame, EventSink& sink);

  private:
    class Parser;
    std::unique_ptr<Parser> const parser_;
};

// What can be wrong with a level.
enum class LevelError : std::uint8_t { none, price, size };

// A level exactly: 0 < price < 1, size not negative.
LevelError read_level(LevelText const& text, arb_level& level);

// Unix milliseconds as text, in nanoseconds; nothing unless between the years 2000 and 2100.
std::optional<arb_time> read_milliseconds(std::string_view text);

// The same of a book: 0 where nobody has changed it yet and the venue says 0.
std::optional<arb_time> read_book_time(std::string_view text);

// "BUY" is ARB_BOOK_BID, "SELL" ARB_BOOK_ASK.
std::optional<int> read_side(std::string_view text);

}  // namespace arb::polymarket
