#include "books.hpp"

#include <algorithm>

#include "arbitrage/decimal.hpp"

namespace arb::kalshi {

void Books::expect(std::string_view market) {
    auto const [entry, fresh] = books_.try_emplace(std::string{market});
    if (fresh)
        ++waiting_, bytes_ += bytes_of(entry->second);
    else
        spoil(entry->second);
}

void Books::snapshot(Frame const& frame, arb_time received, Packets& packets, std::uint64_t link) {
    auto found = books_.find(frame.market);
    if (found == books_.end())
        found = books_.emplace(std::string{frame.market}, Book{}).first, bytes_ += bytes_of(found->second);
    else if (!found->second.in_step)
        --waiting_;
    auto& book = found->second;
    bytes_ -= bytes_of(book);
    book.yes.clear();
    book.no.clear();
    book.yes.reserve(frame.yes.size());
    book.no.reserve(frame.no.size());
    // Two entries of one price are one level of both sizes.
    for (auto const& level : frame.yes) book.yes[level.price] += level.size;
    for (auto const& level : frame.no) book.no[level.price] += level.size;
    bytes_ += bytes_of(book);
    book.epoch = ++last_epoch_;
    book.link = link;
    book.began = received;
    book.in_step = true;
    write(frame.market, book, received, frame.time, packets);
}

void Books::write(std::string_view market, Book const& book, arb_time received, arb_time time,
                  Packets& packets) {
    bids_.clear();
    asks_.clear();
    for (auto level = book.yes.rbegin(); level != book.yes.rend(); ++level)
        bids_.push_back({level->first, level->second});
    for (auto level = book.no.rbegin(); level != book.no.rend(); ++level)
        asks_.push_back({complement(level->first), level->second});
    auto packet = packets.add<arb_book>(venue_name, received, time);
    packet->epoch = book.epoch;
    packet.text(&arb_book::market_id, market);
    packet.levels(&arb_book::bids, bids_);
    packet.levels(&arb_book::asks, asks_);
}

void Books::write_some(double share, arb_time now, Packets& packets, std::function<void()> const& added) {
    if (books_.empty()) return;
    due_ += share * static_cast<double>(books_.size());
    for (; due_ >= 1; due_ -= 1) {
        if (round_.empty())
            for (auto const& [market, book] : books_) round_.push_back(market);
        auto const found = books_.find(round_.back());
        if (found != books_.end() && found->second.in_step)
            write(found->first, found->second, now, 0, packets);
        round_.pop_back();
        added();
    }
}

std::optional<Best> Books::best(std::string_view market) const {
    auto const* const book = find(market);
    if (book == nullptr || !book->in_step) return {};
    Best out;
    if (!book->yes.empty()) out.bid = book->yes.rbegin()->first;
    if (!book->no.empty()) out.ask = complement(book->no.rbegin()->first);
    return out;
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
        bytes_ -= bytes_of(book);
        side.emplace(frame.price, after);
        bytes_ += bytes_of(book);
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
    bytes_ -= bytes_of(found->second);
    books_.erase(found);
}

std::vector<std::string> Books::waiting() const {
    std::vector<std::string> out;
    for (auto const& [market, book] : books_)
        if (!book.in_step) out.push_back(market);
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::string> Books::markets_in_step() const {
    std::vector<std::string> out;
    for (auto const& [market, book] : books_)
        if (book.in_step) out.push_back(market);
    return out;
}

Books::Book const* Books::find(std::string_view market) const {
    auto const found = books_.find(market);
    return found == books_.end() ? nullptr : &found->second;
}

}  // namespace arb::kalshi
