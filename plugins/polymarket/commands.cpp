#include "polymarket/commands.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "polymarket/book.hpp"
#include "polymarket/call.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/decode_calls.hpp"

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

// Two services within the 15 s a probe may take.
constexpr std::chrono::milliseconds probe_request_max = 7s;
constexpr std::size_t page_events = 100, page_tags = 100;
constexpr char const* by_volume = "volume24hr&ascending=false";

Result<> run_to_end(Call call, asio::io_context& io, Work work) {
    Result<> out;
    asio::co_spawn(io, work(call), [&](std::exception_ptr const& thrown, Result<> result) {
        if (thrown) std::rethrow_exception(thrown);
        out = std::move(result);
    });
    io.run();
    return out;
}

char const* lifecycle_word(int lifecycle) {
    switch (lifecycle) {
        case ARB_LIFECYCLE_UNOPENED:
            return "unopened";
        case ARB_LIFECYCLE_OPEN:
            return "open";
        case ARB_LIFECYCLE_PAUSED:
            return "paused";
        case ARB_LIFECYCLE_CLOSED:
            return "closed";
        case ARB_LIFECYCLE_DETERMINED:
            return "determined";
        case ARB_LIFECYCLE_SETTLED:
            return "settled";
        default:
            return "";
    }
}

class Books final : public EventSink {
  public:
    void event(StreamEvent const& event) override { read = reader.read(event); }
    BookReader reader;
    bool read = false;
};

asio::awaitable<Result<>> book(Call const& call) {
    auto const token = co_await find_token(call);
    if (token.has_error()) co_return token.error();
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto target = "/book?token_id=" + net::encode_query(*token);
    auto const body = co_await (*clob)->get(std::move(target));
    if (body.has_error()) co_return body.error();
    Books books;
    StreamDecoder decoder;
    if (decoder.decode(*body, books) != Frame::events || !books.read)
        co_return permanent("the book is unreadable");
    auto const side = [&](char const* name, std::vector<arb_level> const& levels) {
        for (auto at = levels.rbegin(); at != levels.rend(); ++at)
            if (!call.row(
                    {{"side", name}, {"price", amount_value(at->price)}, {"size", amount_value(at->size)}}))
                return false;
        return true;
    };
    if (side("bid", books.reader.bids())) side("ask", books.reader.asks());
    co_return Result<>{};
}

// The condition id of the parameter `market`, which may be a slug.
asio::awaitable<Result<std::string>> find_condition(Call const& call) {
    auto const name = call.parameters.text("market");
    if (name.substr(0, 2) == "0x") co_return name;
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto const market = co_await find_market(**gamma, name);
    if (market.has_error()) co_return market.error();
    co_return market->id;
}

asio::awaitable<Result<>> market(Call const& call) {
    auto const id = co_await find_condition(call);
    if (id.has_error()) co_return id.error();
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto target = "/markets/" + net::encode_query(*id);
    auto const body = co_await (*clob)->get(std::move(target));
    if (body.has_error()) co_return body.error();
    auto const rows = outcome_rows(*body);
    if (rows.has_error()) co_return rows.error();
    for (auto const& row : *rows)
        if (!call.row(row)) break;
    co_return Result<>{};
}

asio::awaitable<Result<>> trades(Call const& call) {
    auto const id = co_await find_condition(call);
    if (id.has_error()) co_return id.error();
    auto const data = call.data();
    if (data.has_error()) co_return data.error();
    auto target = "/trades?market=" + net::encode_query(*id) +
                  "&limit=" + std::to_string(call.parameters.integer("limit", 50));
    auto const body = co_await (*data)->get(std::move(target));
    if (body.has_error()) co_return body.error();
    auto const page = decode_page(*body, "data");
    if (page.has_error()) co_return page.error();
    for (auto const item : page->items)
        if (!call.row(trade_row(item))) break;
    co_return Result<>{};
}

asio::awaitable<Result<>> events(Call const& call) {
    auto left = call.parameters.integer("limit", 50);
    Visit const visit = [&call, left](std::string_view text) mutable {
        auto const event = decode_event(text);
        if (!event) return true;
        json::object row{{"event_id", event->id},
                         {"title", event->title},
                         {"category", event->category},
                         {"markets", event->markets.size()},
                         {"status", lifecycle_word(event->lifecycle)},
                         {"closes_at", time_value(event->closes_at)},
                         {"url", event->url}};
        return call.row(row) && --left > 0;
    };
    co_return co_await each_event(call, by_volume, visit);
}

asio::awaitable<Result<>> markets(Call const& call) {
    auto left = call.parameters.integer("limit", 50);
    Visit const visit = [&call, left](std::string_view text) mutable {
        for (auto const item : markets_of_event(text)) {
            auto const market = decode_market(item, plain_member(text, "id"));
            if (!market || market->lifecycle == ARB_LIFECYCLE_SETTLED) continue;
            json::object row{{"market_id", market->id},
                             {"title", market->title},
                             {"status", lifecycle_word(market->lifecycle)},
                             {"bid", plain_member(item, "bestBid")},
                             {"ask", plain_member(item, "bestAsk")},
                             {"last_price", plain_member(item, "lastTradePrice")},
                             {"volume_24h", amount_value(market->volume_24h)},
                             {"closes_at", time_value(market->closes_at)}};
            if (!call.row(row) || --left <= 0) return false;
        }
        return true;
    };
    co_return co_await each_event(call, by_volume, visit);
}

asio::awaitable<Result<>> history(Call const& call) {
    auto const token = co_await find_token(call);
    if (token.has_error()) co_return token.error();
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto target = "/prices-history?market=" + net::encode_query(*token) +
                  "&interval=" + net::encode_query(call.parameters.text("interval")) +
                  "&fidelity=" + std::to_string(call.parameters.integer("fidelity", 60));
    auto const body = co_await (*clob)->get(std::move(target));
    if (body.has_error()) co_return body.error();
    auto const rows = history_rows(*body);
    if (rows.has_error()) co_return rows.error();
    for (auto const& row : *rows)
        if (!call.row(row)) break;
    co_return Result<>{};
}

asio::awaitable<Result<>> tags(Call const& call) {
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto left = call.parameters.integer("limit", 100);
    std::string last_first;
    for (unsigned number = 0; number != call_pages_max && left > 0; ++number) {
        auto target = fmt::format("/tags?limit={}&offset={}", page_tags, number * page_tags);
        auto const body = co_await (*gamma)->get(std::move(target));
        if (body.has_error()) co_return body.error();
        auto const page = decode_page(*body, "tags");
        if (page.has_error()) co_return page.error();
        // A server that does not know the offset sends the first page for ever.
        auto const first = page->items.empty() ? std::string{} : std::string{page->items.front()};
        if (first.empty() || first == last_first) break;
        last_first = first;
        for (auto const item : page->items)
            if (left-- <= 0 || !call.row(tag_row(item))) co_return Result<>{};
        if (page->items.size() < page_tags) break;
    }
    co_return Result<>{};
}

asio::awaitable<Result<>> reach(Call const& call) {
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto const time = co_await (*clob)->get("/time");
    if (time.has_error()) co_return time.error();
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto const listing = co_await (*gamma)->get("/events/keyset?closed=false&limit=1");
    if (listing.has_error()) co_return listing.error();
    auto const page = decode_page(*listing, "events");
    if (page.has_error()) co_return invalid("/gamma_url", "is not the venue's listing: " + page.error().text);
    co_return Result<>{};
}

}  // namespace

asio::awaitable<Result<MarketRow>> find_market(Rest& gamma, std::string const& name) {
    bool const by_id = name.substr(0, 2) == "0x";
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
            if (auto row = decode_market(item, {}); row && (row->id == name || row->slug == name))
                co_return std::move(*row);
    }
    co_return invalid("/market", "no market has the condition id or slug \"" + name + "\"");
}

asio::awaitable<Result<>> each_event(Call const& call, char const* order, Visit const& visit) {
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto const event = call.parameters.text("event"), tag = call.parameters.text("tag");
    std::string listing = "/events/keyset?limit=" + std::to_string(page_events);
    if (event.empty())
        listing += std::string{"&closed=false&order="} + order;
    else if (event.find_first_not_of("0123456789") == std::string::npos)
        listing += "&closed=false&id=" + event;
    else
        listing += "&closed=false&slug=" + net::encode_query(event);
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
        if (page->next_cursor.empty() || page->next_cursor == cursor) co_return Result<>{};
        cursor = page->next_cursor;
    }
}

asio::awaitable<Result<std::string>> find_token(Call const& call) {
    if (auto const token = call.parameters.text("token"); !token.empty()) co_return token;
    auto const outcome = static_cast<std::size_t>(call.parameters.integer("outcome", 0));
    auto const name = call.parameters.text("market");
    if (name.empty()) co_return invalid("/market", "give a market or a token");
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto const market = co_await find_market(**gamma, name);
    if (market.has_error()) co_return market.error();
    if (outcome >= market->tokens.size())
        co_return invalid("/outcome", "the market has no such outcome with a book");
    co_return market->tokens[outcome];
}

Result<> run_command(Settings const& settings, std::shared_ptr<net::Tls> const& tls, std::string_view name,
                     Options const& parameters, Rows const& row) {
    constexpr std::pair<std::string_view, Work> works[] = {
        {"book", book},     {"market", market},   {"trades", trades},       {"markets", markets},
        {"events", events}, {"history", history}, {"tags", tags},           {"orders", orders},
        {"fills", fills},   {"balance", balance}, {"positions", positions}, {"selection", selection}};
    for (auto const& [word, work] : works) {
        if (word != name) continue;
        asio::io_context io{1};
        return run_to_end({io.get_executor(), settings, tls, parameters, row}, io, work);
    }
    return permanent("there is no command \"" + std::string{name} + "\"");
}

Result<> probe_services(Settings const& settings, std::shared_ptr<net::Tls> const& tls) {
    asio::io_context io{1};
    Options const none{json::object{}};
    Rows const no_rows;
    Call call{io.get_executor(), settings, tls, none, no_rows};
    call.limits.request_max = probe_request_max;
    call.tries = 1;
    return run_to_end(call, io, reach);
}

}  // namespace arb::polymarket
