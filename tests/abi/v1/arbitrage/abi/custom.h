/* What no other kind fits: a topic and a JSON text, for third parties. */
#ifndef ARBITRAGE_ABI_CUSTOM_H
#define ARBITRAGE_ABI_CUSTOM_H

#include "packet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct arb_custom {
    arb_packet header;
    arb_ref topic; /* [a-z0-9_.]+ */
    arb_ref body;  /* JSON */
} arb_custom;

#ifdef __cplusplus
}
#endif
#endif
