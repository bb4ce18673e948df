// Which rule of `select` takes how many markets: one sweep of the open events, nothing stored.
#include <boost/json/object.hpp>

#include "arbitrage/time.hpp"
#include "polymarket/call.hpp"
#include "polymarket/selection_count.hpp"

namespace arb::polymarket {

SelectionCount::SelectionCount(Select const& select) {
    for (auto const name : rules_of(select)) rules.push_back({name});
    for (auto const& [option, list] : {std::pair{"categories", &select.categories},
                                       {"tags", &select.tags},
                                       {"series", &select.series},
                                       {"events", &select.events},
                                       {"markets", &select.markets}})
        for (auto const& name : *list) names.push_back({option, name});
}

void SelectionCount::meet(Candidate const& candidate) {
    for (auto& [option, name, met] : names) {
        if (met) continue;
        Select one;
        (option == "categories" ? one.categories
         : option == "tags"     ? one.tags
         : option == "series"   ? one.series
         : option == "events"   ? one.events
                                : one.markets) = {name};
        met = lets_in(one, option, candidate, 0);
    }
}

void SelectionCount::add(Select const& select, std::string_view text, arb_time now) {
    auto const event = decode_event(text);
    if (!event) return;
    auto const category = lower_case(event->category), series = lower_case(event->series);
    Candidate candidate;
    candidate.tags = &event->tags;
    candidate.category = category;
    candidate.series = series;
    candidate.event_id = event->id;
    candidate.event_slug = event->slug;
    for (auto const item : markets_of_event(text)) {
        auto const market = decode_market(item, event->id);
        // Open events keep markets that have closed.
        if (!market || market->lifecycle > ARB_LIFECYCLE_PAUSED) continue;
        candidate.market_id = market->id;
        candidate.market_slug = market->slug;
        candidate.volume_24h = market->volume_24h;
        candidate.closes_at = market->closes_at != 0 ? market->closes_at : event->closes_at;
        bool all = true;
        for (auto& rule : rules) {
            bool const taken = lets_in(select, rule.name, candidate, now);
            ++(taken ? rule.takes : rule.leaves_out);
            all = all && taken;
        }
        ++(all ? takes : leaves_out);
        meet(candidate);
    }
}

namespace {

// A probe has 15 s, most of which are for reaching the services.
constexpr std::chrono::seconds names_asked_max{4};

// Whether an event, open or closed, has this id or slug; it has if that cannot be asked.
asio::awaitable<bool> has_event(Rest& gamma, std::string const& name) {
    bool const by_id = name.find_first_not_of("0123456789") == std::string::npos;
    for (bool const closed : {false, true}) {
        std::string target =
            closed ? "/events/keyset?closed=true&limit=1&" : "/events/keyset?closed=false&limit=1&";
        target += (by_id ? "id=" : "slug=") + net::encode_query(name);
        auto const body = co_await gamma.get(std::move(target));
        if (body.has_error()) co_return true;
        auto const page = decode_page(*body, "events");
        if (page.has_error()) co_return true;
        for (auto const item : page->items)
            if (auto const event = decode_event(item); event && (event->id == name || event->slug == name))
                co_return true;
    }
    co_return false;
}

}  // namespace

asio::awaitable<void> unknown_names(Call const& call) {
    auto const gamma = call.gamma();
    if (gamma.has_error()) co_return;
    auto const& select = call.settings.select;
    auto const end = std::chrono::steady_clock::now() + names_asked_max;
    auto const left = [&] { return std::chrono::steady_clock::now() < end; };
    for (auto const& name : select.events)
        if (left() && !co_await has_event(**gamma, name)) call.row({{"unknown", "events " + name}});
    for (auto const& name : select.markets) {
        if (!left()) co_return;
        auto const market = co_await find_market(**gamma, name);
        if (market.has_error() && market.error().status == ARB_PERMANENT)
            call.row({{"unknown", "markets " + name}});
    }
}

asio::awaitable<Result<>> selection(Call const& call) {
    auto const& select = call.settings.select;
    SelectionCount count{select};
    auto const now = arb::now();
    Visit const visit = [&](std::string_view event) {
        count.add(select, event, now);
        return true;
    };
    auto const swept = co_await each_event(call, "id&ascending=true", visit);
    if (swept.has_error()) co_return swept.error();
    auto const row = [&](std::string_view rule, std::uint64_t takes, std::uint64_t leaves_out) {
        return call.row({{"rule", rule}, {"takes", takes}, {"leaves_out", leaves_out}});
    };
    for (auto const& rule : count.rules)
        if (!row(rule.name, rule.takes, rule.leaves_out)) co_return Result<>{};
    for (auto const& [option, name, met] : count.names)
        if (!met && !call.row({{"rule", std::string{option} + " " + name},
                               {"takes", 0},
                               {"leaves_out", count.takes + count.leaves_out},
                               {"note", "no open market has this name"}}))
            co_return Result<>{};
    row("all rules together", count.takes, count.leaves_out);
    co_return Result<>{};
}

}  // namespace arb::polymarket
