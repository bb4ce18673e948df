// Which rule of `select` takes how many markets: one sweep of the open events, nothing stored.
#include <boost/json/object.hpp>

#include "arbitrage/time.hpp"
#include "polymarket/call.hpp"
#include "polymarket/selection_count.hpp"

namespace arb::polymarket {

SelectionCount::SelectionCount(Select const& select) {
    for (auto const name : rules_of(select)) rules.push_back({name});
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
        if (!market) continue;
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
    row("total", count.takes, count.leaves_out);
    co_return Result<>{};
}

}  // namespace arb::polymarket
