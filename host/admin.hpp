// The running host, asked over HTTP: a Unix socket only its owner may use, and, if wanted, a TCP listener
// that serves metrics alone.
//
//   GET /healthz   200 while the process lives        GET /status    JSON
//   GET /readyz    200 when every required instance   GET /metrics   Prometheus text
//                  works, else 503                    GET /tap?venue=V&kind=K&market=M   a JSON line a packet
//   GET /drift     JSON: where venues' answers differ from what their plugins know
//
// Thread safety: start and stop on one thread. The sources are called on the admin's own thread.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "arbitrage/result.hpp"
#include "queue/queue.hpp"

namespace arb::host {

struct AdminSettings {
    std::filesystem::path socket;
    std::string metrics;  // "address:port"; empty: no listener
};

struct AdminSources {
    std::function<boost::json::object()> status;
    std::function<std::string()> metrics;
    std::function<bool()> ready;
    std::function<std::unique_ptr<queue::Reader>()> tap;
    std::function<boost::json::array()> drift;
};

class Admin {
  public:
    // ARB_INVALID: an address that cannot be used; where "running": another process answers on the socket.
    static Result<std::unique_ptr<Admin>> start(AdminSettings const& settings, AdminSources sources);
    virtual ~Admin() = default;
    virtual void stop() = 0;
    // The port of the metrics listener; 0 without one.
    virtual std::uint16_t metrics_port() const = 0;
};

// What a running host answers to GET `target`; ARB_RETRY if none is there.
Result<std::string> ask(std::filesystem::path const& socket, std::string const& target);

// Hands every line of the answer to `line` until that says false or the host ends.
Result<> follow(std::filesystem::path const& socket, std::string const& target,
                std::function<bool(std::string_view)> const& line);

}  // namespace arb::host
