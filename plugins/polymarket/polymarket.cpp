// The venue plugin "polymarket": entry, lifecycle, and how its parts meet.
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <unordered_set>

#include "arbitrage/export.hpp"
#include "polymarket/catalogue.hpp"
#include "polymarket/commands.hpp"
#include "polymarket/manifest.hpp"
#include "polymarket/options.hpp"
#include "polymarket/shards.hpp"

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;

// How often the state is reported and books are compared with the best prices the venue names.
constexpr std::chrono::milliseconds watch_every = 1s;
// Announcements of new markets come many times over; so many ids are remembered before the oldest are
// forgotten.
constexpr std::size_t announced_max = 200'000;

std::unique_ptr<net::HttpClient> client(net::asio::any_io_executor executor,
                                        std::shared_ptr<net::Tls> const& tls, char const* option,
                                        std::string const& url) {
    auto made = net::HttpClient::create(executor, tls, url);
    if (made.has_error()) throw ConfigurationError(option, made.error().text);
    return std::move(*made);
}

// Everything of one run, on one thread.
class Collector {
  public:
    Collector(Host host, Settings const& settings, std::shared_ptr<net::Tls> const& tls,
              net::asio::io_context& io)
        : host_{host},
          settings_{settings},
          io_{io},
          outbox_{io.get_executor(), host, outbox_events()},
          gaps_{outbox_, host, std::string{venue_name}},
          gamma_{client(io.get_executor(), tls, "/gamma_url", settings.gamma_url), tries_max},
          clob_{client(io.get_executor(), tls, "/clob_url", settings.clob_url), 1},
          prices_{host, outbox_, settings.record, prices_events()},
          shards_{{host,
                   io.get_executor(),
                   tls,
                   settings.websocket_url,
                   outbox_,
                   gaps_,
                   prices_,
                   clob_,
                   connects_,
                   [this](Market& market) { resolved(market); },
                   {},
                   {}}},
          catalogue_{
              host, outbox_, gaps_, gamma_, settings.select, settings.catalogue_every, catalogue_events()} {}

    void run() {
        host_.report(ARB_STATE_STARTING, "reading the catalogue");
        net::asio::co_spawn(io_, catalogue_.sweep_for_ever(), rethrow);
        net::asio::co_spawn(io_, catalogue_.look_for_ever(), rethrow);
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

    Prices::Events prices_events() {
        Prices::Events events;
        events.opened = [](Token& token) {
            if (auto* const shard = static_cast<Shard*>(token.market->shard)) shard->opened(token);
        };
        events.doubtful = [](Token& token, std::string_view reason) {
            if (auto* const shard = static_cast<Shard*>(token.market->shard)) shard->refresh(token, reason);
        };
        events.resolved = [this](Market& market) { resolved(market); };
        events.tick_changed = [this](Market& market, std::int64_t tick) {
            catalogue_.set_tick(market.id, tick);
        };
        events.new_market = [this](StreamEvent const& event) { announced(event); };
        return events;
    }

    Catalogue::Events catalogue_events() {
        Catalogue::Events events;
        events.opened = [this](MarketRow const& row) {
            follow({row.id, row.tokens, row.outcomes, row.min_order_size, row.neg_risk});
        };
        events.ended = [this](std::string const& id) { unfollow(id); };
        events.failed = [this](std::string const& sentence) { catalogue_error_ = sentence; };
        return events;
    }

    void follow(MarketNames const& names) { shards_.add(prices_.add(names)); }

    void unfollow(std::string const& id) {
        auto* const market = prices_.market(id);
        if (market == nullptr) return;
        shards_.remove(*market);
        prices_.remove(id);
    }

    // Called from within an event of the market, which therefore goes a moment later.
    void resolved(Market& market) {
        catalogue_.set_settled(market.id);
        net::asio::post(io_, [this, id = market.id] { unfollow(id); });
    }

    // A market that was just made. Its event, volume and dates are not known yet; the listing has them soon.
    void announced(StreamEvent const& event) {
        if (announced_.size() >= announced_max) announced_.clear();
        if (!announced_.emplace(event.id.empty() ? event.market : event.id).second) return;
        host_.count("announced_markets");
        auto const id = lower_case(event.condition_id.empty() ? event.market : event.condition_id);
        std::vector<std::string> tags;
        for (auto const tag : event.tags) tags.push_back(lower_case(tag));
        Candidate candidate;
        candidate.tags = &tags;
        candidate.event_id = event.event_id;
        candidate.market_id = id;
        if (id.empty() || !left_out_by_name(settings_.select, candidate).empty()) return;
        catalogue_.look_again(id);
        if (!left_out_by(settings_.select, candidate, host_.now()).empty()) return;
        MarketNames names;
        names.id = id;
        auto const& tokens = event.assets_ids.empty() ? event.token_ids : event.assets_ids;
        names.tokens.assign(tokens.begin(), tokens.end());
        if (names.tokens.empty()) names.tokens = decode_list(event.clob_token_ids).value_or(names.tokens);
        names.outcomes.assign(event.outcomes.begin(), event.outcomes.end());
        if (names.tokens.empty() || names.tokens.size() != names.outcomes.size()) return;
        net::asio::post(io_, [this, names] { follow(names); });
    }

    net::asio::awaitable<void> watch() {
        while (!host_.stopping()) {
            co_await net::sleep(watch_every);
            prices_.compare_witnesses(host_.now());
            if (catalogue_.complete() || !catalogue_error_.empty()) shards_.report(catalogue_error_);
            outbox_.added();
        }
        io_.stop();
    }

    Host const host_;
    Settings const& settings_;
    net::asio::io_context& io_;
    Outbox outbox_;
    Gaps gaps_;
    Rest gamma_, clob_;
    net::TokenBucket connects_{connects_per_second, 1};
    Prices prices_;
    Shards shards_;
    Catalogue catalogue_;
    std::unordered_set<std::string> announced_;
    std::string catalogue_error_;
};

}  // namespace

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
        return run_command(settings_, tls_, name, parameters, row);
    }

    Result<> probe() override { return probe_services(settings_, tls_); }

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
