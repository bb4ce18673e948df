/* Order books: all levels of one outcome, and the change of one level. */
#ifndef ARBITRAGE_ABI_BOOK_H
#define ARBITRAGE_ABI_BOOK_H

#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct arb_level {
    int64_t price; /* millionths */
    int64_t size;  /* millionths, above 0 */
} arb_level;

/* Replaces the whole book of the outcome. */
typedef struct arb_book {
    arb_packet header;
    arb_ref market_id;
    arb_ref venue_hash;
    arb_array bids; /* of arb_level, best (highest) first */
    arb_array asks; /* of arb_level, best (lowest) first */
    int32_t outcome;
    int32_t reserved;
    uint64_t epoch; /* changes belong to the book of the same epoch; a gap begins a new one */
} arb_book;

enum { ARB_BOOK_BID = 0, ARB_BOOK_ASK = 1 };

typedef struct arb_book_change {
    arb_packet header;
    arb_ref market_id;
    int32_t outcome;
    int32_t side; /* ARB_BOOK_* */
    int64_t price;
    int64_t size; /* new total at that price; 0 = the level is gone */
    uint64_t epoch;
} arb_book_change;

#ifdef __cplusplus
}
#endif
#endif
