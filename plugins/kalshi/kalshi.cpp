// The venue plugin "kalshi": entry, lifecycle, and how its parts meet.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <mutex>
#include <optional>

#include "arbitrage/export.hpp"
#include "catalogue.hpp"
#include "commands.hpp"
#include "health.hpp"
#include "manifest.hpp"
#include "options.hpp"
#include "polling.hpp"
#include "stream.hpp"

namespace arb::kalshi {

namespace {

// How often a request is made before a sweep or a backfill is given up and begun again later.
constexpr unsigned tries_max = 4;
constexpr std::chrono::milliseconds watch_every{200};

void rethrow(std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
}

std::unique_ptr<net::HttpClient> client(net::asio::io_context& io, Access const& access) {
    auto made = net::HttpClient::create(io.get_executor(), access.tls, access.settings.rest_url);
    if (made.has_error()) throw ConfigurationError("/rest_url", made.error().text);
    return std::move(*made);
}

// Everything of one run, on one thread. With a key the stream is the feed, without one the polls are.
class Collector {
  public:
    Collector(Host host, Access const& access, net::asio::io_context& io)
        : host_{host},
          io_{io},
          outbox_{io.get_executor(), host, outbox_events()},
          gaps_{outbox_, host, std::string{venue_name}},
          health_{host},
          rest_{client(io, access), access.signer, tries_max},
          trades_{host, outbox_, rest_, [this](std::string_view market) { return catalogue_.wants(market); }},
          catalogue_{{host, access.settings, outbox_, gaps_, rest_, health_,
                      [this](std::vector<std::string> const& tickers) { want(tickers); }}} {
        if (access.signer != nullptr)
            stream_.emplace(Stream::Parts{host, access.settings, io.get_executor(), access.tls, access.signer,
                                          outbox_, gaps_, trades_, catalogue_, health_});
        else
            polling_.emplace(
                Polling::Parts{host, access.settings, outbox_, gaps_, rest_, trades_, catalogue_, health_});
    }

    void run() {
        host_.report(ARB_STATE_STARTING, "reading the catalogue");
        net::asio::co_spawn(io_, catalogue_.sweep_for_ever(), rethrow);
        net::asio::co_spawn(io_, catalogue_.look_for_ever(), rethrow);
        if (stream_) {
            net::asio::co_spawn(io_, stream_->run(), rethrow);
            net::asio::co_spawn(io_, stream_->watch(), rethrow);
        }
        if (polling_) net::asio::co_spawn(io_, polling_->run(), rethrow);
        net::asio::co_spawn(io_, watch(), rethrow);
        io_.run();
        outbox_.flush();
    }

  private:
    Outbox::Events outbox_events() {
        Outbox::Events events;
        events.blocked = [this](arb_time from, arb_time to) {
            gaps_.record(ARB_STREAM_ALL, {}, from, to, "queue_full",
                         "the queue was full and the venue was not read");
        };
        events.refused = [this](Error const& error) {
            if (error.status == ARB_CLOSED) return io_.stop();
            host_.error("packets were refused: " + error.text);
        };
        return events;
    }

    void want(std::vector<std::string> const& tickers) {
        if (stream_) stream_->want(tickers);
        if (polling_) polling_->want(tickers);
    }

    net::asio::awaitable<void> watch() {
        while (!host_.stopping()) co_await net::sleep(watch_every);
        io_.stop();
    }

    Host const host_;
    net::asio::io_context& io_;
    Outbox outbox_;
    Gaps gaps_;
    Health health_;
    Rest rest_;
    Trades trades_;
    Catalogue catalogue_;
    std::optional<Stream> stream_;
    std::optional<Polling> polling_;
};

}  // namespace

class Kalshi final : public Venue, public Commands, public Probe {
  public:
    Kalshi(Host host, Options const& options) : host_{host}, settings_{read_settings(options)} {
        auto tls = net::Tls::create(settings_.ca_file);
        if (tls.has_error()) throw ConfigurationError("/ca_file", tls.error().text);
        tls_ = std::move(*tls);
        if (settings_.key_file.empty()) return;
        auto signer = Signer::load(settings_.key_id, settings_.key_file);
        if (signer.has_error()) throw ConfigurationError("/key_file", signer.error().text);
        signer_ = std::move(*signer);
    }

    Result<> run() override {
        net::asio::io_context io{1};
        Collector collector{host_, access(), io};
        {
            std::lock_guard const lock{mutex_};
            if (stopped_) return {};
            io_ = &io;
        }
        collector.run();
        std::lock_guard const lock{mutex_};
        io_ = nullptr;
        return {};
    }

    void stop() noexcept override {
        std::lock_guard const lock{mutex_};
        stopped_ = true;
        if (io_ != nullptr) io_->stop();
    }

    Result<> command(std::string_view name, Options const& parameters, Rows const& row) override {
        return run_command(access(), name, parameters, row);
    }

    Result<> probe() override { return probe_venue(access()); }

  private:
    Access access() const { return {settings_, tls_, signer_}; }

    // Constant after construction.
    Host const host_;
    Settings const settings_;
    std::shared_ptr<net::Tls> tls_;
    std::shared_ptr<Signer const> signer_;
    // Protected by mutex_.
    std::mutex mutex_;
    net::asio::io_context* io_ = nullptr;
    bool stopped_ = false;
};

}  // namespace arb::kalshi

ARB_EXPORT_VENUE(arb::kalshi::Kalshi, arb::kalshi::manifest)
