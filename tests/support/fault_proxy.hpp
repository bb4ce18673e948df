// A proxy on loopback that misbehaves on request: between the host and a venue or a database.
//
// Thread safety: every function from any thread. It listens on 127.0.0.1 only, forwards to one address of
// this machine, and ends with the object.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace arb::test {

class FaultProxy {
  public:
    enum class Mode {
        pass,        // forwards both ways
        refuse,      // accepts and closes at once
        black_hole,  // accepts and forwards nothing, either way
        mute,        // forwards to the server, swallows what it answers
    };

    // To a TCP port of this machine, or to a Unix socket (a path that begins with '/').
    explicit FaultProxy(std::string target);
    ~FaultProxy();
    FaultProxy(FaultProxy const&) = delete;
    FaultProxy& operator=(FaultProxy const&) = delete;

    std::uint16_t port() const { return port_; }
    // Holds for connections that exist and for those to come.
    void set(Mode mode) { mode_ = mode; }
    // Cuts every connection there is with a reset.
    void cut();
    // From now on, cuts the connection as soon as the client has sent `text` and it was forwarded; the
    // server's answer to it is never seen. Once.
    void cut_after_sending(std::string text);

    std::uint64_t connections() const { return connections_; }
    // Bytes from the server to the client so far.
    std::uint64_t bytes_down() const { return bytes_down_; }

  private:
    struct Connection {
        int client = -1, server = -1;
        std::thread thread;
        std::atomic<bool> done{false};
    };
    void accept_loop();
    void forward(Connection& connection);
    bool pump(int from, int to, bool down, std::string& window);
    int open_target() const;

    std::string const target_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<Mode> mode_{Mode::pass};
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> connections_{0}, bytes_down_{0}, cuts_{0};
    // Protected by mutex_.
    std::mutex mutex_;
    std::string trigger_;
    std::vector<std::unique_ptr<Connection>> open_;
    // Last: it uses the rest.
    std::thread acceptor_;
};

}  // namespace arb::test
