#include "polymarket/prices.hpp"

#include <algorithm>
#include <cstring>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "polymarket/decode.hpp"

namespace arb::polymarket {

namespace {

// The venue was seen to repeat itself within 120 ms; what is older than that is out of order.
constexpr arb_time disorder_max_ns = second_ns;
// The venue's hashes have 40 and 66 characters.
constexpr std::size_t hash_bytes_max = 128;
// Outcomes have names of a few words.
constexpr std::size_t name_bytes_max = 256;

void keep_hash(Token& token, std::string_view hash) {
    token.unproven = hash.size() == token.hash.size();
    if (token.unproven)
        std::copy(hash.begin(), hash.end(), token.hash.begin());
    else
        token.hash = {};
}

bool same_hash(Token const& token, std::string_view hash) {
    return hash == std::string_view{token.hash.data(), token.hash.size()};
}

std::size_t bytes_of(Book const& book) {
    return (book.bids().capacity() + book.asks().capacity()) * sizeof(arb_level);
}

// What a market takes in memory.
std::size_t bytes_of(Market const& market) {
    // Nodes of the two tables with their pointers, and what the allocator adds to a piece of memory.
    constexpr std::size_t entry = 64, piece = 16;
    auto out = sizeof market + entry + market.id.capacity() + piece;
    for (auto const& outcome : market.outcomes) out += sizeof outcome + outcome.capacity();
    for (auto const& token : market.tokens)
        out += sizeof token + entry + token.id.capacity() + piece + bytes_of(token.book);
    return out;
}

}  // namespace

std::size_t Prices::Hash::operator()(std::string_view id) const {
    if (id.size() < 16) return std::hash<std::string_view>{}(id);
    std::uint64_t a = 0, b = 0;
    std::memcpy(&a, id.data() + id.size() - 8, 8);
    std::memcpy(&b, id.data() + id.size() - 16, 8);
    auto const mixed = (a ^ (b * 0x9E3779B97F4A7C15u)) * 0xD6E8FEB86659FD93u;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
}

Prices::Prices(Host host, Outbox& outbox, Record record, Events events)
    : host_{host}, outbox_{outbox}, record_{record}, events_{std::move(events)} {}

Market& Prices::add(MarketNames const& names) {
    if (auto* const held = market(names.id)) {
        held->resolved = false;
        return *held;
    }
    auto made = std::make_unique<Market>();
    made->id = names.id;
    made->outcomes = names.outcomes;
    made->min_order_size = names.min_order_size;
    made->neg_risk = names.neg_risk;
    made->tokens.resize(names.tokens.size());
    bool const binary = names.tokens.size() == 2;
    for (std::size_t i = 0; i != names.tokens.size(); ++i) {
        auto& token = made->tokens[i];
        token.id = names.tokens[i];
        token.market = made.get();
        token.outcome = static_cast<int>(i);
        token.keeps_book = i == 0 || !binary;
        tokens_[token.id] = &token;
    }
    auto& market = *made;
    bytes_ += bytes_of(market);
    markets_.emplace(market.id, std::move(made));
    return market;
}

void Prices::remove(std::string_view market_id) {
    auto const at = markets_.find(market_id);
    if (at == markets_.end()) return;
    for (auto const& token : at->second->tokens) {
        auto const held = tokens_.find(token.id);
        if (held != tokens_.end() && held->second == &token) tokens_.erase(held);
    }
    auto const keep = std::move(at->second);  // the key lies in the value
    bytes_ -= bytes_of(*keep);
    markets_.erase(at);
}

Market* Prices::market(std::string_view market_id) {
    auto const at = markets_.find(market_id);
    return at == markets_.end() ? nullptr : at->second.get();
}

Token* Prices::token(std::string_view asset_id) {
    auto const at = tokens_.find(asset_id);
    return at == tokens_.end() ? nullptr : at->second;
}

void Prices::lost(Market& market) {
    for (auto& token : market.tokens) {
        token.live = false;
        token.book.clear();
        token.hash = {};
        token.witness = {};
    }
}

Prices::Stamp Prices::stamp(StreamEvent const& event) {
    if (auto const time = read_milliseconds(event.timestamp)) return {*time, 0};
    // A book that nobody has changed yet has the time 0.
    if (event.timestamp.empty() || (event.type == EventType::book && event.timestamp == "0")) return {};
    drift_.say(ARB_DRIFT_RETYPED, type_name(event.type), "timestamp", event.timestamp);
    return {0, ARB_FLAG_ANOMALY};
}

std::string_view Prices::bounded(StreamEvent const& event, char const* field, std::string_view text) {
    if (text.size() <= hash_bytes_max) return text;
    drift_.say(ARB_DRIFT_RETYPED, type_name(event.type), field, text);
    return {};
}

void Prices::apply(StreamEvent const& event, arb_time received, Feed& feed) {
    drift_.check(event, type_name(event.type));
    switch (event.type) {
        case EventType::book:
            book(event, received, feed);
            break;
        case EventType::price_change:
            price_change(event, received, feed);
            break;
        case EventType::best_bid_ask:
            best_bid_ask(event, received);
            break;
        case EventType::last_trade_price:
            trade(event, received, feed);
            break;
        case EventType::tick_size_change:
            tick_size_change(event, received);
            break;
        case EventType::new_market:
            events_.new_market(event);
            break;
        case EventType::market_resolved:
            market_resolved(event, received);
            break;
        case EventType::unknown:
            host_.count("unknown_events");
            // Something new, or the type's name went lost: the word itself is the field.
            drift_.say(ARB_DRIFT_UNKNOWN, "event_type", event.event_type, body_of(event));
            drift_.keep("stream", "an event of a type that is not known", body_of(event));
            break;
    }
    outbox_.added();
}

void Prices::book(StreamEvent const& event, arb_time received, Feed const& feed) {
    auto* const found = token(event.asset_id);
    if (found == nullptr) return unknown(event);
    auto& token = *found;
    bool const fresh = !token.live;
    token.market->heard = received;
    if (token.keeps_book) {
        if (!reader_.read(event)) return reject(event, "bad_book");
        auto const time = stamp(event).time;
        // The other connection said the same.
        if (feed.overlaps && !fresh && time == token.book.time() && same_hash(token, event.hash)) return;
        // What follows a trade says most often what is known.
        bool const known = !fresh && token.book.is(reader_);
        auto const held = bytes_of(token.book);
        if (!token.book.replace(reader_, time, fresh)) {
            host_.count("older_books");
            return went_back(token, time, feed);
        }
        bytes_ += bytes_of(token.book) - held;
        keep_hash(token, event.hash);
        token.right_at = received;
        token.witness = {};
        token.live = true;
        read_hashed(*token.market, event, received);
        if (fresh) {
            token.epoch = static_cast<std::uint64_t>(received);
            if (is_hashed(token)) check_hash(token);
        }
        if (record_.books && !known) push_book(token, bounded(event, "hash", event.hash), time, received);
        push_quote(token, time, received);
    }
    token.live = true;
    if (!fresh) return;
    token.market->over = false;
    events_.opened(token);
}

void Prices::price_change(StreamEvent const& event, arb_time received, Feed const& feed) {
    auto const time = stamp(event).time;
    Token* touched = nullptr;
    Token* sibling = nullptr;
    bool nameless = false;
    unsigned kept = 0, mirrored = 0;
    auto const one = [&](ChangeText const& text) {
        auto const asset = text.asset_id.empty() ? event.asset_id : text.asset_id;
        // Changes come in mirrored pairs: the other outcome of the same market is the likely next one.
        auto* const found = sibling != nullptr && sibling->id == asset ? sibling : token(asset);
        if (found == nullptr) {
            if (!asset.empty()) return host_.count("other_tokens");
            nameless = true;
            return;
        }
        auto& tokens = found->market->tokens;
        sibling = tokens.size() == 2 ? &tokens[found->outcome == 0 ? 1 : 0] : nullptr;
        ++(found->keeps_book ? kept : mirrored);
        // Before the opening book there is nothing to change.
        if (!found->keeps_book || !found->live) return;
        if (!change(*found, text, time, received, feed)) return;
        if (touched != nullptr && touched != found) push_quote(*touched, time, received);
        touched = found;
    };
    if (event.odd || (!event.has_changes && event.price.empty())) reject(event, "bad_price_change");
    if (event.has_changes) {
        for (auto const& text : event.changes) one(text);
    } else if (!event.price.empty()) {
        one({event.asset_id, event.price, event.size, event.side, event.hash});  // as in 2024
    }
    if (touched != nullptr) {
        touched->market->heard = received;
        push_quote(*touched, time, received);
    }
    if (mirrored > kept) mirrored_changes(event, time, received, feed);
    if (!nameless) return;
    drift_.say(ARB_DRIFT_MISSING, "price_change", "price_changes[].asset_id", body_of(event));
    reject(event, "bad_price_change");
}

bool Prices::change(Token& token, ChangeText const& text, arb_time time, arb_time received,
                    Feed const& feed) {
    arb_level level{};
    auto const side = read_side(text.side);
    if (!side || read_level({text.price, text.size}, level) != LevelError::none) {
        host_.reject("bad_price_change");
        drift_.say(ARB_DRIFT_RETYPED, "price_change", !side ? "side" : "price", text.price);
        events_.doubtful(token, "bad_price_change");
        return false;
    }
    // The other connection said the same.
    if (feed.overlaps && time == token.book.time() && token.book.size_at(*side, level.price) == level.size)
        return false;
    return set_level(token, *side, level, text.hash, time, received, feed);
}

bool Prices::set_level(Token& token, int side, arb_level level, std::string_view hash, arb_time time,
                       arb_time received, Feed const& feed) {
    // What the venue named is of a state that ends here.
    if (token.witness.time != 0 && time > token.witness.time) witness_passed(token);
    auto const held = bytes_of(token.book);
    auto const set = token.book.set(side, level, time);
    bytes_ += bytes_of(token.book) - held;
    if (set != Set::applied) {
        host_.count(set == Set::older ? "older_changes" : "overfull_books");
        if (set == Set::older) went_back(token, time, feed);
        return false;
    }
    keep_hash(token, hash);
    if (record_.books) {
        auto draft = outbox_.packets().add<arb_book_change>(venue_name, received, time);
        draft->outcome = token.outcome;
        draft->side = side;
        draft->price = level.price;
        draft->size = level.size;
        draft->epoch = token.epoch;
        draft.text(&arb_book_change::market_id, token.market->id);
    }
    return true;
}

// The venue names both outcomes of a level, as a rule. Totals are absolute: what is known is passed over.
void Prices::mirrored_changes(StreamEvent const& event, arb_time time, arb_time received, Feed const& feed) {
    for (auto const& text : event.changes) {
        auto const* const named = token(text.asset_id.empty() ? event.asset_id : text.asset_id);
        if (named == nullptr || named->keeps_book || !named->market->tokens[0].live) continue;
        auto& token = named->market->tokens[0];
        arb_level level{};
        auto const side = read_side(text.side);
        if (!side || read_level({text.price, text.size}, level) != LevelError::none) {
            reject(event, "bad_price_change");
            continue;
        }
        level.price = complement(level.price);
        auto const other = *side == ARB_BOOK_BID ? ARB_BOOK_ASK : ARB_BOOK_BID;
        if (token.book.size_at(other, level.price) == level.size) continue;
        host_.count("mirrored_changes");
        if (!set_level(token, other, level, {}, time, received, feed)) continue;
        token.market->heard = received;
        push_quote(token, time, received);
    }
}

void Prices::went_back(Token& token, arb_time time, Feed const& feed) {
    if (feed.overlaps || token.book.time() - time <= disorder_max_ns) return;
    events_.doubtful(token, "time_went_back");
}

void Prices::push_book(Token& token, std::string_view hash, arb_time time, arb_time received) {
    token.written = received;
    auto draft = outbox_.packets().add<arb_book>(venue_name, received, time);
    draft->outcome = token.outcome;
    draft->epoch = token.epoch;
    draft.text(&arb_book::market_id, token.market->id);
    draft.text(&arb_book::venue_hash, hash);
    best_first_.assign(token.book.bids().rbegin(), token.book.bids().rend());
    draft.levels(&arb_book::bids, best_first_);
    best_first_.assign(token.book.asks().rbegin(), token.book.asks().rend());
    draft.levels(&arb_book::asks, best_first_);
}

void Prices::push_quote(Token& token, arb_time time, arb_time received) {
    if (!token.live) return;
    look_at_witness(token);
    if (token.crossed_at == 0 && token.book.crossed()) {
        token.crossed_at = received;
        crossed_.push_back(token.id);
    }
    if (!record_.quotes) return;
    QuoteValues now;
    if (auto const* const bid = token.book.best_bid()) now.bid = bid->price, now.bid_size = bid->size;
    if (auto const* const ask = token.book.best_ask()) now.ask = ask->price, now.ask_size = ask->size;
    now.last_price = token.last_price;
    now.last_size = token.last_size;
    if (token.quoted && now == token.pushed) return;
    token.pushed = now;
    token.quoted = true;
    auto draft = outbox_.packets().add<arb_quote>(venue_name, received, time);
    draft->outcome = token.outcome;
    draft->bid = now.bid;
    draft->bid_size = now.bid_size;
    draft->ask = now.ask;
    draft->ask_size = now.ask_size;
    draft->last_price = now.last_price;
    draft->last_size = now.last_size;
    draft.text(&arb_quote::market_id, token.market->id);
}

void Prices::ended(Market& market, std::int64_t last_price, arb_time received) {
    for (auto& token : market.tokens) {
        if (!token.keeps_book) {
            token.live = false;
            continue;
        }
        bool const said = token.live && token.book.bids().empty() && token.book.asks().empty();
        token.book.clear();
        token.hash = {};
        if (record_.books && !market.over && !said) {
            // What changed between the end and the news of it was not heard: the book begins anew.
            token.epoch = static_cast<std::uint64_t>(received);
            push_book(token, {}, 0, received);
        }
        if (token.last_price == ARB_ABSENT && token.outcome == 0) token.last_price = last_price;
        token.live = true;
        push_quote(token, 0, received);
        token.live = false;
    }
    market.over = true;
}

void Prices::tick_size_change(StreamEvent const& event, arb_time received) {
    auto* const found = token(event.asset_id);
    if (found == nullptr) return host_.count("other_tokens");
    auto const tick = parse_decimal(event.new_tick_size);
    if (!tick || tick.millionths <= 0 || tick.millionths >= ARB_UNIT) {
        drift_.keep("tick_size_change", "new_tick_size is no step between 0 and 1", body_of(event));
        return host_.reject("bad_tick_size");
    }
    auto const old_tick = parse_decimal(event.old_tick_size);
    found->market->hash_tick = tick.millionths;
    set_tick(*found->market, tick.millionths, old_tick ? old_tick.millionths : ARB_ABSENT, stamp(event),
             received);
}

void Prices::set_tick(Market& market, std::int64_t tick, std::int64_t old_tick, Stamp stamp,
                      arb_time received) {
    if (market.tick_size == tick) return;  // said once for each token
    market.tick_size = tick;
    {
        auto draft = outbox_.packets().add<arb_status_change>(venue_name, received, stamp.time, stamp.flags);
        draft->lifecycle = ARB_LIFECYCLE_NONE;
        std::string detail = "{\"tick_size\":\"" + format_decimal(tick) + "\"";
        if (old_tick != ARB_ABSENT) detail += ",\"old_tick_size\":\"" + format_decimal(old_tick) + "\"";
        draft.text(&arb_status_change::market_id, market.id);
        draft.text(&arb_status_change::venue_status, "tick_size_change");
        draft.text(&arb_status_change::detail, detail + "}");
    }
    events_.tick_changed(market, tick);
}

void Prices::tokens_changed(Market const& market, std::vector<std::string> const& tokens, arb_time received) {
    auto const list = [](auto const& of, auto const& id_of) {
        std::string out;
        for (auto const& one : of) out.append(out.empty() ? "[\"" : ",\"").append(id_of(one)).append("\"");
        return out + "]";
    };
    auto const detail = R"({"token_ids":)" + list(tokens, [](std::string const& id) { return id; }) +
                        R"(,"old_token_ids":)" +
                        list(market.tokens, [](Token const& token) { return token.id; }) + "}";
    auto draft = outbox_.packets().add<arb_status_change>(venue_name, received);
    draft->lifecycle = ARB_LIFECYCLE_NONE;
    draft.text(&arb_status_change::market_id, market.id);
    draft.text(&arb_status_change::venue_status, "tokens_changed");
    draft.text(&arb_status_change::detail, detail);
}

void Prices::unknown(StreamEvent const& event) {
    if (event.asset_id.empty()) return reject(event, "no_asset_id");
    host_.count("other_tokens");
}

void Prices::reject(StreamEvent const& event, std::string_view reason) {
    host_.reject(reason);
    drift_.keep(type_name(event.type), reason, body_of(event));
    auto* const named = token(event.asset_id);
    auto* const found = named != nullptr ? named->market : market(event.market);
    if (found == nullptr) return;
    for (auto& token : found->tokens)
        if (token.keeps_book && token.live) events_.doubtful(token, reason);
}

std::string early_end(arb_time closes_at) {
    return R"({"early":true,"closes_at":")" + format_time(closes_at) + "\"}";
}

Market* Prices::market_of(StreamEvent const& event) {
    for (auto const asset : event.assets_ids)
        if (auto* const found = token(asset)) return found->market;
    if (auto* const found = token(event.winning_asset_id)) return found->market;
    return market(event.market);
}

void Prices::market_resolved(StreamEvent const& event, arb_time received) {
    auto* const found = market_of(event);
    if (found == nullptr) return host_.count("other_tokens");
    auto& market = *found;
    if (market.resolved) return;  // said on each connection, and more than once
    market.resolved = true;
    int winner = -1;
    for (auto const& token : market.tokens)
        if (token.id == event.winning_asset_id) winner = token.outcome;
    auto result = event.winning_outcome;
    if (result.empty() && winner >= 0 && static_cast<std::size_t>(winner) < market.outcomes.size())
        result = market.outcomes[static_cast<std::size_t>(winner)];
    auto [time, flags] = stamp(event);
    if (winner < 0 && !event.winning_asset_id.empty()) {
        flags |= ARB_FLAG_ANOMALY;
        drift_.say(ARB_DRIFT_RETYPED, "market_resolved", "winning_asset_id", event.winning_asset_id);
    }
    if (winner >= 0) market.paid = winner == 0 ? ARB_UNIT : 0;
    auto const ends = events_.closes_at ? events_.closes_at(market) : 0;
    {
        auto draft = outbox_.packets().add<arb_status_change>(venue_name, received, time, flags);
        draft->lifecycle = ARB_LIFECYCLE_SETTLED;
        draft->settlement_value = market.paid;
        draft.text(&arb_status_change::market_id, market.id);
        draft.text(&arb_status_change::venue_status, "resolved");
        draft.text(&arb_status_change::result, result.substr(0, name_bytes_max));
        if (ends > (time != 0 ? time : received)) draft.text(&arb_status_change::detail, early_end(ends));
    }
    events_.resolved(market);
}

}  // namespace arb::polymarket
