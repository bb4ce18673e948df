/* What can be traded, and at what fee: series (families of events), events (question groups), markets
 * (contracts) and fee schedules. A packet of these kinds carries the whole present state of what it names,
 * never a part of it. */
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

/* A family of events that come again, such as one question asked every day. */
typedef struct arb_series {
    arb_packet header;
    arb_ref series_id;
    arb_ref title; /* verbatim */
    arb_ref category;
    arb_ref frequency; /* the venue's word: daily, weekly ... */
    arb_ref tags;      /* JSON: ["...", ...] */
    arb_ref raw;       /* the venue's JSON */
} arb_series;

/* What a fee schedule applies to. The narrower one wins: a market's before its event's, its series', the
 * venue's. */
enum {
    ARB_SCOPE_VENUE = 0,
    ARB_SCOPE_SERIES = 1,
    ARB_SCOPE_EVENT = 2,
    ARB_SCOPE_MARKET = 3,
};

/* What the venue charges from a moment on. Named by (venue, scope, scope_id, effective_from): the same name
 * again replaces what is known, another `effective_from` is a further row of the history. An entry with no
 * `type` and no figures says that the override of this scope ended and the wider one applies again.
 * fee = size * rate * (price * (1 - price))^exponent * multiplier, in the venue's own rounding. */
typedef struct arb_fee_schedule {
    arb_packet header;
    arb_ref scope_id;        /* series, event or market id; absent for the venue */
    arb_ref type;            /* the venue's word, such as "quadratic" */
    arb_ref source;          /* where it was read: a word of the plugin, such as "series" or "fee_changes" */
    arb_ref raw;             /* the venue's JSON */
    int64_t rate;            /* millionths */
    int64_t exponent;        /* millionths */
    int64_t multiplier;      /* millionths */
    int64_t rebate_rate;     /* millionths: the share of the fee that makers get back */
    arb_time effective_from; /* as the venue says, else when it was first seen; may lie ahead */
    int32_t scope;           /* ARB_SCOPE_* */
    int32_t taker_only;      /* ARB_YES, ARB_NO, ARB_NOT_KNOWN */
} arb_fee_schedule;

#ifdef __cplusplus
}
#endif
#endif
