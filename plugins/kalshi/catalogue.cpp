#include "catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "arbitrage/time.hpp"

namespace arb::kalshi {

namespace {

using namespace std::chrono_literals;

// Categories and fees of series change rarely, and the list of all series is large.
constexpr arb_time series_every_ns = 3600 * second_ns;
// The most the venue takes in one list of tickers.
constexpr std::size_t tickers_max = 100;
// Event pages with nested markets are large; so many events are read again at once.
constexpr std::size_t look_again_max = 20;
// A market that was created a moment ago is not listed yet.
constexpr std::chrono::milliseconds look_every = 3s;
constexpr std::chrono::milliseconds tick = 500ms;
// A market that may vanish without ever having traded is given up after so many sweeps without it.
constexpr unsigned absent_max = 3;
// Events that the stream names faster than they can be read wait for the next sweep.
constexpr std::size_t look_again_waiting_max = 5'000;
// After a failed sweep the next comes sooner than usual, but leaves the venue time to recover.
constexpr std::chrono::milliseconds sweep_again_base = 2s, sweep_again_cap = 2min;
// Whoever is refused and insists is banned.
constexpr std::chrono::milliseconds refused_base = 30s, refused_cap = 15min;
// The list of all series comes in one piece, of some ten MB.
constexpr std::uint64_t series_bytes_max = 64 << 20;

bool is_final(int lifecycle) { return lifecycle == ARB_LIFECYCLE_SETTLED; }

bool has_prices(int lifecycle) {
    return lifecycle == ARB_LIFECYCLE_UNOPENED || lifecycle == ARB_LIFECYCLE_OPEN ||
           lifecycle == ARB_LIFECYCLE_PAUSED || lifecycle == ARB_LIFECYCLE_NONE;
}

}  // namespace

net::asio::awaitable<void> Catalogue::sweep_for_ever() {
    net::Backoff backoff{sweep_again_base, sweep_again_cap}, refused{refused_base, refused_cap};
    complete_until_ = parts_.host.now();
    while (!parts_.host.stopping()) {
        auto const began = parts_.host.now();
        sweep_now_ = false;
        auto const result = co_await sweep();
        swept(result, began);
        auto pause = parts_.settings.catalogue_every;
        if (result.has_value()) {
            backoff.reset();
            refused.reset();
        } else if (result.error().where == "auth") {
            pause = std::max(refused_base, refused.next());
        } else {
            pause = std::min(backoff.next(), pause);
        }
        auto const next = parts_.host.now() + pause.count() * millisecond_ns;
        while (parts_.host.now() < next && !sweep_now_) co_await net::sleep(std::min(pause, tick));
    }
}

void Catalogue::swept(Result<> const& result, arb_time began) {
    auto& gaps = parts_.gaps;
    if (result.has_error()) {
        gaps.open(ARB_STREAM_CATALOGUE, {}, complete_until_, "sweep_failed", result.error().text);
        parts_.host.warning("the catalogue cannot be read and will be tried again: " + result.error().text);
        parts_.health.set(Health::Part::catalogue, ARB_STATE_RETRYING, "catalogue: " + result.error().text);
    } else {
        // A sweep reads the present state of everything, whatever was missed before.
        gaps.close(ARB_STREAM_CATALOGUE, {}, parts_.host.now(), true);
        complete_until_ = began;
        log_selection();
        parts_.health.set(Health::Part::catalogue, ARB_STATE_LIVE,
                          fmt::format("catalogue: {} markets", selected_));
    }
    parts_.outbox.added();
}

net::asio::awaitable<Result<>> Catalogue::sweep() {
    ++sweep_;
    left_out_.clear();
    swept_events_.clear();
    selected_ = 0;
    auto const series = co_await read_series_table();
    if (series.has_error()) co_return series.error();
    auto const targets = sweep_targets();
    for (auto const& target : targets) {
        auto copy = target;
        auto const read = co_await read_events(std::move(copy));
        if (read.has_error()) {
            if (read.error().where == "too_large") page_ = std::max<std::size_t>(page_ / 2, 1);
            co_return read.error();
        }
        if (!complete_) announce();
    }
    complete_ = true;
    auto const followed = co_await follow_leavers();
    if (followed.has_value()) forget_final();
    announce();
    co_return followed;
}

// A market that was paid out and is no longer listed changes no more; a run of months would collect millions.
void Catalogue::forget_final() {
    std::unordered_set<std::string_view> events;
    for (auto known = markets_.begin(); known != markets_.end();) {
        if (is_final(known->second.lifecycle) && known->second.sweep != sweep_) {
            filter_.forget("market:" + known->first);
            known = markets_.erase(known);
        } else {
            events.insert(known->second.event);
            ++known;
        }
    }
    std::erase_if(fees_, [&](auto const& entry) {
        if (events.contains(entry.first)) return false;
        filter_.forget("event:" + entry.first);
        return true;
    });
}

net::asio::awaitable<Result<>> Catalogue::read_series_table() {
    auto const now = parts_.host.now();
    if (series_read_ != 0 && now - series_read_ < series_every_ns) co_return Result<>{};
    std::string target = "/series";
    auto const document = co_await parts_.rest.get(std::move(target), false, series_bytes_max);
    if (document.has_error()) co_return document.error();
    read_series(*document, series_);
    series_read_ = now;
    co_return Result<>{};
}

// Where the events that `select` can let in are listed: open ones, and those that will open before the next
// sweep.
std::vector<std::string> Catalogue::sweep_targets() const {
    auto const& select = parts_.settings.select;
    std::vector<std::string> out;
    bool const by_series = !select.series.empty() && select.events.empty() && select.markets.empty();
    bool const by_event = !select.events.empty() && select.series.empty() && select.markets.empty();
    for (auto const* const status : {"open", "unopened"}) {
        auto const base = fmt::format("/events?limit={}&with_nested_markets=true&status={}", page_, status);
        if (by_series) {
            for (auto const& series : select.series) out.push_back(with_query(base, "series_ticker", series));
        } else if (by_event) {
            for (std::size_t at = 0; at < select.events.size(); at += tickers_max)
                out.push_back(base + "&tickers=" + joined(select.events, at, tickers_max));
        } else {
            out.push_back(base);
        }
    }
    return out;
}

net::asio::awaitable<Result<>> Catalogue::read_events(std::string target) {
    std::function<bool(Document const&)> take = [this](Document const& page) {
        take_events(page, true);
        return !parts_.host.stopping();
    };
    co_return co_await parts_.rest.pages(std::move(target), std::move(take));
}

void Catalogue::take_events(Document const& page, bool once) {
    for (auto const& item : page.list("events")) {
        std::string_view reason;
        auto const event = read_event(item, reason);
        if (!event.has_value()) parts_.host.reject(reason);
        // An event with open and with unopened markets is listed as both.
        else if (!once || swept_events_.emplace(event->ticker).second)
            take_event(*event);
        parts_.outbox.added();
    }
    parts_.host.alive();
}

void Catalogue::take_event(EventRow const& event) {
    auto const context = context_of(event, series_);
    EventSpan span;
    bool any = event.markets->empty() && parts_.settings.select.all();
    for (auto const& item : *event.markets) {
        std::string_view reason;
        auto const market = read_market(item, reason);
        if (!market.has_value()) {
            parts_.host.reject(reason);
            continue;
        }
        span.add(*market);
        any = take_market(*market, event, context) || any;
    }
    if (!any) return;
    auto const id = "event:" + std::string{event.ticker};
    auto const state =
        fmt::format("{} {} {} {}", span.lifecycle, span.opens_at, span.closes_at, context.category);
    if (!filter_.changed(id, {content_of(*event.raw), state})) return;
    if (event.doubts.any()) parts_.host.count("anomalies", 1, event.doubts.first());
    write_event(parts_.outbox.packets(), event, context, span, parts_.host.now());
    parts_.outbox.added();
}

// Whether the market is one of ours.
bool Catalogue::take_market(MarketRow const& market, EventRow const& event, EventContext const& context) {
    auto known = markets_.find(market.ticker);
    if (known == markets_.end()) {
        Candidate const candidate{context.category, event.series,      event.ticker,
                                  market.ticker,    market.volume_24h, market.closes_at};
        auto const rule = left_out_by(parts_.settings.select, candidate, parts_.host.now());
        if (!rule.empty()) {
            ++left_out_[std::string{rule}];
            return false;
        }
        known = markets_.emplace(std::string{market.ticker}, Known{}).first;
        known->second.event = std::string{event.ticker};
    }
    if (known->second.sweep != sweep_) ++selected_;
    fees_.insert_or_assign(std::string{event.ticker}, context.fee);
    push_market(market, context.fee, known->second);
    return true;
}

void Catalogue::push_market(MarketRow const& market, Fee const& fee, Known& known) {
    known.sweep = sweep_;
    known.absent = 0;
    if (known.lifecycle != market.lifecycle) {
        if (known.lifecycle != ARB_LIFECYCLE_NONE) push_status(market);
        known.lifecycle = market.lifecycle;
    }
    auto const id = "market:" + std::string{market.ticker};
    if (!filter_.changed(id, {content_of(*market.raw), fee_json(fee, {})})) return;
    if (market.doubts.any()) parts_.host.count("anomalies", 1, market.doubts.first());
    write_market(parts_.outbox.packets(), market, fee, parts_.host.now());
    parts_.outbox.added();
}

// Seen over REST and not by the stream: opening and closing at their hours have no frame, and others may be
// missed.
void Catalogue::push_status(MarketRow const& market) {
    auto const settled = market.lifecycle == ARB_LIFECYCLE_SETTLED ? market.settled_at : 0;
    auto packet = parts_.outbox.packets().add<arb_status_change>(venue_name, parts_.host.now(), settled,
                                                                 ARB_FLAG_POLLED);
    packet->settlement_value = market.settlement_value;
    packet->lifecycle = market.lifecycle;
    packet.text(&arb_status_change::market_id, market.ticker);
    packet.text(&arb_status_change::venue_status, market.status);
    packet.text(&arb_status_change::result, market.result);
}

// Markets that this sweep did not show are asked for by name, until the venue has paid them out.
net::asio::awaitable<Result<>> Catalogue::follow_leavers() {
    std::vector<std::string> missing;
    for (auto const& [ticker, known] : markets_)
        if (known.sweep != sweep_ && !is_final(known.lifecycle)) missing.push_back(ticker);
    std::sort(missing.begin(), missing.end());
    auto const read = co_await read_leavers("/markets", missing);
    if (read.has_error()) co_return read;
    std::vector<std::string> gone;
    for (auto const& ticker : missing) {
        auto const known = markets_.find(ticker);
        if (known == markets_.end() || known->second.sweep == sweep_ || ++known->second.absent < absent_max)
            continue;
        gone.push_back(ticker);
    }
    if (!gone.empty()) co_await look_in_history(std::move(gone));
    co_return Result<>{};
}

net::asio::awaitable<Result<>> Catalogue::read_leavers(char const* path,
                                                       std::vector<std::string> const& tickers) {
    for (std::size_t at = 0; at < tickers.size() && !parts_.host.stopping(); at += tickers_max) {
        auto target = std::string{path} + "?limit=1000&tickers=" + joined(tickers, at, tickers_max);
        auto const page = co_await parts_.rest.get(std::move(target));
        if (page.has_error()) co_return page.error();
        for (auto const& item : page->list("markets")) {
            std::string_view reason;
            auto const market = read_market(item, reason);
            if (!market.has_value()) {
                parts_.host.reject(reason);
                continue;
            }
            auto const known = markets_.find(market->ticker);
            if (known == markets_.end()) continue;
            auto const fee = fees_.find(known->second.event);
            push_market(*market, fee == fees_.end() ? Fee{} : fee->second, known->second);
        }
    }
    co_return Result<>{};
}

// Markets settled long ago are listed among the historical ones only; what is not there either may vanish
// without ever having traded.
net::asio::awaitable<void> Catalogue::look_in_history(std::vector<std::string> tickers) {
    auto const read = co_await read_leavers("/historical/markets", tickers);
    // Asked again with the next sweep, unless there is no such list.
    if (read.has_error() && read.error().status == ARB_RETRY) co_return;
    for (auto const& ticker : tickers) {
        auto const known = markets_.find(ticker);
        if (known == markets_.end() || known->second.sweep == sweep_) continue;
        parts_.host.info("market " + ticker + " is no longer listed by the venue and is given up");
        filter_.forget("market:" + ticker);
        markets_.erase(known);
    }
}

bool Catalogue::wants(std::string_view market) const {
    if (parts_.settings.select.all()) return !is_combo(market);
    return markets_.contains(market);
}

void Catalogue::changed(std::string_view market, std::string_view event, int lifecycle) {
    auto const known = markets_.find(market);
    if (known != markets_.end()) {
        if (lifecycle != ARB_LIFECYCLE_NONE) known->second.lifecycle = lifecycle;
        if (event.empty()) event = known->second.event;
    }
    if (!event.empty() && look_again_.size() < look_again_waiting_max) look_again_.emplace(event);
}

net::asio::awaitable<void> Catalogue::look_for_ever() {
    while (!parts_.host.stopping()) {
        co_await net::sleep(look_every);
        if (!complete_ || look_again_.empty()) continue;
        std::vector<std::string> events;
        while (!look_again_.empty() && events.size() != look_again_max)
            events.push_back(std::move(look_again_.extract(look_again_.begin()).value()));
        co_await look(std::move(events));
    }
}

net::asio::awaitable<void> Catalogue::look(std::vector<std::string> events) {
    std::string target =
        "/events?limit=200&with_nested_markets=true&tickers=" + joined(events, 0, events.size());
    auto const page = co_await parts_.rest.get(std::move(target));
    // What cannot be read now, the next sweep reads.
    if (page.has_error()) co_return;
    take_events(*page, false);
    announce();
}

void Catalogue::announce() {
    std::vector<std::string> wanted;
    for (auto const& [ticker, known] : markets_)
        if (has_prices(known.lifecycle)) wanted.push_back(ticker);
    std::sort(wanted.begin(), wanted.end());
    parts_.wanted(wanted);
}

void Catalogue::log_selection() {
    std::string line = fmt::format("catalogue: {} markets selected", selected_);
    for (auto const& [rule, count] : left_out_) line += fmt::format(", {} left out by {}", count, rule);
    if (line == logged_) return;
    logged_ = line;
    parts_.host.info(line);
}

}  // namespace arb::kalshi
