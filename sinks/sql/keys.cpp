#include "sinks/sql/keys.hpp"

#include <xxhash.h>

namespace arb::sql {
namespace {

constexpr std::size_t slots_at_first = 1024;
// Above this the cache starts anew: venues list new markets for ever, and what is not traded any more need
// not stay. 2^20 entries take at most 64 MB.
constexpr std::size_t entries_max = std::size_t{1} << 20;

}  // namespace

Identity identity(std::string_view venue, std::string_view id) {
    auto const hash = XXH3_128bits_withSeed(id.data(), id.size(), XXH3_64bits(venue.data(), venue.size()));
    return {hash.low64, hash.high64};
}

KeyCache::KeyCache() : slots_(slots_at_first) {}

KeyCache::Entry* KeyCache::slot(Identity const& identity) {
    auto const mask = slots_.size() - 1;
    for (auto i = identity.low & mask;; i = (i + 1) & mask) {
        auto& entry = slots_[i];
        if (entry.used == 0 || entry.identity == identity) return &entry;
    }
}

KeyCache::Entry* KeyCache::find(Identity const& identity) {
    auto* const entry = slot(identity);
    return entry->used == 0 ? nullptr : entry;
}

KeyCache::Entry& KeyCache::at(Identity const& identity) {
    auto* entry = slot(identity);
    if (entry->used != 0) return *entry;
    if (used_ >= entries_max) clear();
    if ((used_ + 1) * 10 > slots_.size() * 7) grow();
    entry = slot(identity);
    entry->used = 1;
    entry->identity = identity;
    ++used_;
    return *entry;
}

void KeyCache::grow() {
    std::vector<Entry> old(slots_.size() * 2);
    old.swap(slots_);
    for (auto const& entry : old)
        if (entry.used != 0) *slot(entry.identity) = entry;
}

void KeyCache::clear() {
    slots_ = std::vector<Entry>(slots_at_first);
    used_ = 0;
}

}  // namespace arb::sql
