// The venue plugin "kalshi": entry and lifecycle. Read on in collector.hpp.
#include <boost/asio/io_context.hpp>
#include <mutex>

#include "arbitrage/export.hpp"
#include "collector.hpp"
#include "commands.hpp"
#include "manifest.hpp"
#include "options.hpp"

namespace arb::kalshi {

class Kalshi final : public Venue, public Commands, public Probe {
  public:
    Kalshi(Host host, Options const& options) : host_{host}, settings_{read_settings(options)} {
        auto tls = net::Tls::create(settings_.ca_file);
        if (tls.has_error()) throw ConfigurationError("/ca_file", tls.error().text);
        tls_ = std::move(*tls);
        if (auto const doubt = misgiving(settings_); !doubt.empty()) host_.warning(doubt);
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

    Result<> probe() override {
        return probe_venue(access(), [this](std::string const& line) { host_.warning(line); });
    }

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
