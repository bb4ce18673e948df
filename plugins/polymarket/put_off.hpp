// What can be fetched later waits while the queue is nearly full: the live feed comes first.
#pragma once

#include "arbitrage/host.hpp"
#include "net/pace.hpp"

namespace arb::polymarket {

// Returns at once while there is room, else when there is again; says so once for each wait.
inline net::asio::awaitable<void> wait_for_room(Host host, std::string_view what) {
    constexpr std::chrono::milliseconds look_every{500};
    if (!host.put_off()) co_return;
    host.info(std::string{what} + " wait: the queue is nearly full");
    host.count("put_off", 1, what);
    while (host.put_off() && !host.stopping()) co_await net::sleep(look_every);
}

}  // namespace arb::polymarket
