/* What can be traded: events (question groups) and markets (contracts). A packet of these kinds carries the
 * whole present state of its event or market, never a part of it. */
#ifndef ARBITRAGE_ABI_CATALOGUE_H
#define ARBITRAGE_ABI_CATALOGUE_H

#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lifecycle of an event or market in the words of this project. ARB_LIFECYCLE_NONE: not known. */
enum {
    ARB_LIFECYCLE_NONE = 0,
    ARB_LIFECYCLE_UNOPENED = 1,
    ARB_LIFECYCLE_OPEN = 2,
    ARB_LIFECYCLE_PAUSED = 3,
    ARB_LIFECYCLE_CLOSED = 4,
    ARB_LIFECYCLE_DETERMINED = 5,
    ARB_LIFECYCLE_SETTLED = 6,
};

enum { ARB_NO = 0, ARB_YES = 1, ARB_NOT_KNOWN = 2 };

typedef struct arb_event {
    arb_packet header;
    arb_ref event_id;
    arb_ref series;
    arb_ref title; /* verbatim */
    arb_ref subtitle;
    arb_ref category;
    arb_ref url;
    arb_ref raw; /* the venue's JSON without nested markets */
    arb_time opens_at;
    arb_time closes_at;
    int32_t lifecycle;          /* ARB_LIFECYCLE_* */
    int32_t mutually_exclusive; /* ARB_YES, ARB_NO, ARB_NOT_KNOWN: at most one market resolves yes */
} arb_event;

typedef struct arb_market {
    arb_packet header;
    arb_ref market_id;
    arb_ref event_id;
    arb_ref title;       /* verbatim */
    arb_array outcomes;  /* of arb_ref: names, outcome 0 first */
    arb_array token_ids; /* of arb_ref: one per outcome, or empty */
    arb_ref venue_status;
    arb_ref rules;
    arb_ref fee;              /* JSON: what the venue says of this market's fees */
    arb_ref price_ranges;     /* JSON: [{"start","end","step"}], the whole grid */
    arb_ref result;           /* the venue's word; absent while open */
    arb_ref raw;              /* the venue's JSON */
    int64_t tick_size;        /* millionths: the finest step of the grid */
    int64_t settlement_value; /* millionths: what outcome 0 pays */
    int64_t volume;           /* millionths of a contract, or of a dollar where the venue counts dollars */
    arb_time opens_at;
    arb_time closes_at;
    arb_time expected_at;
    arb_time settled_at;
    int32_t lifecycle; /* ARB_LIFECYCLE_* */
    int32_t reserved;
} arb_market;

#ifdef __cplusplus
}
#endif
#endif
