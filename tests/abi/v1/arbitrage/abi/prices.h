/* Live prices: the best quote of an outcome, and trades. Binary markets are quoted for outcome 0; the other
 * outcome is its mirror (bid = 1 - ask). */
#ifndef ARBITRAGE_ABI_PRICES_H
#define ARBITRAGE_ABI_PRICES_H

#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All amounts in millionths, ARB_ABSENT where there is none. A side without an order is absent in price and
 * size. */
typedef struct arb_quote {
    arb_packet header;
    arb_ref market_id;
    int32_t outcome;
    int32_t reserved;
    int64_t bid;
    int64_t bid_size;
    int64_t ask;
    int64_t ask_size;
    int64_t last_price; /* in terms of `outcome` */
    int64_t last_size;
    int64_t volume;
    int64_t open_interest;
} arb_quote;

enum { ARB_SIDE_NONE = 0, ARB_SIDE_BUY = 1, ARB_SIDE_SELL = 2 };

typedef struct arb_trade {
    arb_packet header;
    arb_ref market_id;
    arb_ref trade_id; /* absent where the venue gives none; then two trades that look alike are two trades */
    int32_t outcome;
    int32_t taker_side; /* ARB_SIDE_*, of that outcome */
    int64_t price;
    int64_t size;
    int32_t block; /* ARB_YES for a trade negotiated off the book */
    int32_t reserved;
} arb_trade;

#ifdef __cplusplus
}
#endif
#endif
