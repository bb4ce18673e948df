#include "loopback.hpp"
#include "net/pace.hpp"

using namespace arb;
using namespace arb::test;

namespace {

TlsServer::Script script(Loopback const& here, std::function<void(WebSocketPeer&)> peer) {
    TlsServer::Script out{.certificate = here.good()};
    out.websocket = std::move(peer);
    return out;
}

void echo(WebSocketPeer& peer) {
    for (auto frame = peer.read(); frame; frame = peer.read())
        if (!peer.write(*frame)) return;
}

// The error of the next read; the test fails if there is a frame.
Error read_failure(Loopback& here, net::WebSocket& socket) {
    auto const frame = finish(here.io, socket.read());
    REQUIRE(frame.has_error());
    CHECK(frame.error().status == ARB_RETRY);
    return frame.error();
}

bool comes_true(Loopback& here, bool const& condition) {
    here.io.restart();
    auto const until = std::chrono::steady_clock::now() + 5s;
    while (!condition && std::chrono::steady_clock::now() < until) here.io.run_one_until(until);
    return condition;
}

}  // namespace

TEST_CASE("frames go there and back in order", "[net]") {
    Loopback here;
    TlsServer const server{script(here, echo)};
    auto const socket = here.connect(here.wss(server) + "/trade-api/ws/v2").value();
    std::vector<std::string> const frames{"first", "", std::string(300'000, 'x'), "ends with a line feed\n"};
    auto const both_ways = [&]() -> asio::awaitable<int> {
        for (auto const& frame : frames) {
            auto const sent = co_await socket->write(frame);
            if (sent.has_error()) co_return -1;
        }
        int equal = 0;
        for (auto const& frame : frames) {
            auto const got = co_await socket->read();
            if (got.has_value() && got.value() == frame) ++equal;
        }
        co_return equal;
    };
    CHECK(finish(here.io, both_ways()) == static_cast<int>(frames.size()));
    finish(here.io, socket->close());
    CHECK(contains(read_failure(here, *socket).text, "127.0.0.1"));
}

TEST_CASE("several coroutines may write at the same time", "[net]") {
    Loopback here;
    TlsServer const server{script(here, echo)};
    auto const socket = here.connect(here.wss(server)).value();
    constexpr int writers = 20;
    for (int i = 0; i != writers; ++i) {
        auto const write = [&, i]() -> asio::awaitable<void> {
            std::string frame(50'000, static_cast<char>('a' + i));
            co_await socket->write(std::move(frame));
        };
        asio::co_spawn(here.io, write, [](std::exception_ptr) {});
    }
    auto const read_all = [&]() -> asio::awaitable<std::string> {
        std::string order;
        for (int i = 0; i != writers; ++i) {
            auto const frame = co_await socket->read();
            if (frame.has_value() && frame.value().size() == 50'000) order.push_back(frame.value()[0]);
        }
        co_return order;
    };
    CHECK(finish(here.io, read_all()) == "abcdefghijklmnopqrst");
}

TEST_CASE("the server's close code and reason are told", "[net]") {
    Loopback here;
    TlsServer const server{script(here, [](WebSocketPeer& peer) { peer.close(1013, "buffer overflow"); })};
    auto const socket = here.connect(here.wss(server)).value();
    auto const error = read_failure(here, *socket);
    CHECK(error.where == "1013");
    CHECK(contains(error.text, "closed the connection: 1013 buffer overflow"));
}

TEST_CASE("a close frame counts even when the connection is cut right after it", "[net]") {
    Loopback here;
    TlsServer const server{script(here, [](WebSocketPeer& peer) { peer.close_and_cut(4001, "too slow"); })};
    auto const socket = here.connect(here.wss(server)).value();
    auto const error = read_failure(here, *socket);
    CHECK(error.where == "4001");
    CHECK(contains(error.text, "closed the connection: 4001 too slow"));
}

TEST_CASE("a cut connection is told apart from a closed one", "[net]") {
    Loopback here;
    TlsServer const server{script(here, [](WebSocketPeer& peer) {
        peer.write("one");
        peer.cut();
    })};
    auto const socket = here.connect(here.wss(server)).value();
    CHECK(finish(here.io, socket->read()).value() == "one");
    auto const error = read_failure(here, *socket);
    CHECK(error.where.empty());
    CHECK(contains(error.text, "the connection was cut"));
}

TEST_CASE("a connection without any frame is dead after idle_max", "[net]") {
    Loopback here;
    TlsServer const server{script(here, [](WebSocketPeer& peer) { peer.freeze(); })};
    // Its time counts from the moment it stands, which is before `connect` is back.
    auto const begin = std::chrono::steady_clock::now();
    auto const socket = here.connect(here.wss(server), {.idle_max = 150ms}).value();
    auto const error = read_failure(here, *socket);
    CHECK(std::chrono::steady_clock::now() - begin >= 150ms);
    CHECK(error.where.empty());
    CHECK(contains(error.text, "no frame of any kind for 150 ms"));
}

TEST_CASE("pings keep a quiet connection alive in both directions", "[net]") {
    Loopback here;
    // The server reads, so it answers our pings; it sends nothing of its own until well after idle_max.
    TlsServer const server{script(here, [](WebSocketPeer& peer) {
        auto const waited = peer.read();
        if (waited) peer.write("after the wait");
    })};
    auto const socket = here.connect(here.wss(server), {.idle_max = 300ms}).value();
    auto const wake = [&]() -> asio::awaitable<void> {
        co_await net::sleep(700ms);
        co_await socket->write("now");
    };
    asio::co_spawn(here.io, wake, [](std::exception_ptr) {});
    CHECK(finish(here.io, socket->read()).value() == "after the wait");
}

TEST_CASE("each of a server's pings is answered while reading", "[net]") {
    Loopback here;
    constexpr int pings = 5;
    std::atomic<int> answered = 0;
    TlsServer const server{script(here, [&](WebSocketPeer& peer) {
        for (int n = 0; n != pings; ++n) {
            peer.ping("heartbeat");
            // Reading handles the pong on the way to the client's frame, which it sends after ours.
            peer.write("question");
            peer.read();
        }
        answered = peer.pongs();
        peer.write("done");
    })};
    auto const socket = here.connect(here.wss(server)).value();
    for (int n = 0; n != pings; ++n) {
        CHECK(finish(here.io, socket->read()).value() == "question");
        finish(here.io, socket->write("answer"));
    }
    CHECK(finish(here.io, socket->read()).value() == "done");
    CHECK(answered == pings);
}

TEST_CASE("a message beyond the limit ends the connection", "[net]") {
    Loopback here;
    TlsServer const server{script(here, [](WebSocketPeer& peer) {
        peer.write(std::string(5000, 'x'));
        peer.read();
    })};
    auto const socket = here.connect(here.wss(server), {.message_bytes_max = 1000}).value();
    CHECK(read_failure(here, *socket).text ==
          "127.0.0.1:" + std::to_string(server.port()) + ": sent a message larger than 1000 bytes");
}

TEST_CASE("a refused upgrade has the status and what it means", "[net]") {
    Loopback here;
    auto const refused = [&](int status) {
        TlsServer::Script answer{.certificate = here.good()};
        answer.upgrade_status = status;
        TlsServer const server{answer};
        auto const socket = here.connect(here.wss(server));
        REQUIRE(socket.has_error());
        CHECK(socket.error().status == ARB_RETRY);
        CHECK(contains(socket.error().text, "refused the WebSocket: HTTP " + std::to_string(status)));
        CHECK(contains(socket.error().text, "go away"));
        return socket.error().where;
    };
    CHECK(refused(401) == "auth");
    CHECK(refused(403) == "auth");
    CHECK(refused(429) == "busy");
    CHECK(refused(503) == "busy");
}

TEST_CASE("a refused upgrade tells how long the server wants to be left alone", "[net]") {
    Loopback here;
    TlsServer::Script answer{.certificate = here.good()};
    answer.upgrade_status = 503;
    answer.upgrade_headers = {{"Retry-After", "120"}};
    TlsServer const server{answer};
    std::chrono::milliseconds retry_after{-1};
    std::vector<net::Header> none;
    auto const refused = finish(
        here.io, net::WebSocket::connect(here.tls, here.wss(server), std::move(none), {}, &retry_after));
    CHECK(refused.has_error());
    CHECK(retry_after == 120s);
}

TEST_CASE("closing and cutting from this side make a pending read fail", "[net]") {
    Loopback here;
    TlsServer const server{script(here, echo)};
    bool cut = false;
    SECTION("close") {}
    SECTION("cut") { cut = true; }
    auto const socket = here.connect(here.wss(server)).value();
    bool failed = false;
    auto const read = [&]() -> asio::awaitable<void> {
        auto const frame = co_await socket->read();
        failed = frame.has_error();
    };
    asio::co_spawn(here.io, read, [](std::exception_ptr) {});
    here.io.restart();
    here.io.poll();
    CHECK_FALSE(failed);
    if (cut)
        socket->cut();
    else
        finish(here.io, socket->close());
    CHECK(comes_true(here, failed));
}

TEST_CASE("a WebSocket may be destroyed while a read waits", "[net]") {
    Loopback here;
    TlsServer const server{script(here, echo)};
    auto socket = here.connect(here.wss(server)).value();
    bool failed = false;
    auto const read = [&]() -> asio::awaitable<void> {
        auto const frame = co_await socket->read();
        failed = frame.has_error();
    };
    asio::co_spawn(here.io, read, [](std::exception_ptr) {});
    here.io.restart();
    here.io.poll();
    socket.reset();
    CHECK(comes_true(here, failed));
}

TEST_CASE("closing a server that does not answer takes its time and no longer", "[net]") {
    Loopback here;
    TlsServer const server{script(here, [](WebSocketPeer& peer) { peer.freeze(); })};
    auto const socket = here.connect(here.wss(server), {.close_max = 100ms}).value();
    auto const begin = std::chrono::steady_clock::now();
    finish(here.io, socket->close());
    CHECK(std::chrono::steady_clock::now() - begin >= 100ms);
    CHECK(std::chrono::steady_clock::now() - begin < 3s);
}
