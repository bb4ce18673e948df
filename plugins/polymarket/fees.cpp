#include "polymarket/fees.hpp"

#include <fmt/format.h>

#include "arbitrage/decimal.hpp"
#include "polymarket/drift.hpp"
#include "polymarket/json_text.hpp"
#include "polymarket/prices.hpp"

namespace arb::polymarket {

namespace {

std::string figures_of(FeeSchedule const& schedule) {
    return fmt::format("{}|{}|{}|{}", schedule.rate, schedule.exponent, schedule.rebate_rate,
                       schedule.taker_only);
}

}  // namespace

std::int64_t read_fee_figure(std::string_view text) {
    auto const value = parse_decimal(text);
    return value && value.millionths >= 0 ? value.millionths : ARB_ABSENT;
}

FeeSchedule read_fees(std::string_view enabled, std::string_view rate, std::string_view exponent,
                      std::string_view rebate_rate, std::string_view taker_only) {
    FeeSchedule out;
    if (enabled == "false") {
        out.rate = 0;
        return out;
    }
    out.rate = read_fee_figure(rate);
    out.exponent = read_fee_figure(exponent);
    out.rebate_rate = read_fee_figure(rebate_rate);
    if (taker_only == "true") out.taker_only = ARB_YES;
    if (taker_only == "false") out.taker_only = ARB_NO;
    return out;
}

FeeSchedule read_fees(StreamEvent const& event) {
    auto out = read_fees(event.fees_enabled, event.fee_rate, event.fee_exponent, event.fee_rebate_rate,
                         event.fee_taker_only);
    auto const body = body_of(event);
    for (std::string_view const key : {"fees_enabled", "fee_schedule"})
        if (auto const value = member(body, key))
            out.raw.append(out.raw.empty() ? "{\"" : ",\"").append(key).append("\":").append(*value);
    if (!out.raw.empty()) out.raw += '}';
    return out;
}

void Fees::listed(std::string_view market_id, FeeSchedule const& schedule) {
    if (!schedule.known()) return;
    auto const figures = figures_of(schedule);
    auto from = host_.now();
    if (auto const found = announced_.find(market_id); found != announced_.end()) {
        if (found->second.figures == figures) from = found->second.at;
        announced_.erase(found);
    }
    if (filter_.changed(market_id, {figures, schedule.type})) push(market_id, schedule, "feeSchedule", from);
}

void Fees::announced(std::string_view market_id, FeeSchedule const& schedule, arb_time at) {
    if (!schedule.known() || announced_.size() >= announced_max) return;
    auto const figures = figures_of(schedule);
    if (!announced_.try_emplace(std::string{market_id}, Announced{figures, at}).second) return;
    if (filter_.changed(market_id, {figures, schedule.type})) push(market_id, schedule, "new_market", at);
}

void Fees::push(std::string_view market_id, FeeSchedule const& schedule, std::string_view source,
                arb_time effective_from) {
    {
        auto draft = outbox_.packets().add<arb_fee_schedule>(venue_name, host_.now());
        draft->scope = ARB_SCOPE_MARKET;
        draft->rate = schedule.rate;
        draft->exponent = schedule.exponent;
        draft->rebate_rate = schedule.rebate_rate;
        draft->taker_only = schedule.taker_only;
        draft->effective_from = effective_from;
        draft.text(&arb_fee_schedule::scope_id, market_id);
        draft.text(&arb_fee_schedule::type, schedule.type);
        draft.text(&arb_fee_schedule::source, source);
        draft.text(&arb_fee_schedule::raw, schedule.raw);
    }
    outbox_.added();
}

}  // namespace arb::polymarket
