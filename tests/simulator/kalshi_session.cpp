#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "simulator/kalshi.hpp"

namespace arb::simulator {
namespace {

namespace json = boost::json;

constexpr int pings_unanswered_max = 3;
constexpr std::size_t waiting_bytes_max = 128 << 20;  // a client slower than that gets error 25
constexpr char const* sequenced_channels[] = {"orderbook_delta", "trade", "market_lifecycle_v2",
                                              "multivariate_market_lifecycle", "communications"};
constexpr char const* other_channels[] = {"ticker", "fill", "user_orders", "market_positions"};

bool is_sequenced(std::string const& channel) {
    for (auto const* const name : sequenced_channels)
        if (channel == name) return true;
    return false;
}

bool is_known(std::string const& channel) {
    for (auto const* const name : other_channels)
        if (channel == name) return true;
    return is_sequenced(channel);
}

bool flag(json::object const& object, char const* name) {
    auto const* const value = object.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

std::string ids_json(std::vector<std::size_t> const& order, World& world) {
    std::vector<std::string> out;
    for (auto const index : order) out.push_back(json_text(world.markets()[index].id));
    return joined(out);
}

}  // namespace

KalshiSession::KalshiSession(Kalshi& venue, std::shared_ptr<Socket> socket)
    : venue_{venue}, venue_alive_{venue.alive_}, line_{std::move(socket), Venue::kalshi, venue.faults_} {
    venue_.sessions_.insert(this);
    venue_.report_.count(Venue::kalshi, "connections");
    venue_.ledger_.connection(Venue::kalshi, line_.number(), true);
}

KalshiSession::~KalshiSession() {
    if (venue_alive_.expired()) return;
    venue_.sessions_.erase(this);
    venue_.ledger_.connection(Venue::kalshi, line_.number(), false);
}

std::string KalshiSession::sequenced(std::string const& type, Subscription& subscription,
                                     std::string const& msg, std::int64_t id) {
    auto out = R"({"type":")" + type + '"';
    if (id != 0) out += R"(,"id":)" + std::to_string(id);
    out +=
        R"(,"sid":)" + std::to_string(subscription.sid) + R"(,"seq":)" + std::to_string(++subscription.seq);
    if (!msg.empty()) out += R"(,"msg":)" + msg;
    return out + R"(,"sending_ts_ms":)" + std::to_string(now_ms()) + "}\n";
}

bool KalshiSession::send(std::string const& channel, Market const* market, std::string const& type,
                         std::string const& msg, bool& wanted) {
    auto const found = subscriptions_.find(channel);
    if (found == subscriptions_.end() || !found->second.wants(market) || replayed_) return false;
    wanted = true;
    // A change that never gets a number: nothing but the prices of tickers and REST tells.
    if (type == "orderbook_delta" && line_.strikes_once("lost_change")) return false;
    auto& subscription = found->second;
    std::string_view const about = market == nullptr ? std::string_view{} : market->id;
    bool const too_slow = line_.socket().waiting_bytes() > waiting_bytes_max;
    if (too_slow) venue_.report_.violation(Venue::kalshi, "too_slow", channel);
    if (line_.strikes_once("seq_restart"))
        for (auto& [name, other] : subscriptions_) other.seq = 0;
    if (too_slow || line_.strikes_once("overflow")) {
        line_.reply(sequenced("error", subscription, R"({"code":25,"msg":"Subscription buffer overflow"})"));
        subscriptions_.erase(found);
        return false;
    }
    if (is_sequenced(channel)) {
        auto text = msg;
        if (subscription.yes_price && type == "orderbook_delta" &&
            msg.find(R"("side":"no")") != std::string::npos) {
            // This session wants offers at YES prices: mirror the level's price.
            constexpr std::string_view key = R"("price_dollars":")";
            auto const at = text.find(key) + key.size();
            text.replace(at, 6, fixed(ARB_UNIT - parse_decimal(text.substr(at, 6)).millionths, 4));
        }
        return line_.data(sequenced(type, subscription, text), about);
    }
    return line_.data(R"({"type":")" + type + R"(","sid":)" + std::to_string(subscription.sid) +
                          R"(,"msg":)" + msg + R"(,"sending_ts_ms":)" + std::to_string(now_ms()) + "}\n",
                      about);
}

void KalshiSession::ping() {
    if (++unanswered_pings_ > pings_unanswered_max) {
        venue_.report_.violation(Venue::kalshi, "no_pong");
        return line_.socket().cut();
    }
    line_.socket().ping("heartbeat");
}

void KalshiSession::error(std::int64_t id, int code, std::string const& text) {
    venue_.report_.violation(Venue::kalshi, "error_" + std::to_string(code), text);
    line_.reply((id != 0 ? R"({"id":)" + std::to_string(id) + ',' : std::string{"{"}) +
                R"("type":"error","msg":{"code":)" + std::to_string(code) + R"(,"msg":)" + json_text(text) +
                R"(},"sending_ts_ms":)" + std::to_string(now_ms()) + "}\n");
}

void KalshiSession::on_text(std::string_view text) {
    boost::system::error_code failed;
    auto const value = json::parse(json::string_view{text.data(), text.size()}, failed);
    auto const* const command = failed ? nullptr : value.if_object();
    if (command == nullptr) return error(0, 1, "Unable to process message");
    auto const* const id_value = command->if_contains("id");
    auto const id = id_value != nullptr && id_value->is_int64() ? id_value->get_int64() : 0;
    if (id <= 0)
        venue_.report_.violation(Venue::kalshi, "command_without_id", std::string{text});
    else if (!ids_.insert(id).second)
        venue_.report_.violation(Venue::kalshi, "command_id_repeated", std::string{text});
    auto const* const cmd = command->if_contains("cmd");
    if (cmd == nullptr || !cmd->is_string()) return error(id, 5, "Unknown command");
    std::string const name{cmd->get_string()};
    venue_.report_.count(Venue::kalshi, "commands");
    if (name == "list_subscriptions") return list(id);
    if (name != "subscribe" && name != "unsubscribe" && name != "update_subscription")
        return error(id, 5, "Unknown command");
    auto const* const params = command->if_contains("params");
    if (params == nullptr || !params->is_object()) return error(id, 2, "Params required");
    if (name == "subscribe") return subscribe(id, params->get_object());
    if (name == "unsubscribe") return unsubscribe(id, params->get_object());
    update(id, params->get_object());
}

std::vector<std::size_t> KalshiSession::markets_of(Object const& params) {
    std::vector<std::string> names;
    bool by_uuid = false;
    if (auto const* const one = params.if_contains("market_ticker"); one != nullptr && one->is_string())
        names.emplace_back(one->get_string());
    for (auto const* const key : {"market_tickers", "market_ids"}) {
        auto const* const many = params.if_contains(key);
        if (many == nullptr || !many->is_array()) continue;
        by_uuid = std::string_view{key} == "market_ids";
        for (auto const& name : many->get_array())
            if (name.is_string()) names.emplace_back(name.get_string());
    }
    std::vector<std::size_t> out;
    for (auto const& name : names) {
        Market const* market = by_uuid ? nullptr : venue_.world_.find(Venue::kalshi, name);
        if (by_uuid)
            for (auto const& other : venue_.world_.markets())
                if (other.uuid == name) market = &other;
        if (market != nullptr)
            out.push_back(market->index);
        else
            venue_.report_.violation(Venue::kalshi, "unknown_ticker_subscribed", name);
    }
    return out;
}

void KalshiSession::subscribe(std::int64_t id, Object const& params) {
    auto const* const channels = params.if_contains("channels");
    if (channels == nullptr || !channels->is_array() || channels->get_array().empty())
        return error(id, 3, "Channels required");
    int filters = 0;
    for (auto const* const name : {"market_ticker", "market_tickers", "market_id", "market_ids"})
        filters += params.contains(name) ? 1 : 0;
    if (filters > 1) return error(id, 11, "Invalid parameter");
    for (auto const& channel : channels->get_array()) {
        if (!channel.is_string() || !is_known(std::string{channel.get_string()}))
            error(id, 8, "Unknown channel name");
        else
            subscribe(id, std::string{channel.get_string()}, params);
    }
    if (venue_.faults_.active("accept_then_drop", Venue::kalshi, line_.number())) return line_.socket().cut();
    if (venue_.replay_ != nullptr) return replay();
    flood();
}

void KalshiSession::subscribe(std::int64_t id, std::string const& channel, Object const& params) {
    bool const filtered = params.contains("market_ticker") || params.contains("market_tickers") ||
                          params.contains("market_id") || params.contains("market_ids");
    if (channel == "orderbook_delta" && !filtered) return error(id, 14, "Market Ticker required");
    if (channel == "orderbook_delta" && !params.contains("use_yes_price"))
        venue_.report_.violation(Venue::kalshi, "use_yes_price_not_sent");
    auto const markets = markets_of(params);
    bool const held = subscriptions_.contains(channel);
    auto& subscription = subscriptions_[channel];
    if (!held) {
        subscription.sid = next_sid_++;
        subscription.yes_price = flag(params, "use_yes_price");
        line_.reply(R"({"type":"subscribed","id":)" + std::to_string(id) + R"(,"msg":{"channel":")" +
                    channel + R"(","sid":)" + std::to_string(subscription.sid) + R"(},"sending_ts_ms":)" +
                    std::to_string(now_ms()) + "}\n");
    }
    subscription.skip_tickers = flag(params, "skip_ticker_ack");
    subscription.all = !filtered || channel.starts_with("market_lifecycle");
    if (held) {
        add(subscription, channel, markets, params);
        return ok(id, subscription);
    }
    add(subscription, channel, markets, params);
}

// Tickers already held get no second snapshot.
void KalshiSession::add(Subscription& subscription, std::string const& channel,
                        std::vector<std::size_t> const& markets, Object const& params) {
    std::vector<std::size_t> fresh;
    for (auto const index : markets)
        if (subscription.markets.insert(index).second) {
            subscription.order.push_back(index);
            fresh.push_back(index);
        }
    if (venue_.faults_.active("no_snapshot", Venue::kalshi, line_.number()) || venue_.replay_ != nullptr)
        return;
    if (channel == "orderbook_delta")
        for (auto const index : fresh) snapshot(subscription, venue_.world_.markets()[index], 0);
    if (channel != "ticker" || !flag(params, "send_initial_snapshot") || venue_.flood_ != nullptr) return;
    if (subscription.all && !std::exchange(subscription.all_shown, true))
        for (auto const& market : venue_.world_.markets())
            if (market.venue == Venue::kalshi && !market.combo) fresh.push_back(market.index);
    for (auto const index : fresh) {
        auto const& market = venue_.world_.markets()[index];
        bool wanted = false;
        bool const live = send("ticker", &market, "ticker", ticker_msg(market, market.book_ms, true), wanted);
        if (live) venue_.ledger_.quote(market, market.book_ms, {{line_.number()}, {}});
    }
}

void KalshiSession::snapshot(Subscription& subscription, Market const& market, std::int64_t id) {
    std::vector<std::string> yes, no;
    auto const level = [](std::int64_t price, std::int64_t size) {
        return "[\"" + fixed(price, 4) + "\",\"" + fixed(size, 2) + "\"]";
    };
    for (auto const& [price, size] : market.bids) yes.push_back(level(price, size));
    if (subscription.yes_price)
        for (auto const& [price, size] : market.asks) no.push_back(level(price, size));
    else
        for (auto at = market.asks.rbegin(); at != market.asks.rend(); ++at)
            no.push_back(level(ARB_UNIT - at->first, at->second));
    auto msg = R"({"market_ticker":")" + market.id + R"(","market_id":")" + market.uuid + '"';
    // A side without bids has no key at all.
    if (!yes.empty()) msg += R"(,"yes_dollars_fp":[)" + joined(yes) + ']';
    if (!no.empty()) msg += R"(,"no_dollars_fp":[)" + joined(no) + ']';
    line_.data(sequenced("orderbook_snapshot", subscription, msg + '}', id), market.id);
}

void KalshiSession::ok(std::int64_t id, Subscription& subscription) {
    auto const msg = subscription.skip_tickers
                         ? std::string{"{}"}
                         : R"({"market_tickers":[)" + ids_json(subscription.order, venue_.world_) + "]}";
    line_.reply(sequenced("ok", subscription, msg, id));
}

void KalshiSession::unsubscribe(std::int64_t id, Object const& params) {
    auto const* const sids = params.if_contains("sids");
    if (sids == nullptr || !sids->is_array() || sids->get_array().empty())
        return error(id, 4, "Subscription IDs required");
    for (auto const& sid : sids->get_array()) {
        auto const found = std::find_if(subscriptions_.begin(), subscriptions_.end(), [&](auto const& entry) {
            return sid.is_int64() && entry.second.sid == sid.get_int64();
        });
        if (found == subscriptions_.end()) {
            error(id, 7, "Unknown subscription ID");
            continue;
        }
        line_.reply(sequenced("unsubscribed", found->second, {}, id));
        subscriptions_.erase(found);
    }
}

void KalshiSession::update(std::int64_t id, Object const& params) {
    std::int64_t sid = 0;
    if (auto const* const one = params.if_contains("sid"); one != nullptr && one->is_int64())
        sid = one->get_int64();
    if (auto const* const many = params.if_contains("sids"); many != nullptr && many->is_array()) {
        if (many->get_array().size() != 1 || sid != 0)
            return error(id, 12, "Exactly one subscription ID is required");
        if (many->get_array()[0].is_int64()) sid = many->get_array()[0].get_int64();
    }
    if (sid == 0) return error(id, 12, "Exactly one subscription ID is required");
    auto const found = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                    [&](auto const& entry) { return entry.second.sid == sid; });
    if (found == subscriptions_.end()) return error(id, 7, "Unknown subscription ID");
    auto const* const action_value = params.if_contains("action");
    if (action_value == nullptr || !action_value->is_string()) return error(id, 15, "Action required");
    std::string const action{action_value->get_string()};
    auto& [channel, subscription] = *found;
    auto const markets = markets_of(params);
    if (params.contains("skip_ticker_ack")) subscription.skip_tickers = flag(params, "skip_ticker_ack");
    if (action == "get_snapshot" && channel == "orderbook_delta") {
        for (auto const index : markets)
            if (subscription.markets.contains(index))
                snapshot(subscription, venue_.world_.markets()[index], id);
        return;
    }
    if (markets.empty() && (action == "add_markets" || action == "delete_markets"))
        return error(id, 14, "Market Ticker required");
    if (action == "add_markets") {
        add(subscription, channel, markets, params);
    } else if (action == "delete_markets") {
        for (auto const index : markets) {
            subscription.markets.erase(index);
            std::erase(subscription.order, index);
        }
    } else {
        return error(id, 13, "Unsupported action");
    }
    ok(id, subscription);
}

void KalshiSession::list(std::int64_t id) {
    std::vector<std::string> out;
    for (auto const& [channel, subscription] : subscriptions_)
        out.push_back(R"({"channel":")" + channel + R"(","sid":)" + std::to_string(subscription.sid) + '}');
    line_.reply(R"({"id":)" + std::to_string(id) + R"(,"type":"ok","msg":[)" + joined(out) +
                R"(],"sending_ts_ms":)" + std::to_string(now_ms()) + "}\n");
}

void KalshiSession::add_markets_of(std::string const& channel, std::unordered_set<std::size_t>& to) const {
    auto const found = subscriptions_.find(channel);
    if (found == subscriptions_.end()) return;
    to.insert(found->second.markets.begin(), found->second.markets.end());
}

void KalshiSession::replay() {
    if (replayed_) return;
    replayed_ = true;
    for (auto const& frame : *venue_.replay_) line_.socket().send(frame);
}

// Hands the socket one chunk after the other: the next when the last has left.
void KalshiSession::flood() {
    auto const found = subscriptions_.find("ticker");
    if (venue_.flood_ == nullptr || !venue_.flood_->begun || flood_next_ || found == subscriptions_.end())
        return;
    auto const& chunks = venue_.flood_->chunks(found->second.sid);
    auto next = std::make_shared<std::function<void(std::uint64_t, std::size_t)>>();
    std::weak_ptr const weak{next};
    flood_next_ = next;
    *next = [this, &chunks, weak](std::uint64_t sent, std::size_t at) {
        auto const total = venue_.flood_->total();
        if (sent >= total) {
            venue_.report_.count(Venue::kalshi, "floods_finished");
            return;
        }
        auto const chunk = Flood::first(chunks[at], total - sent);
        line_.socket().send_frames(chunk.frames,
                                   [this, weak, count = chunk.count, sent, after = (at + 1) % chunks.size()] {
                                       auto const self = weak.lock();
                                       if (!self) return;  // the session is gone
                                       venue_.report_.count(Venue::kalshi, "flood_messages", count);
                                       (*self)(sent + count, after);
                                   });
    };
    (*next)(0, 0);
}

}  // namespace arb::simulator
