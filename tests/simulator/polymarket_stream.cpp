#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "simulator/polymarket.hpp"

namespace arb::simulator {
namespace {

namespace json = boost::json;

constexpr std::size_t served_tokens_max = 500;  // beyond, subscriptions are accepted and books do not come
constexpr std::size_t chunk_tokens_max = 100;   // of later subscriptions
constexpr std::size_t connections_advised_max = 10;  // more are slowed down by the venue
constexpr std::size_t waiting_bytes_max = 64 << 20;
constexpr std::int64_t ping_late_ms = 30'000;
constexpr std::int64_t idle_cut_ms = 125'000;  // measured on the real service
constexpr int announcements = 3;               // of one new market: the venue repeats itself
constexpr auto min_order_size = "5";

std::string level(std::int64_t price, std::int64_t size) {
    return R"({"price":")" + format_decimal(price) + R"(","size":")" + format_decimal(size) + R"("})";
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

}  // namespace

int outcome_of(Market const& market, std::string const& token) { return market.tokens[0] == token ? 0 : 1; }

std::string book_levels(Market const& market, int outcome, bool bids) {
    // Outcome 1 is the mirror: its bids are the other's asks at 1 - p.
    std::vector<std::string> out;
    bool const own_bids = (outcome == 0) == bids;
    auto const& side = own_bids ? market.bids : market.asks;
    auto const put = [&](std::pair<std::int64_t const, std::int64_t> const& entry) {
        out.push_back(level(outcome == 0 ? entry.first : ARB_UNIT - entry.first, entry.second));
    };
    // Bids rise and asks fall to the best in both views; mirroring turns the order round.
    bool const rising = own_bids;
    if (rising)
        for (auto at = side.begin(); at != side.end(); ++at) put(*at);
    else
        for (auto at = side.rbegin(); at != side.rend(); ++at) put(*at);
    return '[' + joined(out) + ']';
}

std::string last_trade_text(Market const& market) {
    return market.printed_price == ARB_ABSENT ? "" : fixed(market.printed_price, 3);
}

std::string book_hash(Market const& market, int outcome, std::int64_t ms) {
    return sha1_hex(R"({"market":")" + market.id + R"(","asset_id":")" +
                    market.tokens[static_cast<std::size_t>(outcome)] + R"(","timestamp":")" +
                    std::to_string(ms) + R"(","hash":"","bids":)" + book_levels(market, outcome, true) +
                    R"(,"asks":)" + book_levels(market, outcome, false) + R"(,"min_order_size":")" +
                    min_order_size + R"(","tick_size":")" + format_decimal(market.tick) + R"(","neg_risk":)" +
                    boolean(market.neg_risk) + R"(,"last_trade_price":")" + last_trade_text(market) +
                    R"("})");
}

std::string book_json(Market const& market, int outcome, bool rest) {
    auto out = R"({"market":")" + market.id + R"(","asset_id":")" +
               market.tokens[static_cast<std::size_t>(outcome)] + R"(","timestamp":")" +
               std::to_string(market.book_ms) + R"(","hash":")" + book_hash(market, outcome, market.book_ms) +
               R"(","bids":)" + book_levels(market, outcome, true) + R"(,"asks":)" +
               book_levels(market, outcome, false);
    if (rest)
        return out + R"(,"min_order_size":")" + min_order_size + R"(","tick_size":")" +
               format_decimal(market.tick) + R"(","neg_risk":)" + boolean(market.neg_risk) +
               R"(,"last_trade_price":")" + last_trade_text(market) + R"("})";
    return out + R"(,"tick_size":")" + format_decimal(market.tick) +
           R"(","event_type":"book","last_trade_price":")" + last_trade_text(market) + R"("})";
}

// ---- the venue's side ----

unsigned Polymarket::broadcast(Market const& market, char const* what, std::string const& frame,
                               bool flagged_only, bool to_all, Delivery& to) {
    bool wanted = false;
    for (auto* const session : sessions_) {
        if (!session->subscribed() || (flagged_only && !session->flagged())) continue;
        if (!to_all && !session->wants(market)) continue;
        wanted = true;
        bool const sent = session->send(frame, market.id, what == std::string_view{"last_trade_price"});
        (sent ? to.seen : to.missed).push_back(session->line().number());
    }
    if (wanted) report_.count(Venue::polymarket, std::string{what} + "_messages");
    return wanted ? 1 : 0;
}

std::string Polymarket::book_refresh(Market const& market, int outcome, std::int64_t ms) {
    return R"({"market":")" + market.id + R"(","asset_id":")" +
           market.tokens[static_cast<std::size_t>(outcome)] + R"(","bids":)" +
           book_levels(market, outcome, true) + R"(,"asks":)" + book_levels(market, outcome, false) +
           R"(,"hash":")" + book_hash(market, outcome, ms) + R"(","timestamp":")" + std::to_string(ms) +
           R"(","event_type":"book"})";
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
            false, false, seen);
        ledger_.trade(market, trade, seen);
    }
    if (action.changes.empty()) return std::max(frames, 1U);
    // The best prices come first, then the change that moved them, with the same time.
    for (int outcome = 0; outcome != 2; ++outcome) {
        auto const bid = best_bid(market, outcome), ask = best_ask(market, outcome);
        auto const spread = parse_decimal(ask).millionths - parse_decimal(bid).millionths;
        Delivery ignored;
        frames += broadcast(market, "best_bid_ask",
                            begin + R"(, "asset_id":")" + market.tokens[static_cast<std::size_t>(outcome)] +
                                R"(", "best_bid":")" + bid + R"(", "best_ask":")" + ask + R"(", "spread":")" +
                                format_decimal(spread) + R"(", "timestamp":")" + time +
                                R"(", "event_type":"best_bid_ask"})",
                            true, false, ignored);
    }
    std::vector<std::string> entries;
    std::string const hashes[] = {book_hash(market, 0, action.ms), book_hash(market, 1, action.ms)};
    for (auto const& change : action.changes)
        for (int outcome = 0; outcome != 2; ++outcome)
            entries.push_back(R"({"asset_id":")" + market.tokens[static_cast<std::size_t>(outcome)] +
                              R"(","price":")" +
                              format_decimal(outcome == 0 ? change.price : ARB_UNIT - change.price) +
                              R"(","size":")" + format_decimal(change.size) + R"(","side":")" +
                              (change.bid == (outcome == 0) ? "BUY" : "SELL") + R"(","hash":")" +
                              hashes[outcome] + R"(","best_bid":")" + best_bid(market, outcome) +
                              R"(","best_ask":")" + best_ask(market, outcome) + R"("})");
    frames += broadcast(market, "price_change",
                        begin + R"(,"price_changes":[)" + joined(entries) + R"(],"timestamp":")" + time +
                            R"(","event_type":"price_change"})",
                        false, false, to);
    for (auto const& change : action.changes) ledger_.change(market, change, action.ms, to);
    ledger_.quote(market, action.ms, to);
    if (!action.trades.empty())
        for (int outcome = 0; outcome != 2; ++outcome) {
            Delivery ignored;
            frames +=
                broadcast(market, "book", book_refresh(market, outcome, action.ms), false, false, ignored);
        }
    return std::max(frames, 1U);
}

unsigned Polymarket::market_created(Market const& market) {
    auto const& event = world_.events()[market.event];
    auto const tokens = tokens_json(market);
    unsigned frames = 0;
    for (int n = 0; n != announcements; ++n) {
        Delivery ignored;
        frames += broadcast(
            market, "new_market",
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
                R"(","group_item_title":"","taker_base_fee":"1000","fees_enabled":true,"fee_schedule":)"
                R"({"exponent":"1","rate":"0.05","taker_only":true,"rebate_rate":"0.25"}})",
            true, true, ignored);
    }
    return frames;
}

unsigned Polymarket::status_changed(Market const& market, Status) {
    ledger_.lifecycle(market);
    // A resolution is announced when it is settled; "determined" is a word of the other venue.
    if (market.status != Status::settled) return 0;
    Delivery to;
    auto const winner = market.settlement == ARB_UNIT ? 0U : 1U;
    auto const frames =
        broadcast(market, "market_resolved",
                  R"({"id":")" + market.gamma_id + R"(","market":")" + market.id + R"(","assets_ids":)" +
                      tokens_json(market) + R"(,"winning_asset_id":")" + market.tokens[winner] +
                      R"(","winning_outcome":)" + json_text(market.outcomes[winner]) +
                      R"(,"event_message":null,"timestamp":")" + std::to_string(market.settled_ms) +
                      R"(","event_type":"market_resolved","tags":["Simulated"]})",
                  true, false, to);
    ledger_.status(market, market.settled_ms, to);
    return frames;
}

unsigned Polymarket::ticks_changed(Market const& market, std::int64_t before) {
    unsigned frames = 0;
    for (auto const& token : market.tokens) {
        Delivery ignored;
        frames += broadcast(
            market, "tick_size_change",
            R"({"market":")" + market.id + R"(", "asset_id":")" + token + R"(", "old_tick_size":")" +
                format_decimal(before) + R"(", "new_tick_size":")" + format_decimal(market.tick) +
                R"(", "timestamp":")" + std::to_string(now_ms()) + R"(", "event_type":"tick_size_change"})",
            false, false, ignored);
    }
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

// ---- one connection ----

PolymarketSession::PolymarketSession(Polymarket& venue, std::shared_ptr<Socket> socket)
    : venue_{venue},
      venue_alive_{venue.alive_},
      line_{std::move(socket), Venue::polymarket, venue.faults_},
      last_ping_ms_{now_ms()},
      opened_ms_{now_ms()} {
    venue_.sessions_.insert(this);
    venue_.report_.count(Venue::polymarket, "connections");
    venue_.ledger_.connection(Venue::polymarket, line_.number(), true);
}

PolymarketSession::~PolymarketSession() {
    if (venue_alive_.expired()) return;
    venue_.sessions_.erase(this);
    venue_.ledger_.connection(Venue::polymarket, line_.number(), false);
}

bool PolymarketSession::wants(Market const& market) const {
    return !market.tokens.empty() &&
           (served_.contains(market.tokens[0]) || served_.contains(market.tokens[1]));
}

bool PolymarketSession::send(std::string frame, std::string_view market, bool print) {
    bool const too_slow = line_.socket().waiting_bytes() > waiting_bytes_max;
    if (too_slow) venue_.report_.violation(Venue::polymarket, "too_slow");
    if (too_slow || line_.strikes_once("overflow")) {
        line_.socket().close(1013, "slow consumer: send buffer full");
        return false;
    }
    return line_.data(std::move(frame), market, print);
}

void PolymarketSession::refuse(char const* kind, std::string_view text) {
    venue_.report_.violation(Venue::polymarket, kind, std::string{text.substr(0, 200)});
    line_.socket().close(1008, "invalid subscription payload");
}

void PolymarketSession::on_text(std::string_view text) {
    if (text == "PING") {
        if (!subscribed_) return refuse("ping_before_subscription", text);
        last_ping_ms_ = now_ms();
        venue_.report_.count(Venue::polymarket, "pings");
        return line_.reply("PONG");
    }
    boost::system::error_code failed;
    auto const value = json::parse(json::string_view{text.data(), text.size()}, failed);
    auto const* const message = failed ? nullptr : value.if_object();
    if (message == nullptr) return refuse("not_json", text);
    if (message->contains("operation")) return operate(*message);
    if (subscribed_) {
        venue_.report_.violation(Venue::polymarket, "second_initial_message",
                                 std::string{text.substr(0, 200)});
        return line_.reply("INVALID OPERATION");
    }
    first(*message);
}

void PolymarketSession::first(Object const& message) {
    auto const* const type = message.if_contains("type");
    bool const market = type != nullptr && type->is_string() &&
                        (type->get_string() == "market" || type->get_string() == "MARKET");
    auto const* const tokens = message.if_contains("assets_ids");
    if (!market || tokens == nullptr || !tokens->is_array())
        return refuse("bad_first_message", "type or assets_ids");
    subscribed_ = true;
    add(message, true);
}

void PolymarketSession::operate(Object const& message) {
    auto const* const tokens = message.if_contains("assets_ids");
    auto const* const operation = message.if_contains("operation");
    if (!subscribed_) return refuse("operation_before_subscription", "operation");
    if (tokens == nullptr || !tokens->is_array() || !operation->is_string()) {
        venue_.report_.violation(Venue::polymarket, "bad_operation");
        return line_.reply("INVALID OPERATION");
    }
    if (operation->get_string() == "unsubscribe") {
        for (auto const& token : tokens->get_array()) {
            if (!token.is_string()) continue;
            tokens_.erase(std::string{token.get_string()});
            served_.erase(std::string{token.get_string()});
        }
        return;
    }
    if (operation->get_string() != "subscribe") {
        venue_.report_.violation(Venue::polymarket, "bad_operation");
        return line_.reply("INVALID OPERATION");
    }
    if (tokens->get_array().size() > chunk_tokens_max)
        venue_.report_.violation(Venue::polymarket, "chunk_too_large",
                                 std::to_string(tokens->get_array().size()));
    add(message, false);
}

void PolymarketSession::add(Object const& message, bool initial) {
    if (auto const* const flag = message.if_contains("custom_feature_enabled");
        flag != nullptr && flag->is_bool())
        flagged_ = flag->get_bool();
    else if (flagged_ || initial)
        venue_.report_.violation(Venue::polymarket, "custom_feature_flag_not_sent");
    bool fresh = false;
    std::vector<std::string> books;
    for (auto const& value : message.at("assets_ids").get_array()) {
        if (!value.is_string()) {
            venue_.report_.violation(Venue::polymarket, "token_not_a_string");
            continue;
        }
        std::string const token{value.get_string()};
        if (!tokens_.insert(token).second) continue;
        fresh = true;
        auto const* const market = venue_.world_.find_token(token);
        if (market == nullptr) venue_.report_.violation(Venue::polymarket, "unknown_token", token);
        // Settled and unknown tokens are absent without a word; so is what is beyond the limit.
        if (market == nullptr || market->status == Status::settled) continue;
        if (served_.size() >= served_tokens_max) {
            venue_.report_.violation(Venue::polymarket, "too_many_tokens", std::to_string(tokens_.size()));
            continue;
        }
        served_.insert(token);
        if (!venue_.faults_.silent(Venue::polymarket, line_.number(), market->id))
            books.push_back(book_json(*market, outcome_of(*market, token), false));
    }
    if (venue_.replay_ != nullptr) {
        if (replayed_) return;
        replayed_ = true;
        for (auto const& frame : *venue_.replay_) line_.socket().send(frame);
        return;
    }
    if (!initial && !fresh) return line_.reply("NO NEW ASSETS");
    auto const* const dump = message.if_contains("initial_dump");
    if (dump != nullptr && dump->is_bool() && !dump->get_bool()) return;
    if (venue_.faults_.active("no_snapshot", Venue::polymarket, line_.number())) return;
    if (venue_.faults_.active("accept_then_drop", Venue::polymarket, line_.number()))
        return line_.socket().cut();
    line_.data('[' + joined(books) + "]\n");
}

void PolymarketSession::watch() {
    auto const now = now_ms();
    if (subscribed_ && now - last_ping_ms_ > ping_late_ms) {
        venue_.report_.violation(Venue::polymarket, "no_ping");
        last_ping_ms_ = now;
    }
    if (!subscribed_ && now - opened_ms_ > idle_cut_ms) return line_.socket().cut();
    if (served_.empty() || replayed_) return;
    for (auto const& token : served_) {
        auto const* const market = venue_.world_.find_token(token);
        if (market != nullptr && market->status != Status::settled) return;
    }
    line_.socket().close(1000, "all subscribed assets resolved");
}

}  // namespace arb::simulator
