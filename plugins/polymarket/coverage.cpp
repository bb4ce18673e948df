#include "polymarket/coverage.hpp"

#include <utility>

#include "arbitrage/time.hpp"

namespace arb::polymarket {

Coverage::Coverage(Gaps& gaps, Record record, Timing const& timing, std::function<void(Missing)> recover)
    : gaps_{gaps}, record_{record}, timing_{timing}, recover_{std::move(recover)} {}

void Coverage::lost(std::vector<std::string> const& markets, arb_time from, std::string_view reason,
                    std::string_view detail, bool alone) {
    // A row that is open covers what comes now as well.
    if (whole_) return;
    if (!alone) {
        for (auto const& market : markets) open(market, from, reason, detail);
        return;
    }
    whole_.emplace().prices = {from, std::string{reason}, std::string{detail}};
    open_prices({}, whole_->prices);
    open_trades({}, *whole_, whole_->prices);
}

void Coverage::open(std::string const& market, arb_time from, std::string_view reason,
                    std::string_view detail) {
    begin(market, {from, std::string{reason}, std::string{detail}}, true, false);
}

void Coverage::doubt(std::string const& market, arb_time from, std::string_view reason, bool trades) {
    auto const found = markets_.find(market);
    bool const doubted = found == markets_.end() || found->second.doubted;
    begin(market, {from, std::string{reason}, {}}, trades, doubted);
}

// Rows that are open stay as they are, and those of a book that did not stay good go on: whoever asks for a
// book of meanwhile has to learn that it was doubted again.
void Coverage::begin(std::string const& market, Row const& row, bool trades, bool doubted) {
    auto const [found, fresh] = markets_.try_emplace(market);
    auto& gap = found->second;
    if (fresh) gap.prices = row;
    if (fresh || gap.good_since != 0) open_prices(market, gap.prices);
    gap.good_since = 0;
    gap.doubted = doubted;
    if (trades) open_trades(market, gap, row);
}

void Coverage::covered(std::string const& market, arb_time now) {
    auto const found = markets_.find(market);
    if (found == markets_.end()) return;
    auto& gap = found->second;
    close_prices(market, now);
    if (gap.doubted) {
        if (gap.good_since == 0) gap.good_since = now;
        return;
    }
    close_trades(market, gap, {market}, now);
    markets_.erase(found);
}

void Coverage::all_covered(std::vector<std::string> const& markets, arb_time now) {
    if (!whole_) return;
    close_trades({}, *whole_, markets, now);
    close_prices({}, now);
    whole_.reset();
}

void Coverage::name(std::vector<std::string> const& missing, std::vector<std::string> const& markets,
                    arb_time now) {
    if (!whole_) return;
    for (auto const& market : missing) open(market, whole_->prices.from, "no_book");
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
        at = markets_.erase(at);
    }
}

void Coverage::move(std::string const& market, Coverage& to) {
    auto gap = markets_.extract(market);
    if (!gap.empty())
        to.markets_.insert(std::move(gap));
    else if (whole_)
        to.open(market, whole_->prices.from, whole_->prices.reason, whole_->prices.detail);
}

void Coverage::take_over(Coverage& other) {
    markets_.merge(other.markets_);
    if (!whole_) whole_ = std::move(other.whole_);
    other.whole_.reset();
}

void Coverage::open_prices(std::string const& market, Row const& row) {
    if (record_.quotes) gaps_.open(ARB_STREAM_QUOTES, market, row.from, row.reason, row.detail);
    if (record_.books) gaps_.open(ARB_STREAM_BOOKS, market, row.from, row.reason, row.detail);
}

void Coverage::open_trades(std::string const& market, Gap& gap, Row const& row) {
    if (!record_.trades || gap.trades) return;
    gaps_.open(ARB_STREAM_TRADES, market, row.from, row.reason, row.detail);
    gap.trades = row;
}

void Coverage::close_trades(std::string const& market, Gap& gap, std::vector<std::string> markets,
                            arb_time now) {
    if (!gap.trades) return;
    auto const row = *std::exchange(gap.trades, std::nullopt);
    auto const from = gaps_.close(ARB_STREAM_TRADES, market, now);
    if (from) recover_({std::move(markets), market, *from, now, row.reason, row.detail});
}

void Coverage::close_prices(std::string const& market, arb_time to) {
    gaps_.close(ARB_STREAM_QUOTES, market, to);
    gaps_.close(ARB_STREAM_BOOKS, market, to);
}

}  // namespace arb::polymarket
