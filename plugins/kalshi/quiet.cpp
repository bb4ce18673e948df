// The part of Stream that asks whether a silent connection missed anything: its books beside those that the
// venue lists. In quiet markets nobody trades, so that no trade could prove it, and a second connection would
// write all books again to prove nothing. And what becomes of one of which a single subscription is dead.
#include "arbitrage/time.hpp"
#include "stream.hpp"
#include "streams.hpp"

namespace arb::kalshi {

namespace {

// How often a wait for data is looked at.
constexpr std::chrono::milliseconds tick{100};
// REST is not asked for what came so late that it may wait here to be read; it leaves out what is younger
// than 5 s.
constexpr arb_time unread_max_ns = 2 * second_ns;

bool same_side(Books::Side const& ours, std::vector<arb_level> const& listed) {
    Books::Side theirs;
    for (auto const& level : listed) theirs[level.price] += level.size;
    return ours == theirs;
}

}  // namespace

// Whether any of the listed books is another one; `compared` counts those that are not.
bool Stream::differs(Document const& page, std::size_t& compared) {
    for (auto const& item : page.list("orderbooks")) {
        std::string_view reason;
        auto const listed = read_listed_book(item, reason);
        if (!listed.has_value()) {
            parts_.drift.refused("GET /markets/orderbooks", reason, item);
            continue;
        }
        auto const* const ours = books_.find(listed->ticker);
        if (ours == nullptr || !ours->in_step) continue;
        if (!same_side(ours->yes, listed->book.yes) || !same_side(ours->no, listed->book.no)) return true;
        ++compared;
    }
    return false;
}

// Data that comes meanwhile ends the question.
net::asio::awaitable<Stream::Verdict> Stream::compare_books(LinkPtr link) {
    auto const last = link->last_data;
    auto const over = [this, link, last] { return link != link_ || link->last_data != last; };
    auto const markets = books_.markets_in_step();
    std::size_t compared = 0;
    for (std::size_t at = 0; at < markets.size(); at += books_max) {
        auto target = books_target(markets, at);
        auto const page = co_await parts_.rest.get(std::move(target), true);
        if (page.has_error() || over()) co_return Verdict::unknown;
        if (!differs(*page, compared)) continue;
        // What changed a moment ago may be on its way.
        for (auto left = parts_.timing.grace; left.count() > 0; left -= tick) {
            co_await net::sleep(std::min(left, tick));
            if (over()) co_return Verdict::unknown;
        }
        co_return Verdict::missed_changes;
    }
    parts_.host.count("quiet_books_compared", compared);
    // Markets that are listed no more are nobody's witnesses.
    co_return compared != 0 ? Verdict::missed_nothing : Verdict::unknown;
}

bool Stream::trusted(int stream) const {
    return link_ != nullptr && next_ == nullptr && whole(*link_, stream) && backfills_ == 0 &&
           link_->behind() < unread_max_ns;
}

// The next watch replaces the connection; whatever it still tells is taken.
void Stream::distrust(int stream, arb_time since, std::string const& why) {
    if (!trusted(stream)) return;
    parts_.host.count("dead_channels", 1, words_of(stream));
    parts_.host.warning(why);
    lost_reason_ = stalled;
    open_gap(stream, std::min(since, link_->whole_until(stream)), lost_reason_, why);
    link_->dead[static_cast<std::size_t>(stream)] = true;
    parts_.outbox.added();
    report();
}

}  // namespace arb::kalshi
