#include "series.hpp"

#include "arbitrage/time.hpp"

namespace arb::kalshi {

namespace {

// A change that the list of changes does not show would be found then.
constexpr arb_time whole_every_ns = 3600 * second_ns;
// Fees begin at an hour, and lists show them a moment later.
constexpr arb_time begun_ns = 2 * second_ns;
// The venue's clock is not ours.
constexpr arb_time overlap_ns = 120 * second_ns;
// The list of all series comes in one piece, of some ten MB.
constexpr std::uint64_t series_bytes_max = 64 << 20;

}  // namespace

net::asio::awaitable<Result<>> SeriesBook::read() {
    auto const now = parts_.host.now();
    bool const fees_begun = next_fee_change_ != 0 && now >= next_fee_change_;
    bool const whole = read_whole_ == 0 || now - read_whole_ >= whole_every_ns || fees_begun;
    std::string target = "/series";
    if (!whole) target += "?min_updated_ts=" + std::to_string((read_ - overlap_ns) / second_ns);
    auto const document = co_await parts_.rest.get(std::move(target), false, series_bytes_max);
    if (document.has_error()) co_return document.error();
    take(*document);
    if (!document->lists("series")) co_return retry("the venue's answer has no list of series");
    read_ = now;
    if (whole) read_whole_ = now;
    co_return Result<>{};
}

void SeriesBook::take(Document const& document) {
    auto const* const source = "GET /series";
    if (!document.object().contains("series")) parts_.drift.field(ARB_DRIFT_MISSING, source, "series");
    for (auto const& item : document.list("series")) {
        std::string ticker;
        std::string_view reason;
        Doubts doubts;
        auto series = read_one_series(item, ticker, doubts, reason);
        if (!series.has_value()) {
            parts_.drift.refused(source, reason, item);
            continue;
        }
        parts_.drift.doubtful(source, doubts, series->raw);
        parts_.drift.keys(source, item.get_object(), known_series_keys());
        if (collected_.contains(ticker)) write(ticker, *series);
        table_.insert_or_assign(std::move(ticker), std::move(*series));
    }
}

void SeriesBook::collect(std::string_view series) {
    auto const found = table_.find(series);
    if (found == table_.end() || !collected_.insert(found->first).second) return;
    write(found->first, found->second);
}

void SeriesBook::write(std::string const& ticker, Series const& series) {
    // The stamp says only that something changed, and the volume is of the market's life.
    auto const content = content_of(boost::json::parse(series.raw).get_object());
    if (filter_.changed(ticker, content)) {
        write_series(parts_.outbox.packets(), ticker, series, parts_.host.now());
        parts_.outbox.added();
    }
    parts_.fees.holds({ARB_SCOPE_SERIES, ticker, series.fee, series.updated_at, "series", series.raw});
}

net::asio::awaitable<Result<>> SeriesBook::read_fee_changes() {
    std::string target = "/series/fee_changes?show_historical=true";
    auto const changes = co_await parts_.rest.get(std::move(target));
    if (changes.has_error()) co_return changes.error();
    // What cannot be read may be what seems to be withdrawn.
    bool all = changes->lists("series_fee_change_arr");
    auto const take_change = [&](char const* source, std::optional<FeeSchedule> const& change,
                                 std::string_view reason, boost::json::value const& item, bool wanted) {
        if (change.has_value()) return parts_.fees.announced(*change, wanted);
        all = false;
        parts_.drift.refused(source, reason, item);
    };
    next_fee_change_ = 0;
    for (auto const& item : changes->list("series_fee_change_arr")) {
        std::string_view reason;
        auto const change = read_series_fee_change(item, reason);
        bool const wanted = change.has_value() && collected_.contains(change->id);
        take_change("GET /series/fee_changes", change, reason, item, wanted);
        if (!wanted) continue;
        auto const shown = change->effective_from + begun_ns;
        if (shown > read_ && (next_fee_change_ == 0 || shown < next_fee_change_)) next_fee_change_ = shown;
    }
    if (all) parts_.fees.all_announced(ARB_SCOPE_SERIES);
    all = true;
    std::function<bool(Document const&)> page = [&](Document const& document) {
        all = all && document.lists("event_fee_changes");
        for (auto const& item : document.list("event_fee_changes")) {
            std::string_view reason;
            auto const change = read_event_fee_change(item, reason);
            take_change("GET /events/fee_changes", change, reason, item,
                        change.has_value() && parts_.collected(change->id));
        }
        return !parts_.host.stopping();
    };
    std::string events = "/events/fee_changes?limit=1000";
    auto const read = co_await parts_.rest.pages(std::move(events), std::move(page));
    if (read.has_value() && all && !parts_.host.stopping()) parts_.fees.all_announced(ARB_SCOPE_EVENT);
    co_return read;
}

}  // namespace arb::kalshi
