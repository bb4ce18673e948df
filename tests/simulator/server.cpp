#include "simulator/server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/url/parse.hpp>
#include <cctype>
#include <deque>
#include <optional>

#include "simulator/text.hpp"

namespace arb::simulator {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::use_awaitable;
using Stream = beast::ssl_stream<beast::tcp_stream>;

namespace {

constexpr std::uint64_t request_bytes_max = 8 << 20;   // POST /books with 500 tokens is far below
constexpr std::uint64_t message_bytes_max = 16 << 20;  // a subscription of many tens of thousands of tickers
constexpr auto idle_max = std::chrono::seconds(120);   // an HTTP connection without requests

HttpRequest convert(http::request<http::string_body> const& from) {
    HttpRequest request;
    request.method = std::string{from.method_string()};
    std::string const target{from.target()};
    request.path = target.substr(0, target.find('?'));
    if (auto const url = boost::urls::parse_origin_form(target))
        for (auto const& parameter : url->params())
            request.query.emplace_back(parameter.key, parameter.value);
    for (auto const& field : from) {
        std::string name{field.name_string()};
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        request.headers[name] = std::string{field.value()};
    }
    request.body = from.body();
    return request;
}

http::response<http::string_body> convert(HttpResponse const& from,
                                          http::request<http::string_body> const& request) {
    http::response<http::string_body> response{static_cast<http::status>(from.status), request.version()};
    response.set(http::field::content_type, from.content_type);
    for (auto const& [name, value] : from.headers) response.set(name, value);
    response.keep_alive(request.keep_alive());
    response.body() = from.body;
    response.prepare_payload();
    return response;
}

class Connection final : public Socket, public std::enable_shared_from_this<Connection> {
  public:
    explicit Connection(Stream stream) : ws_{std::move(stream)} {}

    asio::awaitable<void> run(http::request<http::string_body> request, Upgrade upgrade) {
        auto const self = shared_from_this();
        beast::get_lowest_layer(ws_).expires_never();
        ws_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
        ws_.read_message_max(message_bytes_max);
        boost::system::error_code error;
        co_await ws_.async_accept(request, asio::redirect_error(use_awaitable, error));
        if (error) co_return;
        open_ = true;
        handler_ = upgrade(self);
        ws_.control_callback([this](websocket::frame_type type, beast::string_view) {
            if (type == websocket::frame_type::pong && handler_) handler_->on_pong();
        });
        handler_->on_open();
        beast::flat_buffer buffer;
        while (open_) {
            co_await ws_.async_read(buffer, asio::redirect_error(use_awaitable, error));
            if (error || !open_) break;
            handler_->on_text({static_cast<char const*>(buffer.data().data()), buffer.size()});
            buffer.consume(buffer.size());
        }
        open_ = false;
        ws_.control_callback();
        handler_.reset();
        waiting_.clear();
    }

    void send(std::string text) override {
        push({Kind::text, std::make_shared<std::string>(as_utf8(std::move(text))), 0, {}});
    }
    void send_frames(std::shared_ptr<std::string const> frames, std::function<void()> sent) override {
        push({Kind::frames, std::move(frames), 0, std::move(sent)});
    }
    void ping(std::string payload) override {
        push({Kind::ping, std::make_shared<std::string>(std::move(payload)), 0, {}});
    }
    void close(std::uint16_t code, std::string reason) override {
        push({Kind::close, std::make_shared<std::string>(std::move(reason)), code, {}});
    }
    void cut(bool reset = false) override {
        open_ = false;
        boost::system::error_code ignored;
        // With nothing to linger for, closing is an RST.
        if (reset)
            beast::get_lowest_layer(ws_).socket().set_option(asio::socket_base::linger{true, 0}, ignored);
        beast::get_lowest_layer(ws_).socket().close(ignored);
    }
    std::size_t waiting_bytes() const override { return waiting_bytes_; }

  private:
    enum class Kind { text, frames, ping, close };
    struct Item {
        Kind kind;
        std::shared_ptr<std::string const> bytes;
        std::uint16_t code;
        std::function<void()> sent;
    };

    void push(Item item) {
        if (!open_) return;
        waiting_bytes_ += item.bytes->size();
        waiting_.push_back(std::move(item));
        if (writing_) return;
        writing_ = true;
        asio::co_spawn(ws_.get_executor(), write(shared_from_this()), asio::detached);
    }

    // All writes happen here, one after the other; `self` keeps the connection while one is under way.
    asio::awaitable<void> write([[maybe_unused]] std::shared_ptr<Connection> self) {
        boost::system::error_code error;
        while (open_ && !waiting_.empty()) {
            auto const item = std::move(waiting_.front());
            waiting_.pop_front();
            waiting_bytes_ -= item.bytes->size();
            auto token = asio::redirect_error(use_awaitable, error);
            if (item.kind == Kind::text) {
                ws_.text(true);
                co_await ws_.async_write(asio::buffer(*item.bytes), token);
            } else if (item.kind == Kind::frames) {
                // Past Beast on purpose: many frames in one TLS record, as a busy venue sends them.
                co_await asio::async_write(ws_.next_layer(), asio::buffer(*item.bytes), token);
            } else if (item.kind == Kind::ping) {
                co_await ws_.async_ping(websocket::ping_data{*item.bytes}, token);
            } else {
                co_await ws_.async_close({static_cast<websocket::close_code>(item.code), *item.bytes}, token);
                break;
            }
            if (error) break;
            if (item.sent) item.sent();
        }
        writing_ = false;
        if (error) cut();
    }

    websocket::stream<Stream> ws_;
    std::unique_ptr<SocketHandler> handler_;
    std::deque<Item> waiting_;
    std::size_t waiting_bytes_ = 0;
    bool writing_ = false;
    bool open_ = false;
};

}  // namespace

struct Server::Inside : std::enable_shared_from_this<Inside> {
    Inside(asio::io_context& context, ServerCertificate const& certificate, std::uint16_t port,
           RequestHandler& to)
        : tls{asio::ssl::context::tls_server},
          acceptor{context, {asio::ip::make_address("127.0.0.1"), port}},
          handler{to} {
        tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                        asio::ssl::context::no_tlsv1_1);
        tls.use_certificate_chain(asio::buffer(certificate.certificate_pem));
        tls.use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem);
    }

    asio::awaitable<void> accept() {
        auto const self = shared_from_this();
        while (acceptor.is_open()) {
            boost::system::error_code error;
            auto socket = co_await acceptor.async_accept(asio::redirect_error(use_awaitable, error));
            if (error) continue;
            socket.set_option(asio::ip::tcp::no_delay{true}, error);
            asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
        }
    }

    asio::awaitable<void> serve(asio::ip::tcp::socket socket) {
        auto const self = shared_from_this();
        Stream stream{beast::tcp_stream{std::move(socket)}, tls};
        boost::system::error_code error;
        auto token = asio::redirect_error(use_awaitable, error);
        beast::get_lowest_layer(stream).expires_after(idle_max);
        co_await stream.async_handshake(asio::ssl::stream_base::server, token);
        beast::flat_buffer buffer;
        while (!error) {
            http::request_parser<http::string_body> parser;
            parser.body_limit(request_bytes_max);
            beast::get_lowest_layer(stream).expires_after(idle_max);
            co_await http::async_read(stream, buffer, parser, token);
            if (error) break;
            auto const& request = parser.get();
            HttpResponse answer;
            if (websocket::is_upgrade(request)) {
                auto decision = handler.upgrade(convert(request));
                if (auto* const upgrade = std::get_if<Upgrade>(&decision)) {
                    auto const connection = std::make_shared<Connection>(std::move(stream));
                    co_await connection->run(request, *upgrade);
                    co_return;
                }
                answer = std::get<HttpResponse>(decision);
            } else {
                answer = handler.handle(convert(request));
            }
            auto const response = convert(answer, request);
            co_await http::async_write(stream, response, token);
            if (!response.keep_alive()) break;
        }
        if (!error) co_await stream.async_shutdown(token);
    }

    asio::ssl::context tls;
    asio::ip::tcp::acceptor acceptor;
    RequestHandler& handler;
};

Server::Server(asio::io_context& context, ServerCertificate const& certificate, std::uint16_t port,
               RequestHandler& handler)
    : inside_{std::make_shared<Inside>(context, certificate, port, handler)} {
    asio::co_spawn(context, inside_->accept(), asio::detached);
}

Server::~Server() {
    boost::system::error_code ignored;
    inside_->acceptor.close(ignored);
}

std::uint16_t Server::port() const { return inside_->acceptor.local_endpoint().port(); }

std::string HttpRequest::header(std::string const& name) const {
    auto const found = headers.find(name);
    return found == headers.end() ? std::string{} : found->second;
}

std::string HttpRequest::parameter(std::string_view name, std::string otherwise) const {
    for (auto const& [key, value] : query)
        if (key == name) return value;
    return otherwise;
}

std::vector<std::string> HttpRequest::parameters(std::string_view name) const {
    std::vector<std::string> out;
    for (auto const& [key, value] : query)
        if (key == name) out.push_back(value);
    return out;
}

bool HttpRequest::has(std::string_view name) const {
    for (auto const& [key, value] : query)
        if (key == name) return true;
    return false;
}

std::string websocket_frame(std::string_view text) {
    std::string out = "\x81";
    auto const size = text.size();
    if (size < 126) {
        out += static_cast<char>(size);
    } else {
        bool const wide = size > 0xffff;
        out += static_cast<char>(wide ? 127 : 126);
        for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8)
            out += static_cast<char>(size >> shift & 0xff);
    }
    return out.append(text);
}

}  // namespace arb::simulator
