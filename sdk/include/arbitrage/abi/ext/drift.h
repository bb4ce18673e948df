/* "arb.drift/1" of the host: where a venue's answers differ from what the plugin was written for. The host
 * counts each difference (arbitrage_api_drift_total), keeps its first sample, and lists them: `arbitrage
 * drift`. */
#ifndef ARBITRAGE_ABI_EXT_DRIFT_H
#define ARBITRAGE_ABI_EXT_DRIFT_H

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARB_DRIFT "arb.drift/1"

enum {
    ARB_DRIFT_UNKNOWN = 0, /* a field the plugin has never heard of; harmless */
    ARB_DRIFT_MISSING = 1, /* a field the plugin needs is not there */
    ARB_DRIFT_RETYPED = 2, /* a field has another type, or a value beyond its range */
    ARB_DRIFT_RENAMED = 3, /* one is missing, and an unknown one of the same type stands in its place */
};

typedef struct arb_drift {
    uint32_t size;
    uint32_t reserved;
    void* self;

    /* `source` is the endpoint or message type as the plugin calls it, a short word of its own code. `field`
     * is the path of the field ("markets[].yes_bid"); it may come from the venue: the host escapes it, and
     * counts what is beyond 1,000 different fields of an instance as one. `sample` is a piece of the message,
     * at most 512 bytes of it are kept. [any-thread] */
    void (*count)(void* self, arb_text source, arb_text field, int32_t what, arb_text sample,
                  uint64_t amount);
} arb_drift;

#ifdef __cplusplus
}
#endif
#endif
