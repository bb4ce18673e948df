#include "polymarket/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "polymarket/prices.hpp"

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Events of a page. With their markets 100 come to some megabytes; the venue allows 500.
constexpr std::size_t page_events = 100;
// A sweep of more pages is a loop on the other side: 1,000,000 events.
constexpr unsigned pages_max = 10'000;
// Condition ids of one request: 50 make an address of 4 KB.
constexpr std::size_t ids_per_request = 50;
// A market that left the list and was not found so often is given up.
constexpr std::uint16_t misses_max = 24;
// A market announced on the stream appears in the listing seconds to minutes later.
constexpr unsigned look_tries_max = 6;
constexpr std::chrono::milliseconds look_first = 1s;
// Markets waiting to be looked at again; more wait for the next sweep.
constexpr std::size_t looks_max = 5'000;
// Of the closed ones so many pages of 100 are read: some days of the busiest.
constexpr unsigned closed_pages_max = 200;
// The venue may sort by another time than the one it shows; so many pages without a market of the wanted time
// say that none follows.
constexpr unsigned old_pages_max = 2;
// Pause after a sweep that failed.
constexpr std::chrono::milliseconds failed_pause_base = 2s;
constexpr std::chrono::milliseconds failed_pause_cap = 2min;

std::string query_of(std::vector<std::string> const& ids, bool closed) {
    std::string out =
        closed ? "/markets/keyset?closed=true&limit=100" : "/markets/keyset?closed=false&limit=100";
    for (auto const& id : ids) out += "&condition_ids=" + net::encode_query(id);
    return out;
}

}  // namespace

Catalogue::Catalogue(Host host, Outbox& outbox, Gaps& gaps, Rest& gamma, Select const& select,
                     std::chrono::milliseconds every, std::chrono::milliseconds reach, Events events)
    : host_{host},
      outbox_{outbox},
      gaps_{gaps},
      gamma_{gamma},
      select_{select},
      every_{every},
      reach_{reach},
      events_{std::move(events)} {}

net::asio::awaitable<void> Catalogue::sweep_for_ever() {
    net::Backoff pause{failed_pause_base, failed_pause_cap};
    while (!host_.stopping()) {
        auto const begin = Clock::now();
        auto const began_at = host_.now();
        if (co_await sweep()) {
            gaps_.close(ARB_STREAM_CATALOGUE, {}, host_.now(), true);
            complete_at_ = began_at;
            pause.reset();
            if (!closed_read_ && reach_.count() > 0) closed_read_ = co_await read_closed();
            co_await fetch_missing();
            forget_settled();
            report_selection();
            events_.failed({});
            auto const took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
            co_await net::sleep(std::max(every_ - took, std::chrono::milliseconds{100}));
        } else {
            gaps_.open(ARB_STREAM_CATALOGUE, {}, complete_at_ != 0 ? complete_at_ : began_at, "unreachable");
            co_await net::sleep(pause.next());
        }
        outbox_.added();
    }
}

net::asio::awaitable<bool> Catalogue::sweep() {
    ++sweep_;
    listed_ = 0;
    left_out_.clear();
    std::set<std::string> cursors, first_ids;
    std::string const listing =
        fmt::format("/events/keyset?closed=false&limit={}&order=id&ascending=true", page_events);
    std::string cursor;
    for (unsigned page_number = 0; page_number != pages_max; ++page_number) {
        std::string target = listing;
        if (!cursor.empty()) target += "&after_cursor=" + net::encode_query(cursor);
        auto const body = co_await gamma_.get(std::move(target));
        if (body.has_error()) {
            co_return fail(body.error().text);
        }
        auto const page = decode_page(*body, "events");
        if (page.has_error()) {
            host_.reject("unreadable_page");
            co_return fail("a page is unreadable: " + page.error().text);
        }
        // The venue repeats the first page for ever when it does not understand the cursor. An event may
        // stand on two neighbouring pages, but not twice at the head of one.
        if (!page->items.empty()) {
            auto const first = decode_event(page->items.front());
            if (first && !first_ids.insert(first->id).second) {
                co_return fail("the listing begins again at event " + first->id + " instead of going on");
            }
        }
        for (auto const item : page->items) take_event(item);
        outbox_.added();
        cursor = page->next_cursor;
        if (cursor.empty()) co_return true;
        if (!cursors.insert(cursor).second) {
            co_return fail("the listing repeats a cursor instead of going on");
        }
        // Pages are megabytes; between two of them the stream gets its turn.
        co_await net::sleep(1ms);
    }
    co_return fail("the listing has no end");
}

bool Catalogue::fail(std::string const& sentence) {
    host_.warning("the catalogue cannot be read: " + sentence + "; it is tried again");
    events_.failed(sentence);
    return false;
}

void Catalogue::take_event(std::string_view text) {
    auto const event = decode_event(text);
    if (!event) return host_.reject("unreadable_event");
    auto const markets = markets_of_event(text);
    Candidate candidate;
    candidate.tags = &event->tags;
    candidate.event_id = event->id;
    candidate.event_slug = event->slug;
    bool wanted = markets.empty() && select_.all();
    for (auto const market : markets) {
        auto row = decode_market(market, event->id);
        if (!row) {
            // Said once: such rows stand in the listing for years.
            if (filter_.changed("odd:" + event->id, market)) host_.reject("market_without_id");
            continue;
        }
        ++listed_;
        if (row->closes_at == 0) row->closes_at = event->closes_at;
        take(*row, candidate);
        auto const known = markets_.find(row->id);
        wanted = wanted || (known != markets_.end() && known->second.selected);
    }
    if (wanted) push_event(*event);
    outbox_.added();
}

void Catalogue::take(MarketRow& row, Candidate candidate) {
    candidate.market_id = row.id;
    candidate.market_slug = row.slug;
    candidate.volume_24h = row.volume_24h;
    candidate.closes_at = row.closes_at;
    auto found = markets_.find(row.id);
    if (found == markets_.end() || !found->second.selected) {
        auto const rule = left_out_by(select_, candidate, host_.now());
        if (!rule.empty()) {
            ++left_out_[std::string{rule}];
            return;
        }
        if (found == markets_.end()) found = markets_.emplace(row.id, Known{}).first;
        found->second.selected = true;
        ++selected_;
    }
    auto& known = found->second;
    known.sweep = sweep_;
    known.misses = 0;
    // The listing lags minutes behind the stream: what is settled does not open again.
    if (known.lifecycle == ARB_LIFECYCLE_SETTLED && row.lifecycle != ARB_LIFECYCLE_SETTLED) return;
    known.final_row = row.lifecycle == ARB_LIFECYCLE_SETTLED;
    if (known.tick_size != ARB_ABSENT && known.tick_size != row.tick_size && row.has_book) {
        row.tick_size = known.tick_size;
        row.price_ranges = price_grid(row.tick_size);
        row.content += "tick " + std::to_string(known.tick_size);
    }
    if (filter_.changed("market:" + row.id, row.content)) push_market(row);
    if (known.lifecycle != ARB_LIFECYCLE_NONE && known.lifecycle != row.lifecycle) push_status(row);
    known.lifecycle = row.lifecycle;
    follow(row, known);
}

void Catalogue::follow(MarketRow const& row, Known& known) {
    if (row.has_book && !known.live) {
        known.live = known.told = true;
        events_.opened(row);
    } else if (!row.has_book && known.live) {
        known.live = false;
        events_.ended(row.id);
    } else if (!known.told && closed_lately(row)) {
        known.told = true;
        if (events_.closed) events_.closed(row);
    }
}

// One that is closed and not resolved yet has no time of its own.
bool Catalogue::closed_lately(MarketRow const& row) const {
    if (row.lifecycle != ARB_LIFECYCLE_CLOSED && row.lifecycle != ARB_LIFECYCLE_DETERMINED &&
        row.lifecycle != ARB_LIFECYCLE_SETTLED)
        return false;
    auto const from = host_.now() - std::chrono::nanoseconds{reach_}.count();
    return reach_.count() > 0 && (row.settled_at != 0 ? row.settled_at : row.closes_at) >= from;
}

void Catalogue::push_event(EventRow const& row) {
    if (!filter_.changed("event:" + row.id, row.content)) return;
    auto draft = outbox_.packets().add<arb_event>(venue_name, host_.now(), 0, row.flags);
    draft->opens_at = row.opens_at;
    draft->closes_at = row.closes_at;
    draft->lifecycle = row.lifecycle;
    draft->mutually_exclusive = row.mutually_exclusive;
    draft.text(&arb_event::event_id, row.id);
    draft.text(&arb_event::series, row.series);
    draft.text(&arb_event::title, row.title);
    draft.text(&arb_event::category, row.category);
    draft.text(&arb_event::url, row.url);
    draft.text(&arb_event::raw, row.raw);
}

void Catalogue::push_market(MarketRow const& row) {
    {
        auto draft = outbox_.packets().add<arb_market>(venue_name, host_.now(), 0, row.flags);
        draft->tick_size = row.tick_size;
        draft->settlement_value = row.settlement_value;
        draft->volume = row.volume;
        draft->opens_at = row.opens_at;
        draft->closes_at = row.closes_at;
        draft->settled_at = row.settled_at;
        draft->lifecycle = row.lifecycle;
        std::vector<std::string_view> const outcomes{row.outcomes.begin(), row.outcomes.end()};
        std::vector<std::string_view> const tokens{row.tokens.begin(), row.tokens.end()};
        draft.text(&arb_market::market_id, row.id);
        draft.text(&arb_market::event_id, row.event_id);
        draft.text(&arb_market::title, row.title);
        draft.texts(&arb_market::outcomes, outcomes);
        draft.texts(&arb_market::token_ids, tokens);
        draft.text(&arb_market::venue_status, row.venue_status);
        draft.text(&arb_market::rules, row.rules);
        draft.text(&arb_market::fee, row.fee);
        draft.text(&arb_market::price_ranges, row.price_ranges);
        draft.text(&arb_market::result, row.result);
        draft.text(&arb_market::raw, row.raw);
    }
    outbox_.added();
}

void Catalogue::push_status(MarketRow const& row) {
    auto draft = outbox_.packets().add<arb_status_change>(venue_name, host_.now(), row.settled_at);
    draft->lifecycle = row.lifecycle;
    draft->settlement_value = row.settlement_value;
    draft.text(&arb_status_change::market_id, row.id);
    draft.text(&arb_status_change::venue_status, row.venue_status);
    draft.text(&arb_status_change::result, row.result);
}

net::asio::awaitable<void> Catalogue::fetch(std::vector<std::string>& ids, bool closed) {
    auto target = query_of(ids, closed);
    auto const body = co_await gamma_.get(std::move(target));
    if (body.has_error()) {
        host_.warning("single markets cannot be read: " + body.error().text);
        co_return;
    }
    auto const page = decode_page(*body, "markets");
    if (page.has_error()) {
        host_.reject("unreadable_page");
        co_return;
    }
    for (auto const item : page->items) {
        auto row = decode_market(item, {});
        if (!row) {
            host_.reject("market_without_id");
            continue;
        }
        std::optional<EventRow> event;
        for (auto const text : events_of_market(item))
            if (!event) event = decode_event(text);
        Candidate candidate;
        candidate.event_id = row->event_id;
        if (event) {
            candidate.tags = &event->tags;
            candidate.event_slug = event->slug;
        }
        auto const asked = std::find(ids.begin(), ids.end(), row->id);
        if (asked == ids.end()) continue;  // the venue ignored the question and sent something else
        ids.erase(asked);
        take(*row, candidate);
    }
    outbox_.added();
}

net::asio::awaitable<void> Catalogue::fetch_missing() {
    std::vector<std::string> missing;
    for (auto const& [id, known] : markets_)
        if (known.selected && known.sweep != sweep_ && !known.final_row) missing.push_back(id);
    for (std::size_t at = 0; at < missing.size(); at += ids_per_request) {
        auto const end = std::min(at + ids_per_request, missing.size());
        std::vector<std::string> ids{missing.begin() + static_cast<std::ptrdiff_t>(at),
                                     missing.begin() + static_cast<std::ptrdiff_t>(end)};
        co_await fetch(ids, true);
        for (auto const& id : ids) {
            auto const found = markets_.find(id);
            if (found != markets_.end()) ++found->second.misses;
        }
    }
}

net::asio::awaitable<bool> Catalogue::read_closed() {
    std::string cursor;
    unsigned old_pages = 0;
    for (unsigned number = 0; number != closed_pages_max && old_pages != old_pages_max; ++number) {
        std::string target = "/markets/keyset?closed=true&limit=100&order=closedTime&ascending=false";
        if (!cursor.empty()) target += "&after_cursor=" + net::encode_query(cursor);
        auto const body = co_await gamma_.get(std::move(target));
        if (body.has_error()) {
            host_.warning("closed markets cannot be read: " + body.error().text +
                          "; tried with the next listing");
            co_return false;
        }
        auto const page = decode_page(*body, "markets");
        if (page.has_error()) {
            host_.reject("unreadable_page");
            co_return false;
        }
        bool recent = false, old = false;
        for (auto const item : page->items) {
            auto row = decode_market(item, {});
            if (!row) continue;
            bool const within = closed_lately(*row);
            recent = recent || (row->settled_at != 0 && within);
            old = old || (row->settled_at != 0 && !within);
            if (!within) continue;
            take_closed_item(item, *row);
        }
        outbox_.added();
        if (recent)
            old_pages = 0;
        else if (old)
            ++old_pages;
        if (page->next_cursor.empty() || page->next_cursor == cursor) break;
        cursor = page->next_cursor;
        co_await net::sleep(1ms);
    }
    co_return true;
}

void Catalogue::take_closed_item(std::string_view item, MarketRow& row) {
    std::optional<EventRow> event;
    for (auto const text : events_of_market(item))
        if (!event) event = decode_event(text);
    Candidate candidate;
    candidate.event_id = row.event_id;
    if (event) {
        candidate.tags = &event->tags;
        candidate.event_slug = event->slug;
    }
    take_closed(row, candidate);
}

void Catalogue::take_closed(MarketRow& row, Candidate candidate) {
    candidate.market_id = row.id;
    candidate.market_slug = row.slug;
    if (!left_out_by_name(select_, candidate).empty()) return;
    // Its last day is over: the volume of its life stands for that of the day, and it closes no more.
    if (select_.volume_24h_min != ARB_ABSENT && row.volume < select_.volume_24h_min) return;
    auto const [known, fresh] = markets_.try_emplace(row.id);
    if (fresh || !known->second.selected) ++selected_;
    known->second.selected = true;
    take(row, candidate);
}

void Catalogue::forget_settled() {
    for (auto at = markets_.begin(); at != markets_.end();) {
        auto const& known = at->second;
        bool const gone = known.sweep != sweep_;
        bool const settled = gone && known.final_row;
        bool const lost = gone && known.misses >= misses_max;
        if (lost) host_.count("vanished_markets");
        if (known.live && (settled || lost)) events_.ended(at->first);
        if ((settled || lost) && known.selected) --selected_;
        at = settled || lost ? markets_.erase(at) : std::next(at);
    }
}

void Catalogue::report_selection() {
    std::string line = fmt::format("selected {} of {} listed markets", selected_, listed_);
    for (auto const& [rule, count] : left_out_) line += fmt::format("; {} left out by {}", count, rule);
    if (line == last_report_) return;
    last_report_ = line;
    host_.info(line);
}

void Catalogue::look_again(std::string_view market_id) {
    if (looks_.size() >= looks_max) return host_.count("looks_left_to_the_sweep");
    for (auto const& look : looks_)
        if (look.id == market_id) return;
    looks_.push_back({std::string{market_id}, 0, Clock::now()});
}

net::asio::awaitable<void> Catalogue::look_for_ever() {
    while (!host_.stopping()) {
        co_await net::sleep(look_first);
        std::vector<std::string> ids;
        std::deque<Look> taken;
        auto const now = Clock::now();
        for (auto at = looks_.begin(); at != looks_.end() && ids.size() != ids_per_request;) {
            if (at->due > now) {
                ++at;
                continue;
            }
            ids.push_back(at->id);
            taken.push_back(std::move(*at));
            at = looks_.erase(at);
        }
        if (ids.empty()) continue;
        co_await fetch(ids, false);
        for (auto& look : taken) {
            if (std::find(ids.begin(), ids.end(), look.id) == ids.end() || ++look.tries == look_tries_max)
                continue;
            look.due = Clock::now() + look_first * (1u << look.tries);
            if (looks_.size() < looks_max) looks_.push_back(std::move(look));
        }
    }
}

void Catalogue::set_tick(std::string_view market_id, std::int64_t tick_size) {
    auto const found = markets_.find(std::string{market_id});
    if (found == markets_.end()) return;
    found->second.tick_size = tick_size;
    look_again(market_id);
}

void Catalogue::set_settled(std::string_view market_id) {
    auto const found = markets_.find(std::string{market_id});
    if (found == markets_.end()) return;
    found->second.lifecycle = ARB_LIFECYCLE_SETTLED;
    found->second.live = false;
}

}  // namespace arb::polymarket
