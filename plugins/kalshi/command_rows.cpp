#include "command_rows.hpp"

#include <algorithm>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "member.hpp"

namespace arb::kalshi {

namespace json = boost::json;

namespace {

// A member as people read it: text as it is, absent as null.
json::value shown(Row const& object, std::string_view key) {
    auto const* const value = object.if_contains(key);
    return value != nullptr ? *value : json::value{};
}

// Decimal texts without the zeros at their end.
json::value decimal(Row const& object, std::string_view key) {
    auto const value = shown(object, key);
    if (!value.is_string()) return value;
    auto const number = parse_decimal(view(value.get_string()));
    return number ? json::value(format_decimal(number.millionths)) : value;
}

// Whole cents as dollars.
json::value dollars(Row const& object, std::string_view key) {
    constexpr std::int64_t cent = ARB_UNIT / 100;
    auto const* const cents = object.if_contains(key);
    if (cents == nullptr || !cents->is_int64()) return {};
    if (cents->get_int64() > INT64_MAX / cent || cents->get_int64() < INT64_MIN / cent) return {};
    return json::value(format_decimal(cents->get_int64() * cent));
}

// Ten-thousandths of a dollar, which the venue calls centi-cents.
json::value centi_cents(Row const& object, std::string_view key) {
    constexpr std::int64_t centi_cent = ARB_UNIT / 10'000;
    auto const* const value = object.if_contains(key);
    if (value == nullptr || !value->is_int64()) return {};
    if (value->get_int64() > INT64_MAX / centi_cent || value->get_int64() < INT64_MIN / centi_cent) return {};
    return json::value(format_decimal(value->get_int64() * centi_cent));
}

// The texts of a list in one, as people read them.
json::value joined_texts(json::value const& list, char const* between = " ") {
    if (!list.is_array()) return {};
    std::string out;
    for (auto const& item : list.get_array())
        if (item.is_string()) out.append(out.empty() ? "" : between).append(view(item.get_string()));
    return json::value(out);
}

// Unix seconds as text.
json::value time_of(Row const& object, std::string_view key) {
    Doubts doubts;
    auto const time = read_clock(Member{object, key}, second_ns, key, doubts);
    return time == 0 ? json::value{} : json::value(format_time(time));
}

json::value amount(std::int64_t value) {
    return value == ARB_ABSENT ? json::value{} : json::value(format_decimal(value));
}

Row const& part(Row const& object, std::string_view key) {
    static Row const none;
    auto const* const value = object.if_contains(key);
    return value != nullptr && value->is_object() ? value->get_object() : none;
}

json::array const& list_of(Row const& object, std::string_view key) {
    static json::array const none;
    auto const* const value = object.if_contains(key);
    return value != nullptr && value->is_array() ? value->get_array() : none;
}

}  // namespace

Row trade_row(Row const& trade) {
    return {{"time", shown(trade, "created_time")},         {"ticker", shown(trade, "ticker")},
            {"price", decimal(trade, "yes_price_dollars")}, {"size", decimal(trade, "count_fp")},
            {"taker", shown(trade, "taker_outcome_side")},  {"block", shown(trade, "is_block_trade")},
            {"trade_id", shown(trade, "trade_id")}};
}

Row market_row(Row const& market) {
    std::string_view reason;
    auto const row = read_quote_row(json::value(market), reason);
    Quote const quote = row.has_value() ? row->quote : Quote{};
    return {{"ticker", shown(market, "ticker")},
            {"title", shown(market, "title")},
            {"status", shown(market, "status")},
            {"bid", amount(quote.bid)},
            {"bid_size", amount(quote.bid_size)},
            {"ask", amount(quote.ask)},
            {"ask_size", amount(quote.ask_size)},
            {"last", amount(quote.last_price)},
            {"volume_24h", decimal(market, "volume_24h_fp")},
            {"closes", shown(market, "close_time")},
            {"event", shown(market, "event_ticker")}};
}

Row full_market_row(Row const& market) {
    auto out = market_row(market);
    out["opens"] = shown(market, "open_time");
    out["expected"] = shown(market, "expected_expiration_time");
    out["result"] = shown(market, "result");
    out["settlement_value"] = decimal(market, "settlement_value_dollars");
    out["volume"] = decimal(market, "volume_fp");
    out["open_interest"] = decimal(market, "open_interest_fp");
    out["ticks"] = shown(market, "price_level_structure");
    out["yes"] = shown(market, "yes_sub_title");
    out["no"] = shown(market, "no_sub_title");
    out["rules"] = shown(market, "rules_primary");
    return out;
}

Row event_row(Row const& event) {
    return {{"ticker", shown(event, "event_ticker")},
            {"title", shown(event, "title")},
            {"subtitle", shown(event, "sub_title")},
            {"category", shown(event, "category")},
            {"series", shown(event, "series_ticker")},
            {"mutually_exclusive", shown(event, "mutually_exclusive")}};
}

Row position_row(Row const& position) {
    return {{"ticker", shown(position, "ticker")},
            {"position", decimal(position, "position_fp")},
            {"exposure", decimal(position, "market_exposure_dollars")},
            {"realized_pnl", decimal(position, "realized_pnl_dollars")},
            {"fees_paid", decimal(position, "fees_paid_dollars")},
            {"traded", decimal(position, "total_traded_dollars")},
            {"updated", shown(position, "last_updated_ts")}};
}

Row fill_row(Row const& fill) {
    return {{"time", shown(fill, "created_time")}, {"ticker", shown(fill, "ticker")},
            {"side", shown(fill, "outcome_side")}, {"price", decimal(fill, "yes_price_dollars")},
            {"size", decimal(fill, "count_fp")},   {"taker", shown(fill, "is_taker")},
            {"fee", decimal(fill, "fee_cost")},    {"order_id", shown(fill, "order_id")},
            {"trade_id", shown(fill, "trade_id")}};
}

Row settlement_row(Row const& settlement) {
    return {{"time", shown(settlement, "settled_time")},
            {"ticker", shown(settlement, "ticker")},
            {"result", shown(settlement, "market_result")},
            {"value", dollars(settlement, "value")},
            {"yes", decimal(settlement, "yes_count_fp")},
            {"no", decimal(settlement, "no_count_fp")},
            {"yes_cost", decimal(settlement, "yes_total_cost_dollars")},
            {"no_cost", decimal(settlement, "no_total_cost_dollars")},
            {"revenue", dollars(settlement, "revenue")},
            {"fee", decimal(settlement, "fee_cost")}};
}

Row order_row(Row const& order) {
    return {{"time", shown(order, "created_time")},
            {"ticker", shown(order, "ticker")},
            {"status", shown(order, "status")},
            {"side", shown(order, "outcome_side")},
            {"price", decimal(order, "yes_price_dollars")},
            {"size", decimal(order, "initial_count_fp")},
            {"filled", decimal(order, "fill_count_fp")},
            {"left", decimal(order, "remaining_count_fp")},
            {"order_id", shown(order, "order_id")}};
}

Row milestone_row(Row const& milestone) {
    return {{"starts", shown(milestone, "start_date")},
            {"ends", shown(milestone, "end_date")},
            {"title", shown(milestone, "title")},
            {"type", shown(milestone, "type")},
            {"category", shown(milestone, "category")},
            {"status", shown(part(milestone, "details"), "status")},
            {"events", joined_texts(shown(milestone, "related_event_tickers"))},
            {"id", shown(milestone, "id")}};
}

Row incentive_row(Row const& program) {
    return {{"ticker", shown(program, "market_ticker")},
            {"type", shown(program, "incentive_type")},
            {"starts", shown(program, "start_date")},
            {"ends", shown(program, "end_date")},
            {"reward", centi_cents(program, "period_reward")},
            {"target_size", decimal(program, "target_size_fp")},
            {"discount_bps", shown(program, "discount_factor_bps")},
            {"paid_out", shown(program, "paid_out")},
            {"id", shown(program, "id")}};
}

Row series_row(Row const& series) {
    return {{"ticker", shown(series, "ticker")},
            {"title", shown(series, "title")},
            {"category", shown(series, "category")},
            {"tags", joined_texts(shown(series, "tags"), ", ")},
            {"frequency", shown(series, "frequency")},
            {"fee_type", shown(series, "fee_type")},
            {"fee_multiplier", shown(series, "fee_multiplier")},
            {"updated", shown(series, "last_updated_ts")}};
}

Row collection_row(Row const& collection) {
    auto const* const events = collection.if_contains("associated_event_tickers");
    return {{"ticker", shown(collection, "collection_ticker")},
            {"title", shown(collection, "title")},
            {"series", shown(collection, "series_ticker")},
            {"opens", shown(collection, "open_date")},
            {"closes", shown(collection, "close_date")},
            {"legs_min", shown(collection, "size_min")},
            {"legs_max", shown(collection, "size_max")},
            {"ordered", shown(collection, "is_ordered")},
            {"all_yes", shown(collection, "is_all_yes")},
            {"events", events != nullptr && events->is_array() ? json::value(events->get_array().size())
                                                               : json::value{}}};
}

Row target_row(Row const& target) {
    return {{"id", shown(target, "id")},
            {"name", shown(target, "name")},
            {"type", shown(target, "type")},
            {"source_id", shown(target, "source_id")},
            {"updated", shown(target, "last_updated_ts")},
            {"details", shown(target, "details")}};
}

Row cutoff_row(Row const& cutoff) {
    return {{"markets_settled", shown(cutoff, "market_settled_ts")},
            {"trades", shown(cutoff, "trades_created_ts")},
            {"orders", shown(cutoff, "orders_updated_ts")},
            {"positions", shown(cutoff, "market_positions_last_updated_ts")}};
}

Row balance_row(Row const& balance) {
    auto const exact = decimal(balance, "balance_dollars");
    return {{"balance", exact.is_string() ? exact : dollars(balance, "balance")},
            {"portfolio_value", dollars(balance, "portfolio_value")},
            {"updated", time_of(balance, "updated_ts")}};
}

Row limits_row(Row const& limits) {
    auto const &read = part(limits, "read"), &write = part(limits, "write");
    return {{"tier", shown(limits, "usage_tier")},
            {"read_tokens_per_second", shown(read, "refill_rate")},
            {"read_tokens_max", shown(read, "bucket_capacity")},
            {"write_tokens_per_second", shown(write, "refill_rate")},
            {"write_tokens_max", shown(write, "bucket_capacity")}};
}

Row account_time_row(Row const& time) { return {{"as_of", shown(time, "as_of_time")}}; }

// What it holds beside differs from one type to the next.
Row live_data_row(Row const& data) {
    return {{"type", shown(data, "type")},
            {"historical", shown(data, "is_historical")},
            {"range", shown(data, "default_range")},
            {"ranges", joined_texts(shown(data, "range_options"))},
            {"details", shown(data, "details")}};
}

Row candlestick_row(Row const& candle) {
    Row out{{"ends", time_of(candle, "end_period_ts")}};
    // Historical candles have the same names without the unit.
    auto const value = [&](char const* of, std::string const& name) {
        auto const& object = part(candle, of);
        auto const with_unit = decimal(object, name + "_dollars");
        return with_unit.is_null() ? decimal(object, name) : with_unit;
    };
    for (auto const* const name : {"open", "high", "low", "close"}) out[name] = value("price", name);
    out["bid"] = value("yes_bid", "close");
    out["ask"] = value("yes_ask", "close");
    for (auto const* const name : {"volume", "open_interest"}) {
        auto const with_unit = decimal(candle, std::string{name} + "_fp");
        out[name] = with_unit.is_null() ? decimal(candle, name) : with_unit;
    }
    return out;
}

std::vector<Row> candlestick_rows(Document const& document) {
    std::vector<Row> out;
    auto const take = [&](json::array const& candles) {
        for (auto const& candle : candles)
            if (candle.is_object()) out.push_back(candlestick_row(candle.get_object()));
    };
    take(document.list("candlesticks"));
    for (auto const& market : document.list("markets"))
        if (auto const* const object = market.if_object()) take(list_of(*object, "candlesticks"));
    return out;
}

std::vector<Row> book_rows(BookRow const& book, std::size_t depth) {
    std::vector<Row> out;
    auto const side = [&](char const* name, std::vector<arb_level> levels, bool complemented) {
        // The best bid of either leg is the dearest one.
        std::sort(levels.begin(), levels.end(),
                  [](auto const& a, auto const& b) { return a.price > b.price; });
        if (depth != 0 && levels.size() > depth) levels.resize(depth);
        for (auto const& level : levels)
            out.push_back({{"side", name},
                           {"price", amount(complemented ? complement(level.price) : level.price)},
                           {"size", amount(level.size)}});
    };
    side("bid", book.yes, false);
    side("ask", book.no, true);
    return out;
}

std::vector<Row> schedule_rows(Document const& document) {
    std::vector<Row> out;
    auto const& schedule = part(document.object(), "schedule");
    auto const each = [](Row const& of, char const* key, auto const& take) {
        for (auto const& item : list_of(of, key))
            if (item.is_object()) take(item.get_object());
    };
    each(schedule, "standard_hours", [&](Row const& week) {
        for (auto const* const day :
             {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})
            each(week, day, [&](Row const& open) {
                out.push_back({{"what", "open"},
                               {"day", day},
                               {"from", shown(open, "open_time")},
                               {"to", shown(open, "close_time")},
                               {"clock", "New York"}});
            });
    });
    each(schedule, "maintenance_windows", [&](Row const& window) {
        out.push_back({{"what", "maintenance"},
                       {"day", nullptr},
                       {"from", shown(window, "start_datetime")},
                       {"to", shown(window, "end_datetime")},
                       {"clock", "UTC"}});
    });
    return out;
}

std::vector<Row> exchange_rows(Document const& document) {
    auto const one = [&](Row const& of, json::value name) {
        // The venue says it once, for all of its parts.
        auto resumes = shown(of, "exchange_estimated_resume_time");
        if (resumes.is_null()) resumes = shown(document.object(), "exchange_estimated_resume_time");
        return Row{{"part", std::move(name)},
                   {"exchange_active", shown(of, "exchange_active")},
                   {"trading_active", shown(of, "trading_active")},
                   {"resumes", std::move(resumes)}};
    };
    std::vector<Row> out;
    for (auto const& shard : document.list("exchange_index_statuses"))
        if (shard.is_object())
            out.push_back(one(shard.get_object(), shown(shard.get_object(), "description")));
    if (out.empty()) out.push_back(one(document.object(), "exchange"));
    return out;
}

std::vector<Row> cost_rows(Document const& document) {
    std::vector<Row> out;
    for (auto const& item : document.list("endpoint_costs")) {
        auto const* const cost = item.if_object();
        if (cost == nullptr) continue;
        out.push_back({{"method", shown(*cost, "method")},
                       {"path", shown(*cost, "path")},
                       {"tokens", shown(*cost, "cost")}});
    }
    out.push_back(
        {{"method", nullptr}, {"path", "every other"}, {"tokens", shown(document.object(), "default_cost")}});
    return out;
}

std::vector<Row> tag_rows(Document const& document) {
    std::vector<Row> out;
    for (auto const& category : part(document.object(), "tags_by_categories"))
        out.push_back({{"category", category.key()}, {"tags", joined_texts(category.value(), ", ")}});
    return out;
}

std::vector<Row> metadata_rows(Document const& document) {
    auto const& event = document.object();
    std::vector<Row> out;
    auto const add = [&](char const* what, json::value name, json::value detail, json::value url) {
        if (name.is_null() && detail.is_null() && url.is_null()) return;
        out.push_back({{"what", what},
                       {"name", std::move(name)},
                       {"detail", std::move(detail)},
                       {"url", std::move(url)}});
    };
    add("competition", shown(event, "competition"), shown(event, "competition_scope"), {});
    for (auto const* const key : {"image_url", "featured_image_url"})
        add("picture", {}, {}, shown(event, key));
    for (auto const& item : list_of(event, "settlement_sources"))
        if (auto const* const source = item.if_object())
            add("decided by", shown(*source, "name"), {}, shown(*source, "url"));
    for (auto const& item : list_of(event, "market_details"))
        if (auto const* const market = item.if_object())
            add("market", shown(*market, "market_ticker"), shown(*market, "color_code"),
                shown(*market, "image_url"));
    return out;
}

}  // namespace arb::kalshi
