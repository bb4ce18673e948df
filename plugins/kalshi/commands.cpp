#include "commands.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "rest.hpp"

namespace arb::kalshi {

namespace {

namespace json = boost::json;

// A person waits for the answer.
constexpr unsigned tries_max = 2;
// The most the venue puts on a page of markets or trades, and of events.
constexpr std::int64_t page_max = 1000, events_page_max = 200;
constexpr std::int64_t limit_default = 50;
constexpr std::chrono::milliseconds request_max{10'000};

Result<std::unique_ptr<Rest>> open(Access const& access, net::asio::io_context& io) {
    net::HttpLimits limits;
    limits.request_max = request_max;
    auto client = net::HttpClient::create(io.get_executor(), access.tls, access.settings.rest_url, limits);
    if (client.has_error()) return invalid("/rest_url", client.error().text);
    return std::make_unique<Rest>(std::move(*client), access.signer, tries_max);
}

Result<> wait_for(net::asio::io_context& io, net::asio::awaitable<Result<>> work) {
    std::optional<Result<>> out;
    net::asio::co_spawn(io, std::move(work), [&out](std::exception_ptr thrown, Result<> result) {
        out = thrown ? Result<>{permanent("the command ended unexpectedly")} : std::move(result);
    });
    io.run();
    return out.value_or(Result<>{retry("the command was interrupted")});
}

// A member as people read it: text as it is, absent as null.
json::value shown(json::object const& object, std::string_view key) {
    auto const* const value = object.if_contains(key);
    return value != nullptr ? *value : json::value{};
}

// Decimal texts without the zeros at their end.
json::value decimal(json::object const& object, std::string_view key) {
    auto const value = shown(object, key);
    if (!value.is_string()) return value;
    auto const number = parse_decimal(std::string_view{value.get_string()});
    return number ? json::value(format_decimal(number.millionths)) : value;
}

json::value amount(std::int64_t value) {
    return value == ARB_ABSENT ? json::value{} : json::value(format_decimal(value));
}

json::object trade_row(json::object const& trade) {
    return {{"time", shown(trade, "created_time")},         {"ticker", shown(trade, "ticker")},
            {"price", decimal(trade, "yes_price_dollars")}, {"size", decimal(trade, "count_fp")},
            {"taker", shown(trade, "taker_outcome_side")},  {"block", shown(trade, "is_block_trade")},
            {"trade_id", shown(trade, "trade_id")}};
}

json::object market_row(json::object const& market) {
    std::string_view reason;
    auto const row = read_quote_row(json::value(market), reason);
    Quote const quote = row.has_value() ? row->quote : Quote{};
    return {{"ticker", shown(market, "ticker")},
            {"title", shown(market, "title")},
            {"status", shown(market, "status")},
            {"bid", amount(quote.bid)},
            {"bid_size", amount(quote.bid_size)},
            {"ask", amount(quote.ask)},
            {"ask_size", amount(quote.ask_size)},
            {"last", amount(quote.last_price)},
            {"volume_24h", decimal(market, "volume_24h_fp")},
            {"closes", shown(market, "close_time")},
            {"event", shown(market, "event_ticker")}};
}

json::object event_row(json::object const& event) {
    return {{"ticker", shown(event, "event_ticker")},
            {"title", shown(event, "title")},
            {"subtitle", shown(event, "sub_title")},
            {"category", shown(event, "category")},
            {"series", shown(event, "series_ticker")},
            {"mutually_exclusive", shown(event, "mutually_exclusive")}};
}

// Rows of a paged list, `limit` of them.
struct Listing {
    std::string target;
    char const* key;
    json::object (*row)(json::object const&);
    std::int64_t limit;
};

net::asio::awaitable<Result<>> list(Rest& rest, Listing listing, Rows const& row) {
    auto left = listing.limit;
    std::function<bool(Document const&)> take = [&](Document const& page) {
        for (auto const& item : page.list(listing.key)) {
            if (!item.is_object()) continue;
            if (left-- <= 0 || !row(listing.row(item.get_object()))) return false;
        }
        return left > 0;
    };
    co_return co_await rest.pages(std::move(listing.target), std::move(take));
}

Listing listing_of(std::string_view name, Options const& parameters) {
    auto const limit = std::max<std::int64_t>(parameters.integer("limit", limit_default), 1);
    auto const ticker = parameters.text("ticker");
    auto const page = std::to_string(std::min(limit, name == "events" ? events_page_max : page_max));
    if (name == "trades")
        return {with_query("/markets/trades?limit=" + page, "ticker", ticker), "trades", trade_row, limit};
    auto target = "/" + std::string{name} + "?limit=" + page;
    // Named rows are wanted in whatever state they are.
    auto const status =
        ticker.empty() || parameters.has("status") ? parameters.text("status", "open") : std::string{};
    target = with_query(std::move(target), "status", ticker.empty() ? status : std::string{});
    target = with_query(std::move(target), "series_ticker", parameters.text("series"));
    target = with_query(std::move(target), "tickers", ticker);
    if (name == "events") return {target, "events", event_row, limit};
    target = with_query(std::move(target), "event_ticker", parameters.text("event"));
    if (ticker.empty()) target += "&mve_filter=exclude";
    return {target, "markets", market_row, limit};
}

Error key_needed() {
    return invalid("/key_id",
                   "this command needs key_id and key_file: make a key on the venue's account page");
}

Error refused_key(Error const& error) {
    return error.where == "auth" ? invalid("/key_id", "the venue refuses key_id and key_file: " + error.text)
                                 : error;
}

net::asio::awaitable<Result<>> balance(Rest& rest, Rows const& row) {
    std::string target = "/portfolio/balance";
    auto const document = co_await rest.get(std::move(target), true);
    if (document.has_error()) co_return refused_key(document.error());
    auto const& object = document->object();
    // Whole cents.
    auto const dollars = [&](char const* key) {
        auto const* const cents = object.if_contains(key);
        if (cents == nullptr || !cents->is_int64()) return json::value{};
        return json::value(format_decimal(cents->get_int64() * (ARB_UNIT / 100)));
    };
    auto const exact = decimal(object, "balance_dollars");
    auto const* const updated = object.if_contains("updated_ts");
    row({{"balance", exact.is_string() ? exact : dollars("balance")},
         {"portfolio_value", dollars("portfolio_value")},
         {"updated", updated != nullptr && updated->is_int64()
                         ? json::value(format_time(updated->get_int64() * second_ns))
                         : json::value{}}});
    co_return Result<>{};
}

net::asio::awaitable<Result<>> exchange_status(Rest& rest, Rows const& row) {
    std::string target = "/exchange/status";
    auto const document = co_await rest.get(std::move(target));
    if (document.has_error()) co_return document.error();
    auto const one = [&](json::object const& of, json::value part) {
        return row({{"part", std::move(part)},
                    {"exchange_active", shown(of, "exchange_active")},
                    {"trading_active", shown(of, "trading_active")},
                    {"resumes", shown(of, "exchange_estimated_resume_time")}});
    };
    auto const& parts = document->list("exchange_index_statuses");
    if (parts.empty()) one(document->object(), "exchange");
    for (auto const& part : parts)
        if (part.is_object() && !one(part.get_object(), shown(part.get_object(), "description"))) break;
    co_return Result<>{};
}

net::asio::awaitable<Result<>> probe(Rest& rest) {
    std::string target = "/exchange/status";
    auto const status = co_await rest.get(std::move(target));
    if (status.has_error()) co_return status.error();
    if (!rest.has_key()) co_return Result<>{};
    target = "/portfolio/balance";
    auto const account = co_await rest.get(std::move(target), true);
    if (account.has_error()) co_return refused_key(account.error());
    co_return Result<>{};
}

}  // namespace

Result<> run_command(Access const& access, std::string_view name, Options const& parameters,
                     Rows const& row) {
    net::asio::io_context io{1};
    auto rest = open(access, io);
    if (rest.has_error()) return rest.error();
    if (name == "balance")
        return access.signer == nullptr ? Result<>{key_needed()} : wait_for(io, balance(**rest, row));
    if (name == "exchange_status") return wait_for(io, exchange_status(**rest, row));
    if (name == "trades" || name == "markets" || name == "events")
        return wait_for(io, list(**rest, listing_of(name, parameters), row));
    return permanent("there is no command \"" + std::string{name} + "\"");
}

Result<> probe_venue(Access const& access) {
    net::asio::io_context io{1};
    auto rest = open(access, io);
    if (rest.has_error()) return rest.error();
    return wait_for(io, probe(**rest));
}

}  // namespace arb::kalshi
