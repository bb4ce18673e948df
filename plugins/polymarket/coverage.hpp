// What one connection's markets may be missing, written down as gaps. Prices and trades have rows of their
// own, because trades can be obtained afterwards and prices cannot.
//
// Thread safety: none; on the venue's thread. Times are given. Bounded by the markets of the connection.
#pragma once

#include <functional>
#include <map>
#include <optional>
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
    // The book of a market is wrong; its trades came, or some of them could not be read. Its row ends with
    // the next book, and goes on if that is in doubt a moment later.
    void doubt(std::string const& market, arb_time from, std::string_view reason, bool trades = false);
    // A market has all its books (again).
    void covered(std::string const& market, arb_time now);
    // Every market of the connection has. `markets` are those it carries.
    void all_covered(std::vector<std::string> const& markets, arb_time now);
    // While some are still without: from here on the gap is that of single markets.
    void name(std::vector<std::string> const& missing, std::vector<std::string> const& markets, arb_time now);
    // Nobody follows it any more.
    void left(std::string const& market, arb_time now);
    // Forgets the doubts of books that stayed good, and ends their rows of trades; call it now and then.
    void settle(arb_time now);
    // `to` goes on with what is open for one market.
    void move(std::string const& market, Coverage& to);
    // Goes on with what another connection had open for these markets.
    void take_over(Coverage& other);

    bool whole() const { return whole_.has_value(); }
    std::size_t open_count() const { return markets_.size(); }

  private:
    struct Row {
        arb_time from = 0;
        std::string reason, detail;
    };
    struct Gap {
        Row prices;
        std::optional<Row> trades;  // while their row is open
        bool doubted = false;
        arb_time good_since = 0;  // then its prices' rows were closed; 0: they are open
    };
    void begin(std::string const& market, Row const& row, bool trades, bool doubted);
    void open_prices(std::string const& market, Row const& row);
    void open_trades(std::string const& market, Gap& gap, Row const& row);
    void close_trades(std::string const& market, Gap& gap, std::vector<std::string> markets, arb_time now);
    void close_prices(std::string const& market, arb_time to);

    Gaps& gaps_;
    Record const record_;
    Timing const& timing_;
    std::function<void(Missing)> const recover_;
    std::map<std::string, Gap> markets_;
    std::optional<Gap> whole_;
};

}  // namespace arb::polymarket
