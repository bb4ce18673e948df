// The options of an instance, read once; every default of this plugin is here.
//
// Thread safety: const after construction.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "arbitrage/options.hpp"
#include "polymarket/auth.hpp"
#include "polymarket/prices.hpp"
#include "polymarket/selection.hpp"
#include "polymarket/timing.hpp"

namespace arb::polymarket {

struct Settings {
    std::string gamma_url = "https://gamma-api.polymarket.com";
    std::string clob_url = "https://clob.polymarket.com";
    std::string data_url = "https://data-api.polymarket.com";
    std::string websocket_url = "wss://ws-subscriptions-clob.polymarket.com/ws/market";
    std::string ca_file;
    std::chrono::milliseconds catalogue_every{std::chrono::minutes{5}};
    // How far back trades and resolutions are looked for at the start; 0: not at all.
    std::chrono::milliseconds backfill{std::chrono::hours{24}};
    // How often each book is written whole between its changes; 0: only when it begins anew.
    std::chrono::milliseconds snapshot_every{std::chrono::hours{1}};
    Record record;
    Select select;
    std::string address;  // of a wallet: the account's, or one whose positions are looked at
    std::optional<Credentials> credentials;
    Timing timing;  // no options: tests shorten them
};

// Reads the secret files. Throws ConfigurationError with the option at fault.
Settings read_settings(Options const& options);

}  // namespace arb::polymarket
