/* A venue puts packets in. */
#ifndef ARBITRAGE_ABI_VENUE_H
#define ARBITRAGE_ABI_VENUE_H

#include "host.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct arb_venue {
    uint32_t size;
    uint32_t reserved;

    /* Makes an instance from its options (a JSON object that passed the plugin's schema, with defaults not
     * filled in). Reads files, opens no connection. ARB_INVALID with `where` if an option is wrong.
     * [control] [host: outlives the instance] [*self: owned by the host until destroy] */
    arb_status (*create)(const arb_host* host, const char* options, void** self, arb_error* error);

    /* Collects until host->stopping(). Reconnects by itself; a return before that is a failure which the host
     * answers by destroy, a pause with backoff, create and run. Not called for one-off commands.
     * [instance] [may-block] */
    arb_status (*run)(void* self, arb_error* error);

    /* Makes run return soon; may come before, during or after run, more than once. [any-thread] */
    void (*stop)(void* self);

    /* After run returned. [control] */
    void (*destroy)(void* self);

    /* An optional interface by id (abi/ext/), or NULL. Lives as long as the module. [any-thread] */
    const void* (*extension)(const char* id);
} arb_venue;

#ifdef __cplusplus
}
#endif
#endif
