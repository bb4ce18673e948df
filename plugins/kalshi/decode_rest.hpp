// REST bodies to rows and packets. A body is parsed once into a Document; rows point into it. One bad row
// never costs its neighbours: it is left out and counted, or written with what is readable and flagged.
//
// Thread safety: none. Rows live as long as their Document.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agreement.hpp"
#include "arbitrage/result.hpp"
#include "decode.hpp"
#include "fees.hpp"

namespace arb::kalshi {

// A JSON object and the memory it lies in.
class Document {
  public:
    // ARB_RETRY if the body is not a JSON object: what a gateway in between answers is not.
    static Result<Document> parse(std::string_view body);
    boost::json::object const& object() const { return value_->get_object(); }

    // Where the next page begins; empty on the last one, which the venue says in three ways.
    std::string_view cursor() const;
    // It is there and no text: where the next page begins cannot be read.
    bool odd_cursor() const;
    // Whether the body has such a list; null is an empty one. An answer without its list is none.
    bool lists(std::string_view key) const;
    // The members of an array of this body; empty if there is none.
    boost::json::array const& list(std::string_view key) const;

  private:
    std::shared_ptr<boost::json::monotonic_resource> memory_;
    std::shared_ptr<boost::json::value const> value_;
};

// What an error body says, in one line for people; empty if nothing readable.
std::string error_text(std::string_view body);

struct Series {
    std::string category;
    Fee fee;
    std::string title, frequency;
    std::string tags;         // JSON
    std::string raw;          // JSON
    arb_time updated_at = 0;  // 0: not known
};
using SeriesTable = std::map<std::string, Series, std::less<>>;

// An item of `series` of GET /series, or the `series` of GET /series/{ticker}; its ticker goes to `ticker`.
// Nothing if it cannot be used; `reason` says why.
std::optional<Series> read_one_series(boost::json::value const& value, std::string& ticker, Doubts& doubts,
                                      std::string_view& reason);
// All of GET /series that can be used.
void read_series(Document const& document, SeriesTable& table);
void write_series(Packets& packets, std::string_view ticker, Series const& series, arb_time received);

struct MarketRow {
    boost::json::object const* raw = nullptr;
    std::string_view ticker, event_ticker, title, status, result, waived_until;
    std::string rules, price_ranges;
    int lifecycle = ARB_LIFECYCLE_NONE;
    std::int64_t tick_size = ARB_ABSENT;
    std::int64_t settlement_value = ARB_ABSENT;
    std::int64_t volume_24h = ARB_ABSENT;
    Quote quote;
    arb_time opens_at = 0, closes_at = 0, expected_at = 0, settled_at = 0;
    arb_time updated_at = 0;  // when anything but trading changed it; 0: not known
    Doubts doubts;            // of the contract
    Doubts quote_doubts;      // of its prices
    bool lags = false;        // a frame has told more than this row knows
};

// A market object, nested in an event or of GET /markets. Nothing if it cannot be used; `reason` says why.
std::optional<MarketRow> read_market(boost::json::value const& value, std::string_view& reason);

// Only the prices of a market object, for polls that read all of them again and again.
struct QuoteRow {
    std::string_view ticker;
    Quote quote;
    Doubts doubts;
};
std::optional<QuoteRow> read_quote_row(boost::json::value const& value, std::string_view& reason);

struct EventRow {
    boost::json::object const* raw = nullptr;
    std::string_view ticker, series, title, subtitle, category;
    int mutually_exclusive = ARB_NOT_KNOWN;
    std::optional<Fee> fee;  // outranks the one of the series
    arb_time updated_at = 0;
    boost::json::array const* markets = nullptr;
    Doubts doubts;
};

std::optional<EventRow> read_event(boost::json::value const& value, std::string_view& reason);

// What holds for the markets of an event: the override of the event, else the series.
struct EventContext {
    std::string category;
    Fee fee;
};
EventContext context_of(EventRow const& event, SeriesTable const& series);

// The lifecycle and times of an event from its markets, which alone have a status.
struct EventSpan {
    int lifecycle = ARB_LIFECYCLE_NONE;
    arb_time opens_at = 0, closes_at = 0;
    void add(MarketRow const& market);
};

void write_event(Packets& packets, EventRow const& event, EventContext const& context, EventSpan const& span,
                 arb_time received);
void write_market(Packets& packets, MarketRow const& market, Fee const& fee, arb_time received);

// Until when the venue moved its past to the /historical lists, in GET /historical/cutoff. 0: not known.
struct Cutoff {
    arb_time markets_settled = 0;
    arb_time trades_created = 0;
};
Cutoff read_cutoff(Document const& document, Doubts& doubts);

// The content of a row without prices and volumes, for ChangeFilter: a market that only traded has not
// changed.
std::string content_of(boost::json::object const& raw);

// GET /exchange/status. The exchange is divided into parts; while any of them trades, it trades.
inline constexpr std::size_t exchange_parts_max = 100;  // there are four; more are left out
struct ExchangeState {
    struct Part {
        std::int64_t number = 0;
        std::string description;
        std::string word;  // as that of the whole
    };
    bool trading = true;
    std::string word;         // which of its fields says that it stands still; "active" if it trades
    std::vector<Part> parts;  // those that do not trade
    std::string resumes;      // when the venue expects to trade again, in its words; often empty
};
ExchangeState read_exchange(Document const& document);

// The `orderbook_fp` of `object`, which is GET /markets/{ticker}/orderbook or an item of `orderbooks` of GET
// /markets/orderbooks: bids of both sides in prices of each side's own leg.
struct BookRow {
    std::vector<arb_level> yes, no;
    Best best() const;
};
std::optional<BookRow> read_book(boost::json::object const& object, std::string_view& reason);

// An item of `orderbooks`.
struct ListedBook {
    std::string_view ticker;
    BookRow book;
};
std::optional<ListedBook> read_listed_book(boost::json::value const& value, std::string_view& reason);

// GET /markets/trades; an item of `trades`.
struct TradeRow {
    Trade trade;
    Doubts doubts;
};
std::optional<TradeRow> read_trade(boost::json::value const& value, std::string_view& reason);

}  // namespace arb::kalshi
