// Trades: those of the stream and those read over REST afterwards, each once.
#include "arbitrage/decimal.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/prices.hpp"

namespace arb::polymarket {

namespace {

int taker_side(std::optional<int> side) {
    return !side ? ARB_SIDE_NONE : *side == ARB_BOOK_BID ? ARB_SIDE_BUY : ARB_SIDE_SELL;
}

}  // namespace

void Prices::trade(StreamEvent const& event, arb_time received, Feed& feed) {
    auto* const printed = token(event.asset_id);
    if (printed == nullptr) return unknown(event);
    arb_level level{};
    if (read_level({event.price, event.size}, level) != LevelError::none || level.size == 0) {
        if (events_.trade_lost) events_.trade_lost(*printed->market);
        return reject(event, "bad_trade");
    }
    auto [time, flags] = stamp(event);
    auto const side = read_side(event.side);
    if (!side) {
        flags |= ARB_FLAG_ANOMALY;
        if (!event.side.empty()) drift_.say(ARB_DRIFT_RETYPED, "last_trade_price", "side", event.side);
    }
    auto& market = *printed->market;
    market.heard = received;
    market.hash_price = level.price;
    auto const transaction = bounded(event, "transaction_hash", event.transaction_hash);
    Print const print{transaction, event.asset_id, taker_side(side), level.price, level.size, time};
    auto const hash = print_hash(print);
    auto const occurrence = feed.prints.next(hash);
    if (!known_.add(hash, occurrence)) return host_.count("repeated_trades");
    push_trade(*printed, print, occurrence, received, flags);
    bool const mirrored = market.tokens.size() == 2 && printed->outcome == 1;
    auto& quoted = mirrored ? market.tokens[0] : *printed;
    quoted.last_price = mirrored ? complement(level.price) : level.price;
    quoted.last_size = level.size;
    push_quote(quoted, time, received);
}

bool Prices::take_past(Print const& print, Occurrences& alike, arb_time received) {
    auto const* const printed = token(print.asset_id);
    if (printed == nullptr || print.price <= 0 || print.price >= ARB_UNIT || print.size <= 0) return false;
    // The stream may have shown it without its transaction.
    auto bare = print;
    bare.transaction = {};
    auto const hash = print_hash(print), bare_hash = print_hash(bare);
    auto const occurrence = alike.next(hash), bare_occurrence = alike.next(bare_hash);
    if (known_.knows(bare_hash, bare_occurrence) || !known_.add(hash, occurrence)) return true;
    push_trade(*printed, print, occurrence, received, ARB_FLAG_BACKFILLED);
    outbox_.added();
    return true;
}

void Prices::push_trade(Token const& token, Print const& print, unsigned occurrence, arb_time received,
                        std::uint16_t flags) {
    if (!record_.trades) return;
    auto const id = trade_id(print, occurrence);
    auto draft = outbox_.packets().add<arb_trade>(venue_name, received, print.time, flags);
    draft->outcome = token.outcome;
    draft->taker_side = print.side;
    draft->price = print.price;
    draft->size = print.size;
    draft.text(&arb_trade::market_id, token.market->id);
    draft.text(&arb_trade::trade_id, id);
}

}  // namespace arb::polymarket
