// The names of a frame's fields: which part of an event the value of each belongs to. For frame_handler.hpp
// alone.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "polymarket/known_fields.hpp"
#include "polymarket/stream_event.hpp"

namespace arb::polymarket {

// What an array or object of an event would be.
enum class Container : std::uint8_t {
    none,
    bids,
    asks,
    changes,
    assets_ids,
    token_ids,
    outcomes,
    tags,
    message,
    fees
};

// Where a value goes: a text or number into `text`, an array or object as `container` says; nowhere if
// neither is set.
struct Place {
    std::string_view* text = nullptr;
    Container container = Container::none;
    bool known = true;  // the venue is known to send the field
};

// With both sizes known the compiler compares without a call: every field's name is looked at this way.
template<std::size_t Size>
bool same(std::string_view name, char const (&text)[Size]) {
    return name.size() == Size - 1 && std::memcmp(name.data(), text, Size - 1) == 0;
}

inline EventType type_of(StreamEvent const& event) {
    auto const name = event.event_type;
    switch (name.size()) {
        case 0:
            // Opening books have been seen without a type.
            if (event.has_bids || event.has_asks) return EventType::book;
            return event.has_changes ? EventType::price_change : EventType::unknown;
        case 4:
            return same(name, "book") ? EventType::book : EventType::unknown;
        case 10:
            return same(name, "new_market") ? EventType::new_market : EventType::unknown;
        case 12:
            if (same(name, "price_change")) return EventType::price_change;
            return same(name, "best_bid_ask") ? EventType::best_bid_ask : EventType::unknown;
        case 15:
            return same(name, "market_resolved") ? EventType::market_resolved : EventType::unknown;
        case 16:
            if (same(name, "last_trade_price")) return EventType::last_trade_price;
            return same(name, "tick_size_change") ? EventType::tick_size_change : EventType::unknown;
        default:
            return EventType::unknown;
    }
}

inline Place text_place(std::string_view* text) { return {text, Container::none, text != nullptr}; }

inline Place level_field(LevelText& level, std::string_view name) {
    return text_place(same(name, "price") ? &level.price : same(name, "size") ? &level.size : nullptr);
}

inline Place change_field(ChangeText& change, std::string_view name) {
    switch (name.size()) {
        case 4:
            if (same(name, "size")) return {&change.size};
            if (same(name, "side")) return {&change.side};
            return text_place(same(name, "hash") ? &change.hash : nullptr);
        case 5:
            return text_place(same(name, "price") ? &change.price : nullptr);
        case 8:
            if (same(name, "asset_id")) return {&change.asset_id};
            return {nullptr, Container::none, same(name, "best_bid") || same(name, "best_ask")};
        default:
            return text_place(nullptr);
    }
}

inline Place fee_field(EventTexts& event, std::string_view name) {
    return text_place(same(name, "rate")          ? &event.fee_rate
                      : same(name, "exponent")    ? &event.fee_exponent
                      : same(name, "taker_only")  ? &event.fee_taker_only
                      : same(name, "rebate_rate") ? &event.fee_rebate_rate
                                                  : nullptr);
}

// Of the event it belongs to; the rest is text for people.
inline std::string_view* message_field(EventTexts& event, std::string_view name) {
    return same(name, "id") ? &event.event_id : same(name, "slug") ? &event.event_slug : nullptr;
}

inline Place event_field(EventTexts& event, std::string_view name) {
    Place out;
    auto const text = [&](bool is, std::string_view& to) {
        if (is) out.text = &to;
    };
    auto const list = [&](bool is, Container what) {
        if (is) out.container = what;
    };
    switch (name.size()) {
        case 2:
            text(same(name, "id"), event.id);
            break;
        case 4:
            list(same(name, "bids"), Container::bids);
            list(same(name, "asks"), Container::asks);
            list(same(name, "tags"), Container::tags);
            text(same(name, "hash"), event.hash);
            text(same(name, "size"), event.size);
            text(same(name, "side"), event.side);
            text(same(name, "slug"), event.slug);
            break;
        case 5:
            text(same(name, "price"), event.price);
            break;
        case 6:
            text(same(name, "market"), event.market);
            break;
        case 7:
            list(same(name, "changes"), Container::changes);
            break;
        case 8:
            text(same(name, "asset_id"), event.asset_id);
            text(same(name, "best_bid"), event.best_bid);
            text(same(name, "best_ask"), event.best_ask);
            list(same(name, "outcomes"), Container::outcomes);
            break;
        case 9:
            text(same(name, "timestamp"), event.timestamp);
            text(same(name, "tick_size"), event.tick_size);
            break;
        case 10:
            text(same(name, "event_type"), event.event_type);
            list(same(name, "assets_ids"), Container::assets_ids);
            break;
        case 12:
            text(same(name, "condition_id"), event.condition_id);
            text(same(name, "fees_enabled"), event.fees_enabled);
            list(same(name, "fee_schedule"), Container::fees);
            break;
        case 13:
            list(same(name, "price_changes"), Container::changes);
            text(same(name, "old_tick_size"), event.old_tick_size);
            text(same(name, "new_tick_size"), event.new_tick_size);
            list(same(name, "event_message"), Container::message);
            break;
        case 14:  // a list, or JSON inside a text
            text(same(name, "clob_token_ids"), event.clob_token_ids);
            list(same(name, "clob_token_ids"), Container::token_ids);
            break;
        case 15:
            text(same(name, "winning_outcome"), event.winning_outcome);
            break;
        case 16:
            text(same(name, "last_trade_price"), event.last_trade_price);
            text(same(name, "transaction_hash"), event.transaction_hash);
            text(same(name, "winning_asset_id"), event.winning_asset_id);
            break;
    }
    out.known = out.text != nullptr || out.container != Container::none || known_unread_field(name);
    return out;
}

}  // namespace arb::polymarket
