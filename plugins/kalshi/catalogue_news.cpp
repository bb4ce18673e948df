// What happens between two sweeps: markets that frames tell of, and openings and closings by the clock, which
// the venue does not announce.
#include <algorithm>
#include <cstdlib>

#include "arbitrage/time.hpp"
#include "catalogue.hpp"

namespace arb::kalshi {

namespace {

using namespace std::chrono_literals;

// Event pages with nested markets are large; so many events are read again at once.
constexpr std::size_t look_again_max = 20;
// The most the venue takes in one list of tickers.
constexpr std::size_t tickers_max = 100;
// One look at a time and two a second, a fifth of the rate limit.
constexpr std::chrono::milliseconds look_every = 500ms;
// A market that was created a moment ago is not listed yet.
constexpr arb_time listed_after_ns = second_ns;
// One that is not listed then is looked for after 2, 4, 8 ... seconds, until a sweep finds or forgets it.
constexpr unsigned looks_max = 6;
// Events that frames name faster than they can be read wait for the next sweep.
constexpr std::size_t waiting_max = 5'000;
// For so long a frame is believed rather than a list that shows the state before it.
constexpr arb_time told_stands_ns = 60 * second_ns;
// The venue's clock and ours.
constexpr arb_time clocks_differ_ns = 5 * second_ns;
// Openings and closings: asked for when they are due, and again while the list lags behind the clock.
constexpr arb_time due_ns = second_ns, lags_ns = 5 * second_ns, lags_max_ns = 90 * second_ns;

// How far the life of a market has come. Open and paused come and go.
int stage_of(int lifecycle) {
    switch (lifecycle) {
        case ARB_LIFECYCLE_OPEN:
        case ARB_LIFECYCLE_PAUSED:
            return 1;
        case ARB_LIFECYCLE_CLOSED:
            return 2;
        case ARB_LIFECYCLE_DETERMINED:
            return 3;
        case ARB_LIFECYCLE_SETTLED:
            return 4;
        default:
            return 0;
    }
}

}  // namespace

bool Catalogue::wants(std::string_view market) const {
    if (parts_.settings.everything()) return !is_combo(market);
    return markets_.contains(market);
}

void Catalogue::event_created(std::string_view event, std::string_view series) {
    if (!event.empty() && !series.empty() && series_of_events_.size() < waiting_max)
        series_of_events_.insert_or_assign(std::string{event}, std::string{series});
    if (may_collect(event, series)) look_at(event, parts_.host.now() + listed_after_ns);
}

// Whether the selection may let in a market of that event, as far as its series tells.
bool Catalogue::may_collect(std::string_view event, std::string_view series) const {
    auto const& select = parts_.settings.select;
    if (series.empty()) return true;
    auto const found = series_.table().find(series);
    auto const category = found == series_.table().end() ? std::string_view{} : found->second.category;
    bool by_name = false, by_category = false;
    for (auto const& verdict : judge(select, {}, {category, series, event, {}, ARB_ABSENT, 0}, 0)) {
        if (verdict.rule == "categories") by_category = !verdict.in_force || verdict.takes;
        if (verdict.rule == "series, events or markets") by_name = !verdict.in_force || verdict.takes;
    }
    return (by_name || !select.markets.empty()) && (by_category || category.empty());
}

// The series of an event that no list has shown yet.
std::string_view Catalogue::series_of(std::string_view event) const {
    if (auto const told = series_of_events_.find(event); told != series_of_events_.end()) return told->second;
    // Tickers of events begin with that of their series.
    auto const prefix = event.substr(0, event.find('-'));
    return series_.table().contains(prefix) ? prefix : std::string_view{};
}

void Catalogue::created(std::string_view market, std::string_view event, arb_time closes_at) {
    if (markets_.contains(market)) return;
    auto const series = series_of(event);
    auto const found = series_.table().find(series);
    auto const category = found == series_.table().end() ? std::string_view{} : found->second.category;
    auto* const known = take_up(market, event, {category, series, event, market, ARB_ABSENT, closes_at});
    // What the rules could not judge yet, its own row will decide.
    if (known == nullptr) return;
    known->sweep = sweep_;
    if (unread_.size() < waiting_max) unread_.try_emplace(std::string{market}, 0U);
}

void Catalogue::changed(News const& news) {
    auto const& [market, told_event, word, lifecycle, closes_at] = news;
    auto event = told_event;
    auto const known = markets_.find(market);
    if (known != markets_.end()) {
        auto& state = known->second;
        if (event.empty()) event = state.event;
        if (lifecycle != ARB_LIFECYCLE_NONE) {
            if (!has_prices(state.lifecycle) && has_prices(lifecycle)) fresh_.emplace_back(market);
            state.lifecycle = lifecycle;
        }
        if (told_.size() < waiting_max) {
            auto& told = told_[std::string{market}];
            told.at = parts_.host.now();
            if (lifecycle != ARB_LIFECYCLE_NONE) told.lifecycle = lifecycle, told.word = word;
            if (closes_at != 0) told.closes_at = closes_at;
            told.more = told.more || (lifecycle == ARB_LIFECYCLE_NONE && closes_at == 0);
        }
    } else if (event.empty() && lifecycle == ARB_LIFECYCLE_OPEN && wants(market) &&
               unknown_.size() < waiting_max) {
        unknown_.emplace(market);
    }
    announce_fresh();
    if (known == markets_.end() && !may_collect(event, series_of(event))) return;
    bool const listed = known != markets_.end() && known->second.read;
    look_at(event, parts_.host.now() + (listed ? 0 : listed_after_ns));
}

// The same of what a frame said a moment ago.
void Catalogue::set_right(MarketRow& market, Told& told, arb_time now) {
    bool again = false;
    if (told.lifecycle != ARB_LIFECYCLE_NONE && market.lifecycle != told.lifecycle) {
        // One that was closed and trades again has another close ahead.
        bool const reopened = stage_of(told.lifecycle) == stage_of(ARB_LIFECYCLE_OPEN) &&
                              market.lifecycle == ARB_LIFECYCLE_CLOSED;
        if (stage_of(market.lifecycle) <= stage_of(told.lifecycle) || (reopened && told.closes_at > now)) {
            market.lifecycle = told.lifecycle;
            market.status = told.word;
            market.lags = again = true;
        }
        again = again || reopened;
    }
    // Frames have whole seconds.
    if (told.closes_at != 0 && std::abs(market.closes_at - told.closes_at) >= second_ns) {
        market.closes_at = told.closes_at;
        market.lags = again = true;
    }
    if (told.more && market.updated_at >= told.at - clocks_differ_ns) told.more = false;
    if (again || told.more) look_at(market.event_ticker, now + std::max(listed_after_ns, now - told.at));
}

// A list lags behind what a frame said, and behind the clock: where it shows a market as it was, what it has
// become by then holds, and the list is read again.
void Catalogue::set_right(MarketRow& market) {
    auto const now = parts_.host.now();
    if (auto const told = told_.find(market.ticker);
        told != told_.end() && now - told->second.at < told_stands_ns)
        set_right(market, told->second, now);
    bool const over =
        market.closes_at != 0 && now - market.closes_at >= due_ns && now - market.closes_at < lags_max_ns;
    if (over && stage_of(market.lifecycle) == stage_of(ARB_LIFECYCLE_OPEN)) {
        market.lifecycle = ARB_LIFECYCLE_CLOSED;
        market.status = "closed";
        look_at(market.event_ticker, now + lags_ns);
    }
}

// The same of the fee of an event.
void Catalogue::set_right(EventRow& event) {
    auto const told = told_fees_.find(event.ticker);
    if (told == told_fees_.end() || event.fee == told->second.fee) return;
    auto const age = parts_.host.now() - told->second.at;
    if (age >= told_stands_ns) return;
    event.fee = told->second.fee;
    look_at(event.ticker, parts_.host.now() + std::max(listed_after_ns, age));
}

void Catalogue::forget_told() {
    auto const now = parts_.host.now();
    auto const old = [now](auto const& entry) { return now - entry.second.at >= told_stands_ns; };
    std::erase_if(told_, old);
    std::erase_if(told_fees_, old);
}

void Catalogue::fee_changed(FeeSchedule schedule) {
    bool const known = event_fees_.contains(schedule.id);
    // A page of the first sweep may be on its way that shows the event as it was before.
    bool const awaited = !complete_ && may_collect(schedule.id, series_of(schedule.id));
    if (known || awaited) look_at(schedule.id, parts_.host.now() + 2 * listed_after_ns);
    if ((known || awaited) && told_fees_.size() < waiting_max)
        told_fees_.insert_or_assign(
            schedule.id, ToldFee{parts_.host.now(),
                                 schedule.fee == Fee{} ? std::optional<Fee>{} : std::optional{schedule.fee}});
    if (known) fees_.holds(std::move(schedule));
}

void Catalogue::look_at(std::string_view event, arb_time due) {
    if (event.empty()) return;
    if (auto const found = look_again_.find(event); found != look_again_.end())
        found->second = std::min(found->second, due);
    else if (look_again_.size() < waiting_max)
        look_again_.emplace(std::string{event}, due);
}

// Opening and closing at their hours have no frame.
void Catalogue::foresee(MarketRow const& market) {
    auto const now = parts_.host.now();
    auto const horizon = now + 2 * parts_.settings.catalogue_every.count() * millisecond_ns;
    auto const expect = [&](arb_time at, bool still_before) {
        if (at > now && at < horizon) look_at(market.event_ticker, at + due_ns);
        if (still_before && at != 0 && at <= now && now - at < lags_max_ns)
            look_at(market.event_ticker, now + lags_ns);
    };
    expect(market.opens_at, market.lifecycle == ARB_LIFECYCLE_UNOPENED);
    expect(market.closes_at, market.lifecycle == ARB_LIFECYCLE_OPEN);
}

net::asio::awaitable<void> Catalogue::look_for_ever() {
    while (!parts_.host.stopping()) {
        co_await net::sleep(look_every);
        if (!complete_ || parts_.host.put_off()) continue;
        if (!unknown_.empty()) {
            std::vector<std::string> markets;
            while (!unknown_.empty() && markets.size() != tickers_max)
                markets.push_back(std::move(unknown_.extract(unknown_.begin()).value()));
            co_await look_for_events(std::move(markets));
        }
        auto const now = parts_.host.now();
        std::vector<std::string> events;
        for (auto at = look_again_.begin(); at != look_again_.end() && events.size() != look_again_max;) {
            if (at->second <= now) {
                events.push_back(at->first);
                at = look_again_.erase(at);
            } else {
                ++at;
            }
        }
        if (!events.empty()) co_await look(std::move(events));
    }
}

net::asio::awaitable<void> Catalogue::look(std::vector<std::string> events) {
    std::vector<std::string> plain;
    for (auto const& event : events) {
        if (!is_combo(event)) {
            plain.push_back(event);
        } else if (parts_.settings.select.names_combos()) {
            auto copy = event;
            co_await look_at_combo(std::move(copy));
        }
    }
    if (!plain.empty()) {
        auto target = "/events?limit=200&with_nested_markets=true&tickers=" + joined(plain, 0, plain.size());
        auto const page = co_await parts_.rest.get(std::move(target));
        if (page.has_value()) take_events(*page, false);
        announce_fresh();
        if (page.has_error() && page.error().status == ARB_RETRY)
            for (auto const& event : plain) look_at(event, parts_.host.now() + lags_ns);
    }
    // New ones are worth another look.
    look_again_at_unread(events);
}

void Catalogue::look_again_at_unread(std::vector<std::string> const& events) {
    for (auto at = unread_.begin(); at != unread_.end();) {
        auto const known = markets_.find(at->first);
        bool const looked = known != markets_.end() &&
                            std::find(events.begin(), events.end(), known->second.event) != events.end();
        if (known == markets_.end() || (looked && at->second == looks_max)) {
            at = unread_.erase(at);
            continue;
        }
        if (looked) look_at(known->second.event, parts_.host.now() + (second_ns << ++at->second));
        ++at;
    }
}

// Whether it was read, or the venue has no such event.
net::asio::awaitable<bool> Catalogue::look_at_combo(std::string event) {
    auto target = "/events/" + net::encode_query(event) + "?with_nested_markets=true";
    auto const body = co_await parts_.rest.get(std::move(target));
    if (body.has_error()) co_return body.error().status == ARB_PERMANENT;
    auto const* const item = body->object().if_contains("event");
    std::string_view reason = "event_not_an_object";
    auto const row = item == nullptr ? std::optional<EventRow>{} : read_event(*item, reason);
    if (!row.has_value())
        parts_.drift.refused("GET /events", reason, body->object());
    else
        take_event(*row);
    announce_fresh();
    co_return true;
}

// Markets that trade and were never heard of: their events are looked at.
net::asio::awaitable<void> Catalogue::look_for_events(std::vector<std::string> markets) {
    auto target = "/markets?limit=1000&tickers=" + joined(markets, 0, markets.size());
    auto const page = co_await parts_.rest.get(std::move(target));
    if (page.has_error()) co_return;
    for (auto const& item : page->list("markets")) {
        std::string_view reason;
        auto const market = read_market(item, reason);
        if (market.has_value())
            look_at(market->event_ticker, 0);
        else
            parts_.drift.refused("GET /markets", reason, item);
    }
}

}  // namespace arb::kalshi
