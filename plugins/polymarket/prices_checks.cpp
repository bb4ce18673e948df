// What makes a kept book doubtful: the best prices that the venue names beside it, bids that reach asks, and
// the venue's hash.
#include <algorithm>

#include "arbitrage/decimal.hpp"
#include "polymarket/decode.hpp"
#include "polymarket/prices.hpp"

namespace arb::polymarket {

namespace {

// The venue names new best prices before the change that causes them; by then the change has long come.
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

bool differs(Token const& token) {
    return best_price(token.book.best_bid()) != token.witness.bid ||
           best_price(token.book.best_ask()) != token.witness.ask;
}

}  // namespace

// A hint and no more: the venue changed the recipe several times, so a difference only makes the audit look
// at the book sooner.
void Prices::check_hash(Token& token, StreamEvent const& event) {
    auto const& market = *token.market;
    if (event.hash.empty() || event.tick_size.empty() || market.min_order_size.empty() || !market.neg_risk)
        return;
    BookIdentity const identity{event.market,          event.asset_id,  event.timestamp,
                                market.min_order_size, event.tick_size, event.last_trade_price,
                                *market.neg_risk};
    bool const same = book_hash(identity, token.book) == event.hash;
    host_.count("book_hashes", 1, same ? "verified" : "different");
    if (!same && events_.hash_differs) events_.hash_differs(token);
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
    bool const waiting = found->witness.received != 0;
    if (!waiting && witnessed_.size() >= witnesses_max) return;
    witness.received = received;
    found->witness = witness;
    if (!waiting && differs(*found))
        witnessed_.push_back(found->id);
    else if (!waiting)
        found->witness = {};
}

void Prices::check_books(arb_time now) {
    auto const settled = [&](std::string const& id) {
        auto* const found = token(id);
        if (found == nullptr || found->witness.received == 0) return true;
        if (now - found->witness.received < witness_wait_ns) return false;
        bool const missed = found->live && found->book.time() <= found->witness.time && differs(*found);
        found->witness = {};
        if (missed) events_.doubtful(*found, "book_differs");
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
