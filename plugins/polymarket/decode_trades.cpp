#include "polymarket/decode_trades.hpp"

#include "arbitrage/abi/ext/drift.h"
#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/decode_catalogue.hpp"
#include "polymarket/json_text.hpp"

namespace arb::polymarket {

namespace {

// A member that is a text without escapes or a number, as it stands there; empty if it is neither.
std::string_view plain(std::string_view object, std::string_view key) {
    auto const value = member(object, key);
    if (!value || value->empty()) return {};
    auto const first = value->front();
    if (first != '"') return first >= '0' && first <= '9' ? *value : std::string_view{};
    auto const text = value->substr(1, value->size() - 2);
    return text.find('\\') == std::string_view::npos ? text : std::string_view{};
}

// Unix seconds.
std::optional<arb_time> read_seconds(std::string_view text) {
    return text.size() > 10 ? std::nullopt : read_milliseconds(std::string{text} + "000");
}

// The fields a trade needs, and those nobody has heard of; each once a page.
void look_for_differences(std::string_view item, std::vector<Difference>& out) {
    auto const differ = [&](int what, std::string_view field) {
        for (auto const& one : out)
            if (one.what == what && one.field == field) return;
        out.push_back({what, std::string{field}});
    };
    for (std::string_view const key :
         {"transactionHash", "asset", "conditionId", "side", "timestamp", "price", "size"}) {
        auto const value = member(item, key);
        if (!value || *value == "null")
            differ(ARB_DRIFT_MISSING, key);
        else if (plain(item, key).empty())
            differ(ARB_DRIFT_RETYPED, key);
    }
    for_each_member(item, [&](std::string_view key, std::string_view) {
        if (!known_trade_field(key)) differ(ARB_DRIFT_UNKNOWN, key);
    });
}

}  // namespace

Result<TradePage> decode_trades(std::string_view body) {
    auto const items = decode_page(body, "data");
    if (items.has_error()) return items.error();
    TradePage page;
    for (auto const item : items->items) {
        PastTrade trade;
        trade.text = item;
        auto& print = trade.print;
        print.transaction = plain(item, "transactionHash");
        print.asset_id = plain(item, "asset");
        trade.market_id = plain(item, "conditionId");
        auto const side = read_side(plain(item, "side"));
        auto const time = read_seconds(plain(item, "timestamp"));
        print.price = nearest_millionth(plain(item, "price"));
        print.size = nearest_millionth(plain(item, "size"));
        bool const whole = !print.transaction.empty() && !print.asset_id.empty() &&
                           !trade.market_id.empty() && side && time && print.price != ARB_ABSENT &&
                           print.size != ARB_ABSENT;
        look_for_differences(item, page.differences);
        if (!whole) {
            ++page.unreadable;
            page.refused.push_back(item);
            continue;
        }
        print.side = *side == ARB_BOOK_BID ? ARB_SIDE_BUY : ARB_SIDE_SELL;
        print.time = *time;
        page.trades.push_back(trade);
    }
    page.next_cursor = next_cursor(body);
    return page;
}

std::string next_cursor(std::string_view body) {
    auto const pagination = member(body, "pagination");
    if (!pagination || member(*pagination, "has_more") == "false") return {};
    return std::string{plain(*pagination, "next_cursor")};
}

std::int64_t nearest_millionth(std::string_view number) {
    auto const exact = parse_decimal(number);
    if (exact) return exact.millionths;
    if (exact.error != DecimalError::too_precise) return ARB_ABSENT;
    auto const point = number.find('.');
    auto const kept = point == std::string_view::npos ? point : point + 7;
    if (kept >= number.size() || number.find_first_not_of("0123456789.") != std::string_view::npos)
        return ARB_ABSENT;
    auto const cut = parse_decimal(number.substr(0, kept));
    return cut ? cut.millionths + (number[kept] >= '5' ? 1 : 0) : ARB_ABSENT;
}

}  // namespace arb::polymarket
