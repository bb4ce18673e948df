// WebSocket frames to packets, in one pass of Boost.JSON's SAX parser and without an allocation per frame.
// Start with FrameDecoder::decode. Order books are kept elsewhere (books.hpp): their frames come out as
// levels and changes.
//
// Thread safety: none. Texts and levels of a Frame live until the next decode and not longer than the bytes.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decode.hpp"

namespace arb::kalshi {

enum class FrameType : std::uint8_t {
    unreadable,  // not a JSON object with a type
    unknown,     // a type this code does not know; its number in the sequence counts all the same
    ticker,
    trade,
    book_snapshot,
    book_delta,
    market_lifecycle,
    event_lifecycle,
    fee_update,
    subscribed,
    unsubscribed,
    ok,
    error,
};

// The text of a type for people: "ticker", "orderbook_delta".
std::string_view name_of(FrameType type);

struct Frame {
    FrameType type = FrameType::unreadable;
    // Nothing was written although the type is known: why, in a word of this code. Empty otherwise.
    std::string_view rejected = {};
    // A packet was written with ARB_FLAG_ANOMALY: which value was left out.
    std::string_view doubt = {};
    int doubt_what = 0;  // ARB_DRIFT_*
    // A field that messages of this type are not known to have.
    std::string_view unknown = {};

    // The envelope; 0 where not given. `sequence` counts per `sid` over frames of all types.
    std::int64_t id = 0;
    std::int64_t sid = 0;
    std::int64_t sequence = 0;
    arb_time sent = 0;  // by the venue's clock

    std::string_view market = {};
    std::string_view trade_id = {};
    std::int64_t size = ARB_ABSENT;  // trade
    arb_time time = 0;

    // book_snapshot: bids of both sides in the order of the venue, prices of each side's own leg.
    std::span<arb_level const> yes = {};
    std::span<arb_level const> no = {};
    bool has_sides =
        false;  // one of the two keys was there; an empty book has neither, a renamed key looks the same
    // book_delta
    bool is_yes = false;
    std::int64_t price = ARB_ABSENT;
    std::int64_t delta = ARB_ABSENT;

    std::string_view channel = {};       // subscribed
    std::int64_t error_code = 0;         // error
    std::string_view error_text = {};    // error
    std::string_view event_type = {};    // market_lifecycle
    std::string_view event_ticker = {};  // lifecycle frames, where given
    std::string_view series_ticker = {};
    arb_time closes_at = 0;          // market_lifecycle, where given
    std::string_view fee_type = {};  // fee_update; empty: the override ended
    std::string_view fee_multiplier = {};
    bool is_combo = false;  // of a multivariate market; written only where the filter asks for them
};

class FrameDecoder {
  public:
    // What is to be written of what is readable; null: all of it.
    struct Filter {
        // Lifecycle frames come of all markets.
        std::function<bool(Frame const& frame)> lifecycle = {};
        // Two connections, or a frame sent twice, may bring the same.
        std::function<bool(Frame const& frame)> trade = {};
        std::function<bool(Frame const& frame, Quote const& quote)> quote = {};
        bool combos = false;  // of multivariate markets, too
    };
    FrameDecoder() : FrameDecoder(Filter{}) {}
    explicit FrameDecoder(Filter filter);
    ~FrameDecoder();
    FrameDecoder(FrameDecoder const&) = delete;
    FrameDecoder& operator=(FrameDecoder const&) = delete;

    // Reads one frame. Adds the packet of a ticker, a trade or a market's lifecycle to `packets`, nothing for
    // other types, for rejected frames and for what the filter leaves out.
    Frame const& decode(std::string_view bytes, arb_time received, Packets& packets);

    Filter& filter();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace arb::kalshi
