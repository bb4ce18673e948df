#include "polymarket/book.hpp"

#include <algorithm>

#include "polymarket/decode.hpp"

namespace arb::polymarket {

namespace {

bool lower(arb_level const& a, arb_level const& b) { return a.price < b.price; }
bool higher(arb_level const& a, arb_level const& b) { return a.price > b.price; }

using Order = bool (*)(arb_level const&, arb_level const&);

bool read_levels(std::vector<LevelText> const& texts, std::vector<arb_level>& levels, Order order) {
    if (texts.size() > book_levels_max) return false;
    levels.clear();
    levels.reserve(texts.size());
    for (auto const& text : texts) {
        arb_level level{};
        if (read_level(text, level) != LevelError::none) return false;
        if (level.size != 0) levels.push_back(level);
    }
    // The venue sends them sorted; its older documentation did not.
    if (!std::is_sorted(levels.begin(), levels.end(), order)) std::sort(levels.begin(), levels.end(), order);
    auto const same = [](arb_level const& a, arb_level const& b) { return a.price == b.price; };
    return std::adjacent_find(levels.begin(), levels.end(), same) == levels.end();
}

}  // namespace

bool BookReader::read(StreamEvent const& event) {
    return event.has_bids && event.has_asks && !event.odd && read_levels(event.bids, bids_, lower) &&
           read_levels(event.asks, asks_, higher);
}

bool Book::replace(BookReader const& levels, arb_time time, bool fresh) {
    if (!fresh && time != 0 && time < time_) return false;
    bids_.assign(levels.bids().begin(), levels.bids().end());
    asks_.assign(levels.asks().begin(), levels.asks().end());
    if (fresh || time != 0) time_ = time;
    return true;
}

bool Book::is(BookReader const& levels) const {
    auto const same = [](std::vector<arb_level> const& a, std::vector<arb_level> const& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](arb_level const& x, arb_level const& y) {
            return x.price == y.price && x.size == y.size;
        });
    };
    return same(bids_, levels.bids()) && same(asks_, levels.asks());
}

Set Book::set(int side, arb_level level, arb_time time) {
    if (time != 0 && time < time_) return Set::older;
    if (time != 0) time_ = time;
    auto& levels = side == ARB_BOOK_BID ? bids_ : asks_;
    // From the best level on, which is where changes are.
    auto at = levels.end();
    if (side == ARB_BOOK_BID)
        while (at != levels.begin() && (at - 1)->price > level.price) --at;
    else
        while (at != levels.begin() && (at - 1)->price < level.price) --at;
    bool const held = at != levels.begin() && (at - 1)->price == level.price;
    if (held && level.size != 0)
        (at - 1)->size = level.size;
    else if (held)
        levels.erase(at - 1);
    else if (level.size != 0 && levels.size() >= book_levels_max)
        return Set::full;
    else if (level.size != 0)
        levels.insert(at, level);
    return Set::applied;
}

std::int64_t Book::size_at(int side, std::int64_t price) const {
    auto const& levels = side == ARB_BOOK_BID ? bids_ : asks_;
    auto const order = side == ARB_BOOK_BID ? lower : higher;
    auto const at = std::lower_bound(levels.begin(), levels.end(), arb_level{price, 0}, order);
    return at == levels.end() || at->price != price ? 0 : at->size;
}

void Book::clear() {
    bids_.clear();
    asks_.clear();
    time_ = 0;
}

}  // namespace arb::polymarket
