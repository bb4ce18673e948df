// What the tests of connections share: running one coroutine to its end, and a CA whose certificates are
// trusted.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "net/session.hpp"
#include "support/catch.hpp"
#include "support/tls_server.hpp"

namespace arb::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Runs the coroutine on `io`; fails the test if it takes longer than 10 s.
template<class T>
T finish(asio::io_context& io, asio::awaitable<T> work) {
    std::optional<T> out;
    bool ended = false;
    auto const keep = [&]() -> asio::awaitable<void> { out.emplace(co_await std::move(work)); };
    asio::co_spawn(io, keep, [&](std::exception_ptr thrown) {
        ended = true;
        if (thrown) std::rethrow_exception(thrown);
    });
    io.restart();
    auto const until = std::chrono::steady_clock::now() + 10s;
    while (!ended && std::chrono::steady_clock::now() < until) io.run_one_until(until);
    REQUIRE(out.has_value());
    return std::move(*out);
}

inline void finish(asio::io_context& io, asio::awaitable<void> work) {
    auto const wrapped = [&]() -> asio::awaitable<int> {
        co_await std::move(work);
        co_return 0;
    };
    finish<int>(io, wrapped());
}

// A folder of this test's own, removed at the end.
class Folder {
  public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "arbitrage-net-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
        path_ = pattern;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;

    std::string write(std::string const& name, std::string_view text, unsigned mode = 0600) const {
        auto const file = path_ / name;
        std::ofstream{file, std::ios::binary} << text;
        std::filesystem::permissions(file, static_cast<std::filesystem::perms>(mode));
        return file.string();
    }
    std::string path(std::string const& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

// One CA for all cases: each context reads the CAs of the system as well, which takes a while.
struct Trusted {
    Authority authority{"CA of the tests"};
    std::shared_ptr<net::Tls> tls;
    Trusted() {
        Folder const folder;
        tls = net::Tls::create(folder.write("ca.pem", authority.pem())).value();
    }
    static Trusted& get() {
        static Trusted trusted;
        return trusted;
    }
};

struct Loopback {
    Authority const& authority = Trusted::get().authority;
    std::shared_ptr<net::Tls> tls = Trusted::get().tls;
    asio::io_context io{1};

    Certificate good() const { return authority.issue({.names = {"IP:127.0.0.1", "DNS:localhost"}}); }
    std::string https(TlsServer const& server) const {
        return "https://127.0.0.1:" + std::to_string(server.port());
    }
    std::string wss(TlsServer const& server) const {
        return "wss://127.0.0.1:" + std::to_string(server.port());
    }

    std::unique_ptr<net::HttpClient> client(std::string const& url, net::HttpLimits limits = {}) {
        return net::HttpClient::create(io.get_executor(), tls, url, limits).value();
    }
    Result<net::Response> get(net::HttpClient& client, std::string const& target) {
        net::Request request;
        request.target = target;
        return finish(io, client.send(std::move(request)));
    }
    Result<std::unique_ptr<net::WebSocket>> connect(std::string const& url, net::WebSocketLimits limits = {},
                                                    std::vector<net::Header> headers = {}) {
        return finish(io, net::WebSocket::connect(tls, url, std::move(headers), limits));
    }
};

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace arb::test
