// Polymarket's account and Data API: what belongs to somebody, and what was traded.
#include <algorithm>
#include <cstdlib>

#include "simulator/cursor.hpp"
#include "simulator/polymarket.hpp"

namespace arb::simulator {
namespace {

constexpr std::size_t trades_page_max = 1000, positions_page_max = 500;
constexpr std::size_t conditions_max = 20;  // of one request for trades
constexpr std::size_t positions_held = 7;   // what the account of this world has
constexpr std::size_t points_max = 1'000;   // of one history of prices
constexpr std::int64_t clock_skew_max_s = 60;

std::string number(std::int64_t value) { return format_decimal(value); }

std::string position_json(Market const& market, std::string const& wallet) {
    auto const price = market.last_price == ARB_ABSENT ? ARB_UNIT / 2 : market.last_price;
    return R"({"proxyWallet":")" + wallet + R"(","asset":")" + market.tokens[0] + R"(","conditionId":")" +
           market.id +
           R"(","size":12.5,"avgPrice":0.42,"initialValue":5.25,"currentValue":5.5,"cashPnl":0.25,)" +
           R"("percentPnl":4.7619,"totalBought":12.5,"realizedPnl":0,"percentRealizedPnl":0,"curPrice":)" +
           number(price) + R"(,"redeemable":false,"mergeable":false,"title":)" + json_text(market.title) +
           R"(,"slug":"simulated-)" + market.gamma_id + R"(","icon":"","eventSlug":"simulated","outcome":)" +
           json_text(market.outcomes[0]) + R"(,"outcomeIndex":0,"oppositeOutcome":)" +
           json_text(market.outcomes[1]) + R"(,"oppositeAsset":")" + market.tokens[1] +
           R"(","endDate":"2026-12-31","negativeRisk":)" + boolean(market.neg_risk) + '}';
}

}  // namespace

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
        return polymarket_error(401, "Unauthorized/Invalid api key");
    }
    if (path == "/balance-allowance") {
        auto const type = request.parameter("asset_type");
        if (type != "COLLATERAL" && !(type == "CONDITIONAL" && request.has("token_id")))
            return polymarket_error(400, "Invalid asset type");
        return {200,
                R"({"balance":"250000000","allowances":{"0x0000000000000000000000000000000000000001":"0"},)"
                R"("allowance":"0"})"};
    }
    if (path == "/data/orders")
        return {
            200,
            R"({"data":[{"id":"0x01","status":"LIVE","market":"0x02","asset_id":"1","side":"BUY",)"
            R"("original_size":"10","size_matched":"0","price":"0.5","outcome":"Yes","created_at":1791200000,)"
            R"("expiration":"0","order_type":"GTC"}],"next_cursor":"LTE=","limit":100,"count":1})"};
    if (path == "/data/trades") return {200, R"({"data":[],"next_cursor":"LTE=","limit":100,"count":0})"};
    if (path == "/auth/api-keys") return {200, R"({"apiKeys":[")" + api_key_.key + R"("]})"};
    report_.violation(Venue::polymarket, "unknown_path", request.path);
    return polymarket_error(404, "not found");
}

// ---- Data ----

HttpResponse Polymarket::data_trades(HttpRequest const& request, bool legacy) {
    if (!legacy && request.has("offset")) return polymarket_error(400, "offset is not supported");
    std::vector<std::string> wanted;
    for (auto const* const name : {"market", "condition", "condition_id", "conditionId"})
        for (auto const& value : request.parameters(name))
            for (auto const& id : split_at_commas(value)) wanted.push_back(id);
    std::unordered_set<std::size_t> markets;
    for (auto const& id : wanted)
        if (auto const* const market = world_.find(Venue::polymarket, id)) markets.insert(market->index);
    if (wanted.size() > conditions_max) {
        report_.violation(Venue::polymarket, "too_many_conditions", std::to_string(wanted.size()));
        return polymarket_error(400, "too many conditions");
    }
    // Shares below 0.01 are left out unless a smaller size is named; 0 means the default.
    auto const least_text = request.parameter("filter_amount", "0.01");
    auto const least = parse_decimal(least_text == "0" ? "0.01" : least_text).millionths;
    auto const limit = std::clamp<std::size_t>(
        std::strtoul(request.parameter("limit", "100").c_str(), nullptr, 10), 1, trades_page_max);
    auto const filters = filters_of(request, "cursor");
    auto const cursor = read_cursor(request.parameter("cursor"), filters);
    if (!cursor) return polymarket_error(400, "invalid cursor");
    auto const& kept = world_.trades(Venue::polymarket);
    auto at = cursor->position == 0 ? kept.size() : std::min(cursor->position, kept.size());
    std::vector<std::string> out;
    for (; at != 0 && out.size() < limit; --at) {
        auto const& trade = kept[at - 1];
        auto const& market = world_.markets()[trade.market];
        if ((!wanted.empty() && !markets.contains(trade.market)) || trade.size < least) continue;
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

HttpResponse Polymarket::data_positions(HttpRequest const& request, bool legacy) {
    auto const user = request.parameter("user");
    if (!user.starts_with("0x") || user.size() != 42)
        return polymarket_error(400, "required query param 'user' not provided");
    auto const value = [&](char const* name, char const* otherwise) {
        return std::strtoul(request.parameter(name, otherwise).c_str(), nullptr, 10);
    };
    auto const limit = std::clamp<std::size_t>(value("limit", "100"), 1, positions_page_max);
    auto const filters = filters_of(request, "cursor");
    auto const cursor = read_cursor(request.parameter("cursor"), filters);
    if (!cursor) return polymarket_error(400, "invalid cursor");
    auto const begin = legacy ? value("offset", "0") : cursor->position;
    std::vector<std::string> all;
    for (auto const& market : world_.markets()) {
        if (all.size() == positions_held) break;
        if (market.venue == Venue::polymarket) all.push_back(position_json(market, user));
    }
    std::vector<std::string> out;
    auto at = begin;
    for (; at < all.size() && out.size() != limit; ++at) out.push_back(all[at]);
    auto const rows = '[' + joined(out) + ']';
    if (legacy) return {200, rows};
    bool const more = at < all.size();
    return {200, R"({"data":)" + rows + R"(,"pagination":{"limit":)" + std::to_string(limit) +
                     R"(,"offset":0,"has_more":)" + boolean(more) + R"(,"next_cursor":)" +
                     (more ? '"' + make_cursor(at, filters) + '"' : "null") + "}}"};
}

// One point for each step of `fidelity` minutes: the price as it is now, because the world keeps no past
// ones.
HttpResponse Polymarket::prices_history(HttpRequest const& request) {
    auto const* const market = world_.find_token(request.parameter("market"));
    if (market == nullptr) return {200, R"({"history":[]})"};
    auto const value = [&](char const* name) { return std::atoll(request.parameter(name, "0").c_str()); };
    auto const interval = request.parameter("interval");
    auto const now = now_ms() / 1000;
    auto const to = request.has("endTs") ? value("endTs") : now;
    auto const span = interval == "1h"                        ? 3'600
                      : interval == "6h"                      ? 6 * 3'600
                      : interval == "1d"                      ? 24 * 3'600
                      : interval == "1w" || interval == "max" ? 7 * 24 * 3'600
                                                              : to - value("startTs");
    if (span <= 0 || (interval.empty() && !request.has("startTs")))
        return polymarket_error(400, "invalid filters: 'startTs' and 'endTs' or 'interval' are needed");
    auto const step = std::max<std::int64_t>(value("fidelity"), 1) * 60;
    bool const other = outcome_of(*market, request.parameter("market")) == 1;
    auto const last = market->last_price == ARB_ABSENT ? ARB_UNIT / 2 : market->last_price;
    std::vector<std::string> points;
    for (auto t = to - span; t <= to && points.size() != points_max; t += step)
        points.push_back(R"({"t":)" + std::to_string(t) + R"(,"p":)" +
                         number(other ? ARB_UNIT - last : last) + '}');
    return {200, R"({"history":[)" + joined(points) + "]}"};
}

HttpResponse polymarket_error(int status, std::string const& text) {
    return {status, R"({"error":)" + json_text(text) + '}'};
}

}  // namespace arb::simulator
