#include "polymarket/content.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

namespace arb::polymarket {

namespace {

namespace json = boost::json;

// What moves with every trade or look, at any depth: not a change of the catalogue.
constexpr std::string_view volatile_keys[] = {"updatedAt",
                                              "outcomePrices",
                                              "liquidity",
                                              "liquidityNum",
                                              "liquidityClob",
                                              "liquidityAmm",
                                              "openInterest",
                                              "competitive",
                                              "commentCount",
                                              "bestBid",
                                              "bestAsk",
                                              "spread",
                                              "lastTradePrice",
                                              "oneHourPriceChange",
                                              "oneDayPriceChange",
                                              "oneWeekPriceChange",
                                              "oneMonthPriceChange",
                                              "oneYearPriceChange",
                                              "score",
                                              "elapsed",
                                              "period",
                                              "featuredOrder",
                                              "updatedBy"};

bool is_volatile(std::string_view key) {
    return key.substr(0, 6) == "volume" ||
           std::find(std::begin(volatile_keys), std::end(volatile_keys), key) != std::end(volatile_keys);
}

}  // namespace

std::string number_text(json::value const& value) {
    char out[32];
    std::to_chars_result end{};
    if (value.is_int64())
        end = std::to_chars(out, out + sizeof out, value.get_int64());
    else if (value.is_uint64())
        end = std::to_chars(out, out + sizeof out, value.get_uint64());
    else
        end = std::to_chars(out, out + sizeof out, value.get_double());
    return {out, end.ptr};
}

void append_content(json::value const& value, std::string& out) {
    if (auto const* const object = value.if_object()) {
        out += '{';
        for (auto const& pair : *object) {
            std::string_view const key{pair.key().data(), pair.key().size()};
            if (is_volatile(key)) continue;
            out.append(key).append(1, ':');
            append_content(pair.value(), out);
        }
        out += '}';
    } else if (auto const* const array = value.if_array()) {
        out += '[';
        for (auto const& item : *array) append_content(item, out);
        out += ']';
    } else if (auto const* const text = value.if_string()) {
        out.append(text->data(), text->size()).append(1, ';');
    } else if (value.is_number()) {
        out.append(number_text(value)).append(1, ';');
    } else {
        out += value.is_null() ? "null;" : value.get_bool() ? "true;" : "false;";
    }
}

}  // namespace arb::polymarket
