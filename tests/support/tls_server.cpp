#include "support/tls_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cctype>
#include <list>
#include <mutex>
#include <thread>

namespace arb::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using Stream = asio::ssl::stream<tcp::socket>;
using Message = http::request<http::string_body>;

namespace {

class Peer final : public WebSocketPeer {
  public:
    explicit Peer(Stream stream) : stream_{std::move(stream)} {
        stream_.control_callback([this](websocket::frame_type type, beast::string_view) {
            if (type == websocket::frame_type::pong) ++pongs_;
        });
    }
    int pongs() const override { return pongs_; }
    bool accept(Message const& request) {
        error_code error;
        stream_.accept(request, error);
        return !error;
    }

    std::optional<std::string> read() override {
        error_code error;
        beast::flat_buffer buffer;
        stream_.read(buffer, error);
        if (error) return {};
        return beast::buffers_to_string(buffer.data());
    }
    bool write(std::string_view frame) override {
        error_code error;
        stream_.text(true);
        stream_.write(asio::buffer(frame), error);
        return !error;
    }
    bool ping(std::string_view text) override {
        error_code error;
        stream_.ping(websocket::ping_data{text.data(), text.size()}, error);
        return !error;
    }
    void close(std::uint16_t code, std::string_view reason) override {
        error_code error;
        stream_.close({static_cast<websocket::close_code>(code), {reason.data(), reason.size()}}, error);
    }
    void close_and_cut(std::uint16_t code, std::string_view reason) override {
        std::string frame{'\x88', static_cast<char>(reason.size() + 2), static_cast<char>(code >> 8),
                          static_cast<char>(code & 0xFF)};
        frame += reason;
        error_code error;
        asio::write(stream_.next_layer(), asio::buffer(frame), error);
        cut();
    }
    void cut() override {
        error_code error;
        stream_.next_layer().next_layer().shutdown(tcp::socket::shutdown_both, error);
    }
    void freeze() override {
        error_code error;
        char sink[4096];
        while (!error) stream_.next_layer().next_layer().read_some(asio::buffer(sink), error);
    }

  private:
    websocket::stream<Stream> stream_;
    int pongs_ = 0;
};

asio::ssl::context context_for(TlsServer::Script const& script) {
    asio::ssl::context out{asio::ssl::context::tls_server};
    if (script.protocol == TlsServer::Protocol::plain_http) return out;
    out.use_certificate_chain(asio::buffer(script.certificate.pem));
    out.use_private_key(asio::buffer(script.certificate.key_pem), asio::ssl::context::pem);
    if (script.protocol != TlsServer::Protocol::tls) {
        // OpenSSL 3 speaks these only at the lowest security level.
        auto const version = script.protocol == TlsServer::Protocol::tls_1_0 ? TLS1_VERSION : TLS1_1_VERSION;
        SSL_CTX_set_cipher_list(out.native_handle(), "DEFAULT:@SECLEVEL=0");
        SSL_CTX_set_min_proto_version(out.native_handle(), version);
        SSL_CTX_set_max_proto_version(out.native_handle(), version);
    }
    return out;
}

HttpAsk ask_from(Message const& request, Stream& stream) {
    HttpAsk out;
    out.method = std::string{request.method_string()};
    out.target = std::string{request.target()};
    out.body = request.body();
    for (auto const& field : request) {
        std::string name{field.name_string()};
        for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        out.headers[name] = std::string{field.value()};
    }
    auto const* const name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    if (name != nullptr) out.server_name = name;
    return out;
}

}  // namespace

struct TlsServer::Running {
    explicit Running(Script s)
        : script{std::move(s)},
          context{context_for(script)},
          acceptor{io, {asio::ip::address_v4::loopback(), 0}},
          listener{[this] { listen(); }} {}

    ~Running() {
        stopping = true;
        ::shutdown(acceptor.native_handle(), SHUT_RDWR);  // wakes the blocking accept
        listener.join();
        {
            std::lock_guard const lock{mutex};
            for (auto const fd : live) ::shutdown(fd, SHUT_RDWR);
        }
        for (auto& thread : threads) thread.join();
    }

    void listen() {
        while (!stopping) {
            error_code error;
            tcp::socket socket{io};
            acceptor.accept(socket, error);
            if (error) continue;
            auto const number = ++accepted;
            threads.emplace_back([this, number, connection = std::move(socket)]() mutable {
                serve(std::move(connection), number);
            });
        }
    }

    void serve(tcp::socket socket, unsigned number) {
        // A second descriptor of the connection, so that the destructor never touches one that was closed and
        // reused.
        tcp::socket copy{io, tcp::v4(), ::dup(socket.native_handle())};
        auto const fd = copy.native_handle();
        {
            std::lock_guard const lock{mutex};
            live.push_back(fd);
            if (stopping) ::shutdown(fd, SHUT_RDWR);
        }
        if (script.protocol == Protocol::plain_http)
            serve_plain(socket);
        else
            serve_tls(Stream{std::move(socket), context}, number);
        std::lock_guard const lock{mutex};
        live.remove(fd);
    }

    void serve_plain(tcp::socket& socket) {
        error_code error;
        char some[512];
        socket.read_some(asio::buffer(some), error);
        std::string_view const answer =
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        asio::write(socket, asio::buffer(answer), error);
    }

    void serve_tls(Stream stream, unsigned number) {
        error_code error;
        stream.handshake(Stream::server, error);
        beast::flat_buffer buffer;
        for (unsigned count = 1; !error; ++count) {
            Message request;
            http::read(stream, buffer, request, error);
            if (error) return;
            if (websocket::is_upgrade(request) && script.upgrade_status == 101) {
                Peer peer{std::move(stream)};
                if (peer.accept(request) && script.websocket) script.websocket(peer);
                return;
            }
            auto ask = ask_from(request, stream);
            ask.connection = number;
            ask.request = count;
            auto answer = websocket::is_upgrade(request) ? HttpAnswer{.status = script.upgrade_status,
                                                                      .body = "go away",
                                                                      .headers = script.upgrade_headers}
                                                         : script.http(ask);
            if (!reply(stream, request, answer)) return;
        }
    }

    // False when the connection is over.
    static bool reply(Stream& stream, Message const& request, HttpAnswer const& answer) {
        error_code error;
        if (answer.hang_up) return false;
        if (answer.hang) {
            char sink[512];
            while (!error) stream.read_some(asio::buffer(sink), error);
            return false;
        }
        if (!answer.raw.empty()) {
            asio::write(stream, asio::buffer(answer.raw), error);
            stream.shutdown(error);
            return false;
        }
        http::response<http::string_body> response{static_cast<http::status>(answer.status),
                                                   request.version()};
        for (auto const& [name, value] : answer.headers) response.set(name, value);
        response.body() = answer.body;
        response.keep_alive(!answer.last);
        response.prepare_payload();
        http::write(stream, response, error);
        if (answer.last) stream.shutdown(error);
        return !error && !answer.last;
    }

    Script const script;
    std::atomic<bool> stopping{false};
    std::atomic<unsigned> accepted{0};
    asio::io_context io;
    asio::ssl::context context;
    tcp::acceptor acceptor;
    std::mutex mutex;
    std::list<int> live;             // protected by mutex
    std::list<std::thread> threads;  // the listener's, then the destructor's
    std::thread listener;
};

TlsServer::TlsServer(Script script) : running_{std::make_unique<Running>(std::move(script))} {}
TlsServer::~TlsServer() = default;
std::uint16_t TlsServer::port() const { return running_->acceptor.local_endpoint().port(); }
unsigned TlsServer::connections() const { return running_->accepted; }

}  // namespace arb::test
