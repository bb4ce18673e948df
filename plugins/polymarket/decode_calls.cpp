#include "polymarket/decode_calls.hpp"

#include <boost/json.hpp>
#include <charconv>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/json_text.hpp"

namespace arb::polymarket {

namespace json = boost::json;

std::string plain_member(std::string_view object, std::string_view key) {
    auto const value = member(object, key);
    if (!value || *value == "null") return {};
    if (value->front() != '"') return std::string{*value};
    json::error_code ec;
    auto const text = json::parse(*value, ec);
    return ec || !text.is_string() ? std::string{} : std::string{text.get_string()};
}

// Parentheses: braces around a value would make an array of it.
json::value amount_value(std::int64_t millionths) {
    return millionths == ARB_ABSENT ? json::value(nullptr) : json::value(format_decimal(millionths));
}
json::value time_value(arb_time time) {
    return time == 0 ? json::value(nullptr) : json::value(format_time(time));
}
json::value seconds_value(std::string_view seconds) {
    return time_value(read_milliseconds(std::string{seconds} + "000").value_or(0));
}

json::object trade_row(std::string_view item) {
    return {{"time", seconds_value(plain_member(item, "timestamp"))},
            {"outcome", plain_member(item, "outcome")},
            {"side", plain_member(item, "side")},
            {"price", plain_member(item, "price")},
            {"size", plain_member(item, "size")},
            {"transaction", plain_member(item, "transactionHash")}};
}

json::object order_row(std::string_view item) {
    return {{"order_id", plain_member(item, "id")},
            {"market_id", plain_member(item, "market")},
            {"outcome", plain_member(item, "outcome")},
            {"side", plain_member(item, "side")},
            {"price", plain_member(item, "price")},
            {"size", plain_member(item, "original_size")},
            {"matched", plain_member(item, "size_matched")},
            {"status", plain_member(item, "status")},
            {"created_at", seconds_value(plain_member(item, "created_at"))}};
}

json::object fill_row(std::string_view item) {
    return {{"fill_id", plain_member(item, "id")},
            {"time", seconds_value(plain_member(item, "match_time"))},
            {"market_id", plain_member(item, "market")},
            {"outcome", plain_member(item, "outcome")},
            {"side", plain_member(item, "side")},
            {"price", plain_member(item, "price")},
            {"size", plain_member(item, "size")},
            {"role", plain_member(item, "trader_side")},
            {"status", plain_member(item, "status")},
            {"transaction", plain_member(item, "transaction_hash")}};
}

json::object position_row(std::string_view item) {
    return {
        {"market_id", plain_member(item, "conditionId")},  {"title", plain_member(item, "title")},
        {"outcome", plain_member(item, "outcome")},        {"size", plain_member(item, "size")},
        {"average_price", plain_member(item, "avgPrice")}, {"price", plain_member(item, "curPrice")},
        {"value", plain_member(item, "currentValue")},     {"redeemable", plain_member(item, "redeemable")}};
}

json::object tag_row(std::string_view item) {
    return {{"tag_id", plain_member(item, "id")},
            {"slug", plain_member(item, "slug")},
            {"label", plain_member(item, "label")}};
}

Result<std::vector<json::object>> outcome_rows(std::string_view body) {
    auto const is = [&](char const* name) { return plain_member(body, name) == "true"; };
    auto const id = plain_member(body, "condition_id");
    auto const tokens = member(body, "tokens");
    if (id.empty() || !tokens) return permanent("the venue's answer is no market");
    auto const time = [&](char const* name) {
        return time_value(parse_time(plain_member(body, name)).value_or(0));
    };
    std::string_view const status = is("closed")               ? "closed"
                                    : is("archived")           ? "archived"
                                    : !is("enable_order_book") ? "no book"
                                    : is("accepting_orders")   ? "open"
                                                               : "paused";
    std::vector<json::object> out;
    bool const whole = for_each_element(*tokens, [&](std::string_view token) {
        out.push_back({{"market_id", id},
                       {"title", plain_member(body, "question")},
                       {"status", status},
                       {"outcome", plain_member(token, "outcome")},
                       {"token_id", plain_member(token, "token_id")},
                       {"price", plain_member(token, "price")},
                       {"winner", plain_member(token, "winner")},
                       {"half_each", plain_member(body, "is_50_50_outcome")},
                       {"tick_size", plain_member(body, "minimum_tick_size")},
                       {"min_order_size", plain_member(body, "minimum_order_size")},
                       {"opens_at", time("accepting_order_timestamp")},
                       {"closes_at", time("end_date_iso")}});
    });
    if (!whole) return permanent("the venue's answer is no market");
    return out;
}

Result<json::object> balance_row(std::string_view body) {
    // The token has six decimals, and the venue counts its smallest parts: millionths of a dollar.
    auto const text = plain_member(body, "balance");
    std::int64_t millionths = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), millionths);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size())
        return permanent("the venue's answer has no readable balance");
    // A contract that may take everything has an allowance of 78 digits: it is shown as it came.
    return json::object{{"collateral", amount_value(millionths)},
                        {"allowance", plain_member(body, "allowance")}};
}

Result<std::vector<json::object>> history_rows(std::string_view body) {
    auto const list = member(body, "history");
    std::vector<json::object> out;
    bool const whole = list && for_each_element(*list, [&](std::string_view point) {
                           out.push_back({{"time", seconds_value(plain_member(point, "t"))},
                                          {"price", plain_member(point, "p")}});
                       });
    if (!whole) return permanent("the venue's answer has no history of prices");
    return out;
}

}  // namespace arb::polymarket
