#include "polymarket/coverage.hpp"

#include "arbitrage/time.hpp"

namespace arb::polymarket {

Coverage::Coverage(Gaps& gaps, Record record, Timing const& timing, std::function<void(Missing)> recover)
    : gaps_{gaps}, record_{record}, timing_{timing}, recover_{std::move(recover)} {}

void Coverage::lost(std::vector<std::string> const& markets, arb_time from, std::string_view reason,
                    std::string_view detail, bool alone) {
    for (auto& [market, gap] : markets_) gap.good_since = 0;
    // A row that is open covers what comes now as well.
    if (whole_.open) return;
    if (!alone) {
        for (auto const& market : markets) open(market, from, reason, detail);
        return;
    }
    whole_ = {true, false, false, from, 0, std::string{reason}, std::string{detail}};
    open_rows({}, whole_, true);
}

void Coverage::open(std::string const& market, arb_time from, std::string_view reason,
                    std::string_view detail) {
    auto& gap = markets_[market];
    gap.good_since = 0;
    gap.doubted = false;
    if (gap.open && gap.trades) return;
    // The row of trades is named by its own beginning and reason.
    gap = {true, gap.trades, false, from, 0, std::string{reason}, std::string{detail}};
    open_rows(market, gap, true);
}

void Coverage::doubt(std::string const& market, arb_time from, std::string_view reason, bool trades) {
    auto& gap = markets_[market];
    gap.good_since = 0;
    if (gap.open && (gap.trades || !trades)) return;
    gap = {true, false, gap.doubted || !gap.open, from, 0, std::string{reason}, {}};
    open_rows(market, gap, trades);
}

void Coverage::covered(std::string const& market, arb_time now) {
    auto const found = markets_.find(market);
    if (found == markets_.end()) return;
    auto& gap = found->second;
    if (gap.doubted) {
        if (gap.good_since == 0) gap.good_since = now;
        return;
    }
    close_trades(market, gap, {market}, now);
    close_prices(market, now);
    markets_.erase(found);
}

void Coverage::all_covered(std::vector<std::string> const& markets, arb_time now) {
    if (!whole_.open) return;
    close_trades({}, whole_, markets, now);
    close_prices({}, now);
    whole_ = {};
}

void Coverage::name(std::vector<std::string> const& missing, std::vector<std::string> const& markets,
                    arb_time now) {
    if (!whole_.open) return;
    for (auto const& market : missing) open(market, whole_.from, "no_book");
    all_covered(markets, now);
}

void Coverage::left(std::string const& market, arb_time now) {
    auto const found = markets_.find(market);
    if (found == markets_.end()) return;
    close_trades(market, found->second, {market}, now);
    close_prices(market, now);
    markets_.erase(found);
}

void Coverage::settle(arb_time now) {
    auto const wait = std::chrono::nanoseconds{timing_.doubt_settles}.count();
    for (auto at = markets_.begin(); at != markets_.end();) {
        auto const good = at->second.good_since;
        if (good == 0 || now - good < wait) {
            ++at;
            continue;
        }
        close_trades(at->first, at->second, {at->first}, good);
        close_prices(at->first, good);
        at = markets_.erase(at);
    }
}

void Coverage::move(std::string const& market, Coverage& to) {
    auto gap = markets_.extract(market);
    if (!gap.empty())
        to.markets_.insert(std::move(gap));
    else if (whole_.open)
        to.open(market, whole_.from, whole_.reason, whole_.detail);
}

void Coverage::take_over(Coverage& other) {
    markets_.merge(other.markets_);
    if (!whole_.open) whole_ = other.whole_;
    other.whole_ = {};
}

void Coverage::open_rows(std::string const& market, Gap& gap, bool trades) {
    if (record_.quotes) gaps_.open(ARB_STREAM_QUOTES, market, gap.from, gap.reason, gap.detail);
    if (record_.books) gaps_.open(ARB_STREAM_BOOKS, market, gap.from, gap.reason, gap.detail);
    if (!trades || !record_.trades || gap.trades) return;
    gaps_.open(ARB_STREAM_TRADES, market, gap.from, gap.reason, gap.detail);
    gap.trades = true;
}

void Coverage::close_trades(std::string const& market, Gap& gap, std::vector<std::string> markets,
                            arb_time now) {
    if (!gap.trades) return;
    gap.trades = false;
    auto const from = gaps_.close(ARB_STREAM_TRADES, market, now);
    if (from) recover_({std::move(markets), market, *from, now, gap.reason, gap.detail});
}

void Coverage::close_prices(std::string const& market, arb_time to) {
    gaps_.close(ARB_STREAM_QUOTES, market, to);
    gaps_.close(ARB_STREAM_BOOKS, market, to);
}

}  // namespace arb::polymarket
