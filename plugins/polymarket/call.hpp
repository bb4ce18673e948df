// One command while it runs, and what commands share. For the sources of commands alone.
//
// Thread safety: none; each command has a loop of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "arbitrage/commands.hpp"
#include "polymarket/decode_calls.hpp"
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

// What the CLOB wants to be asked for the first page.
inline constexpr char const* clob_first_cursor = "MA==";

// How a listing is turned over.
enum class Turn {
    none,    // one page is all of it
    cursor,  // the answer names the next page
    offset,  // by the number of rows before it
    number,  // by the number of the page, from 1 on, while the answer says that there are more
};

// A listing of pages.
struct Listing {
    std::string target;          // without the page
    char const* items = "data";  // the member that holds the rows
    Turn turn = Turn::cursor;
    char const* parameter = "cursor";  // what asks for a page
    std::string first = {};            // what asks for the first one
    std::size_t page_rows = 0;         // of a full page, where it is turned over by offset
    bool own = false;                  // of the account: signed
};

// Shows a row for each item, page by page, until `limit` (the parameter; `limit_default` without one) rows
// were shown or the listing ends. What `row` makes nothing of is not shown.
asio::awaitable<Result<>> show_listing(Call const& call, Rest& rest, Listing const& listing, RowOf row,
                                       std::int64_t limit_default = 100);
// The body of one answer, or why there is none.
asio::awaitable<Result<std::string>> ask(Call const& call, Rest& rest, std::string target, bool own = false);
// A parameter that leads nowhere: nothing is wrong with the configuration.
inline Error wrong(char const* parameter, std::string text) {
    return {ARB_PERMANENT, std::move(text), parameter};
}
// Shows all of them.
Result<> show_rows(Call const& call, Result<std::vector<boost::json::object>> const& rows);

// The market of that condition id or slug.
asio::awaitable<Result<MarketRow>> find_market(Rest& gamma, std::string const& name);
// The condition id of the parameter `market`: the id itself, a slug, or the id of one of its tokens.
asio::awaitable<Result<std::string>> find_condition(Call const& call);
// The token that the parameters market (which may itself be a token's id) and outcome name.
asio::awaitable<Result<std::string>> find_token(Call const& call);
// A row for each event and market in `select` that the venue has not, neither open nor closed; as far as can
// be asked within some seconds.
asio::awaitable<void> unknown_names(Call const& call);
using Visit = std::function<bool(std::string_view)>;
// Visits open events until `visit` says false; `order` is the venue's, such as "id&ascending=true".
asio::awaitable<Result<>> each_event(Call const& call, char const* order, Visit const& visit);

// commands_account.cpp: of a wallet; signed where the venue asks for it.
asio::awaitable<Result<>> orders(Call const& call);
asio::awaitable<Result<>> fills(Call const& call);
asio::awaitable<Result<>> balance(Call const& call);
asio::awaitable<Result<>> positions(Call const& call);
asio::awaitable<Result<>> notifications(Call const& call);
asio::awaitable<Result<>> keys(Call const& call);
// commands_listing.cpp: what there is.
asio::awaitable<Result<>> events(Call const& call);
asio::awaitable<Result<>> markets(Call const& call);
asio::awaitable<Result<>> search(Call const& call);
asio::awaitable<Result<>> series(Call const& call);
asio::awaitable<Result<>> tags(Call const& call);
asio::awaitable<Result<>> teams(Call const& call);
asio::awaitable<Result<>> comments(Call const& call);
asio::awaitable<Result<>> rewards(Call const& call);
// commands_market.cpp: of one market.
asio::awaitable<Result<>> book(Call const& call);
asio::awaitable<Result<>> fees(Call const& call);
asio::awaitable<Result<>> history(Call const& call);
asio::awaitable<Result<>> market(Call const& call);
asio::awaitable<Result<>> prices(Call const& call);
asio::awaitable<Result<>> trades(Call const& call);
// commands_selection.cpp
asio::awaitable<Result<>> selection(Call const& call);

}  // namespace arb::polymarket
