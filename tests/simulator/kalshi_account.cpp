// Kalshi's REST beside the catalogue: series and fees, candlesticks, and what belongs to the account.
#include <algorithm>
#include <cstdlib>

#include "simulator/cursor.hpp"
#include "simulator/kalshi.hpp"

namespace arb::simulator {
namespace {

constexpr std::size_t candle_tickers_max = 100;  // of one request
constexpr std::size_t candles_max = 10'000;      // of one answer
constexpr std::size_t account_rows = 7;          // positions, fills, orders and settlements the account has

std::string series_json(Series const& series, bool volume) {
    auto out = R"({"additional_prohibitions":null,"categories":[")" + series.category + R"("],"category":")" +
               series.category +
               R"(","contract_terms_url":"","contract_url":"","exchange_index":0,"fee_multiplier":)" +
               format_decimal(series.fee_multiplier) + R"(,"fee_type":")" + series.fee_type +
               R"(","frequency":"custom","last_updated_ts":")" + rfc3339(series.updated_ms) +
               R"(","settlement_sources":null,"tags":["Simulated"],"ticker":")" + series.ticker +
               R"(","title":"Series )" + series.ticker + '"';
    if (volume) out += R"(,"volume_fp":"1210036.64")";
    return out + '}';
}

std::string prices_json(std::int64_t price, bool traded) {
    std::string out = "{";
    for (auto const* const name : {"open", "low", "high", "close"})
        out +=
            (out.size() == 1 ? "\"" : ",\"") + std::string{name} + R"(_dollars":")" + fixed(price, 4) + '"';
    if (traded)
        for (auto const* const name : {"mean", "min", "max", "previous"})
            out += ",\"" + std::string{name} + R"(_dollars":")" + fixed(price, 4) + '"';
    return out + '}';
}

std::string candle_json(Market const& market, std::int64_t end_s) {
    bool const traded = market.last_price != ARB_ABSENT;
    return R"({"end_period_ts":)" + std::to_string(end_s) + R"(,"open_interest_fp":")" +
           fixed(market.open_interest, 2) + R"(","price":)" +
           (traded ? prices_json(market.last_price, true) : "{}") + R"(,"volume_fp":")" +
           fixed(traded ? market.volume : 0, 2) + R"(","yes_ask":)" +
           prices_json(market.asks.empty() ? ARB_UNIT : market.best_ask(), false) + R"(,"yes_bid":)" +
           prices_json(market.bids.empty() ? 0 : market.best_bid(), false) + '}';
}

// The account deals in the first few markets of the world.
std::vector<Market const*> account_markets(World& world) {
    std::vector<Market const*> out;
    for (auto const& market : world.markets()) {
        if (market.venue == Venue::kalshi && !market.combo) out.push_back(&market);
        if (out.size() == account_rows) break;
    }
    return out;
}

// Hours are Eastern Time; Thursdays have a hole of two hours.
std::string schedule(std::int64_t from_ms, std::int64_t to_ms) {
    std::string days;
    for (auto const* const day : {"monday", "tuesday", "wednesday", "friday", "saturday", "sunday"})
        days += '"' + std::string{day} + R"(":[{"close_time":"00:00","open_time":"00:00"}],)";
    auto const window = from_ms == 0 ? std::string{}
                                     : R"({"end_datetime":")" + rfc3339(to_ms) + R"(","start_datetime":")" +
                                           rfc3339(from_ms) + R"("})";
    return R"({"schedule":{"maintenance_windows":[)" + window +
           R"(],"standard_hours":[{"end_time":"2200-12-01T00:00:00Z",)" + days +
           R"("start_time":"2024-12-01T00:00:00Z","thursday":[{"close_time":"03:00","open_time":"00:00"},)"
           R"({"close_time":"00:00","open_time":"05:00"}]}]}})";
}

HttpResponse listing(char const* name, KalshiPage const& page, std::vector<std::string> const& all,
                     std::string const& more = {}) {
    std::string cursor;
    auto const rows = paged(page, all, cursor);
    return {200, R"({"cursor":")" + cursor + "\",\"" + name + "\":" + rows + more + '}'};
}

}  // namespace

void Kalshi::exchange(bool active, std::int64_t maintenance_from_ms, std::int64_t maintenance_to_ms) {
    exchange_active_ = active;
    maintenance_from_ms_ = maintenance_from_ms;
    maintenance_to_ms_ = maintenance_to_ms;
}

HttpResponse Kalshi::exchange_answer(std::string const& path) {
    if (path == "/exchange/user_data_timestamp")
        return {200, R"({"as_of_time":")" + rfc3339(now_ms()) + R"("})"};
    if (path == "/exchange/status") {
        auto const state = R"("exchange_active":)" + std::string{boolean(exchange_active_)} +
                           R"(,"intra_exchange_transfers_active":true,"trading_active":)" +
                           boolean(exchange_active_);
        return {200, "{" + state +
                         R"(,"exchange_index_statuses":[{"description":"Default","exchange_index":0,)" +
                         state + "}]}"};
    }
    if (path == "/exchange/schedule") return {200, schedule(maintenance_from_ms_, maintenance_to_ms_)};
    report_.violation(Venue::kalshi, "unknown_path", path);
    return kalshi_error(404, "not_found", "not found");
}

HttpResponse Kalshi::series(HttpRequest const& request) {
    auto const category = request.parameter("category");
    auto const updated = std::atoll(request.parameter("min_updated_ts", "0").c_str());
    bool const volume = request.parameter("include_volume") == "true";
    std::vector<std::string> rows;  // not paginated
    for (auto const& [ticker, series] : world_.series())
        if ((category.empty() || series.category == category) && series.updated_ms / 1000 >= updated)
            rows.push_back(series_json(series, volume));
    return {200, R"({"series":[)" + joined(rows) + "]}"};
}

// "T", or "T/markets/M/candlesticks".
HttpResponse Kalshi::one_series(HttpRequest const& request, std::string const& rest) {
    auto const ticker = rest.substr(0, rest.find('/'));
    auto const found = world_.series().find(ticker);
    if (found == world_.series().end()) return kalshi_error(404, "not_found", "series not found");
    if (ticker == rest)
        return {200, R"({"series":)" + series_json(found->second, request.has("include_volume")) + '}'};
    constexpr std::string_view markets = "/markets/", candles = "/candlesticks";
    auto const tail = rest.substr(ticker.size());
    if (tail.starts_with(markets) && tail.ends_with(candles))
        return candlesticks(
            request, {tail.substr(markets.size(), tail.size() - markets.size() - candles.size())}, true);
    report_.violation(Venue::kalshi, "unknown_path", request.path);
    return kalshi_error(404, "not_found", "not found");
}

HttpResponse Kalshi::series_fee_changes(HttpRequest const& request) {
    auto const wanted = request.parameter("series_ticker");
    bool const past = request.parameter("show_historical") == "true";
    std::vector<std::string> rows;
    for (auto const& change : world_.series_fee_changes()) {
        if ((!wanted.empty() && change.subject != wanted) || (!past && change.ms <= now_ms())) continue;
        rows.push_back(R"({"fee_multiplier":)" + format_decimal(change.multiplier) + R"(,"fee_type":")" +
                       change.type + R"(","id":")" + change.id + R"(","scheduled_ts":")" +
                       rfc3339(change.ms) + R"(","series_ticker":")" + change.subject + R"("})");
    }
    return {200, R"({"series_fee_change_arr":[)" + joined(rows) + "]}"};
}

HttpResponse Kalshi::event_fee_changes(HttpRequest const& request) {
    auto const page = kalshi_page(request, 100, 1000, report_);
    if (page.fault.status != 0) return page.fault;
    auto const wanted = request.parameter("event_ticker");
    std::vector<std::string> rows;
    for (auto const& change : world_.event_fee_changes()) {
        if (!wanted.empty() && change.subject != wanted) continue;
        bool const cleared = change.type.empty();
        rows.push_back(R"({"event_ticker":")" + change.subject + R"(","fee_multiplier_override":)" +
                       (cleared ? "null" : format_decimal(change.multiplier)) + R"(,"fee_type_override":)" +
                       (cleared ? "null" : json_text(change.type)) + R"(,"id":")" + change.id +
                       R"(","scheduled_ts":")" + rfc3339(change.ms) + R"("})");
    }
    return listing("event_fee_changes", page, rows);
}

HttpResponse Kalshi::candlesticks(HttpRequest const& request, std::vector<std::string> const& tickers,
                                  bool one) {
    auto const number = [&](char const* name) { return std::atoll(request.parameter(name, "-1").c_str()); };
    auto const from = number("start_ts"), to = number("end_ts"), minutes = number("period_interval");
    if (from < 0 || to < from || (minutes != 1 && minutes != 60 && minutes != 1440)) {
        report_.violation(Venue::kalshi, "candlesticks_parameters", request.path);
        return kalshi_error(400, "bad_request", "start_ts, end_ts and period_interval are needed");
    }
    auto const step = minutes * 60;
    auto const first = (from + step - 1) / step * step;
    auto const count = to < first ? 0U : static_cast<std::size_t>((to - first) / step + 1);
    if (tickers.empty() || tickers.size() > candle_tickers_max || count * tickers.size() > candles_max)
        return kalshi_error(400, "bad_request", "too many candlesticks");
    std::vector<std::string> markets;
    for (auto const& ticker : tickers) {
        auto const* const market = world_.find(Venue::kalshi, ticker);
        if (market == nullptr) {
            if (one) return kalshi_error(404, "not_found", "market not found");
            continue;
        }
        std::vector<std::string> candles;
        for (std::size_t n = 0; n != count; ++n)
            candles.push_back(candle_json(*market, first + static_cast<std::int64_t>(n) * step));
        markets.push_back(R"({"candlesticks":[)" + joined(candles) +
                          (one ? R"(],"ticker":")" : R"(],"market_ticker":")") + ticker + R"("})");
    }
    if (one) return {200, markets[0]};
    return {200, R"({"markets":[)" + joined(markets) + "]}"};
}

// ---- the account ----

HttpResponse Kalshi::account(HttpRequest const& request, std::string const& path) {
    if (auto const fault = signature_fault(request); !fault.empty()) {
        report_.violation(Venue::kalshi, fault, request.path);
        return kalshi_error(401, "authentication_error", "INCORRECT_API_KEY_SIGNATURE");
    }
    if (path == "/account/limits")
        return {200, R"({"usage_tier":"basic","read":{"refill_rate":200,"bucket_capacity":400},)"
                     R"("write":{"refill_rate":100,"bucket_capacity":200},"grants":[]})"};
    if (path == "/portfolio/balance")
        return {200, R"({"balance":1234567,"balance_breakdown":[{"balance":1234567,"exchange_index":0}],)"
                     R"("balance_dollars":"12345.6700","portfolio_value":25000,"updated_ts":)" +
                         std::to_string(now_ms() / 1000) + '}'};
    if (path == "/portfolio/positions") return positions(request);
    if (path == "/portfolio/fills") return fills(request);
    if (path == "/portfolio/settlements") return settlements(request);
    if (path == "/portfolio/orders") return orders(request);
    report_.violation(Venue::kalshi, "unknown_path", request.path);
    return kalshi_error(404, "not_found", "not found");
}

HttpResponse Kalshi::positions(HttpRequest const& request) {
    auto const page = kalshi_page(request, 100, 1000, report_);
    if (page.fault.status != 0) return page.fault;
    auto const ticker = request.parameter("ticker"), event = request.parameter("event_ticker");
    std::vector<std::string> rows;
    for (auto const* const market : account_markets(world_)) {
        auto const& its_event = world_.events()[market->event].id;
        if ((!ticker.empty() && market->id != ticker) || (!event.empty() && its_event != event)) continue;
        // Signed: no is negative.
        rows.push_back(R"({"exchange_index":0,"fees_paid_dollars":"0.350000","last_updated_ts":")" +
                       rfc3339(market->updated_ms) +
                       R"(","market_exposure_dollars":"12.500000","position_fp":")" +
                       (rows.size() % 2 == 0 ? "" : "-") +
                       R"(25.50","realized_pnl_dollars":"-1.250000","resting_orders_count":0,"ticker":")" +
                       market->id + R"(","total_traded_dollars":"30.000000"})");
    }
    return listing("market_positions", page, rows,
                   rows.empty()
                       ? R"(,"event_positions":[])"
                       : R"(,"event_positions":[{"event_exposure_dollars":"25.000000","event_ticker":")" +
                             world_.events()[account_markets(world_)[0]->event].id +
                             R"(","fees_paid_dollars":"0.700000","realized_pnl_dollars":"-2.500000",)"
                             R"("total_cost_dollars":"60.000000","total_cost_shares_fp":"51.00"}])");
}

HttpResponse Kalshi::fills(HttpRequest const& request) {
    auto const page = kalshi_page(request, 100, 1000, report_);
    if (page.fault.status != 0) return page.fault;
    auto const ticker = request.parameter("ticker");
    std::vector<std::string> rows;
    for (auto const* const market : account_markets(world_)) {
        if (!ticker.empty() && market->id != ticker) continue;
        auto const id = "00000000-0000-4000-9000-00000000000" + std::to_string(rows.size());
        auto const ms = market->created_ms;
        rows.push_back(R"({"action":"buy","book_side":"bid","count_fp":"10.50","created_time":")" +
                       rfc3339(ms) + R"(","exchange_index":0,"fee_cost":"0.185000","fill_id":")" + id +
                       R"(","is_taker":true,"market_ticker":")" + market->id +
                       R"(","no_price_dollars":"0.5800","order_id":"1)" + id.substr(1) +
                       R"(","outcome_side":"yes","side":"yes","subaccount_number":0,"ticker":")" +
                       market->id + R"(","trade_id":")" + id + R"(","ts":)" + std::to_string(ms / 1000) +
                       R"(,"yes_price_dollars":"0.4200"})");
    }
    return listing("fills", page, rows);
}

HttpResponse Kalshi::settlements(HttpRequest const& request) {
    auto const page = kalshi_page(request, 100, 1000, report_);
    if (page.fault.status != 0) return page.fault;
    std::vector<std::string> rows;
    for (auto const* const market : account_markets(world_))
        rows.push_back(R"({"event_ticker":")" + world_.events()[market->event].id +
                       R"(","fee_cost":"0.350000","market_result":"yes","no_count_fp":"0.00",)"
                       R"("no_total_cost_dollars":"0.000000","revenue":1050,"settled_time":")" +
                       rfc3339(market->created_ms) + R"(","ticker":")" + market->id +
                       (rows.size() % 3 == 2 ? R"(","value":null)" : R"(","value":100)") +
                       R"(,"yes_count_fp":"10.50","yes_total_cost_dollars":"4.410000"})");
    return listing("settlements", page, rows);
}

HttpResponse Kalshi::orders(HttpRequest const& request) {
    auto const page = kalshi_page(request, 100, 1000, report_);
    if (page.fault.status != 0) return page.fault;
    auto const ticker = request.parameter("ticker"), status = request.parameter("status");
    std::vector<std::string> rows;
    for (auto const* const market : account_markets(world_)) {
        if ((!ticker.empty() && market->id != ticker) || (!status.empty() && status != "resting")) continue;
        auto const time = rfc3339(market->created_ms);
        rows.push_back(
            R"({"action":"buy","book_side":"bid","client_order_id":"mine-)" + std::to_string(rows.size()) +
            R"(","created_time":")" + time +
            R"(","exchange_index":0,"fill_count_fp":"2.00","initial_count_fp":"10.00","last_update_time":")" +
            time + R"(","no_price_dollars":"0.6000","order_id":"00000000-0000-4000-a000-00000000000)" +
            std::to_string(rows.size()) +
            R"(","outcome_side":"yes","remaining_count_fp":"8.00","side":"yes","status":"resting","ticker":")" +
            market->id + R"(","type":"limit","yes_price_dollars":"0.4000"})");
    }
    return listing("orders", page, rows);
}

}  // namespace arb::simulator
