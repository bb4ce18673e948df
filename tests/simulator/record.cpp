#include "simulator/record.hpp"

#include <algorithm>

namespace arb::simulator {
namespace {

// Titles may hold bytes no JSON reader accepts.
std::string hex(std::string_view bytes) {
    std::string out = "\"";
    for (char const c : bytes) {
        out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return out += '"';
}

std::string amounts(Market const& market) {
    bool const kalshi = market.venue == Venue::kalshi;
    bool const bid = !market.bids.empty(), ask = !market.asks.empty();
    return R"(,"bid":)" + decimal_or_null(market.best_bid()) + R"(,"bid_size":)" +
           decimal_or_null(bid ? market.bid_size() : ARB_ABSENT) + R"(,"ask":)" +
           decimal_or_null(market.best_ask()) + R"(,"ask_size":)" +
           decimal_or_null(ask ? market.ask_size() : ARB_ABSENT) + R"(,"last_price":)" +
           decimal_or_null(market.last_price) + R"(,"last_size":)" +
           decimal_or_null(market.last_price == ARB_ABSENT ? ARB_ABSENT : market.last_size) +
           R"(,"volume":)" + decimal_or_null(kalshi ? market.volume : ARB_ABSENT) + R"(,"open_interest":)" +
           decimal_or_null(kalshi ? market.open_interest : ARB_ABSENT);
}

std::string levels(std::map<std::int64_t, std::int64_t> const& side, bool descending) {
    std::vector<std::string> out;
    for (auto const& [price, size] : side)
        out.push_back("[\"" + format_decimal(price) + "\",\"" + format_decimal(size) + "\"]");
    if (descending) std::reverse(out.begin(), out.end());
    return '[' + joined(out) + ']';
}

std::string numbers(std::vector<unsigned> const& of) {
    std::vector<std::string> out;
    for (auto const number : of) out.push_back(std::to_string(number));
    return '[' + joined(out) + ']';
}

}  // namespace

void Ledger::write(std::string const& total, std::string const& text) {
    out_ << text << '\n';
    ++totals_[total];
}

void Ledger::line(std::string const& kind, Market const& market, std::string const& rest, std::int64_t ms,
                  Delivery const& to) {
    auto const total = std::string{name_of(market.venue)} + '.' + kind;
    if (!to.missed.empty()) ++totals_[total + ".missed"];
    if (!market.sampled && kind != "trade" && kind != "status") {
        ++totals_[total + (to.live() ? "" : ".unseen")];
        return;
    }
    std::string text = R"({"kind":")" + kind + R"(","venue":")" + name_of(market.venue) + R"(","market":")" +
                       market.id + '"' + rest + R"(,"ms":)" + std::to_string(ms) + R"(,"live":)" +
                       boolean(to.live());
    if (!to.seen.empty()) text += R"(,"seen":)" + numbers(to.seen);
    if (!to.missed.empty()) text += R"(,"missed":)" + numbers(to.missed);
    write(total + (to.live() ? "" : ".unseen"), text + '}');
}

void Ledger::quote(Market const& market, std::int64_t ms, Delivery const& to) {
    line("quote", market, amounts(market), ms, to);
}

void Ledger::lifecycle(Market const& market) {
    write(std::string{name_of(market.venue)} + ".lifecycle",
          R"({"kind":"lifecycle","venue":")" + std::string{name_of(market.venue)} + R"(","market":")" +
              market.id + R"(","status":")" + name_of(market.status) + R"(","result":)" +
              json_text(market.result) + R"(,"ms":)" + std::to_string(market.updated_ms) + '}');
}

void Ledger::created(Market const& market, Delivery const& to) {
    write(std::string{name_of(market.venue)} + ".created",
          R"({"kind":"created","venue":")" + std::string{name_of(market.venue)} + R"(","market":")" +
              market.id + R"(","announced":)" + boolean(to.live()) + R"(,"tradable_ms":)" +
              std::to_string(market.open_ms) + R"(,"ms":)" + std::to_string(market.created_ms) + '}');
    fee(market);
    book("opening_book", market, market.created_ms);
}

void Ledger::fee(char const* scope, FeeChange const& change, char const* source, Delivery const& to) {
    write("kalshi.fee", R"({"kind":"fee","venue":"kalshi","scope":")" + std::string{scope} +
                            R"(","scope_id":)" + json_text(change.subject) + R"(,"type":)" +
                            (change.type.empty() ? std::string{"null"} : json_text(change.type)) +
                            R"(,"multiplier":)" + decimal_or_null(change.multiplier) + R"(,"source":")" +
                            source + R"(","effective_ms":)" + std::to_string(change.ms) + R"(,"live":)" +
                            boolean(to.live()) + '}');
}

void Ledger::fee(Market const& market) {
    if (market.venue == Venue::kalshi || market.fee_rate == ARB_ABSENT || !market.sampled) return;
    write("polymarket.fee", R"({"kind":"fee","venue":"polymarket","scope":"market","scope_id":")" +
                                market.id + R"(","type":"general_fees","rate":)" +
                                decimal_or_null(market.fee_rate) +
                                R"(,"exponent":"1","rebate_rate":"0.25","taker_only":true,"live":true})");
}

void Ledger::ticks(Market const& market, std::int64_t before, Delivery const& to) {
    line("ticks", market,
         R"(,"before":")" + format_decimal(before) + R"(","after":")" + format_decimal(market.tick) +
             R"(","grid":")" + market.grid + '"',
         market.updated_ms, to);
}

void Ledger::close_time(Market const& market, Delivery const& to) {
    line("close_time", market, R"(,"close_ms":)" + std::to_string(market.close_ms), market.updated_ms, to);
}

void Ledger::book(char const* kind, Market const& market, std::int64_t ms) {
    line(kind, market, R"(,"bids":)" + levels(market.bids, true) + R"(,"asks":)" + levels(market.asks, false),
         ms, {{0}, {}});
}

void Ledger::opening(World& world) {
    for (auto const& [ticker, series] : world.series())
        fee("series", {"", ticker, series.fee_type, series.fee_multiplier, series.updated_ms}, "series",
            {{0}, {}});
    for (auto const& market : world.markets()) {
        if (market.combo) continue;
        fee(market);
        book("opening_book", market, market.book_ms);
    }
}

void Ledger::connection(Venue venue, unsigned number, bool open) {
    write(std::string{name_of(venue)} + (open ? ".connection" : ".connection.closed"),
          R"({"kind":"connection","venue":")" + std::string{name_of(venue)} + R"(","connection":)" +
              std::to_string(number) + R"(,"open":)" + boolean(open) + R"(,"ms":)" +
              std::to_string(now_ms()) + '}');
}

void Ledger::fault(Fault const& fault) {
    write(std::string{name_of(fault.venue)} + ".fault",
          R"({"kind":"fault","venue":")" + std::string{name_of(fault.venue)} + R"(","fault":")" + fault.kind +
              R"(","connection":)" + std::to_string(fault.connection) + R"(,"market":)" +
              json_text(fault.market) + R"(,"ms":)" + std::to_string(now_ms()) + R"(,"until_ms":)" +
              std::to_string(fault.until_ms) + '}');
}

void Ledger::fault_stopped(std::string const& kind, Venue venue) {
    write(std::string{name_of(venue)} + ".fault_stopped",
          R"({"kind":"fault_stopped","venue":")" + std::string{name_of(venue)} + R"(","fault":")" + kind +
              R"(","ms":)" + std::to_string(now_ms()) + '}');
}

void Ledger::trade(Market const& market, Trade const& trade, Delivery const& to) {
    // Kalshi's prints are stored for outcome 0; Polymarket's keep the printed token's outcome, price and
    // side.
    bool const other = trade.printed_outcome == 1;
    line("trade", market,
         R"(,"trade_id":")" + trade.id + R"(","outcome":)" + std::to_string(trade.printed_outcome) +
             R"(,"price":")" + format_decimal(other ? ARB_UNIT - trade.price : trade.price) +
             R"(","size":")" + format_decimal(trade.size) + R"(","taker_side":")" +
             (trade.taker_buys != other ? "buy" : "sell") + R"(","block":)" + boolean(trade.block),
         trade.ms, to);
}

void Ledger::change(Market const& market, Change const& change, std::int64_t ms, Delivery const& to) {
    if (to.live() && !market.trades())
        ++totals_[std::string{name_of(market.venue)} + ".book_change.after_end"];
    line("book_change", market,
         R"(,"side":")" + std::string{change.bid ? "bid" : "ask"} + R"(","price":")" +
             format_decimal(change.price) + R"(","size":")" + format_decimal(change.size) + '"',
         ms, to);
}

void Ledger::status(Market const& market, std::int64_t ms, Delivery const& to) {
    line("status", market, R"(,"status":")" + std::string{name_of(market.status)} + '"', ms, to);
}

void Ledger::finish(World& world) {
    if (finished_) return;
    finished_ = true;
    Delivery const known{{0}, {}};
    for (auto const& event : world.events()) {
        // Of an event whose markets are not in the sample nothing is held.
        if (!world.markets()[event.markets.front()].sampled) continue;
        out_ << R"({"kind":"final_event","venue":")" << name_of(event.venue) << R"(","event":")" << event.id
             << R"(","series":")" << event.series << R"(","category":")" << event.category
             << R"(","title_hex":)" << hex(event.title) << R"(,"mutually_exclusive":)"
             << boolean(event.exclusive) << R"(,"markets":)" << event.markets.size() << "}\n";
        ++totals_[std::string{name_of(event.venue)} + ".final_event"];
    }
    for (auto const& market : world.markets()) {
        if (market.combo || !market.sampled) continue;
        std::vector<std::string> tokens;
        for (auto const& token : market.tokens) tokens.push_back(json_text(token));
        // Polymarket tells a result only with the settlement.
        bool const untold = market.venue == Venue::polymarket && market.status == Status::determined;
        line("final_market", market,
             R"(,"event":")" + world.events()[market.event].id + R"(","title_hex":)" + hex(market.title) +
                 R"(,"status":")" + name_of(untold ? Status::closed : market.status) + R"(","result":)" +
                 json_text(untold ? "" : market.result) + R"(,"settlement_value":)" +
                 decimal_or_null(untold ? ARB_ABSENT : market.settlement) + R"(,"tick_size":")" +
                 format_decimal(market.tick) + R"(","tokens":[)" + joined(tokens) + ']',
             market.updated_ms, known);
        line("final_quote", market, amounts(market), market.book_ms, known);
        book("final_book", market, market.book_ms);
    }
    flush();
}

std::string Ledger::totals() const {
    std::string out = R"({"finished":)" + std::string{boolean(finished_)};
    for (auto const& [name, count] : totals_) out += ',' + json_text(name) + ':' + std::to_string(count);
    return out + "}\n";
}

void Report::violation(Venue venue, std::string const& kind, std::string const& text) {
    auto& violation = violations_[key(venue, kind)];
    if (violation.times++ == 0) violation.first = text;
}

std::string Report::json() const {
    std::string out = R"({"violations":{)";
    char const* separator = "";
    for (auto const& [name, violation] : violations_) {
        out += separator + json_text(name) + R"(:{"times":)" + std::to_string(violation.times) +
               R"(,"first":)" + json_text(violation.first) + '}';
        separator = ",";
    }
    out += R"(},"counters":{)";
    separator = "";
    for (auto const& [name, count] : counters_) {
        out += separator + json_text(name) + ':' + std::to_string(count);
        separator = ",";
    }
    return out + "}}\n";
}

}  // namespace arb::simulator
