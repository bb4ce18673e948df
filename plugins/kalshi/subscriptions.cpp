#include "subscriptions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace arb::kalshi {

namespace {

// The venue's error codes that are handled by themselves; see its AsyncAPI document.
enum : std::int64_t {
    error_unknown_sid = 7,
    error_not_signed_in = 9,
    error_channel = 10,
    error_market_not_found = 16,
    error_timeout = 18,
    error_overflow = 25,
    error_market_limit = 26,
    error_command_rate = 27,
};

std::string quoted(std::vector<std::string> const& tickers) {
    boost::json::array list;
    for (auto const& ticker : tickers) list.emplace_back(ticker);
    return boost::json::serialize(list);
}

}  // namespace

Subscriptions::Subscriptions(Channels const& channels) {
    auto const& record = channels.record;
    if (record.quotes) channels_.push_back({"ticker", ARB_STREAM_QUOTES, !channels.all});
    if (record.trades) channels_.push_back({"trade", ARB_STREAM_TRADES, !channels.all});
    if (record.books) channels_.push_back({"orderbook_delta", ARB_STREAM_BOOKS, true});
    if (channels.lifecycle) channels_.push_back({"market_lifecycle_v2", ARB_STREAM_STATUS, false});
    if (channels.combos) channels_.push_back({"multivariate_market_lifecycle", ARB_STREAM_STATUS, false});
}

void Subscriptions::want(std::vector<std::string> const& tickers, std::vector<std::string> const& books) {
    wanted_count_ = tickers.size();
    for (auto& channel : channels_)
        if (channel.filtered) channel.wanted.replace(channel.stream == ARB_STREAM_BOOKS ? books : tickers);
}

void Subscriptions::want_more(std::vector<std::string> const& tickers,
                              std::vector<std::string> const& books) {
    wanted_count_ += tickers.size();
    for (auto& channel : channels_)
        if (channel.filtered)
            for (auto const& ticker : channel.stream == ARB_STREAM_BOOKS ? books : tickers)
                channel.wanted.want(ticker);
}

void Subscriptions::take_all() {
    for (auto& channel : channels_)
        if (channel.filtered && channel.stream != ARB_STREAM_BOOKS) channel.widen = true;
}

void Subscriptions::connected() {
    last_id_ = 0;
    for (auto& channel : channels_) {
        channel.wanted.disconnected();
        channel.sid = channel.command = 0;
        channel.asked.clear();
        channel.refused = channel.stays = false;
        channel.refusal.clear();
        channel.chunk = tickers_max;
    }
}

std::vector<std::string> Subscriptions::commands() {
    books_asked_.clear();
    books_left_.clear();
    std::vector<std::string> out;
    for (auto& channel : channels_)
        if (auto command = next_command(channel); !command.empty()) out.push_back(std::move(command));
    return out;
}

std::string Subscriptions::next_command(Channel& channel) {
    if (channel.command != 0 || channel.refused) return {};
    if (channel.widen && channel.sid != 0) {
        channel.command = ++last_id_;
        return fmt::format(R"({{"id":{},"cmd":"unsubscribe","params":{{"sids":[{}]}}}})", channel.command,
                           channel.sid);
    }
    if (channel.widen) channel.widen = channel.filtered = false;
    if (channel.sid == 0) {
        std::string filter;
        if (channel.filtered) {
            channel.asked = channel.wanted.additions(channel.chunk);
            if (channel.asked.empty()) return {};
            filter = R"(,"market_tickers":)" + quoted(channel.asked);
        }
        if (channel.stream == ARB_STREAM_BOOKS) books_asked_ = channel.asked;
        channel.command = ++last_id_;
        // Offers in prices of the NO leg: sent explicitly, because the venue will change its default.
        auto const* const extra = channel.stream == ARB_STREAM_QUOTES  ? R"(,"send_initial_snapshot":true)"
                                  : channel.stream == ARB_STREAM_BOOKS ? R"(,"use_yes_price":false)"
                                                                       : "";
        auto const* const no_list = channel.filtered ? R"(,"skip_ticker_ack":true)" : "";
        return fmt::format(R"({{"id":{},"cmd":"subscribe","params":{{"channels":["{}"]{}{}{}}}}})",
                           channel.command, channel.name, filter, extra, no_list);
    }
    if (!channel.filtered) return {};
    channel.asked = channel.wanted.additions(channel.chunk);
    if (!channel.asked.empty()) {
        if (channel.stream == ARB_STREAM_BOOKS) books_asked_ = channel.asked;
        return update(channel, "add_markets", channel.asked);
    }
    auto const gone = channel.wanted.removals(tickers_max);
    if (gone.empty()) return {};
    if (channel.stream == ARB_STREAM_BOOKS) books_left_ = gone;
    return update(channel, "delete_markets", gone);
}

std::string Subscriptions::update(Channel& channel, char const* action,
                                  std::vector<std::string> const& tickers) {
    channel.command = ++last_id_;
    auto const* const extra = channel.stream == ARB_STREAM_QUOTES && action == std::string_view{"add_markets"}
                                  ? R"(,"send_initial_snapshot":true)"
                                  : "";
    return fmt::format(
        R"({{"id":{},"cmd":"update_subscription","params":{{"sids":[{}],"market_tickers":{},"action":"{}"{}}}}})",
        channel.command, channel.sid, quoted(tickers), action, extra);
}

std::string Subscriptions::snapshots(std::vector<std::string> const& tickers) {
    auto const* const channel = find(ARB_STREAM_BOOKS);
    if (channel == nullptr || channel->sid == 0 || tickers.empty()) return {};
    auto const count = static_cast<std::ptrdiff_t>(std::min(tickers.size(), tickers_max));
    return fmt::format(
        R"({{"id":{},"cmd":"update_subscription","params":{{"sids":[{}],"market_tickers":{},"action":"get_snapshot"}}}})",
        ++last_id_, channel->sid, quoted({tickers.begin(), tickers.begin() + count}));
}

Subscriptions::Outcome Subscriptions::reply(Frame const& frame) {
    for (auto& channel : channels_) {
        bool const ours = frame.id != 0
                              ? frame.id == channel.command
                              : frame.type == FrameType::error && frame.sid != 0 && frame.sid == channel.sid;
        if (!ours) continue;
        if (frame.type == FrameType::error) return error(channel, frame);
        channel.command = 0;
        channel.asked.clear();
        if (!channel.stays) channel.refusal.clear();
        if (frame.type == FrameType::unsubscribed) {
            channel.sid = 0;
            return {Outcome::Kind::ended, channel.stream,
                    fmt::format("channel {}: from now on of all markets", channel.name)};
        }
        if (frame.type != FrameType::subscribed) return {Outcome::Kind::none, channel.stream};
        channel.sid = frame.sid;
        return {Outcome::Kind::subscribed, channel.stream};
    }
    if (frame.type != FrameType::error) return {};
    return {frame.error_code == error_not_signed_in ? Outcome::Kind::denied : Outcome::Kind::refused,
            ARB_STREAM_ALL,
            fmt::format("the venue answered error {} ({})", frame.error_code, frame.error_text)};
}

Subscriptions::Outcome Subscriptions::error(Channel& channel, Frame const& frame) {
    auto refusal = fmt::format("the venue answered error {} ({})", frame.error_code, frame.error_text);
    auto sentence = fmt::format("channel {}: {}", channel.name, refusal);
    auto asked = std::move(channel.asked);
    channel.command = 0;
    channel.asked.clear();
    switch (frame.error_code) {
        case error_channel:
        case error_overflow:
        case error_unknown_sid:
            // Terminal for the subscription: everything of this channel is asked for again.
            channel.sid = 0;
            channel.wanted.disconnected();
            return {Outcome::Kind::ended, channel.stream, std::move(sentence)};
        case error_not_signed_in:
            return {Outcome::Kind::denied, channel.stream, std::move(sentence)};
        case error_market_limit:
            if (channel.chunk > tickers_min) {
                channel.chunk = std::max(channel.chunk / 2, tickers_min);
                for (auto const& ticker : asked) channel.wanted.refused(ticker);
                return {Outcome::Kind::none, channel.stream, {}, std::move(asked)};
            }
            if (channel.stream != ARB_STREAM_BOOKS) {
                for (auto const& ticker : asked) channel.wanted.refused(ticker);
                channel.widen = true;
                return {Outcome::Kind::none, channel.stream};
            }
            for (auto const& ticker : asked) {
                channel.wanted.refused(ticker);
                channel.wanted.unwant(ticker);
            }
            return {Outcome::Kind::full, channel.stream, std::move(sentence), std::move(asked)};
        case error_market_not_found:
        case error_timeout:
        case error_command_rate:
            std::erase(asked, frame.market);
            for (auto const& ticker : asked) channel.wanted.refused(ticker);
            break;
        default:
            // The answer would be the same.
            asked.clear();
            channel.stays = true;
            channel.refused = channel.sid == 0;
            break;
    }
    channel.refusal = std::move(refusal);
    return {Outcome::Kind::refused, channel.stream, std::move(sentence), std::move(asked)};
}

Subscriptions::Channel const* Subscriptions::find(int stream) const {
    auto const found = std::find_if(channels_.begin(), channels_.end(),
                                    [&](Channel const& channel) { return channel.stream == stream; });
    return found == channels_.end() ? nullptr : &*found;
}

int Subscriptions::stream_of(std::int64_t sid) const {
    for (auto const& channel : channels_)
        if (channel.sid == sid && sid != 0) return channel.stream;
    return ARB_STREAM_ALL;
}

void Subscriptions::ask_refused_again() {
    for (auto& channel : channels_) {
        if (!channel.refused) continue;
        channel.refused = channel.stays = false;
        channel.wanted.disconnected();
    }
}

bool Subscriptions::lacks(int stream) const {
    return std::any_of(channels_.begin(), channels_.end(), [&](Channel const& channel) {
        return channel.stream == stream && channel.sid == 0 && !channel.refusal.empty();
    });
}

std::string Subscriptions::missing() const {
    std::string out;
    for (auto const& channel : channels_)
        if (!channel.refusal.empty())
            out += fmt::format("{}channel {} is missing{}: {}", out.empty() ? "" : "; ", channel.name,
                               channel.sid == 0 ? "" : " in part", channel.refusal);
    return out;
}

bool Subscriptions::has(int stream) const { return find(stream) != nullptr; }

bool Subscriptions::complete(int stream) const {
    bool any = false;
    for (auto const& channel : channels_) {
        if (channel.stream != stream) continue;
        any = true;
        auto const nothing_wanted = channel.filtered && channel.wanted.wanted_count() == 0;
        if ((channel.sid == 0 && !nothing_wanted) || channel.command != 0 || channel.widen ||
            (channel.filtered && channel.wanted.to_add() != 0))
            return false;
    }
    return any;
}

}  // namespace arb::kalshi
