#include "support/fault_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace arb::test {

namespace {

constexpr int poll_ms = 20;  // how soon a change of mode or the end is noticed
constexpr std::size_t buffer_bytes = 64 * 1024;

// A reset instead of an orderly end: what a broken network looks like.
void reset(int socket) {
    linger const now{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(socket);
}

bool send_all(int socket, char const* data, std::size_t size) {
    while (size != 0) {
        auto const sent = ::send(socket, data, size, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace

FaultProxy::FaultProxy(std::string target) : target_{std::move(target)} {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error{"the fault proxy cannot listen on loopback"};
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread{[this] { accept_loop(); }};
}

FaultProxy::~FaultProxy() {
    stopping_ = true;
    acceptor_.join();
    ::close(listener_);
    for (auto& connection : open_) connection->thread.join();
}

void FaultProxy::cut() { ++cuts_; }

void FaultProxy::cut_after_sending(std::string text) {
    std::lock_guard const lock{mutex_};
    trigger_ = std::move(text);
}

int FaultProxy::open_target() const {
    if (target_.front() == '/') {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        target_.copy(address.sun_path, sizeof address.sun_path - 1);
        int const out = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(out, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return out;
        ::close(out);
        return -1;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(target_)));
    int const out = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(out, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return out;
    ::close(out);
    return -1;
}

void FaultProxy::accept_loop() {
    while (!stopping_) {
        pollfd waiting{listener_, POLLIN, 0};
        if (::poll(&waiting, 1, poll_ms) <= 0) continue;
        int const client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        ++connections_;
        int const server = mode_ == Mode::refuse ? -1 : open_target();
        if (server < 0) {
            reset(client);
            continue;
        }
        auto connection = std::make_unique<Connection>();
        connection->client = client;
        connection->server = server;
        auto& started = *connection;
        std::lock_guard const lock{mutex_};
        std::erase_if(open_, [](auto const& old) { return old->done && (old->thread.join(), true); });
        open_.push_back(std::move(connection));
        started.thread = std::thread{[this, &started] { forward(started); }};
    }
}

// Moves what is there from one side to the other; false when the connection is to end.
bool FaultProxy::pump(int from, int to, bool down, std::string& window) {
    std::array<char, buffer_bytes> buffer;
    auto const size = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size == 0) return false;
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (mode_ == Mode::black_hole || (down && mode_ == Mode::mute)) return true;
    if (!send_all(to, buffer.data(), static_cast<std::size_t>(size))) return false;
    if (down) {
        bytes_down_ += static_cast<std::uint64_t>(size);
        return true;
    }
    std::lock_guard const lock{mutex_};
    if (trigger_.empty()) return true;
    window.append(buffer.data(), static_cast<std::size_t>(size));
    if (window.find(trigger_) != std::string::npos) {
        trigger_.clear();
        return false;
    }
    if (window.size() > trigger_.size()) window.erase(0, window.size() - trigger_.size());
    return true;
}

void FaultProxy::forward(Connection& connection) {
    auto const cuts = cuts_.load();
    std::string window;
    for (bool going = true; going && !stopping_ && cuts == cuts_;) {
        std::array<pollfd, 2> sides{{{connection.client, POLLIN, 0}, {connection.server, POLLIN, 0}}};
        if (::poll(sides.data(), sides.size(), poll_ms) <= 0) continue;
        if (sides[0].revents != 0) going = pump(connection.client, connection.server, false, window);
        if (going && sides[1].revents != 0) going = pump(connection.server, connection.client, true, window);
    }
    reset(connection.client);
    ::close(connection.server);  // orderly, so that the server still reads what was sent before
    connection.done = true;
}

}  // namespace arb::test
