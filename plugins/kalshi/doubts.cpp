// The part of Feed that asks REST who is right when what comes on different subscriptions differs: a book and
// its ticker, trades and the volume of tickers. A connection on which one of them died looks alive.
#include "arbitrage/time.hpp"
#include "feed.hpp"
#include "streams.hpp"

namespace arb::kalshi {

namespace {

using namespace std::chrono_literals;

// Each look asks two questions at most: two fifths of the rate limit.
constexpr std::chrono::milliseconds look_every = 500ms;
// Books that wait to be compared. Further ones are named again.
constexpr std::size_t audits_waiting_max = 1'000;
// The venue's clock and ours, and the way in between.
constexpr arb_time clocks_differ_ns = 5 * second_ns;
// A book that is still wrong after its new snapshot is compared again after so long.
constexpr arb_time stuck_again_ns = 60 * second_ns;
// One whose comparison said nothing, because it changed meanwhile or REST did not answer.
constexpr arb_time unknown_again_ns = 5 * second_ns;

arb_time ns(Timing::Time time) { return time.count() * millisecond_ns; }

double share_of(arb_time passed, arb_time round) {
    return round == 0 ? 0.0 : std::min(static_cast<double>(passed) / static_cast<double>(round), 1.0);
}

}  // namespace

net::asio::awaitable<void> Feed::look_after() {
    auto const every = ns(parts_.settings.snapshot_every);
    auto before = parts_.host.now();
    while (!parts_.host.stopping()) {
        co_await net::sleep(look_every);
        auto const now = parts_.host.now();
        auto const passed = now - std::exchange(before, now);
        if (every != 0)
            for (auto& lane : lanes_) lane.stream->write_books(share_of(passed, every));
        // A market is looked at as often as a difference has to last.
        doubt_ =
            agreement_.look(now, share_of(passed, ns(parts_.timing.disagree_max)), ns(parts_.timing.grace));
        auto const differing = agreement_.differing(now);
        if (!differing.empty()) parts_.host.count("book_disagreements", differing.size());
        for (auto const& market : differing)
            if (to_audit_.size() < audits_waiting_max && !disputed_.contains(market))
                to_audit_.push_back(market);
        if (parts_.host.put_off() || parts_.exchange.paused()) continue;
        co_await ask_of_streams(now);
        co_await ask_of_books(now);
    }
}

net::asio::awaitable<void> Feed::ask_of_streams(arb_time now) {
    auto const& stream = *lanes_[0].stream;
    auto const& record = parts_.settings.record;
    if (!record.trades || !stream.trusted(ARB_STREAM_TRADES)) co_return;
    auto const heard = stream.heard(ARB_STREAM_TRADES), grace = ns(parts_.timing.grace);
    if (now - std::max(trades_asked_, heard) >= ns(parts_.timing.trades_quiet_max)) {
        trades_asked_ = now;
        std::string of_all;
        co_await judge_trades(std::move(of_all), heard);
    } else if (record.quotes && doubt_.has_value()) {
        auto doubt = *std::exchange(doubt_, std::nullopt);
        auto const since = doubt.since - clocks_differ_ns;
        if (doubt.stream == ARB_STREAM_TRADES)
            co_await judge_trades(std::move(doubt.market), since - grace);
        else
            co_await judge_quotes(std::move(doubt.market), since);
    }
}

net::asio::awaitable<void> Feed::ask_of_books(arb_time now) {
    std::optional<std::string> market;
    if (!to_audit_.empty()) {
        market = std::move(to_audit_.front());
        to_audit_.pop_front();
    }
    if (!market.has_value()) market = next_disputed(now);
    if (!market.has_value()) market = next_unproven(now);
    if (market.has_value()) co_await audit(std::move(*market));
}

// Volume grew without trades, or there was none for long. A trade that came late, or one of the time before
// the subscription, is known or not listed as missing.
net::asio::awaitable<void> Feed::judge_trades(std::string market, arb_time from) {
    auto const grace = ns(parts_.timing.grace);
    parts_.host.count("trades_asked_for");
    auto asked_of = market;
    auto const missing = co_await parts_.trades.missing_since(from, grace, std::move(asked_of));
    if (missing.has_error()) co_return;
    if (*missing)
        lanes_[0].stream->distrust(ARB_STREAM_TRADES, from + grace,
                                   "the stream of trades is silent although the venue lists newer ones");
    agreement_.settle(market);
}

// The last ticker is not what trades or the book say. A market that does not trade may be silent, whatever
// became of its book.
net::asio::awaitable<void> Feed::judge_quotes(std::string market, arb_time since) {
    auto const* const last = agreement_.last(market);
    if (last == nullptr || !lanes_[0].stream->trusted(ARB_STREAM_QUOTES)) co_return;
    auto const at = last->received;
    parts_.host.count("quotes_asked_for");
    auto target = "/markets?limit=1000&tickers=" + net::encode_query(market);
    auto const page = co_await parts_.rest.get(std::move(target), true);
    auto const* const told = agreement_.last(market);
    // A ticker that came meanwhile is the answer.
    if (page.has_error() || told == nullptr || told->received != at) co_return;
    for (auto const& item : page->list("markets")) {
        std::string_view reason;
        auto const row = read_market(item, reason);
        if (!row.has_value() || row->ticker != market || row->lifecycle != ARB_LIFECYCLE_OPEN) continue;
        bool const traded = told->volume != ARB_ABSENT && row->quote.volume > told->volume;
        if (!traded && Best{row->quote.bid, row->quote.ask} == told->best) continue;
        auto const* const why = "tickers do not come although the venue lists other prices";
        if (parts_.host.now() - agreement_.last_received() >= ns(parts_.timing.disagree_max)) {
            lanes_[0].stream->distrust(ARB_STREAM_QUOTES, since, why);
        } else {
            // Those of other markets do; this one's ends the gap.
            parts_.host.count("quotes_missed");
            parts_.gaps.open(ARB_STREAM_QUOTES, market, since, stalled, why);
            parts_.outbox.added();
        }
    }
    agreement_.settle(market);
}

// Our book beside the one that REST lists, for which the venue has no number.
struct Feed::Comparison {
    enum class Verdict : std::uint8_t { unknown, same, other } verdict = Verdict::unknown;
    Best ours, listed;
};

net::asio::awaitable<Feed::Comparison> Feed::compare(std::string market) {
    auto const before = best(market);
    auto target = "/markets/" + net::encode_query(market) + "/orderbook";
    auto const document = co_await parts_.rest.get(std::move(target), true);
    Comparison out;
    if (document.has_error()) co_return out;
    std::string_view reason;
    auto const listed = read_book(document->object(), reason);
    if (!listed.has_value()) {
        parts_.drift.refused("GET /markets/orderbook", reason, document->object());
        co_return out;
    }
    parts_.host.count("book_audits");
    auto const ours = best(market);
    if (!ours || !before) co_return out;
    out.ours = *ours;
    out.listed = listed->best();
    if (out.listed == *ours || out.listed == *before)
        out.verdict = Comparison::Verdict::same;
    else if (ours == before)
        out.verdict = Comparison::Verdict::other;
    co_return out;
}

// REST alone says that the book is another one. A ticker that came a moment ago is as near to the truth.
net::asio::awaitable<Feed::Comparison> Feed::compare_again(std::string market, Comparison before) {
    auto const* const last = agreement_.last(market);
    Comparison out;
    if (last != nullptr && parts_.host.now() - last->received < ns(parts_.timing.disagree_max)) co_return out;
    co_await net::sleep(parts_.timing.disagree_max);
    auto const again = co_await compare(std::move(market));
    bool const moved = again.ours != before.ours || again.listed != before.listed;
    if (again.verdict != Comparison::Verdict::other || !moved) out = again;
    co_return out;
}

// If REST has other best prices, and the ticker or a second look says the same, ours are wrong.
net::asio::awaitable<void> Feed::audit(std::string market) {
    using enum Comparison::Verdict;
    auto const since = agreement_.differs_since(market);
    auto asked_of = market;
    auto found = co_await compare(std::move(asked_of));
    auto const told = [&](Best const& best) {
        auto const* const last = agreement_.last(market);
        return last != nullptr && last->best == best;
    };
    if (found.verdict == other && !told(found.listed)) {
        asked_of = market;
        found = co_await compare_again(std::move(asked_of), found);
    }
    auto const dispute = disputed_.find(market);
    if (found.verdict == other) {
        wrong(market);
    } else if (dispute != disputed_.end() && found.verdict == same) {
        disputed_.erase(dispute);
        parts_.gaps.close(ARB_STREAM_BOOKS, market, parts_.host.now());
        parts_.outbox.added();
    } else if (dispute != disputed_.end()) {
        dispute->second.due = parts_.host.now() + unknown_again_ns;
    }
    auto const* const last = agreement_.last(market);
    if (found.verdict == same && since != 0 && !told(found.ours) && last != nullptr &&
        parts_.host.now() - last->received >= ns(parts_.timing.disagree_max))
        // The market was looked at so long before.
        co_await judge_quotes(std::move(market), since - ns(parts_.timing.disagree_max));
}

// It begins anew, and its gap ends when it is proven. If it is wrong again nothing can be done but say so.
void Feed::wrong(std::string const& market) {
    auto const now = parts_.host.now();
    auto const [dispute, first] = disputed_.try_emplace(market);
    parts_.host.count("wrong_books");
    if (!first) {
        if (!std::exchange(dispute->second.stuck, true))
            parts_.host.warning("the book of " + market +
                                " differs from the venue's right after its snapshot and stays in its gap");
        dispute->second.due = now + stuck_again_ns;
        return;
    }
    parts_.host.warning("the book of " + market + " differs from the venue's and begins anew");
    auto since = agreement_.differs_since(market);
    if (auto const lane = lane_of_.find(market); lane != lane_of_.end()) {
        auto& stream = *lanes_[lane->second].stream;
        // Where no ticker says since when, nothing proves that it ever was right.
        if (auto const* const book = stream.books().find(market); since == 0 && book != nullptr)
            since = book->began;
        stream.resync(market, since != 0 ? since : now, "disagreement");
    }
    proof_due_ = now;  // others may be as wrong
}

std::optional<std::string> Feed::next_disputed(arb_time now) {
    for (auto const& [market, dispute] : disputed_)
        if (now >= dispute.due && best(market).has_value()) return market;
    return {};
}

// Without tickers nothing says whether books are read as the venue means them.
std::optional<std::string> Feed::next_unproven(arb_time now) {
    if (!parts_.settings.record.books || parts_.settings.record.quotes || now < proof_due_) return {};
    if (to_prove_.empty())
        for (auto const& lane : lanes_)
            for (auto& market : lane.stream->books().markets_in_step())
                to_prove_.push_back(std::move(market));
    if (to_prove_.empty()) return {};
    auto out = std::move(to_prove_.back());
    to_prove_.pop_back();
    proof_due_ = now + ns(parts_.timing.proof_every);
    return out;
}

}  // namespace arb::kalshi
