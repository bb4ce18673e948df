// The order books of the markets on one connection. Kalshi sends bids of both sides; a bid for NO at p is an
// offer of YES at 1 - p. Books are kept as sent and written as books of outcome 0. Additions are exact and a
// level goes at exactly zero, so that no rounding leaves a level behind.
//
// Thread safety: none; on the venue's thread. Bounded by the markets that are subscribed.
#pragma once

#include <boost/container/flat_map.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agreement.hpp"
#include "decode_frame.hpp"

namespace arb::kalshi {

class Books {
  public:
    // Price of that side's own leg to size, both millionths. Flat: ten million levels take 16 bytes each.
    using Side = boost::container::flat_map<std::int64_t, std::int64_t>;
    struct Book {
        Side yes, no;
        std::uint64_t epoch = 0;
        std::uint64_t link = 0;  // the connection whose changes count: the one its snapshot came on
        arb_time began = 0;      // when its snapshot came
        bool in_step = false;    // a snapshot came and every change since
    };

    enum class Change {
        written,
        ignored,  // the market waits for its snapshot, or follows another connection
        spoiled,  // the change does not fit the book; it now waits for a snapshot
    };

    // A book of this market was asked for: until it comes the books are not complete.
    void expect(std::string_view market);
    // Replaces a book by a `book_snapshot` frame and writes it. From now on the book follows the connection
    // `link`.
    void snapshot(Frame const& frame, arb_time received, Packets& packets, std::uint64_t link = 0);
    // Applies a `book_delta` frame and writes the level's new size.
    Change change(Frame const& frame, arb_time received, Packets& packets, std::uint64_t link = 0);

    // Something was missed: these books wait for a snapshot, which begins a new epoch.
    void spoil(std::string_view market);
    void spoil_all();
    // The same for the books that follow that connection; their markets.
    std::vector<std::string> spoil_link(std::uint64_t link);
    bool in_step(std::string_view market) const;
    void remove(std::string_view market);
    // The connection is gone, and with it all books.
    void clear() { books_.clear(), waiting_ = 0, bytes_ = 0; }

    // Markets whose books wait for a snapshot, in order.
    std::vector<std::string> waiting() const;
    // The others.
    std::vector<std::string> markets_in_step() const;
    bool complete() const { return waiting_ == 0; }
    Book const* find(std::string_view market) const;
    // Best prices of YES; nothing for a book that is not in step.
    std::optional<Best> best(std::string_view market) const;

    // Writes the next few of the books that are in step whole, round after round: `share` is which part of
    // all of them is due.
    void write_some(double share, arb_time now, Packets& packets, std::function<void()> const& added);

    std::size_t count() const { return books_.size(); }
    // About how much memory the books take.
    std::size_t bytes() const { return bytes_; }

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    // Of a book beside its levels: ticker, table and headers.
    static constexpr std::size_t book_bytes = 256;
    static std::size_t bytes_of(Book const& book) {
        return book_bytes + (book.yes.capacity() + book.no.capacity()) * sizeof(Side::value_type);
    }
    void spoil(Book& book);
    void write(std::string_view market, Book const& book, arb_time received, arb_time time, Packets& packets);

    std::unordered_map<std::string, Book, Hash, std::equal_to<>> books_;
    std::size_t waiting_ = 0;
    // Grows over all books and connections of this run, so that a market taken up again has an epoch of its
    // own.
    std::uint64_t last_epoch_ = 0;
    std::size_t bytes_ = 0;
    std::vector<std::string> round_;  // books that are still to be written whole in this round
    double due_ = 0;
    std::vector<arb_level> bids_, asks_;  // kept for their memory
};

}  // namespace arb::kalshi
