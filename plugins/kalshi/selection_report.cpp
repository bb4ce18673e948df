#include "selection_report.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "arbitrage/time.hpp"
#include "catalogue.hpp"

namespace arb::kalshi {

namespace json = boost::json;

namespace {

constexpr std::uint64_t series_bytes_max = 64 << 20;
constexpr std::size_t page_events = 200;
// The most the venue takes in one list of tickers.
constexpr std::size_t tickers_max = 100;

struct Count {
    std::string_view rule;
    std::int64_t takes = 0, leaves_out = 0;
};

// A name in `select`, and whether an open market has it.
struct Named {
    std::string_view option;
    std::string const* name;
    std::string_view Candidate::*of;
    bool met = false;
};

std::vector<Named> names_in(Select const& select) {
    std::vector<Named> out;
    auto const add = [&](std::string_view option, auto const& list, std::string_view Candidate::*of) {
        for (auto const& name : list) out.push_back({option, &name, of});
    };
    add("categories", select.categories, &Candidate::category);
    add("series", select.series, &Candidate::series);
    add("events", select.events, &Candidate::event);
    add("markets", select.markets, &Candidate::market);
    return out;
}

struct Tally {
    std::array<Count, rules_count> rules;
    Count all{"all rules together"};
    std::vector<Named> names;
    std::unordered_set<std::string> seen;  // an event with open and with unopened markets is listed as both

    void add(Settings const& settings, Candidate const& candidate, arb_time now) {
        auto const verdicts = judge(settings.select, settings.shard, candidate, now);
        bool taken = true;
        for (std::size_t at = 0; at != verdicts.size(); ++at) {
            rules[at].rule = verdicts[at].in_force ? verdicts[at].rule : std::string_view{};
            ++(verdicts[at].takes ? rules[at].takes : rules[at].leaves_out);
            taken = taken && (verdicts[at].takes || !verdicts[at].in_force);
        }
        ++(taken ? all.takes : all.leaves_out);
        for (auto& name : names) name.met = name.met || same_letters(*name.name, candidate.*name.of);
    }

    void add_event(Settings const& settings, json::value const& item, SeriesTable const& series,
                   arb_time now) {
        std::string_view reason;
        auto const event = read_event(item, reason);
        if (!event || !seen.emplace(event->ticker).second) return;
        auto const context = context_of(*event, series);
        for (auto const& each : *event->markets) {
            auto const market = read_market(each, reason);
            // Open events keep markets that have closed.
            if (!market || !has_prices(market->lifecycle)) continue;
            add(settings,
                {context.category, event->series, event->ticker, market->ticker, market->volume_24h,
                 market->closes_at},
                now);
        }
    }

    Result<> show(Rows const& row) const {
        auto const said = [](Count const& count) {
            // What the rule does, not what it takes.
            std::string_view const rule = count.rule == "combos" ? "combos excepted" : count.rule;
            return json::object{{"rule", rule}, {"takes", count.takes}, {"leaves_out", count.leaves_out}};
        };
        for (auto const& rule : rules)
            if (!rule.rule.empty() && !row(said(rule))) return {};
        for (auto const& name : names) {
            if (name.met) continue;
            Count const none{name.option, 0, all.takes + all.leaves_out};
            auto shown = said(none);
            shown["rule"] = std::string{name.option} + " " + *name.name;
            shown["note"] = "no open market has this name";
            if (!row(shown)) return {};
        }
        row(said(all));
        return {};
    }
};

// Events of combos that are named, or whose markets are: no list has them by name.
net::asio::awaitable<Result<std::set<std::string>>> combo_events(Rest& rest, Select const& select) {
    std::set<std::string> out;
    std::vector<std::string> markets;
    std::copy_if(select.events.begin(), select.events.end(), std::inserter(out, out.end()), is_combo);
    std::copy_if(select.markets.begin(), select.markets.end(), std::back_inserter(markets), is_combo);
    for (std::size_t at = 0; at < markets.size(); at += tickers_max) {
        auto target = "/markets?limit=1000&tickers=" + joined(markets, at, tickers_max);
        auto const page = co_await rest.get(std::move(target));
        if (page.has_error()) co_return page.error();
        for (auto const& item : page->list("markets")) {
            std::string_view reason;
            if (auto const market = read_market(item, reason); market && !market->event_ticker.empty())
                out.emplace(market->event_ticker);
        }
    }
    co_return out;
}

// Those of `names` that none of the lists has.
net::asio::awaitable<std::vector<std::string>> missing(Rest& rest, std::vector<std::string> names,
                                                       std::vector<char const*> paths, char const* key,
                                                       char const* ticker) {
    for (auto const* const path : paths) {
        std::set<std::string> found;
        for (std::size_t at = 0; at < names.size(); at += tickers_max) {
            auto target = path + joined(names, at, tickers_max);
            auto const page = co_await rest.get(std::move(target));
            if (page.has_error() && page.error().status == ARB_PERMANENT) continue;  // has nothing of them
            if (page.has_error()) co_return std::vector<std::string>{};
            for (auto const& item : page->list(key)) {
                auto const* const row = item.if_object();
                auto const* const name = row != nullptr ? row->if_contains(ticker) : nullptr;
                if (name != nullptr && name->is_string()) found.emplace(name->get_string());
            }
        }
        std::erase_if(names, [&](auto const& name) {
            return std::any_of(found.begin(), found.end(),
                               [&](auto const& one) { return same_letters(one, name); });
        });
    }
    co_return names;
}

}  // namespace

net::asio::awaitable<Result<>> report_selection(Rest& rest, Settings const& settings, Rows const& row) {
    SeriesTable series;
    std::string target = "/series";
    auto const document = co_await rest.get(std::move(target), false, series_bytes_max);
    if (document.has_error()) co_return document.error();
    read_series(*document, series);
    Tally tally;
    tally.names = names_in(settings.select);
    auto const now = arb::now();
    std::function<bool(Document const&)> take = [&](Document const& page) {
        for (auto const& item : page.list("events")) tally.add_event(settings, item, series, now);
        return true;
    };
    // Everything is listed, whatever is selected: what is left out is to be seen as well. Of combos, which
    // are more than anybody could list, those that are named.
    auto targets = sweep_targets(Select{}, page_events);
    Select combos;
    std::copy_if(settings.select.series.begin(), settings.select.series.end(),
                 std::back_inserter(combos.series), is_combo);
    if (!combos.series.empty())
        for (auto& each : sweep_targets(combos, page_events)) targets.push_back(std::move(each));
    for (auto& each : targets) {
        auto pages = take;
        auto const read = co_await rest.pages(std::move(each), std::move(pages));
        if (read.has_error()) co_return read.error();
    }
    auto const events = co_await combo_events(rest, settings.select);
    if (events.has_error()) co_return events.error();
    for (auto const& event : *events) {
        target = "/events/" + net::encode_query(event) + "?with_nested_markets=true";
        auto const body = co_await rest.get(std::move(target));
        if (body.has_error() && body.error().where == "not_found") continue;
        if (body.has_error()) co_return body.error();
        if (auto const* const item = body->object().if_contains("event"))
            tally.add_event(settings, *item, series, now);
    }
    co_return tally.show(row);
}

net::asio::awaitable<std::vector<std::string>> unknown_names(Rest& rest, Select const& select) {
    std::vector<std::string> out;
    auto const add = [&](char const* option, std::vector<std::string> const& names) {
        for (auto const& name : names) out.push_back(std::string{option} + " " + name);
    };
    if (!select.categories.empty() || !select.series.empty()) {
        std::string target = "/series";
        auto const document = co_await rest.get(std::move(target), false, series_bytes_max);
        SeriesTable table;
        if (document.has_value()) read_series(*document, table);
        auto const unless = [&](std::vector<std::string> names, auto const& is) {
            std::erase_if(names, [&](auto const& name) {
                return table.empty() || is_combo(name) ||
                       std::any_of(table.begin(), table.end(),
                                   [&](auto const& one) { return same_letters(is(one), name); });
            });
            return names;
        };
        add("categories", unless(select.categories, [](auto const& one) { return one.second.category; }));
        add("series", unless(select.series, [](auto const& one) { return one.first; }));
    }
    auto events = select.events;
    std::erase_if(events, is_combo);
    std::vector<char const*> lists{"/events?limit=200&tickers="};
    add("events", co_await missing(rest, std::move(events), std::move(lists), "events", "event_ticker"));
    auto markets = select.markets;
    lists = {"/markets?limit=1000&tickers=", "/historical/markets?limit=1000&tickers="};
    add("markets", co_await missing(rest, std::move(markets), std::move(lists), "markets", "ticker"));
    co_return out;
}

}  // namespace arb::kalshi
