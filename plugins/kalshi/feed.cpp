#include "feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <unordered_set>

#include "arbitrage/time.hpp"
#include "streams.hpp"

namespace arb::kalshi {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds look_every = 500ms;
// Books that wait to be compared, one at each look: a fifth of the rate limit. Further ones are named again.
constexpr std::size_t audits_waiting_max = 1'000;

}  // namespace

Feed::Feed(Stream::Parts parts, Health& health, std::size_t room)
    : parts_{std::move(parts)},
      health_{health},
      agreement_{[this](std::string_view market) { return best(market); },
                 parts_.timing.disagree_max.count() * millisecond_ns},
      room_{room} {
    add_lane();
}

void Feed::add_lane() {
    auto const number = lanes_.size();
    Stream::Parts parts = parts_;
    parts.lane = number;
    parts.agreement = &agreement_;
    parts.alone = [this] { return lanes_.size() == 1; };
    parts.disputed = [this](std::string_view market) { return disputed_.contains(market); };
    parts.report = [this, number](int state, std::string text) { told(number, state, std::move(text)); };
    parts.overflow = [this, number](std::vector<std::string> books) { overflowed(number, books); };
    auto& lane = lanes_.emplace_back();
    lane.stream = std::make_unique<Stream>(std::move(parts));
    lane.room = room_;
    if (!running_) return;
    net::asio::co_spawn(parts_.executor, lane.stream->run(), rethrow);
    net::asio::co_spawn(parts_.executor, lane.stream->watch(), rethrow);
}

void Feed::run() {
    running_ = true;
    for (auto& lane : lanes_) {
        net::asio::co_spawn(parts_.executor, lane.stream->run(), rethrow);
        net::asio::co_spawn(parts_.executor, lane.stream->watch(), rethrow);
    }
    net::asio::co_spawn(parts_.executor, look_after(), rethrow);
}

std::optional<std::size_t> Feed::place(std::string const& market) {
    for (std::size_t number = 0; number != lanes_max; ++number) {
        if (number == lanes_.size()) add_lane();
        auto& lane = lanes_[number];
        if (lane.books >= lane.room) continue;
        ++lane.books;
        lane_of_.insert_or_assign(market, number);
        return number;
    }
    ++left_out_;
    return {};
}

// Markets by lane; those that have none yet get one.
std::vector<std::vector<std::string>> Feed::placed(std::vector<std::string> const& markets) {
    std::vector<std::vector<std::string>> out;
    for (auto const& market : markets) {
        auto const known = lane_of_.find(market);
        auto const lane = known != lane_of_.end() ? std::optional{known->second} : place(market);
        out.resize(std::max(out.size(), lanes_.size()));
        if (lane.has_value()) out[*lane].push_back(market);
    }
    out.resize(lanes_.size());
    return out;
}

void Feed::want(std::vector<std::string> const& tickers) {
    bool const with_books = parts_.settings.record.books;
    std::unordered_set<std::string_view> const keep{tickers.begin(), tickers.end()};
    std::erase_if(lane_of_, [&](auto const& entry) {
        if (keep.contains(entry.first)) return false;
        if (with_books) --lanes_[entry.second].books;
        // What its ticker told goes with it.
        agreement_.forget(entry.first);
        disputed_.erase(entry.first);
        parts_.gaps.close(ARB_STREAM_QUOTES, entry.first, parts_.host.now());
        return true;
    });
    if (!with_books) {
        for (auto const& ticker : tickers) lane_of_.try_emplace(ticker, 0U);
        return lanes_[0].stream->want(tickers, {});
    }
    left_out_ = 0;
    auto const books = placed(tickers);
    for (std::size_t lane = 0; lane != books.size(); ++lane)
        lanes_[lane].stream->want(lane == 0 ? tickers : books[lane], books[lane]);
}

void Feed::want_more(std::vector<std::string> const& tickers) {
    if (!parts_.settings.record.books) return lanes_[0].stream->want_more(tickers, {});
    auto const books = placed(tickers);
    for (std::size_t lane = 0; lane != books.size(); ++lane)
        if (lane == 0 || !books[lane].empty())
            lanes_[lane].stream->want_more(lane == 0 ? tickers : books[lane], books[lane]);
}

void Feed::overflowed(std::size_t lane, std::vector<std::string> const& books) {
    auto& full = lanes_[lane];
    // It is filled in ever smaller steps; once is enough.
    if (full.room == room_)
        parts_.host.info(
            fmt::format("connection {} has no room for more than about {} books; further ones go to others",
                        lane + 1, full.books - std::min(full.books, books.size())));
    full.books -= std::min(full.books, books.size());
    full.room = full.books;
    for (auto const& market : books) lane_of_.erase(market);
    auto const moved = placed(books);
    for (std::size_t to = 0; to != moved.size(); ++to)
        if (!moved[to].empty())
            lanes_[to].stream->want_more(to == 0 ? std::vector<std::string>{} : moved[to], moved[to]);
}

void Feed::start_over(std::string const& reason, std::string const& sentence) {
    for (auto& lane : lanes_) lane.stream->start_over(reason, sentence);
}

std::optional<Best> Feed::best(std::string_view market) const {
    // Asked for with each ticker: nothing is looked for that need not be.
    if (!parts_.settings.record.books) return {};
    if (lanes_.size() == 1) return lanes_[0].stream->books().best(market);
    auto const lane = lane_of_.find(market);
    return lane == lane_of_.end() ? std::nullopt : lanes_[lane->second].stream->books().best(market);
}

// The state of the whole is that of the worst connection, whose sentence is told beside the first one's.
void Feed::told(std::size_t number, int state, std::string sentence) {
    lanes_[number].state = state;
    lanes_[number].sentence = std::move(sentence);
    static constexpr int worst_first[] = {ARB_STATE_HELD, ARB_STATE_RETRYING, ARB_STATE_STARTING,
                                          ARB_STATE_DEGRADED, ARB_STATE_LIVE};
    auto const rank = [](int of) { return std::find(std::begin(worst_first), std::end(worst_first), of); };
    std::size_t worst = 0, books = 0, bytes = 0;
    for (std::size_t lane = 0; lane != lanes_.size(); ++lane) {
        if (rank(lanes_[lane].state) < rank(lanes_[worst].state)) worst = lane;
        books += lanes_[lane].stream->books().count();
        bytes += lanes_[lane].stream->books().bytes();
    }
    auto out = lanes_[0].sentence;
    if (lanes_.size() != 1)
        out += fmt::format("; {} books ({} MiB) on {} connections", books, bytes / (1 << 20), lanes_.size());
    if (worst != 0 && lanes_[worst].state != ARB_STATE_LIVE && !lanes_[worst].sentence.empty())
        out += fmt::format("; connection {}: {}", worst + 1, lanes_[worst].sentence);
    if (left_out_ != 0) out += fmt::format("; {} markets without a book, there is no room", left_out_);
    auto const stuck = std::count_if(disputed_.begin(), disputed_.end(),
                                     [](auto const& entry) { return entry.second.stuck; });
    if (stuck != 0)
        out += fmt::format(
            "; {} books differ from the venue's right after their snapshots, perhaps because "
            "it sends them in another convention, and are not known",
            stuck);
    auto const state_of_all = lanes_[worst].state == ARB_STATE_LIVE && (left_out_ != 0 || stuck != 0)
                                  ? int{ARB_STATE_DEGRADED}
                                  : lanes_[worst].state;
    health_.set(Health::Part::feed, state_of_all, std::move(out));
}

}  // namespace arb::kalshi
