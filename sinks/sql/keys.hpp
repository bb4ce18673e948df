// What the process remembers of the catalogue: the small key of each market, and a hash of the content last
// stored of each event and market, so that an unchanged catalogue sends nothing to the database.
//
// Memory: 32 bytes a slot, at most 70 % of the slots in use: 280,000 markets take 17 MB. The cache may forget
// at any time; the database knows. Thread safety: none.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace arb::sql {

// 128 bits of XXH3 over venue and id: among 10^9 ids a collision has a probability below 10^-20.
struct Identity {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    bool operator==(Identity const&) const = default;
};
Identity identity(std::string_view venue, std::string_view id);

class KeyCache {
  public:
    struct Entry {
        Identity identity{};
        std::uint64_t content = 0;  // 0: not known
        std::int32_t key = 0;       // 0: not known; the slot may still be in use
        std::uint32_t used = 0;
    };

    KeyCache();
    Entry* find(Identity const& identity);
    // The entry, made if it is not there. Pointers from earlier calls end here.
    Entry& at(Identity const& identity);
    void clear();

  private:
    Entry* slot(Identity const& identity);
    void grow();

    std::vector<Entry> slots_;
    std::size_t used_ = 0;
};

}  // namespace arb::sql
