// The rows of what can be traded and at what fee: events, markets and their status, series, fee schedules.
#include "arbitrage/fields.hpp"
#include "sinks/sql/cells.hpp"
#include "sinks/sql/rows.hpp"

namespace arb::sql {

using namespace cells;

void Rows::event(arb_event const& p, std::uint64_t content) {
    auto const& h = p.header;
    auto const id = text(h, p.event_id);
    auto* const to = in_turn(TableId::events, TableId::events, arb::venue(h), id.text());
    Cell const row[] = {venue(h),
                        id,
                        text(h, p.series),
                        text(h, p.title),
                        text(h, p.subtitle),
                        text(h, p.category),
                        known(p.mutually_exclusive),
                        word(words::lifecycles, p.lifecycle),
                        time(p.opens_at),
                        time(p.closes_at),
                        text(h, p.url),
                        json(h, p.raw),
                        time(h.received_time),
                        time(h.received_time),
                        number(static_cast<std::int64_t>(content)),
                        position(h),
                        flags(h)};
    std::copy(std::begin(row), std::end(row), to);
    remembered_.push_back({arb::venue(h), id.text(), content, false});
}

void Rows::market(arb_market const& p, std::int32_t key, std::uint64_t content) {
    auto const& h = p.header;
    auto const id = text(h, p.market_id);
    auto* const to = in_turn(TableId::markets, TableId::markets, arb::venue(h), bytes_of(key));
    Cell const row[] = {venue(h),
                        number(key),
                        id,
                        text(h, p.event_id),
                        text(h, p.title),
                        texts(h, p.outcomes),
                        texts(h, p.token_ids),
                        word(words::lifecycles, p.lifecycle),
                        text(h, p.venue_status),
                        text(h, p.rules),
                        number(p.tick_size),
                        json(h, p.fee),
                        time(p.opens_at),
                        time(p.closes_at),
                        time(p.expected_at),
                        time(p.settled_at),
                        text(h, p.result),
                        number(p.settlement_value),
                        number(p.volume),
                        json(h, p.price_ranges),
                        json(h, p.raw),
                        time(h.received_time),
                        time(h.received_time),
                        number(static_cast<std::int64_t>(content)),
                        position(h),
                        flags(h)};
    std::copy(std::begin(row), std::end(row), to);
    remembered_.push_back({arb::venue(h), id.text(), content, true});
}

// Without a market it is about the whole venue, or a part of it that `detail` names.
void Rows::status(arb_status_change const& p, std::int32_t key) {
    auto const& h = p.header;
    auto const state = word(words::lifecycles, p.lifecycle);
    auto const said = text(h, p.venue_status), result = text(h, p.result), detail = json(h, p.detail);
    Cell const row[] = {venue(h),
                        key == 0 ? Cell{} : number(key),
                        state,
                        said,
                        result,
                        number(p.settlement_value),
                        detail,
                        time(h.venue_time),
                        number(h.received_time),
                        position(h),
                        flags(h)};
    std::copy(std::begin(row), std::end(row), append(TableId::status_changes, arb::venue(h)));
    if (state.is_null() || key == 0) return;
    remembered_.push_back({arb::venue(h), text(h, p.market_id).text(), 0, true});
    auto const settled = p.lifecycle == ARB_LIFECYCLE_SETTLED
                             ? number(h.venue_time != 0 ? h.venue_time : h.received_time)
                             : Cell{};
    Cell const amended[] = {venue(h),   number(key),
                            state,      said,
                            result,     number(p.settlement_value),
                            settled,    number(h.received_time),
                            position(h)};
    std::copy(std::begin(amended), std::end(amended),
              in_turn(TableId::market_status, TableId::markets, arb::venue(h), bytes_of(key)));
}

void Rows::series(arb_series const& p, std::uint64_t content) {
    auto const& h = p.header;
    auto const id = text(h, p.series_id);
    Cell const row[] = {venue(h),
                        id,
                        text(h, p.title),
                        text(h, p.category),
                        text(h, p.frequency),
                        json(h, p.tags),
                        json(h, p.raw),
                        number(h.received_time),
                        number(h.received_time),
                        number(static_cast<std::int64_t>(content)),
                        position(h),
                        flags(h)};
    auto* const to = keyed(TableId::series, arb::venue(h), id.text());
    std::copy(std::begin(row), std::end(row), to);
}

// The scope of a whole venue is named by the venue, so that every schedule has a name. What the venue dated
// is kept whatever is in force then: what comes between may be told later, and the fee that returns after it
// is no repetition. What was merely seen to be so is compared with what is in force, the dated ones included.
void Rows::fee_schedule(arb_fee_schedule const& p, std::uint64_t content) {
    auto const& h = p.header;
    auto const scope = word(words::scopes, p.scope);
    auto const id = p.scope == ARB_SCOPE_VENUE ? venue(h) : text(h, p.scope_id);
    auto const from = time(p.effective_from).is_null() ? h.received_time : p.effective_from;
    Cell const row[] = {venue(h),
                        scope,
                        id,
                        text(h, p.type),
                        number(p.rate),
                        number(p.exponent),
                        number(p.multiplier),
                        number(p.rebate_rate),
                        known(p.taker_only),
                        number(from),
                        text(h, p.source),
                        json(h, p.raw),
                        number(h.received_time),
                        number(static_cast<std::int64_t>(content)),
                        position(h),
                        flags(h)};
    std::string name{scope.text()};
    name.append(1, '\0').append(id.text());
    auto const micros = from / 1000;
    bool const dated = h.venue_time != 0 || from > h.received_time;
    auto* const to = dated ? keyed(TableId::dated_fees, arb::venue(h),
                                   name.append(reinterpret_cast<char const*>(&micros), sizeof micros))
                           : in_turn(TableId::fee_schedules, TableId::fee_schedules, arb::venue(h), name);
    std::copy(std::begin(row), std::end(row), to);
}

}  // namespace arb::sql
