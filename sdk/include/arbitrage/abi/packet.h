/* The packet: one flat record. The same bytes are pushed, stored in the journal and read by sinks.
 *
 * A packet is this header, the fixed fields of its kind, and a tail that holds texts and arrays addressed by
 * (offset, length) from the packet's first byte. No pointers; little-endian; `size` is a multiple of 8 and
 * packets of a batch follow each other without gaps. Fields are only ever appended to a kind: `fixed_size`
 * says how many bytes of header and fields the writer knew, so a reader can tell that a later field is
 * missing. docs/packet.md has the layout in a table.
 */
#ifndef ARBITRAGE_ABI_PACKET_H
#define ARBITRAGE_ABI_PACKET_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ARB_KIND_EVENT = 1,
    ARB_KIND_MARKET = 2,
    ARB_KIND_QUOTE = 3,
    ARB_KIND_TRADE = 4,
    ARB_KIND_BOOK = 5,
    ARB_KIND_BOOK_CHANGE = 6,
    ARB_KIND_STATUS = 7,
    ARB_KIND_GAP = 8,
    ARB_KIND_PAIR = 9,
    ARB_KIND_OPPORTUNITY = 10,
    ARB_KIND_CUSTOM = 11,
    ARB_KIND_SERIES = 12,
    ARB_KIND_FEE_SCHEDULE = 13,
    ARB_KIND_MESSAGE = 14,
    ARB_KIND_COUNT = 15, /* one more than the last kind; kinds are only ever added at the end */
};

enum {
    ARB_FLAG_BACKFILLED = 1u << 0, /* obtained afterwards, not from the live feed */
    ARB_FLAG_ANOMALY = 1u << 1,    /* a value was out of range or unreadable and was left absent */
    ARB_FLAG_POLLED = 1u << 2,     /* read over REST at an interval; changes in between were not seen */
};

#define ARB_PACKET_SIZE_MAX (8u << 20)
#define ARB_VENUE_SIZE 24

typedef struct arb_packet {
    uint32_t size;              /* of the whole packet with its tail; a multiple of 8 */
    uint16_t kind;              /* ARB_KIND_* */
    uint16_t flags;             /* ARB_FLAG_* */
    uint32_t fixed_size;        /* of header and fixed fields, as the writer knew them */
    uint32_t reserved;          /* 0 */
    char venue[ARB_VENUE_SIZE]; /* [a-z0-9_]+, padded with NUL; at least one NUL */
    arb_time venue_time;        /* when the venue says it happened; 0 = not given, never the receive time */
    arb_time received_time;     /* when the bytes reached this machine */
    uint64_t position;          /* sequence in the journal; 0 until the queue assigns it */
} arb_packet;

/* A text in the tail: `length` bytes at `offset`. {0, 0} is absent. */
typedef struct arb_ref {
    uint32_t offset;
    uint32_t length;
} arb_ref;

/* An array in the tail: `length` elements at `offset`, 8-byte aligned; the field's comment names them. */
typedef arb_ref arb_array;

#ifdef __cplusplus
}
#endif
#endif
