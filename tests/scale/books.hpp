// The books of a sample of markets at instants drawn by lot: as the simulator's ledger has them, and as they
// are rebuilt from the database's snapshots and changes.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/database.hpp"

namespace arb::scale {

using Name = std::pair<std::string, std::string>;     // venue, market
using Ladder = std::map<std::int64_t, std::int64_t>;  // price -> size, in millionths
struct Book {
    Ladder bids, asks;
    bool operator==(Book const&) const = default;
};

struct Step {
    std::int64_t ms;  // when the venue made it; 0: it does not say
    bool whole;       // a book, not one level
    Book book;
    bool bid;
    std::int64_t price, size;
};
using Steps = std::map<Name, std::vector<Step>>;

struct Born {
    Name market;
    std::int64_t tradable_ms;
};

// What of the ledger concerns books and new markets.
struct Told {
    Steps steps;             // of the sample: the opening book, then every change
    std::vector<Born> born;  // announced while the run went on
    // When a market opened of which the venue says nothing: only the next listing shows it.
    std::map<Name, std::int64_t> opened_silently;
};
Told read_ledger(std::string const& file);

struct Comparison {
    long long markets = 0, instants = 0, in_gaps = 0, not_listed = 0, never_stored = 0;
    std::vector<std::string> different;
};
// At `instants` moments of each market between the two times. A market that opened silently is compared from
// `found_within_ms` after that on.
Comparison compare_books(Told const& told, test::Database& database, std::int64_t from_ms, std::int64_t to_ms,
                         std::int64_t found_within_ms, unsigned instants, std::mt19937_64& random);

// Milliseconds to the first stored quote of each market from when it could be traded and somebody had ordered
// in it, if that was before `to_ms`; shortest first. Those that have no quote are `missing`.
struct FirstQuotes {
    std::vector<std::pair<double, Name>> ms;
    std::vector<std::string> missing;
};
FirstQuotes first_quotes(Told const& told, test::Database& database, std::int64_t to_ms);

}  // namespace arb::scale
