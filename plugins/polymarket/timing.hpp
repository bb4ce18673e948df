// How long the feed waits for what. The values of service are the defaults; tests shorten them.
#pragma once

#include <chrono>

namespace arb::polymarket {

using namespace std::chrono_literals;

struct Timing {
    // The heartbeat the venue asks for.
    std::chrono::milliseconds ping_every = 10s;
    // An opening book comes within a second, behind a busy connection within ten.
    std::chrono::milliseconds book_wait = 10s;
    // Silence of a whole connection: between these two, after what its pauses usually are.
    std::chrono::milliseconds silence_min = 30s, silence_max = 55s;
    // Connections were seen to freeze after hours, so each is replaced while it is still good; at a random
    // time, so that not all go at once.
    std::chrono::milliseconds renew_min = 20min, renew_max = 40min;
    // How long the old connection and the new one run side by side: longer than either lags.
    std::chrono::milliseconds overlap = 5s;
    // A new connection that has not all its books by then is given up, and tried again after `renew_again`.
    std::chrono::milliseconds confirm_max = 30s, renew_again = 2min;
    // One request for books a second; each market once in five minutes.
    std::chrono::milliseconds audit_every = 1s, audit_round = 5min;
    // A market that said nothing for so long is quiet: if REST knows better, its connection is not.
    std::chrono::milliseconds quiet_after = 30s;
    // A change that REST shows may be on its way to us; after this it is not.
    std::chrono::milliseconds rest_ahead = 3s;
    // Trades appear over REST later than on the stream, nobody knows by how much: what was missed is read
    // soon, and once more before it is said to be complete.
    std::chrono::milliseconds backfill_after = 10s, backfill_again = 1min;
    // A book that was in doubt and is again within this time has one gap, not one for each doubt.
    std::chrono::milliseconds doubt_settles = 10s;
};

}  // namespace arb::polymarket
