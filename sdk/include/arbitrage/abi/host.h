/* What the host does for an instance. The table and everything it points to outlive the instance. */
#ifndef ARBITRAGE_ABI_HOST_H
#define ARBITRAGE_ABI_HOST_H

#include "queue.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARB_QUEUE_PUT_OFF 85

typedef struct arb_host {
    uint32_t size;
    uint32_t abi_version;
    void* self;
    const char* instance; /* "type" or "type/name", as in pipeline.yaml */
    const arb_queue* queue;

    /* One line. The host adds time, level and instance, escapes control characters and limits the rate.
     * [any-thread] */
    void (*log)(void* self, int32_t level, arb_text line);

    /* What the instance is doing, with a sentence for people. Repeating the same is free. [any-thread] */
    void (*report)(void* self, int32_t state, arb_text sentence);

    /* Adds to a counter of this instance, shown as arbitrage_<name>_total; `label` becomes {reason="..."} and
     * may be empty. Names and labels are short words from the plugin's own code, never venue data.
     * [any-thread] */
    void (*count)(void* self, arb_text name, arb_text label, uint64_t amount);

    /* Records that were received and not accepted: received = accepted + rejected. [any-thread] */
    void (*reject)(void* self, arb_text reason, uint64_t amount);

    /* Data arrived, whether or not it led to a packet: resets the feed's silence. [any-thread] */
    void (*alive)(void* self);

    /* Wall clock in nanoseconds since the Unix epoch. [any-thread] */
    arb_time (*now)(void* self);

    /* Not 0 once this instance is to stop. [any-thread] */
    int32_t (*stopping)(void* self);

    /* An optional interface of the host by id (abi/ext/), or NULL. Lives as long as the host. [any-thread] */
    const void* (*extension)(void* self, const char* id);

    /* How full the queue is, in percent of its budget. From ARB_QUEUE_PUT_OFF on a venue puts off what it can
     * fetch later: sweeps, polls, backfills. [any-thread] */
    int32_t (*queue_percent)(void* self);
} arb_host;

#ifdef __cplusplus
}
#endif
#endif
