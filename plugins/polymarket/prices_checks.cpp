// What makes a kept book doubtful: the best prices that the venue names beside it, bids that reach asks, and
// the venue's hash.
#include <algorithm>
#include <vector>

#include "arbitrage/decimal.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/prices.hpp"

namespace arb::polymarket {

namespace {

// Books that are hashed at a time: some milliseconds.
constexpr std::size_t hashes_per_call = 500;
// What belongs together comes in several messages, and the hash is of the last of them; a market that never
// pauses is looked at all the same after a while.
constexpr arb_time pause_ns = second_ns / 4, pause_wait_ns = 30 * second_ns;
// The venue names new best prices up to 0.6 s before the change that causes them, or after it, so a single
// one proves nothing; what differs for so long has missed a change.
constexpr arb_time witness_wait_ns = 3 * second_ns;
// Tokens whose named best prices wait for comparison; more are simply not compared.
constexpr std::size_t witnesses_max = 10'000;

std::int64_t best_price(arb_level const* level) { return level == nullptr ? ARB_ABSENT : level->price; }

// A best price as the venue names it: "0" and "1" stand for an empty side. False if it is unreadable.
bool read_best(std::string_view text, std::int64_t& price) {
    auto const value = parse_decimal(text);
    if (!value) return false;
    price = value.millionths <= 0 || value.millionths >= ARB_UNIT ? ARB_ABSENT : value.millionths;
    return true;
}

// Such as "0.820".
std::string three_decimals(std::int64_t thousandths) {
    return (thousandths >= 1000 ? "1." : "0.") + std::to_string(thousandths % 1000 + 1000).substr(1);
}

// The venue's texts of a price, in thousandths; which way it rounds a finer one is not known.
std::vector<std::string> price_texts(std::int64_t millionths) {
    if (millionths == ARB_ABSENT) return {""};
    std::vector<std::string> out{three_decimals(millionths / 1000)};
    if (millionths % 1000 != 0) out.push_back(three_decimals(millionths / 1000 + 1));
    return out;
}

bool differs(Token const& token) {
    return best_price(token.book.best_bid()) != token.witness.bid ||
           best_price(token.book.best_ask()) != token.witness.ask;
}

}  // namespace

// Those that follow a trade name neither. An opening book's tick is the newest word: it may have changed
// while nobody listened.
void Prices::read_hashed(Market& market, StreamEvent const& event, arb_time received) {
    if (event.tick_size.empty()) return;
    auto const tick = parse_decimal(event.tick_size), price = parse_decimal(event.last_trade_price);
    auto const before = market.hash_tick;
    market.hash_tick = tick ? tick.millionths : ARB_ABSENT;
    market.hash_price = price ? price.millionths : ARB_ABSENT;
    if (before == ARB_ABSENT || before == market.hash_tick) return;
    if (market.hash_tick > 0 && market.hash_tick < ARB_UNIT)
        set_tick(market, market.hash_tick, before, {}, received);
}

bool Prices::is_hashed(Token const& token) const {
    auto const& market = *token.market;
    return token.live && token.hash.front() != 0 && market.hash_tick != ARB_ABSENT &&
           !market.min_order_size.empty() && market.neg_risk;
}

// A hint and no more: the venue changed the recipe several times, and its hash may run ahead of what it said.
// So a difference only makes the audit look at the book sooner.
void Prices::check_hash(Token& token) {
    auto const& market = *token.market;
    auto const time = std::to_string(token.book.time() / millisecond_ns);
    auto const tick = format_decimal(market.hash_tick);
    auto const prices = price_texts(market.hash_price);
    auto const said = std::string_view{token.hash.data(), token.hash.size()};
    bool const same = std::any_of(prices.begin(), prices.end(), [&](std::string const& price) {
        BookIdentity const identity{market.id, token.id,        time, market.min_order_size, tick,
                                    price,     *market.neg_risk};
        return book_hash(identity, token.book) == said;
    });
    token.unproven = false;
    host_.count("book_hashes", 1, same ? "verified" : "different");
    if (same)
        token.right_at = std::max(token.right_at, market.heard);
    else if (events_.hash_differs)
        events_.hash_differs(token);
}

void Prices::check_hashes(arb_time now, std::size_t calls) {
    auto left = hashes_per_call;
    visit_part(hash_at_, calls, [&](Market& market) {
        bool const pauses = now - market.heard >= pause_ns;
        for (auto& token : market.tokens) {
            if (left == 0 || !token.unproven || !is_hashed(token)) continue;
            if (!pauses && now - token.right_at < pause_wait_ns) continue;
            --left;
            check_hash(token);
        }
    });
}

void Prices::best_bid_ask(StreamEvent const& event, arb_time received) {
    auto* const found = token(event.asset_id);
    if (found == nullptr) return unknown(event);
    if (!found->keeps_book || !found->live) return;
    Witness witness;
    witness.time = read_milliseconds(event.timestamp).value_or(0);
    if (witness.time == 0 || !read_best(event.best_bid, witness.bid) ||
        !read_best(event.best_ask, witness.ask)) {
        drift_.keep("best_bid_ask", "no time or no best prices", body_of(event));
        return host_.reject("bad_best_bid_ask");
    }
    if (!found->witnessed && witnessed_.size() >= witnesses_max) return;
    // It comes late: the book has moved on.
    if (witness.time < found->book.time()) return;
    // On a busy market the next comes before the book has got to this one. One at a time is enough.
    auto const& held = found->witness;
    bool const same = held.time == witness.time;
    if (held.time != 0 && !held.passed && !same) return;
    witness.received = same ? held.received : received;
    witness.differs_since = held.differs_since;
    found->witness = witness;
    look_at_witness(*found);
    if (found->witness.time == 0 || found->witnessed) return;
    found->witnessed = true;
    witnessed_.push_back(found->id);
}

// The book has got where the venue said it is.
void Prices::look_at_witness(Token& token) {
    if (token.witness.time != 0 && !differs(token)) token.witness = {};
}

void Prices::witness_passed(Token& token) {
    auto& witness = token.witness;
    witness.passed = true;
    if (witness.differs_since == 0) witness.differs_since = witness.received;
}

void Prices::check_books(arb_time now) {
    auto const settled = [&](std::string const& id) {
        auto* const found = token(id);
        if (found == nullptr) return true;
        auto const witness = found->witness;
        // Of one that is not passed the market paused: what belongs to it has long come.
        auto const since = witness.differs_since != 0 ? witness.differs_since : witness.received;
        if (witness.time != 0 && now - since < witness_wait_ns) return false;
        found->witnessed = false;
        found->witness = {};
        if (witness.time != 0 && found->live) events_.doubtful(*found, "book_differs");
        return true;
    };
    witnessed_.erase(std::remove_if(witnessed_.begin(), witnessed_.end(), settled), witnessed_.end());
    auto const judged = [&](std::string const& id) {
        auto* const found = token(id);
        if (found == nullptr) return true;
        if (now - found->crossed_at < witness_wait_ns && found->book.crossed()) return false;
        found->crossed_at = 0;
        if (found->live && found->book.crossed()) events_.doubtful(*found, "crossed");
        return true;
    };
    crossed_.erase(std::remove_if(crossed_.begin(), crossed_.end(), judged), crossed_.end());
}

void Prices::snapshot(arb_time now, std::chrono::nanoseconds every, std::size_t calls) {
    if (!record_.books || every.count() <= 0) return;
    visit_part(snapshot_at_, calls, [&](Market& market) {
        for (auto& token : market.tokens) {
            if (!token.keeps_book || !token.live || now - token.written < every.count()) continue;
            std::string_view const hash{token.hash.data(), token.hash.front() == 0 ? 0 : token.hash.size()};
            push_book(token, hash, token.book.time(), now);
        }
        outbox_.added();
    });
}

}  // namespace arb::polymarket
