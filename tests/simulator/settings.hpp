// What a run of the simulator is told on its command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace arb::simulator {

struct Settings {
    std::string directory;
    std::uint16_t port = 0;  // 0: any free one
    std::uint64_t seed = 1;
    unsigned events = 12;                                    // over both venues
    unsigned markets = 60;                                   // over both venues
    unsigned kalshi_markets = 0, kalshi_events = 0;          // 0: half of those above
    unsigned polymarket_markets = 0, polymarket_events = 0;  // 0: half of those above
    double rate = 50;                                        // frames a second over both venues
    bool skewed = false;  // activity as real markets have it: the n-th market acts 1/n as often as the first
    unsigned sample = 0;  // markets whose quotes and books the ledger holds; 0: all
    double births = 0;    // new markets a second over both venues
    double rolling = 0;   // seconds a rolling market lasts; 0: there are none
    unsigned listing_lag_ms = 0;  // how much later than the stream listings learn of a new market
    double seconds = 0;           // how long to trade, then quiet; 0: for ever
    std::uint64_t frames = 0;  // how many frames to trade, then quiet, however long that takes; 0: no matter
    bool endless() const { return seconds <= 0 && frames == 0; }
    double lifetime = 3600;  // seconds until the process ends by itself
    bool quiet_start = false;
    std::string replay;               // recorded frames instead of an invented world's
    std::uint64_t flood = 0;          // tickers to each ticker subscriber, as fast as it reads
    unsigned flood_distinct = 20000;  // different frames, sent round and round
    unsigned flood_markets = 5000;
};

}  // namespace arb::simulator
