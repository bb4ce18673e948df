#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>

#include "simulator/cursor.hpp"
#include "simulator/polymarket.hpp"

namespace arb::simulator {
namespace {

namespace json = boost::json;

constexpr std::size_t events_page_max = 500, markets_page_max = 100, trades_page_max = 1000;
constexpr std::size_t condition_ids_max = 100;  // of one request
constexpr std::size_t tokens_max = 500;         // of POST /books
constexpr std::size_t conditions_max = 20;      // of one request for trades
constexpr std::int64_t closed_lag_ms = 2'000;   // Gamma learns of a resolution later than the stream says it
constexpr std::int64_t clock_skew_max_s = 60;

HttpResponse error(int status, std::string const& text) {
    return {status, R"({"error":)" + json_text(text) + '}'};
}

std::string number(std::int64_t value) { return format_decimal(value); }

// Gamma's habit: an array as the text of a string.
std::string stringified(std::vector<std::string> const& values) {
    std::vector<std::string> parts;
    for (auto const& value : values) parts.push_back(json_text(value));
    return json_text('[' + joined(parts, ", ") + ']');
}

std::string date(std::int64_t ms) { return rfc3339(ms).substr(0, 10); }

// "2026-07-24 00:00:16+00"
std::string spaced_time(std::int64_t ms) {
    auto text = rfc3339(ms / 1000 * 1000);
    text[10] = ' ';
    text.back() = '+';
    return text + "00";
}

std::vector<std::string> split(std::string const& list) {
    std::vector<std::string> out;
    for (std::size_t at = 0, end; at <= list.size(); at = end + 1) {
        end = std::min(list.find(',', at), list.size());
        out.push_back(list.substr(at, end - at));
    }
    return out;
}

bool any_of(std::vector<std::string> const& wanted, std::string const& value) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

}  // namespace

Polymarket::Polymarket(World& world, Ledger& ledger, Report& report, Faults& faults)
    : world_{world}, ledger_{ledger}, report_{report}, faults_{faults} {
    world_.observe(Venue::polymarket, *this);
}

HttpResponse Polymarket::handle(HttpRequest const& request, std::string const& path) {
    report_.count(Venue::polymarket, "requests");
    if (auto const fault = faults_.answer(Venue::polymarket)) return *fault;
    if (path.starts_with("/gamma/")) return gamma(request, path.substr(6));
    if (path.starts_with("/clob/")) return clob(request, path.substr(5));
    if (path == "/data/v2/trades") return data_trades(request, false);
    if (path == "/data/trades") return data_trades(request, true);
    report_.violation(Venue::polymarket, "unknown_path", request.path);
    return error(404, "not found");
}

// ---- Gamma ----

HttpResponse Polymarket::gamma(HttpRequest const& request, std::string const& path) {
    if (path == "/events/keyset") return keyset(request, true);
    if (path == "/markets/keyset") return keyset(request, false);
    if (path == "/tags") return {200, R"([{"id":"21","label":"Simulated","slug":"simulated"}])"};
    auto const not_found = HttpResponse{404, R"({"type":"not found error","error":"id not found"})"};
    auto const last = path.substr(path.rfind('/') + 1);
    if (path.starts_with("/events/")) {
        for (auto const& event : world_.events())
            if (event.venue == Venue::polymarket && (event.id == last || event.slug == last))
                return {200, event_json(event, true)};
        return not_found;
    }
    if (path.starts_with("/markets/")) {
        for (auto const& market : world_.markets())
            if (market.venue == Venue::polymarket &&
                (market.gamma_id == last || "simulated-" + market.gamma_id == last))
                return {200, market_json(market, true)};
        return not_found;
    }
    report_.violation(Venue::polymarket, "unknown_path", request.path);
    return not_found;
}

HttpResponse Polymarket::keyset(HttpRequest const& request, bool events) {
    if (request.has("offset")) {
        report_.violation(Venue::polymarket, "offset_on_keyset", request.path);
        return {422, R"({"type":"validation error","error":"offset is not supported on keyset endpoints"})"};
    }
    // The venue ignores these without a word, and answers with the first page for ever.
    for (auto const* const name : {"cursor", "next_cursor"})
        if (request.has(name)) report_.violation(Venue::polymarket, "wrong_cursor_name", name);
    auto const filters = filters_of(request, "after_cursor");
    auto const cursor = read_cursor(request.parameter("after_cursor"), filters);
    if (!cursor || cursor->other_filters) {
        report_.violation(Venue::polymarket, cursor ? "cursor_with_other_filters" : "bad_cursor",
                          request.path);
        return {422, R"({"type":"validation error","error":"invalid cursor"})"};
    }
    if (!request.has("closed")) report_.violation(Venue::polymarket, "closed_not_sent", request.path);
    auto const closed = request.parameter("closed");
    auto const ids = request.parameters("id"), conditions = request.parameters("condition_ids");
    auto const tokens = request.parameters("clob_token_ids");
    if (conditions.size() > condition_ids_max)
        return {422, R"({"type":"validation error","error":"too many ids"})"};
    std::vector<std::string> all;
    if (events) {
        for (auto const& event : world_.events()) {
            if (event.venue != Venue::polymarket || !any_of(ids, event.id)) continue;
            if (!any_of(request.parameters("slug"), event.slug)) continue;
            bool const over = std::all_of(event.markets.begin(), event.markets.end(), [&](std::size_t index) {
                return shows_closed(world_.markets()[index]);
            });
            if (closed.empty() || (closed == "true") == over) all.push_back(event_json(event, true));
        }
    } else {
        std::vector<Market const*> listed;
        for (auto const& market : world_.markets()) listed.push_back(&market);
        if (request.parameter("order") == "closedTime" && request.parameter("ascending") == "false")
            std::stable_sort(listed.begin(), listed.end(),
                             [](Market const* a, Market const* b) { return a->settled_ms > b->settled_ms; });
        for (auto const* const each : listed) {
            auto const& market = *each;
            if (market.venue != Venue::polymarket || !any_of(ids, market.gamma_id)) continue;
            if (!any_of(conditions, market.id)) continue;
            if (!tokens.empty() && !any_of(tokens, market.tokens[0]) && !any_of(tokens, market.tokens[1]))
                continue;
            if (closed.empty() || (closed == "true") == shows_closed(market))
                all.push_back(market_json(market, true));
        }
    }
    // Too large limits are clamped silently.
    auto const asked = std::strtoul(request.parameter("limit", "20").c_str(), nullptr, 10);
    auto const limit = std::clamp<std::size_t>(asked, 1, events ? events_page_max : markets_page_max);
    auto const begin = std::min(cursor->position, all.size()), end = std::min(begin + limit, all.size());
    std::string out = events ? R"({"events":[)" : R"({"markets":[)";
    for (auto at = begin; at != end; ++at) out += (at == begin ? "" : ",") + all[at];
    out += ']';
    if (end != all.size()) out += R"(,"next_cursor":")" + make_cursor(end, filters) + '"';
    return {200, out + '}'};
}

bool Polymarket::shows_closed(Market const& market) const {
    return market.status == Status::settled && now_ms() - market.settled_ms > closed_lag_ms;
}

std::string Polymarket::event_json(Event const& event, bool with_markets) {
    bool const over = std::all_of(event.markets.begin(), event.markets.end(),
                                  [&](std::size_t index) { return shows_closed(world_.markets()[index]); });
    auto const created = rfc3339(event.created_ms);
    auto out = R"({"id":")" + event.id + R"(","ticker":")" + event.slug + R"(","slug":")" + event.slug +
               R"(","title":)" + json_text(event.title) +
               R"(,"description":"Simulated.","resolutionSource":"","startDate":")" + created +
               R"(","creationDate":")" + created +
               R"(","endDate":"2026-12-31T00:00:00Z","image":"","icon":"")" + R"(,"active":true,"closed":)" +
               boolean(over) +
               R"(,"archived":false,"new":false,"featured":false,"restricted":true,"liquidity":12345.678,)"
               R"("volume":987654.321,"openInterest":0,"createdAt":")" +
               created + R"(","updatedAt":")" + rfc3339(event.updated_ms) +
               R"(","competitive":0.8,"volume24hr":4321.5,"enableOrderBook":true,)" +
               R"("liquidityClob":12345.678,"negRisk":)" + boolean(event.exclusive) + R"(,"commentCount":3)";
    if (event.exclusive) out += R"(,"negRiskMarketID":")" + event.neg_risk_id + '"';
    if (with_markets) {
        std::vector<std::string> markets;
        for (auto const index : event.markets) markets.push_back(market_json(world_.markets()[index], false));
        out += R"(,"markets":[)" + joined(markets) + ']';
    }
    return out + R"(,"tags":[{"id":"21","label":")" + event.category +
           R"(","slug":"simulated"}],"series":[{"id":"9","slug":")" + event.series + R"(","title":")" +
           event.series + R"(","recurrence":"daily"}],"seriesSlug":")" + event.series +
           R"(","cyom":false,"enableNegRisk":)" + boolean(event.exclusive) +
           R"(,"negRiskAugmented":false,"pendingDeployment":false,"deploying":false,"requiresTranslation":false})";
}

std::string Polymarket::market_json(Market const& market, bool with_event) {
    auto const& event = world_.events()[market.event];
    bool const closed = shows_closed(market);
    auto const settled = market.settlement != ARB_ABSENT;
    auto const yes = settled                           ? market.settlement
                     : market.last_price == ARB_ABSENT ? 500'000
                                                       : market.last_price;
    auto out = R"({"id":")" + market.gamma_id + R"(","question":)" + json_text(market.title) +
               R"(,"conditionId":")" + market.id + R"(","slug":"simulated-)" + market.gamma_id +
               R"(","resolutionSource":"","endDate":")" + rfc3339(market.close_ms / 1000 * 1000) +
               R"(","liquidity":"94527.06956","startDate":")" + rfc3339(market.open_ms) +
               R"(","image":"","icon":"","description":)" + json_text(market.rules) + R"(,"outcomes":)" +
               stringified(market.outcomes) + R"(,"outcomePrices":)" +
               stringified({number(yes), number(ARB_UNIT - yes)}) + R"(,"volume":")" + number(market.volume) +
               R"(","active":true,"closed":)" + boolean(closed) +
               R"(,"marketMakerAddress":"","createdAt":")" + rfc3339(market.created_ms) +
               R"(","updatedAt":")" + rfc3339(market.updated_ms) + '"';
    if (closed) out += R"(,"closedTime":")" + spaced_time(market.settled_ms) + '"';
    out +=
        R"(,"new":false,"featured":false,"archived":false,"restricted":true,"groupItemTitle":"","groupItemThreshold":"0")"
        R"(,"questionID":"0x)" +
        sha1_hex(market.id) + R"(000000000000000000000000","enableOrderBook":true,)" +
        R"("orderPriceMinTickSize":)" + number(market.tick) + R"(,"orderMinSize":5,"volumeNum":)" +
        number(market.volume) + R"(,"liquidityNum":94527.06956,"endDateIso":")" + date(market.close_ms) +
        R"(","startDateIso":")" + date(market.open_ms) + R"(","hasReviewedDates":true,"volume24hr":)" +
        number(market.volume_24h) + R"(,"clobTokenIds":)" + stringified(market.tokens);
    if (market.version_2)
        out +=
            R"(,"version":"v2","positionIds":[")" + market.tokens[0] + R"(",")" + market.tokens[1] + R"("])";
    out +=
        R"(,"umaBond":"500","umaReward":"5","makerBaseFee":1000,"takerBaseFee":1000,"customLiveness":0,"acceptingOrders":)" +
        std::string{boolean(market.status == Status::open)} + R"(,"negRisk":)" + boolean(market.neg_risk);
    if (market.neg_risk) out += R"(,"negRiskMarketID":")" + event.neg_risk_id + '"';
    out += R"(,"ready":false,"funded":false,"acceptingOrdersTimestamp":")" +
           rfc3339(market.open_ms / 1000 * 1000) +
           R"(","cyom":false,"competitive":0.9,"approved":true,"rewardsMinSize":20,"rewardsMaxSpread":3.5)";
    if (!market.bids.empty() && !market.asks.empty())
        out += R"(,"spread":)" + number(market.best_ask() - market.best_bid());
    if (market.last_price != ARB_ABSENT) out += R"(,"lastTradePrice":)" + number(market.last_price);
    // On empty books bestBid is not there at all.
    if (!market.bids.empty()) out += R"(,"bestBid":)" + number(market.best_bid());
    out += R"(,"bestAsk":)" + number(market.asks.empty() ? ARB_UNIT : market.best_ask());
    if (settled)
        out += R"(,"umaResolutionStatus":")" +
               std::string{market.status == Status::settled ? "resolved" : "proposed"} + '"';
    out +=
        R"(,"automaticallyActive":true,"clearBookOnStart":false,"manualActivation":false,"negRiskOther":false,)"
        R"("umaResolutionStatuses":"[]","pendingDeployment":false,"deploying":false,"rfqEnabled":false,)"
        R"("holdingRewardsEnabled":false,"feesEnabled":true,"requiresTranslation":false,"feeType":"general_fees",)"
        R"("feeSchedule":{"exponent":1,"rate":0.05,"takerOnly":true,"rebateRate":0.25})";
    if (with_event) out += R"(,"events":[)" + event_json(event, false) + ']';
    return out + '}';
}

// ---- CLOB ----

HttpResponse Polymarket::clob(HttpRequest const& request, std::string const& path) {
    if (path == "/time") return {200, std::to_string(now_ms() / 1000)};
    if (path == "/ok") return {200, "\"OK\""};
    if (path == "/books") return books(request);
    if (path.starts_with("/data/") || path == "/balance-allowance" || path == "/auth/api-keys")
        return account(request, path);
    if (path.starts_with("/markets-by-token/")) {
        auto const* const market = world_.find_token(path.substr(18));
        return market == nullptr ? error(404, "market not found")
                                 : HttpResponse{200, R"({"condition_id":")" + market->id + R"("})"};
    }
    bool const compact = path.starts_with("/clob-markets/");
    if (!compact && !path.starts_with("/markets/")) return token_answer(request, path);
    auto const* const market = world_.find(Venue::polymarket, path.substr(compact ? 14 : 9));
    if (market == nullptr) return error(404, "market not found");
    std::vector<std::string> tokens;
    for (std::size_t n = 0; n != 2; ++n)
        tokens.push_back(compact ? R"({"t":")" + market->tokens[n] + R"(","o":)" +
                                       json_text(market->outcomes[n]) + '}'
                                 : R"({"token_id":")" + market->tokens[n] + R"(","outcome":)" +
                                       json_text(market->outcomes[n]) + R"(,"price":0.5,"winner":)" +
                                       boolean(market->settlement != ARB_ABSENT &&
                                               (market->settlement == ARB_UNIT) == (n == 0)) +
                                       '}');
    if (compact)
        return {200, R"({"c":")" + market->id + R"(","t":[)" + joined(tokens) + R"(],"mts":)" +
                         number(market->tick) +
                         R"(,"fd":{"r":0.05,"e":1,"to":true},"mbf":1000,"tbf":1000,"r":null,"ao":)" +
                         boolean(market->status == Status::open) + R"(,"mos":5,"nr":)" +
                         boolean(market->neg_risk) + '}'};
    return {200, R"({"enable_order_book":true,"active":true,"closed":)" +
                     std::string{boolean(shows_closed(*market))} +
                     R"(,"archived":false,"accepting_orders":)" + boolean(market->status == Status::open) +
                     R"(,"minimum_order_size":5,"minimum_tick_size":)" + number(market->tick) +
                     R"(,"condition_id":")" + market->id + R"(","question":)" + json_text(market->title) +
                     R"(,"neg_risk":)" + boolean(market->neg_risk) + R"(,"tokens":[)" + joined(tokens) +
                     R"(],"tags":["Simulated"]})"};
}

HttpResponse Polymarket::token_answer(HttpRequest const& request, std::string const& path) {
    auto const token = request.parameter("token_id");
    auto const* const market = world_.find_token(token);
    if (path == "/book") {
        if (token.empty()) return error(400, "Invalid token id");
        if (market == nullptr || market->status == Status::settled)
            return error(404, "No orderbook exists for the requested token id");
        return {200, book_json(*market, outcome_of(*market, token), true)};
    }
    if (market == nullptr) {
        report_.violation(Venue::polymarket, "unknown_path_or_token", request.path);
        return error(404, "not found");
    }
    bool const other = outcome_of(*market, token) == 1;
    auto const bid = other ? complement(market->best_ask()) : market->best_bid();
    auto const ask = other ? complement(market->best_bid()) : market->best_ask();
    auto const text = [](std::int64_t value) {
        return value == ARB_ABSENT ? std::string{"0"} : number(value);
    };
    if (path == "/price")
        return {200, R"({"price":")" + text(request.parameter("side") == "SELL" ? ask : bid) + R"("})"};
    if (path == "/tick-size") return {200, R"({"minimum_tick_size":)" + number(market->tick) + '}'};
    if (path == "/neg-risk") return {200, R"({"neg_risk":)" + std::string{boolean(market->neg_risk)} + '}'};
    if (path == "/fee-rate") return {200, R"({"base_fee":1000})"};
    if (path == "/last-trade-price")
        return {200, R"({"price":")" +
                         (market->last_price == ARB_ABSENT ? "0.5" : number(market->last_price)) +
                         R"(","side":")" + (market->last_price == ARB_ABSENT ? "" : "BUY") + R"("})"};
    report_.violation(Venue::polymarket, "unknown_path", request.path);
    return error(404, "not found");
}

HttpResponse Polymarket::books(HttpRequest const& request) {
    boost::system::error_code failed;
    auto const value = json::parse(request.body, failed);
    if (request.method != "POST" || failed || !value.is_array()) return error(400, "Invalid payload");
    if (value.get_array().size() > tokens_max) {
        report_.violation(Venue::polymarket, "books_too_many", std::to_string(value.get_array().size()));
        return error(400, "Payload exceeds the limit");
    }
    std::vector<std::string> out;
    for (auto const& entry : value.get_array()) {
        auto const* const token = entry.is_object() ? entry.get_object().if_contains("token_id") : nullptr;
        if (token == nullptr || !token->is_string()) return error(400, "Invalid payload");
        std::string const id{token->get_string()};
        auto const* const market = world_.find_token(id);
        if (market != nullptr && market->status != Status::settled)
            out.push_back(book_json(*market, outcome_of(*market, id), true));
    }
    std::reverse(out.begin(), out.end());  // the order is not promised
    return {200, '[' + joined(out) + ']'};
}

HttpResponse Polymarket::account(HttpRequest const& request, std::string const& path) {
    auto const time = request.header("poly_timestamp");
    auto const signature = request.header("poly_signature");
    bool const known =
        request.header("poly_address") == api_key_.address &&
        request.header("poly_api_key") == api_key_.key &&
        request.header("poly_passphrase") == api_key_.passphrase &&
        std::llabs(now_ms() / 1000 - std::strtoll(time.c_str(), nullptr, 10)) <= clock_skew_max_s;
    // The real service has no prefix; here a client may sign the path with or without /clob.
    bool const fits =
        signature == hmac_signature(api_key_.secret, time + request.method + path + request.body) ||
        signature == hmac_signature(api_key_.secret, time + request.method + request.path + request.body);
    if (!known || !fits) {
        report_.violation(Venue::polymarket, "wrong_signature", request.path);
        return error(401, "Unauthorized/Invalid api key");
    }
    if (path == "/balance-allowance") return {200, R"({"balance":"250000000","allowance":"0"})"};
    if (path == "/data/orders")
        return {
            200,
            R"({"data":[{"id":"0x01","status":"LIVE","market":"0x02","asset_id":"1","side":"BUY",)"
            R"("original_size":"10","size_matched":"0","price":"0.5","outcome":"Yes","created_at":1791200000,)"
            R"("expiration":"0","order_type":"GTC"}],"next_cursor":"LTE=","limit":100,"count":1})"};
    if (path == "/data/trades") return {200, R"({"data":[],"next_cursor":"LTE=","limit":100,"count":0})"};
    if (path == "/auth/api-keys") return {200, R"({"apiKeys":[")" + api_key_.key + R"("]})"};
    report_.violation(Venue::polymarket, "unknown_path", request.path);
    return error(404, "not found");
}

// ---- Data ----

HttpResponse Polymarket::data_trades(HttpRequest const& request, bool legacy) {
    if (!legacy && request.has("offset")) return error(400, "offset is not supported");
    std::vector<std::string> wanted;
    for (auto const* const name : {"market", "condition", "condition_id", "conditionId"})
        for (auto const& value : request.parameters(name))
            for (auto const& id : split(value)) wanted.push_back(id);
    if (wanted.size() > conditions_max) {
        report_.violation(Venue::polymarket, "too_many_conditions", std::to_string(wanted.size()));
        return error(400, "too many conditions");
    }
    // Shares below 0.01 are left out unless a smaller size is named; 0 means the default.
    auto const least_text = request.parameter("filter_amount", "0.01");
    auto const least = parse_decimal(least_text == "0" ? "0.01" : least_text).millionths;
    auto const limit = std::clamp<std::size_t>(
        std::strtoul(request.parameter("limit", "100").c_str(), nullptr, 10), 1, trades_page_max);
    auto const filters = filters_of(request, "cursor");
    auto const cursor = read_cursor(request.parameter("cursor"), filters);
    if (!cursor) return error(400, "invalid cursor");
    auto const& kept = world_.trades(Venue::polymarket);
    auto at = cursor->position == 0 ? kept.size() : std::min(cursor->position, kept.size());
    std::vector<std::string> out;
    for (; at != 0 && out.size() < limit; --at) {
        auto const& trade = kept[at - 1];
        auto const& market = world_.markets()[trade.market];
        if (!any_of(wanted, market.id) || trade.size < least) continue;
        bool const other = trade.printed_outcome == 1;
        auto const outcome = static_cast<std::size_t>(trade.printed_outcome);
        out.push_back(R"({"proxyWallet":"0x0000000000000000000000000000000000000000","side":")" +
                      std::string{trade.taker_buys != other ? "BUY" : "SELL"} + R"(","asset":")" +
                      market.tokens[outcome] + R"(","conditionId":")" + market.id + R"(","size":)" +
                      number(trade.size) + R"(,"price":)" +
                      number(other ? ARB_UNIT - trade.price : trade.price) + R"(,"timestamp":)" +
                      std::to_string(trade.ms / 1000) + R"(,"title":)" + json_text(market.title) +
                      R"(,"outcome":)" + json_text(market.outcomes[outcome]) + R"(,"outcomeIndex":)" +
                      std::to_string(outcome) + R"(,"transactionHash":")" + trade.id + R"("})");
    }
    auto const rows = '[' + joined(out) + ']';
    if (legacy) return {200, rows};
    return {200, R"({"data":)" + rows + R"(,"pagination":{"limit":)" + std::to_string(limit) +
                     R"(,"offset":0,"has_more":)" + boolean(at != 0) + R"(,"next_cursor":)" +
                     (at == 0 ? "null" : '"' + make_cursor(at, filters) + '"') + "}}"};
}

}  // namespace arb::simulator
