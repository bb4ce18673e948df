// Options that every database sink has, and the part of a manifest that describes them and the commands.
#pragma once

#include <chrono>

#include "arbitrage/options.hpp"

namespace arb::sql {

// How long rows are kept; zero: for ever.
struct Retention {
    std::chrono::milliseconds ticks{0};
    std::chrono::milliseconds trades{0};
    std::chrono::milliseconds books{0};
    std::chrono::milliseconds status{0};
};

// Throws ConfigurationError for a time shorter than a day: rows would go while they are being written.
Retention read_retention(Options const& options);

}  // namespace arb::sql

#define ARB_SQL_RETENTION                                                                                              \
    R"("retention":{"type":"object","additionalProperties":false,"default":{},)"                                       \
    R"("description":"how long rows are kept, at least 1d; 0d is for ever","properties":{)"                            \
    R"("ticks":{"type":"string","format":"duration","default":"0d","description":"tick_history"},)"                    \
    R"("trades":{"type":"string","format":"duration","default":"0d","description":"trades"},)"                         \
    R"("books":{"type":"string","format":"duration","default":"0d","description":"book_snapshots and book_changes"},)" \
    R"("status":{"type":"string","format":"duration","default":"0d","description":"status_changes"}}})"

#define ARB_SQL_LETTERS                                                                                      \
    R"("position":{"type":"integer","minimum":0,"default":0,"description":"only this position; 0 is any"},)" \
    R"("instance":{"type":"string","default":"","description":"only those of this instance"},)"              \
    R"("kind":{"type":"string","default":"","description":"only this kind of packet"},)"                     \
    R"("reason":{"type":"string","default":"","description":"only those whose reason contains this"},)"

#define ARB_SQL_COMMANDS                                                                                                          \
    R"("commands":[)"                                                                                                             \
    R"({"name":"compare","help":"prices of accepted pairs side by side, the widest gap first","parameters":{)"                    \
    R"("type":"object","additionalProperties":false,"properties":{)"                                                              \
    R"("pair":{"type":"string","default":"","description":"only this pair_id"},)"                                                 \
    R"("limit":{"type":"integer","minimum":1,"default":100,"description":"at most so many rows"}}}},)"                            \
    R"({"name":"tables","help":"rows per table","parameters":{"type":"object","additionalProperties":false,)"                     \
    R"("properties":{}}},)"                                                                                                       \
    R"({"name":"gaps","help":"intervals in which something may be missing, the newest first","parameters":{)"                     \
    R"("type":"object","additionalProperties":false,"properties":{)"                                                              \
    R"("venue":{"type":"string","default":"","description":"only this venue"},)"                                                  \
    R"("open":{"type":"boolean","default":false,"description":"only those still open"},)"                                         \
    R"("limit":{"type":"integer","minimum":1,"default":100,"description":"at most so many rows"}}}},)"                            \
    R"({"name":"book","help":"the order book of a market at a time, from what is stored, or why it is not known","parameters":{)" \
    R"("type":"object","additionalProperties":false,"required":["market"],"properties":{)"                                        \
    R"("market":{"type":"string","default":"","description":"its market_id, a token id or the slug"},)"                           \
    R"("at":{"type":"string","format":"instant","default":"",)"                                                                   \
    R"("description":"as of then, such as 2026-11-20T12:00:00Z; empty is now"},)"                                                 \
    R"("outcome":{"type":"integer","minimum":0,"default":0,"description":"which outcome's"},)"                                    \
    R"("depth":{"type":"integer","minimum":0,"default":0,"description":"at most so many levels; 0 is all"},)"                     \
    R"("venue":{"type":"string","default":"","description":"of this venue, where several have the market_id"}}}},)"               \
    R"({"name":"deadletters list","help":"packets that could not be stored, the newest first","parameters":{)"                    \
    R"("type":"object","additionalProperties":false,"properties":{)" ARB_SQL_LETTERS                                              \
    R"("limit":{"type":"integer","minimum":1,"default":100,"description":"at most so many rows"}}}},)"                            \
    R"({"name":"deadletters show","help":"such a packet with all its fields","parameters":{)"                                     \
    R"("type":"object","additionalProperties":false,"required":["position"],"properties":{)" ARB_SQL_LETTERS                      \
    R"("limit":{"type":"integer","minimum":1,"default":100,"description":"at most so many rows"}}}},)"                            \
    R"({"name":"deadletters replay","help":"tries to store them again; those that can be are no longer here",)"                   \
    R"("parameters":{"type":"object","additionalProperties":false,"properties":{)" ARB_SQL_LETTERS                                \
    R"("limit":{"type":"integer","minimum":1,"default":10000,"description":"at most so many, the oldest first"}}}}])"
