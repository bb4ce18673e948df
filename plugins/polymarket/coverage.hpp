// What one connection's markets may be missing, written down as gaps. Prices and trades have rows of their
// own, because trades can be obtained afterwards and prices cannot.
//
// Thread safety: none; on the venue's thread. Times are given. Bounded by the markets of the connection.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "polymarket/prices.hpp"
#include "polymarket/timing.hpp"
#include "venue/gaps.hpp"

namespace arb::polymarket {

// Trades of an interval that are to be read over REST, and the gap's row, which is named by its market
// (empty: all of the instance), `from`, and the rest of what it says.
struct Missing {
    std::vector<std::string> markets;
    std::string row_market;
    arb_time from = 0, to = 0;
    std::string reason, detail;
};

class Coverage {
  public:
    Coverage(Gaps& gaps, Record record, Timing const& timing, std::function<void(Missing)> recover);

    // The connection gave nothing from `from` on. `alone`: it carries every market, so one row says it.
    void lost(std::vector<std::string> const& markets, arb_time from, std::string_view reason,
              std::string_view detail, bool alone);
    // Prices and trades of one market are missing.
    void open(std::string const& market, arb_time from, std::string_view reason,
              std::string_view detail = {});
    // The book of a market is wrong; its trades came, or some of them could not be read.
    void doubt(std::string const& market, arb_time from, std::string_view reason, bool trades = false);
    // A market has all its books (again).
    void covered(std::string const& market, arb_time now);
    // Every market of the connection has. `markets` are those it carries.
    void all_covered(std::vector<std::string> const& markets, arb_time now);
    // While some are still without: from here on the gap is that of single markets.
    void name(std::vector<std::string> const& missing, std::vector<std::string> const& markets, arb_time now);
    // Nobody follows it any more.
    void left(std::string const& market, arb_time now);
    // Ends the gaps of books that stayed good; call it now and then.
    void settle(arb_time now);
    // `to` goes on with what is open for one market.
    void move(std::string const& market, Coverage& to);
    // Goes on with what another connection had open for these markets.
    void take_over(Coverage& other);

    bool whole() const { return whole_.open; }
    std::size_t open_count() const { return markets_.size(); }

  private:
    struct Gap {
        bool open = false;
        bool trades = false;  // their row is open, too
        bool doubted = false;
        arb_time from = 0;
        arb_time good_since = 0;  // 0: it is not good
        std::string reason, detail;
    };
    void open_rows(std::string const& market, Gap& gap, bool trades);
    void close_trades(std::string const& market, Gap& gap, std::vector<std::string> markets, arb_time now);
    void close_prices(std::string const& market, arb_time to);

    Gaps& gaps_;
    Record const record_;
    Timing const& timing_;
    std::function<void(Missing)> const recover_;
    std::map<std::string, Gap> markets_;
    Gap whole_;
};

}  // namespace arb::polymarket
