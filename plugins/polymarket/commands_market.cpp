// Calls about one market: its book, prices, trades, terms.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "arbitrage/time.hpp"
#include "polymarket/book.hpp"
#include "polymarket/call.hpp"
#include "polymarket/decode.hpp"

namespace arb::polymarket {

namespace {

namespace json = boost::json;

// Of the Data API.
constexpr std::int64_t trades_page_max = 1000;

class Books final : public EventSink {
  public:
    void event(StreamEvent const& event) override { read = reader.read(event); }
    BookReader reader;
    bool read = false;
};

// A time given as a parameter; 0 where it was not given.
Result<arb_time> time_of(Call const& call, char const* parameter) {
    auto const text = call.parameters.text(parameter);
    if (text.empty()) return arb_time{0};
    auto const time = parse_time(text);
    if (!time) return invalid("/" + std::string{parameter}, "is no time such as 2026-11-20T12:00:00Z");
    return *time;
}

// What the history of prices is asked for.
Result<std::string> history_target(Call const& call, std::string const& token) {
    auto const from = time_of(call, "from"), to = time_of(call, "to");
    if (from.has_error()) return from.error();
    if (to.has_error()) return to.error();
    auto target = fmt::format("/prices-history?market={}&fidelity={}", net::encode_query(token),
                              call.parameters.integer("fidelity", 60));
    if (*from == 0 && *to == 0)
        return target + "&interval=" + net::encode_query(call.parameters.text("interval", "1d"));
    if (*from == 0) return invalid("/from", "is missing: --to needs it");
    auto const end = *to == 0 ? arb::now() : *to;
    if (end <= *from) return invalid("/from", "must be before --to");
    return fmt::format("{}&startTs={}&endTs={}", target, *from / second_ns, end / second_ns);
}

// An answer about several tokens. `sides`: asked for once for each side.
asio::awaitable<Result<std::string>> ask_tokens(Rest& clob, char const* path,
                                                std::vector<std::string> const& tokens, bool sides) {
    json::array asked;
    for (auto const& token : tokens) {
        if (!sides) asked.push_back(json::object{{"token_id", token}});
        for (auto const* const side : {"BUY", "SELL"})
            if (sides) asked.push_back(json::object{{"token_id", token}, {"side", side}});
    }
    net::Request request;
    request.method = "POST";
    request.target = path;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = json::serialize(asked);
    co_return co_await clob.send(std::move(request));
}

}  // namespace

asio::awaitable<Result<>> book(Call const& call) {
    auto const token = co_await find_token(call);
    if (token.has_error()) co_return token.error();
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto target = "/book?token_id=" + net::encode_query(*token);
    auto const body = co_await ask(call, **clob, std::move(target));
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

asio::awaitable<Result<>> market(Call const& call) {
    auto const id = co_await find_condition(call);
    if (id.has_error()) co_return id.error();
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto target = "/markets/" + net::encode_query(*id);
    auto const body = co_await ask(call, **clob, std::move(target));
    if (body.has_error()) co_return body.error();
    co_return show_rows(call, outcome_rows(*body));
}

asio::awaitable<Result<>> fees(Call const& call) {
    auto const id = co_await find_condition(call);
    if (id.has_error()) co_return id.error();
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto target = "/clob-markets/" + net::encode_query(*id);
    auto const body = co_await ask(call, **clob, std::move(target));
    if (body.has_error()) co_return body.error();
    co_return show_rows(call, fee_rows(*body));
}

asio::awaitable<Result<>> prices(Call const& call) {
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return gamma.error();
    auto const name = call.parameters.text("market");
    auto const market = co_await find_market(**gamma, name);
    if (market.has_error()) co_return market.error();
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    PriceTexts answers;
    std::array const calls{std::tuple{"/prices", &answers.prices, true},
                           std::tuple{"/midpoints", &answers.midpoints, false},
                           std::tuple{"/spreads", &answers.spreads, false},
                           std::tuple{"/last-trades-prices", &answers.lasts, false}};
    for (auto const& [path, text, sides] : calls) {
        auto body = co_await ask_tokens(**clob, path, market->tokens, sides);
        if (body.has_error()) co_return body.error();
        *text = std::move(*body);
    }
    for (std::size_t i = 0; i != market->tokens.size(); ++i)
        if (!call.row(price_row(answers, market->tokens[i], market->outcomes[i]))) break;
    co_return Result<>{};
}

asio::awaitable<Result<>> trades(Call const& call) {
    auto const id = co_await find_condition(call);
    if (id.has_error()) co_return id.error();
    auto const data = call.data();
    if (data.has_error()) co_return data.error();
    auto const limit = std::min(call.parameters.integer("limit", 50), trades_page_max);
    Listing listing;
    listing.target = fmt::format(
        "/v2/trades?limit={}&taker_only=true&filter_type=TOKENS&filter_amount=0.000001&condition={}", limit,
        net::encode_query(*id));
    co_return co_await show_listing(call, **data, listing, trade_row, 50);
}

asio::awaitable<Result<>> history(Call const& call) {
    auto const token = co_await find_token(call);
    if (token.has_error()) co_return token.error();
    auto target = history_target(call, *token);
    if (target.has_error()) co_return target.error();
    auto const clob = call.clob();
    if (clob.has_error()) co_return clob.error();
    auto const body = co_await ask(call, **clob, std::move(*target));
    if (body.has_error()) co_return body.error();
    co_return show_rows(call, history_rows(*body));
}

}  // namespace arb::polymarket
