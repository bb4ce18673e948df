#include <algorithm>

#include "simulator/polymarket.hpp"

namespace arb::simulator {
namespace {

constexpr std::size_t connections_advised_max = 10;  // more are slowed down by the venue
constexpr int announcements = 3;                     // of one new market: the venue repeats itself
constexpr auto min_order_size = "5";

std::string const& token_of(Market const& market, int outcome) {
    return market.tokens[static_cast<std::size_t>(outcome)];
}

std::string best(std::int64_t price, char const* absent) {
    return price == ARB_ABSENT ? absent : format_decimal(price);
}

std::string best_bid(Market const& market, int outcome) {
    return best(outcome == 0 ? market.best_bid() : complement(market.best_ask()), "0");
}

std::string best_ask(Market const& market, int outcome) {
    return best(outcome == 0 ? market.best_ask() : complement(market.best_bid()), "1");
}

std::string tokens_json(Market const& market) {
    return "[\"" + market.tokens[0] + "\",\"" + market.tokens[1] + "\"]";
}

// Levels of one outcome's book, as on the wire: bids ascending, asks descending, the best last. Outcome 1 is
// the mirror: its bids are the other's asks at 1 - p.
std::string book_levels(Market const& market, int outcome, bool bids) {
    bool const own_bids = (outcome == 0) == bids;
    std::string out;
    auto const put = [&](auto from, auto to) {
        for (; from != to; ++from)
            out.append(out.empty() ? R"([{"price":")" : R"(,{"price":")")
                .append(format_decimal(outcome == 0 ? from->first : ARB_UNIT - from->first))
                .append(R"(","size":")")
                .append(format_decimal(from->second))
                .append(R"("})");
    };
    // Bids rise and asks fall to the best in both views; mirroring turns the order round.
    if (own_bids)
        put(market.bids.begin(), market.bids.end());
    else
        put(market.asks.rbegin(), market.asks.rend());
    return out.empty() ? "[]" : out + ']';
}

// One outcome's book as the wire shows it, and its hash. The longest text there is: made once for each
// change.
struct ShownBook {
    std::string bids, asks, hash;
};
ShownBook shown_book(Market const& market, int outcome, std::int64_t ms) {
    ShownBook shown{book_levels(market, outcome, true), book_levels(market, outcome, false), {}};
    shown.hash =
        sha1_hex(R"({"market":")" + market.id + R"(","asset_id":")" + token_of(market, outcome) +
                 R"(","timestamp":")" + std::to_string(ms) + R"(","hash":"","bids":)" + shown.bids +
                 R"(,"asks":)" + shown.asks + R"(,"min_order_size":")" + min_order_size +
                 R"(","tick_size":")" + format_decimal(market.tick) + R"(","neg_risk":)" +
                 boolean(market.neg_risk) + R"(,"last_trade_price":")" + last_trade_text(market) + R"("})");
    return shown;
}

// What follows a trade.
std::string book_refresh(Market const& market, int outcome, ShownBook const& shown, std::int64_t ms) {
    return R"({"market":")" + market.id + R"(","asset_id":")" + token_of(market, outcome) + R"(","bids":)" +
           shown.bids + R"(,"asks":)" + shown.asks + R"(,"hash":")" + shown.hash + R"(","timestamp":")" +
           std::to_string(ms) + R"(","event_type":"book"})";
}

}  // namespace

int outcome_of(Market const& market, std::string const& token) { return market.tokens[0] == token ? 0 : 1; }

std::string last_trade_text(Market const& market) {
    return market.printed_price == ARB_ABSENT ? "" : fixed(market.printed_price, 3);
}

std::string book_json(Market const& market, int outcome, bool rest) {
    auto const shown = shown_book(market, outcome, market.book_ms);
    auto out = R"({"market":")" + market.id + R"(","asset_id":")" + token_of(market, outcome) +
               R"(","timestamp":")" + std::to_string(market.book_ms) + R"(","hash":")" + shown.hash +
               R"(","bids":)" + shown.bids + R"(,"asks":)" + shown.asks;
    if (rest)
        return out + R"(,"min_order_size":")" + min_order_size + R"(","tick_size":")" +
               format_decimal(market.tick) + R"(","neg_risk":)" + boolean(market.neg_risk) +
               R"(,"last_trade_price":")" + last_trade_text(market) + R"("})";
    return out + R"(,"tick_size":")" + format_decimal(market.tick) +
           R"(","event_type":"book","last_trade_price":")" + last_trade_text(market) + R"("})";
}

// ---- the venue's side ----

bool Polymarket::deliver(PolymarketSession& session, Market const& market, char const* what,
                         std::string const& frame, Delivery& to) {
    bool const sent = session.send(frame, market.id, what == std::string_view{"last_trade_price"});
    (sent ? to.seen : to.missed).push_back(session.line().number());
    return sent;
}

unsigned Polymarket::broadcast(Market const& market, char const* what, std::string const& frame,
                               bool flagged_only, int outcome, Delivery& to) {
    auto const found = subscribers_.find(market.index);
    if (found == subscribers_.end()) return 0;
    bool wanted = false;
    for (auto* const session : found->second) {
        if (!session->subscribed() || (flagged_only && !session->flagged())) continue;
        if (!session->wants(market, outcome)) continue;
        wanted = true;
        deliver(*session, market, what, frame, to);
    }
    if (wanted) report_.count(Venue::polymarket, std::string{what} + "_messages");
    return wanted ? 1 : 0;
}

// To everybody, whatever they asked for.
unsigned Polymarket::announce(Market const& market, std::string const& frame, Delivery& to) {
    bool wanted = false;
    for (auto* const session : sessions_) {
        if (!session->subscribed() || !session->flagged()) continue;
        wanted = true;
        deliver(*session, market, "new_market", frame, to);
    }
    if (wanted) report_.count(Venue::polymarket, "new_market_messages");
    return wanted ? 1 : 0;
}

unsigned Polymarket::acted(Market const& market, Action const& action) {
    unsigned frames = 0;
    Delivery to;
    auto const time = std::to_string(action.ms);
    auto const begin = R"({"market":")" + market.id + '"';
    for (auto const& trade : action.trades) {
        Delivery seen;
        bool const other = trade.printed_outcome == 1;
        frames += broadcast(
            market, "last_trade_price",
            begin + R"(,"asset_id":")" + market.tokens[static_cast<std::size_t>(trade.printed_outcome)] +
                R"(","price":")" + format_decimal(other ? ARB_UNIT - trade.price : trade.price) +
                R"(","size":")" + format_decimal(trade.size) + R"(","fee_rate_bps":"0","side":")" +
                (trade.taker_buys != other ? "BUY" : "SELL") + R"(","timestamp":")" + time +
                R"(","event_type":"last_trade_price","transaction_hash":")" + trade.id + R"("})",
            false, trade.printed_outcome, seen);
        ledger_.trade(market, trade, seen);
    }
    if (action.changes.empty()) return std::max(frames, 1U);
    // The best prices come first, then the change that moved them, with the same time.
    for (int outcome = 0; outcome != 2; ++outcome) {
        auto const bid = best_bid(market, outcome), ask = best_ask(market, outcome);
        auto const spread = parse_decimal(ask).millionths - parse_decimal(bid).millionths;
        Delivery ignored;
        frames +=
            broadcast(market, "best_bid_ask",
                      begin + R"(, "asset_id":")" + token_of(market, outcome) + R"(", "best_bid":")" + bid +
                          R"(", "best_ask":")" + ask + R"(", "spread":")" + format_decimal(spread) +
                          R"(", "timestamp":")" + time + R"(", "event_type":"best_bid_ask"})",
                      true, outcome, ignored);
    }
    std::vector<std::string> entries;
    ShownBook const shown[] = {shown_book(market, 0, action.ms), shown_book(market, 1, action.ms)};
    for (auto const& change : action.changes)
        for (int outcome = 0; outcome != 2; ++outcome)
            entries.push_back(R"({"asset_id":")" + token_of(market, outcome) + R"(","price":")" +
                              format_decimal(outcome == 0 ? change.price : ARB_UNIT - change.price) +
                              R"(","size":")" + format_decimal(change.size) + R"(","side":")" +
                              (change.bid == (outcome == 0) ? "BUY" : "SELL") + R"(","hash":")" +
                              shown[outcome].hash + R"(","best_bid":")" + best_bid(market, outcome) +
                              R"(","best_ask":")" + best_ask(market, outcome) + R"("})");
    frames += broadcast(market, "price_change",
                        begin + R"(,"price_changes":[)" + joined(entries) + R"(],"timestamp":")" + time +
                            R"(","event_type":"price_change"})",
                        false, -1, to);
    for (auto const& change : action.changes) ledger_.change(market, change, action.ms, to);
    ledger_.quote(market, action.ms, to);
    if (!action.trades.empty())
        for (int outcome = 0; outcome != 2; ++outcome) {
            Delivery ignored;
            frames += broadcast(market, "book", book_refresh(market, outcome, shown[outcome], action.ms),
                                false, outcome, ignored);
        }
    return std::max(frames, 1U);
}

unsigned Polymarket::market_created(Market const& market) {
    auto const& event = world_.events()[market.event];
    auto const tokens = tokens_json(market);
    // Its figures are texts here, numbers in listings.
    auto const fees = market.fee_rate == ARB_ABSENT ? std::string{"false"}
                                                    : R"(true,"fee_schedule":{"exponent":"1","rate":")" +
                                                          format_decimal(market.fee_rate) +
                                                          R"(","taker_only":"true","rebate_rate":"0.25"})";
    unsigned frames = 0;
    Delivery to;
    for (int n = 0; n != announcements; ++n) {
        frames += announce(
            market,
            R"({"id":")" + market.gamma_id + R"(","question":)" + json_text(market.title) + R"(,"market":")" +
                market.id + R"(","slug":"simulated-)" + market.gamma_id + R"(","description":)" +
                json_text(market.rules) + R"(,"assets_ids":)" + tokens + R"(,"outcomes":[)" +
                json_text(market.outcomes[0]) + ',' + json_text(market.outcomes[1]) +
                R"(],"event_message":{"id":")" + event.id + R"(","ticker":")" + event.slug + R"(","slug":")" +
                event.slug + R"(","title":)" + json_text(event.title) +
                R"(,"description":"Simulated."},"timestamp":")" + std::to_string(now_ms()) +
                R"(","event_type":"new_market","tags":["Simulated"],"condition_id":")" + market.id +
                R"(","active":true,"clob_token_ids":)" + json_text(tokens) +
                R"(,"sports_market_type":"","line":"","game_start_time":")" +
                (n == 0 ? "" : "2026-12-31 14:25:00+00") + R"(","order_price_min_tick_size":")" +
                format_decimal(market.tick) +
                R"(","group_item_title":"","taker_base_fee":"1000","fees_enabled":)" + fees + '}',
            to);
    }
    ledger_.created(market, to);
    return frames;
}

unsigned Polymarket::status_changed(Market const& market, Status) {
    ledger_.lifecycle(market);
    // A resolution is announced when it is settled; "determined" is a word of the other venue.
    if (market.status != Status::settled) return 0;
    Delivery to;
    if (!market.announced) return ledger_.status(market, market.settled_ms, to), 0;
    auto const winner = market.settlement == ARB_UNIT ? 0U : 1U;
    auto const frames =
        broadcast(market, "market_resolved",
                  R"({"id":")" + market.gamma_id + R"(","market":")" + market.id + R"(","assets_ids":)" +
                      tokens_json(market) + R"(,"winning_asset_id":")" + market.tokens[winner] +
                      R"(","winning_outcome":)" + json_text(market.outcomes[winner]) +
                      R"(,"event_message":null,"timestamp":")" + std::to_string(market.settled_ms) +
                      R"(","event_type":"market_resolved","tags":["Simulated"]})",
                  true, -1, to);
    ledger_.status(market, market.settled_ms, to);
    return frames;
}

unsigned Polymarket::ticks_changed(Market const& market, std::int64_t before) {
    unsigned frames = 0;
    Delivery to;
    for (int outcome = 0; outcome != 2; ++outcome) {
        auto const& token = token_of(market, outcome);
        frames += broadcast(
            market, "tick_size_change",
            R"({"market":")" + market.id + R"(", "asset_id":")" + token + R"(", "old_tick_size":")" +
                format_decimal(before) + R"(", "new_tick_size":")" + format_decimal(market.tick) +
                R"(", "timestamp":")" + std::to_string(now_ms()) + R"(", "event_type":"tick_size_change"})",
            false, outcome, to);
    }
    ledger_.ticks(market, before, to);
    return frames;
}

std::variant<HttpResponse, Upgrade> Polymarket::upgrade(HttpRequest const& request) {
    if (request.path != "/ws/market") {
        report_.violation(Venue::polymarket, "unknown_path", request.path);
        return HttpResponse{404, "", "text/plain"};
    }
    if (faults_.active("cut", Venue::polymarket) || faults_.active("reset", Venue::polymarket))
        return HttpResponse{503, "", "text/plain"};
    if (auto const fault = faults_.answer(Venue::polymarket)) return *fault;
    if (sessions_.size() >= connections_advised_max)
        report_.violation(Venue::polymarket, "many_connections", std::to_string(sessions_.size() + 1));
    return Upgrade{[this](std::shared_ptr<Socket> socket) -> std::unique_ptr<SocketHandler> {
        return std::make_unique<PolymarketSession>(*this, std::move(socket));
    }};
}

void Polymarket::watch() {
    for (auto* const session : sessions_) session->watch();
}

void Polymarket::settle() {
    if (faults_.idle()) return;
    for (auto* const session : sessions_)
        if (!faults_.active("reorder", Venue::polymarket, session->line().number())) session->line().settle();
}

void Polymarket::cut(unsigned connection, bool reset) {
    for (auto* const session : sessions_)
        if (connection == 0 || session->line().number() == connection) session->line().socket().cut(reset);
}

std::vector<unsigned> Polymarket::connection_numbers() const {
    std::vector<unsigned> out;
    for (auto* const session : sessions_) out.push_back(session->line().number());
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace arb::simulator
