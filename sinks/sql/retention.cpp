// What is old goes: once an hour, rows past their retention.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "arbitrage/time.hpp"
#include "sinks/sql/sink.hpp"

namespace arb::sql {
namespace {

constexpr arb_time expire_every = 3600 * second_ns;
constexpr arb_time hour = 3600 * second_ns;
// A clock that is kept right is moved by far less at a time.
constexpr arb_time step_max = 60 * second_ns;
// A host that was off for longer may as well have a clock that is wrong.
constexpr arb_time absence_max = 24 * hour;

arb_time since_boot() {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec * second_ns + time.tv_nsec;
}

}  // namespace

void DatabaseSink::expire() {
    constexpr TableId ticks[] = {TableId::tick_history}, trades[] = {TableId::trades},
                      books[] = {TableId::book_snapshots, TableId::book_changes},
                      status[] = {TableId::status_changes};
    std::pair<std::chrono::milliseconds, std::span<TableId const>> const kept[] = {
        {retention_.ticks, ticks},
        {retention_.trades, trades},
        {retention_.books, books},
        {retention_.status, status}};
    if (std::all_of(std::begin(kept), std::end(kept),
                    [](auto const& each) { return each.first.count() == 0; }))
        return;
    auto const time = host_.now();
    auto const waited = time < expired_at_ || time - expired_at_ >= expire_every;
    if (!dialect_->connected() || (!waited && !expire_again_)) return;
    expired_at_ = time;
    expire_again_ = false;
    if (clock_jumped(time)) return;
    try {
        for (auto const& [duration, from] : kept)
            if (duration.count() != 0)
                expire_again_ |= dialect_->expire(from, time - duration.count() * millisecond_ns);
    } catch (std::exception const& error) {
        // The batch is committed; what could not be deleted now is deleted in an hour.
        host_.warning(fmt::format("old rows could not be deleted: {}", dialect_->explain(error).what()));
        dialect_->disconnect();
    }
}

// To a clock that was set ahead by mistake everything is old. Until the next look somebody, or the network's
// time, may put it right; if it stays as it is, it is right.
bool DatabaseSink::clock_jumped(arb_time time) {
    auto const offset = time - since_boot();
    auto const ahead = clock_offset_        ? offset - *clock_offset_
                       : before_start_ != 0 ? time - before_start_
                                            : 0;
    auto const max = clock_offset_ ? step_max : absence_max;
    clock_offset_ = offset;
    if (ahead <= max) return false;
    host_.warning(fmt::format(
        "the clock says {}, {} h later than expected: for the next hour nothing is deleted as old. Set the "
        "clock if that is wrong",
        format_time(time), ahead / hour));
    return true;
}

}  // namespace arb::sql
