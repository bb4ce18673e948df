#include "trades.hpp"

#include <algorithm>

#include "arbitrage/time.hpp"
#include "member.hpp"

namespace arb::kalshi {

namespace {

// A trade may reach the list before the stream; one that is younger does not count against the stream.
constexpr arb_time on_its_way_ns = 5 * second_ns;
// A trade of tomorrow is none.
constexpr arb_time ahead_max_ns = 86'400 * second_ns;

std::string seconds_text(arb_time time) { return std::to_string(std::max<arb_time>(time, 0) / second_ns); }

}  // namespace

bool RecentIds::add(std::string_view id) {
    if (id.empty()) return true;
    auto const [entry, fresh] = known_.emplace(id);
    if (!fresh) return false;
    if (ring_.size() < ids_max) {
        ring_.push_back(*entry);
        return true;
    }
    known_.erase(ring_[next_]);
    ring_[next_] = *entry;
    next_ = (next_ + 1) % ids_max;
    return true;
}

net::asio::awaitable<Result<Trades::Fetched>> Trades::fetch(arb_time from, arb_time overlap,
                                                            std::uint16_t flags) {
    Fetched fetched;
    std::string target = "/markets/trades?limit=1000&min_ts=" + seconds_text(from - overlap);
    std::function<bool(Document const&)> take_page = [&](Document const& page) {
        take(page, from, flags, fetched);
        return true;
    };
    auto const done = co_await rest_.pages(std::move(target), std::move(take_page));
    if (done.has_error()) co_return done.error();
    if (host_.now() - from < present_ns) co_return fetched;
    auto const past = co_await fetch_past(from, overlap, flags, fetched);
    if (past.has_error()) co_return past.error();
    co_return fetched;
}

// Asked for after the present: what the venue moves meanwhile is in one of the two.
net::asio::awaitable<Result<>> Trades::fetch_past(arb_time from, arb_time overlap, std::uint16_t flags,
                                                  Fetched& fetched) {
    std::string target = "/historical/cutoff";
    auto const document = co_await rest_.get(std::move(target));
    // A venue that has no such list has no past of its own.
    if (document.has_error() && document.error().status == ARB_PERMANENT) co_return Result<>{};
    if (document.has_error()) co_return document.error();
    Doubts doubts;
    auto const cutoff = read_cutoff(*document, doubts);
    drift_.doubtful("GET /historical/cutoff", doubts);
    // Not known: asked for in vain rather than left out.
    if (cutoff.trades_created != 0 && cutoff.trades_created <= from - overlap) co_return Result<>{};
    auto past = "/historical/trades?limit=1000&min_ts=" + seconds_text(from - overlap);
    if (cutoff.trades_created != 0) past += "&max_ts=" + seconds_text(cutoff.trades_created + second_ns);
    std::function<bool(Document const&)> take_page = [&](Document const& page) {
        take(page, from, flags, fetched);
        return true;
    };
    co_return co_await rest_.pages(std::move(past), std::move(take_page));
}

void Trades::take(Document const& page, arb_time from, std::uint16_t flags, Fetched& fetched) {
    auto const received = host_.now();
    if (!page.object().contains("trades")) drift_.field(ARB_DRIFT_MISSING, "GET /markets/trades", "trades");
    for (auto const& item : page.list("trades")) {
        std::string_view reason;
        auto row = read_trade(item, reason);
        if (!row.has_value()) {
            drift_.refused("GET /markets/trades", reason, item);
            if (may_be_wanted(item, from)) fetched.all = false;
            continue;
        }
        if (row->trade.time > received + ahead_max_ns) {
            row->trade.time = 0;
            row->doubts.add("created_time");
        }
        fetched.newest = std::max(fetched.newest, row->trade.time);
        if (!wanted_(row->trade.market) || !recent_.add(row->trade.trade_id)) continue;
        drift_.keys("GET /markets/trades", item.get_object(), known_trade_keys());
        drift_.doubtful("GET /markets/trades", row->doubts, row->trade.trade_id);
        write_trade(outbox_.packets(), row->trade, received,
                    static_cast<std::uint16_t>(flags | row->doubts.flag()));
        outbox_.added();
    }
    host_.alive();
}

// Whether a row that cannot be used was a trade of a wanted market since `from`.
bool Trades::may_be_wanted(boost::json::value const& item, arb_time from) const {
    auto const* const row = item.if_object();
    if (row == nullptr) return true;
    auto const market = text(*row, "ticker");
    auto const time = parse_time(text(*row, "created_time"));
    return (market.empty() || wanted_(market)) && (!time || *time >= from);
}

net::asio::awaitable<Result<bool>> Trades::missing_since(arb_time since, arb_time grace, std::string market) {
    std::string target = "/markets/trades?limit=1000&min_ts=" + seconds_text(since + grace);
    if (!market.empty()) target += "&ticker=" + net::encode_query(market);
    auto const page = co_await rest_.get(std::move(target));
    if (page.has_error()) co_return page.error();
    for (auto const& item : page->list("trades")) {
        std::string_view reason;
        auto const row = read_trade(item, reason);
        if (!row.has_value() || row->trade.time > host_.now() - std::min(on_its_way_ns, grace))
            continue;  // it may be on its way
        if (row->trade.time > since + grace && wanted_(row->trade.market) &&
            !recent_.knows(row->trade.trade_id))
            co_return true;
    }
    co_return false;
}

}  // namespace arb::kalshi
