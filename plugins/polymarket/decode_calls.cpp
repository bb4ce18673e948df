#include "polymarket/decode_calls.hpp"

#include <boost/json.hpp>
#include <charconv>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/decode_catalogue.hpp"
#include "polymarket/json_text.hpp"

namespace arb::polymarket {

namespace json = boost::json;

namespace {

constexpr char const* no_market = "the venue's answer is no market";

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

bool is_object(std::string_view text) { return !text.empty() && text.front() == '{'; }

json::value iso_time(std::string_view object, std::string_view key) {
    return time_value(parse_time(plain_member(object, key)).value_or(0));
}

// What is counted, as a number whether the venue writes it as one or as a text.
json::value count_value(std::string_view object, std::string_view key) {
    auto const text = plain_member(object, key);
    std::int64_t count = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), count);
    return !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size()
               ? json::value(count)
               : json::value(nullptr);
}

// The text at the end of a path of names; empty where it does not lead to one.
std::string plain_at(std::string_view object, std::string_view outer, std::string_view inner) {
    auto const value = member(object, outer);
    return value ? plain_member(*value, inner) : std::string{};
}

}  // namespace

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
json::value flag_value(std::string_view object, std::string_view key) {
    auto const value = member(object, key);
    return value == "true" ? json::value(true) : value == "false" ? json::value(false) : json::value(nullptr);
}
json::value seconds_value(std::string_view seconds) {
    return time_value(read_milliseconds(std::string{seconds} + "000").value_or(0));
}

json::object trade_row(std::string_view item) {
    if (!is_object(item)) return {};
    return {{"time", seconds_value(plain_member(item, "timestamp"))},
            {"outcome", plain_member(item, "outcome")},
            {"side", plain_member(item, "side")},
            {"price", plain_member(item, "price")},
            {"size", plain_member(item, "size")},
            {"transaction", plain_member(item, "transactionHash")}};
}

json::object order_row(std::string_view item) {
    if (!is_object(item)) return {};
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
    if (!is_object(item)) return {};
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
    if (!is_object(item)) return {};
    return {
        {"market_id", plain_member(item, "conditionId")},  {"title", plain_member(item, "title")},
        {"outcome", plain_member(item, "outcome")},        {"size", plain_member(item, "size")},
        {"average_price", plain_member(item, "avgPrice")}, {"price", plain_member(item, "curPrice")},
        {"value", plain_member(item, "currentValue")},     {"redeemable", flag_value(item, "redeemable")}};
}

json::object closed_position_row(std::string_view item) {
    if (!is_object(item)) return {};
    return {{"closed_at", seconds_value(plain_member(item, "timestamp"))},
            {"market_id", plain_member(item, "conditionId")},
            {"title", plain_member(item, "title")},
            {"outcome", plain_member(item, "outcome")},
            {"bought", plain_member(item, "totalBought")},
            {"average_price", plain_member(item, "avgPrice")},
            {"profit", plain_member(item, "realizedPnl")}};
}

json::object notification_row(std::string_view item) {
    if (!is_object(item)) return {};
    auto const type = plain_member(item, "type");
    return {{"what", type == "1"   ? "order canceled"
                     : type == "2" ? "order filled"
                     : type == "4" ? "market resolved"
                                   : type},
            {"payload", member(item, "payload").value_or("")}};
}

// A text, or an object around it.
json::object key_row(std::string_view item) {
    auto key = plain_member(item, "apiKey");
    if (key.empty() && item.size() > 2 && item.front() == '"') key = item.substr(1, item.size() - 2);
    if (key.empty()) return {};
    return {{"api_key", key}};
}

json::object reward_row(std::string_view item) {
    auto const rewards = member(item, "rewards");
    if (!rewards || !is_object(*rewards)) return {};
    std::string a_day;
    if (auto const rates = member(*rewards, "rates"))
        for_each_element(*rates, [&](std::string_view rate) {
            a_day += (a_day.empty() ? "" : " + ") + plain_member(rate, "rewards_daily_rate");
        });
    return {{"market_id", plain_member(item, "condition_id")},
            {"title", plain_member(item, "question")},
            {"a_day", a_day},
            {"min_size", plain_member(*rewards, "min_size")},
            {"max_spread", plain_member(*rewards, "max_spread")}};
}

json::object event_row(std::string_view item) {
    auto const event = decode_event(item);
    if (!event) return {};
    return {{"event_id", event->id},
            {"title", event->title},
            {"category", event->category},
            {"markets", event->markets.size()},
            {"status", lifecycle_word(event->lifecycle)},
            {"closes_at", time_value(event->closes_at)},
            {"url", event->url}};
}

json::object market_row(std::string_view item, std::string_view event_id) {
    auto const market = decode_market(item, event_id);
    if (!market || market->lifecycle == ARB_LIFECYCLE_SETTLED) return {};
    return {{"market_id", market->id},
            {"title", market->title},
            {"status", lifecycle_word(market->lifecycle)},
            {"bid", plain_member(item, "bestBid")},
            {"ask", plain_member(item, "bestAsk")},
            {"last_price", plain_member(item, "lastTradePrice")},
            {"volume_24h", amount_value(market->volume_24h)},
            {"closes_at", time_value(market->closes_at)}};
}

json::object series_row(std::string_view item) {
    if (!is_object(item)) return {};
    return {{"series", plain_member(item, "slug")},
            {"title", plain_member(item, "title")},
            {"recurrence", plain_member(item, "recurrence")},
            {"volume_24h", plain_member(item, "volume24hr")},
            {"closed", flag_value(item, "closed")}};
}

json::object tag_row(std::string_view item) {
    if (!is_object(item)) return {};
    return {{"tag_id", plain_member(item, "id")},
            {"slug", plain_member(item, "slug")},
            {"label", plain_member(item, "label")}};
}

json::object team_row(std::string_view item) {
    if (!is_object(item)) return {};
    return {{"team_id", plain_member(item, "id")},
            {"name", plain_member(item, "name")},
            {"abbreviation", plain_member(item, "abbreviation")},
            {"league", plain_member(item, "league")},
            {"record", plain_member(item, "record")}};
}

json::object comment_row(std::string_view item) {
    if (!is_object(item)) return {};
    auto author = plain_at(item, "profile", "name");
    if (author.empty()) author = plain_at(item, "profile", "pseudonym");
    return {{"time", iso_time(item, "createdAt")},
            {"author", author},
            {"text", plain_member(item, "body")},
            {"reactions", count_value(item, "reactionCount")}};
}

RowsOf outcome_rows(std::string_view body) {
    auto const is = [&](char const* name) { return plain_member(body, name) == "true"; };
    auto const id = plain_member(body, "condition_id");
    auto const tokens = member(body, "tokens");
    if (id.empty() || !tokens) return permanent(no_market);
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
                       {"winner", flag_value(token, "winner")},
                       {"half_each", flag_value(body, "is_50_50_outcome")},
                       {"tick_size", plain_member(body, "minimum_tick_size")},
                       {"min_order_size", plain_member(body, "minimum_order_size")},
                       {"opens_at", iso_time(body, "accepting_order_timestamp")},
                       {"closes_at", iso_time(body, "end_date_iso")}});
    });
    if (!whole) return permanent(no_market);
    return out;
}

RowsOf history_rows(std::string_view body) {
    auto const list = member(body, "history");
    std::vector<json::object> out;
    bool const whole = list && for_each_element(*list, [&](std::string_view point) {
                           out.push_back({{"time", seconds_value(plain_member(point, "t"))},
                                          {"price", plain_member(point, "p")}});
                       });
    if (!whole) return permanent("the venue's answer has no history of prices");
    return out;
}

RowsOf balance_rows(std::string_view body, char const* what) {
    // The tokens have six decimals, and the venue counts their smallest parts: millionths.
    auto const text = plain_member(body, "balance");
    std::int64_t millionths = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), millionths);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size())
        return permanent("the venue's answer has no readable balance");
    // A contract that may take everything has an allowance of 78 digits: it is shown as it came, or those of
    // all contracts are.
    auto allowance = plain_member(body, "allowance");
    if (allowance.empty()) allowance = member(body, "allowances").value_or("");
    return std::vector<json::object>{{{what, amount_value(millionths)}, {"allowance", allowance}}};
}

RowsOf fee_rows(std::string_view body) {
    auto const id = plain_member(body, "c");
    if (id.empty()) return permanent(no_market);
    auto const fees = member(body, "fd");
    bool const free = !fees || *fees == "null";
    auto const delay = count_value(body, "sd");
    return std::vector<json::object>{{{"market_id", id},
                                      {"fee_rate", free ? "0" : plain_member(*fees, "r")},
                                      {"fee_exponent", free ? "" : plain_member(*fees, "e")},
                                      {"takers_only", free ? json::value(nullptr) : flag_value(*fees, "to")},
                                      {"tick_size", plain_member(body, "mts")},
                                      {"min_order_size", plain_member(body, "mos")},
                                      {"neg_risk", plain_member(body, "nr") == "true"},
                                      {"takes_orders", flag_value(body, "ao")},
                                      {"since", iso_time(body, "aot")},
                                      {"delay_s", delay.is_null() ? json::value(0) : delay}}};
}

json::object price_row(PriceTexts const& answers, std::string const& token, std::string const& outcome) {
    auto bid = plain_at(answers.prices, token, "BUY"), ask = plain_at(answers.prices, token, "SELL");
    // Sources disagree about whose side is named: the lower one is the bid.
    auto const low = parse_decimal(bid), high = parse_decimal(ask);
    if (low && high && low.millionths > high.millionths) std::swap(bid, ask);
    // By token, or a list that names the token.
    std::string last = plain_at(answers.lasts, token, "price"), side = plain_at(answers.lasts, token, "side");
    for_each_element(answers.lasts, [&](std::string_view one) {
        if (plain_member(one, "token_id") != token) return;
        last = plain_member(one, "price");
        side = plain_member(one, "side");
    });
    // Without a side it was never traded.
    return {{"outcome", outcome},
            {"bid", bid},
            {"ask", ask},
            {"midpoint", plain_member(answers.midpoints, token)},
            {"spread", plain_member(answers.spreads, token)},
            {"last_price", side.empty() ? std::string{} : last},
            {"last_side", side},
            {"token_id", token}};
}

}  // namespace arb::polymarket
