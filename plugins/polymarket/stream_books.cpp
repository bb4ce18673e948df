// The books of one connection: which are asked for, which came, and which are asked for again.
#include <algorithm>

#include "polymarket/messages.hpp"
#include "polymarket/stream.hpp"

namespace arb::polymarket {

namespace {

constexpr std::chrono::milliseconds book_wait_max = 60s;
// A market that was announced a moment ago may have no book yet, and is to be live within 5 s of having one.
constexpr std::chrono::milliseconds new_book_wait = 2s;
constexpr unsigned new_book_tries = 60;
// A book that did not come by then, half a minute after it was first asked for, is known to be missing.
constexpr unsigned missed_after_tries = 2;
// A book that is doubted again is asked for again soon, since nothing of it is recorded until it comes; after
// some good minutes all is forgiven.
constexpr std::chrono::milliseconds doubt_wait = 2s, forgiven_after = 2min;
constexpr unsigned doublings_max = 5;
// What is wanted is compared with what is live so often.
constexpr std::chrono::milliseconds reconcile_every = 5s;

// Which tokens REST has a book of.
class Booked final : public EventSink {
  public:
    void event(StreamEvent const& event) override { tokens.emplace(event.asset_id); }
    std::set<std::string, std::less<>> tokens;
};

}  // namespace

std::vector<Market*> resolved_of(std::set<Market*> const& markets, std::string_view books) {
    Booked booked;
    StreamDecoder decoder;
    if (decoder.decode(books, booked) != Frame::events) return {};
    auto const live = [](Token const& token) { return token.live; };
    std::vector<Market*> out;
    for (auto* const market : markets)
        if (std::all_of(market->tokens.begin(), market->tokens.end(), live) &&
            !booked.tokens.contains(market->tokens.front().id))
            out.push_back(market);
    return out;
}

std::chrono::milliseconds Doubts::wait(Silence::Clock::time_point now) {
    if (now - last_ >= forgiven_after) times_ = 0;
    last_ = now;
    auto const times = std::min(times_++, doublings_max + 1);
    return times == 0 ? 0ms : std::min(doubt_wait * (1 << (times - 1)), book_wait_max);
}

net::asio::awaitable<void> Shard::change_subscriptions() {
    while (open_) {
        auto const gone = wanted_.removals(ids_per_message);
        if (gone.empty()) break;
        co_await send("unsubscribe", gone);
    }
    while (open_) {
        auto const added = wanted_.additions(ids_per_message);
        if (added.empty()) break;
        expect(added);
        co_await send("subscribe", added);
    }
}

// What is wanted must be live or asked for, whatever went wrong.
void Shard::reconcile() {
    auto const now = Clock::now();
    if (now - reconciled_at_ < reconcile_every) return;
    reconciled_at_ = now;
    for (auto const* const market : markets_)
        for (auto const& token : market->tokens) {
            if (token.live || !wanted_.asked(token.id) || pending_.count(token.id) != 0) continue;
            context_.host.count("books_reconciled");
            await_book(token.id, 0ms);
        }
}

// A subscription is not repeated by the venue while it holds: it has to be given up first.
net::asio::awaitable<void> Shard::ask_again() {
    auto const now = Clock::now();
    std::vector<std::string> ids;
    for (auto& [id, pending] : pending_) {
        if (ids.size() == ids_per_message) break;
        if (pending.due > now) continue;
        ids.push_back(id);
        if (refreshes_.erase(id) == 0 && ++pending.tries == missed_after_tries) miss(id, pending);
        pending.due = now + wait_for_book(id, pending.tries);
    }
    if (ids.empty()) co_return;
    // While most are missing it is the connection that has not recovered, and its gap goes on as one.
    if (lost_ && 2 * pending_.size() < tokens_) name_missing();
    context_.host.count("books_asked_again", ids.size());
    co_await send("unsubscribe", ids);
    if (open_) co_await send("subscribe", ids);
}

void Shard::expect(std::vector<std::string> const& ids) {
    for (auto const& id : ids) await_book(id, wait_for_book(id, 0));
}

void Shard::await_book(std::string const& token, std::chrono::milliseconds wait) {
    pending_[token] = {Clock::now() + wait, 0, context_.host.now()};
}

// The venue has a book of it, as far as anybody knows, and does not send it. One that was just announced may
// have none yet; what was doubted or lost has its gap already.
void Shard::miss(std::string const& token, Pending const& pending) {
    auto const* const known = context_.prices.token(token);
    if (known != nullptr && context_.no_book) context_.no_book(*known->market);
    if (!stands_ || lost_ || known == nullptr || known->market->announced || refreshed_.contains(token))
        return;
    coverage_.open(known->market->id, pending.since, "no_book");
}

std::chrono::milliseconds Shard::wait_for_book(std::string const& token, unsigned tries) const {
    auto const* const known = context_.prices.token(token);
    if (known != nullptr && known->market->announced && tries < new_book_tries) return new_book_wait;
    std::chrono::milliseconds const wait = context_.timing.book_wait * (1 << std::min(tries, 3u));
    return std::min(wait, book_wait_max);
}

void Shard::opened(Token& token) {
    pending_.erase(token.id);
    refreshes_.erase(token.id);
    token.market->announced = false;
    recover(token.market);
}

void Shard::recover(Market const* market) {
    auto const now = context_.host.now();
    if (market != nullptr) {
        bool const all =
            std::all_of(market->tokens.begin(), market->tokens.end(), [](Token const& t) { return t.live; });
        if (all) coverage_.covered(market->id, now);
    }
    if (!open_ || !pending_.empty()) return;
    lost_ = false;
    coverage_.all_covered(market_ids(), now);
}

// After a reconnect most books have come and some have not: from here on the gap is that of single markets.
void Shard::name_missing() {
    std::set<std::string> missing;
    for (auto const& [id, pending] : pending_)
        if (auto const* const token = context_.prices.token(id)) missing.insert(token->market->id);
    coverage_.name({missing.begin(), missing.end()}, market_ids(), context_.host.now());
    lost_ = false;
}

void Shard::refresh(Token& token, std::string_view reason) {
    if (!open_ || pending_.count(token.id) != 0) return;  // a fresh book is on its way already
    token.live = false;
    // What could not be read is the first that is missing; anything else may have been missing since the book
    // was last known to be right, and trades with it.
    auto const now = context_.host.now();
    bool const unread = reason.starts_with("bad_") || token.right_at == 0;
    coverage_.doubt(token.market->id, unread ? now : token.right_at, reason, !unread);
    await_book(token.id, refreshed_[token.id].wait(Clock::now()));
    refreshes_.insert(token.id);
}

bool Shard::expects_books() const {
    return wanted_.to_add() != 0 || std::any_of(pending_.begin(), pending_.end(), [](auto const& entry) {
               return entry.second.tries < missed_after_tries;
           });
}

std::size_t Shard::waiting_count() const {
    auto const first = [](auto const& entry) { return entry.second.tries == 0; };
    return wanted_.to_add() +
           static_cast<std::size_t>(std::count_if(pending_.begin(), pending_.end(), first));
}

}  // namespace arb::polymarket
