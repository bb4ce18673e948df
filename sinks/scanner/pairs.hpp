// Pairs as a person wrote them: two markets on two venues that pay on the same thing. The file is read by the
// host, which checks it against `pairs_schema` and names file, line and column of what is wrong.
//
// Thread safety: values.
#pragma once

#include <string>
#include <vector>

#include "arbitrage/host.hpp"

namespace arb::scanner {

struct Side {
    std::string venue;
    std::string market;  // the venue's id: a ticker, a condition id
    bool operator==(Side const&) const = default;
};

struct Pair {
    std::string id;  // as given, or "venue:market=venue:market": the same at every start
    Side a, b;
    int relation = ARB_RELATION_SAME;  // ARB_RELATION_*
    std::string note;
    bool operator==(Pair const&) const = default;
};

// Tells a file that was written or replaced from what it was; all zero for none.
struct FileVersion {
    std::uint64_t inode = 0, size = 0;
    arb_time changed = 0;
    bool operator==(FileVersion const&) const = default;
};
FileVersion version_of(std::string const& file);

extern char const* const pairs_schema;

// The pairs of `file`. ARB_INVALID with where "/pairs_file" if the file cannot be read, is wrong, pairs a
// market with itself or uses an id twice.
Result<std::vector<Pair>> read_pairs(Host host, std::string const& file);

// "same" or "inverse".
char const* relation_word(int relation);

}  // namespace arb::scanner
