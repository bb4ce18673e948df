#include "polymarket/backfill.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "arbitrage/time.hpp"
#include "polymarket/put_off.hpp"
#include "polymarket/selection.hpp"

namespace arb::polymarket {

namespace {

// What the venue takes.
constexpr std::size_t markets_per_request = 20;
constexpr unsigned trades_per_page = 1000;
// Of one reading: 100,000 trades of twenty markets. Where there are more, each market is read by itself; the
// venue may give fewer trades a page than it was asked for.
constexpr unsigned pages_max = 100, pages_alone_max = 10'000;
// Of the gap before the start.
constexpr char const* past_reason = "not_running";
// What was on its way when the connection ended may have been made before the last data came.
constexpr arb_time margin_ns = 60 * second_ns;
constexpr unsigned readings_max = 8;
constexpr std::chrono::milliseconds again_base = 2s;
constexpr std::chrono::milliseconds again_cap = 5min;
constexpr std::chrono::milliseconds look_every = 200ms;

// How many trades at the head of a page are those that ended the last one: what is made between two requests
// moves them from one to the other. Where one of several prints that are alike in everything stands on either
// side of the border, and nothing else, they are taken for several.
std::size_t repeated(std::vector<std::size_t> const& last, std::vector<std::size_t> const& page) {
    auto count = std::min(last.size(), page.size());
    while (!std::equal(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(count),
                       last.end() - static_cast<std::ptrdiff_t>(count)))
        --count;
    auto const end = page.begin() + static_cast<std::ptrdiff_t>(count);
    bool const alike =
        count != 0 && std::all_of(page.begin(), end, [&](auto one) { return one == *page.begin(); });
    bool const several = alike && ((page.size() > 1 && page[1] == page[0]) ||
                                   (last.size() > 1 && last[last.size() - 2] == page[0]));
    return several ? 0 : count;
}

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
    past_ = std::make_shared<Row>(Row{{{}, {}, from, to, past_reason, {}}, 1, false});
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
        bool const alone = here->second.alone;
        if (here->second.due > now || (alone && !due.empty())) continue;
        due.insert(tasks_.extract(here));
        if (alone) break;
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
            else if (!*result)
                read_apart(std::move(due));
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
    held->second.alone |= task.alone;
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
            for (auto const& row : task.rows) {
                row->failed = true;
                // What the connection missed has its row already; the time before the start has none.
                auto const& gap = row->gap;
                if (gap.reason == past_reason)
                    gaps_.record(ARB_STREAM_TRADES, market, gap.from, gap.to, gap.reason, why);
            }
            continue;
        }
        put_back(market, task, std::min(again_cap, again_base * (1 << task.tries)));
    }
    host_.warning(fmt::format("past trades of {} markets cannot be read: {}; {}", tasks.size(), why,
                              given_up ? "given up, their gaps stay" : "tried again"));
}

void Backfill::read_apart(Tasks tasks) {
    for (auto& [market, task] : tasks) {
        task.alone = true;
        put_back(market, task, 0ms);
    }
}

net::asio::awaitable<Result<bool>> Backfill::read(Tasks const& tasks) {
    std::string listing = fmt::format(
        "/v2/trades?limit={}&taker_only=true&filter_type=TOKENS&filter_amount=0.000001&condition=",
        trades_per_page);
    arb_time from = tasks.begin()->second.from;
    for (auto const& [market, task] : tasks) {
        if (listing.back() != '=') listing += ',';
        listing += net::encode_query(market);
        from = std::min(from, task.from);
    }
    bool const alone = tasks.size() == 1;
    Reading reading;
    std::string cursor;
    for (unsigned page_number = 0; page_number != (alone ? pages_alone_max : pages_max); ++page_number) {
        auto target = listing;
        if (!cursor.empty()) target += "&cursor=" + net::encode_query(cursor);
        auto const body = co_await data_.get(std::move(target));
        if (body.has_error()) co_return body.error();
        auto const page = read_page(*body);
        if (page.has_error()) co_return page.error();
        auto const oldest = take_page(*page, tasks, reading);
        // The newest come first.
        bool const enough = oldest != ARB_ABSENT && oldest + second_ns <= from;
        if (page->next_cursor.empty() || enough) co_return true;
        if (page->next_cursor == cursor) co_return retry("the listing of trades repeats a cursor");
        cursor = page->next_cursor;
        outbox_.added();
    }
    if (!alone) co_return false;
    co_return retry(fmt::format("there are more than {} pages", pages_alone_max));
}

Result<TradePage> Backfill::read_page(std::string_view body) {
    auto page = decode_trades(body);
    auto& drift = prices_.drift();
    if (page.has_error()) {
        drift.keep("GET /trades", page.error().text, body);
        return page;
    }
    if (page->unreadable != 0) host_.reject("bad_past_trade", page->unreadable);
    for (auto const& one : page->differences) drift.say(one.what, "GET /trades", one.field, body);
    for (auto const item : page->refused) drift.keep("GET /trades", "a trade that is none", item);
    return page;
}

arb_time Backfill::take_page(TradePage const& page, Tasks const& tasks, Reading& reading) {
    std::vector<std::size_t> rows;
    for (auto const& trade : page.trades) rows.push_back(std::hash<std::string_view>{}(trade.text));
    auto again = repeated(reading.page, rows);
    reading.page = std::move(rows);
    arb_time oldest = ARB_ABSENT;
    for (auto const& trade : page.trades) {
        oldest = oldest == ARB_ABSENT ? trade.print.time : std::min(oldest, trade.print.time);
        if (again != 0) {
            --again;
            continue;
        }
        auto const task = tasks.find(lower_case(trade.market_id));
        // Times are whole seconds.
        if (task == tasks.end() || trade.print.time + second_ns <= task->second.from) continue;
        if (!prices_.take_past(trade.print, reading.alike, host_.now())) host_.count("other_past_trades");
    }
    return oldest;
}

}  // namespace arb::polymarket
