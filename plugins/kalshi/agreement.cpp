#include "agreement.hpp"

#include <algorithm>
#include <type_traits>

namespace arb::kalshi {

namespace {

std::size_t content_of(Quote const& quote) {
    static_assert(std::has_unique_object_representations_v<Quote>);
    return std::hash<std::string_view>{}({reinterpret_cast<char const*>(&quote), sizeof quote});
}

}  // namespace

Agreement::Before Agreement::told(std::string_view market, Quote const& quote, arb_time time,
                                  arb_time received, Take take) {
    auto found = told_.find(market);
    if (found == told_.end()) found = told_.emplace(std::string{market}, Told{}).first;
    auto& told = found->second;
    auto const content = content_of(quote);
    Before const before{told.time, told.content == content};
    if (take == Take::newer && time <= before.time) return before;
    weigh(told, quote.volume, received);
    told.content = content;
    told.best = {quote.bid, quote.ask};
    told.received = last_received_ = received;
    if (time != 0) told.time = time;
    compare(found->first, told, received);
    return before;
}

// Of a ticker. A trade that came after the first ticker and is in its volume makes the balance too high: that
// hides a loss of its size, and is nothing to act upon.
void Agreement::weigh(Told& told, std::int64_t volume, arb_time received) {
    told.trade_since = 0;
    if (volume == ARB_ABSENT) return;
    if (!told.counts || __builtin_sub_overflow(told.balance, volume - told.volume, &told.balance))
        told.balance = 0;
    told.counts = true;
    told.volume = volume;
    if (told.balance >= 0)
        told.short_since = 0;
    else if (told.short_since == 0)
        told.short_since = received;
}

void Agreement::traded(std::string_view market, std::int64_t size, arb_time received) {
    auto const found = told_.find(market);
    if (found == told_.end() || !found->second.counts) return;
    auto& told = found->second;
    if (__builtin_add_overflow(told.balance, size, &told.balance)) told.balance = 0;
    if (told.balance >= 0) told.short_since = 0;
    if (told.trade_since == 0) told.trade_since = received;
}

void Agreement::compare(std::string const& market, Told& told, arb_time now) {
    auto const book = best_(market);
    if (book.has_value() && *book != told.best) {
        if (told.differs_since == 0) told.differs_since = now;
        differing_.insert(market);
    } else if (told.differs_since != 0) {
        told.differs_since = 0;
        differing_.erase(market);
    }
}

std::vector<std::string> Agreement::differing(arb_time now) {
    std::vector<std::string> out;
    for (auto at = differing_.begin(); at != differing_.end();) {
        auto& told = told_.find(*at)->second;
        auto const book = best_(*at);
        if (!book.has_value() || *book == told.best) {
            told.differs_since = 0;
            at = differing_.erase(at);
            continue;
        }
        if (now - told.differs_since >= lasts_ &&
            (told.named_at == 0 || now - told.named_at >= again_after)) {
            told.named_at = now;
            out.push_back(*at);
        }
        ++at;
    }
    return out;
}

std::optional<Agreement::Doubt> Agreement::look(arb_time now, double share, arb_time patience) {
    std::optional<Doubt> out;
    auto const buckets = told_.bucket_count();
    auto const due = static_cast<std::size_t>(share * static_cast<double>(buckets)) + 1;
    for (std::size_t n = 0; n != std::min(due, buckets); ++n) {
        looked_at_ = (looked_at_ + 1) % buckets;
        for (auto at = told_.begin(looked_at_); at != told_.end(looked_at_); ++at) {
            auto& told = at->second;
            compare(at->first, told, now);
            if (out.has_value()) continue;
            if (told.balance < 0 && now - told.short_since >= patience)
                out = {at->first, ARB_STREAM_TRADES, told.short_since};
            else if (told.balance > 0 && told.trade_since != 0 && now - told.trade_since >= patience)
                out = {at->first, ARB_STREAM_QUOTES, told.trade_since};
        }
    }
    return out;
}

void Agreement::Told::settle() {
    counts = false;
    balance = short_since = trade_since = 0;
}

void Agreement::settle(std::string_view market) {
    if (auto const found = told_.find(market); found != told_.end()) found->second.settle();
}

void Agreement::settle_all() {
    for (auto& [market, told] : told_) told.settle();
}

Agreement::Last const* Agreement::last(std::string_view market) const {
    auto const found = told_.find(market);
    return found == told_.end() ? nullptr : &found->second;
}

arb_time Agreement::differs_since(std::string_view market) const {
    auto const found = told_.find(market);
    return found == told_.end() ? 0 : found->second.differs_since;
}

void Agreement::forget(std::string_view market) {
    if (auto const found = told_.find(market); found != told_.end()) told_.erase(found);
    if (auto const found = differing_.find(market); found != differing_.end()) differing_.erase(found);
}

}  // namespace arb::kalshi
