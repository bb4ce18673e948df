#include <algorithm>
#include <cstdlib>

#include "simulator/cursor.hpp"
#include "simulator/kalshi.hpp"

namespace arb::simulator {
namespace {

// Basic tier: 200 tokens a second, a bucket of two seconds, 10 a request.
constexpr double tokens_per_second = 200, tokens_max = 400, tokens_per_request = 10;
constexpr std::int64_t clock_skew_max_ms = 30'000;

char const* venue_word(Status status) {
    switch (status) {
        case Status::unopened:
            return "initialized";
        case Status::open:
            return "active";
        case Status::paused:
            return "inactive";
        case Status::closed:
            return "closed";
        case Status::determined:
            return "determined";
        case Status::settled:
            return "finalized";
    }
    return "";
}

bool passes(std::string const& filter, Status status) {
    if (filter.empty()) return true;
    if (filter == "closed") return status == Status::closed || status == Status::determined;
    return filter == name_of(status);
}

// `depth`: so many of the best levels of each side; 0: all.
std::string order_book(Market const& market, std::size_t depth) {
    std::vector<std::string> yes, no;
    for (auto const& [price, size] : market.bids)
        yes.push_back("[\"" + fixed(price, 4) + "\",\"" + fixed(size, 2) + "\"]");
    for (auto at = market.asks.rbegin(); at != market.asks.rend(); ++at)
        no.push_back("[\"" + fixed(ARB_UNIT - at->first, 4) + "\",\"" + fixed(at->second, 2) + "\"]");
    for (auto* const side : {&yes, &no})
        if (depth != 0 && side->size() > depth)
            side->erase(side->begin(), side->end() - static_cast<std::ptrdiff_t>(depth));
    return R"({"no_dollars":[)" + joined(no) + R"(],"yes_dollars":[)" + joined(yes) + "]}";
}

}  // namespace

HttpResponse kalshi_error(int status, std::string const& code, std::string const& message) {
    return {status, R"({"error":{"code":")" + code + R"(","message":)" + json_text(message) + "}}"};
}

KalshiPage kalshi_page(HttpRequest const& request, std::size_t limit_default, std::size_t limit_max,
                       Report& report) {
    KalshiPage page;
    page.filters = filters_of(request, "cursor");
    auto const limit = request.parameter("limit", std::to_string(limit_default));
    page.limit = static_cast<std::size_t>(std::strtoul(limit.c_str(), nullptr, 10));
    if (page.limit == 0 || page.limit > limit_max) {
        report.violation(Venue::kalshi, "limit_out_of_range", request.path + " " + limit);
        page.fault = kalshi_error(400, "bad_request", "invalid limit");
    }
    auto const cursor = read_cursor(request.parameter("cursor"), page.filters);
    if (!cursor || cursor->other_filters) {
        report.violation(Venue::kalshi, cursor ? "cursor_with_other_filters" : "bad_cursor",
                         request.parameter("cursor"));
        page.fault = kalshi_error(400, "bad_request", "invalid cursor");
    } else {
        page.position = cursor->position;
    }
    return page;
}

// The elements of one page of `all`, and the cursor of the next.
std::string paged(KalshiPage const& page, std::vector<std::string> const& all, std::string& cursor) {
    auto const begin = std::min(page.position, all.size());
    auto const end = std::min(begin + page.limit, all.size());
    cursor = end == all.size() ? "" : make_cursor(end, page.filters);
    return '[' +
           joined({all.begin() + static_cast<std::ptrdiff_t>(begin),
                   all.begin() + static_cast<std::ptrdiff_t>(end)}) +
           ']';
}

std::string price_ranges(Market const& market) {
    auto const range = [](char const* start, char const* end, std::int64_t step) {
        return R"({"end":")" + std::string{end} + R"(","start":")" + start + R"(","step":")" +
               fixed(step, 4) + R"("})";
    };
    if (market.grid != "tapered_deci_cent") return '[' + range("0.0000", "1.0000", market.tick) + ']';
    return '[' + range("0.0000", "0.1000", 1'000) + ',' + range("0.1000", "0.9000", 10'000) + ',' +
           range("0.9000", "1.0000", 1'000) + ']';
}

Kalshi::Kalshi(World& world, Ledger& ledger, Report& report, Faults& faults, AccountKey const& key,
               std::string key_id)
    : world_{world},
      ledger_{ledger},
      report_{report},
      faults_{faults},
      key_{key},
      key_id_{std::move(key_id)},
      tokens_{tokens_max},
      refilled_ms_{now_ms()} {
    world_.observe(Venue::kalshi, *this);
}

bool Kalshi::spend_token() {
    auto const now = now_ms();
    tokens_ =
        std::min(tokens_max, tokens_ + static_cast<double>(now - refilled_ms_) / 1000 * tokens_per_second);
    refilled_ms_ = now;
    if (tokens_ < tokens_per_request) return false;
    tokens_ -= tokens_per_request;
    return true;
}

std::string Kalshi::signature_fault(HttpRequest const& request) {
    auto const time = request.header("kalshi-access-timestamp");
    auto const signature = request.header("kalshi-access-signature");
    if (time.empty() || signature.empty() || request.header("kalshi-access-key").empty())
        return "missing_signature";
    if (request.header("kalshi-access-key") != key_id_) return "unknown_key";
    auto const sent = std::strtoll(time.c_str(), nullptr, 10);
    if (std::llabs(now_ms() - sent) > clock_skew_max_ms) return "stale_timestamp";
    return key_.verifies(time + request.method + request.path, signature) ? "" : "wrong_signature";
}

HttpResponse Kalshi::handle(HttpRequest const& request, std::string const& path) {
    report_.count(Venue::kalshi, "requests");
    if (auto const fault = faults_.answer(Venue::kalshi)) return *fault;
    if (!spend_token()) {
        report_.violation(Venue::kalshi, "rate_limit_exceeded", request.path);
        return {429, R"({"error":"too many requests"})"};
    }
    if (!request.header("kalshi-access-signature").empty())
        if (auto const fault = signature_fault(request); !fault.empty()) {
            report_.violation(Venue::kalshi, fault, request.path);
            return kalshi_error(401, "authentication_error", "INCORRECT_API_KEY_SIGNATURE");
        }
    if (request.method != "GET") {
        report_.violation(Venue::kalshi, "not_read_only", request.method + " " + request.path);
        return kalshi_error(405, "method_not_allowed", "method not allowed");
    }
    if (path.ends_with('/')) {
        report_.violation(Venue::kalshi, "trailing_slash", request.path);
        return {301, "", "text/plain", {{"Location", request.path.substr(0, request.path.size() - 1)}}};
    }
    return route(request, path);
}

HttpResponse Kalshi::route(HttpRequest const& request, std::string const& path) {
    if (path == "/events") return events(request);
    if (path == "/events/fee_changes") return event_fee_changes(request);
    if (path == "/events/multivariate") return combos(request);
    if (path.starts_with("/events/")) return one_event(request, path.substr(8));
    if (path == "/markets") return markets(request);
    if (path == "/markets/trades" || path == "/historical/trades") return trades(request);
    if (path == "/markets/orderbooks") return order_books(request);
    if (path == "/markets/candlesticks")
        return candlesticks(request, split_at_commas(request.parameter("market_tickers")), false);
    if (path == "/series") return series(request);
    if (path == "/series/fee_changes") return series_fee_changes(request);
    if (path.starts_with("/series/")) return one_series(request, path.substr(8));
    if (path.starts_with("/exchange/")) return exchange_answer(path);
    if (path == "/historical/cutoff")
        return {200,
                R"({"market_settled_ts":"2026-08-20T00:00:00Z","orders_updated_ts":"2026-08-20T00:00:00Z",)"
                R"("trades_created_ts":"2026-08-20T00:00:00Z"})"};
    if (path == "/account/endpoint_costs") return {200, R"({"endpoint_costs":[]})"};
    if (path.starts_with("/portfolio/") || path == "/account/limits") return account(request, path);
    if (path.starts_with("/historical/markets/"))
        return kalshi_error(404, "not_found", "market not found");  // nothing here is that old
    if (path.starts_with("/markets/")) return one_market(request, path.substr(9));
    report_.violation(Venue::kalshi, "unknown_path", request.path);
    return kalshi_error(404, "not_found", "not found");
}

HttpResponse Kalshi::one_market(HttpRequest const& request, std::string ticker) {
    bool const book = ticker.ends_with("/orderbook");
    if (book) ticker.resize(ticker.size() - 10);
    auto const* const market = world_.find(Venue::kalshi, ticker);
    if (market == nullptr || market->listed_ms > now_ms())
        return kalshi_error(404, "not_found", "market not found");
    auto const depth = std::strtoul(request.parameter("depth", "0").c_str(), nullptr, 10);
    if (depth > 100) return kalshi_error(400, "bad_request", "depth: 0 to 100");
    return {200, book ? R"({"orderbook_fp":)" + order_book(*market, depth) + '}'
                      : R"({"market":)" + market_json(*market) + '}'};
}

std::variant<HttpResponse, Upgrade> Kalshi::upgrade(HttpRequest const& request) {
    if (request.path != "/trade-api/ws/v2") {
        report_.violation(Venue::kalshi, "unknown_path", request.path);
        return kalshi_error(404, "not_found", "not found");
    }
    if (auto const fault = signature_fault(request); !fault.empty()) {
        report_.violation(Venue::kalshi, fault, request.path);
        return kalshi_error(401, "authentication_error", "NOT_FOUND");
    }
    if (faults_.active("cut", Venue::kalshi) || faults_.active("reset", Venue::kalshi))
        return HttpResponse{503, "", "text/plain"};
    if (auto const fault = faults_.answer(Venue::kalshi)) return *fault;
    return Upgrade{[this](std::shared_ptr<Socket> socket) -> std::unique_ptr<SocketHandler> {
        return std::make_unique<KalshiSession>(*this, std::move(socket));
    }};
}

HttpResponse Kalshi::events(HttpRequest const& request) {
    auto const page = kalshi_page(request, 200, 200, report_);
    if (page.fault.status != 0) return page.fault;
    auto const status = request.parameter("status");
    auto const series_ticker = request.parameter("series_ticker");
    auto const tickers = request.parameter("tickers");
    auto const updated = std::atoll(request.parameter("min_updated_ts", "0").c_str());
    auto const closes = std::atoll(request.parameter("min_close_ts", "0").c_str());
    bool const nested = request.parameter("with_nested_markets") == "true";
    auto const passing = [&](Event const& event) {
        if (event.venue != Venue::kalshi || event.listed_ms > now_ms()) return false;
        if (!series_ticker.empty() && event.series != series_ticker) return false;
        if (event.updated_ms / 1000 < updated) return false;
        return event.markets.empty() ||
               std::any_of(event.markets.begin(), event.markets.end(), [&](std::size_t index) {
                   auto const& market = world_.markets()[index];
                   return passes(status, market.status) && market.close_ms / 1000 >= closes;
               });
    };
    std::vector<std::string> out;
    if (!tickers.empty()) {
        for (auto const& ticker : split_at_commas(tickers))
            if (auto const* const event = world_.find_event(Venue::kalshi, ticker); event && passing(*event))
                out.push_back(event_json(*event, nested));
        return {200, R"({"cursor":"","events":[)" + joined(out) + R"(],"milestones":[]})"};
    }
    // A cursor is a place in the world, so that a page costs what is on it.
    auto at = page.position;
    auto const& all = world_.events();
    for (; at < all.size() && out.size() != page.limit; ++at)
        if (passing(all[at])) out.push_back(event_json(all[at], nested));
    if (at >= all.size()) report_.count(Venue::kalshi, "event_sweeps");
    auto const cursor = at >= all.size() ? std::string{} : make_cursor(at, page.filters);
    return {200, R"({"cursor":")" + cursor + R"(","events":[)" + joined(out) + R"(],"milestones":[]})"};
}

HttpResponse Kalshi::one_event(HttpRequest const& request, std::string const& ticker) {
    auto const* const event = world_.find_event(Venue::kalshi, ticker);
    if (event == nullptr || event->listed_ms > now_ms())
        return kalshi_error(404, "not_found", "event not found");
    bool const nested = request.parameter("with_nested_markets") == "true";
    std::vector<std::string> markets;
    if (!nested)
        for (auto const index : event->markets) markets.push_back(market_json(world_.markets()[index]));
    return {200, R"({"event":)" + event_json(*event, nested) + R"(,"markets":[)" + joined(markets) + "]}"};
}

std::string Kalshi::event_json(Event const& event, bool nested) {
    std::string out = R"({"category":")" + event.category + R"(","collateral_return_type":")" +
                      (event.exclusive ? "MECNET" : "") + R"(","event_ticker":")" + event.id +
                      R"(","exchange_index":0,"last_updated_ts":")" + rfc3339(event.updated_ms) + '"';
    if (!event.fee_type.empty())
        out += R"(,"fee_multiplier_override":)" + format_decimal(event.fee_multiplier) +
               R"(,"fee_type_override":")" + event.fee_type + '"';
    if (nested) {
        std::vector<std::string> markets;
        for (auto const index : event.markets) markets.push_back(market_json(world_.markets()[index]));
        out += R"(,"markets":[)" + joined(markets) + ']';
    }
    return out + R"(,"mutually_exclusive":)" + boolean(event.exclusive) +
           R"(,"product_metadata":{"competition":"Simulated"},"series_ticker":")" + event.series +
           R"(","settlement_sources":[{"name":"the Simulator","url":"https://example.invalid/"}],"strike_period":"",)"
           R"("sub_title":)" +
           json_text(event.subtitle) + R"(,"title":)" + json_text(event.title) + '}';
}

HttpResponse Kalshi::markets(HttpRequest const& request) {
    auto const page = kalshi_page(request, 100, 1000, report_);
    if (page.fault.status != 0) return page.fault;
    auto const status = request.parameter("status");
    bool known = status.empty();
    for (auto const* const word : {"unopened", "open", "paused", "closed", "settled"})
        known = known || status == word;
    if (!known) {
        report_.violation(Venue::kalshi, "unknown_status_filter", status);
        return kalshi_error(400, "bad_request", "invalid status");
    }
    auto const event = request.parameter("event_ticker"), series_ticker = request.parameter("series_ticker");
    auto const tickers = request.parameter("tickers"), combos = request.parameter("mve_filter");
    auto const updated = std::atoll(request.parameter("min_updated_ts", "0").c_str());
    auto const passing = [&](Market const& market) {
        if (market.venue != Venue::kalshi || !passes(status, market.status) || market.listed_ms > now_ms())
            return false;
        if (combos == "exclude" ? market.combo : combos == "only" && !market.combo) return false;
        auto const& its_event = world_.events()[market.event];
        if ((!event.empty() && its_event.id != event) ||
            (!series_ticker.empty() && its_event.series != series_ticker))
            return false;
        return market.updated_ms / 1000 >= updated;
    };
    std::vector<std::string> out;
    if (!tickers.empty()) {
        for (auto const& ticker : split_at_commas(tickers))
            if (auto const* const market = world_.find(Venue::kalshi, ticker); market && passing(*market))
                out.push_back(market_json(*market));
        return {200, R"({"cursor":"","markets":[)" + joined(out) + "]}"};
    }
    // The newest first, as on the venue: combos flood whoever does not exclude them.
    auto const& all = world_.markets();
    auto at = page.position == 0 ? all.size() : std::min(page.position, all.size());
    for (; at != 0 && out.size() != page.limit; --at)
        if (passing(all[at - 1])) out.push_back(market_json(all[at - 1]));
    auto const cursor = at == 0 ? std::string{} : make_cursor(at, page.filters);
    return {200, R"({"cursor":")" + cursor + R"(","markets":[)" + joined(out) + "]}"};
}

// Events of combos; the ordinary listing never has them.
HttpResponse Kalshi::combos(HttpRequest const& request) {
    auto const page = kalshi_page(request, 100, 200, report_);
    if (page.fault.status != 0) return page.fault;
    bool const nested = request.parameter("with_nested_markets") == "true";
    std::vector<std::string> all;
    for (auto const& market : world_.markets()) {
        if (!market.combo) continue;
        auto row = R"({"category":"Combos","collateral_return_type":"","event_ticker":")" +
                   market.id.substr(0, market.id.rfind('-')) + R"(","exchange_index":1,"last_updated_ts":")" +
                   rfc3339(market.updated_ms) + '"';
        if (nested) row += R"(,"markets":[)" + market_json(market) + ']';
        all.push_back(
            row +
            R"(,"mutually_exclusive":false,"series_ticker":"KXMVESIM","sub_title":"","title":"Combo"})");
    }
    std::string cursor;
    auto const rows = paged(page, all, cursor);
    return {200, R"({"cursor":")" + cursor + R"(","events":)" + rows + '}'};
}

std::string Kalshi::market_json(Market const& market) {
    bool const bid = !market.bids.empty(), ask = !market.asks.empty();
    auto const yes_bid = bid ? market.best_bid() : 0, yes_ask = ask ? market.best_ask() : ARB_UNIT;
    auto const close = rfc3339(market.close_ms / 1000 * 1000);
    auto const text = [](char const* name, std::string const& value) {
        return ",\"" + std::string{name} + "\":\"" + value + '"';
    };
    std::string out = R"({"can_close_early":true)";
    out += text("close_time", close) + text("created_time", rfc3339(market.created_ms)) +
           text("early_close_condition", "This market will close early once the answer is known.") +
           text("event_ticker", world_.events()[market.event].id) + R"(,"exchange_index":0)" +
           text("expected_expiration_time", close) + text("expiration_time", close) +
           text("expiration_value", "") + R"(,"floor_strike":)" + format_decimal(market.strike) +
           text("last_price_dollars", fixed(market.last_price == ARB_ABSENT ? 0 : market.last_price, 4)) +
           text("latest_expiration_time", close) + text("market_type", "binary") +
           text("no_ask_dollars", fixed(ARB_UNIT - yes_bid, 4)) +
           text("no_bid_dollars", fixed(ARB_UNIT - yes_ask, 4)) + text("no_sub_title", "No") +
           text("notional_value_dollars", "1.0000") +
           text("open_interest_fp", fixed(market.open_interest, 2)) +
           text("open_time", rfc3339(market.open_ms / 1000 * 1000)) +
           text("previous_price_dollars", "0.0000") + text("previous_yes_ask_dollars", "0.0000") +
           text("previous_yes_bid_dollars", "0.0000") + text("price_level_structure", market.grid) +
           R"(,"price_ranges":)" + price_ranges(market) + text("result", market.result) +
           R"(,"rules_primary":)" + json_text(market.rules) + text("rules_secondary", "") +
           text("settlement_bounds_type", "default") + R"(,"settlement_timer_seconds":60)";
    if (market.settlement != ARB_ABSENT) out += text("settlement_value_dollars", fixed(market.settlement, 4));
    if (market.settled_ms != 0) out += text("settlement_ts", rfc3339(market.settled_ms));
    out += text("status", venue_word(market.status)) + text("strike_type", "greater_or_equal") +
           text("ticker", market.id) + R"(,"title":)" + json_text(market.title) +
           text("updated_time", rfc3339(market.updated_ms)) +
           text("volume_24h_fp", fixed(market.volume_24h, 2)) + text("volume_fp", fixed(market.volume, 2)) +
           text("yes_ask_dollars", fixed(yes_ask, 4)) +
           text("yes_ask_size_fp", fixed(ask ? market.ask_size() : 0, 2)) +
           text("yes_bid_dollars", fixed(yes_bid, 4)) +
           text("yes_bid_size_fp", fixed(bid ? market.bid_size() : 0, 2)) + text("yes_sub_title", "Yes");
    return out + '}';
}

HttpResponse Kalshi::order_books(HttpRequest const& request) {
    auto const tickers = request.parameters("tickers");
    if (tickers.empty() || tickers.size() > 100) {
        report_.violation(Venue::kalshi, "orderbooks_tickers", std::to_string(tickers.size()));
        return kalshi_error(400, "bad_request", "tickers: 1 to 100");
    }
    std::vector<std::string> out;
    for (auto const& ticker : tickers)
        if (auto const* const market = world_.find(Venue::kalshi, ticker))
            out.push_back(R"({"orderbook_fp":)" + order_book(*market, 0) + R"(,"ticker":")" + ticker +
                          R"("})");
    return {200, R"({"orderbooks":[)" + joined(out) + "]}"};
}

HttpResponse Kalshi::trades(HttpRequest const& request) {
    auto const page = kalshi_page(request, 100, 1000, report_);
    if (page.fault.status != 0) return page.fault;
    auto const ticker = request.parameter("ticker");
    auto const from = std::atoll(request.parameter("min_ts", "0").c_str());
    auto const to = std::atoll(request.parameter("max_ts", "99999999999").c_str());
    auto const* const only = world_.find(Venue::kalshi, ticker);
    // A cursor counts from the oldest, so that new trades do not move the pages.
    auto const& kept = world_.trades(Venue::kalshi);
    auto const end = page.position == 0 ? kept.size() : std::min(page.position, kept.size());
    std::vector<std::string> out;
    std::size_t at = end;
    for (; at != 0 && out.size() < page.limit; --at) {
        auto const& trade = kept[at - 1];
        auto const& market = world_.markets()[trade.market];
        if (!ticker.empty() && (only == nullptr || trade.market != only->index)) continue;
        if (trade.ms / 1000 > to) continue;
        if (trade.ms / 1000 < from) {
            at = 0;
            break;
        }
        auto const* const taker = trade.taker_buys ? "yes" : "no";
        out.push_back(R"({"count_fp":")" + fixed(trade.size, 2) + R"(","created_time":")" +
                      rfc3339(trade.ms) + R"(","is_block_trade":)" + boolean(trade.block) +
                      R"(,"no_price_dollars":")" + fixed(ARB_UNIT - trade.price, 4) +
                      R"(","taker_book_side":")" + (trade.taker_buys ? "bid" : "ask") +
                      R"(","taker_outcome_side":")" + taker + R"(","taker_side":")" + taker +
                      R"(","ticker":")" + market.id + R"(","trade_id":")" + trade.id +
                      R"(","yes_price_dollars":")" + fixed(trade.price, 4) + R"("})");
    }
    return {200, R"({"cursor":")" + (at == 0 ? std::string{} : make_cursor(at, page.filters)) +
                     R"(","trades":[)" + joined(out) + "]}"};
}

}  // namespace arb::simulator
