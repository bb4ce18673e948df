// Books as whoever runs the program gets them: `arbitrage book MARKET --at TIME`.
//
// Thread safety: none.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "pipeline/collector.hpp"
#include "scale/books.hpp"

namespace arb::scale {

struct Answers {
    long long compared = 0;
    double milliseconds = 0, milliseconds_max = 0;  // of all and of the slowest
    std::vector<std::string> different;
    std::vector<std::string> refused;  // the command said that the book is not known, and why
};
// `count` books of markets and moments drawn by lot, outside gaps, against the ledger's. The ledger tells the
// venue's time and the command takes the time of receipt: each moment lies between the receipt of the last
// step that belongs to it and of the next.
Answers ask_books(Sample const& sample, Stored const& stored, test::Collector const& program, unsigned count,
                  std::mt19937_64& random);

}  // namespace arb::scale
