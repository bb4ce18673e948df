// A server on loopback for tests of connections: HTTP and WebSocket over TLS, or the wrong thing on purpose.
// Each connection has a thread of its own and blocks, so that what a test scripts reads from top to bottom.
//
// Thread safety: the script's functions are called on connection threads, several at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "support/certificates.hpp"

namespace arb::test {

struct HttpAsk {
    std::string method, target, body;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string server_name;  // what the client asked for in the TLS handshake; empty if nothing
    unsigned connection = 0;  // the how-many-th of the server, from 1
    unsigned request = 0;     // the how-many-th on its connection, from 1
};

struct HttpAnswer {
    int status = 200;
    std::string body = {};
    std::map<std::string, std::string> headers = {};
    bool last = false;     // close the connection after it
    bool hang = false;     // say nothing until the client goes away
    bool hang_up = false;  // close without an answer
    std::string raw = {};  // if not empty: these bytes instead of an answer, then close
};

// An accepted WebSocket, as the script sees it. Functions return false or nothing once the connection is
// over.
class WebSocketPeer {
  public:
    virtual ~WebSocketPeer() = default;
    virtual std::optional<std::string> read() = 0;
    virtual bool write(std::string_view frame) = 0;
    virtual bool ping(std::string_view text) = 0;
    virtual int pongs() const = 0;  // how many were seen while reading
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    // A close frame, and the TCP connection ends without waiting for an answer or saying so to TLS.
    virtual void close_and_cut(std::uint16_t code, std::string_view reason) = 0;
    virtual void cut() = 0;
    // Reads the TCP stream and answers nothing until the client goes away.
    virtual void freeze() = 0;
};

class TlsServer {
  public:
    enum class Protocol { tls, tls_1_0, tls_1_1, plain_http };
    struct Script {
        Certificate certificate;
        Protocol protocol = Protocol::tls;
        std::function<HttpAnswer(HttpAsk const&)> http = [](HttpAsk const&) { return HttpAnswer{}; };
        // The connection is cut when it returns.
        std::function<void(WebSocketPeer&)> websocket = {};
        int upgrade_status = 101;                                 // any other refuses the upgrade
        std::map<std::string, std::string> upgrade_headers = {};  // of the refusal
    };

    explicit TlsServer(Script script);
    ~TlsServer();
    TlsServer(TlsServer const&) = delete;
    TlsServer& operator=(TlsServer const&) = delete;

    std::uint16_t port() const;
    unsigned connections() const;  // accepted so far

  private:
    struct Running;
    std::unique_ptr<Running> running_;
};

}  // namespace arb::test
