/* A sink in plain C, built from the frozen headers beside it and from nothing else. It counts packets, and
 * answers each batch with a packet of its own, so that both directions of version 1 are executed for ever.
 * Never edited. */
#include <stdlib.h>
#include <string.h>

#include "arbitrage/abi/custom.h"
#include "arbitrage/abi/plugin.h"
#include "arbitrage/abi/prices.h"

#define MANIFEST                                                                                 \
    "{\"id\": \"counting_sink\", \"version\": \"1.0.0\", \"description\": \"Counts packets\", "  \
    "\"options\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {}}, " \
    "\"commands\": []}"

static const struct {
    arb_manifest header;
    char text[sizeof MANIFEST];
} manifest __attribute__((section(ARB_MANIFEST_SECTION), used)) = {
    {{'A', 'R', 'B', 'M', 'A', 'N', 'I', '1'}, 1, ARB_ROLE_SINK, sizeof MANIFEST - 1, 0}, MANIFEST};

struct counting_sink {
    const arb_host* host;
    arb_position stored;
};

static arb_text text_of(const char* text) {
    arb_text out = {text, strlen(text)};
    return out;
}

static arb_status create(const arb_host* host, const char* options, void** self, arb_error* error) {
    struct counting_sink* made;
    if (strcmp(options, "{}") != 0) {
        strcpy(error->where, "/unknown");
        strcpy(error->text, "this sink has no options");
        return ARB_INVALID;
    }
    made = calloc(1, sizeof *made);
    if (made == NULL) return ARB_RETRY;
    made->host = host;
    *self = made;
    return ARB_OK;
}

static arb_status start(void* self, const uint8_t journal[16], arb_position* stored, arb_error* error) {
    struct counting_sink* sink = self;
    (void)journal;
    (void)error;
    *stored = sink->stored;
    sink->host->report(sink->host->self, ARB_STATE_LIVE, text_of("counting"));
    return ARB_OK;
}

/* A quote and a custom packet as version 1 lays them out: the fields, then the texts, padded to 8. */
static arb_status answer(struct counting_sink* sink, uint64_t count, arb_error* error) {
    union {
        arb_quote quote;
        unsigned char bytes[sizeof(arb_quote) + 8];
    } first;
    struct {
        union {
            arb_quote quote;
            unsigned char bytes[sizeof(arb_quote) + 8];
        } quote;
        union {
            arb_custom custom;
            unsigned char bytes[sizeof(arb_custom) + 16];
        } custom;
    } both;
    memset(&first, 0, sizeof first);
    memset(&both, 0, sizeof both);

    first.quote.header.size = sizeof first;
    first.quote.header.kind = ARB_KIND_QUOTE;
    first.quote.header.fixed_size = sizeof(arb_quote);
    strcpy(first.quote.header.venue, "counting");
    first.quote.header.received_time = sink->host->now(sink->host->self);
    first.quote.market_id.offset = sizeof(arb_quote);
    first.quote.market_id.length = 5;
    memcpy(first.bytes + sizeof(arb_quote), "COUNT", 5);
    first.quote.bid = (int64_t)count * ARB_UNIT;
    first.quote.bid_size = first.quote.ask = first.quote.ask_size = first.quote.last_price =
        first.quote.last_size = first.quote.volume = first.quote.open_interest = ARB_ABSENT;
    memcpy(&both.quote, &first, sizeof first);

    both.custom.custom.header.size = sizeof both.custom;
    both.custom.custom.header.kind = ARB_KIND_CUSTOM;
    both.custom.custom.header.fixed_size = sizeof(arb_custom);
    strcpy(both.custom.custom.header.venue, "counting");
    both.custom.custom.topic.offset = sizeof(arb_custom);
    both.custom.custom.topic.length = 5;
    both.custom.custom.body.offset = sizeof(arb_custom) + 8;
    both.custom.custom.body.length = 2;
    memcpy(both.custom.bytes + sizeof(arb_custom), "count\0\0\0{}", 10);

    return sink->host->queue->push(sink->host->queue->self, &both, sizeof both, error);
}

static arb_status write_batch(void* self, const arb_batch* batch, arb_written* written, arb_error* error) {
    struct counting_sink* sink = self;
    uint32_t i;
    uint64_t quotes = 0;
    arb_status status;
    for (i = 0; i != batch->count; ++i)
        if (batch->packets[i]->kind == ARB_KIND_QUOTE) ++quotes;
    sink->host->count(sink->host->self, text_of("packets"), text_of("all"), batch->count);
    sink->host->count(sink->host->self, text_of("packets"), text_of("quotes"), quotes);
    written->dead_lettered = batch->count - (uint32_t)quotes;
    status = answer(sink, batch->count, error);
    if (status == ARB_OK) sink->stored = batch->last;
    return status;
}

static void stop(void* self) { (void)self; }
static void destroy(void* self) { free(self); }
static const void* extension(const char* id) {
    (void)id;
    return NULL;
}

static const arb_sink sink_table = {sizeof(arb_sink), 0,    create,  start,
                                    write_batch,      stop, destroy, extension};
static const arb_plugin plugin_table = {sizeof(arb_plugin), 1, ARB_ROLE_SINK, 0, NULL, &sink_table};

__attribute__((visibility("default"))) const arb_plugin* arb_plugin_entry(void);
const arb_plugin* arb_plugin_entry(void) { return &plugin_table; }
