// What of the catalogue is pushed.
#include "arbitrage/time.hpp"
#include "polymarket/catalogue.hpp"
#include "polymarket/prices.hpp"

namespace arb::polymarket {

// Of a series only what its events say is known; its figures move with every trade and are no change.
void Catalogue::push_series(EventRow const& row) {
    if (row.series.empty() || row.series_raw.empty()) return;
    if (!filter_.changed("series:" + row.series, {row.series_title, row.series_frequency})) return;
    auto draft = outbox_.packets().add<arb_series>(venue_name, host_.now());
    draft.text(&arb_series::series_id, row.series);
    draft.text(&arb_series::title, row.series_title);
    draft.text(&arb_series::category, row.category);
    draft.text(&arb_series::frequency, row.series_frequency);
    draft.text(&arb_series::raw, row.series_raw);
}

void Catalogue::push_event(EventRow const& row) {
    say_differences("GET /events", row.differences, row.raw);
    push_series(row);
    if (!filter_.changed("event:" + row.id, row.content)) return;
    auto draft = outbox_.packets().add<arb_event>(venue_name, host_.now(), 0, row.flags);
    draft->opens_at = row.opens_at;
    draft->closes_at = row.closes_at;
    draft->lifecycle = row.lifecycle;
    draft->mutually_exclusive = row.mutually_exclusive;
    draft.text(&arb_event::event_id, row.id);
    draft.text(&arb_event::series, row.series);
    draft.text(&arb_event::title, row.title);
    draft.text(&arb_event::category, row.category);
    draft.text(&arb_event::url, row.url);
    draft.text(&arb_event::raw, row.raw);
}

void Catalogue::push_market(MarketRow const& row) {
    {
        auto draft = outbox_.packets().add<arb_market>(venue_name, host_.now(), 0, row.flags);
        draft->tick_size = row.tick_size;
        draft->settlement_value = row.settlement_value;
        draft->volume = row.volume;
        draft->opens_at = row.opens_at;
        draft->closes_at = row.closes_at;
        draft->settled_at = row.settled_at;
        draft->lifecycle = row.lifecycle;
        std::vector<std::string_view> const outcomes{row.outcomes.begin(), row.outcomes.end()};
        std::vector<std::string_view> const tokens{row.tokens.begin(), row.tokens.end()};
        draft.text(&arb_market::market_id, row.id);
        draft.text(&arb_market::event_id, row.event_id);
        draft.text(&arb_market::title, row.title);
        draft.texts(&arb_market::outcomes, outcomes);
        draft.texts(&arb_market::token_ids, tokens);
        draft.text(&arb_market::venue_status, row.venue_status);
        draft.text(&arb_market::rules, row.rules);
        draft.text(&arb_market::fee, row.fees.raw);
        draft.text(&arb_market::price_ranges, row.price_ranges);
        draft.text(&arb_market::result, row.result);
        draft.text(&arb_market::raw, row.raw);
    }
    outbox_.added();
}

void Catalogue::push_status(MarketRow const& row, arb_time at, std::string const& detail) {
    auto const now = host_.now();
    auto draft = outbox_.packets().add<arb_status_change>(venue_name, now, at <= now ? at : 0);
    draft->lifecycle = row.lifecycle;
    draft->settlement_value = row.settlement_value;
    draft.text(&arb_status_change::market_id, row.id);
    draft.text(&arb_status_change::venue_status, row.venue_status);
    draft.text(&arb_status_change::result, row.result);
    draft.text(&arb_status_change::detail, detail);
}

void Catalogue::push_moved_end(MarketRow const& row, arb_time before) {
    auto const detail = R"({"closes_at":")" + format_time(row.closes_at) + R"(","old_closes_at":")" +
                        format_time(before) + "\"}";
    auto draft = outbox_.packets().add<arb_status_change>(venue_name, host_.now());
    draft->lifecycle = ARB_LIFECYCLE_NONE;
    draft.text(&arb_status_change::market_id, row.id);
    draft.text(&arb_status_change::venue_status, "end_date_changed");
    draft.text(&arb_status_change::detail, detail);
}

void Catalogue::say_differences(char const* source, std::vector<Difference> const& differences,
                                std::string_view text) {
    for (auto const& one : differences) drift_.say(one.what, source, one.field, text);
}

}  // namespace arb::polymarket
