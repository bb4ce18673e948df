/* Start here. A plugin is one .so that exports one symbol, `arb_plugin_entry`, which returns a table.
 *
 * The manifest is JSON in the ELF section "arb_manifest", so the host can read it without running the
 * plugin's code: {"id", "version", "description", "options": JSON Schema of the options object, "commands":
 * [{"name", "help", "parameters": JSON Schema}]}. `id` is [a-z0-9_]+ and the name of the file.
 * Read next: packet.h, queue.h, host.h, venue.h or sink.h, ext/.
 */
#ifndef ARBITRAGE_ABI_PLUGIN_H
#define ARBITRAGE_ABI_PLUGIN_H

#include "sink.h"
#include "venue.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ARB_ROLE_VENUE = 1, ARB_ROLE_SINK = 2 };

#define ARB_MANIFEST_SECTION "arb_manifest"
#define ARB_MANIFEST_MAGIC "ARBMANI1"

/* How the section begins; `text_size` bytes of JSON follow at once. */
typedef struct arb_manifest {
    char magic[8];
    uint32_t abi_version;
    uint32_t role;
    uint32_t text_size;
    uint32_t reserved;
} arb_manifest;

typedef struct arb_plugin {
    uint32_t size;
    uint32_t abi_version;
    uint32_t role; /* ARB_ROLE_*; the other table is NULL */
    uint32_t reserved;
    const arb_venue* venue;
    const arb_sink* sink;
} arb_plugin;

/* The one exported symbol. Called once; the table lives as long as the module, which is never unloaded.
 * [control] */
#define ARB_PLUGIN_ENTRY "arb_plugin_entry"
typedef const arb_plugin* (*arb_plugin_entry_function)(void);

#ifdef __cplusplus
}
#endif
#endif
