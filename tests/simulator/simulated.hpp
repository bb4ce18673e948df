// A running arbitrage-simulator, for tests: started, asked and stopped.
//
// Thread safety: none.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/session.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"

namespace arb::test {

// JSON of a venue or of the ledger, whose titles may hold bytes that are not UTF-8.
boost::json::value parse_json(std::string const& text);

class Simulated {
  public:
    // `options` are words of its command line. Throws std::runtime_error if it does not serve within a
    // minute; a world of 280,000 markets takes some seconds.
    explicit Simulated(std::vector<std::string> const& options = {});
    ~Simulated();

    std::string endpoint(std::string const& name) const;                            // "url"
    std::string endpoint(std::string const& venue, std::string const& name) const;  // "kalshi", "rest_url"
    std::string file(std::string const& name) const { return directory_ / name; }

    // GET: the body, whatever the status.
    std::string get(std::string const& target);
    net::Response send(net::Request request);
    boost::json::object control(std::string const& what);  // "start", "quiet", "report", "ledger", "status"
    // `more` are further parameters: "&connection=open", "&market=...".
    void fault(std::string const& kind, std::string const& venue, double seconds = 0,
               std::string const& more = {});
    void stop_faults(std::string const& venue = "all");
    void finish();  // no more trading; the ledger gets its last lines
    bool finished();
    // The lines of the ledger so far, in their order: of one kind, of one venue if it is named.
    std::vector<boost::json::object> ledger(std::string const& kind, std::string const& venue = {});

    // Runs one coroutine to its end.
    template<class T>
    T wait(boost::asio::awaitable<T> task) {
        std::optional<T> result;
        std::exception_ptr failure;
        boost::asio::co_spawn(context_, std::move(task), [&](std::exception_ptr error, T value) {
            failure = error;
            result.emplace(std::move(value));
        });
        context_.restart();
        while (!result && context_.run_one() != 0) {}
        if (failure) std::rethrow_exception(failure);
        return std::move(*result);
    }
    std::shared_ptr<net::Tls> tls() { return tls_; }
    std::vector<net::Header> kalshi_signature(std::string const& path);
    Result<std::unique_ptr<net::WebSocket>> connect(std::string const& url, std::vector<net::Header> headers);
    Result<std::string> read(net::WebSocket& socket);
    void write(net::WebSocket& socket, std::string text);

  private:
    TemporaryDirectory directory_;
    std::unique_ptr<Process> process_;
    boost::json::object endpoints_;
    boost::asio::io_context context_{1};
    std::shared_ptr<net::Tls> tls_;
    std::unique_ptr<net::HttpClient> http_;
};

}  // namespace arb::test
