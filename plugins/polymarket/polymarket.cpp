// The venue plugin "polymarket": entry and lifecycle.
#include <mutex>

#include "arbitrage/export.hpp"
#include "polymarket/collector.hpp"
#include "polymarket/commands.hpp"
#include "polymarket/manifest.hpp"

namespace arb::polymarket {

class Polymarket final : public Venue, public Commands, public Probe {
  public:
    Polymarket(Host host, Options const& options) : host_{host}, settings_{read_settings(options)} {
        auto tls = net::Tls::create(settings_.ca_file);
        if (tls.has_error()) throw ConfigurationError("/ca_file", tls.error().text);
        tls_ = std::move(*tls);
    }

    Result<> run() override {
        net::asio::io_context io{1};
        Collector collector{host_, settings_, tls_, io};
        {
            std::lock_guard const lock{mutex_};
            if (stopped_) return {};
            io_ = &io;
        }
        // Also when it throws: `stop` must not reach an `io` that is gone.
        std::unique_ptr<Polymarket, void (*)(Polymarket*)> const forget{
            this, [](Polymarket* self) {
                std::lock_guard const lock{self->mutex_};
                self->io_ = nullptr;
            }};
        collector.run();
        return {};
    }

    void stop() noexcept override {
        std::lock_guard const lock{mutex_};
        stopped_ = true;
        if (io_ != nullptr) io_->stop();
    }

    Result<> command(std::string_view name, Options const& parameters, Rows const& row) override {
        return run_command(settings_, tls_, name, parameters, row);
    }

    Result<> probe() override {
        return probe_services(settings_, tls_, [this](std::string const& line) { host_.warning(line); });
    }

  private:
    // Constant after construction.
    Host const host_;
    Settings const settings_;
    std::shared_ptr<net::Tls> tls_;
    // Protected by mutex_.
    std::mutex mutex_;
    net::asio::io_context* io_ = nullptr;
    bool stopped_ = false;
};

}  // namespace arb::polymarket

ARB_EXPORT_VENUE(arb::polymarket::Polymarket, arb::polymarket::manifest)
