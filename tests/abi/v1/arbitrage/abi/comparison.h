/* Comparison of venues: pairs of markets that pay on the same thing, and opportunities among them. */
#ifndef ARBITRAGE_ABI_COMPARISON_H
#define ARBITRAGE_ABI_COMPARISON_H

#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ARB_RELATION_SAME = 1, ARB_RELATION_INVERSE = 2 };
enum { ARB_PAIR_CANDIDATE = 1, ARB_PAIR_ACCEPTED = 2, ARB_PAIR_REJECTED = 3, ARB_PAIR_SUSPENDED = 4 };

/* Outcome 0 of market a pays as outcome 0 (same) or outcome 1 (inverse) of market b. */
typedef struct arb_pair {
    arb_packet header;
    arb_ref pair_id;
    arb_ref venue_a;
    arb_ref market_id_a;
    arb_ref venue_b;
    arb_ref market_id_b;
    arb_ref evidence; /* JSON */
    int32_t relation; /* ARB_RELATION_* */
    int32_t status;   /* ARB_PAIR_*; only a person accepts */
    int64_t score;    /* millionths, 0 to 1; absent where a person wrote the pair */
} arb_pair;

/* Named by opportunity_id; pushed when it opens, when its peak grows and when it closes. */
typedef struct arb_opportunity {
    arb_packet header;
    arb_ref opportunity_id;
    arb_ref pair_id;
    arb_ref opportunity_kind;
    arb_ref legs;   /* JSON */
    arb_ref detail; /* JSON */
    arb_time opened_at;
    arb_time closed_at;      /* ARB_ABSENT: still open */
    int64_t size_max;        /* millionths of a contract */
    int64_t edge_peak;       /* millionths of a dollar a contract, after fees */
    int64_t profit_peak;     /* millionths of a dollar */
    int64_t annualised_peak; /* millionths: 0.1 = 10 % a year */
} arb_opportunity;

#ifdef __cplusplus
}
#endif
#endif
