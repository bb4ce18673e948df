#include <algorithm>

#include "simulator/kalshi.hpp"

namespace arb::simulator {
namespace {

std::string seconds(std::int64_t ms) { return std::to_string(ms / 1000); }

}  // namespace

std::string ticker_msg(Market const& market, std::int64_t ms, bool with_dollars) {
    bool const bid = !market.bids.empty(), ask = !market.asks.empty();
    auto const last = market.last_price == ARB_ABSENT ? 0 : market.last_price;
    auto out = R"({"market_ticker":")" + market.id + R"(","market_id":")" + market.uuid +
               R"(","price_dollars":")" + fixed(last, 4) + R"(","yes_bid_dollars":")" +
               fixed(bid ? market.best_bid() : 0, 4) + R"(","yes_ask_dollars":")" +
               fixed(ask ? market.best_ask() : ARB_UNIT, 4) + R"(","volume_fp":")" + fixed(market.volume, 2) +
               R"(","open_interest_fp":")" + fixed(market.open_interest, 2) + '"';
    if (with_dollars)
        out += R"(,"dollar_volume":)" + std::to_string(market.volume / 2'000'000) +
               R"(,"dollar_open_interest":)" + std::to_string(market.open_interest / 2'000'000);
    out += R"(,"yes_bid_size_fp":")" + fixed(bid ? market.bid_size() : 0, 2) + R"(","yes_ask_size_fp":")" +
           fixed(ask ? market.ask_size() : 0, 2) + R"(","last_trade_size_fp":")" +
           fixed(market.last_size, 2) + '"';
    // ts_ms 0: without times, to compare what a ticker says.
    if (ms != 0) {
        out += R"(,"ts":)" + seconds(ms) + R"(,"ts_ms":)" + std::to_string(ms);
        if (with_dollars) out += R"(,"time":")" + rfc3339(ms / 1000 * 1000) + '"';
    }
    return out + '}';
}

unsigned Kalshi::broadcast(char const* channel, Market const* market, std::string const& type,
                           std::string const& msg, Delivery& to) {
    bool wanted = false;
    for (auto* const session : sessions_) {
        bool asked = false;
        bool const sent = session->send(channel, market, type, msg, asked);
        if (asked) (sent ? to.seen : to.missed).push_back(session->line().number());
        wanted = wanted || asked;
    }
    if (wanted) report_.count(Venue::kalshi, std::string{channel} + "_messages");
    return wanted ? 1 : 0;
}

unsigned Kalshi::acted(Market const& market, Action const& action) {
    unsigned frames = 0;
    for (auto const& change : action.changes) {
        Delivery to;
        // The NO side's book holds bids, too: a YES offer at p is a NO bid at 1 - p.
        auto const price = change.bid ? change.price : ARB_UNIT - change.price;
        auto const begin = R"({"market_ticker":")" + market.id + R"(","market_id":")" + market.uuid + '"';
        auto const end = R"(,"delta_fp":")" + fixed(change.delta, 2) + R"(","side":")" +
                         (change.bid ? "yes" : "no") + R"(","ts":")" + rfc3339(action.ms) + R"(","ts_ms":)" +
                         std::to_string(action.ms) + '}';
        frames += broadcast("orderbook_delta", &market, "orderbook_delta",
                            begin + R"(,"price_dollars":")" + fixed(price, 4) + '"' + end, to);
        ledger_.change(market, change, action.ms, to);
    }
    for (auto const& trade : action.trades) {
        Delivery to;
        auto const* const taker = trade.taker_buys ? "yes" : "no";
        frames +=
            broadcast("trade", &market, "trade",
                      R"({"trade_id":")" + trade.id + R"(","market_ticker":")" + market.id +
                          R"(","yes_price_dollars":")" + fixed(trade.price, 4) + R"(","no_price_dollars":")" +
                          fixed(ARB_UNIT - trade.price, 4) + R"(","count_fp":")" + fixed(trade.size, 2) +
                          R"(","taker_side":")" + taker + R"(","taker_outcome_side":")" + taker +
                          R"(","taker_book_side":")" + (trade.taker_buys ? "bid" : "ask") +
                          R"(","is_block_trade":)" + boolean(trade.block) + R"(,"ts":)" + seconds(trade.ms) +
                          R"(,"ts_ms":)" + std::to_string(trade.ms) + '}',
                      to);
        ledger_.trade(market, trade, to);
    }
    auto state = ticker_msg(market, 0, false);
    auto& last = last_ticker_[market.index];
    if (state != last) {
        last = std::move(state);
        Delivery to;
        // Some real frames lack what the documentation requires.
        frames +=
            broadcast("ticker", &market, "ticker", ticker_msg(market, action.ms, market.index % 8 != 0), to);
        ledger_.quote(market, action.ms, to);
    }
    return std::max(frames, 1U);
}

unsigned Kalshi::tell(Market const& market, std::string const& rest, Delivery& to) {
    return broadcast("market_lifecycle_v2", nullptr, "market_lifecycle_v2",
                     R"({"market_ticker":")" + market.id + '"' + rest + '}', to);
}

// A change of status that is announced.
unsigned Kalshi::lifecycle(Market const& market, std::string const& rest) {
    Delivery to;
    auto const frames = tell(market, rest, to);
    ledger_.status(market, now_ms(), to);
    return frames;
}

unsigned Kalshi::event_created(Event const& event) {
    Delivery to;
    return broadcast("market_lifecycle_v2", nullptr, "event_lifecycle",
                     R"({"event_ticker":")" + event.id + R"(","exchange_index":0,"title":)" +
                         json_text(event.title) + R"(,"subtitle":)" + json_text(event.subtitle) +
                         R"(,"collateral_return_type":")" + (event.exclusive ? "MECNET" : "") +
                         R"(","series_ticker":")" + event.series + R"("})",
                     to);
}

unsigned Kalshi::market_created(Market const& market) {
    auto const& event = world_.events()[market.event];
    Delivery to;
    auto const frames = tell(
        market,
        R"(,"event_type":"created","exchange_index":0,"open_ts":)" + seconds(market.open_ms) +
            R"(,"close_ts":)" + seconds(market.close_ms) + R"(,"price_level_structure":")" + market.grid +
            R"(","price_ranges":)" + price_ranges(market) + R"(,"additional_metadata":{"name":)" +
            json_text(market.title) + R"(,"title":)" + json_text(market.title) +
            R"(,"yes_sub_title":"Yes","no_sub_title":"No","rules_primary":)" + json_text(market.rules) +
            R"(,"rules_secondary":"","can_close_early":true,"event_ticker":")" + event.id +
            R"(","expected_expiration_ts":)" + seconds(market.close_ms) +
            R"(,"strike_type":"greater_or_equal","floor_strike":)" + format_decimal(market.strike) + '}',
        to);
    ledger_.created(market, to);
    return frames;
}

unsigned Kalshi::status_changed(Market const& market, Status before) {
    ledger_.lifecycle(market);
    switch (market.status) {
        case Status::open:
            // Opening at open_time has no event; coming back from a pause or an early close has.
            if (before == Status::unopened) return 0;
            return lifecycle(market, R"(,"event_type":"activated","is_deactivated":false)");
        case Status::paused:
            return lifecycle(market, R"(,"event_type":"deactivated","is_deactivated":true)");
        case Status::determined:
            return lifecycle(market, R"(,"determination_ts":)" + seconds(market.updated_ms) +
                                         R"(,"result":")" + market.result + R"(","settlement_value":")" +
                                         fixed(market.settlement, 4) + R"(","event_type":"determined")");
        case Status::settled:
            return lifecycle(market, R"(,"event_type":"settled","settled_ts":)" + seconds(market.settled_ms));
        default:
            return 0;
    }
}

unsigned Kalshi::close_moved(Market const& market) {
    Delivery to;
    auto const frames = tell(
        market, R"(,"close_ts":)" + seconds(market.close_ms) + R"(,"event_type":"close_date_updated")", to);
    ledger_.close_time(market, to);
    return frames;
}

unsigned Kalshi::ticks_changed(Market const& market, std::int64_t before) {
    Delivery to;
    auto const frames = tell(market,
                             R"(,"event_type":"price_level_structure_updated","price_level_structure":")" +
                                 market.grid + R"(","price_ranges":)" + price_ranges(market),
                             to);
    ledger_.ticks(market, before, to);
    return frames;
}

unsigned Kalshi::strike_changed(Market const& market) {
    Delivery ignored;
    return tell(market,
                R"(,"event_type":"metadata_updated","floor_strike":)" + format_decimal(market.strike) +
                    R"(,"strike_type":"greater_or_equal")",
                ignored);
}

unsigned Kalshi::event_fees_changed(Event const& event) {
    bool const cleared = event.fee_type.empty();
    Delivery to;
    auto const frames =
        broadcast("market_lifecycle_v2", nullptr, "event_fee_update",
                  R"({"event_ticker":")" + event.id + R"(","fee_type_override":)" +
                      (cleared ? "null" : json_text(event.fee_type)) + R"(,"fee_multiplier_override":)" +
                      (cleared ? "null" : format_decimal(event.fee_multiplier)) + '}',
                  to);
    ledger_.fee("event", world_.event_fee_changes().back(), "event_fee_update", to);
    return frames;
}

unsigned Kalshi::series_fees_changed(FeeChange const& change) {
    ledger_.fee("series", change, "series", {});  // only listings tell
    return 0;
}

void Kalshi::heartbeat() {
    for (auto* const session : sessions_) session->ping();
}

void Kalshi::settle() {
    if (faults_.idle()) return;
    for (auto* const session : sessions_)
        if (!faults_.active("reorder", Venue::kalshi, session->line().number())) session->line().settle();
}

void Kalshi::cut(unsigned connection, bool reset) {
    for (auto* const session : sessions_)
        if (connection == 0 || session->line().number() == connection) session->line().socket().cut(reset);
}

std::vector<unsigned> Kalshi::connection_numbers() const {
    std::vector<unsigned> out;
    for (auto* const session : sessions_) out.push_back(session->line().number());
    std::sort(out.begin(), out.end());
    return out;
}

std::size_t Kalshi::subscribed() const {
    std::unordered_set<std::size_t> markets;
    for (auto const* const channel : {"orderbook_delta", "ticker"}) {
        for (auto const* const session : sessions_) session->add_markets_of(channel, markets);
        if (!markets.empty()) break;
    }
    return markets.size();
}

void Kalshi::flood(Flood& flood) {
    flood_ = &flood;
    for (auto* const session : sessions_) session->flood();
}

}  // namespace arb::simulator
