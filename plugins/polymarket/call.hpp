// One command while it runs, and what commands share. For the sources of commands alone.
//
// Thread safety: none; each command has a loop of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "arbitrage/commands.hpp"
#include "polymarket/decode_catalogue.hpp"
#include "polymarket/options.hpp"
#include "polymarket/rest.hpp"

namespace arb::polymarket {

namespace asio = net::asio;

// A person waits for the answer: one repetition, not five.
inline constexpr unsigned command_tries = 2;
// Pages of one call; a person reads no more, and a cursor that leads nowhere ends.
inline constexpr unsigned call_pages_max = 100;

// A command or probe.
struct Call {
    asio::any_io_executor executor;
    Settings const& settings;
    std::shared_ptr<net::Tls> const& tls;
    Options const& parameters;
    Rows const& row;
    net::HttpLimits limits = {};
    unsigned tries = command_tries;

    Result<std::unique_ptr<Rest>> rest(char const* option, std::string const& url) const {
        auto client = net::HttpClient::create(executor, tls, url, limits);
        if (client.has_error()) return invalid(option, client.error().text);
        return std::make_unique<Rest>(std::move(*client), tries);
    }
    Result<std::unique_ptr<Rest>> gamma() const { return rest("/gamma_url", settings.gamma_url); }
    Result<std::unique_ptr<Rest>> clob() const { return rest("/clob_url", settings.clob_url); }
    Result<std::unique_ptr<Rest>> data() const { return rest("/data_url", settings.data_url); }
};

using Work = asio::awaitable<Result<>> (*)(Call const& call);

// The market of that condition id or slug.
asio::awaitable<Result<MarketRow>> find_market(Rest& gamma, std::string const& name);
using Visit = std::function<bool(std::string_view)>;
// Visits open events until `visit` says false; `order` is the venue's, such as "id&ascending=true".
asio::awaitable<Result<>> each_event(Call const& call, char const* order, Visit const& visit);
// The token that the parameters token, or market and outcome, name.
asio::awaitable<Result<std::string>> find_token(Call const& call);

// commands_account.cpp: need a key or an address.
asio::awaitable<Result<>> orders(Call const& call);
asio::awaitable<Result<>> fills(Call const& call);
asio::awaitable<Result<>> balance(Call const& call);
asio::awaitable<Result<>> positions(Call const& call);
// commands_selection.cpp
asio::awaitable<Result<>> selection(Call const& call);

}  // namespace arb::polymarket
