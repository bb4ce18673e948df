#include "decode_frame.hpp"

#include <bit>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include "arbitrage/time.hpp"
#include "frame_reader.hpp"
#include "member.hpp"

namespace arb::kalshi {

namespace {

struct TypeName {
    std::string_view text;
    FrameType type;
    bool combo;
};

constexpr TypeName type_names[] = {
    {"ticker", FrameType::ticker, false},
    {"orderbook_delta", FrameType::book_delta, false},
    {"trade", FrameType::trade, false},
    {"orderbook_snapshot", FrameType::book_snapshot, false},
    {"market_lifecycle_v2", FrameType::market_lifecycle, false},
    {"event_lifecycle", FrameType::event_lifecycle, false},
    {"event_fee_update", FrameType::fee_update, false},
    {"multivariate_market_lifecycle", FrameType::market_lifecycle, true},
    {"subscribed", FrameType::subscribed, false},
    {"unsubscribed", FrameType::unsubscribed, false},
    {"ok", FrameType::ok, false},
    {"error", FrameType::error, false},
};

// A ticker is at most some fifty characters, an id of a trade 36; what is longer is neither.
constexpr std::size_t name_size_max = word_size_max;
// Times outside were made up: before the venue began, or later than any clock is wrong.
constexpr arb_time time_min = INT64_C(946'684'800) * second_ns;  // the year 2000
// Milliseconds beyond this, in the year 2260, are no nanoseconds in 64 bits.
constexpr std::int64_t clock_ms_max = 9'180'000'000'000;
constexpr arb_time ahead_max = INT64_C(86'400) * second_ns;

// What messages of each type are known to have beside the envelope and what is known and not used.
Slots expected(FrameType type) {
    constexpr Slots envelope = slots(Slot::id, Slot::sid, Slot::seq, Slot::msg, Slot::type,
                                     Slot::sending_ts_ms, Slot::market_ticker);
    constexpr Slots clocks = slots(Slot::ts, Slot::ts_ms);
    switch (type) {
        case FrameType::ticker:
            return envelope | clocks |
                   slots(Slot::price_dollars, Slot::yes_bid_dollars, Slot::yes_ask_dollars,
                         Slot::yes_bid_size_fp, Slot::yes_ask_size_fp, Slot::last_trade_size_fp,
                         Slot::volume_fp, Slot::open_interest_fp);
        case FrameType::trade:
            return envelope | clocks |
                   slots(Slot::trade_id, Slot::yes_price_dollars, Slot::no_price_dollars, Slot::count_fp,
                         Slot::taker_side, Slot::taker_outcome_side, Slot::taker_book_side,
                         Slot::is_block_trade);
        case FrameType::book_snapshot:
            return envelope | slots(Slot::yes_dollars_fp, Slot::no_dollars_fp);
        case FrameType::book_delta:
            return envelope | clocks | slots(Slot::price_dollars, Slot::delta_fp, Slot::side);
        case FrameType::market_lifecycle:
            return envelope | slots(Slot::event_type, Slot::event_ticker, Slot::result,
                                    Slot::settlement_value, Slot::determination_ts, Slot::settled_ts,
                                    Slot::open_ts, Slot::close_ts);
        case FrameType::event_lifecycle:
            return envelope | slots(Slot::event_ticker, Slot::series_ticker);
        case FrameType::fee_update:
            return envelope |
                   slots(Slot::event_ticker, Slot::fee_type_override, Slot::fee_multiplier_override);
        default:
            return ~Slots{0};
    }
}

// Invalid UTF-8 in a title must not cost the frame; sinks decide what they can store.
boost::json::parse_options tolerant() {
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;
    return options;
}

}  // namespace

std::string_view name_of(FrameType type) {
    for (auto const& known : type_names)
        if (known.type == type) return known.text;
    return type == FrameType::unknown ? "unknown" : "unreadable";
}

struct FrameDecoder::Impl {
    boost::json::basic_parser<FrameReader> parser{tolerant()};
    Frame frame;
    Filter filter;

    FrameReader const& reader() { return parser.handler(); }

    void read_type();
    void ticker(arb_time received, Packets& packets);
    void trade(arb_time received, Packets& packets);
    void snapshot();
    void delta(arb_time received);
    void lifecycle(std::string_view bytes, arb_time received, Packets& packets);
    void event_of_market(boost::json::object const& msg, std::string_view bytes, Doubts& doubts);
    void event();
    void fee_update();
    void reply();
    void doubt(Doubts const& doubts);
    void note_unknown();
    arb_time time(arb_time received, Doubts& doubts);
    bool unwanted() const { return frame.is_combo && !filter.combos; }
};

FrameDecoder::FrameDecoder(Filter filter) : impl_{std::make_unique<Impl>()} {
    impl_->filter = std::move(filter);
}
FrameDecoder::~FrameDecoder() = default;
FrameDecoder::Filter& FrameDecoder::filter() { return impl_->filter; }

Frame const& FrameDecoder::decode(std::string_view bytes, arb_time received, Packets& packets) {
    auto& impl = *impl_;
    auto& frame = impl.frame;
    frame = Frame{};
    impl.parser.reset();
    impl.parser.handler().begin(bytes);
    boost::json::error_code wrong;
    auto const read = impl.parser.write_some(false, bytes.data(), bytes.size(), wrong);
    if (wrong.failed() || read != bytes.size()) {
        frame.rejected = "not_json";
        return frame;
    }
    impl.read_type();
    switch (frame.type) {
        case FrameType::ticker:
            impl.ticker(received, packets);
            break;
        case FrameType::trade:
            impl.trade(received, packets);
            break;
        case FrameType::book_snapshot:
            impl.snapshot();
            break;
        case FrameType::book_delta:
            impl.delta(received);
            break;
        case FrameType::market_lifecycle:
            impl.lifecycle(bytes, received, packets);
            break;
        case FrameType::event_lifecycle:
            impl.event();
            break;
        case FrameType::fee_update:
            impl.fee_update();
            break;
        case FrameType::unreadable:
            frame.rejected = "frame_without_type";
            break;
        case FrameType::unknown:
            break;
        default:
            impl.reply();
            break;
    }
    return frame;
}

void FrameDecoder::Impl::read_type() {
    frame.id = reader().number(Slot::id);
    frame.sid = reader().number(Slot::sid);
    frame.sequence = reader().number(Slot::seq);
    auto const sent = reader().number(Slot::sending_ts_ms);
    if (sent > 0 && sent < clock_ms_max) frame.sent = sent * millisecond_ns;
    auto const type = reader().field(Slot::type);
    if (type.kind != Field::Kind::text) return;
    frame.type = FrameType::unknown;
    for (auto const& known : type_names) {
        if (known.text != type.text) continue;
        frame.type = known.type;
        frame.is_combo = known.combo;
        break;
    }
    note_unknown();
    auto const market = reader().field(Slot::market_ticker);
    if (market.kind != Field::Kind::text || !is_id(market.text)) return;
    frame.market = market.text;
    frame.is_combo |= is_combo(market.text);
}

void FrameDecoder::Impl::note_unknown() {
    frame.unknown = reader().unknown();
    if (frame.type == FrameType::unknown || !frame.unknown.empty()) return;
    auto const odd = reader().present() & ~expected(frame.type);
    if (odd != 0) frame.unknown = name_of(static_cast<Slot>(std::countr_zero(odd)));
}

// A field that is missing while an unknown one is there was renamed, as far as anybody can tell.
void FrameDecoder::Impl::doubt(Doubts const& doubts) {
    frame.doubt = doubts.first();
    frame.doubt_what =
        doubts.what() == ARB_DRIFT_MISSING && !frame.unknown.empty() ? int{ARB_DRIFT_RENAMED} : doubts.what();
}

// Milliseconds where the venue gives them, else its older whole seconds or text.
arb_time FrameDecoder::Impl::time(arb_time received, Doubts& doubts) {
    // A clock of ours that stands before the year 2000 judges nobody.
    auto const believed = [&](arb_time at) {
        return at >= time_min && (received < time_min || at <= received + ahead_max);
    };
    auto const milliseconds = reader().number(Slot::ts_ms);
    if (milliseconds > 0 && milliseconds < clock_ms_max && believed(milliseconds * millisecond_ns))
        return milliseconds * millisecond_ns;
    if (reader().has(Slot::ts_ms)) {
        auto const read = read_clock(reader().field(Slot::ts_ms), millisecond_ns, "ts_ms", doubts);
        if (believed(read)) return read;
        doubts.add("ts_ms");
    }
    auto const older = reader().field(Slot::ts);
    auto const read = older.kind == Field::Kind::text ? read_time(older, "ts", Need::optional, doubts)
                                                      : read_clock(older, second_ns, "ts", doubts);
    if (read == 0 || believed(read)) return read;
    doubts.add("ts");
    return 0;
}

void FrameDecoder::Impl::ticker(arb_time received, Packets& packets) {
    if (frame.market.empty()) {
        frame.rejected = "ticker_without_market";
        return;
    }
    if (unwanted()) return;
    Doubts doubts;
    auto const& r = reader();
    Quote quote;
    quote.bid = read_price(r.field(Slot::yes_bid_dollars), "yes_bid_dollars", Need::required, doubts);
    quote.ask = read_price(r.field(Slot::yes_ask_dollars), "yes_ask_dollars", Need::required, doubts);
    quote.bid_size = read_amount(r.field(Slot::yes_bid_size_fp), "yes_bid_size_fp", Need::required, doubts);
    quote.ask_size = read_amount(r.field(Slot::yes_ask_size_fp), "yes_ask_size_fp", Need::required, doubts);
    quote.last_price = read_price(r.field(Slot::price_dollars), "price_dollars", Need::required, doubts);
    quote.last_size =
        read_amount(r.field(Slot::last_trade_size_fp), "last_trade_size_fp", Need::optional, doubts);
    quote.volume = read_amount(r.field(Slot::volume_fp), "volume_fp", Need::required, doubts);
    quote.open_interest =
        read_amount(r.field(Slot::open_interest_fp), "open_interest_fp", Need::required, doubts);
    settle_quote(quote, doubts);
    frame.time = time(received, doubts);
    doubt(doubts);
    if (filter.quote && !filter.quote(frame, quote)) return;
    write_quote(packets, frame.market, quote, received, frame.time, doubts.flag());
}

void FrameDecoder::Impl::trade(arb_time received, Packets& packets) {
    auto const& r = reader();
    if (frame.market.empty()) {
        frame.rejected = "trade_without_market";
        return;
    }
    if (unwanted()) return;
    Doubts doubts;
    Trade trade;
    trade.market = frame.market;
    trade.price = read_price(r.field(Slot::yes_price_dollars), "yes_price_dollars", Need::required, doubts);
    trade.size = read_amount(r.field(Slot::count_fp), "count_fp", Need::required, doubts);
    if (trade.price == ARB_ABSENT || trade.size == ARB_ABSENT || trade.size == 0) {
        frame.rejected = trade.price == ARB_ABSENT ? "trade_without_price" : "trade_without_size";
        return;
    }
    auto const other =
        read_price(r.field(Slot::no_price_dollars), "no_price_dollars", Need::optional, doubts);
    if (other != ARB_ABSENT && other != ARB_UNIT - trade.price) {
        frame.rejected = "trade_prices_disagree";
        return;
    }
    frame.size = trade.size;
    auto const trade_id = r.field(Slot::trade_id);
    if (trade_id.kind == Field::Kind::text && !trade_id.text.empty() && trade_id.text.size() <= name_size_max)
        trade.trade_id = frame.trade_id = trade_id.text;
    else
        doubts.add("trade_id");
    trade.taker_side = read_taker(r.field(Slot::taker_outcome_side), r.field(Slot::taker_book_side),
                                  r.field(Slot::taker_side), doubts);
    auto const block = r.field(Slot::is_block_trade);
    if (block.kind == Field::Kind::boolean)
        trade.block = r.number(Slot::is_block_trade) != 0 ? ARB_YES : ARB_NO;
    else if (block.given())
        doubts.add("is_block_trade");
    trade.time = frame.time = time(received, doubts);
    doubt(doubts);
    if (filter.trade && !filter.trade(frame)) return;
    write_trade(packets, trade, received, doubts.flag());
}

void FrameDecoder::Impl::snapshot() {
    if (frame.market.empty())
        frame.rejected = "snapshot_without_market";
    else if (!reader().levels_ok())
        frame.rejected = "snapshot_with_bad_level";
    for (auto const slot : {Slot::yes_dollars_fp, Slot::no_dollars_fp}) {
        if (!reader().has(slot)) continue;
        frame.has_sides = true;
        auto const kind = reader().field(slot).kind;
        if (kind != Field::Kind::other && kind != Field::Kind::null)
            frame.rejected = "snapshot_with_bad_level";
    }
    // An empty book has neither key. With an unknown one instead, the venue may have renamed them.
    if (!frame.has_sides && !frame.unknown.empty() && frame.rejected.empty())
        frame.rejected = "snapshot_without_sides";
    frame.yes = reader().yes();
    frame.no = reader().no();
}

void FrameDecoder::Impl::delta(arb_time received) {
    auto const& r = reader();
    auto const side = r.text(Slot::side);
    Doubts doubts;
    frame.is_yes = side == "yes";
    frame.price = read_price(r.field(Slot::price_dollars), "price_dollars", Need::required, doubts);
    frame.delta = read_signed(r.field(Slot::delta_fp), "delta_fp", doubts);
    if (frame.market.empty())
        frame.rejected = "delta_without_market";
    else if (side != "yes" && side != "no")
        frame.rejected = "delta_without_side";
    else if (frame.price == ARB_ABSENT || frame.price == 0 || frame.price == ARB_UNIT)
        frame.rejected = "delta_without_price";
    else if (frame.delta == ARB_ABSENT)
        frame.rejected = "delta_without_size";
    Doubts of_time;
    frame.time = time(received, of_time);
    doubt(of_time);
}

void FrameDecoder::Impl::lifecycle(std::string_view bytes, arb_time received, Packets& packets) {
    auto const& r = reader();
    frame.event_type = r.text(Slot::event_type);
    if (frame.market.empty())
        frame.rejected = "lifecycle_without_market";
    else if (frame.event_type.empty() || frame.event_type.size() > name_size_max)
        frame.rejected = "lifecycle_without_type";
    if (unwanted() || !frame.rejected.empty()) return;
    Doubts doubts;
    frame.closes_at = read_clock(r.field(Slot::close_ts), second_ns, "close_ts", doubts);
    read_clock(r.field(Slot::open_ts), second_ns, "open_ts", doubts);
    auto result = r.text(Slot::result);
    if (result.size() > name_size_max || (result.empty() && r.field(Slot::result).given())) {
        doubts.add("result");
        result = {};
    } else if (result.empty() && lifecycle_of(frame.event_type) == ARB_LIFECYCLE_DETERMINED) {
        doubts.add("result", ARB_DRIFT_MISSING);
    }
    auto const value =
        read_price(r.field(Slot::settlement_value), "settlement_value", Need::optional, doubts);
    auto const decided = read_clock(r.field(Slot::determination_ts), second_ns, "determination_ts", doubts);
    auto const settled = read_clock(r.field(Slot::settled_ts), second_ns, "settled_ts", doubts);
    frame.time = settled != 0 ? settled : decided;
    // A rare frame, and what it says beside the status differs from type to type: kept as the venue's JSON.
    boost::json::error_code wrong;
    auto const whole = boost::json::parse({bytes.data(), bytes.size()}, wrong, {}, tolerant());
    auto const* const msg = whole.is_object() ? whole.get_object().if_contains("msg") : nullptr;
    auto const detail = msg != nullptr ? json_text(*msg) : std::string{};
    if (msg != nullptr && msg->is_object()) event_of_market(msg->get_object(), bytes, doubts);
    doubt(doubts);
    if (filter.lifecycle && !filter.lifecycle(frame)) return;
    auto packet = packets.add<arb_status_change>(venue_name, received, frame.time, doubts.flag());
    packet->settlement_value = value;
    packet->lifecycle = lifecycle_of(frame.event_type);
    packet.text(&arb_status_change::market_id, frame.market);
    packet.text(&arb_status_change::venue_status, frame.event_type);
    packet.text(&arb_status_change::result, result);
    packet.text(&arb_status_change::detail, detail);
}

// The event of a market, which is named in the frame or beside what a new market is about.
void FrameDecoder::Impl::event_of_market(boost::json::object const& msg, std::string_view bytes,
                                         Doubts& doubts) {
    auto const take = [&](std::string_view ticker) {
        if (!is_id(ticker))
            doubts.add("event_ticker");
        else
            frame.event_ticker = ticker;
    };
    if (reader().field(Slot::event_ticker).given()) take(reader().text(Slot::event_ticker));
    auto const* const metadata = msg.if_contains("additional_metadata");
    if (metadata == nullptr || metadata->is_null()) return;
    auto const* const more = metadata->if_object();
    auto const* const event = more != nullptr ? more->if_contains("event_ticker") : nullptr;
    if (event == nullptr || !event->is_string()) return doubts.add("event_ticker");
    // The text lies in the frame's bytes as well; a view of the document would not outlive this function.
    auto const at = bytes.find(std::string_view{event->get_string()});
    take(at == std::string_view::npos ? std::string_view{} : bytes.substr(at, event->get_string().size()));
}

void FrameDecoder::Impl::event() {
    frame.event_ticker = reader().text(Slot::event_ticker);
    frame.series_ticker = reader().text(Slot::series_ticker);
    auto const series = reader().field(Slot::series_ticker);
    Doubts doubts;
    if (series.given() && (series.kind != Field::Kind::text || series.text.size() > name_size_max)) {
        doubts.add("series_ticker");
        frame.series_ticker = {};
    }
    doubt(doubts);
    frame.is_combo = is_combo(frame.event_ticker);
    if (!is_id(frame.event_ticker)) frame.rejected = "event_without_ticker";
}

void FrameDecoder::Impl::fee_update() {
    auto const& r = reader();
    event();
    auto const type = r.field(Slot::fee_type_override);
    auto const multiplier = r.field(Slot::fee_multiplier_override);
    // Null is how the venue says that it overrides nothing; what is missing says nothing.
    bool const known = type.kind == Field::Kind::text || type.kind == Field::Kind::null;
    if (!known || type.text.size() > name_size_max) frame.rejected = "fee_without_type";
    frame.fee_type = type.text;
    // Without a type and a multiplier the override ended; either may stand alone.
    if (!frame.rejected.empty() || (frame.fee_type.empty() && !multiplier.given())) return;
    Doubts doubts;
    if (read_amount(multiplier, "fee_multiplier_override", Need::required, doubts) != ARB_ABSENT)
        frame.fee_multiplier = multiplier.text;
    doubt(doubts);
}

void FrameDecoder::Impl::reply() {
    auto const& r = reader();
    frame.channel = r.text(Slot::channel);
    // The acknowledgement of a subscription names the new sid inside msg.
    if (frame.type == FrameType::subscribed) frame.sid = r.number(Slot::msg_sid);
    frame.error_code = r.number(Slot::code);
    frame.error_text = r.text(Slot::msg_text).substr(0, name_size_max);
}

}  // namespace arb::kalshi
