// Markets and events that are asked for by name, because no listing of open ones has them, or not soon
// enough.
#include <fmt/format.h>

#include <algorithm>

#include "polymarket/catalogue.hpp"
#include "polymarket/put_off.hpp"

namespace arb::polymarket {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Condition ids of one request: 50 make an address of 4 KB.
constexpr std::size_t ids_per_request = 50;
// A market that was announced or paused is asked for this often until it can be traded: every other second at
// first, since it is to be followed within 5 s, and more seldom after a minute.
constexpr unsigned look_tries_max = 60, look_tries_quick = 30;
constexpr std::chrono::milliseconds look_every = 500ms, look_quick = 2s, look_slow = 10s;
// One whose time is over is asked for so often until the venue has closed it: within four minutes, which is
// longer than it was seen to take. It may leave it open for days, too.
constexpr unsigned look_tries_ending = 10;
constexpr std::chrono::milliseconds look_ending = 1s, look_ending_max = 60s;  // doubled each time
// Markets waiting to be looked at again; more wait for the next sweep.
constexpr std::size_t looks_max = 5'000;
// Planned looks reach this much further than the pause between listings: a listing of everything takes
// minutes.
constexpr std::chrono::minutes turns_margin{15};
// Events of one request: they come with their markets, a hundred of them at times.
constexpr std::size_t events_per_request = 10;
// Markets with a planned look; more wait for the next sweep.
constexpr std::size_t turns_max = 100'000;
// Of the closed ones so many pages of 100 are read: some days of the busiest.
constexpr unsigned closed_pages_max = 200;
// The venue may sort by another time than the one it shows; so many pages without a market of the wanted time
// say that none follows.
constexpr unsigned old_pages_max = 2;

std::string query_of(std::vector<std::string> const& ids, bool closed) {
    std::string out =
        closed ? "/markets/keyset?closed=true&limit=100" : "/markets/keyset?closed=false&limit=100";
    for (auto const& id : ids) out += "&condition_ids=" + net::encode_query(id);
    return out;
}

std::chrono::milliseconds pause_after(unsigned tries, bool ending) {
    if (ending) return std::min(look_ending * (1 << (tries - 1)), look_ending_max);
    return tries < look_tries_quick ? look_quick : look_slow;
}

// The event that a market names itself where it is not listed inside of one.
class OwnEvent {
  public:
    explicit OwnEvent(std::string_view market) {
        for (auto const text : events_of_market(market))
            if (!event_) event_ = decode_event(text);
        if (!event_) return;
        category_ = lower_case(event_->category);
        series_ = lower_case(event_->series);
    }
    Candidate candidate(MarketRow const& row) const {
        Candidate out;
        out.event_id = row.event_id;
        if (!event_) return out;
        out.tags = &event_->tags;
        out.category = category_;
        out.series = series_;
        out.event_slug = event_->slug;
        return out;
    }

  private:
    std::optional<EventRow> event_;
    std::string category_, series_;
};

}  // namespace

net::asio::awaitable<bool> Catalogue::fetch(std::vector<std::string>& ids, bool closed) {
    auto target = query_of(ids, closed);
    auto const body = co_await gamma_.get(std::move(target));
    if (body.has_error()) {
        host_.warning("single markets cannot be read: " + body.error().text);
        co_return false;
    }
    auto const page = decode_page(*body, "markets");
    if (page.has_error()) {
        host_.reject("unreadable_page");
        drift_.keep("GET /markets", page.error().text, *body);
        co_return false;
    }
    for (auto const item : page->items) {
        auto row = decode_market(item, {});
        if (!row) {
            host_.reject("market_without_id");
            drift_.keep("GET /markets", "a market without a condition id", item);
            continue;
        }
        OwnEvent const own{item};
        auto const asked = std::find(ids.begin(), ids.end(), row->id);
        if (asked == ids.end()) continue;  // the venue ignored the question and sent something else
        ids.erase(asked);
        take(*row, own.candidate(*row));
    }
    outbox_.added();
    co_return true;
}

// Those of them that were listed before are not listed any more because they have closed.
net::asio::awaitable<void> Catalogue::fetch_closed(std::vector<std::string>& ids) {
    std::vector<std::string> known;
    for (auto const& id : ids)
        if (auto const found = markets_.find(id);
            found != markets_.end() && found->second.lifecycle != ARB_LIFECYCLE_NONE)
            known.push_back(id);
    if (known.empty()) co_return;
    auto left = known;
    co_await fetch(left, true);
    std::erase_if(ids, [&](std::string const& id) {
        auto const is = [&](std::string const& other) { return other == id; };
        return std::any_of(known.begin(), known.end(), is) && std::none_of(left.begin(), left.end(), is);
    });
}

net::asio::awaitable<void> Catalogue::fetch_missing() {
    std::vector<std::string> missing;
    for (auto const& [id, known] : markets_)
        if (known.selected && known.sweep != sweep_ && !known.final_row) missing.push_back(id);
    for (std::size_t at = 0; at < missing.size(); at += ids_per_request) {
        auto const end = std::min(at + ids_per_request, missing.size());
        std::vector<std::string> ids{missing.begin() + static_cast<std::ptrdiff_t>(at),
                                     missing.begin() + static_cast<std::ptrdiff_t>(end)};
        // Closed as a rule; or open, and its event is closed or gone.
        bool answered = co_await fetch(ids, true);
        if (answered && !ids.empty()) answered = co_await fetch(ids, false);
        if (!answered) co_return;
        for (auto const& id : ids) {
            auto const found = markets_.find(id);
            if (found != markets_.end()) ++found->second.misses;
        }
    }
}

net::asio::awaitable<void> Catalogue::fetch_closed_events() {
    std::vector<std::string> missing;
    for (auto const& [id, event] : open_events_)
        if (event.sweep != sweep_) missing.push_back(id);
    auto at_once = events_per_request;
    for (std::size_t at = 0; at < missing.size();) {
        std::string target = "/events/keyset?closed=true&limit=100";
        auto const end = std::min(at + at_once, missing.size());
        for (auto id = at; id != end; ++id) target += "&id=" + net::encode_query(missing[id]);
        auto const body = co_await gamma_.get(std::move(target));
        if (body.has_error() && body.error().where == "too_large" && at_once != 1) {
            at_once = 1;
            continue;
        }
        auto const page = body.has_error() ? body.error() : decode_page(*body, "events");
        if (page.has_error()) {
            host_.warning("closed events cannot be read: " + page.error().text +
                          "; tried with the next listing");
            co_return;
        }
        for (auto const item : page->items) {
            auto const event = decode_event(item);
            if (event && open_events_.erase(event->id) != 0) push_event(*event);
        }
        for (; at != end; ++at) {
            auto const found = open_events_.find(missing[at]);
            if (found != open_events_.end() && ++found->second.misses == misses_max)
                open_events_.erase(found);
        }
        outbox_.added();
    }
}

net::asio::awaitable<bool> Catalogue::read_closed() {
    std::string cursor;
    unsigned old_pages = 0;
    for (unsigned number = 0; number != closed_pages_max && old_pages != old_pages_max; ++number) {
        std::string target = "/markets/keyset?closed=true&limit=100&order=closedTime&ascending=false";
        if (!cursor.empty()) target += "&after_cursor=" + net::encode_query(cursor);
        co_await wait_for_room(host_, "sweeps");
        auto const body = co_await gamma_.get(std::move(target));
        if (body.has_error()) {
            host_.warning("closed markets cannot be read: " + body.error().text +
                          "; tried with the next listing");
            co_return false;
        }
        auto const page = decode_page(*body, "markets");
        if (page.has_error()) {
            host_.reject("unreadable_page");
            drift_.keep("GET /markets", page.error().text, *body);
            co_return false;
        }
        bool recent = false, old = false;
        for (auto const item : page->items) {
            auto row = decode_market(item, {});
            if (!row) continue;
            bool const within = closed_lately(*row);
            recent = recent || (row->closed_at != 0 && within);
            old = old || (row->closed_at != 0 && !within);
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
    }
    co_return true;
}

void Catalogue::take_closed_item(std::string_view item, MarketRow& row) {
    OwnEvent const own{item};
    take_closed(row, own.candidate(row));
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
    // Its event may have closed with it, and is asked for after the sweep unless that has listed it.
    if (!row.event_id.empty()) open_events_.try_emplace(row.event_id);
    take(row, candidate);
}

void Catalogue::look_again(std::string_view market_id) {
    look_later({std::string{market_id}, 0, Clock::now() + look_every, false});
}

void Catalogue::look_for_the_end(std::string const& id) {
    look_later({id, 0, Clock::now() + look_every, true});
}

void Catalogue::look_later(Look look) {
    if (looks_.size() >= looks_max) return host_.count("looks_left_to_the_sweep");
    for (auto const& other : looks_)
        if (other.id == look.id) return;
    looks_.push_back(std::move(look));
}

void Catalogue::plan(std::string const& id, Known const& known) {
    auto const now = host_.now();
    auto const reach = std::chrono::nanoseconds{every_ + turns_margin}.count();
    if (known.turns_at <= now || known.turns_at > now + reach || known.final_row) return;
    if (turns_.size() >= turns_max) return host_.count("looks_left_to_the_sweep");
    turns_.emplace(known.turns_at, id);
}

void Catalogue::look_at_turns() {
    auto const now = host_.now();
    while (!turns_.empty() && turns_.begin()->first <= now) {
        auto const& id = turns_.begin()->second;
        auto const found = markets_.find(id);
        bool const ends = found != markets_.end() && found->second.live;
        ends ? look_for_the_end(id) : look_again(id);
        turns_.erase(turns_.begin());
    }
}

std::vector<Catalogue::Look> Catalogue::take_due_looks() {
    std::vector<Look> taken;
    auto const now = Clock::now();
    for (auto at = looks_.begin(); at != looks_.end() && taken.size() != ids_per_request;) {
        if (at->due > now) {
            ++at;
            continue;
        }
        taken.push_back(std::move(*at));
        at = looks_.erase(at);
    }
    return taken;
}

// Whether it is known well enough: it can be traded, or it has ended.
bool Catalogue::looked_enough(Look const& look) const {
    auto const found = markets_.find(look.id);
    if (found == markets_.end() || found->second.lifecycle == ARB_LIFECYCLE_NONE) return false;
    auto const lifecycle = found->second.lifecycle;
    if (look.ending) return lifecycle != ARB_LIFECYCLE_OPEN && !found->second.awaits_listing();
    return lifecycle != ARB_LIFECYCLE_UNOPENED && lifecycle != ARB_LIFECYCLE_PAUSED;
}

net::asio::awaitable<void> Catalogue::look_for_ever() {
    while (!host_.stopping()) {
        co_await net::sleep(look_every);
        look_at_turns();
        for (auto taken = take_due_looks(); !taken.empty(); taken = take_due_looks()) {
            std::vector<std::string> missing;
            for (auto const& look : taken) missing.push_back(look.id);
            co_await fetch(missing, false);
            co_await fetch_closed(missing);
            for (auto& look : taken) {
                // It was there, and nothing selects it.
                bool const there = std::find(missing.begin(), missing.end(), look.id) == missing.end();
                if (there && (!markets_.contains(look.id) || looked_enough(look))) continue;
                if (++look.tries == (look.ending ? look_tries_ending : look_tries_max)) continue;
                look.due = Clock::now() + pause_after(look.tries, look.ending);
                look_later(std::move(look));
            }
        }
    }
}

}  // namespace arb::polymarket
