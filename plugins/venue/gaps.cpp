#include "venue/gaps.hpp"

namespace arb {

Gaps::Gaps(Outbox& outbox, Host host, std::string venue)
    : outbox_{outbox}, host_{host}, venue_{std::move(venue)} {}

void Gaps::open(int stream, std::string_view market_id, arb_time from, std::string_view reason,
                std::string_view detail) {
    if (is_open(stream, market_id)) return;
    Gap gap{from, std::string{reason}, std::string{detail}};
    push(stream, market_id, gap, ARB_ABSENT, false);
    host_.count("gaps", 1, reason);
    open_.emplace(Name{stream, market_id}, std::move(gap));
}

std::optional<arb_time> Gaps::close(int stream, std::string_view market_id, arb_time to, bool recovered) {
    auto const found = open_.find(std::pair{stream, market_id});
    if (found == open_.end()) return {};
    auto const from = found->second.from;
    push(stream, market_id, found->second, to, recovered);
    open_.erase(found);
    return from;
}

void Gaps::close_all(int stream, arb_time to, bool recovered) {
    for (auto at = open_.begin(); at != open_.end();) {
        if (stream != ARB_STREAM_ALL && at->first.first != stream) {
            ++at;
            continue;
        }
        push(at->first.first, at->first.second, at->second, to, recovered);
        at = open_.erase(at);
    }
}

void Gaps::record(int stream, std::string_view market_id, arb_time from, arb_time to, std::string_view reason,
                  std::string_view detail, bool recovered) {
    push(stream, market_id, {from, std::string{reason}, std::string{detail}}, to, recovered);
    // What was recovered afterwards was counted when it opened.
    if (!recovered) host_.count("gaps", 1, reason);
}

bool Gaps::is_open(int stream, std::string_view market_id) const {
    return open_.find(std::pair{stream, market_id}) != open_.end();
}

void Gaps::push(int stream, std::string_view market_id, Gap const& gap, arb_time to, bool recovered) {
    {
        auto packet = outbox_.packets().add<arb_gap>(venue_, host_.now());
        packet->stream = stream;
        packet->from_time = gap.from;
        packet->to_time = to;
        packet->recovered = recovered ? ARB_YES : ARB_NO;
        packet.text(&arb_gap::instance, host_.instance());
        packet.text(&arb_gap::market_id, market_id);
        packet.text(&arb_gap::reason, gap.reason);
        packet.text(&arb_gap::detail, gap.detail);
    }
    outbox_.added();
}

}  // namespace arb
