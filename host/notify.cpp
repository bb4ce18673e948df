#include "host/notify.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace arb::host {

Notify::Notify() {
    if (char const* const path = std::getenv("NOTIFY_SOCKET"); path != nullptr) socket_ = path;
    if (char const* const period = std::getenv("WATCHDOG_USEC"); period != nullptr)
        watchdog_period_ = std::chrono::milliseconds{std::atoll(period) / 1000};
}

void Notify::extend(std::chrono::seconds time) const {
    send(fmt::format("EXTEND_TIMEOUT_USEC={}", std::chrono::microseconds{time}.count()));
}

void Notify::send(std::string_view message) const {
    sockaddr_un address{};
    if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
    int const descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return;
    auto const size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    ::sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<sockaddr const*>(&address), size);
    ::close(descriptor);
}

}  // namespace arb::host
