#include <boost/asio/ip/tcp.hpp>

#include "loopback.hpp"

using namespace arb;
using namespace arb::test;

namespace {

// The error of one GET against a server; the test fails if there is an answer.
Error refusal(Loopback& here, std::string const& url, net::HttpLimits limits = {}) {
    auto const client = here.client(url, limits);
    auto const answer = here.get(*client, "/");
    REQUIRE(answer.has_error());
    CHECK(answer.error().status == ARB_RETRY);
    INFO(answer.error().text);
    return answer.error();
}

}  // namespace

TEST_CASE("a request reaches the server and its answer comes back", "[net]") {
    Loopback here;
    HttpAsk seen;
    TlsServer::Script script{.certificate = here.good()};
    script.http = [&](HttpAsk const& ask) {
        seen = ask;
        return HttpAnswer{.status = 201, .body = "{\"a\":1}", .headers = {{"Retry-After", "7"}}};
    };
    TlsServer const server{script};
    auto const client = here.client(here.https(server) + "/trade-api/v2/");
    CHECK(client->host() == "127.0.0.1");
    CHECK(client->prefix() == "/trade-api/v2");

    net::Request request;
    request.method = "POST";
    request.target = "/orders?limit=5";
    request.headers = {{"KALSHI-ACCESS-KEY", "abc"}};
    request.body = "hello";
    auto const answer = finish(here.io, client->send(std::move(request)));
    REQUIRE(answer.has_value());
    CHECK(answer.value().status == 201);
    CHECK(answer.value().body == "{\"a\":1}");
    CHECK(answer.value().retry_after == 7s);

    CHECK(seen.method == "POST");
    CHECK(seen.target == "/trade-api/v2/orders?limit=5");
    CHECK(seen.body == "hello");
    CHECK(seen.headers["kalshi-access-key"] == "abc");
    CHECK(seen.headers["host"] == "127.0.0.1:" + std::to_string(server.port()));
    CHECK(seen.headers["accept-encoding"] == "identity");
    CHECK(contains(seen.headers["user-agent"], "arbitrage/"));
    CHECK(seen.server_name.empty());  // an address is no name to ask for
}

TEST_CASE("a host by name is looked up, asked for by name and verified", "[net]") {
    Loopback here;
    std::string asked;
    TlsServer::Script script{.certificate = here.good()};
    script.http = [&](HttpAsk const& ask) {
        asked = ask.server_name;
        return HttpAnswer{};
    };
    TlsServer const server{script};
    auto const client = here.client("https://localhost:" + std::to_string(server.port()));
    REQUIRE(here.get(*client, "/").has_value());
    CHECK(asked == "localhost");
}

TEST_CASE("a name that does not exist is said to be unknown", "[net]") {
    Loopback here;
    auto const error = refusal(here, "https://no-such-host.invalid", {.request_max = 5s});
    CHECK(error.where == "dns");
    CHECK(contains(error.text, "no-such-host.invalid: the name"));
}

TEST_CASE("a port where nobody listens is refused", "[net]") {
    Loopback here;
    std::uint16_t port = 0;
    { port = TlsServer{{.certificate = here.good()}}.port(); }
    auto const error = refusal(here, "https://127.0.0.1:" + std::to_string(port));
    CHECK(error.text == "127.0.0.1:" + std::to_string(port) + ": cannot connect: Connection refused");
}

TEST_CASE("certificates that prove nothing are refused before a byte is sent", "[net]") {
    Loopback here;
    bool asked = false;
    TlsServer::Script script;
    script.http = [&](HttpAsk const&) {
        asked = true;
        return HttpAnswer{};
    };
    std::string expected;
    SECTION("another host") {
        script.certificate = here.authority.issue({.names = {"DNS:example.com"}});
        expected = "it was made for another host than 127.0.0.1";
    }
    SECTION("another address") {
        script.certificate = here.authority.issue({.names = {"IP:127.0.0.2", "DNS:127.0.0.1"}});
        expected = "it was made for another host than 127.0.0.1";
    }
    SECTION("a CA that is not known") {
        script.certificate = Authority{"another CA"}.issue({.names = {"IP:127.0.0.1"}});
        expected = "no CA known here vouches for it";
    }
    SECTION("its own word") {
        script.certificate = Authority{"127.0.0.1"}.self();
        expected = "no CA known here vouches for it";
    }
    SECTION("expired") {
        script.certificate =
            here.authority.issue({.names = {"IP:127.0.0.1"}, .valid_for = std::chrono::hours{-1}});
        expected = "it has expired";
    }
    TlsServer const server{script};
    auto const error = refusal(here, here.https(server));
    CHECK(error.where == "tls");
    CHECK(contains(error.text, "the certificate is refused: " + expected));
    CHECK_FALSE(asked);

    auto const socket = here.connect(here.wss(server));
    REQUIRE(socket.has_error());
    CHECK(socket.error().where == "tls");
    CHECK(contains(socket.error().text, expected));
}

TEST_CASE("a name that matches another name of the server is refused by name", "[net]") {
    Loopback here;
    TlsServer const server{{.certificate = here.authority.issue({.names = {"IP:127.0.0.1", "DNS:l*t"}})}};
    auto const error = refusal(here, "https://localhost:" + std::to_string(server.port()));
    CHECK(contains(error.text, "it was made for another host than localhost"));
}

TEST_CASE("TLS 1.0 and 1.1 are refused", "[net]") {
    Loopback here;
    for (auto const protocol : {TlsServer::Protocol::tls_1_0, TlsServer::Protocol::tls_1_1}) {
        TlsServer const server{{.certificate = here.good(), .protocol = protocol}};
        auto const error = refusal(here, here.https(server));
        CHECK(error.where == "tls");
        CHECK(contains(error.text, "offers no TLS 1.2 or newer"));
    }
}

TEST_CASE("plain HTTP on the port is recognised", "[net]") {
    Loopback here;
    TlsServer const server{{.certificate = here.good(), .protocol = TlsServer::Protocol::plain_http}};
    auto const error = refusal(here, here.https(server));
    CHECK(error.where == "tls");
    CHECK(contains(error.text, "does not speak TLS"));
}

TEST_CASE("a connection is kept, and opened anew when the server closed it", "[net]") {
    Loopback here;
    TlsServer::Script script{.certificate = here.good()};
    script.http = [](HttpAsk const& ask) {
        HttpAnswer answer{.body = std::to_string(ask.connection) + "." + std::to_string(ask.request)};
        if (ask.target == "/last") answer.last = true;
        if (ask.target == "/gone") answer.hang_up = ask.request > 1;
        return answer;
    };
    TlsServer const server{script};
    auto const client = here.client(here.https(server));
    auto const body = [&](std::string const& target) { return here.get(*client, target).value().body; };
    CHECK(body("/") == "1.1");
    CHECK(body("/") == "1.2");
    CHECK(body("/last") == "1.3");
    CHECK(body("/") == "2.1");
    // The server hangs up on the kept connection without an answer: asked again on a new one.
    CHECK(body("/gone") == "3.1");
    CHECK(server.connections() == 3);
}

TEST_CASE("a request that changes something is not sent twice", "[net]") {
    Loopback here;
    std::atomic<int> posts = 0;
    TlsServer::Script script{.certificate = here.good()};
    script.http = [&](HttpAsk const& ask) {
        if (ask.method == "POST") ++posts;
        return HttpAnswer{.hang_up = ask.method == "POST"};
    };
    TlsServer const server{script};
    auto const client = here.client(here.https(server));
    REQUIRE(here.get(*client, "/").has_value());
    net::Request request;
    request.method = "POST";
    request.target = "/";
    auto const answer = finish(here.io, client->send(std::move(request)));
    REQUIRE(answer.has_error());
    CHECK(posts == 1);
}

TEST_CASE("requests beyond four at a time wait their turn and are all answered", "[net]") {
    Loopback here;
    TlsServer const server{{.certificate = here.good()}};
    auto const client = here.client(here.https(server));
    int answered = 0;
    for (int i = 0; i != 10; ++i) {
        auto const one = [&]() -> asio::awaitable<void> {
            net::Request request;
            request.target = "/";
            auto const answer = co_await client->send(std::move(request));
            if (answer.has_value()) ++answered;
        };
        asio::co_spawn(here.io, one, [](std::exception_ptr) {});
    }
    here.io.run_for(10s);
    CHECK(answered == 10);
    CHECK(server.connections() == 4);
}

TEST_CASE("answers that are too large, too slow, cut or no HTTP are errors", "[net]") {
    Loopback here;
    HttpAnswer answer;
    net::HttpLimits limits;
    std::string expected;
    SECTION("body") {
        answer.body = std::string(2000, 'x');
        limits.body_bytes_max = 1000;
        expected = "the answer is larger than 1000 bytes";
    }
    SECTION("headers") {
        answer.raw = "HTTP/1.1 200 OK\r\nX-Large: " + std::string(70'000, 'x') + "\r\n\r\n";
        expected = "the headers of the answer are larger than 64 KiB";
    }
    SECTION("slow") {
        answer.hang = true;
        limits.request_max = 200ms;
        expected = "no complete answer within 200 ms";
    }
    SECTION("cut") {
        answer.raw = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
        expected = "cut before the answer was complete";
    }
    SECTION("cut in a chunk") {
        answer.raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf";
        expected = "cut before the answer was complete";
    }
    SECTION("not HTTP") {
        answer.raw = "I am a teapot, short and stout\r\n\r\n";
        expected = "what it answered is not HTTP";
    }
    SECTION("compressed") {
        answer.headers["Content-Encoding"] = "gzip";
        expected = "compressed although that was not asked for";
    }
    TlsServer::Script script{.certificate = here.good()};
    script.http = [&](HttpAsk const&) { return answer; };
    TlsServer const server{script};
    auto const error = refusal(here, here.https(server), limits);
    CHECK(contains(error.text, expected));
    CHECK(error.where == (limits.body_bytes_max == 1000 ? "too_large" : ""));
}

TEST_CASE("a handshake that is never answered ends in time", "[net]") {
    Loopback here;
    asio::io_context silent;
    asio::ip::tcp::acceptor const nobody{silent, {asio::ip::address_v4::loopback(), 0}};
    auto const port = std::to_string(nobody.local_endpoint().port());
    auto const error = refusal(here, "https://127.0.0.1:" + port, {.request_max = 200ms});
    CHECK(contains(error.text, "the TLS handshake took too long"));
    auto const socket = here.connect("wss://127.0.0.1:" + port, {.handshake_max = 200ms});
    REQUIRE(socket.has_error());
    CHECK(contains(socket.error().text, "the TLS handshake took too long"));
}

TEST_CASE("redirects and errors are answers like any other", "[net]") {
    Loopback here;
    TlsServer::Script script{.certificate = here.good()};
    script.http = [](HttpAsk const& ask) {
        if (ask.target == "/moved")
            return HttpAnswer{.status = 301, .headers = {{"Location", "https://example.com/"}}};
        if (ask.target == "/date")
            return HttpAnswer{.status = 503, .headers = {{"Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT"}}};
        return HttpAnswer{.status = 429, .body = "{\"error\":\"too many requests\"}"};
    };
    TlsServer const server{script};
    auto const client = here.client(here.https(server));
    CHECK(here.get(*client, "/moved").value().status == 301);
    auto const busy = here.get(*client, "/").value();
    CHECK(busy.status == 429);
    CHECK(busy.retry_after == -1ms);
    CHECK(here.get(*client, "/date").value().retry_after == 15min);  // no pause is longer
    CHECK(server.connections() == 1);
}

TEST_CASE("a redirect is not followed, so that no header of ours reaches another host", "[net]") {
    Loopback here;
    TlsServer const other{{.certificate = here.good()}};
    TlsServer::Script script{.certificate = here.good()};
    script.http = [&](HttpAsk const&) {
        return HttpAnswer{.status = 302, .headers = {{"Location", here.https(other) + "/"}}};
    };
    script.upgrade_status = 302;
    TlsServer const server{script};
    auto const client = here.client(here.https(server));
    net::Request request;
    request.target = "/";
    request.headers = {{"KALSHI-ACCESS-KEY", "canary"}};
    CHECK(finish(here.io, client->send(std::move(request))).value().status == 302);
    CHECK(here.connect(here.wss(server), {}, {{"KALSHI-ACCESS-KEY", "canary"}}).has_error());
    CHECK(other.connections() == 0);
}

TEST_CASE("one answer may be larger than the others", "[net]") {
    Loopback here;
    TlsServer::Script script{.certificate = here.good()};
    script.http = [](HttpAsk const&) { return HttpAnswer{.body = std::string(2000, 'x')}; };
    TlsServer const server{script};
    auto const client = here.client(here.https(server), {.body_bytes_max = 1000});
    net::Request request;
    request.target = "/series";
    request.body_bytes_max = 3000;
    CHECK(finish(here.io, client->send(std::move(request))).value().body.size() == 2000);
    CHECK(here.get(*client, "/").error().where == "too_large");
}

TEST_CASE("what cannot be sent safely is refused here", "[net]") {
    Loopback here;
    TlsServer const server{{.certificate = here.good()}};
    auto const client = here.client(here.https(server));
    net::Request request;
    SECTION("header") {
        request.target = "/";
        request.headers = {{"X-Name", "a\r\nX-Other: b"}};
    }
    SECTION("long header") {
        request.target = "/";
        request.headers = {{"X-Name", std::string(10'000, 'x')}};
    }
    SECTION("target") { request.target = "/a b"; }
    SECTION("relative") { request.target = "a"; }
    SECTION("method") {
        request.target = "/";
        request.method = "FETCH";
    }
    auto const answer = finish(here.io, client->send(std::move(request)));
    REQUIRE(answer.has_error());
    CHECK(answer.error().status == ARB_PERMANENT);
    CHECK(server.connections() == 0);
}

TEST_CASE("a ca_file that holds no certificate is named", "[net]") {
    Folder const folder;
    for (auto const& file : {folder.path("missing.pem"), folder.write("text.pem", "hello\n")}) {
        auto const tls = net::Tls::create(file);
        REQUIRE(tls.has_error());
        CHECK(tls.error().status == ARB_INVALID);
        CHECK(tls.error().where == "/ca_file");
        CHECK(contains(tls.error().text, file));
    }
    CHECK(net::Tls::create("").has_value());
}
