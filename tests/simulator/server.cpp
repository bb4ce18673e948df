#include "simulator/server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/url/parse.hpp>
#include <cctype>
#include <optional>
#include <utility>

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
constexpr std::size_t read_bytes = 4096;               // of a client at once; most are far fewer
constexpr auto idle_max = std::chrono::seconds(120);   // an HTTP connection without requests
constexpr auto farewell_max =
    std::chrono::seconds(5);  // the end of TLS, for a client that does not answer it

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

// The kinds of WebSocket frames (RFC 6455, 5.2).
enum class Opcode : unsigned char { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct Frame {
    Opcode kind;
    bool last;  // of its message
    std::string payload;
};

void append_frame(std::string& to, Opcode kind, std::string_view payload) {
    to += static_cast<char>(0x80 | static_cast<unsigned char>(kind));
    auto const size = payload.size();
    if (size < 126) {
        to += static_cast<char>(size);
    } else {
        bool const wide = size > 0xffff;
        to += static_cast<char>(wide ? 127 : 126);
        for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8) to += static_cast<char>(size >> shift & 0xff);
    }
    to += payload;
}

// Takes the client's next frame off the buffer; nothing while it is not whole. A frame without a mask or
// beyond all bounds is taken for the end.
std::optional<Frame> take_frame(beast::flat_buffer& from) {
    constexpr std::size_t begin_bytes = 2, mask_bytes = 4;
    auto const* const bytes = static_cast<unsigned char const*>(from.cdata().data());
    if (from.size() < begin_bytes) return {};
    std::size_t size = bytes[1] & 0x7F;
    std::size_t const size_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
    auto const head = begin_bytes + size_bytes + mask_bytes;
    if (from.size() < head) return {};
    if (size_bytes != 0) size = 0;
    for (std::size_t n = 0; n != size_bytes; ++n) size = size << 8 | bytes[begin_bytes + n];
    bool const masked = (bytes[1] & 0x80) != 0;
    if (!masked || size > message_bytes_max) return Frame{Opcode::close, true, {}};
    if (from.size() - head < size) return {};
    Frame frame{static_cast<Opcode>(bytes[0] & 0x0F), (bytes[0] & 0x80) != 0, std::string(size, '\0')};
    auto const* const mask = bytes + head - mask_bytes;
    for (std::size_t n = 0; n != size; ++n)
        frame.payload[n] = static_cast<char>(bytes[head + n] ^ mask[n % mask_bytes]);
    from.consume(head + size);
    return frame;
}

// One WebSocket after its handshake. What is sent within one turn of the loop leaves in one write, as a busy
// venue's frames do: with a write for each frame a burst would be the server's own limit.
class Connection final : public Socket, public std::enable_shared_from_this<Connection> {
  public:
    explicit Connection(Stream stream) : stream_{std::move(stream)} {}

    asio::awaitable<void> run(http::request<http::string_body> request, Upgrade upgrade) {
        auto const self = shared_from_this();
        boost::system::error_code error;
        auto token = asio::redirect_error(use_awaitable, error);
        beast::get_lowest_layer(stream_).expires_never();
        {
            websocket::stream<Stream&> handshake{stream_};
            co_await handshake.async_accept(request, token);
        }
        if (error) co_return;
        open_ = true;
        handler_ = upgrade(self);
        beast::flat_buffer buffer;
        while (open_) {
            auto const size = co_await stream_.async_read_some(buffer.prepare(read_bytes), token);
            if (error) break;
            buffer.commit(size);
            while (open_) {
                auto const frame = take_frame(buffer);
                if (!frame) break;
                take(*frame);
            }
        }
        open_ = false;
        over_ = true;
        handler_.reset();
        begin_writing();
    }

    void send(std::string text) override { push(Opcode::text, as_utf8(std::move(text))); }
    void send_frames(std::string_view frames, std::function<void()> sent) override {
        if (!open_ || closing_) return;
        waiting_ += frames;
        if (sent) sent_.push_back(std::move(sent));
        begin_writing();
    }
    void ping(std::string payload) override { push(Opcode::ping, payload); }
    void close(std::uint16_t code, std::string reason) override {
        push(Opcode::close,
             std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + reason);
        closing_ = true;
    }
    void cut(bool reset = false) override {
        open_ = false;
        waiting_.clear();
        boost::system::error_code ignored;
        // With nothing to linger for, closing is an RST.
        if (reset)
            beast::get_lowest_layer(stream_).socket().set_option(asio::socket_base::linger{true, 0}, ignored);
        beast::get_lowest_layer(stream_).socket().close(ignored);
    }
    std::size_t waiting_bytes() const override { return waiting_.size() + leaving_.size() - left_; }

  private:
    void take(Frame const& frame) {
        if (frame.kind == Opcode::pong) return handler_->on_pong();
        if (frame.kind == Opcode::ping) return push(Opcode::pong, frame.payload);
        if (frame.kind == Opcode::close) {
            push(Opcode::close, frame.payload);  // the answer, unless this is one
            open_ = false;
            return;
        }
        message_ += frame.payload;
        if (!frame.last) return;
        auto const message = std::exchange(message_, {});
        if (!closing_) handler_->on_text(message);
    }

    void push(Opcode kind, std::string_view payload) {
        if (!open_ || closing_) return;
        append_frame(waiting_, kind, payload);
        begin_writing();
    }

    void begin_writing() {
        if (writing_) return;
        writing_ = true;
        asio::co_spawn(stream_.get_executor(), write(shared_from_this()), asio::detached);
    }

    // All writes happen here, one after the other; `self` keeps the connection while one is under way.
    asio::awaitable<void> write([[maybe_unused]] std::shared_ptr<Connection> self) {
        boost::system::error_code error;
        auto token = asio::redirect_error(use_awaitable, error);
        co_await asio::post(stream_.get_executor(),
                            use_awaitable);  // whoever is at it sends all he has first
        while (!error && !waiting_.empty()) {
            leaving_ = std::exchange(waiting_, {});
            auto const sent = std::exchange(sent_, {});
            for (left_ = 0; !error && left_ != leaving_.size();)
                left_ += co_await stream_.async_write_some(asio::buffer(leaving_) + left_, token);
            leaving_ = {};
            left_ = 0;
            if (error) break;
            for (auto const& tell : sent) tell();
        }
        if (!error && over_) {
            beast::get_lowest_layer(stream_).expires_after(farewell_max);
            co_await stream_.async_shutdown(token);
        }
        writing_ = false;
        if (error || over_) cut();
    }

    Stream stream_;
    std::unique_ptr<SocketHandler> handler_;
    std::string message_;            // of the client, so far
    std::string waiting_, leaving_;  // frames: those that wait, and those of the write under way
    std::size_t left_ = 0;           // bytes of the latter
    std::vector<std::function<void()>> sent_;
    bool writing_ = false;
    bool open_ = false;     // the client may hear and be heard
    bool closing_ = false;  // a close frame is the last
    bool over_ = false;     // what still waits leaves, then the connection ends
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
    std::string out;
    append_frame(out, Opcode::text, text);
    return out;
}

}  // namespace arb::simulator
