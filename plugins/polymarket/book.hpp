// The order book of one outcome, kept from what the stream says.
//
// Invariants: bids ascend, asks descend, so the best level of a side is its last element, as the venue sends
// them and where nearly every change happens; each price once; every size above 0. Thread safety: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "polymarket/stream_event.hpp"

namespace arb::polymarket {

// A grid of 0.0001 has 9,999 prices; a side with more levels is not a book.
inline constexpr std::size_t book_levels_max = 10'000;

// The levels of a `book` event, sorted as a Book keeps them. Keeps its memory between uses.
class BookReader {
  public:
    // False if a side is missing or a level is not one; then nothing of it may be used.
    bool read(StreamEvent const& event);
    std::vector<arb_level> const& bids() const { return bids_; }
    std::vector<arb_level> const& asks() const { return asks_; }

  private:
    std::vector<arb_level> bids_, asks_;
};

enum class Set : std::uint8_t {
    applied,
    older,  // than the book: ignored
    full,   // the side holds as many levels as a book can have: ignored
};

class Book {
  public:
    // Takes a whole book. `time` is the event's; 0 if it has none. False if the book is older than the one
    // held and was ignored; the first one after a subscription is `fresh` and always counts.
    bool replace(BookReader const& levels, arb_time time, bool fresh);

    // Sets the total at a price; 0 removes the level. A change of the same time as the book is applied:
    // totals are absolute, so applying twice does no harm.
    Set set(int side, arb_level level, arb_time time);

    // Whether it has these levels already.
    bool is(BookReader const& levels) const;

    // The total at a price; 0 where there is none.
    std::int64_t size_at(int side, std::int64_t price) const;

    // Null while the side is empty.
    arb_level const* best_bid() const { return bids_.empty() ? nullptr : &bids_.back(); }
    arb_level const* best_ask() const { return asks_.empty() ? nullptr : &asks_.back(); }

    // Somebody would buy for as much as somebody else sells: a change is missing, or on its way.
    bool crossed() const {
        return !bids_.empty() && !asks_.empty() && bids_.back().price >= asks_.back().price;
    }

    // Best level last.
    std::vector<arb_level> const& bids() const { return bids_; }
    std::vector<arb_level> const& asks() const { return asks_; }

    // Of the last change, by the venue's clock; 0 if it never gave one.
    arb_time time() const { return time_; }

    void clear();

  private:
    std::vector<arb_level> bids_, asks_;
    arb_time time_ = 0;
};

// What the venue's book hash covers beside the levels, in the venue's own texts.
struct BookIdentity {
    std::string_view market;
    std::string_view asset_id;
    std::string_view timestamp;
    std::string_view min_order_size;
    std::string_view tick_size;
    std::string_view last_trade_price;
    bool neg_risk = false;
};

// The text whose SHA-1 is the venue's hash of a book: compact JSON in the venue's order of keys and levels.
std::string hash_text(BookIdentity const& identity, Book const& book);
std::string book_hash(BookIdentity const& identity, Book const& book);

}  // namespace arb::polymarket
