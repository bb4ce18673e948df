#include "polymarket/shards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <utility>

namespace arb::polymarket {

namespace {

// A connection this small is not too slow because of its size.
constexpr std::size_t tokens_worth_splitting = 50;
// Connections that are opened within a minute where there are more than the budget of a minute has, and how
// close together.
constexpr std::chrono::milliseconds openings_window = 60s, opening_pause_min = 50ms;
// How often the one whose turn is next looks whether there are more by now.
constexpr std::chrono::milliseconds opening_look_every = 100ms;
// Of so many connections one is renewed at a time, in about seven seconds: all have their turn within the
// time in which they are to be renewed.
constexpr std::size_t connections_per_renewal = 100;
// How often a successor is looked at.
constexpr std::chrono::milliseconds renewal_look_every = 100ms;

}  // namespace

Shards::Shards(StreamContext context) : context_{std::move(context)} {
    context_.opening = [this] { return opening(); };
    context_.too_slow = [this](Shard& shard) { relieve(shard); };
    context_.alone = [this] { return shards_.size() <= 1; };
    context_.renew = [this](Shard& shard) { renew(shard); };
    context_.hand_over = [this](Shard& shard) { hand_over(shard); };
}

std::chrono::milliseconds Shards::opening_pause() const {
    return std::max(opening_pause_min,
                    openings_window / static_cast<std::chrono::milliseconds::rep>(shards_.size()));
}

// A few connections share the budget of a venue. Where the selection needs more than that, all of them would
// take hours to come back after an interruption: then each has its turn within the window, evenly. How many
// there are shows while the first of them wait: a catalogue is read meanwhile.
net::asio::awaitable<void> Shards::opening() {
    if (shards_.size() <= net::ConnectBudget::connects_max) {
        auto const wait = context_.connects.take(Shard::Clock::now());
        if (wait.count() > 0) co_await net::sleep(wait);
        co_return;
    }
    auto const line = line_;
    auto const executor = co_await net::asio::this_coro::executor;
    net::Gate::Pass turn{*line, executor};
    co_await turn.admitted();
    auto const left = [&] {
        return std::chrono::ceil<std::chrono::milliseconds>(last_opening_ + opening_pause() -
                                                            Shard::Clock::now());
    };
    while (left().count() > 0) co_await net::sleep(std::min(left(), opening_look_every));
    last_opening_ = Shard::Clock::now();
}

Shard& Shards::with_room(std::size_t tokens, Shard const* except) {
    // The newest has room most often.
    auto const most = shards_.size() < connections_liked ? tokens_per_connection : tokens_per_connection_max;
    for (auto at = shards_.rbegin(); at != shards_.rend(); ++at)
        if (at->get() != except && (*at)->token_count() + tokens <= most) return **at;
    shards_.push_back(std::make_shared<Shard>(context_, ++made_));
    net::asio::co_spawn(context_.executor, shards_.back()->run(), rethrow);
    return *shards_.back();
}

void Shards::add(Market& market) {
    if (market.shard == nullptr) with_room(market.tokens.size(), nullptr).add(market);
}

void Shards::remove(Market& market) {
    if (market.shard != nullptr) static_cast<Shard*>(market.shard)->remove(market);
}

void Shards::relieve(Shard& shard) {
    if (shard.token_count() < tokens_worth_splitting) return;
    auto const markets = shard.markets();
    auto const keep = shard.token_count() / 2;
    for (auto* const market : markets) {
        if (shard.token_count() <= keep) break;
        shard.move(*market, with_room(market->tokens.size(), &shard));
    }
}

void Shards::replace_all(std::string_view reason) {
    for (auto const& shard : shards_) shard->replace(reason);
}

void Shards::renew(Shard& shard) {
    auto const at =
        std::find_if(shards_.begin(), shards_.end(), [&](auto const& one) { return one.get() == &shard; });
    if (at == shards_.end() || !shard.open() || successors_.contains(&shard)) return;
    if (successors_.size() > shards_.size() / connections_per_renewal) return;
    auto const next = std::make_shared<Shard>(context_, ++made_);
    successors_.emplace(&shard, next);
    shard.succeed_with(*next);
    net::asio::co_spawn(context_.executor, next->run(), rethrow);
    net::asio::co_spawn(context_.executor, succeed(*at, next), rethrow);
}

net::asio::awaitable<void> Shards::succeed(std::shared_ptr<Shard> old, std::shared_ptr<Shard> next) {
    auto const& timing = context_.timing;
    // The old one may end by itself and hand over before its time.
    auto const waiting = [&] { return successors_.contains(old.get()) && !next->retired(); };
    auto const until = Shard::Clock::now() + timing.confirm_max;
    while (waiting() && !next->confirmed() && Shard::Clock::now() < until)
        co_await net::sleep(renewal_look_every);
    auto const enough = Shard::Clock::now() + timing.overlap;
    while (waiting() && next->confirmed() && Shard::Clock::now() < enough)
        co_await net::sleep(renewal_look_every);
    if (waiting() && next->confirmed()) {
        hand_over(*old);
    } else if (successors_.erase(old.get()) != 0) {
        context_.host.warning(
            fmt::format("connection {} stays: the one to replace it did not get every book", old->number()));
        context_.host.count("renewals_given_up");
        old->give_up_successor();
        next->retire();
        retired_.push_back(next);
    }
}

void Shards::hand_over(Shard& old) {
    auto const successor = successors_.find(&old);
    auto const at =
        std::find_if(shards_.begin(), shards_.end(), [&](auto const& one) { return one.get() == &old; });
    if (successor == successors_.end() || at == shards_.end()) return;
    successor->second->take_over(old);
    retired_.push_back(std::exchange(*at, successor->second));
    successors_.erase(successor);
}

void Shards::report(std::string const& catalogue) {
    std::erase_if(retired_, [](auto const& shard) { return shard->finished(); });
    std::size_t open = 0, markets = 0, wanted = 0, waiting = 0, missing = 0, recovering = 0, mute = 0;
    bool expects = false;
    std::string error;
    for (auto const& shard : shards_) {
        if (shard->markets().empty()) continue;
        expects = expects || shard->expects_books();
        ++wanted;
        markets += shard->markets().size();
        waiting += shard->waiting_count();
        missing += shard->missing_count();
        if (shard->mute()) ++mute;
        if (shard->open() && shard->recovering()) ++recovering;
        if (shard->open())
            ++open;
        else if (error.empty())
            error = shard->last_error();
    }
    auto const& host = context_.host;
    char const* const put_off =
        host.put_off() ? "; the queue is nearly full, sweeps, audits and backfills wait" : "";
    if (!catalogue.empty()) {
        host.report(wanted != 0 && open == wanted ? ARB_STATE_DEGRADED : ARB_STATE_RETRYING,
                    "the catalogue cannot be read: " + catalogue + "; trying again");
    } else if (open == wanted && recovering != 0) {
        host.report(recovering == wanted ? ARB_STATE_RETRYING : ARB_STATE_DEGRADED,
                    fmt::format("{} of {} connections are open again and wait for {} books", recovering,
                                wanted, waiting + missing));
    } else if (open == wanted && mute != 0) {
        // Subscribed is not live.
        host.report(been_live_ ? ARB_STATE_DEGRADED : ARB_STATE_STARTING,
                    fmt::format("{} of {} connections have brought nothing yet", mute, wanted));
    } else if (open == wanted) {
        been_live_ = been_live_ || waiting == 0;
        all_came_ = all_came_ || !expects;
        auto books = waiting == 0 ? std::string{} : fmt::format(", {} books on their way", waiting);
        if (missing != 0) books += fmt::format(", {} did not come and are asked for again", missing);
        host.report(been_live_ ? ARB_STATE_LIVE : ARB_STATE_STARTING,
                    fmt::format("following {} markets on {} connections, {} MiB of books{}{}", markets, open,
                                context_.prices.bytes() >> 20, books, put_off));
    } else if (error.empty()) {
        host.report(ARB_STATE_STARTING, fmt::format("{} of {} connections are open", open, wanted));
    } else {
        host.report(open == 0 ? ARB_STATE_RETRYING : ARB_STATE_DEGRADED,
                    fmt::format("{} of {} connections are open: {}; trying again", open, wanted, error));
    }
}

}  // namespace arb::polymarket
