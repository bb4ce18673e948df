// Calls about an account: signed where the venue asks for it. They read; nothing here places, changes or
// cancels an order.
#include "arbitrage/time.hpp"
#include "polymarket/call.hpp"
#include "polymarket/decode_calls.hpp"
#include "polymarket/decode_trades.hpp"

namespace arb::polymarket {

namespace {

namespace json = boost::json;

// The venue's cursors before the first page and behind the last one.
constexpr std::string_view first_cursor = "MA==", last_cursor = "LTE=";
constexpr std::size_t page_positions = 100;

Result<std::vector<net::Header>> signed_headers(Call const& call, Rest const& clob, std::string_view path) {
    auto const& credentials = call.settings.credentials;
    if (!credentials)
        return invalid("/api_key",
                       "this command needs address, api_key, api_secret_file and api_passphrase_file");
    return auth_headers(*credentials, arb::now(), "GET", clob.prefix() + std::string{path});
}

// Every page of a signed listing of the CLOB.
asio::awaitable<Result<>> each_item(Call const& call, char const* path,
                                    json::object (*row)(std::string_view item)) {
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    std::string cursor{first_cursor};
    for (unsigned number = 0; number != call_pages_max; ++number) {
        auto headers = signed_headers(call, **clob, path);
        if (headers.has_error()) co_return headers.error();
        std::string target = std::string{path} + "?next_cursor=" + net::encode_query(cursor);
        if (auto const market = call.parameters.text("market"); !market.empty())
            target += "&market=" + net::encode_query(market);
        auto const body = co_await (*clob)->get(std::move(target), std::move(*headers));
        if (body.has_error()) co_return body.error();
        auto const page = decode_page(*body, "data");
        if (page.has_error()) co_return page.error();
        for (auto const item : page->items)
            if (!call.row(row(item))) co_return Result<>{};
        if (page->next_cursor.empty() || page->next_cursor == last_cursor || page->next_cursor == cursor)
            break;
        cursor = page->next_cursor;
    }
    co_return Result<>{};
}

}  // namespace

asio::awaitable<Result<>> orders(Call const& call) {
    co_return co_await each_item(call, "/data/orders", order_row);
}

asio::awaitable<Result<>> fills(Call const& call) {
    co_return co_await each_item(call, "/data/trades", fill_row);
}

asio::awaitable<Result<>> balance(Call const& call) {
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto headers = signed_headers(call, **clob, "/balance-allowance");
    if (headers.has_error()) co_return headers.error();
    auto target = "/balance-allowance?asset_type=COLLATERAL&signature_type=" +
                  std::to_string(call.parameters.integer("signature_type", 0));
    auto const body = co_await (*clob)->get(std::move(target), std::move(*headers));
    if (body.has_error()) co_return body.error();
    auto const row = balance_row(*body);
    if (row.has_error()) co_return row.error();
    call.row(*row);
    co_return Result<>{};
}

// Positions are public: any address will do.
asio::awaitable<Result<>> positions(Call const& call) {
    auto user = call.parameters.text("user");
    if (user.empty() && call.settings.credentials) user = call.settings.credentials->address;
    if (user.empty()) co_return invalid("/user", "give the address of a wallet");
    auto const data = call.data();
    if (data.has_error()) co_return data.error();
    auto left = call.parameters.integer("limit", 100);
    std::string cursor;
    for (unsigned number = 0; number != call_pages_max; ++number) {
        auto target =
            "/v2/positions?user=" + net::encode_query(user) + "&limit=" + std::to_string(page_positions);
        if (!cursor.empty()) target += "&cursor=" + net::encode_query(cursor);
        auto const body = co_await (*data)->get(std::move(target));
        if (body.has_error()) co_return body.error();
        auto const page = decode_page(*body, "data");
        if (page.has_error()) co_return page.error();
        for (auto const item : page->items)
            if (left-- <= 0 || !call.row(position_row(item))) co_return Result<>{};
        auto next = next_cursor(*body);
        if (next.empty() || next == cursor) break;
        cursor = std::move(next);
    }
    co_return Result<>{};
}

}  // namespace arb::polymarket
