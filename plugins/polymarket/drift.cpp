#include "polymarket/drift.hpp"

#include <fmt/format.h>

#include "polymarket/json_text.hpp"
#include "polymarket/prices.hpp"

namespace arb::polymarket {

namespace {

// Calls `missing` with each field that the venue always sent with such an event and that is not there. An
// outcome that won is not among them: a market can pay halves.
template<class Missing>
void each_missing(StreamEvent const& event, Missing missing) {
    auto const need = [&](std::string_view value, char const* name) {
        if (value.empty()) missing(name);
    };
    switch (event.type) {
        case EventType::book:
            need(event.asset_id, "asset_id");
            need(event.timestamp, "timestamp");
            need(event.hash, "hash");
            if (!event.has_bids) missing("bids");
            if (!event.has_asks) missing("asks");
            break;
        case EventType::price_change:
            need(event.timestamp, "timestamp");
            if (!event.has_changes && event.price.empty()) missing("price_changes");
            break;
        case EventType::best_bid_ask:
            need(event.asset_id, "asset_id");
            need(event.best_bid, "best_bid");
            need(event.best_ask, "best_ask");
            need(event.timestamp, "timestamp");
            break;
        case EventType::last_trade_price:
            need(event.asset_id, "asset_id");
            need(event.price, "price");
            need(event.size, "size");
            need(event.side, "side");
            need(event.timestamp, "timestamp");
            break;
        case EventType::tick_size_change:
            need(event.asset_id, "asset_id");
            need(event.new_tick_size, "new_tick_size");
            break;
        case EventType::new_market:
            if (event.condition_id.empty()) need(event.market, "condition_id");
            if (event.assets_ids.empty() && event.token_ids.empty()) need(event.clob_token_ids, "assets_ids");
            if (event.outcomes.empty()) missing("outcomes");
            break;
        case EventType::market_resolved:
            if (event.assets_ids.empty()) need(event.market, "market");
            break;
        case EventType::unknown:
            break;
    }
}

}  // namespace

std::string_view type_name(EventType type) {
    constexpr std::string_view names[] = {
        "book",       "price_change",    "best_bid_ask", "last_trade_price", "tick_size_change",
        "new_market", "market_resolved", "unknown"};
    return names[static_cast<std::size_t>(type)];
}

std::string_view body_of(StreamEvent const& event) {
    if (!event.in_array) return event.frame;
    std::size_t number = 0;
    std::string_view body = event.frame;
    for_each_element(event.frame, [&](std::string_view element) {
        if (!element.empty() && element.front() == '{' && number++ == event.number) body = element;
    });
    return body;
}

std::uint64_t Drift::due(int what, std::string_view source, std::string_view field) {
    auto const now = host_.now();
    auto const name = fmt::format("{}|{}|{}", what, source, field);
    auto at = said_.find(name);
    if (at == said_.end()) {
        if (said_.size() >= fields_max) {
            host_.count("drift_not_said");
            return 0;
        }
        at = said_.emplace(name, Said{}).first;
    }
    auto& said = at->second;
    ++said.unsaid;
    if (said.at != 0 && now - said.at < say_every_ns) return 0;
    auto const times = said.unsaid;
    said = {now, 0};
    return times;
}

void Drift::check(StreamEvent const& event, std::string_view source) {
    // An event of a frame of hundreds is found by reading through the frame: only where it is shown.
    auto const tell = [&](int what, std::string_view name) {
        if (auto const times = due(what, source, name); times != 0)
            host_.drift(what, source, name, body_of(event), times);
    };
    each_missing(event, [&](char const* name) { tell(ARB_DRIFT_MISSING, name); });
    for (auto const name : event.unknown) tell(ARB_DRIFT_UNKNOWN, name);
    for (auto const name : event.retyped) tell(ARB_DRIFT_RETYPED, name);
}

void Drift::keep(std::string_view source, std::string_view reason, std::string_view body) {
    auto const now = host_.now();
    if (now - minute_ >= say_every_ns) minute_ = now, kept_ = 0;
    if (kept_ >= messages_max) return host_.count("messages_not_kept");
    ++kept_;
    {
        auto draft = outbox_.packets().add<arb_message>(venue_name, now);
        draft.text(&arb_message::instance, host_.instance());
        draft.text(&arb_message::source, source);
        draft.text(&arb_message::reason, reason);
        draft.text(&arb_message::body, body.substr(0, message_bytes_max));
    }
    outbox_.added();
}

}  // namespace arb::polymarket
