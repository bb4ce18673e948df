/* A sink takes packets out. It commits the data of a batch and the batch's position in one transaction. */
#ifndef ARBITRAGE_ABI_SINK_H
#define ARBITRAGE_ABI_SINK_H

#include "host.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct arb_written {
    uint32_t size;
    uint32_t dead_lettered; /* packets of the batch that were stored as dead letters instead */
} arb_written;

typedef struct arb_sink {
    uint32_t size;
    uint32_t reserved;

    /* As arb_venue.create. [control] */
    arb_status (*create)(const arb_host* host, const char* options, void** self, arb_error* error);

    /* Connects, prepares tables, and says up to where this journal's packets are already stored ({0, 0}:
     * none, or the sink keeps no position of its own). ARB_RETRY is repeated with backoff for ever;
     * ARB_INVALID and ARB_PERMANENT hold the sink: the host reports the sentence and asks again every 30 s.
     * [instance] [may-block] */
    arb_status (*start)(void* self, const uint8_t journal[16], arb_position* stored, arb_error* error);

    /* Stores a batch. ARB_OK: all of it is committed. ARB_RETRY: nothing is known to be stored; the host
     * hands in the same batch again, and the sink must not store twice what an ambiguous commit already
     * stored. With `where` "start" the sink no longer stands where it stood: it is destroyed, created and
     * started anew. ARB_PERMANENT: the sink is held as above. [instance] [may-block] */
    arb_status (*write)(void* self, const arb_batch* batch, arb_written* written, arb_error* error);

    /* Makes start and write return soon. [any-thread] */
    void (*stop)(void* self);

    /* [control] */
    void (*destroy)(void* self);

    const void* (*extension)(const char* id);
} arb_sink;

#ifdef __cplusplus
}
#endif
#endif
