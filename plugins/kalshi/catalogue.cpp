#include "catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "arbitrage/time.hpp"

namespace arb::kalshi {

namespace {

using namespace std::chrono_literals;

// The most the venue takes in one list of tickers.
constexpr std::size_t tickers_max = 100;
constexpr std::chrono::milliseconds tick = 500ms;
// A market that may vanish without ever having traded is given up after so many sweeps without it.
constexpr unsigned absent_max = 3;
// After a failed sweep the next comes sooner than usual, but leaves the venue time to recover.
constexpr std::chrono::milliseconds sweep_again_base = 2s, sweep_again_cap = 2min;
// Whoever is refused and insists is banned.
constexpr std::chrono::milliseconds refused_base = 30s, refused_cap = 15min;
// So many markets at a time that are listed nowhere are asked for one by one.
constexpr std::size_t names_max = 20;

bool is_final(int lifecycle) { return lifecycle == ARB_LIFECYCLE_SETTLED; }

Error no_list(char const* of_what) {
    return retry(std::string{"the venue's answer has no list of "} + of_what);
}

}  // namespace

Catalogue::Catalogue(Parts parts)
    : parts_{std::move(parts)},
      fees_{parts_.host, parts_.outbox,
            [this](std::string_view event) {
                auto const found = event_fees_.find(event);
                return found == event_fees_.end() ? std::string{} : found->second.type;
            }},
      series_{{parts_.host, parts_.outbox, parts_.rest, fees_, parts_.drift,
               [this](std::string_view event) { return event_fees_.contains(event); }}} {}

net::asio::awaitable<void> Catalogue::sweep_for_ever() {
    net::Backoff backoff{sweep_again_base, sweep_again_cap}, refused{refused_base, refused_cap};
    complete_until_ = parts_.host.now();
    while (!parts_.host.stopping()) {
        while (parts_.host.put_off() && complete_ && !parts_.host.stopping()) {
            if (!std::exchange(put_off_, true))
                parts_.host.info("the catalogue is not read until the queue has room again");
            co_await net::sleep(tick);
        }
        put_off_ = false;
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
        auto next = parts_.host.now() + pause.count() * millisecond_ns;
        // Announced fees begin for every market of a series at once.
        if (auto const fees = series_.next_fee_change(); fees != 0 && result.has_value())
            next = std::min(next, fees);
        while (parts_.host.now() < next && !sweep_now_) co_await net::sleep(std::min(pause, tick));
    }
}

void Catalogue::swept(Result<> const& result, arb_time began) {
    auto& gaps = parts_.gaps;
    if (result.has_error()) {
        gaps.open(ARB_STREAM_CATALOGUE, {}, complete_until_, "sweep_failed", result.error().text);
        auto const sentence = "the catalogue cannot be read and is tried again: " + result.error().text;
        if (!parts_.health.set(Health::Part::catalogue, ARB_STATE_RETRYING, sentence))
            parts_.host.warning(sentence);
    } else {
        // A sweep reads the present state of everything, whatever was missed before.
        gaps.close(ARB_STREAM_CATALOGUE, {}, parts_.host.now(), true);
        complete_until_ = began;
        log_selection();
        // Nothing is wrong with a connection that collects nothing: a name that is written wrong must show.
        bool const nothing = selected_ == 0 && !parts_.settings.select.all();
        parts_.health.set(
            Health::Part::catalogue, nothing ? ARB_STATE_DEGRADED : ARB_STATE_LIVE,
            nothing ? "catalogue: select takes no market, so nothing is collected; `arbitrage " +
                          std::string{parts_.host.instance()} + " selection` shows what each rule takes"
                    : fmt::format("catalogue: {} markets", selected_));
    }
    parts_.outbox.added();
}

net::asio::awaitable<Result<>> Catalogue::sweep() {
    ++sweep_;
    left_out_.clear();
    swept_events_.clear();
    selected_ = 0;
    auto const series = co_await series_.read();
    if (series.has_error()) co_return series.error();
    auto const targets = sweep_targets(parts_.settings.select, page_);
    for (auto const& target : targets) {
        auto copy = target;
        auto const read = co_await read_events(std::move(copy));
        if (read.has_error()) {
            if (read.error().where == "too_large") page_ = std::max<std::size_t>(page_ / 2, 1);
            co_return read.error();
        }
        if (!complete_) announce();
    }
    auto const combos = co_await read_combos();
    if (combos.has_error()) co_return combos.error();
    complete_ = true;
    forget_told();
    auto followed = co_await follow_leavers();
    if (followed.has_value()) forget_final();
    announce();
    if (followed.has_value()) followed = co_await series_.read_fee_changes();
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
    std::erase_if(event_fees_, [&](auto const& entry) {
        if (events.contains(entry.first)) return false;
        filter_.forget("event:" + entry.first);
        return true;
    });
    series_of_events_.clear();
}

std::vector<std::string> sweep_targets(Select const& select, std::size_t page) {
    std::vector<std::string> out;
    bool const by_series = !select.series.empty() && select.events.empty() && select.markets.empty();
    bool const by_event = !select.events.empty() && select.series.empty() && select.markets.empty();
    std::vector<std::string> events;
    for (auto const& event : select.events)
        if (!is_combo(event)) events.push_back(event);
    for (auto const* const status : {"open", "unopened"}) {
        auto const base = fmt::format("/events?limit={}&with_nested_markets=true&status={}", page, status);
        if (by_series) {
            for (auto const& series : select.series)
                if (!is_combo(series)) out.push_back(with_query(base, "series_ticker", series));
        } else if (by_event) {
            for (std::size_t at = 0; at < events.size(); at += tickers_max)
                out.push_back(base + "&tickers=" + joined(events, at, tickers_max));
        } else {
            out.push_back(base);
        }
    }
    // Combos have a list of their own.
    for (auto const& series : select.series)
        if (is_combo(series))
            out.push_back(
                with_query(fmt::format("/events/multivariate?limit={}&with_nested_markets=true", page),
                           "series_ticker", series));
    return out;
}

// Events of combos that are named, or whose markets are: no list has them by name.
net::asio::awaitable<Result<>> Catalogue::read_combos() {
    auto const& select = parts_.settings.select;
    std::set<std::string> events;
    std::vector<std::string> markets;
    for (auto const& event : select.events)
        if (is_combo(event)) events.insert(event);
    for (auto const& market : select.markets)
        if (is_combo(market)) markets.push_back(market);
    for (std::size_t at = 0; at < markets.size(); at += tickers_max) {
        auto target = "/markets?limit=1000&tickers=" + joined(markets, at, tickers_max);
        auto const page = co_await parts_.rest.get(std::move(target));
        if (page.has_error()) co_return page.error();
        for (auto const& item : page->list("markets")) {
            std::string_view reason;
            if (auto const market = read_market(item, reason); market && !market->event_ticker.empty())
                events.emplace(market->event_ticker);
        }
    }
    for (auto const& event : events) {
        auto copy = event;
        if (!co_await look_at_combo(std::move(copy))) co_return retry("event " + event + " cannot be read");
    }
    co_return Result<>{};
}

net::asio::awaitable<Result<>> Catalogue::read_events(std::string target) {
    bool listed = true;
    std::function<bool(Document const&)> take = [this, &listed](Document const& page) {
        take_events(page, true);
        listed = page.lists("events");
        return listed && !parts_.host.stopping();
    };
    auto const read = co_await parts_.rest.pages(std::move(target), std::move(take));
    if (read.has_value() && !listed) co_return no_list("events");
    co_return read;
}

void Catalogue::take_events(Document const& page, bool once) {
    if (!page.object().contains("events")) parts_.drift.field(ARB_DRIFT_MISSING, "GET /events", "events");
    for (auto const& item : page.list("events")) {
        std::string_view reason;
        auto const event = read_event(item, reason);
        if (!event.has_value()) parts_.drift.refused("GET /events", reason, item);
        // An event with open and with unopened markets is listed as both.
        else if (!once || swept_events_.emplace(event->ticker).second)
            take_event(*event);
        parts_.outbox.added();
    }
    announce_fresh();
    parts_.host.alive();
}

void Catalogue::take_event(EventRow event) {
    set_right(event);
    auto const context = context_of(event, series_.table());
    EventSpan span;
    bool any = event.markets->empty() && parts_.settings.everything();
    for (auto const& item : *event.markets) {
        std::string_view reason;
        auto market = read_market(item, reason);
        if (!market.has_value()) {
            parts_.drift.refused("GET /events", reason, item);
            continue;
        }
        set_right(*market);
        span.add(*market);
        any = take_market(*market, event, context) || any;
    }
    if (!any) return;
    series_.collect(event.series);
    auto const id = "event:" + std::string{event.ticker};
    auto const raw = content_of(*event.raw);
    fees_.holds({ARB_SCOPE_EVENT, std::string{event.ticker}, event.fee.value_or(Fee{}), event.updated_at,
                 "event", event.fee ? fee_json(*event.fee, {}) : std::string{}});
    auto const state =
        fmt::format("{} {} {} {}", span.lifecycle, span.opens_at, span.closes_at, context.category);
    if (!filter_.changed(id, {raw, state})) return;
    parts_.drift.keys("GET /events", *event.raw, known_event_keys());
    parts_.drift.doubtful("GET /events", event.doubts);
    write_event(parts_.outbox.packets(), event, context, span, parts_.host.now());
    parts_.outbox.added();
}

// Ours, if the selection lets it in; null if not.
Catalogue::Known* Catalogue::take_up(std::string_view market, std::string_view event,
                                     Candidate const& candidate) {
    auto const& settings = parts_.settings;
    auto const rule = left_out_by(settings.select, settings.shard, candidate, parts_.host.now());
    if (!rule.empty()) {
        ++left_out_[std::string{rule}];
        return nullptr;
    }
    auto& known = markets_.try_emplace(std::string{market}).first->second;
    known.event = std::string{event};
    fresh_.emplace_back(market);
    return &known;
}

// Whether the market is one of ours.
bool Catalogue::take_market(MarketRow const& market, EventRow const& event, EventContext const& context) {
    auto const found = markets_.find(market.ticker);
    auto* known = found == markets_.end() ? nullptr : &found->second;
    if (known == nullptr)
        known = take_up(market.ticker, event.ticker,
                        {context.category, event.series, event.ticker, market.ticker, market.volume_24h,
                         market.closes_at});
    if (known == nullptr) return false;
    if (known->sweep != sweep_) ++selected_;
    event_fees_.insert_or_assign(std::string{event.ticker}, context.fee);
    push_market(market, context.fee, *known);
    return true;
}

void Catalogue::push_market(MarketRow const& market, Fee const& fee, Known& known) {
    known.sweep = sweep_;
    known.absent = 0;
    bool const first = !std::exchange(known.read, true);
    if (first) unread_.erase(std::string{market.ticker});
    if (known.lifecycle != market.lifecycle) {
        if (known.lifecycle != ARB_LIFECYCLE_NONE) push_status(market);
        if (!has_prices(known.lifecycle) && has_prices(market.lifecycle)) fresh_.emplace_back(market.ticker);
        known.lifecycle = market.lifecycle;
    }
    foresee(market);
    // The rest of a row that lags is as old as its status; it is read again.
    if (market.lags && !first) return;
    auto const id = "market:" + std::string{market.ticker};
    if (!filter_.changed(id, {content_of(*market.raw), fee_json(fee, {})})) return;
    parts_.drift.keys("GET /events", *market.raw, known_market_keys());
    parts_.drift.doubtful("GET /events", market.doubts, market.ticker);
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
    std::erase_if(missing, [this](auto const& ticker) {
        auto const known = markets_.find(ticker);
        return known == markets_.end() || known->second.sweep == sweep_;
    });
    // When most of them are gone at once, it may be the lists that are wrong.
    if (2 * missing.size() > markets_.size()) {
        auto first = missing.front();
        auto const named = co_await ask_by_name(std::move(first));
        if (named.has_error() && named.error().where != "not_found") co_return named;
    }
    std::erase_if(missing, [this](auto const& ticker) {
        auto const known = markets_.find(ticker);
        return known == markets_.end() || known->second.sweep == sweep_ ||
               ++known->second.absent < absent_max;
    });
    if (!missing.empty()) co_return co_await give_up(std::move(missing));
    co_return Result<>{};
}

net::asio::awaitable<Result<>> Catalogue::read_leavers(char const* path,
                                                       std::vector<std::string> const& tickers) {
    for (std::size_t at = 0; at < tickers.size() && !parts_.host.stopping(); at += tickers_max) {
        auto target = std::string{path} + "?limit=1000&tickers=" + joined(tickers, at, tickers_max);
        auto const page = co_await parts_.rest.get(std::move(target));
        if (page.has_error()) co_return page.error();
        if (!page->lists("markets")) co_return no_list("markets");
        for (auto const& item : page->list("markets")) {
            std::string_view reason;
            auto market = read_market(item, reason);
            if (!market.has_value()) {
                parts_.drift.refused("GET /markets", reason, item);
                continue;
            }
            set_right(*market);
            auto const known = markets_.find(market->ticker);
            if (known == markets_.end()) continue;
            auto const fee = event_fees_.find(known->second.event);
            push_market(*market, fee == event_fees_.end() ? Fee{} : fee->second, known->second);
        }
    }
    co_return Result<>{};
}

// An error, with where "not_found" if the venue does not know the market; fine, if it does and nobody trades
// it any more.
net::asio::awaitable<Result<>> Catalogue::ask_by_name(std::string ticker) {
    auto target = "/markets/" + net::encode_query(ticker);
    auto const answer = co_await parts_.rest.get(std::move(target));
    if (answer.has_error()) co_return answer.error();
    auto const* const item = answer->object().if_contains("market");
    std::string_view reason;
    auto market = item == nullptr ? std::nullopt : read_market(*item, reason);
    auto const known = markets_.find(ticker);
    if (!market.has_value() || market->ticker != ticker || has_prices(market->lifecycle))
        co_return retry("its lists lack market " + ticker + ", which the venue still has");
    if (known == markets_.end()) co_return Result<>{};
    auto const fee = event_fees_.find(known->second.event);
    push_market(*market, fee == event_fees_.end() ? Fee{} : fee->second, known->second);
    co_return Result<>{};
}

// Markets settled long ago are listed among the historical ones only; what is not there either may vanish
// without ever having traded. A list that lacks them for another reason is not believed.
net::asio::awaitable<Result<>> Catalogue::give_up(std::vector<std::string> tickers) {
    auto const read = co_await read_leavers("/historical/markets", tickers);
    // Unless there is no such list.
    if (read.has_error() && read.error().status == ARB_RETRY) co_return read;
    std::size_t asked = 0;
    for (auto const& ticker : tickers) {
        auto known = markets_.find(ticker);
        if (known == markets_.end() || known->second.sweep == sweep_) continue;
        if (asked++ == names_max) break;  // the next sweep goes on
        auto copy = ticker;
        auto const named = co_await ask_by_name(std::move(copy));
        if (named.has_error() && named.error().where != "not_found") co_return named;
        known = markets_.find(ticker);
        if (known == markets_.end() || known->second.sweep == sweep_) continue;
        parts_.host.info("market " + ticker + " is no longer listed by the venue and is given up");
        // Whatever it was, nobody trades it any more.
        MarketRow gone;
        gone.ticker = ticker;
        gone.status = "no_longer_listed";
        gone.lifecycle = ARB_LIFECYCLE_CLOSED;
        if (has_prices(known->second.lifecycle)) push_status(gone);
        filter_.forget("market:" + ticker);
        markets_.erase(known);
    }
    co_return Result<>{};
}

void Catalogue::announce() {
    std::vector<std::string> wanted;
    for (auto const& [ticker, known] : markets_)
        if (has_prices(known.lifecycle)) wanted.push_back(ticker);
    std::sort(wanted.begin(), wanted.end());
    fresh_.clear();
    parts_.wanted(wanted);
}

void Catalogue::announce_fresh() {
    std::erase_if(fresh_, [this](auto const& ticker) {
        auto const known = markets_.find(ticker);
        return known == markets_.end() || !has_prices(known->second.lifecycle);
    });
    if (!fresh_.empty()) parts_.wanted_more(std::exchange(fresh_, {}));
}

void Catalogue::log_selection() {
    std::string line = fmt::format("catalogue: {} markets selected", selected_);
    for (auto const& [rule, count] : left_out_) line += fmt::format(", {} left out by {}", count, rule);
    left_out_.clear();
    if (line == logged_) return;
    logged_ = line;
    parts_.host.info(line);
}

}  // namespace arb::kalshi
