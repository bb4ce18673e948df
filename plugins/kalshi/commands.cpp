#include "commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <set>

#include "arbitrage/time.hpp"
#include "command_rows.hpp"
#include "member.hpp"
#include "rest.hpp"
#include "selection_report.hpp"

namespace arb::kalshi {

namespace {

// A person waits for the answer.
constexpr unsigned tries_max = 2;
constexpr std::int64_t limit_default = 50;
constexpr std::chrono::milliseconds request_max{10'000};
constexpr std::chrono::milliseconds handshake_max{5'000};
// All series come in one answer of some ten MB.
constexpr std::uint64_t body_bytes_max = 64 << 20;
// The most candles the venue gives at once.
constexpr std::int64_t candles_max = 5'000;

// A parameter of the venue's, the command's that it follows, and what it is without that.
struct Filter {
    std::string_view query = {}, parameter = {}, otherwise = {};
};

// A paged list: its path, where the venue keeps what is old of it (null: nowhere), the key of its rows, the
// most on a page (0: all of it is one page), and whether it belongs to the account.
struct List {
    std::string_view command;
    char const* path;
    char const* past;
    char const* key;
    Row (*row)(Row const&);
    std::int64_t page_max;
    bool own;
    Filter filters[4];
    char const* size = "limit";
};
constexpr Filter by_ticker{"ticker", "ticker"}, by_event{"event_ticker", "event"},
    by_series{"series_ticker", "series"}, by_status{"status", "status"},
    open_ones{"status", "status", "open"}, named{"tickers", "ticker"};
constexpr List lists[] = {
    {"trades", "/markets/trades", "/historical/trades", "trades", trade_row, 1000, false, {by_ticker}},
    {"markets",
     "/markets",
     nullptr,
     "markets",
     market_row,
     1000,
     false,
     {open_ones, by_series, named, by_event}},
    {"events", "/events", nullptr, "events", event_row, 200, false, {open_ones, by_series, named}},
    {"series",
     "/series",
     nullptr,
     "series",
     series_row,
     0,
     false,
     {{"category", "category"}, {"tags", "tags"}}},
    {"positions",
     "/portfolio/positions",
     "/historical/positions",
     "market_positions",
     position_row,
     1000,
     true,
     {by_ticker, by_event}},
    {"fills", "/portfolio/fills", "/historical/fills", "fills", fill_row, 1000, true, {by_ticker}},
    {"settlements",
     "/portfolio/settlements",
     nullptr,
     "settlements",
     settlement_row,
     1000,
     true,
     {by_ticker, by_event}},
    {"orders",
     "/portfolio/orders",
     "/historical/orders",
     "orders",
     order_row,
     1000,
     true,
     {by_ticker, by_status}},
    {"milestones",
     "/milestones",
     nullptr,
     "milestones",
     milestone_row,
     500,
     false,
     {{"category", "category"}, {"related_event_ticker", "event"}}},
    {"incentives",
     "/incentive_programs",
     nullptr,
     "incentive_programs",
     incentive_row,
     1000,
     false,
     {{"status", "status", "active"}, {"type", "type"}}},
    {"collections",
     "/multivariate_event_collections",
     nullptr,
     "multivariate_contracts",
     collection_row,
     200,
     false,
     {by_status, by_series, {"associated_event_ticker", "event"}}},
    {"targets",
     "/structured_targets",
     nullptr,
     "structured_targets",
     target_row,
     2000,
     false,
     {{"type", "type"}, {"competition", "competition"}},
     "page_size"},
};

Result<std::unique_ptr<Rest>> open(Access const& access, net::asio::io_context& io) {
    net::HttpLimits limits;
    limits.request_max = request_max;
    limits.body_bytes_max = body_bytes_max;
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
    return invalid("/key_id", "this needs key_id and key_file: make a key on the venue's account page");
}

// With what a person can do about it.
Error advised(Error error, bool signed_in) {
    if (error.where == "auth")
        return signed_in ? invalid("/key_id", "the venue refuses key_id and key_file: " + error.text)
                         : key_needed();
    if (error.where == "not_found") error.text += "; nothing there has that name: check it";
    if (error.where == "busy") error.text += "; too many were asked: wait a minute and try again";
    return error;
}

// The first page's target; the venue filters by what was given.
std::string target_of(List const& list, Options const& parameters, std::int64_t limit, bool past) {
    std::string target = past ? list.past : list.path;
    if (list.page_max != 0)
        target = with_query(std::move(target), list.size, std::to_string(std::min(limit, list.page_max)));
    bool by_name = false;
    for (auto const& filter : list.filters)
        by_name |= filter.query == named.query && !parameters.text(filter.parameter).empty();
    for (auto const& filter : list.filters)
        // Named rows are wanted in whatever state they are.
        if (!filter.query.empty() && !(by_name && filter.query == open_ones.query))
            target = with_query(std::move(target), filter.query,
                                parameters.text(filter.parameter, filter.otherwise));
    // New combos come several times a second.
    return list.command == "markets" && !by_name ? target + "&mve_filter=exclude" : target;
}

// Many pages are asked for at the pace that the venue wants.
net::asio::awaitable<void> learn_costs(Rest& rest) {
    std::string target = "/account/endpoint_costs";
    auto const document = co_await rest.get(std::move(target));
    if (document.has_error()) co_return;  // what it costs usually will do
    Doubts doubts;
    rest.set_costs(Costs::read(*document, doubts));
}

// The rows of one target after the other, up to `limit` of all.
net::asio::awaitable<Result<>> show_list(Rest& rest, List list, std::vector<std::string> targets,
                                         std::int64_t limit, Rows const& row) {
    if (limit > list.page_max && list.page_max != 0) co_await learn_costs(rest);
    auto left = limit;
    // What the venue moves to its past meanwhile is in both lists.
    std::set<std::string, std::less<>> shown;
    std::function<bool(Document const&)> const take = [&](Document const& page) {
        for (auto const& item : page.list(list.key)) {
            if (!item.is_object()) continue;
            auto const id = text(item.get_object(), "trade_id");
            if (targets.size() > 1 && !id.empty() && !shown.emplace(id).second) continue;
            if (!row(list.row(item.get_object()))) left = 1;
            if (--left == 0) return false;
        }
        return true;
    };
    for (auto const& target : targets) {
        auto copy = target;
        auto const done = co_await rest.pages(std::move(copy), take, list.own);
        // A venue may have no past of its own.
        bool const first = &target == &targets.front();
        if (done.has_error() && (first || done.error().where != "not_found"))
            co_return advised(done.error(), list.own);
        if (left == 0) break;
    }
    co_return Result<>{};
}

// Of one market the present list is not all: it goes on in the past.
std::vector<std::string> targets_of(List const& list, Options const& parameters, std::int64_t limit) {
    bool const past = list.past != nullptr && parameters.flag("past", false);
    std::vector<std::string> out{target_of(list, parameters, limit, past)};
    if (list.past != nullptr && !list.own && !past && !parameters.text("ticker").empty())
        out.push_back(target_of(list, parameters, limit, true));
    return out;
}

// One answer and the rows in it.
using Read = std::function<Result<std::vector<Row>>(Document const&)>;

enum class Key : std::uint8_t { no, if_given, needed };

// What is one request and one answer.
struct Single {
    std::string target;
    Key key = Key::no;
    Read read;
    std::string past = {};  // where the venue keeps it when it is old
};

net::asio::awaitable<Result<std::vector<Row>>> ask(Rest& rest, std::string target, Single const& single) {
    auto const document = co_await rest.get(std::move(target), single.key != Key::no);
    if (document.has_error()) co_return document.error();
    co_return single.read(*document);
}

net::asio::awaitable<Result<>> show(Rest& rest, Single single, Rows const& row) {
    auto target = single.target;
    auto rows = co_await ask(rest, std::move(target), single);
    // What the venue moved to its past is not found among the present, or has no row there.
    bool const gone = rows.has_error() ? rows.error().where == "not_found" : rows->empty();
    if (gone && !single.past.empty()) {
        auto past = co_await ask(rest, std::move(single.past), single);
        if (past.has_value()) rows = std::move(past);
    }
    if (rows.has_error()) co_return advised(rows.error(), single.key != Key::no && rest.has_key());
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

Read rows_by(std::vector<Row> (*make)(Document const&)) {
    return [make](Document const& document) -> Result<std::vector<Row>> { return make(document); };
}

Result<Single> candlesticks(Options const& parameters) {
    auto const interval = parameters.text("interval", "1h");
    std::int64_t const minutes = interval == "1m" ? 1 : interval == "1d" ? 1440 : 60;
    auto const last = parameters.duration("last", std::chrono::hours{24});
    auto const seconds = last.count() / 1000;
    if (seconds / (minutes * 60) > candles_max)
        return invalid("/last", fmt::format("more than {} candles: give a longer interval", candles_max));
    auto const to = arb::now() / second_ns;
    auto const times = fmt::format("start_ts={}&end_ts={}&period_interval={}", to - seconds, to, minutes);
    auto const ticker = net::encode_query(parameters.text("ticker"));
    return Single{"/markets/candlesticks?market_tickers=" + ticker + "&" + times, Key::no,
                  rows_by(candlestick_rows), "/historical/markets/" + ticker + "/candlesticks?" + times};
}

Read book_of(std::size_t depth) {
    return [depth](Document const& document) -> Result<std::vector<Row>> {
        std::string_view reason;
        auto const book = read_book(document.object(), reason);
        if (!book) return permanent("the venue's answer is not understood: " + std::string{reason});
        return book_rows(*book, depth);
    };
}

Read books_of(std::size_t depth) {
    return [depth](Document const& document) -> Result<std::vector<Row>> {
        std::vector<Row> out;
        for (auto const& item : document.list("orderbooks")) {
            std::string_view reason;
            auto const listed = read_listed_book(item, reason);
            if (!listed) return permanent("the venue's answer is not understood: " + std::string{reason});
            for (auto& level : book_rows(listed->book, depth)) {
                Row row{{"ticker", listed->ticker}};
                row.insert(level.begin(), level.end());
                out.push_back(std::move(row));
            }
        }
        return out;
    };
}

// One market's book, or those of several at once.
Result<Single> books(Options const& parameters) {
    auto const depth = static_cast<std::size_t>(std::max<std::int64_t>(parameters.integer("depth", 10), 0));
    auto const tickers = parameters.text("ticker");
    if (tickers.find(',') == std::string::npos)
        return Single{"/markets/" + net::encode_query(tickers) + "/orderbook", Key::no, book_of(depth)};
    std::vector<std::string> each;
    for (std::size_t at = 0; at <= tickers.size();) {
        auto const end = std::min(tickers.find(',', at), tickers.size());
        if (end != at) each.push_back(tickers.substr(at, end - at));
        at = end + 1;
    }
    if (each.empty() || each.size() > books_max)
        return invalid("/ticker", fmt::format("1 to {} tickers at once", books_max));
    return Single{books_target(each), Key::if_given, books_of(depth)};
}

// Without a key the feed is not used.
net::asio::awaitable<Result<>> probe_feed(Access const& access) {
    auto url = access.settings.websocket_url;
    auto headers = access.signer->headers("GET", path_of(url), arb::now());
    if (headers.has_error()) co_return headers.error();
    auto signed_headers = std::move(*headers);
    net::WebSocketLimits limits;
    limits.handshake_max = handshake_max;
    auto const feed =
        co_await net::WebSocket::connect(access.tls, std::move(url), std::move(signed_headers), limits);
    if (feed.has_error()) co_return advised(feed.error(), true);
    co_await (*feed)->close();
    co_return Result<>{};
}

net::asio::awaitable<Result<>> probe(Access const& access, Rest& rest,
                                     std::function<void(std::string const&)> const& warn) {
    std::string target = "/exchange/status";
    auto const status = co_await rest.get(std::move(target));
    if (status.has_error()) co_return status.error();
    if (rest.has_key()) {
        target = "/portfolio/balance";
        auto const account = co_await rest.get(std::move(target), true);
        if (account.has_error()) co_return advised(account.error(), true);
        auto const feed = co_await probe_feed(access);
        if (feed.has_error()) co_return feed.error();
    }
    auto const unknown = co_await unknown_names(rest, access.settings.select);
    for (auto const& name : unknown) warn("select." + name + " is not known to the venue");
    co_return Result<>{};
}

Result<Single> single_of(std::string_view name, Options const& parameters) {
    auto const ticker = net::encode_query(parameters.text("ticker"));
    auto const event = net::encode_query(parameters.text("event"));
    if (name == "balance") return Single{"/portfolio/balance", Key::needed, object_at(nullptr, balance_row)};
    if (name == "limits") return Single{"/account/limits", Key::needed, object_at(nullptr, limits_row)};
    if (name == "account_time")
        return Single{"/exchange/user_data_timestamp", Key::needed, object_at(nullptr, account_time_row)};
    if (name == "costs") return Single{"/account/endpoint_costs", Key::no, rows_by(cost_rows)};
    if (name == "exchange_status") return Single{"/exchange/status", Key::no, rows_by(exchange_rows)};
    if (name == "schedule") return Single{"/exchange/schedule", Key::no, rows_by(schedule_rows)};
    if (name == "cutoff") return Single{"/historical/cutoff", Key::no, object_at(nullptr, cutoff_row)};
    if (name == "tags") return Single{"/search/tags_by_categories", Key::no, rows_by(tag_rows)};
    if (name == "metadata") return Single{"/events/" + event + "/metadata", Key::no, rows_by(metadata_rows)};
    if (name == "series") return Single{"/series/" + ticker, Key::no, object_at("series", series_row)};
    if (name == "market")
        return Single{"/markets/" + ticker, Key::no, object_at("market", full_market_row),
                      "/historical/markets/" + ticker};
    if (name == "live_data")
        return Single{with_query("/live_data/events/" + event, "range", parameters.text("range")), Key::no,
                      object_at("live_data", live_data_row)};
    if (name == "candlesticks") return candlesticks(parameters);
    if (name == "book") return books(parameters);
    return permanent("there is no command \"" + std::string{name} + "\"");
}

}  // namespace

Result<> run_command(Access const& access, std::string_view name, Options const& parameters,
                     Rows const& row) {
    net::asio::io_context io{1};
    auto rest = open(access, io);
    if (rest.has_error()) return rest.error();
    if (name == "selection") return wait_for(io, report_selection(**rest, access.settings, row));
    // One series has an answer of its own.
    bool const one = name == "series" && !parameters.text("ticker").empty();
    for (auto const& list : lists) {
        if (list.command != name || one) continue;
        if (list.own && access.signer == nullptr) return key_needed();
        auto const limit = std::max<std::int64_t>(parameters.integer("limit", limit_default), 1);
        return wait_for(io, show_list(**rest, list, targets_of(list, parameters, limit), limit, row));
    }
    auto single = single_of(name, parameters);
    if (single.has_error()) return single.error();
    if (single->key == Key::needed && access.signer == nullptr) return key_needed();
    return wait_for(io, show(**rest, std::move(*single), row));
}

Result<> probe_venue(Access const& access, std::function<void(std::string const&)> const& warn) {
    net::asio::io_context io{1};
    auto rest = open(access, io);
    if (rest.has_error()) return rest.error();
    return wait_for(io, probe(access, **rest, warn));
}

}  // namespace arb::kalshi
