#include "polymarket/collector.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "arbitrage/commands.hpp"
#include "arbitrage/time.hpp"

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;

// How often the state is reported and books are compared with the best prices the venue names.
constexpr std::chrono::milliseconds watch_every = 1s;
// Announcements of new markets come many times over; so many ids are remembered before they are forgotten.
constexpr std::size_t announced_max = 200'000;
// Trades of a market that ended are read once more from so long before it was last heard of.
constexpr arb_time last_trades_ns = 60 * second_ns;
// A book that is asked for to judge a silence is needed now or not at all.
constexpr unsigned audit_tries = 1;
// Of a REST answer. A page of events that is larger is asked for in halves.
constexpr std::uint64_t rest_bytes_max = 16 << 20;
// A push that waited longer left the connections unread: what is in them then is old, and what the venue
// threw away meanwhile it does not say.
constexpr arb_time stale_after = 30 * second_ns;
// All books are looked at in so many seconds for whether they are to be written whole again.
constexpr std::size_t snapshot_calls = 60;
// And in so many for whether they are what the venue hashed.
constexpr std::size_t hash_calls = 10;

bool has_tokens(Market const& market, std::vector<std::string> const& tokens) {
    return std::equal(market.tokens.begin(), market.tokens.end(), tokens.begin(), tokens.end(),
                      [](Token const& token, std::string const& id) { return token.id == id; });
}

std::unique_ptr<net::HttpClient> client(net::asio::any_io_executor executor,
                                        std::shared_ptr<net::Tls> const& tls, char const* option,
                                        std::string const& url) {
    net::HttpLimits limits;
    limits.body_bytes_max = rest_bytes_max;
    auto made = net::HttpClient::create(executor, tls, url, limits);
    if (made.has_error()) throw ConfigurationError(option, made.error().text);
    return std::move(*made);
}

}  // namespace

Collector::Collector(Host host, Settings const& settings, std::shared_ptr<net::Tls> const& tls,
                     net::asio::io_context& io)
    : host_{host},
      settings_{settings},
      io_{io},
      outbox_{io.get_executor(), host, outbox_events()},
      gaps_{outbox_, host, std::string{venue_name}},
      gamma_{client(io.get_executor(), tls, "/gamma_url", settings.gamma_url), tries_max,
             listing_requests_per_second},
      clob_{client(io.get_executor(), tls, "/clob_url", settings.clob_url), audit_tries,
            book_requests_per_second},
      data_{client(io.get_executor(), tls, "/data_url", settings.data_url), tries_max,
            trade_requests_per_second},
      connects_{net::ConnectBudget::of(settings.websocket_url)},
      prices_{host, outbox_, settings.record, prices_events()},
      backfill_{host, outbox_, gaps_, data_, prices_, settings.timing},
      shards_{stream_context(tls)},
      audit_{host, prices_, clob_, settings.timing, audit_events()},
      catalogue_{host,
                 outbox_,
                 gaps_,
                 prices_.drift(),
                 gamma_,
                 settings.select,
                 settings.catalogue_every,
                 settings.backfill,
                 catalogue_events()} {}

StreamContext Collector::stream_context(std::shared_ptr<net::Tls> const& tls) {
    return {.host = host_,
            .executor = io_.get_executor(),
            .tls = tls,
            .url = settings_.websocket_url,
            .gaps = gaps_,
            .prices = prices_,
            .clob = clob_,
            .connects = *connects_,
            .record = settings_.record,
            .timing = settings_.timing,
            .ended = [this](Market& market) { resolved(market); },
            .recover = [this](Missing missing) { backfill_.want(missing); },
            .no_book = [this](Market& market) { want_past(market); }};
}

void Collector::run() {
    host_.report(ARB_STATE_STARTING, "reading the catalogue");
    auto const reach = std::chrono::nanoseconds{settings_.backfill}.count();
    if (settings_.record.trades && reach > 0) backfill_.open_past(host_.now() - reach, host_.now());
    net::asio::co_spawn(io_, catalogue_.sweep_for_ever(), rethrow);
    net::asio::co_spawn(io_, catalogue_.look_for_ever(), rethrow);
    net::asio::co_spawn(io_, audit_.run(), rethrow);
    if (settings_.record.trades) net::asio::co_spawn(io_, backfill_.run(), rethrow);
    net::asio::co_spawn(io_, watch(), rethrow);
    io_.run();
    outbox_.flush();
}

Outbox::Events Collector::outbox_events() {
    Outbox::Events events;
    events.blocked = [this](arb_time from, arb_time to) {
        gaps_.record(ARB_STREAM_ALL, {}, from, to, "queue_full",
                     "the queue was full and the venue was not read");
        if (to - from >= stale_after) net::asio::post(io_, [this] { shards_.replace_all("queue_full"); });
    };
    events.refused = [this](Error const& error) {
        if (error.status == ARB_CLOSED) return io_.stop();
        host_.error("packets were refused: " + error.text);
    };
    return events;
}

Prices::Events Collector::prices_events() {
    Prices::Events events;
    events.opened = [this](Token& token) {
        if (auto* const shard = static_cast<Shard*>(token.market->shard)) shard->opened(token);
        want_past(*token.market);
    };
    events.doubtful = [](Token& token, std::string_view reason) {
        if (auto* const shard = static_cast<Shard*>(token.market->shard)) shard->refresh(token, reason);
    };
    events.trade_lost = [](Market& market) {
        if (auto* const shard = static_cast<Shard*>(market.shard)) shard->trade_lost(market);
    };
    events.resolved = [this](Market& market) { resolved(market); };
    events.closes_at = [this](Market const& market) { return catalogue_.closes_at(market.id); };
    events.tick_changed = [this](Market& market, std::int64_t tick) { catalogue_.set_tick(market.id, tick); };
    events.new_market = [this](StreamEvent const& event) { announced(event); };
    events.hash_differs = [this](Token& token) { audit_.look_soon(token.id); };
    return events;
}

Catalogue::Events Collector::catalogue_events() {
    Catalogue::Events events;
    events.opened = [this](MarketRow const& row) {
        follow({row.id, row.tokens, row.outcomes, row.min_order_size, row.neg_risk});
    };
    events.relisted = [this](MarketRow const& row) {
        auto* const market = prices_.market(row.id);
        if (market != nullptr && !has_tokens(*market, row.tokens))
            replace(*market, {row.id, row.tokens, row.outcomes, row.min_order_size, row.neg_risk});
    };
    events.on_stream = [this](std::string const& id) {
        auto const* const market = prices_.market(id);
        return market != nullptr && std::any_of(market->tokens.begin(), market->tokens.end(),
                                                [](Token const& token) { return token.live; });
    };
    events.ended = [this](std::string const& id) { unfollow(id); };
    events.closed = [this](MarketRow const& row) {
        // Nothing of it will come, but its last trades may be missing.
        if (row.tokens.empty() || prices_.market(row.id) != nullptr) return;
        auto& market = prices_.add({row.id, row.tokens, row.outcomes, row.min_order_size, row.neg_risk});
        prices_.ended(market, row.last_price, host_.now());
        want_past(market);
        leaving_.insert(row.id);
    };
    events.failed = [this](std::string const& sentence) { catalogue_error_ = sentence; };
    return events;
}

Audit::Events Collector::audit_events() {
    Audit::Events events;
    events.differs = [](Token& token, std::string_view reason) {
        if (auto* const shard = static_cast<Shard*>(token.market->shard)) shard->refresh(token, reason);
    };
    events.stalled = [](Market& market) {
        if (auto* const shard = static_cast<Shard*>(market.shard)) shard->stalled(market);
    };
    return events;
}

void Collector::follow(MarketNames const& names) {
    leaving_.erase(names.id);
    auto* const held = prices_.market(names.id);
    if (held != nullptr && !has_tokens(*held, names.tokens)) return replace(*held, names);
    shards_.add(prices_.add(names));
}

// Its outcomes have other tokens than they had, or stand in another order: what is stored from now on is of
// those. What was said of the new ones meanwhile was not heard.
void Collector::replace(Market& market, MarketNames const& names) {
    auto const since = market.heard != 0 ? market.heard : host_.now();
    host_.warning("market " + market.id + " has other tokens now; it is subscribed anew");
    shards_.remove(market);
    prices_.tokens_changed(market, names.tokens, host_.now());
    prices_.remove(names.id);
    auto& renewed = prices_.add(names);
    shards_.add(renewed);
    static_cast<Shard*>(renewed.shard)->missing_since(renewed, since, "tokens_changed");
}

// What was traded before this run, or before its market was known. Not before it is live: what is traded
// between that reading and the first book would be in neither.
void Collector::want_past(Market& market) {
    auto const reach = std::chrono::nanoseconds{settings_.backfill}.count();
    if (market.past_wanted || reach <= 0 || !settings_.record.trades) return;
    market.past_wanted = true;
    backfill_.want(market.id, host_.now() - reach);
}

void Collector::unfollow(std::string const& id) {
    auto* const market = prices_.market(id);
    if (market == nullptr) return;
    shards_.remove(*market);
    prices_.ended(*market, ARB_ABSENT, host_.now());
    leaving_.insert(id);
    // Its connection may have kept back the last of it, and nobody would notice any more.
    auto const reach = std::chrono::nanoseconds{settings_.backfill}.count();
    auto const from = market->heard != 0 ? market->heard - last_trades_ns : host_.now() - reach;
    if (settings_.record.trades) backfill_.want(id, from);
}

// A market is known until its past trades are read.
void Collector::let_go() {
    for (auto at = leaving_.begin(); at != leaving_.end();) {
        if (backfill_.has(*at)) {
            ++at;
            continue;
        }
        prices_.remove(*at);
        at = leaving_.erase(at);
    }
}

// Called from within an event of the market, which therefore goes a moment later.
void Collector::resolved(Market& market) {
    catalogue_.set_settled(market.id, market.paid);
    net::asio::post(io_, [this, id = market.id] { unfollow(id); });
}

// A market that was just made. Its volume and dates are not known yet; the listing has them soon.
void Collector::announced(StreamEvent const& event) {
    if (announced_.size() >= announced_max) announced_.clear();
    if (!announced_.emplace(event.id.empty() ? event.market : event.id).second) return;
    host_.count("announced_markets");
    MarketNames names;
    names.id = lower_case(event.condition_id.empty() ? event.market : event.condition_id);
    std::vector<std::string> tags;
    for (auto const tag : event.tags) tags.push_back(lower_case(tag));
    Candidate candidate;
    candidate.tags = &tags;
    candidate.event_id = event.event_id;
    candidate.event_slug = event.event_slug;
    candidate.market_id = names.id;
    candidate.market_slug = event.slug;
    if (names.id.empty() || !may_be_selected(settings_.select, candidate)) return;
    catalogue_.look_again(names.id);
    if (!left_out_by(settings_.select, candidate, host_.now()).empty()) return;
    auto const& tokens = event.assets_ids.empty() ? event.token_ids : event.assets_ids;
    names.tokens.assign(tokens.begin(), tokens.end());
    if (names.tokens.empty()) names.tokens = decode_list(event.clob_token_ids).value_or(names.tokens);
    names.outcomes.assign(event.outcomes.begin(), event.outcomes.end());
    if (names.tokens.empty() || names.tokens.size() != names.outcomes.size()) return;
    auto const at = read_milliseconds(event.timestamp).value_or(host_.now());
    catalogue_.announced(names.id, read_fees(event), at);
    net::asio::post(io_, [this, names = std::move(names)] {
        follow(names);
        if (auto* const market = prices_.market(names.id)) market->announced = true;
    });
}

net::asio::awaitable<void> Collector::watch() {
    while (!host_.stopping()) {
        co_await net::sleep(watch_every);
        prices_.check_books(host_.now());
        prices_.check_hashes(host_.now(), hash_calls);
        prices_.snapshot(host_.now(), settings_.snapshot_every, snapshot_calls);
        let_go();
        // Nothing is wrong with a host that collects nothing: a name that is written wrong must show.
        if (catalogue_error_.empty() && catalogue_.takes_nothing())
            host_.report(ARB_STATE_DEGRADED, "select takes no market, so nothing is collected; `arbitrage " +
                                                 std::string{host_.instance()} +
                                                 " selection` shows what each rule takes");
        else if (catalogue_.complete() || !catalogue_error_.empty())
            shards_.report(catalogue_error_);
        if (catalogue_.knows_closed() && shards_.all_came()) backfill_.close_past();
        outbox_.added();
    }
    io_.stop();
}

}  // namespace arb::polymarket
