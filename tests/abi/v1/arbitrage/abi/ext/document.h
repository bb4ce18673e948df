/* "arb.document/1" of the host: reads a YAML file of the plugin's own as strictly as pipeline.yaml. */
#ifndef ARBITRAGE_ABI_EXT_DOCUMENT_H
#define ARBITRAGE_ABI_EXT_DOCUMENT_H

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARB_DOCUMENT "arb.document/1"

typedef struct arb_document {
    uint32_t size;
    uint32_t reserved;

    /* Reads `path`, checks it against the JSON Schema `schema`, and hands the whole as one JSON text to
     * `take`. ARB_INVALID: unreadable or wrong; `error` names file:line:column. [any-thread] [may-block] */
    arb_status (*read)(void* self, const char* path, const char* schema,
                       void (*take)(void* context, arb_text json), void* context, arb_error* error);
    void* self;
} arb_document;

#ifdef __cplusplus
}
#endif
#endif
