#include "venue/change_filter.hpp"

#include <xxhash.h>

namespace arb {

bool ChangeFilter::changed(std::string_view id, std::string_view content) { return changed(id, {content}); }

bool ChangeFilter::changed(std::string_view id, std::initializer_list<std::string_view> parts) {
    // Each part is hashed with the result so far as its seed, so that "ab" + "c" is not "a" + "bc".
    std::uint64_t hash = parts.size();
    for (auto const part : parts) hash = XXH3_64bits_withSeed(part.data(), part.size(), hash);
    return remember(id, hash);
}

void ChangeFilter::forget(std::string_view id) { content_by_id_.erase(XXH3_64bits(id.data(), id.size())); }

bool ChangeFilter::remember(std::string_view id, std::uint64_t content) {
    auto const key = XXH3_64bits(id.data(), id.size());
    auto const found = content_by_id_.find(key);
    if (found != content_by_id_.end()) {
        auto const differs = found->second != content;
        found->second = content;
        return differs;
    }
    if (content_by_id_.size() < rows_max) content_by_id_.emplace(key, content);
    return true;
}

}  // namespace arb
