/* Words every other header uses: results, errors, texts, absent values, and the tags that say on which
 * thread a function is called and whether it waits.
 *
 * Thread tags: [control] the host's control thread, one call at a time for an instance; [instance] the
 * thread the host made for this instance; [any-thread] any thread, several at once.
 * Waiting: [may-block] may wait for the network, a disk or the queue; otherwise the call returns at once.
 * Ownership: every pointer is borrowed until the call returns, unless its comment says otherwise.
 * Structs that cross the boundary begin with `size`; they grow only at the end and `size` says how much of
 * one exists. No exception may leave a function declared here.
 */
#ifndef ARBITRAGE_ABI_BASE_H
#define ARBITRAGE_ABI_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ARB_ABI_VERSION 1u

/* Prices and sizes are integers in millionths: of a dollar, of a contract. */
#define ARB_UNIT INT64_C(1000000)

/* The value of an integer field that the venue did not give. Never 0 or 1 in its place. */
#define ARB_ABSENT INT64_MIN

/* Times are nanoseconds since the Unix epoch, UTC; 0 means the venue gave none. */
typedef int64_t arb_time;

typedef int32_t arb_status;
enum {
    ARB_OK = 0,
    ARB_RETRY = 1,     /* failed now, may succeed later with the same input: network, database away */
    ARB_PERMANENT = 2, /* will fail again with the same input: a bug, a refused value */
    ARB_CLOSED = 3,    /* the pipeline is stopping: return from your loop */
    ARB_INVALID = 4,   /* the configuration is wrong; `where` names the option */
};

/* A text borrowed from whoever gave it: `size` bytes, not NUL-terminated, may be any bytes. */
typedef struct arb_text {
    const char* data;
    size_t size;
} arb_text;

/* Filled by the callee on any status but ARB_OK; both texts are NUL-terminated. `where` is a JSON pointer
 * to the option at fault ("/select/series/0") or empty. `text` says what happened and what to do. */
typedef struct arb_error {
    uint32_t size;
    int32_t reserved;
    char where[120];
    char text[896];
} arb_error;

enum { ARB_LOG_DEBUG = 0, ARB_LOG_INFO = 1, ARB_LOG_WARNING = 2, ARB_LOG_ERROR = 3 };

/* What an instance is doing, as `arbitrage status` shows it. */
enum {
    ARB_STATE_STARTING = 0,
    ARB_STATE_LIVE = 1,     /* data flows, or has every reason to */
    ARB_STATE_DEGRADED = 2, /* works in part; the sentence says what is missing */
    ARB_STATE_RETRYING = 3, /* does not work now; tries again by itself */
    ARB_STATE_HELD = 4,     /* waits for a person: schema, rights, password; re-checks by itself */
    ARB_STATE_FAILED = 5,
    ARB_STATE_STOPPED = 6,
};

#ifdef __cplusplus
}
#endif
#endif
