#include "exchange.hpp"

#include <algorithm>
#include <utility>

#include "arbitrage/time.hpp"
#include "member.hpp"

namespace arb::kalshi {

namespace {

constexpr arb_time terms_every_ns = 3600 * second_ns, terms_again_ns = 60 * second_ns;
constexpr std::chrono::milliseconds tick{500};
// What a schedule announces beyond this is not written; a year has 52 windows.
constexpr std::size_t announced_max = 200;
constexpr char const* active = "active";  // as read_exchange has it
constexpr char const* maintenance_announced = "maintenance_announced";

std::string minute_text(arb_time time) { return format_time(time).substr(0, 16) + "Z"; }
std::string second_text(arb_time time) { return format_time(time).substr(0, 19) + "Z"; }

}  // namespace

net::asio::awaitable<void> Exchange::watch(std::chrono::milliseconds every) {
    arb_time terms_due = 0;
    while (!host_.stopping()) {
        if (host_.now() >= terms_due) {
            co_await read_costs();
            bool const read = co_await read_schedule();
            terms_due = host_.now() + (read ? terms_every_ns : terms_again_ns);
        }
        co_await look();
        for (auto left = every; left.count() > 0 && !host_.stopping(); left -= tick)
            co_await net::sleep(std::min(left, tick));
    }
}

net::asio::awaitable<void> Exchange::look() {
    if (looking_) co_return;
    looking_ = true;
    std::string target = "/exchange/status";
    auto const document = co_await rest_.get(std::move(target));
    looking_ = false;
    if (document.has_value()) {
        for (auto const* const key : {"exchange_active", "trading_active"})
            if (auto const* const value = document->object().if_contains(key);
                value == nullptr || !value->is_bool())
                drift_.field(value == nullptr ? ARB_DRIFT_MISSING : ARB_DRIFT_RETYPED, "GET /exchange/status",
                             key);
        take(read_exchange(*document));
    } else if (closed_until(host_.now())) {
        // It does not even answer, as its schedule says.
        ExchangeState closed;
        closed.trading = false;
        closed.word = "maintenance";
        take(std::move(closed));
    }
    // Else nothing new is known.
}

void Exchange::take(ExchangeState state) {
    auto const rested = resting();
    auto const traded = std::exchange(state_, std::move(state)).trading;
    auto const rests = resting();
    if (traded != state_.trading)
        host_.info(state_.trading ? "the exchange trades again" : "the exchange pauses trading");
    if (rested != rests && !rests.empty())
        host_.warning("parts of the exchange pause trading: " + rests);
    else if (rested != rests && state_.trading)
        host_.info("every part of the exchange trades again");
    write_changes();
}

// Its parts that do not trade while others do: "2, 5".
std::string Exchange::resting() const {
    std::string out;
    if (state_.trading)
        for (auto const& part : state_.parts) out += (out.empty() ? "" : ", ") + std::to_string(part.number);
    return out;
}

void Exchange::write_changes() {
    if (written_ != state_.word) {
        // True of its parts, too, but for those that follow.
        written_ = state_.word;
        written_parts_.clear();
        write(written_, {});
    }
    if (!state_.trading) return;
    std::map<std::int64_t, std::string> rest;
    for (auto const& part : state_.parts) {
        if (!rest.emplace(part.number, part.word).second) continue;
        auto const before = written_parts_.find(part.number);
        if (before != written_parts_.end() && before->second == part.word) continue;
        boost::json::object detail{{"part", part.number}};
        if (!part.description.empty()) detail["description"] = part.description;
        write(part.word, std::move(detail));
    }
    for (auto const& [number, word] : written_parts_)
        if (!rest.contains(number)) write(active, {{"part", number}});
    written_parts_ = std::move(rest);
}

// No market's: of the venue as a whole, or of the part that `detail` names.
void Exchange::write(std::string_view word, boost::json::object detail) {
    auto const now = host_.now();
    bool const announced = word == maintenance_announced, trades = word == active;
    if (!announced && !trades) {
        if (!state_.resumes.empty()) detail["resumes_at"] = state_.resumes;
        if (auto const until = closed_until(now)) detail["scheduled_until"] = second_text(*until);
    }
    {
        auto packet = outbox_.packets().add<arb_status_change>(venue_name, now, 0, ARB_FLAG_POLLED);
        packet->lifecycle = announced ? ARB_LIFECYCLE_NONE
                            : trades  ? ARB_LIFECYCLE_OPEN
                                      : ARB_LIFECYCLE_PAUSED;
        packet.text(&arb_status_change::venue_status, word);
        if (!detail.empty()) packet.text(&arb_status_change::detail, json_text(detail));
    }
    outbox_.added();
}

// Without the list every request costs what most do.
net::asio::awaitable<void> Exchange::read_costs() {
    std::string target = "/account/endpoint_costs";
    auto const document = co_await rest_.get(std::move(target));
    if (document.has_error()) co_return;
    Doubts doubts;
    rest_.set_costs(Costs::read(*document, doubts));
    drift_.doubtful("GET /account/endpoint_costs", doubts);
}

net::asio::awaitable<bool> Exchange::read_schedule() {
    std::string target = "/exchange/schedule";
    auto const document = co_await rest_.get(std::move(target));
    if (document.has_error()) co_return false;
    Doubts doubts;
    schedule_ = Schedule::read(*document, doubts);
    drift_.doubtful("GET /exchange/schedule", doubts);
    for (auto const& [begin, end] : schedule_.maintenance())
        if (end > host_.now() && announced_.size() != announced_max && announced_.emplace(begin, end).second)
            write(maintenance_announced, {{"from", second_text(begin)}, {"to", second_text(end)}});
    co_return true;
}

std::string Exchange::text(arb_time now) const {
    if (auto const until = closed_until(now))
        return "; maintenance by the exchange's schedule until " + minute_text(*until);
    if (auto const rests = resting(); !rests.empty())
        return "; parts of the exchange pause trading: " + rests;
    if (state_.trading) return {};
    return "; the exchange pauses trading" +
           (state_.resumes.empty() ? "" : ", which is expected to end at " + state_.resumes);
}

}  // namespace arb::kalshi
