#include "selection_report.hpp"

#include <unordered_set>

#include "arbitrage/time.hpp"
#include "catalogue.hpp"

namespace arb::kalshi {

namespace {

struct Count {
    std::string_view rule;
    std::int64_t takes = 0, leaves_out = 0;
};

struct Tally {
    std::array<Count, rules_count> rules;
    Count all{"all rules together"};
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
    }
};

}  // namespace

net::asio::awaitable<Result<>> report_selection(Rest& rest, Settings const& settings, Rows const& row) {
    constexpr std::uint64_t series_bytes_max = 64 << 20;
    constexpr std::size_t page_events = 200;
    SeriesTable series;
    std::string target = "/series";
    auto const document = co_await rest.get(std::move(target), false, series_bytes_max);
    if (document.has_error()) co_return document.error();
    read_series(*document, series);
    Tally tally;
    auto const now = arb::now();
    std::function<bool(Document const&)> take = [&](Document const& page) {
        for (auto const& item : page.list("events")) {
            std::string_view reason;
            auto const event = read_event(item, reason);
            if (!event || !tally.seen.emplace(event->ticker).second) continue;
            auto const context = context_of(*event, series);
            for (auto const& each : *event->markets)
                if (auto const market = read_market(each, reason))
                    tally.add(settings,
                              {context.category, event->series, event->ticker, market->ticker,
                               market->volume_24h, market->closes_at},
                              now);
        }
        return true;
    };
    // Everything is listed, whatever is selected: what is left out is to be seen as well.
    for (auto& each : sweep_targets(Select{}, page_events)) {
        auto pages = take;
        auto const read = co_await rest.pages(std::move(each), std::move(pages));
        if (read.has_error()) co_return read.error();
    }
    auto const show = [&](Count const& count) {
        return row({{"rule", count.rule}, {"takes", count.takes}, {"leaves_out", count.leaves_out}});
    };
    for (auto const& rule : tally.rules)
        if (!rule.rule.empty() && !show(rule)) co_return Result<>{};
    show(tally.all);
    co_return Result<>{};
}

}  // namespace arb::kalshi
