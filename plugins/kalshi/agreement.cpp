#include "agreement.hpp"

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
    told.content = content;
    told.best = {quote.bid, quote.ask};
    if (time != 0) told.time = time;
    auto const book = best_(market);
    if (book.has_value() && *book != told.best) {
        if (told.differs_since == 0) told.differs_since = received;
        differing_.insert(found->first);
    } else if (told.differs_since != 0) {
        told.differs_since = 0;
        differing_.erase(found->first);
    }
    return before;
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

Best const* Agreement::last(std::string_view market) const {
    auto const found = told_.find(market);
    return found == told_.end() ? nullptr : &found->second.best;
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
