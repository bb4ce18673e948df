// One connection to Polymarket's market channel.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "simulator/polymarket.hpp"

namespace arb::simulator {
namespace {

namespace json = boost::json;

constexpr std::size_t served_tokens_max = 500;  // beyond, subscriptions are accepted and books do not come
constexpr std::size_t chunk_tokens_max = 100;   // of later subscriptions
constexpr std::size_t waiting_bytes_max = 64 << 20;
constexpr std::int64_t ping_late_ms = 30'000;
constexpr std::int64_t idle_cut_ms = 125'000;  // measured on the real service

std::size_t number_of(Market const& market, int outcome) {
    return market.index * 2 + static_cast<std::size_t>(outcome);
}

}  // namespace

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
    for (auto const number : served_) std::erase(venue_.subscribers_[number / 2], this);
    venue_.sessions_.erase(this);
    venue_.ledger_.connection(Venue::polymarket, line_.number(), false);
}

bool PolymarketSession::wants(Market const& market, int outcome) const {
    return (outcome != 1 && served_.contains(number_of(market, 0))) ||
           (outcome != 0 && served_.contains(number_of(market, 1)));
}

void PolymarketSession::serve(Market const& market, int outcome) {
    bool const known = wants(market, -1);
    served_.insert(number_of(market, outcome));
    if (!known) venue_.subscribers_[market.index].push_back(this);
}

void PolymarketSession::drop(Market const& market, int outcome) {
    tokens_.erase(number_of(market, outcome));
    if (served_.erase(number_of(market, outcome)) != 0 && !wants(market, -1))
        std::erase(venue_.subscribers_[market.index], this);
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
            std::string const name{token.get_string()};
            if (auto const* const market = venue_.world_.find_token(name))
                drop(*market, outcome_of(*market, name));
            else
                unknown_.erase(name);
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
        auto const* const market = venue_.world_.find_token(token);
        auto const outcome = market == nullptr ? 0 : outcome_of(*market, token);
        if (market == nullptr ? !unknown_.insert(token).second
                              : !tokens_.insert(number_of(*market, outcome)).second)
            continue;
        fresh = true;
        if (market == nullptr) venue_.report_.violation(Venue::polymarket, "unknown_token", token);
        // Settled and unknown tokens are absent without a word; so is what is beyond the limit.
        if (market == nullptr || market->status == Status::settled) continue;
        if (served_.size() >= served_tokens_max) {
            venue_.report_.violation(Venue::polymarket, "too_many_tokens", std::to_string(tokens_.size()));
            continue;
        }
        serve(*market, outcome);
        if (!venue_.faults_.silent(Venue::polymarket, line_.number(), market->id))
            books.push_back(book_json(*market, outcome, false));
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
    for (auto const number : served_)
        if (venue_.world_.markets()[number / 2].status != Status::settled) return;
    line_.socket().close(1000, "all subscribed assets resolved");
}

}  // namespace arb::simulator
