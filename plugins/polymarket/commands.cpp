#include "polymarket/commands.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "polymarket/book.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/decode_catalogue.hpp"
#include "polymarket/json_text.hpp"
#include "polymarket/rest.hpp"

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;
namespace asio = net::asio;
namespace json = boost::json;

// A person waits for the answer: one repetition, not five.
constexpr unsigned command_tries = 2;
// Two services within the 15 s a probe may take.
constexpr std::chrono::milliseconds probe_request_max = 7s;
// The venue's cursor behind the last page.
constexpr std::string_view last_cursor = "LTE=";
constexpr unsigned order_pages_max = 100;
constexpr std::size_t page_events = 100;

// One command or probe while it runs.
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

// Parentheses: braces around a value would make an array of it.
json::value amount(std::int64_t value) {
    return value == ARB_ABSENT ? json::value(nullptr) : json::value(format_decimal(value));
}
json::value moment(arb_time time) {
    return time == 0 ? json::value(nullptr) : json::value(format_time(time));
}

// The market of that condition id or slug.
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

class Books final : public EventSink {
  public:
    void event(StreamEvent const& event) override { read = reader.read(event); }
    BookReader reader;
    bool read = false;
};

asio::awaitable<Result<>> book(Call const& call) {
    auto token = call.parameters.text("token");
    auto const outcome = static_cast<std::size_t>(call.parameters.integer("outcome", 0));
    if (token.empty()) {
        auto const name = call.parameters.text("market");
        if (name.empty()) co_return invalid("/market", "give a market or a token");
        auto const gamma = call.gamma();
        if (gamma.has_error()) co_return gamma.error();
        auto const market = co_await find_market(**gamma, name);
        if (market.has_error()) co_return market.error();
        if (outcome >= market->tokens.size())
            co_return invalid("/outcome", "the market has no such outcome with a book");
        token = market->tokens[outcome];
    }
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto target = "/book?token_id=" + net::encode_query(token);
    auto const body = co_await (*clob)->get(std::move(target));
    if (body.has_error()) co_return body.error();
    Books books;
    StreamDecoder decoder;
    if (decoder.decode(*body, books) != Frame::events || !books.read)
        co_return permanent("the book is unreadable");
    auto const side = [&](char const* name, std::vector<arb_level> const& levels) {
        for (auto at = levels.rbegin(); at != levels.rend(); ++at)
            if (!call.row({{"side", name}, {"price", amount(at->price)}, {"size", amount(at->size)}}))
                return false;
        return true;
    };
    if (side("bid", books.reader.bids())) side("ask", books.reader.asks());
    co_return Result<>{};
}

// A member as text: JSON numbers by the digits they were sent with.
std::string plain(std::string_view object, std::string_view key) {
    auto const value = member(object, key);
    if (!value || *value == "null") return {};
    if (value->front() != '"') return std::string{*value};
    json::error_code ec;
    auto const text = json::parse(*value, ec);
    return ec || !text.is_string() ? std::string{} : std::string{text.get_string()};
}

asio::awaitable<Result<>> trades(Call const& call) {
    auto name = call.parameters.text("market");
    if (name.substr(0, 2) != "0x") {
        auto const gamma = call.gamma();
        if (gamma.has_error()) co_return gamma.error();
        auto const market = co_await find_market(**gamma, name);
        if (market.has_error()) co_return market.error();
        name = market->id;
    }
    auto const data = call.data();
    if (data.has_error()) co_return data.error();
    auto target = "/trades?market=" + net::encode_query(name) +
                  "&limit=" + std::to_string(call.parameters.integer("limit", 50));
    auto const body = co_await (*data)->get(std::move(target));
    if (body.has_error()) co_return body.error();
    auto const page = decode_page(*body, "data");
    if (page.has_error()) co_return page.error();
    for (auto const item : page->items) {
        // Unix seconds.
        auto const time = read_milliseconds(plain(item, "timestamp") + "000");
        json::object row{{"time", moment(time.value_or(0))}, {"outcome", plain(item, "outcome")},
                         {"side", plain(item, "side")},      {"price", plain(item, "price")},
                         {"size", plain(item, "size")},      {"transaction", plain(item, "transactionHash")}};
        if (!call.row(row)) break;
    }
    co_return Result<>{};
}

// Visits open events until `visit` says false.
asio::awaitable<Result<>> each_event(Call const& call, std::function<bool(std::string_view)> visit) {
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto const event = call.parameters.text("event"), tag = call.parameters.text("tag");
    std::string listing = "/events/keyset?limit=" + std::to_string(page_events);
    if (event.empty())
        listing += "&closed=false&order=volume24hr&ascending=false";
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

asio::awaitable<Result<>> events(Call const& call) {
    auto left = call.parameters.integer("limit", 50);
    co_return co_await each_event(call, [&call, left](std::string_view text) mutable {
        auto const event = decode_event(text);
        if (!event) return true;
        json::object row{{"event_id", event->id},
                         {"title", event->title},
                         {"category", event->category},
                         {"markets", markets_of_event(text).size()},
                         {"status", lifecycle_word(event->lifecycle)},
                         {"closes_at", moment(event->closes_at)},
                         {"url", event->url}};
        return call.row(row) && --left > 0;
    });
}

asio::awaitable<Result<>> markets(Call const& call) {
    auto left = call.parameters.integer("limit", 50);
    co_return co_await each_event(call, [&call, left](std::string_view text) mutable {
        for (auto const item : markets_of_event(text)) {
            auto const market = decode_market(item, plain(text, "id"));
            if (!market || market->lifecycle == ARB_LIFECYCLE_SETTLED) continue;
            json::object row{{"market_id", market->id},
                             {"title", market->title},
                             {"status", lifecycle_word(market->lifecycle)},
                             {"bid", plain(item, "bestBid")},
                             {"ask", plain(item, "bestAsk")},
                             {"last_price", plain(item, "lastTradePrice")},
                             {"volume_24h", amount(market->volume_24h)},
                             {"closes_at", moment(market->closes_at)}};
            if (!call.row(row) || --left <= 0) return false;
        }
        return true;
    });
}

Result<std::vector<net::Header>> signed_headers(Call const& call, Rest const& clob, std::string_view path) {
    auto const& credentials = call.settings.credentials;
    if (!credentials)
        return invalid("/api_key",
                       "this command needs address, api_key, api_secret_file and api_passphrase_file");
    return auth_headers(*credentials, arb::now(), "GET", clob.prefix() + std::string{path});
}

asio::awaitable<Result<>> orders(Call const& call) {
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    std::string cursor;
    for (unsigned page_number = 0; page_number != order_pages_max; ++page_number) {
        auto headers = signed_headers(call, **clob, "/data/orders");
        if (headers.has_error()) co_return headers.error();
        std::string target =
            "/data/orders?next_cursor=" + net::encode_query(cursor.empty() ? "MA==" : cursor);
        if (auto const market = call.parameters.text("market"); !market.empty())
            target += "&market=" + net::encode_query(market);
        auto const body = co_await (*clob)->get(std::move(target), std::move(*headers));
        if (body.has_error()) co_return body.error();
        auto const page = decode_page(*body, "data");
        if (page.has_error()) co_return page.error();
        for (auto const item : page->items) {
            json::object row{{"order_id", plain(item, "id")},          {"market_id", plain(item, "market")},
                             {"outcome", plain(item, "outcome")},      {"side", plain(item, "side")},
                             {"price", plain(item, "price")},          {"size", plain(item, "original_size")},
                             {"matched", plain(item, "size_matched")}, {"status", plain(item, "status")}};
            if (!call.row(row)) co_return Result<>{};
        }
        if (page->next_cursor.empty() || page->next_cursor == last_cursor || page->next_cursor == cursor)
            break;
        cursor = page->next_cursor;
    }
    co_return Result<>{};
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
    // The token has six decimals, and the venue counts its smallest parts: millionths of a dollar.
    auto const text = plain(*body, "balance");
    std::int64_t millionths = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), millionths);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size())
        co_return permanent("the venue's answer has no readable balance");
    call.row({{"collateral", amount(millionths)}});
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

Result<> run_command(Settings const& settings, std::shared_ptr<net::Tls> const& tls, std::string_view name,
                     Options const& parameters, Rows const& row) {
    constexpr std::pair<std::string_view, Work> works[] = {{"book", book},       {"trades", trades},
                                                           {"markets", markets}, {"events", events},
                                                           {"orders", orders},   {"balance", balance}};
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
