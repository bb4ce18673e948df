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

#include "arbitrage/abi/base.h"
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
    arb_time received = 0;  // of a stored one
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
    // Polymarket's, which end without a word: whoever asks at the time that was announced knows it before the
    // last changes arrive, and may have stopped listening. Of these nothing is owed.
    std::map<Name, std::int64_t> ended;
};
Told read_ledger(std::string const& file);

struct Gap {
    std::string venue, market;  // no market: all of the venue
    std::int64_t from_ms, to_ms;
};

// What of the database concerns the books of the sample.
struct Stored {
    Steps steps;  // in the order in which they were stored
    std::vector<Gap> gaps;
    bool in_gap(Name const& market, std::int64_t ms) const;
};
Stored read_stored(Told const& told, test::Database& database);

// The book when nothing after `ms` had happened, and how many steps led to it. A stored book without a time
// of its own is as new as the change before it.
struct BookThen {
    Book book;
    std::size_t steps = 0;
};
BookThen told_book(std::vector<Step> const& told, std::int64_t ms);
BookThen stored_book(std::vector<Step> const& stored, std::int64_t ms);

// A market that was there when the run began.
struct Sampled {
    Name name;
    std::vector<Step> const* told;
    std::vector<Step> const* stored;
    // When its books can be compared. A market that opened silently: since it was found.
    std::int64_t from_ms, to_ms;
};
struct Sample {
    std::vector<Sampled> markets;
    std::vector<std::string> never_stored;
    std::int64_t found_after_ms_max = 0;  // a market that opened silently
};
// Those whose books can be compared between the two times.
Sample sample(Told const& told, Stored const& stored, std::int64_t from_ms, std::int64_t to_ms);

struct Comparison {
    long long instants = 0, in_gaps = 0;
    std::vector<std::string> different;
};
// At `instants` moments of each market, drawn by lot.
Comparison compare_books(Sample const& sample, Stored const& stored, unsigned instants,
                         std::mt19937_64& random);

std::string shown(Book const& book);

// Milliseconds to the first stored quote of each market from when it could be traded and somebody had ordered
// in it, if that was before `to_ms`; shortest first. Those that have no quote are `missing`.
struct FirstQuotes {
    std::vector<std::pair<double, Name>> ms;
    std::vector<std::string> missing;
};
FirstQuotes first_quotes(Told const& told, test::Database& database, std::int64_t to_ms);

}  // namespace arb::scale
