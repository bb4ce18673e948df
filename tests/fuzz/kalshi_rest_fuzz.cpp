// libFuzzer entry: the input is the body of a REST answer, and is read as each of the lists that the plugin
// reads. Whatever comes in, each packet that comes out has to pass the host's check.
#include <cstdlib>
#include <string_view>

#include "arbitrage/check.hpp"
#include "kalshi/decode_rest.hpp"

namespace {

using namespace arb;
using namespace arb::kalshi;

constexpr arb_time received = 1'791'427'623'712'135'409;

void read_all(Document const& document, Packets& packets) {
    SeriesTable series;
    read_series(document, series);
    std::string_view reason;
    for (auto const& item : document.list("events")) {
        auto const event = read_event(item, reason);
        if (!event) continue;
        auto const context = context_of(*event, series);
        EventSpan span;
        for (auto const& nested : *event->markets) {
            auto const market = read_market(nested, reason);
            if (!market) continue;
            span.add(*market);
            content_of(*market->raw);
            write_market(packets, *market, context.fee, received);
        }
        write_event(packets, *event, context, span, received);
    }
    for (auto const& item : document.list("markets")) {
        auto const row = read_quote_row(item, reason);
        if (row) write_quote(packets, row->ticker, row->quote, received, 0, row->doubts.flag());
        auto const market = read_market(item, reason);
        if (market) write_market(packets, *market, {}, received);
    }
    for (auto const& item : document.list("trades"))
        if (auto const row = read_trade(item, reason))
            write_trade(packets, row->trade, received, row->doubts.flag());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const body{reinterpret_cast<char const*>(data), size};
    error_text(body);
    auto const document = Document::parse(body);
    if (document.has_error()) return 0;
    document->cursor();
    Packets packets;
    read_all(*document, packets);
    if (!packets.empty() && check_all(packets.bytes()).has_error()) std::abort();
    return 0;
}
