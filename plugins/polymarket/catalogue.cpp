#include "polymarket/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "polymarket/json_text.hpp"
#include "polymarket/prices.hpp"
#include "polymarket/put_off.hpp"

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Events of a page. With their markets 200 come to some megabytes; the venue allows 500. Where a page is
// larger than an answer may be, half as many are asked for.
constexpr std::size_t page_events_max = 200;
// A sweep of more pages is a loop on the other side: 1,000,000 events.
constexpr unsigned pages_max = 10'000;
// The listing was seen to lag three minutes behind the stream; what it says of a resolved market after this
// is meant.
constexpr arb_time lag_max_ns = 15 * 60 * second_ns;
// The stream waits no longer than this for pages to be read.
constexpr std::chrono::milliseconds slice_max = 5ms;
// Pause after a sweep that failed.
constexpr std::chrono::milliseconds failed_pause_base = 2s;
constexpr std::chrono::milliseconds failed_pause_cap = 2min;

std::size_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text) | 1; }

// A text member of an object without its escapes; ids have none.
std::string_view id_of(std::string_view object, std::string_view key) {
    auto const value = member(object, key);
    if (!value || value->size() < 2 || value->front() != '"') return {};
    return value->substr(1, value->size() - 2);
}

}  // namespace

Catalogue::Catalogue(Host host, Outbox& outbox, Gaps& gaps, Drift& drift, Rest& gamma, Select const& select,
                     std::chrono::milliseconds every, std::chrono::milliseconds reach, Events events)
    : host_{host},
      outbox_{outbox},
      gaps_{gaps},
      drift_{drift},
      gamma_{gamma},
      select_{select},
      every_{every},
      reach_{reach},
      events_{std::move(events)},
      page_events_{page_events_max} {}

net::asio::awaitable<void> Catalogue::sweep_for_ever() {
    net::Backoff pause{failed_pause_base, failed_pause_cap};
    while (!host_.stopping()) {
        co_await wait_for_room(host_, "sweeps");
        auto const begin = Clock::now();
        auto const began_at = host_.now();
        if (co_await sweep()) {
            gaps_.close(ARB_STREAM_CATALOGUE, {}, host_.now(), true);
            complete_at_ = began_at;
            pause.reset();
            if (!closed_read_ && reach_.count() > 0) closed_read_ = co_await read_closed();
            co_await fetch_missing();
            co_await fetch_closed_events();
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
    listed_ = unchanged_ = 0;
    left_out_.clear();
    std::set<std::string> cursors, first_ids;
    std::string const listing =
        fmt::format("/events/keyset?closed=false&limit={}&order=id&ascending=true", page_events_);
    std::string cursor;
    for (unsigned page_number = 0; page_number != pages_max; ++page_number) {
        std::string target = listing;
        if (!cursor.empty()) target += "&after_cursor=" + net::encode_query(cursor);
        auto const body = co_await gamma_.get(std::move(target));
        if (body.has_error()) {
            if (body.error().where == "too_large" && page_events_ > 1) page_events_ /= 2;
            co_return fail(body.error().text);
        }
        auto const page = decode_page(*body, "events");
        if (page.has_error()) {
            host_.reject("unreadable_page");
            drift_.keep("GET /events", page.error().text, *body);
            co_return fail("a page is unreadable: " + page.error().text);
        }
        // The venue repeats the first page for ever when it does not understand the cursor. An event may
        // stand on two neighbouring pages, but not twice at the head of one.
        auto const first = page->items.empty() ? std::string_view{} : id_of(page->items.front(), "id");
        if (!first.empty() && !first_ids.emplace(first).second) {
            co_return fail("the listing begins again at event " + std::string{first} +
                           " instead of going on");
        }
        co_await take_events(page->items);
        cursor = page->next_cursor;
        if (cursor.empty()) co_return true;
        if (!cursors.insert(cursor).second) {
            co_return fail("the listing repeats a cursor instead of going on");
        }
        co_await wait_for_room(host_, "sweeps");
    }
    co_return fail("the listing has no end");
}

bool Catalogue::fail(std::string const& sentence) {
    host_.warning("the catalogue cannot be read: " + sentence + "; it is tried again");
    events_.failed(sentence);
    return false;
}

net::asio::awaitable<void> Catalogue::take_events(std::vector<std::string_view> const& items) {
    auto const executor = co_await net::asio::this_coro::executor;
    auto begin = Clock::now();
    for (auto const item : items) {
        take_event(item);
        if (Clock::now() - begin < slice_max) continue;
        co_await net::asio::post(executor, net::asio::use_awaitable);
        begin = Clock::now();
    }
    outbox_.added();
}

void Catalogue::take_event(std::string_view text) {
    auto const event = decode_event(text);
    if (!event) {
        // Said once: such rows stand in the listing for years.
        if (!filter_.changed(fmt::format("odd event:{}", text), "")) return;
        host_.reject("unreadable_event");
        drift_.say(ARB_DRIFT_MISSING, "GET /events", "id", text);
        return drift_.keep("GET /events", "an event without an id", text);
    }
    Candidate candidate;
    auto const category = lower_case(event->category), series = lower_case(event->series);
    candidate.tags = &event->tags;
    candidate.category = category;
    candidate.series = series;
    candidate.event_id = event->id;
    candidate.event_slug = event->slug;
    bool wanted = (event->markets.empty() && select_.all()) || open_events_.contains(event->id);
    for (auto const market : event->markets) wanted = take_listed(market, *event, candidate) || wanted;
    if (wanted) {
        push_event(*event);
        open_events_[event->id] = {sweep_, 0};
    }
    outbox_.added();
}

bool Catalogue::take_listed(std::string_view text, EventRow const& event, Candidate& candidate) {
    ++listed_;
    auto const id = lower_case(id_of(text, "conditionId"));
    auto found = markets_.find(id);
    auto const hash = hash_of(text) ^ (hash_of(event.id) << 1);
    bool const read = found != markets_.end() && found->second.selected && found->second.text != 0;
    // One that two events have belongs to the first of them.
    if (read && (found->second.text == hash || found->second.sweep == sweep_)) {
        found->second.sweep = sweep_;
        found->second.misses = 0;
        plan(id, found->second);
        ++unchanged_;
        return true;
    }
    if (found == markets_.end() && !id.empty()) {
        // What is left out by its names alone is not read.
        candidate.market_id = id;
        candidate.market_slug = id_of(text, "slug");
        if (auto const rule = left_out_by_name(select_, candidate); !rule.empty()) {
            ++left_out_[std::string{rule}];
            return false;
        }
    }
    auto row = decode_market(text, event.id);
    if (!row) {
        --listed_;
        leave_out_nameless(text, event.id);
        return false;
    }
    if (row->closes_at == 0) row->closes_at = event.closes_at;
    take(*row, candidate);
    found = markets_.find(row->id);
    if (found == markets_.end() || !found->second.selected) return false;
    // What the stream said and the listing does not is read again; so is what the listing says no more.
    found->second.text = found->second.awaits_listing() || found->second.fee_gone ? 0 : hash;
    return true;
}

// "" stands for a market of before there were condition ids, or one that is not deployed yet: nothing that
// could be followed, and no fault of the venue's. One of them is kept, to show what they are; of what is a
// market in no way each is. They stand in the listing for years: said once.
void Catalogue::leave_out_nameless(std::string_view text, std::string_view event_id) {
    auto const name = member(text, "conditionId");
    bool const usual = name == "\"\"" || name == "null";
    if (usual) ++left_out_["an empty conditionId"];
    auto const kept = usual ? "nameless" : fmt::format("odd:{}:{}", event_id, id_of(text, "id"));
    if (!filter_.changed(kept, "")) return;
    host_.reject("market_without_id");
    drift_.keep("GET /events", "a market without a condition id", text);
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
    known.text = 0;
    say_differences("GET /markets", row.differences, row.raw);
    // A row that leaves out what it said before does not say that the market ended.
    if (row.vague && known.live) return host_.count("vague_rows");
    // The listing lags minutes behind the stream: what that called settled does not open again for a while.
    // What the listing called settled may at once.
    bool const opened = row.has_book && host_.now() - known.status_at >= lag_max_ns;
    if (known.awaits_listing() && row.lifecycle != ARB_LIFECYCLE_SETTLED && !opened) return;
    if (known.awaits_listing() && row.lifecycle != ARB_LIFECYCLE_SETTLED)
        gaps_.record(ARB_STREAM_ALL, row.id, known.status_at, host_.now(), "not_resolved",
                     "the stream called it resolved, and it takes orders");
    known.final_row = row.lifecycle == ARB_LIFECYCLE_SETTLED;
    // What never took orders is not paused, even if it opens later than it said.
    bool const ahead = known.lifecycle == ARB_LIFECYCLE_NONE && row.takes_orders_at > host_.now();
    if (row.lifecycle == ARB_LIFECYCLE_PAUSED && (ahead || known.lifecycle == ARB_LIFECYCLE_UNOPENED))
        row.lifecycle = ARB_LIFECYCLE_UNOPENED;
    if (known.tick_size != ARB_ABSENT && known.tick_size != row.tick_size && row.has_book) {
        row.tick_size = known.tick_size;
        row.price_ranges = price_grid(row.tick_size);
        row.content += "tick " + std::to_string(known.tick_size);
    }
    if (filter_.changed("market:" + row.id, row.content)) push_market(row);
    take_fees(row, known);
    take_status(row, known);
    follow(row, known);
    known.turns_at = row.has_book ? row.closes_at : row.takes_orders_at;
    plan(row.id, known);
}

// A fee that is said no more is none from then on; a row may leave it out by mistake, but not twice.
void Catalogue::take_fees(MarketRow& row, Known& known) {
    bool const gone = known.charges && row.fees.unsaid;
    if (gone && known.fee_gone) row.fees.rate = 0;
    known.fee_gone = gone && !known.fee_gone;
    if (row.fees.known()) known.charges = row.fees.rate != 0;
    fees_.listed(row.id, row.fees);
}

void Catalogue::take_status(MarketRow const& row, Known& known) {
    auto const before = known.lifecycle;
    auto const status = hash_of(row.venue_status);
    bool const settled = row.lifecycle == ARB_LIFECYCLE_SETTLED;
    bool const paid = settled && row.settlement_value != known.settlement;
    bool const reworded = !settled && status != known.status;
    if (before != ARB_LIFECYCLE_NONE && (before != row.lifecycle || paid || reworded)) {
        if (paid && before == ARB_LIFECYCLE_SETTLED && known.settlement != ARB_ABSENT)
            host_.count("results_corrected");
        bool const was_open = before <= ARB_LIFECYCLE_PAUSED;
        bool const is_open = row.lifecycle <= ARB_LIFECYCLE_PAUSED;
        std::string detail;
        if (was_open && !is_open && row.closes_at > host_.now()) detail = early_end(row.closes_at);
        if (!was_open && is_open) detail = R"({"reopened":true})";
        // When it closed or opened, where the row says so: the news of it comes later.
        bool const opens = row.lifecycle == ARB_LIFECYCLE_OPEN && row.takes_orders_at > known.status_at;
        push_status(row, opens ? row.takes_orders_at : row.closed_at, detail);
    }
    if (before != ARB_LIFECYCLE_NONE && known.closes_at != 0 && row.closes_at != 0 &&
        known.closes_at != row.closes_at)
        push_moved_end(row, known.closes_at);
    if (before != row.lifecycle) known.status_at = host_.now();
    known.lifecycle = static_cast<std::int8_t>(row.lifecycle);
    known.status = status;
    known.settlement = row.settlement_value;
    if (row.closes_at != 0) known.closes_at = row.closes_at;
}

void Catalogue::follow(MarketRow const& row, Known& known) {
    if (row.has_book && !known.live) {
        known.live = known.told = true;
        events_.opened(row);
    } else if (row.has_book) {
        if (events_.relisted) events_.relisted(row);
    } else if (known.live) {
        known.live = false;
        events_.ended(row.id);
        // A pause may be over in a moment.
        if (row.lifecycle == ARB_LIFECYCLE_PAUSED || row.lifecycle == ARB_LIFECYCLE_UNOPENED)
            look_again(row.id);
    } else if (!known.told && closed_lately(row)) {
        known.told = true;
        if (events_.closed) events_.closed(row);
    }
}

bool Catalogue::closed_lately(MarketRow const& row) const {
    if (row.lifecycle != ARB_LIFECYCLE_CLOSED && row.lifecycle != ARB_LIFECYCLE_DETERMINED &&
        row.lifecycle != ARB_LIFECYCLE_SETTLED)
        return false;
    auto const from = host_.now() - std::chrono::nanoseconds{reach_}.count();
    return reach_.count() > 0 && (row.closed_at != 0 ? row.closed_at : row.closes_at) >= from;
}

void Catalogue::forget_settled() {
    for (auto at = markets_.begin(); at != markets_.end();) {
        auto const& known = at->second;
        bool const gone = known.sweep != sweep_;
        bool const settled = gone && known.final_row;
        // As long as the stream has its book the listing is wrong.
        bool const there = known.live && events_.on_stream && events_.on_stream(at->first);
        bool const lost = gone && known.misses >= misses_max && !there;
        if (lost) {
            host_.count("vanished_markets");
            host_.warning("market " + at->first +
                          " is followed no more: neither listing has it, nor the stream");
        }
        if (known.live && (settled || lost)) events_.ended(at->first);
        if ((settled || lost) && known.selected) --selected_;
        at = settled || lost ? markets_.erase(at) : std::next(at);
    }
}

void Catalogue::report_selection() {
    std::string line = fmt::format("{} markets are selected; {} are listed", selected_, listed_);
    host_.count("catalogue_rows_unchanged", unchanged_);
    for (auto const& [rule, count] : left_out_) line += fmt::format("; {} left out by {}", count, rule);
    if (line == last_report_) return;
    last_report_ = line;
    host_.info(line);
}

void Catalogue::set_tick(std::string_view market_id, std::int64_t tick_size) {
    auto const found = markets_.find(std::string{market_id});
    if (found == markets_.end()) return;
    found->second.tick_size = tick_size;
    found->second.text = 0;
    look_again(market_id);
}

void Catalogue::set_settled(std::string_view market_id, std::int64_t settlement_value) {
    auto const found = markets_.find(std::string{market_id});
    if (found == markets_.end()) return;
    found->second.lifecycle = ARB_LIFECYCLE_SETTLED;
    found->second.settlement = settlement_value;
    found->second.status_at = host_.now();
    found->second.live = false;
    found->second.text = 0;
    if (settlement_value == ARB_ABSENT) look_for_the_end(found->first);
}

arb_time Catalogue::closes_at(std::string_view market_id) const {
    auto const found = markets_.find(std::string{market_id});
    return found == markets_.end() ? 0 : found->second.closes_at;
}

void Catalogue::announced(std::string_view market_id, FeeSchedule const& fees, arb_time at) {
    fees_.announced(market_id, fees, at);
    auto const [found, fresh] = markets_.try_emplace(std::string{market_id});
    if (!fresh) return;
    auto& known = found->second;
    known.selected = known.live = known.told = true;
    known.sweep = sweep_;
    ++selected_;
}

}  // namespace arb::polymarket
