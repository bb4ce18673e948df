/* Status changes of markets, and gaps: intervals in which something may be missing. */
#ifndef ARBITRAGE_ABI_LIFECYCLE_H
#define ARBITRAGE_ABI_LIFECYCLE_H

#include "catalogue.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `header.venue_time` is when it took effect. */
typedef struct arb_status_change {
    arb_packet header;
    arb_ref market_id;    /* absent: the whole venue, or a part of it that `detail` names (a pause) */
    arb_ref venue_status; /* the venue's word, such as "determined" */
    arb_ref result;
    arb_ref detail;           /* JSON: what else the venue said */
    int64_t settlement_value; /* millionths: what outcome 0 pays */
    int32_t lifecycle; /* ARB_LIFECYCLE_*, NONE where the status did not change (a moved close, new ticks) */
    int32_t reserved;
} arb_status_change;

enum {
    ARB_STREAM_ALL = 0,
    ARB_STREAM_CATALOGUE = 1,
    ARB_STREAM_QUOTES = 2,
    ARB_STREAM_TRADES = 3,
    ARB_STREAM_BOOKS = 4,
    ARB_STREAM_STATUS = 5,
};

/* A gap is named by (venue, instance, stream, market_id, from_time). Pushing the same name again replaces
 * what is known of it: first `to_time` absent (still open), later closed, later `recovered`. */
typedef struct arb_gap {
    arb_packet header;
    arb_ref instance;  /* "type/name" */
    arb_ref market_id; /* absent: the whole stream of the instance */
    arb_ref reason;    /* a word: disconnected, sequence, stalled, unclean_stop, journal_full ... */
    arb_ref detail;
    arb_time from_time;
    arb_time to_time;  /* ARB_ABSENT: still open */
    int32_t stream;    /* ARB_STREAM_* */
    int32_t recovered; /* ARB_YES: everything missing was obtained afterwards */
} arb_gap;

#ifdef __cplusplus
}
#endif
#endif
