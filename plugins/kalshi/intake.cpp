// The part of Stream that reads what connections say and answers it.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <unordered_set>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "stream.hpp"
#include "streams.hpp"

namespace arb::kalshi {

namespace {

using namespace std::chrono_literals;

// Without any book after so many times the patience for one, the connection is no good.
constexpr int no_books_factor = 3;
constexpr unsigned backfill_tries = 5;
// A burst of frames that cannot be read is one gap: it ends when there was none for so long.
constexpr arb_time unreadable_ns = second_ns;
// The venue's clock and ours, and the way in between.
constexpr arb_time clocks_differ_ns = 5 * second_ns;

Fee fee_of(Frame const& frame) {
    auto const multiplier = parse_decimal(frame.fee_multiplier);
    return {std::string{frame.fee_type}, multiplier ? format_decimal(multiplier.millionths) : std::string{}};
}

std::size_t index(int stream) { return static_cast<std::size_t>(stream); }

// The stream whose subscriptions carry frames of that type; ALL for the others.
int stream_of(FrameType type) {
    switch (type) {
        case FrameType::ticker:
            return ARB_STREAM_QUOTES;
        case FrameType::trade:
            return ARB_STREAM_TRADES;
        case FrameType::book_snapshot:
        case FrameType::book_delta:
            return ARB_STREAM_BOOKS;
        case FrameType::market_lifecycle:
        case FrameType::event_lifecycle:
        case FrameType::fee_update:
            return ARB_STREAM_STATUS;
        default:
            return ARB_STREAM_ALL;
    }
}

}  // namespace

// Whether the frame belongs to a subscription of its kind. A late one of a subscription that ended would
// change what its successor built. Without a number of its subscription it claims nothing.
bool Stream::is_subscribed(Link const& link, Frame const& frame) const {
    auto const stream = stream_of(frame.type);
    return stream == ARB_STREAM_ALL || frame.sid == 0 || link.subscriptions.stream_of(frame.sid) == stream;
}

// Whether the frame carried data.
bool Stream::take(Link& link, std::string_view bytes) {
    taking_ = &link;
    auto const& frame = decoder_.decode(bytes, received_, parts_.outbox.packets());
    if (frame.sent != 0) link.took(received_, frame.sent);
    if (!frame.rejected.empty()) unreadable(link, frame, bytes);
    if (!frame.doubt.empty() || !frame.unknown.empty()) note_drift(frame, bytes);
    auto const order =
        frame.type == FrameType::subscribed ? Order::next : link.sequence.check(frame.sid, frame.sequence);
    if (order == Order::missing) missed(link, frame.sid);
    if (order == Order::repeated) parts_.host.count("repeated_frames");
    if (!is_subscribed(link, frame)) {
        parts_.host.count("frames_of_no_subscription");
        parts_.drift.field(ARB_DRIFT_UNKNOWN, name_of(frame.type), "sid", bytes);
        return false;
    }
    switch (frame.type) {
        case FrameType::ticker:
            link.last_of[index(ARB_STREAM_QUOTES)] = received_;
            link.quotes_came = true;
            break;
        case FrameType::trade:
            link.last_of[index(ARB_STREAM_TRADES)] = received_;
            if (next_ != nullptr) weigh_evidence(frame);
            break;
        case FrameType::book_snapshot:
        case FrameType::book_delta:
            link.last_of[index(ARB_STREAM_BOOKS)] = received_;
            if (order != Order::repeated) book(link, frame);
            break;
        case FrameType::market_lifecycle:
        case FrameType::event_lifecycle:
        case FrameType::fee_update:
            link.last_of[index(ARB_STREAM_STATUS)] = received_;
            if (&link == link_.get()) status(frame);
            break;
        case FrameType::unreadable:
        case FrameType::unknown:
            if (frame.type == FrameType::unknown) {
                parts_.host.count("unknown_frames");
                parts_.drift.field(ARB_DRIFT_UNKNOWN, "frame", "type", bytes);
            }
            break;
        default:
            reply(link, frame);
            return false;
    }
    parts_.outbox.added();
    return true;
}

void Stream::note_drift(Frame const& frame, std::string_view bytes) {
    auto const source = name_of(frame.type);
    if (!frame.doubt.empty()) {
        parts_.host.count("anomalies", 1, frame.doubt);
        parts_.drift.field(frame.doubt_what, source, frame.doubt, bytes);
    }
    if (!frame.unknown.empty()) parts_.drift.field(ARB_DRIFT_UNKNOWN, source, frame.unknown, bytes);
}

// What it said is lost. Prices are not numbered, so that nothing else would tell of theirs; trades can be had
// over REST once the gap is closed, which is when no more such frames come.
void Stream::unreadable(Link& link, Frame const& frame, std::string_view bytes) {
    parts_.drift.refused(name_of(frame.type), frame.rejected, bytes);
    auto const stream = frame.type == FrameType::unreadable || frame.type == FrameType::ticker
                            ? ARB_STREAM_QUOTES
                        : frame.type == FrameType::trade            ? ARB_STREAM_TRADES
                        : frame.type == FrameType::market_lifecycle ? ARB_STREAM_STATUS
                                                                    : ARB_STREAM_ALL;
    if (&link != link_.get() || !link.subscriptions.has(stream)) return;
    link.unreadable_at[index(stream)] = received_;
    if (parts_.gaps.is_open(stream)) return;
    if (lost_reason_ != stalled) lost_reason_ = "unreadable";
    open_gap(stream, link.whole_until(stream), lost_reason_, frame.rejected);
}

// Of books on one of several connections each market has a gap of its own: the others are whole.
void Stream::open_gap(int stream, arb_time from, std::string_view reason, std::string_view detail) {
    if (stream != ARB_STREAM_BOOKS || (parts_.lane == 0 && parts_.alone()))
        return parts_.gaps.open(stream, {}, from, reason, detail);
    for (auto const& market : books_wanted_) {
        parts_.gaps.open(stream, market, from, reason, detail);
        gapped_books_.insert(market);
    }
}

std::optional<arb_time> Stream::close_gap(int stream, arb_time now) {
    if (stream == ARB_STREAM_BOOKS) {
        for (auto const& market : gapped_books_)
            if (!parts_.disputed(market)) parts_.gaps.close(stream, market, now);
        gapped_books_.clear();
    }
    // The gap of the whole stream is the first lane's.
    return parts_.lane == 0 ? parts_.gaps.close(stream, {}, now) : std::nullopt;
}

void Stream::took_data(Link& link) {
    bool const first = !std::exchange(link.data_came, true);
    link.last_data = received_;
    parts_.host.alive();
    if (&link != link_.get()) return;
    auto const now = Silence::Clock::now();
    last_data_ = received_;
    evidence_ = 0;  // what it lacked may only have been on its way
    suspicious_.clear();
    silence_.data(now);
    reconnect_.data(now);
    if (first || parts_.gaps.open_count() != 0) close_gaps(received_);
}

// Whether this quote is to be written: of two connections side by side, one that the other did not tell.
bool Stream::new_quote(Frame const& frame, Quote const& quote) {
    if (!is_subscribed(*taking_, frame) || !ours(frame.market)) return false;
    bool const from_next = next_ != nullptr && taking_ == next_.get();
    auto const before = parts_.agreement->told(frame.market, quote, frame.time, received_,
                                               from_next ? Agreement::Take::newer : Agreement::Take::always);
    if (parts_.gaps.open_count() != 0) parts_.gaps.close(ARB_STREAM_QUOTES, frame.market, received_);
    if (next_ == nullptr || frame.time == 0) return true;
    // The state in which the new connection finds a market: the old one told it, whenever it is stamped.
    if (from_next && before.same) return false;
    // The old one does not tell it at all.
    if (from_next && link_->dead[index(ARB_STREAM_QUOTES)]) return frame.time > before.time;
    weigh_evidence(frame);
    if (from_next && frame.time < last_data_ - clocks_differ_ns) return false;
    // Told by nobody, and before anything could be proven by it.
    if (from_next && before.time != 0 && frame.time > before.time && silent_before_replacement_)
        suspicious_.emplace(frame.market);
    auto& told = told_[std::string{frame.market}];
    if (told.link != 0 && told.link != taking_->number && frame.time <= told.time) return false;
    told = {taking_->number, frame.time};
    return true;
}

// The new connection tells of something that the old one should have told: unless it still does, it is dead.
void Stream::weigh_evidence(Frame const& frame) {
    if (taking_ != next_.get() || frame.time == 0 || evidence_ != 0) return;
    if (frame.time > std::max(last_data_, link_->connected_at) + ns(parts_.timing.grace))
        evidence_ = received_;
}

void Stream::book(Link& link, Frame const& frame) {
    auto& packets = parts_.outbox.packets();
    if (!frame.rejected.empty()) {
        // What it would have changed is not known.
        if (frame.market.empty())
            spoil_books(link);
        else
            books_.spoil(frame.market), link.books.spoiled(std::string{frame.market}, received_);
        parts_.gaps.open(ARB_STREAM_BOOKS, frame.market, received_, "unreadable", frame.rejected);
        return;
    }
    auto const* const known = books_.find(frame.market);
    auto const followed_by_other = known != nullptr && known->in_step && known->link > link.number;
    if (frame.type == FrameType::book_snapshot) {
        if (!frame.has_sides) parts_.host.count("empty_snapshots");
        if (!followed_by_other) books_.snapshot(frame, received_, packets, link.number);
        if (link.books.came(frame.market, received_)) ask_for_books(link, received_);
        if (!parts_.disputed(frame.market)) parts_.gaps.close(ARB_STREAM_BOOKS, frame.market, received_);
        if (link.books.empty()) close_gaps(received_);
        return;
    }
    switch (books_.change(frame, received_, packets, link.number)) {
        case Books::Change::written:
            break;
        case Books::Change::ignored:
            if (next_ == nullptr) parts_.host.count("changes_without_book");
            break;
        case Books::Change::spoiled:
            parts_.host.count("spoiled_books");
            parts_.gaps.open(ARB_STREAM_BOOKS, frame.market, received_, "inconsistent");
            link.books.spoiled(std::string{frame.market}, received_);
            ask_for_books(link, received_);
            break;
    }
}

void Stream::status(Frame const& frame) {
    if (!frame.rejected.empty() || (frame.is_combo && !decoder_.filter().combos)) return;
    if (frame.type == FrameType::event_lifecycle)
        return parts_.catalogue.event_created(frame.event_ticker, frame.series_ticker);
    if (frame.type == FrameType::fee_update)
        return parts_.catalogue.fee_changed({ARB_SCOPE_EVENT, std::string{frame.event_ticker}, fee_of(frame),
                                             received_, "event_fee_update", fee_json(fee_of(frame), {})});
    parts_.catalogue.changed({frame.market, frame.event_ticker, frame.event_type,
                              lifecycle_of(frame.event_type), frame.closes_at});
}

// The books that follow that connection have to come anew.
void Stream::spoil_books(Link& link) {
    for (auto& market : books_.spoil_link(link.number)) link.books.spoiled(std::move(market), received_);
}

// Frames of a subscription did not come. Trades can be had afterwards, the catalogue knows what became of a
// market, and books have to begin anew.
void Stream::missed(Link& link, std::int64_t sid) {
    auto const stream = link.subscriptions.stream_of(sid);
    parts_.host.count("sequence_gaps");
    if (stream == ARB_STREAM_ALL) return;
    auto const from = link.whole_until(stream);
    if (stream == ARB_STREAM_BOOKS) {
        open_gap(stream, from, "sequence");
        spoil_books(link);
        ask_for_books(link, received_);
        return;
    }
    parts_.gaps.record(stream, {}, from, received_, "sequence");
    if (stream == ARB_STREAM_TRADES)
        net::asio::co_spawn(parts_.executor, backfill(from, received_, "sequence"), rethrow);
    if (stream == ARB_STREAM_STATUS) parts_.catalogue.sweep_soon();
}

void Stream::reply(Link& link, Frame const& frame) {
    auto const outcome = link.subscriptions.reply(frame);
    if (frame.id != 0 && link.commands_open != 0) --link.commands_open;
    link.command_sent = link.commands_open == 0 ? 0 : received_;
    link.moved_at = received_;
    if (outcome.stream == ARB_STREAM_BOOKS) {
        for (auto const& market : outcome.tickers) link.books.left(market);
        if (frame.id != 0) link.books.answered(received_);
    }
    using Kind = Subscriptions::Outcome::Kind;
    switch (outcome.kind) {
        case Kind::none:
            break;
        case Kind::subscribed:
            // Trades of the time before are in no ticker that is still to come.
            if (outcome.stream == ARB_STREAM_TRADES && &link == link_.get()) parts_.agreement->settle_all();
            break;
        case Kind::ended:
            parts_.host.warning(outcome.sentence + "; subscribing anew");
            if (&link == link_.get()) {
                lost_reason_ = "subscription_ended";
                open_gap(outcome.stream, link.whole_until(outcome.stream), lost_reason_, outcome.sentence);
            }
            // All of them are subscribed to again, which brings them.
            if (outcome.stream == ARB_STREAM_BOOKS) books_.spoil_link(link.number), link.books.clear();
            break;
        case Kind::full:
            parts_.host.count("full_subscriptions");
            move_on(link, outcome);
            break;
        case Kind::denied:
            return drop(link, "auth", outcome.sentence);
        case Kind::refused:
            if (link.refusal != outcome.sentence) parts_.host.warning(outcome.sentence);
            link.refusal = outcome.sentence;
            link.refused_at = received_;
            parts_.host.count("refused_commands");
            // Its stream has a gap for as long as it is missing.
            if (&link == link_.get() && link.subscriptions.lacks(outcome.stream) &&
                !parts_.gaps.is_open(outcome.stream)) {
                lost_reason_ = "refused";
                open_gap(outcome.stream, link.whole_until(outcome.stream), lost_reason_, outcome.sentence);
            }
            break;
    }
    // After a refusal the next command waits for the watch, so that a venue that refuses all is not flooded.
    if (outcome.kind != Kind::refused) send_commands(link);
    close_gaps(received_);
    report();
}

// Subscribed is not live: a stream is whole when its first data came, where the venue sends such.
bool Stream::whole(Link const& link, int stream) const {
    if (link.dead[index(stream)]) return false;
    if (!link.subscriptions.complete(stream)) return false;
    if (stream == ARB_STREAM_BOOKS) return link.books.empty();
    if (stream == ARB_STREAM_QUOTES) return link.quotes_came || wanted_.empty();
    if (parts_.lane != 0) return true;
    // A feed that was dead while it looked alive has to give data before it is believed.
    return lost_reason_ != stalled || link.data_came;
}

// Everything but what the venue refuses to the feed.
bool Stream::whole(Link const& link) const {
    auto const refused = [&](int stream) {
        return link.subscriptions.lacks(stream) && (link_ == nullptr || link_->subscriptions.lacks(stream));
    };
    return std::all_of(std::begin(live_streams), std::end(live_streams), [&](int stream) {
        return !link.subscriptions.has(stream) || refused(stream) || whole(link, stream);
    });
}

// Closes the gap of each stream that is whole again.
void Stream::close_gaps(arb_time now) {
    if (link_ == nullptr) return;
    for (auto const stream : live_streams) {
        if (!link_->subscriptions.has(stream) || !whole(*link_, stream)) continue;
        if (now - link_->unreadable_at[index(stream)] < unreadable_ns) continue;
        auto const from = close_gap(stream, now);
        auto& last = link_->last_of[index(stream)];
        if (from.has_value() || last == 0) last = std::max(last, now);
        if (!from.has_value()) continue;
        if (stream == ARB_STREAM_TRADES)
            net::asio::co_spawn(parts_.executor, backfill(*from, now, lost_reason_), rethrow);
        if (stream == ARB_STREAM_STATUS) parts_.catalogue.sweep_soon();
    }
    parts_.outbox.added();
}

// Compares what is wanted with what flows, and asks for the difference.
void Stream::tend(Link& link) {
    auto const now = parts_.host.now();
    if (!link.refusal.empty() && now - link.refused_at >= ns(parts_.timing.refused_again)) {
        link.refused_at = now;
        link.subscriptions.ask_refused_again();
    }
    send_commands(link);
    await_books(link);
    if (parts_.gaps.open_count() != 0) close_gaps(now);
    for (auto const stream : live_streams)
        if (link.dead[index(stream)])
            try_another(link, "dead_channel", std::string{words_of(stream)} + " do not come on the feed");
    if (link.command_sent == 0) return;
    // An answer may wait behind a burst of frames; without either the venue is not there.
    if (now - std::max(link.command_sent, link.last_data) > ns(parts_.timing.reply_max))
        drop(link, "no_reply", "the venue did not answer a command in time");
    else if (now - link.command_sent > ns(parts_.timing.reply_busy_max) + link.behind())
        try_another(link, "no_reply", "the venue sends data and does not answer a command");
}

bool Stream::few_awaited(Link const& link) const { return link.books.size() * 2 <= books_wanted_.size(); }

void Stream::await_books(Link& link) {
    auto const now = parts_.host.now();
    ask_for_books(link, now);
    if (link.books.empty() || &link != link_.get()) return;
    auto const patience = ns(parts_.timing.snapshot_max);
    // While most are missing it is one gap; a few get one each, and the others are whole.
    if (few_awaited(link)) {
        auto const late = link.books.take_late(patience, now);
        if (late.empty()) return;
        for (auto const& [market, since] : late)
            parts_.gaps.open(ARB_STREAM_BOOKS, market, since, "no_snapshot");
        parts_.host.count("overdue_books", late.size());
        close_gaps(now);
    } else if (!link.books.answers_awaited() && now - link.books.moved() > no_books_factor * patience) {
        auto const* const sentence = "the venue sends no snapshots of books";
        if (now - link.last_data > patience)
            drop(link, "no_snapshot", sentence);
        else
            try_another(link, "no_snapshot", sentence);
    }
}

void Stream::send_commands(Link& link) {
    for (auto& command : link.subscriptions.commands()) {
        ++link.commands_open;
        if (link.command_sent == 0) link.command_sent = parts_.host.now();
        send(link, std::move(command));
    }
    auto const now = parts_.host.now();
    for (auto const& market : link.subscriptions.books_asked()) {
        link.books.asked(market, now);
        if (&link == link_.get()) books_.expect(market);
    }
    for (auto const& market : link.subscriptions.books_left()) {
        link.books.left(market);
        parts_.gaps.close(ARB_STREAM_BOOKS, market, now);
        books_.remove(market);
    }
}

void Stream::ask_for_books(Link& link, arb_time now) {
    // What is not subscribed to yet comes when it is.
    if (!link.subscriptions.complete(ARB_STREAM_BOOKS)) return;
    auto const missing = link.books.to_request(Subscriptions::tickers_max, now);
    if (!missing.empty()) send(link, link.subscriptions.snapshots(missing));
}

void Stream::send(Link& link, std::string command) {
    auto const write = [](std::shared_ptr<net::WebSocket> socket,
                          std::string text) -> net::asio::awaitable<void> {
        auto const written = co_await socket->write(std::move(text));
        if (written.has_error()) socket->cut();
    };
    net::asio::co_spawn(parts_.executor, write(link.socket, std::move(command)), rethrow);
}

// Books that one subscription has no room for go to another connection, or are not had.
void Stream::move_on(Link& link, Subscriptions::Outcome const& outcome) {
    std::unordered_set<std::string_view> const gone{outcome.tickers.begin(), outcome.tickers.end()};
    std::erase_if(books_wanted_, [&](auto const& market) { return gone.contains(market); });
    for (auto const& market : outcome.tickers) {
        for (auto const& each : {link_, next_})
            if (each != nullptr) each->books.left(market);
        if (link_ != nullptr && &link == link_.get()) books_.remove(market);
    }
    // The feed distributes them once; a replacement's wants follow.
    if (&link == link_.get()) parts_.overflow(outcome.tickers);
}

void Stream::resync(std::string const& market, arb_time from, std::string_view reason) {
    if (link_ == nullptr || !books_.in_step(market)) return;
    books_.spoil(market);
    parts_.gaps.open(ARB_STREAM_BOOKS, market, from, reason);
    link_->books.spoiled(market, parts_.host.now());
    ask_for_books(*link_, parts_.host.now());
}

void Stream::write_books(double share) {
    books_.write_some(share, parts_.host.now(), parts_.outbox.packets(), [this] { parts_.outbox.added(); });
}

net::asio::awaitable<void> Stream::backfill(arb_time from, arb_time to, std::string reason) {
    ++backfills_;
    co_await read_again(from, to, std::move(reason));
    --backfills_;
}

net::asio::awaitable<void> Stream::read_again(arb_time from, arb_time to, std::string reason) {
    net::Backoff backoff{1s, 30s};
    co_await net::sleep(parts_.timing.backfill_after);
    std::string last;
    for (unsigned tried = 0; tried != backfill_tries && !parts_.host.stopping(); ++tried) {
        if (tried != 0) co_await net::sleep(backoff.next());
        while (parts_.host.put_off() && !parts_.host.stopping()) co_await net::sleep(1s);
        auto const fetched = co_await parts_.trades.fetch(from, Trades::gap_overlap_ns, ARB_FLAG_BACKFILLED);
        if (fetched.has_value()) {
            // What had to be refused is missing still.
            if (fetched->all) parts_.gaps.record(ARB_STREAM_TRADES, {}, from, to, reason, {}, true);
            parts_.agreement->settle_all();
            parts_.outbox.added();
            co_return;
        }
        last = fetched.error().text;
    }
    parts_.host.warning("trades of a gap could not be read afterwards: " + last);
}

}  // namespace arb::kalshi
