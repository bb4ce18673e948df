/* "arb.probe/1" of a plugin: whether what it needs can be reached, for `arbitrage validate`. */
#ifndef ARBITRAGE_ABI_EXT_PROBE_H
#define ARBITRAGE_ABI_EXT_PROBE_H

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARB_PROBE "arb.probe/1"

typedef struct arb_probe {
    uint32_t size;
    uint32_t reserved;

    /* Reaches the service once, within 15 s, and changes nothing. ARB_RETRY: cannot be reached or refused;
     * ARB_INVALID: reached, and an option is wrong. [control] [may-block] */
    arb_status (*probe)(void* self, arb_error* error);
} arb_probe;

#ifdef __cplusplus
}
#endif
#endif
