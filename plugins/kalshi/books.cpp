#include "books.hpp"

#include <algorithm>

#include "arbitrage/decimal.hpp"

namespace arb::kalshi {

void Books::expect(std::string_view market) {
    auto const [entry, fresh] = books_.try_emplace(std::string{market});
    if (fresh)
        ++waiting_;
    else
        spoil(entry->second);
}

void Books::snapshot(Frame const& frame, arb_time received, Packets& packets, std::uint64_t link) {
    auto found = books_.find(frame.market);
    if (found == books_.end())
        found = books_.emplace(std::string{frame.market}, Book{}).first;
    else if (!found->second.in_step)
        --waiting_;
    auto& book = found->second;
    book.yes.clear();
    book.no.clear();
    // Two entries of one price are one level of both sizes.
    for (auto const& level : frame.yes) book.yes[level.price] += level.size;
    for (auto const& level : frame.no) book.no[level.price] += level.size;
    book.epoch = ++last_epoch_;
    book.link = link;
    book.in_step = true;

    bids_.clear();
    asks_.clear();
    for (auto level = book.yes.rbegin(); level != book.yes.rend(); ++level)
        bids_.push_back({level->first, level->second});
    for (auto level = book.no.rbegin(); level != book.no.rend(); ++level)
        asks_.push_back({complement(level->first), level->second});
    auto packet = packets.add<arb_book>(venue_name, received, frame.time);
    packet->epoch = book.epoch;
    packet.text(&arb_book::market_id, frame.market);
    packet.levels(&arb_book::bids, bids_);
    packet.levels(&arb_book::asks, asks_);
}

Books::Change Books::change(Frame const& frame, arb_time received, Packets& packets, std::uint64_t link) {
    auto const found = books_.find(frame.market);
    if (found == books_.end() || !found->second.in_step || found->second.link != link) return Change::ignored;
    auto& book = found->second;
    auto& side = frame.is_yes ? book.yes : book.no;
    auto const level = side.find(frame.price);
    auto const before = level == side.end() ? 0 : level->second;
    std::int64_t after = 0;
    if (__builtin_add_overflow(before, frame.delta, &after) || after < 0) {
        spoil(book);
        return Change::spoiled;
    }
    if (after == 0) {
        if (level != side.end()) side.erase(level);
    } else if (level != side.end()) {
        level->second = after;
    } else {
        side.emplace(frame.price, after);
    }
    auto packet = packets.add<arb_book_change>(venue_name, received, frame.time);
    packet->side = frame.is_yes ? ARB_BOOK_BID : ARB_BOOK_ASK;
    packet->price = frame.is_yes ? frame.price : complement(frame.price);
    packet->size = after;
    packet->epoch = book.epoch;
    packet.text(&arb_book_change::market_id, frame.market);
    return Change::written;
}

void Books::spoil(Book& book) {
    if (book.in_step) ++waiting_;
    book.in_step = false;
}

void Books::spoil(std::string_view market) {
    if (auto const found = books_.find(market); found != books_.end()) spoil(found->second);
}

void Books::spoil_all() {
    for (auto& [market, book] : books_) spoil(book);
}

std::vector<std::string> Books::spoil_link(std::uint64_t link) {
    std::vector<std::string> out;
    for (auto& [market, book] : books_) {
        if (book.link != link && book.in_step) continue;
        spoil(book);
        out.push_back(market);
    }
    return out;
}

bool Books::in_step(std::string_view market) const {
    auto const* const book = find(market);
    return book != nullptr && book->in_step;
}

void Books::remove(std::string_view market) {
    auto const found = books_.find(market);
    if (found == books_.end()) return;
    if (!found->second.in_step) --waiting_;
    books_.erase(found);
}

std::vector<std::string> Books::waiting() const {
    std::vector<std::string> out;
    for (auto const& [market, book] : books_)
        if (!book.in_step) out.push_back(market);
    std::sort(out.begin(), out.end());
    return out;
}

Books::Book const* Books::find(std::string_view market) const {
    auto const found = books_.find(market);
    return found == books_.end() ? nullptr : &found->second;
}

}  // namespace arb::kalshi
