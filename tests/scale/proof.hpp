// What was stored, against what the ledger says: trades, changes of books, books at any instant, first quotes
// of new markets.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "scale/books.hpp"
#include "scale/figures.hpp"
#include "scale/stage.hpp"

namespace arb::scale {

// When what happened, Unix milliseconds.
struct Times {
    std::int64_t begun_ms = 0, steady_end_ms = 0, burst_begin_ms = 0, burst_end_ms = 0, end_ms = 0;
};

struct Thoroughness {
    std::uint64_t seed = 1;     // of the lots
    unsigned instants = 10;     // of each market of the sample
    unsigned asked_books = 50;  // of `arbitrage book`
};

class Proof {
  public:
    // After the world is quiet and the queue empty.
    Proof(Stage& stage, Figures& figures, Times const& times, Thoroughness const& thoroughness);
    void trades();
    void gaps();
    void changes();
    void books();
    void new_markets();

  private:
    long long count(std::string const& rows);
    void compare(Sample const& sample);
    void ask(Sample const& sample);

    Stage& stage_;
    Figures& figures_;
    Times const& times_;
    Thoroughness const& thoroughness_;
    std::unique_ptr<test::Database> rows_;
    Told told_;
    Stored stored_;
    std::mt19937_64 random_;
};

}  // namespace arb::scale
