// Where the venue's answers differ from what this plugin was written for: fields that are new, missing or of
// another type, and messages that cannot be used at all. Neighbours of what is wrong are kept. What was said
// once is not said again for a minute, so that a field in every frame costs a lookup.
//
// Thread safety: none; on the venue's thread. Bounded by `said_max` and `messages_max`.
#pragma once

#include <boost/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "arbitrage/host.hpp"
#include "decode.hpp"
#include "venue/outbox.hpp"

namespace arb::kalshi {

class Drift {
  public:
    // Different fields of which something is said in a minute; further ones wait for the next.
    static constexpr std::size_t said_max = 1'000;
    static constexpr arb_time again_after = INT64_C(60'000'000'000);
    // Messages kept in a minute; a venue that changes everything would fill the disk with what nobody reads.
    static constexpr unsigned messages_max = 100;
    // Rows that are known to be of no use; of more than that, some are told of twice.
    static constexpr std::size_t rows_max = 10'000;
    // Of a message as a sample.
    static constexpr std::size_t sample_max = 512;

    Drift(Host host, Outbox& outbox) : host_{host}, outbox_{outbox} {}

    // A message cannot be used: counted, kept whole, and loud once a minute for each reason.
    void refused(std::string_view source, std::string_view reason, std::string_view body);
    // The same of a row of a list, which comes again with each reading: only of what it says for the first
    // time.
    void refused(std::string_view source, std::string_view reason, boost::json::value const& row);

    // A value was left out; `what` is ARB_DRIFT_*.
    void doubtful(std::string_view source, Doubts const& doubts, std::string_view sample = {});
    void field(int what, std::string_view source, std::string_view field, std::string_view sample = {});

    // Every key of `row` that is not in `known`, which is sorted.
    void keys(std::string_view source, boost::json::object const& row,
              std::span<std::string_view const> known);

  private:
    bool say(std::string_view kind, std::string_view source, std::string_view field);

    Host const host_;
    Outbox& outbox_;
    std::unordered_map<std::string, bool> said_;
    std::unordered_set<std::size_t> rows_;  // hashes
    std::string key_;                       // kept for its memory
    arb_time minute_ = 0;
    unsigned messages_ = 0;
};

// Keys of the venue's objects that this plugin knows of, used or not, sorted.
std::span<std::string_view const> known_market_keys();
std::span<std::string_view const> known_event_keys();
std::span<std::string_view const> known_series_keys();
std::span<std::string_view const> known_trade_keys();

}  // namespace arb::kalshi
