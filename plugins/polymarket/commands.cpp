#include "polymarket/commands.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "arbitrage/time.hpp"
#include "polymarket/auth.hpp"
#include "polymarket/call.hpp"
#include "polymarket/decode_trades.hpp"
#include "polymarket/json_text.hpp"

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

// Two services and the stream within the 15 s a probe may take.
constexpr std::chrono::milliseconds probe_request_max = 4500ms;
constexpr std::size_t page_events = 100;
// The CLOB's cursor behind the last page.
constexpr std::string_view last_cursor = "LTE=";
// A number of so many digits is no slug.
constexpr std::size_t token_digits_min = 20;

Result<> run_to_end(Call call, asio::io_context& io, Work work) {
    Result<> out;
    asio::co_spawn(io, work(call), [&](std::exception_ptr const& thrown, Result<> result) {
        if (thrown) std::rethrow_exception(thrown);
        out = std::move(result);
    });
    io.run();
    return out;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

bool is_token(std::string_view name) { return is_number(name) && name.size() >= token_digits_min; }

// Signed when the request is about to leave: the time in the headers must be fresh.
Result<std::vector<net::Header>> signed_headers(Call const& call, Rest const& rest, std::string_view path) {
    auto const& credentials = call.settings.credentials;
    if (!credentials)
        return invalid("/api_key",
                       "this command needs address, api_key, api_secret_file and api_passphrase_file");
    return auth_headers(*credentials, arb::now(), "GET", rest.prefix() + std::string{path});
}

// What asks for the page behind this one, the `number`th; empty at the end.
std::string next_page(Listing const& listing, std::string_view body, Page const& page, unsigned number) {
    switch (listing.turn) {
        case Turn::cursor: {
            auto next = page.next_cursor.empty() ? next_cursor(body) : page.next_cursor;
            return next == last_cursor ? std::string{} : next;
        }
        case Turn::offset:
            if (page.items.size() < listing.page_rows) return {};
            return std::to_string(number * listing.page_rows);
        case Turn::number: {
            auto const pagination = member(body, "pagination");
            bool const more = pagination && plain_member(*pagination, "hasMore") == "true";
            return more && !page.items.empty() ? std::to_string(number + 1) : std::string{};
        }
        default:
            return {};
    }
}

asio::awaitable<Result<>> reach(Call const& call) {
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto const time = co_await (*clob)->get("/time");
    if (time.has_error()) co_return time.error();
    // A plain number, and perhaps the end of a line.
    if (seconds_value(time->substr(0, time->find_last_of("0123456789") + 1)).is_null())
        co_return invalid("/clob_url", "is not the venue's order book service: its /time is no time");
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto const listing = co_await (*gamma)->get("/events/keyset?closed=false&limit=1");
    if (listing.has_error()) co_return listing.error();
    auto const page = decode_page(*listing, "events");
    if (page.has_error()) co_return invalid("/gamma_url", "is not the venue's listing: " + page.error().text);
    net::WebSocketLimits limits;
    limits.handshake_max = probe_request_max;
    auto url = call.settings.websocket_url;
    std::vector<net::Header> headers;
    auto const stream =
        co_await net::WebSocket::connect(call.tls, std::move(url), std::move(headers), limits, nullptr);
    if (stream.has_error()) co_return stream.error();
    co_await (*stream)->close();
    co_await unknown_names(call);
    co_return Result<>{};
}

}  // namespace

asio::awaitable<Result<std::string>> ask(Call const& call, Rest& rest, std::string target, bool own) {
    std::vector<net::Header> headers;
    if (own) {
        auto made = signed_headers(call, rest, path_of(target));
        if (made.has_error()) co_return made.error();
        headers = std::move(*made);
    }
    auto body = co_await rest.get(std::move(target), std::move(headers));
    if (body.has_error() && body.error().where == "auth")
        co_return invalid(
            "/api_key", "the venue refuses address, api_key and the two secret files: " + body.error().text);
    co_return body;
}

asio::awaitable<Result<>> show_listing(Call const& call, Rest& rest, Listing const& listing, RowOf row,
                                       std::int64_t limit_default) {
    auto const name = rest.host() + " " + std::string{path_of(listing.target)};
    auto left = call.parameters.integer("limit", limit_default);
    auto cursor = listing.first;
    std::string first_item;
    for (unsigned number = 1; number <= call_pages_max; ++number) {
        auto target = listing.target;
        if (!cursor.empty())
            target += fmt::format("{}{}={}", target.find('?') == std::string::npos ? "?" : "&",
                                  listing.parameter, net::encode_query(cursor));
        auto const body = co_await ask(call, rest, std::move(target), listing.own);
        if (body.has_error()) co_return body.error();
        auto const page = decode_page(*body, listing.items);
        if (page.has_error()) co_return retry(name + ": " + page.error().text);
        // A server that does not understand what asks for a page sends the first one for ever.
        auto const first = page->items.empty() ? std::string_view{} : page->items.front();
        if (!first.empty() && first == first_item)
            co_return retry(name + " repeats a page instead of going on: there may be more rows");
        first_item = first;
        for (auto const item : page->items) {
            auto const made = row(item);
            if (!made.empty() && (!call.row(made) || --left <= 0)) co_return Result<>{};
        }
        auto next = next_page(listing, *body, *page, number);
        if (next.empty() || next == cursor) co_return Result<>{};
        cursor = std::move(next);
    }
    co_return retry(fmt::format("{} has more than {} pages: the rest is not shown", name, call_pages_max));
}

Result<> show_rows(Call const& call, Result<std::vector<json::object>> const& rows) {
    if (rows.has_error()) return rows.error();
    for (auto const& row : *rows)
        if (!call.row(row)) break;
    return {};
}

asio::awaitable<Result<MarketRow>> find_market(Rest& gamma, std::string const& name) {
    bool const by_id = name.starts_with("0x");
    auto const encoded = net::encode_query(name);
    for (bool const closed : {false, true}) {
        std::string target =
            closed ? "/markets/keyset?closed=true&limit=1&" : "/markets/keyset?closed=false&limit=1&";
        target += (by_id ? "condition_ids=" : "slug=") + encoded;
        auto const body = co_await gamma.get(std::move(target));
        if (body.has_error()) co_return body.error();
        auto const page = decode_page(*body, "markets");
        if (page.has_error()) co_return page.error();
        for (auto const item : page->items)
            if (auto row = decode_market(item, {}); row && (row->id == lower_case(name) || row->slug == name))
                co_return std::move(*row);
    }
    co_return wrong("/market", "no market has the condition id or slug \"" + name + "\"");
}

asio::awaitable<Result<std::string>> find_condition(Call const& call) {
    auto const name = call.parameters.text("market");
    if (name.starts_with("0x")) co_return name;
    if (is_token(name)) {
        auto const clob = call.clob();
        if (clob.has_error()) co_return clob.error();
        auto target = "/markets-by-token/" + name;
        auto const body = co_await ask(call, **clob, std::move(target));
        if (body.has_error()) co_return body.error();
        auto id = plain_member(*body, "condition_id");
        if (id.empty()) co_return permanent("the venue knows no market of the token " + name);
        co_return id;
    }
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto const market = co_await find_market(**gamma, name);
    if (market.has_error()) co_return market.error();
    co_return market->id;
}

asio::awaitable<Result<std::string>> find_token(Call const& call) {
    auto const outcome = static_cast<std::size_t>(call.parameters.integer("outcome", 0));
    auto const name = call.parameters.text("market");
    if (is_token(name)) co_return name;
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto const market = co_await find_market(**gamma, name);
    if (market.has_error()) co_return market.error();
    if (outcome >= market->tokens.size())
        co_return wrong("/outcome", "the market has no such outcome with a book");
    co_return market->tokens[outcome];
}

asio::awaitable<Result<>> each_event(Call const& call, char const* order, Visit const& visit) {
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto const event = call.parameters.text("event"), tag = call.parameters.text("tag");
    std::string listing = fmt::format("/events/keyset?limit={}&closed=false", page_events);
    if (event.empty())
        listing += std::string{"&order="} + order;
    else
        listing += (is_number(event) ? "&id=" : "&slug=") + net::encode_query(event);
    if (!tag.empty()) listing += "&tag_slug=" + net::encode_query(tag);
    for (std::string cursor;;) {
        auto target = listing;
        if (!cursor.empty()) target += "&after_cursor=" + net::encode_query(cursor);
        auto const body = co_await (*gamma)->get(std::move(target));
        if (body.has_error()) co_return body.error();
        auto const page = decode_page(*body, "events");
        if (page.has_error()) co_return page.error();
        for (auto const item : page->items)
            if (!visit(item)) co_return Result<>{};
        if (page->next_cursor.empty()) co_return Result<>{};
        if (page->next_cursor == cursor) co_return retry("the listing repeats a cursor instead of going on");
        cursor = page->next_cursor;
    }
}

Result<> run_command(Settings const& settings, std::shared_ptr<net::Tls> const& tls, std::string_view name,
                     Options const& parameters, Rows const& row) {
    constexpr std::pair<std::string_view, Work> works[] = {{"book", book},
                                                           {"market", market},
                                                           {"trades", trades},
                                                           {"prices", prices},
                                                           {"fees", fees},
                                                           {"history", history},
                                                           {"markets", markets},
                                                           {"events", events},
                                                           {"search", search},
                                                           {"series", series},
                                                           {"tags", tags},
                                                           {"teams", teams},
                                                           {"comments", comments},
                                                           {"rewards", rewards},
                                                           {"selection", selection},
                                                           {"orders", orders},
                                                           {"fills", fills},
                                                           {"balance", balance},
                                                           {"positions", positions},
                                                           {"notifications", notifications},
                                                           {"keys", keys}};
    for (auto const& [word, work] : works) {
        if (word != name) continue;
        asio::io_context io{1};
        return run_to_end({io.get_executor(), settings, tls, parameters, row}, io, work);
    }
    return permanent("there is no command \"" + std::string{name} + "\"");
}

Result<> probe_services(Settings const& settings, std::shared_ptr<net::Tls> const& tls,
                        std::function<void(std::string const&)> const& warn) {
    asio::io_context io{1};
    Options const none{json::object{}};
    Rows const unknown = [&](json::object const& row) {
        warn("select." + std::string{row.at("unknown").as_string()} + " is not known to the venue");
        return true;
    };
    Call call{io.get_executor(), settings, tls, none, unknown};
    call.limits.request_max = probe_request_max;
    call.tries = 1;
    return run_to_end(call, io, reach);
}

}  // namespace arb::polymarket
