/* A message of a venue that could not be understood: kept whole, so that it can be read once somebody knows
 * how. A venue pushes it instead of what the message would have led to, and counts it with `reject`'s reason;
 * sinks keep it with the dead letters. */
#ifndef ARBITRAGE_ABI_MESSAGE_H
#define ARBITRAGE_ABI_MESSAGE_H

#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct arb_message {
    arb_packet header;
    arb_ref instance; /* "type/name" */
    arb_ref source;   /* the endpoint or message type as the plugin calls it */
    arb_ref reason;   /* for people: which field is missing or wrong */
    arb_ref body;     /* the bytes as they came */
} arb_message;

#ifdef __cplusplus
}
#endif
#endif
