/* The frozen headers and layout.inc agree: whoever edits one of them fails to compile. */
#include "arbitrage/abi/book.h"
#include "arbitrage/abi/catalogue.h"
#include "arbitrage/abi/comparison.h"
#include "arbitrage/abi/custom.h"
#include "arbitrage/abi/ext/commands.h"
#include "arbitrage/abi/ext/document.h"
#include "arbitrage/abi/ext/probe.h"
#include "arbitrage/abi/lifecycle.h"
#include "arbitrage/abi/plugin.h"
#include "arbitrage/abi/prices.h"

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type);
#define FIELD(type, field, at) _Static_assert(offsetof(type, field) == (at), #type "." #field);
#include "layout.inc"
typedef int nothing_else;
