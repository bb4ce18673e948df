/* The queue as plugins see it: the only way in, and what a sink is handed. The journal behind it is the
 * host's. */
#ifndef ARBITRAGE_ABI_QUEUE_H
#define ARBITRAGE_ABI_QUEUE_H

#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A place in the journal. The identity of a record is (journal uuid, incarnation, sequence): the incarnation
 * grows at every start, so a sequence that a power loss took back is never mistaken for a new record. Ordered
 * by incarnation, then sequence; {0, 0} is before everything. */
typedef struct arb_position {
    uint64_t incarnation;
    uint64_t sequence;
} arb_position;

typedef struct arb_queue {
    uint32_t size;
    uint32_t reserved;
    void* self;

    /* Appends the packets that fill `size` bytes at `packets`, one after the other (header.position is
     * ignored). All or none are accepted. Waits while the queue is full and configured to block. ARB_OK:
     * every byte went through write(2) into the journal. ARB_PERMANENT: a packet is malformed; it and its
     * batch are counted as rejected and `error` says which field. ARB_CLOSED: the pipeline is stopping.
     * [any-thread] [may-block] [packets: copied] */
    arb_status (*push)(void* self, const void* packets, size_t size, arb_error* error);
} arb_queue;

/* What a sink is handed: consecutive packets of one incarnation. Valid until write returns. */
typedef struct arb_batch {
    uint32_t size;
    uint32_t count;                   /* of packets; at least 1 */
    const arb_packet* const* packets; /* in journal order; header.position is set */
    uint8_t journal[16];              /* uuid */
    arb_position first;
    arb_position last; /* what the sink commits together with the data */
} arb_batch;

#ifdef __cplusplus
}
#endif
#endif
