#include "host/admin.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>

#include "arbitrage/packet.hpp"
#include "host/config/endpoint.hpp"
#include "host/status.hpp"

namespace arb::host {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using namespace std::chrono_literals;

namespace {

using Local = asio::local::stream_protocol;
using Tcp = asio::ip::tcp;

constexpr int connections_max = 16;                // a person, a scraper and a few taps
constexpr int taps_max = 4;                        // each holds packets in memory while it is slow
constexpr std::uint32_t request_bytes_max = 8192;  // a GET of ours has under 300
constexpr auto request_time_max = 5s;              // to send a request, and to take the answer
constexpr auto answer_time_max = 10s;              // a host that is stopped does not keep whoever asks it
constexpr auto tap_wait = 50ms;                    // between looks at a queue that is quiet
constexpr queue::Limits tap_limits{500, 1 << 20};

struct Answer {
    http::status status = http::status::ok;
    char const* type = "text/plain; charset=utf-8";
    std::string body;
};

// What a tap wants to see; empty is everything.
struct TapFilter {
    std::string venue, kind, market;
};

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const hex = [&](std::size_t at) {
            auto const c = at < text.size() ? text[at] : '\0';
            return c >= '0' && c <= '9'   ? c - '0'
                   : c >= 'a' && c <= 'f' ? c - 'a' + 10
                   : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                          : -1;
        };
        if (text[i] == '%' && hex(i + 1) >= 0 && hex(i + 2) >= 0) {
            out += static_cast<char>(hex(i + 1) * 16 + hex(i + 2));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

TapFilter filter_of(std::string_view query) {
    TapFilter out;
    while (!query.empty()) {
        auto const end = query.find('&');
        auto const pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
        auto const equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        auto const key = pair.substr(0, equals);
        auto value = decoded(pair.substr(equals + 1));
        (key == "venue" ? out.venue : key == "kind" ? out.kind : out.market) = std::move(value);
    }
    return out;
}

bool wanted(arb_packet const& packet, TapFilter const& filter) {
    if (!filter.venue.empty() && venue(packet) != filter.venue) return false;
    return filter.kind.empty() || filter.kind == kind_names[packet.kind];
}

class Server final : public Admin {
  public:
    explicit Server(AdminSources sources) : sources_{std::move(sources)} {}
    ~Server() override { Server::stop(); }

    Result<> listen(AdminSettings const& settings) {
        socket_ = settings.socket;
        if (auto const done = listen_local(); done.has_error()) return done;
        if (!settings.metrics.empty())
            if (auto const done = listen_tcp(settings.metrics); done.has_error()) return done;
        asio::co_spawn(context_, accept(*local_, true), asio::detached);
        if (tcp_) asio::co_spawn(context_, accept(*tcp_, false), asio::detached);
        thread_ = std::thread{[this] {
            pthread_setname_np(pthread_self(), "admin");
            context_.run();
        }};
        return {};
    }

    void stop() override {
        if (!thread_.joinable()) return;
        context_.stop();
        thread_.join();
        std::error_code ignored;
        std::filesystem::remove(socket_, ignored);
    }

    std::uint16_t metrics_port() const override {
        return tcp_ ? tcp_->local_endpoint().port() : std::uint16_t{0};
    }

  private:
    Result<> listen_local() {
        auto const path = socket_.string();
        if (auto const wrong = wrong_socket(socket_); !wrong.empty())
            return invalid("", "service.socket: " + wrong);
        std::error_code failed;
        if (socket_.has_parent_path()) std::filesystem::create_directories(socket_.parent_path(), failed);
        if (std::filesystem::is_socket(socket_, failed)) {
            if (ask(socket_, "/healthz").has_value())
                return Error{ARB_RETRY, fmt::format("another process already answers on {}", path),
                             "running"};
            std::filesystem::remove(socket_, failed);
        }
        boost::system::error_code wrong;
        local_.emplace(context_);
        local_->open(Local{}, wrong);
        auto const mask = ::umask(S_IRWXG | S_IRWXO);
        if (!wrong) local_->bind(Local::endpoint{path}, wrong);
        ::umask(mask);
        if (!wrong) local_->listen(connections_max, wrong);
        if (wrong) return permanent(fmt::format("the socket {} cannot be made: {}", path, wrong.message()));
        ::chmod(path.c_str(), S_IRUSR | S_IWUSR);
        return {};
    }

    Result<> listen_tcp(std::string const& where) {
        auto const parsed = parse_endpoint(where);
        boost::system::error_code wrong;
        auto const address = parsed ? asio::ip::make_address(parsed->address, wrong) : asio::ip::address{};
        if (!parsed || wrong) return invalid("", "service.metrics: this is no address: " + where);
        Tcp::endpoint const endpoint{address, parsed->port};
        tcp_.emplace(context_);
        tcp_->open(endpoint.protocol(), wrong);
        if (!wrong) tcp_->set_option(asio::socket_base::reuse_address{true}, wrong);
        if (!wrong) tcp_->bind(endpoint, wrong);
        if (!wrong) tcp_->listen(connections_max, wrong);
        if (wrong)
            return permanent(fmt::format("service.metrics: cannot listen on {}: {}", where, wrong.message()));
        return {};
    }

    template<class Acceptor>
    asio::awaitable<void> accept(Acceptor& acceptor, bool whole) {
        using Protocol = typename Acceptor::protocol_type;
        for (;;) {
            boost::system::error_code wrong;
            auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, wrong));
            if (wrong) {
                // Out of descriptors, for one: look again shortly.
                asio::steady_timer timer{context_, 100ms};
                co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, wrong));
                continue;
            }
            if (connections_ >= connections_max || (whole && !trusted(socket.native_handle()))) continue;
            asio::co_spawn(context_, serve(beast::basic_stream<Protocol>{std::move(socket)}, whole),
                           asio::detached);
        }
    }

    // The mode of the socket keeps others out; this asks the kernel once more.
    static bool trusted(int descriptor) {
        ucred peer{};
        socklen_t size = sizeof peer;
        if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
        return peer.uid == ::geteuid() || peer.uid == 0;
    }

    template<class Stream>
    asio::awaitable<void> serve(Stream stream, bool whole) {
        ++connections_;
        try {
            beast::flat_buffer buffer{request_bytes_max};
            http::request_parser<http::empty_body> parser;
            parser.header_limit(request_bytes_max);
            stream.expires_after(request_time_max);
            co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
            std::string const target{parser.get().target()};
            auto const path = target.substr(0, target.find('?'));
            if (parser.get().method() != http::verb::get) {
                Answer refusal{http::status::method_not_allowed, "text/plain", "only GET\n"};
                co_await reply(stream, std::move(refusal));
            } else if (whole && path == "/tap") {
                auto const query = target.find('?');
                co_await tap(stream, filter_of(query == std::string::npos
                                                   ? std::string_view{}
                                                   : std::string_view{target}.substr(query + 1)));
            } else {
                co_await reply(stream, answer(path, whole));
            }
            boost::system::error_code ignored;
            stream.socket().shutdown(asio::socket_base::shutdown_send, ignored);
        } catch (std::exception const&) {
            // The other side left or was too slow; there is nobody to tell.
        }
        --connections_;
    }

    Answer answer(std::string const& path, bool whole) const {
        if (path == "/metrics")
            return {http::status::ok, "text/plain; version=0.0.4; charset=utf-8", sources_.metrics()};
        if (whole && path == "/healthz") return {http::status::ok, "text/plain", "alive\n"};
        if (whole && path == "/readyz") {
            bool const ready = sources_.ready();
            return {ready ? http::status::ok : http::status::service_unavailable, "text/plain",
                    ready ? "ready\n" : "not ready\n"};
        }
        if (whole && path == "/status")
            return {http::status::ok, "application/json", boost::json::serialize(sources_.status()) + "\n"};
        if (whole && path == "/drift")
            return {http::status::ok, "application/json", boost::json::serialize(sources_.drift()) + "\n"};
        return {http::status::not_found, "text/plain",
                whole ? "here are /healthz /readyz /status /drift /metrics /tap\n" : "here is /metrics\n"};
    }

    // To be called with an answer that has a name: GCC 12 destroys one that stands in braces among a
    // coroutine's arguments twice.
    template<class Stream>
    asio::awaitable<void> reply(Stream& stream, Answer answer) {
        http::response<http::string_body> response{answer.status, 11};
        response.set(http::field::content_type, answer.type);
        response.keep_alive(false);
        response.body() = std::move(answer.body);
        response.prepare_payload();
        stream.expires_after(request_time_max);
        co_await http::async_write(stream, response, asio::use_awaitable);
    }

    // Lines until the other side leaves. A slow one misses packets; it never slows the pipeline.
    template<class Stream>
    asio::awaitable<void> tap(Stream& stream, TapFilter filter) {
        if (taps_ >= taps_max) {
            Answer refusal{http::status::service_unavailable, "text/plain", "there are 4 taps already\n"};
            co_await reply(stream, std::move(refusal));
            co_return;
        }
        struct Count {
            std::atomic<int>& taps;
            explicit Count(std::atomic<int>& t) : taps{t} { ++taps; }
            ~Count() { --taps; }
        } const count{taps_};
        auto const reader = sources_.tap();
        http::response<http::empty_body> head{http::status::ok, 11};
        head.set(http::field::content_type, "application/x-ndjson");
        head.keep_alive(false);
        http::response_serializer<http::empty_body> serializer{head};
        stream.expires_after(request_time_max);
        co_await http::async_write_header(stream, serializer, asio::use_awaitable);
        asio::steady_timer timer{context_};
        for (;;) {
            auto const batch = reader->read(tap_limits, 0ms);
            if (batch.has_error()) co_return;
            std::string lines;
            for (auto const* const packet : batch->packets) append_line(lines, *packet, filter);
            if (!lines.empty()) {
                stream.expires_after(request_time_max);
                co_await asio::async_write(stream, asio::buffer(lines), asio::use_awaitable);
            }
            if (!batch->packets.empty()) continue;
            timer.expires_after(tap_wait);
            co_await timer.async_wait(asio::use_awaitable);
            if (left(stream)) co_return;
        }
    }

    static void append_line(std::string& lines, arb_packet const& packet, TapFilter const& filter) {
        if (!wanted(packet, filter)) return;
        auto const object = packet_json(packet, Show::brief);
        if (!filter.market.empty()) {
            auto const* const market = object.if_contains("market_id");
            if (market == nullptr || !market->is_string() || market->get_string() != filter.market) return;
        }
        lines += boost::json::serialize(object) + "\n";
    }

    // Whether the other side closed: a tap sends nothing after its request.
    template<class Stream>
    static bool left(Stream& stream) {
        char byte = 0;
        return ::recv(stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }

    AdminSources const sources_;
    std::filesystem::path socket_;
    std::atomic<int> connections_{0};  // before the context, whose end ends connections
    std::atomic<int> taps_{0};
    asio::io_context context_{1};
    std::optional<Local::acceptor> local_;
    std::optional<Tcp::acceptor> tcp_;
    std::thread thread_;
};

using Client = beast::basic_stream<Local>;

// A request of the client; the stream is at the body's first bytes, which may be in `buffer` already.
Result<unsigned> request(asio::io_context& context, Client& client, std::filesystem::path const& path,
                         std::string const& target, beast::flat_buffer& buffer,
                         http::response_parser<http::string_body>& parser, bool whole) {
    boost::system::error_code wrong;
    if (path.string().size() >= sizeof(sockaddr_un::sun_path))
        return arb::retry("the socket's path is too long");
    client.socket().connect(Local::endpoint{path.string()}, wrong);
    if (wrong)
        return arb::retry(
            fmt::format("nothing answers on {} ({}): is `arbitrage run` running with this pipeline{}?",
                        std::filesystem::absolute(path).string(), wrong.message(),
                        path.is_absolute() ? "" : ", and in this directory"));
    http::request<http::empty_body> get{http::verb::get, target, 11};
    get.set(http::field::host, "localhost");
    parser.body_limit(64 << 20);
    auto const talk = [&]() -> asio::awaitable<void> {
        auto const quiet = [&] { return asio::redirect_error(asio::use_awaitable, wrong); };
        client.expires_after(answer_time_max);
        co_await http::async_write(client, get, quiet());
        if (wrong) co_return;
        if (whole)
            co_await http::async_read(client, buffer, parser, quiet());
        else
            co_await http::async_read_header(client, buffer, parser, quiet());
    };
    asio::co_spawn(context, talk(), asio::detached);
    context.run();
    if (wrong == beast::error::timeout)
        return arb::retry(fmt::format("the host on {} gave no answer within {} s: is it stopped?",
                                      path.string(), answer_time_max.count()));
    if (wrong)
        return arb::retry(fmt::format("the host on {} gave no answer: {}", path.string(), wrong.message()));
    return parser.get().result_int();
}

}  // namespace

Result<std::unique_ptr<Admin>> Admin::start(AdminSettings const& settings, AdminSources sources) {
    auto server = std::make_unique<Server>(std::move(sources));
    if (auto const done = server->listen(settings); done.has_error()) return done.error();
    return std::unique_ptr<Admin>{std::move(server)};
}

Result<std::string> ask(std::filesystem::path const& socket, std::string const& target) {
    asio::io_context context;
    Client client{context};
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    auto const status = request(context, client, socket, target, buffer, parser, true);
    if (status.has_error()) return status.error();
    if (status.value() != 200) return permanent(parser.get().body());
    return std::move(parser.get().body());
}

Result<> follow(std::filesystem::path const& socket, std::string const& target,
                std::function<bool(std::string_view)> const& line) {
    asio::io_context context;
    Client client{context};
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    auto const status = request(context, client, socket, target, buffer, parser, false);
    if (status.has_error()) return status.error();
    if (status.value() != 200) return permanent("the host refused: there may be too many taps already");
    std::string rest{beast::buffers_to_string(buffer.data())};
    char bytes[16 * 1024];
    for (;;) {
        for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
            if (!line(std::string_view{rest}.substr(0, end))) return {};
            rest.erase(0, end + 1);
        }
        boost::system::error_code wrong;
        auto const got = client.socket().read_some(asio::buffer(bytes), wrong);
        if (wrong) return {};
        rest.append(bytes, got);
    }
}

}  // namespace arb::host
