#include "polymarket/backfill.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "arbitrage/time.hpp"
#include "polymarket/decode_trades.hpp"
#include "polymarket/put_off.hpp"
#include "polymarket/selection.hpp"

namespace arb::polymarket {

namespace {

// What the venue takes.
constexpr std::size_t markets_per_request = 20;
constexpr unsigned trades_per_page = 1000;
// Of one reading: 100,000 trades of twenty markets.
constexpr unsigned pages_max = 100;
// What was on its way when the connection ended may have been made before the last data came.
constexpr arb_time margin_ns = 60 * second_ns;
constexpr unsigned readings_max = 8;
constexpr std::chrono::milliseconds again_base = 2s;
constexpr std::chrono::milliseconds again_cap = 5min;
constexpr std::chrono::milliseconds look_every = 200ms;

}  // namespace

Backfill::Backfill(Host host, Outbox& outbox, Gaps& gaps, Rest& data, Prices& prices, Timing const& timing)
    : host_{host}, outbox_{outbox}, gaps_{gaps}, data_{data}, prices_{prices}, timing_{timing} {}

void Backfill::want(Missing const& missing) {
    auto const row = std::make_shared<Row>(Row{missing, missing.markets.size(), false});
    for (auto const& market : missing.markets) add(market, missing.from - margin_ns, row);
}

void Backfill::want(std::string const& market, arb_time from) {
    if (past_) {
        ++past_->waiting;
        from = std::min(from, past_->gap.from);
    }
    add(market, from, past_);
}

void Backfill::open_past(arb_time from, arb_time to) {
    past_ = std::make_shared<Row>(Row{{{}, {}, from, to, "not_running", {}}, 1, false});
}

void Backfill::close_past() {
    if (auto const past = std::exchange(past_, nullptr)) read_for(*past);
}

void Backfill::add(std::string const& market, arb_time from, std::shared_ptr<Row> row) {
    auto const [found, fresh] = tasks_.try_emplace(market);
    auto& task = found->second;
    task.from = fresh ? from : std::min(task.from, from);
    task.due = Clock::now() + timing_.backfill_after;
    task.read = false;
    if (row) task.rows.push_back(std::move(row));
}

Backfill::Tasks Backfill::take_due() {
    Tasks due;
    auto const now = Clock::now();
    for (auto at = tasks_.begin(); at != tasks_.end() && due.size() != markets_per_request;) {
        auto const here = at++;
        if (here->second.due <= now) due.insert(tasks_.extract(here));
    }
    return due;
}

net::asio::awaitable<void> Backfill::run() {
    while (!host_.stopping()) {
        co_await net::sleep(look_every);
        while (true) {
            co_await wait_for_room(host_, "backfills");
            auto due = take_due();
            if (due.empty()) break;
            for (auto const& [market, task] : due) reading_.insert(market);
            auto const result = co_await read(due);
            reading_.clear();
            if (result.has_error())
                failed(std::move(due), result.error().text);
            else
                for (auto& [market, task] : due) done(market, task);
            outbox_.added();
        }
    }
}

// What was asked for again meanwhile goes together with it.
void Backfill::put_back(std::string const& market, Task const& task, std::chrono::milliseconds wait) {
    auto const [held, fresh] = tasks_.try_emplace(market, task);
    if (fresh) {
        held->second.due = Clock::now() + wait;
        return;
    }
    held->second.from = std::min(held->second.from, task.from);
    auto& rows = held->second.rows;
    rows.insert(rows.end(), task.rows.begin(), task.rows.end());
}

void Backfill::done(std::string const& market, Task& task) {
    if (!task.read && !task.rows.empty()) {
        task.read = true;
        return put_back(market, task, timing_.backfill_again);
    }
    for (auto const& row : task.rows) read_for(*row);
}

void Backfill::read_for(Row& row) {
    auto const& gap = row.gap;
    if (--row.waiting == 0 && !row.failed)
        gaps_.record(ARB_STREAM_TRADES, gap.row_market, gap.from, gap.to, gap.reason, gap.detail, true);
}

void Backfill::failed(Tasks tasks, std::string const& why) {
    bool given_up = false;
    for (auto& [market, task] : tasks) {
        if (++task.tries == readings_max) {
            given_up = true;
            host_.count("backfills_given_up");
            for (auto const& row : task.rows) row->failed = true;
            continue;
        }
        put_back(market, task, std::min(again_cap, again_base * (1 << task.tries)));
    }
    host_.warning(fmt::format("past trades of {} markets cannot be read: {}; {}", tasks.size(), why,
                              given_up ? "given up, their gaps stay" : "tried again"));
}

net::asio::awaitable<Result<>> Backfill::read(Tasks const& tasks) {
    std::string listing = fmt::format(
        "/v2/trades?limit={}&taker_only=true&filter_type=TOKENS&filter_amount=0.000001&condition=",
        trades_per_page);
    arb_time from = tasks.begin()->second.from;
    for (auto const& [market, task] : tasks) {
        if (listing.back() != '=') listing += ',';
        listing += net::encode_query(market);
        from = std::min(from, task.from);
    }
    Occurrences alike;
    std::string cursor;
    for (unsigned page_number = 0; page_number != pages_max; ++page_number) {
        auto target = listing;
        if (!cursor.empty()) target += "&cursor=" + net::encode_query(cursor);
        auto const body = co_await data_.get(std::move(target));
        if (body.has_error()) co_return body.error();
        auto const page = decode_trades(*body);
        auto& drift = prices_.drift();
        if (page.has_error()) {
            drift.keep("GET /trades", page.error().text, *body);
            co_return page.error();
        }
        if (page->unreadable != 0) host_.reject("bad_past_trade", page->unreadable);
        for (auto const& one : page->differences) drift.say(one.what, "GET /trades", one.field, *body);
        for (auto const item : page->refused) drift.keep("GET /trades", "a trade that is none", item);
        arb_time oldest = ARB_ABSENT;
        for (auto const& trade : page->trades) {
            oldest = oldest == ARB_ABSENT ? trade.print.time : std::min(oldest, trade.print.time);
            auto const task = tasks.find(lower_case(trade.market_id));
            // Times are whole seconds.
            if (task == tasks.end() || trade.print.time + second_ns <= task->second.from) continue;
            if (!prices_.take_past(trade.print, alike, host_.now())) host_.count("other_past_trades");
        }
        // The newest come first.
        bool const enough = oldest != ARB_ABSENT && oldest + second_ns <= from;
        if (page->next_cursor.empty() || enough) co_return Result<>{};
        if (page->next_cursor == cursor) co_return retry("the listing of trades repeats a cursor");
        cursor = page->next_cursor;
    }
    co_return retry(fmt::format("there are more than {} pages", pages_max));
}

}  // namespace arb::polymarket
