#include "commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "arbitrage/time.hpp"
#include "command_rows.hpp"
#include "rest.hpp"
#include "selection_report.hpp"

namespace arb::kalshi {

namespace {

// A person waits for the answer.
constexpr unsigned tries_max = 2;
constexpr std::int64_t limit_default = 50;
constexpr std::chrono::milliseconds request_max{10'000};
// The most candles the venue gives at once.
constexpr std::int64_t candles_max = 5'000;

// A paged list: its path, the key of its rows, the most on a page, and whether it belongs to the account.
struct List {
    std::string_view command;
    char const* path;
    char const* key;
    Row (*row)(Row const&);
    std::int64_t page_max;
    bool own;
};
constexpr List lists[] = {
    {"trades", "/markets/trades", "trades", trade_row, 1000, false},
    {"markets", "/markets", "markets", market_row, 1000, false},
    {"events", "/events", "events", event_row, 200, false},
    {"positions", "/portfolio/positions", "market_positions", position_row, 1000, true},
    {"fills", "/portfolio/fills", "fills", fill_row, 1000, true},
    {"settlements", "/portfolio/settlements", "settlements", settlement_row, 1000, true},
    {"orders", "/portfolio/orders", "orders", order_row, 1000, true},
    {"milestones", "/milestones", "milestones", milestone_row, 500, false},
    {"incentives", "/incentive_programs", "incentive_programs", incentive_row, 1000, false},
};

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

Error key_needed() {
    return invalid("/key_id",
                   "this command needs key_id and key_file: make a key on the venue's account page");
}

Error refused_key(Error const& error) {
    return error.where == "auth" ? invalid("/key_id", "the venue refuses key_id and key_file: " + error.text)
                                 : error;
}

// The first page's target; the venue filters by what was given.
std::string target_of(List const& list, Options const& parameters, std::int64_t limit) {
    auto const given = [&](char const* name) { return parameters.text(name); };
    auto target = fmt::format("{}?limit={}", list.path, std::min(limit, list.page_max));
    if (list.own || list.command == "trades") {
        target = with_query(std::move(target), "ticker", given("ticker"));
        target = with_query(std::move(target), "event_ticker", given("event"));
        return with_query(std::move(target), "status", given("status"));
    }
    if (list.command == "milestones") {
        target = with_query(std::move(target), "category", given("category"));
        return with_query(std::move(target), "related_event_ticker", given("event"));
    }
    if (list.command == "incentives") {
        target = with_query(std::move(target), "status", parameters.text("status", "active"));
        return with_query(std::move(target), "type", given("type"));
    }
    // Named rows are wanted in whatever state they are.
    auto const ticker = given("ticker");
    target = with_query(std::move(target), "status", ticker.empty() ? parameters.text("status", "open") : "");
    target = with_query(std::move(target), "series_ticker", given("series"));
    target = with_query(std::move(target), "tickers", ticker);
    if (list.command == "events") return target;
    target = with_query(std::move(target), "event_ticker", given("event"));
    return ticker.empty() ? target + "&mve_filter=exclude" : target;
}

net::asio::awaitable<Result<>> show_list(Rest& rest, List list, std::string target, std::int64_t limit,
                                         Rows const& row) {
    auto left = limit;
    std::function<bool(Document const&)> take = [&](Document const& page) {
        for (auto const& item : page.list(list.key)) {
            if (!item.is_object()) continue;
            if (left-- <= 0 || !row(list.row(item.get_object()))) return false;
        }
        return left > 0;
    };
    auto const done = co_await rest.pages(std::move(target), std::move(take), list.own);
    if (done.has_error()) co_return list.own ? refused_key(done.error()) : done.error();
    co_return Result<>{};
}

// One answer and the rows in it.
using Read = std::function<Result<std::vector<Row>>(Document const&)>;

net::asio::awaitable<Result<>> show(Rest& rest, std::string target, bool own, Read read, Rows const& row) {
    auto const document = co_await rest.get(std::move(target), own);
    if (document.has_error()) co_return own ? refused_key(document.error()) : document.error();
    auto const rows = read(*document);
    if (rows.has_error()) co_return rows.error();
    for (auto const& each : *rows)
        if (!row(each)) break;
    co_return Result<>{};
}

// A reader of an object below `key`, or of the whole body.
Read object_at(char const* key, Row (*make)(Row const&)) {
    return [key, make](Document const& document) -> Result<std::vector<Row>> {
        if (key == nullptr) return std::vector<Row>{make(document.object())};
        auto const* const value = document.object().if_contains(key);
        if (value == nullptr || !value->is_object())
            return permanent(std::string{"the venue's answer has no \""} + key + "\"");
        return std::vector<Row>{make(value->get_object())};
    };
}

Result<std::vector<Row>> candlestick_rows(Document const& document) {
    std::vector<Row> out;
    for (auto const& market : document.list("markets")) {
        auto const* const candles =
            market.is_object() ? market.get_object().if_contains("candlesticks") : nullptr;
        if (candles == nullptr || !candles->is_array()) continue;
        for (auto const& candle : candles->get_array())
            if (candle.is_object()) out.push_back(candlestick_row(candle.get_object()));
    }
    return out;
}

Result<std::string> candlesticks_target(Options const& parameters) {
    auto const interval = parameters.text("interval", "1h");
    std::int64_t const minutes = interval == "1m" ? 1 : interval == "1d" ? 1440 : 60;
    auto const last = parameters.duration("last", std::chrono::hours{24});
    auto const seconds = last.count() / 1000;
    if (seconds / (minutes * 60) > candles_max)
        return invalid("/last", fmt::format("more than {} candles: give a longer interval", candles_max));
    auto const to = arb::now() / second_ns;
    return fmt::format("/markets/candlesticks?market_tickers={}&start_ts={}&end_ts={}&period_interval={}",
                       net::encode_query(parameters.text("ticker")), to - seconds, to, minutes);
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

// What is one request and one answer.
struct Single {
    std::string target;
    bool own = false;
    Read read;
};

Result<Single> single_of(std::string_view name, Options const& parameters) {
    auto const ticker = net::encode_query(parameters.text("ticker"));
    if (name == "balance") return Single{"/portfolio/balance", true, object_at(nullptr, balance_row)};
    if (name == "limits") return Single{"/account/limits", true, object_at(nullptr, limits_row)};
    if (name == "exchange_status")
        return Single{"/exchange/status", false, [](Document const& document) -> Result<std::vector<Row>> {
                          return exchange_rows(document);
                      }};
    if (name == "schedule")
        return Single{"/exchange/schedule", false, [](Document const& document) -> Result<std::vector<Row>> {
                          return schedule_rows(document);
                      }};
    if (name == "cutoff") return Single{"/historical/cutoff", false, object_at(nullptr, cutoff_row)};
    if (name == "market") return Single{"/markets/" + ticker, false, object_at("market", full_market_row)};
    if (name == "candlesticks") {
        auto target = candlesticks_target(parameters);
        if (target.has_error()) return target.error();
        return Single{std::move(*target), false, candlestick_rows};
    }
    if (name != "book") return permanent("there is no command \"" + std::string{name} + "\"");
    auto const depth = static_cast<std::size_t>(std::max<std::int64_t>(parameters.integer("depth", 10), 0));
    return Single{"/markets/" + ticker + "/orderbook", false,
                  [depth](Document const& document) -> Result<std::vector<Row>> {
                      std::string_view reason;
                      auto const book = read_book(document, reason);
                      if (!book)
                          return permanent("the venue's answer is not understood: " + std::string{reason});
                      return book_rows(*book, depth);
                  }};
}

}  // namespace

Result<> run_command(Access const& access, std::string_view name, Options const& parameters,
                     Rows const& row) {
    net::asio::io_context io{1};
    auto rest = open(access, io);
    if (rest.has_error()) return rest.error();
    if (name == "selection") return wait_for(io, report_selection(**rest, access.settings, row));
    for (auto const& list : lists) {
        if (list.command != name) continue;
        if (list.own && access.signer == nullptr) return key_needed();
        auto const limit = std::max<std::int64_t>(parameters.integer("limit", limit_default), 1);
        return wait_for(io, show_list(**rest, list, target_of(list, parameters, limit), limit, row));
    }
    auto single = single_of(name, parameters);
    if (single.has_error()) return single.error();
    if (single->own && access.signer == nullptr) return key_needed();
    return wait_for(io, show(**rest, std::move(single->target), single->own, std::move(single->read), row));
}

Result<> probe_venue(Access const& access) {
    net::asio::io_context io{1};
    auto rest = open(access, io);
    if (rest.has_error()) return rest.error();
    return wait_for(io, probe(**rest));
}

}  // namespace arb::kalshi
