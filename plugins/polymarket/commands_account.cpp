// Calls about a wallet: signed where the venue asks for it. They read; nothing here places, changes or
// cancels an order.
#include <fmt/format.h>

#include "polymarket/call.hpp"

namespace arb::polymarket {

namespace {

constexpr std::size_t page_positions = 100;

// A signed listing of the CLOB, of one market if the parameters name one.
asio::awaitable<Result<>> show_own(Call const& call, char const* path, RowOf row) {
    Listing listing;
    listing.target = path;
    listing.parameter = "next_cursor";
    listing.first = clob_first_cursor;
    listing.own = true;
    if (!call.parameters.text("market").empty()) {
        auto const id = co_await find_condition(call);
        if (id.has_error()) co_return id.error();
        listing.target += "?market=" + net::encode_query(*id);
    }
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    co_return co_await show_listing(call, **clob, listing, row);
}

std::string signature_type(Call const& call) {
    return "signature_type=" + std::to_string(call.parameters.integer("signature_type", 0));
}

}  // namespace

asio::awaitable<Result<>> orders(Call const& call) {
    auto const id = call.parameters.text("id");
    if (id.empty()) co_return co_await show_own(call, "/data/orders", order_row);
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto target = "/data/order/" + net::encode_query(id);
    auto const body = co_await ask(call, **clob, std::move(target), true);
    if (body.has_error()) co_return body.error();
    auto const row = order_row(*body);
    if (row.empty() || row.at("order_id").as_string().empty())
        co_return permanent("the venue knows no order " + id);
    call.row(row);
    co_return Result<>{};
}

asio::awaitable<Result<>> fills(Call const& call) {
    co_return co_await show_own(call, "/data/trades", fill_row);
}

asio::awaitable<Result<>> balance(Call const& call) {
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto const token = call.parameters.text("token");
    auto target = "/balance-allowance?" + signature_type(call) +
                  (token.empty() ? "&asset_type=COLLATERAL"
                                 : "&asset_type=CONDITIONAL&token_id=" + net::encode_query(token));
    auto const body = co_await ask(call, **clob, std::move(target), true);
    if (body.has_error()) co_return body.error();
    co_return show_rows(call, balance_rows(*body, token.empty() ? "collateral" : "shares"));
}

asio::awaitable<Result<>> notifications(Call const& call) {
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    Listing listing;
    listing.target = "/notifications?" + signature_type(call);
    listing.turn = Turn::none;
    listing.own = true;
    co_return co_await show_listing(call, **clob, listing, notification_row);
}

asio::awaitable<Result<>> keys(Call const& call) {
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    Listing listing;
    listing.target = "/auth/api-keys";
    listing.items = "apiKeys";
    listing.turn = Turn::none;
    listing.own = true;
    co_return co_await show_listing(call, **clob, listing, key_row);
}

// Positions are public: any address will do.
asio::awaitable<Result<>> positions(Call const& call) {
    auto user = call.parameters.text("user");
    if (user.empty()) user = call.settings.address;
    if (user.empty())
        co_return invalid("/user",
                          "is missing: the address of a wallet, unless the pipeline has the option address");
    auto const data = call.data();
    if (data.has_error()) co_return data.error();
    bool const closed = call.parameters.flag("closed", false);
    Listing listing;
    listing.target = fmt::format("/v2/{}?user={}&limit={}", closed ? "closed-positions" : "positions",
                                 net::encode_query(user), page_positions);
    co_return co_await show_listing(call, **data, listing, closed ? closed_position_row : position_row);
}

}  // namespace arb::polymarket
