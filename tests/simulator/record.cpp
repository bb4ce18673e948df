#include "simulator/record.hpp"

#include <array>

namespace arb::simulator {
namespace {

constexpr std::array fault_kinds = {
    "freeze",   "cut",       "seq_gap",       "duplicate",        "reorder",    "http_429",
    "http_500", "malformed", "renamed_field", "accept_then_drop", "no_snapshot"};

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

}  // namespace

void Ledger::line(std::string const& kind, Market const& market, std::string const& rest, std::int64_t ms,
                  bool live) {
    out_ << R"({"kind":")" << kind << R"(","venue":")" << name_of(market.venue) << R"(","market":")"
         << market.id << '"' << rest << R"(,"ms":)" << ms << R"(,"live":)" << boolean(live) << "}\n";
    ++totals_[std::string{name_of(market.venue)} + '.' + kind + (live ? "" : ".unseen")];
}

void Ledger::quote(Market const& market, std::int64_t ms, bool live) {
    line("quote", market, amounts(market), ms, live);
}

void Ledger::trade(Market const& market, Trade const& trade, bool live) {
    // Kalshi's prints are stored for outcome 0; Polymarket's keep the printed token's outcome, price and
    // side.
    bool const other = trade.printed_outcome == 1;
    line("trade", market,
         R"(,"trade_id":")" + trade.id + R"(","outcome":)" + std::to_string(trade.printed_outcome) +
             R"(,"price":")" + format_decimal(other ? ARB_UNIT - trade.price : trade.price) +
             R"(","size":")" + format_decimal(trade.size) + R"(","taker_side":")" +
             (trade.taker_buys != other ? "buy" : "sell") + R"(","block":)" + boolean(trade.block),
         trade.ms, live);
}

void Ledger::change(Market const& market, Change const& change, std::int64_t ms, bool live) {
    line("book_change", market,
         R"(,"side":")" + std::string{change.bid ? "bid" : "ask"} + R"(","price":")" +
             format_decimal(change.price) + R"(","size":")" + format_decimal(change.size) + '"',
         ms, live);
}

void Ledger::status(Market const& market, std::int64_t ms, bool live) {
    line("status", market, R"(,"status":")" + std::string{name_of(market.status)} + '"', ms, live);
}

void Ledger::finish(World& world) {
    if (finished_) return;
    finished_ = true;
    for (auto const& event : world.events()) {
        if (!event.visible) continue;
        out_ << R"({"kind":"final_event","venue":")" << name_of(event.venue) << R"(","event":")" << event.id
             << R"(","series":")" << event.series << R"(","category":")" << event.category
             << R"(","title_hex":)" << hex(event.title) << R"(,"mutually_exclusive":)"
             << boolean(event.exclusive) << R"(,"markets":)" << event.markets.size() << "}\n";
        ++totals_[std::string{name_of(event.venue)} + ".final_event"];
    }
    for (auto const& market : world.markets()) {
        if (market.combo) continue;
        std::vector<std::string> tokens;
        for (auto const& token : market.tokens) tokens.push_back(json_text(token));
        line("final_market", market,
             R"(,"event":")" + world.events()[market.event].id + R"(","title_hex":)" + hex(market.title) +
                 R"(,"status":")" + name_of(market.status) + R"(","result":)" + json_text(market.result) +
                 R"(,"settlement_value":)" + decimal_or_null(market.settlement) + R"(,"tick_size":")" +
                 format_decimal(market.tick) + R"(","tokens":[)" + joined(tokens) + ']',
             market.updated_ms, true);
        line("final_quote", market, amounts(market), market.book_ms, true);
        line("final_book", market,
             R"(,"bids":)" + levels(market.bids, true) + R"(,"asks":)" + levels(market.asks, false),
             market.book_ms, true);
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

bool Faults::known(std::string const& kind) {
    for (auto const* const name : fault_kinds)
        if (kind == name) return true;
    return false;
}

void Faults::start(std::string const& kind, Venue venue, double seconds) {
    auto& fault = faults_[kind + name_of(venue)];
    fault.until_ms = now_ms() + static_cast<std::int64_t>(seconds * 1000);
    ++fault.times;
}

bool Faults::active(std::string const& kind, Venue venue) const {
    auto const found = faults_.find(kind + name_of(venue));
    return found != faults_.end() && now_ms() < found->second.until_ms;
}

std::uint64_t Faults::times(std::string const& kind, Venue venue) const {
    auto const found = faults_.find(kind + name_of(venue));
    return found == faults_.end() ? 0 : found->second.times;
}

Line::Line(std::shared_ptr<Socket> socket, Venue venue, Faults& faults)
    : socket_{std::move(socket)},
      venue_{venue},
      faults_{faults},
      gaps_{faults.times("seq_gap", venue)},
      malformed_{faults.times("malformed", venue)} {}

bool Line::strikes_once(std::string const& kind, std::uint64_t& seen) {
    auto const times = faults_.times(kind, venue_);
    bool const strikes = times != seen;
    seen = times;
    return strikes;
}

bool Line::data(std::string frame) {
    if (faults_.active("freeze", venue_)) return false;
    if (strikes_once("seq_gap", gaps_)) return false;
    if (strikes_once("malformed", malformed_)) {
        socket_->send(frame.substr(0, frame.size() / 2));
        socket_->send(R"({"type":"surprise","sid":1,"event_type":"surprise","msg":{"unknown":[1,2,3]}})");
        socket_->send(R"([[],42,"text",null])");
    }
    if (faults_.active("renamed_field", venue_)) {
        for (std::string const name : {"\"yes_bid_dollars\"", "\"delta_fp\"", "\"count_fp\"", "\"size\""}) {
            auto const at = frame.find(name);
            if (at == std::string::npos) continue;
            frame.replace(at, name.size(), "\"renamed\"");
            socket_->send(std::move(frame));
            return false;
        }
    }
    bool const reorder = faults_.active("reorder", venue_);
    if (reorder && held_.empty()) {
        held_ = std::move(frame);
        return true;
    }
    if (faults_.active("duplicate", venue_)) socket_->send(frame);
    socket_->send(std::move(frame));
    settle();
    return true;
}

void Line::settle() {
    if (held_.empty()) return;
    socket_->send(std::move(held_));
    held_.clear();
}

}  // namespace arb::simulator
