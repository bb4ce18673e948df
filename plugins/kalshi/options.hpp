// The options of an instance, read once. Defaults stand here and in the manifest; a test compares them.
#pragma once

#include <chrono>
#include <string>

#include "arbitrage/options.hpp"
#include "selection.hpp"

namespace arb::kalshi {

struct Record {
    bool quotes = true;
    bool trades = true;
    bool books = false;
};

struct Settings {
    std::string rest_url = "https://external-api.kalshi.com/trade-api/v2";
    std::string websocket_url = "wss://external-api-ws.kalshi.com/trade-api/ws/v2";
    std::string ca_file;
    std::string key_id, key_file;  // both or none
    std::chrono::milliseconds catalogue_every{std::chrono::minutes{5}};
    std::chrono::milliseconds poll_every{std::chrono::seconds{10}};
    std::chrono::milliseconds backfill{std::chrono::hours{24}};       // of trades, at the start; 0: none
    std::chrono::milliseconds snapshot_every{std::chrono::hours{1}};  // of each book; 0: never
    Record record;
    Select select;
    Shard shard;

    // Every market of the venue but combos.
    bool everything() const { return select.all() && shard.whole(); }
};

// Throws ConfigurationError for an option that is wrong.
Settings read_settings(Options const& options);

// What is allowed and yet hardly meant, as a sentence; empty if there is nothing to say.
std::string misgiving(Settings const& settings);

}  // namespace arb::kalshi
