// libFuzzer entry: the input is the body of an answer over REST. It is read as a page of events, of markets
// and of trades. Whatever comes in, values that come out are such as can be stored.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "polymarket/decode_catalogue.hpp"
#include "polymarket/decode_trades.hpp"

namespace {

using namespace arb;
using namespace arb::polymarket;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_market(std::string_view text) {
    auto const row = decode_market(text, "1");
    if (!row) return;
    require(!row->id.empty());
    require(row->tokens.empty() || row->tokens.size() == row->outcomes.size());
    require(row->tick_size == ARB_ABSENT || row->tick_size > 0);
    for (auto const event : events_of_market(text)) decode_event(event);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const body{reinterpret_cast<char const*>(data), size};
    if (auto const page = decode_page(body, "events"); page.has_value())
        for (auto const item : page->items) {
            if (auto const event = decode_event(item)) require(!event->id.empty());
            for (auto const market : markets_of_event(item)) check_market(market);
        }
    if (auto const page = decode_page(body, "markets"); page.has_value())
        for (auto const item : page->items) check_market(item);
    if (auto const page = decode_trades(body); page.has_value())
        for (auto const& trade : page->trades) {
            require(trade.print.price != ARB_ABSENT && trade.print.size != ARB_ABSENT &&
                    trade.print.time > 0);
            require(!trade_id(trade.print, 0).empty());
        }
    decode_list(body);
    return 0;
}
