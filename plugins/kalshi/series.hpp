// The series of the venue and their fees: read whole once an hour, what changed with each sweep in between,
// and written where something is collected of them.
//
// Thread safety: none; on the venue's thread. Keeps every series with its JSON: some thousand, about 1 KB
// each.
#pragma once

#include <unordered_set>

#include "drift.hpp"
#include "fees.hpp"
#include "rest.hpp"

namespace arb::kalshi {

class SeriesBook {
  public:
    struct Parts {
        Host host;
        Outbox& outbox;
        Rest& rest;
        Fees& fees;
        Drift& drift;
        // Whether something of this event is collected.
        std::function<bool(std::string_view event)> collected;
    };
    explicit SeriesBook(Parts parts) : parts_{std::move(parts)} {}

    // Reads the list. ARB_RETRY and so on as Rest::get.
    net::asio::awaitable<Result<>> read();
    // Changes of fees with their dates; after a sweep, when it is known what is collected.
    net::asio::awaitable<Result<>> read_fee_changes();
    // When the next announced fees of a collected series are to be read, because they will have begun; 0:
    // there are none.
    arb_time next_fee_change() const { return next_fee_change_; }

    SeriesTable const& table() const { return table_; }

    // Something is collected of this series: it is written now and whenever it changes.
    void collect(std::string_view series);

  private:
    void take(Document const& document);
    void write(std::string const& ticker, Series const& series);

    Parts const parts_;
    SeriesTable table_;
    std::unordered_set<std::string> collected_;
    ChangeFilter filter_;
    arb_time read_whole_ = 0, read_ = 0;
    arb_time next_fee_change_ = 0;
};

}  // namespace arb::kalshi
