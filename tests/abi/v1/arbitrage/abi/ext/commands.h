/* "arb.commands/1" of a plugin: one-off commands, `arbitrage INSTANCE COMMAND`, listed in the manifest. */
#ifndef ARBITRAGE_ABI_EXT_COMMANDS_H
#define ARBITRAGE_ABI_EXT_COMMANDS_H

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARB_COMMANDS "arb.commands/1"

/* Takes one row, a JSON object whose keys are the columns. Not 0: no more rows are wanted. [row: copied] */
typedef int32_t (*arb_row_function)(void* context, arb_text row);

typedef struct arb_commands {
    uint32_t size;
    uint32_t reserved;

    /* Runs a command on an instance that was created and not started. `parameters` is a JSON object that
     * passed the command's schema. ARB_RETRY: the service cannot be reached. [control] [may-block] */
    arb_status (*run)(void* self, const char* name, const char* parameters, arb_row_function row,
                      void* context, arb_error* error);
} arb_commands;

#ifdef __cplusplus
}
#endif
#endif
