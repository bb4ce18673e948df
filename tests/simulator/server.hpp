// HTTPS and WebSocket on one loopback port. Beast and TLS are instantiated here and nowhere else of the
// simulator.
//
// Thread safety: none; everything runs on the one thread of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "simulator/certificate.hpp"

namespace arb::simulator {

struct HttpRequest {
    std::string method;
    std::string path;                                        // without the query, not decoded
    std::vector<std::pair<std::string, std::string>> query;  // in order, decoded
    std::map<std::string, std::string> headers;              // names in lower case
    std::string body;

    std::string header(std::string const& name) const;
    // The first value of a query parameter, or `otherwise`.
    std::string parameter(std::string_view name, std::string otherwise = {}) const;
    std::vector<std::string> parameters(std::string_view name) const;
    bool has(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers = {};
};

// The server's end of one WebSocket. Frames leave in the order given.
class Socket {
  public:
    virtual ~Socket() = default;
    // What is not UTF-8 is replaced: a text frame must be.
    virtual void send(std::string text) = 0;
    // Bytes that are complete WebSocket frames already; `sent` is called when the client's TCP window took
    // them.
    virtual void send_frames(std::string_view frames, std::function<void()> sent) = 0;
    virtual void ping(std::string payload) = 0;
    virtual void close(std::uint16_t code, std::string reason) = 0;
    // Ends the connection without a close frame: with FIN, or with RST.
    virtual void cut(bool reset = false) = 0;
    virtual std::size_t waiting_bytes() const = 0;  // that have not left yet
};

// What a venue does with one WebSocket; destroyed when the connection is gone.
class SocketHandler {
  public:
    virtual ~SocketHandler() = default;
    virtual void on_text(std::string_view text) = 0;
    virtual void on_pong() {}
};

using Upgrade = std::function<std::unique_ptr<SocketHandler>(std::shared_ptr<Socket>)>;

class RequestHandler {
  public:
    virtual ~RequestHandler() = default;
    virtual HttpResponse handle(HttpRequest const& request) = 0;
    // A response refuses the WebSocket.
    virtual std::variant<HttpResponse, Upgrade> upgrade(HttpRequest const& request) = 0;
};

class Server {
  public:
    // Listens on 127.0.0.1. Throws boost::system::system_error if the port is taken.
    Server(boost::asio::io_context& context, ServerCertificate const& certificate, std::uint16_t port,
           RequestHandler& handler);
    ~Server();
    std::uint16_t port() const;

  private:
    struct Inside;
    std::shared_ptr<Inside> inside_;
};

// The bytes of an unmasked text frame, as a server sends it.
std::string websocket_frame(std::string_view text);

}  // namespace arb::simulator
