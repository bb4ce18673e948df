#include "decode_frame.hpp"

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include "arbitrage/time.hpp"
#include "frame_reader.hpp"

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
    void delta();
    void lifecycle(std::string_view bytes, arb_time received, Packets& packets);
    void reply();
    arb_time time(Doubts& doubts);
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
            impl.delta();
            break;
        case FrameType::market_lifecycle:
            impl.lifecycle(bytes, received, packets);
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
    auto const type = reader().field(Slot::type);
    if (type.kind != Field::Kind::text) return;
    frame.type = FrameType::unknown;
    for (auto const& known : type_names) {
        if (known.text != type.text) continue;
        frame.type = known.type;
        frame.is_combo = known.combo;
        break;
    }
    auto const market = reader().field(Slot::market_ticker);
    if (market.kind != Field::Kind::text) return;
    frame.market = market.text;
    frame.is_combo |= is_combo(market.text);
}

// Milliseconds where the venue gives them, else its older whole seconds or text.
arb_time FrameDecoder::Impl::time(Doubts& doubts) {
    // A year between 2001 and 2261, as nearly always, and the text need not be read again.
    auto const milliseconds = reader().number(Slot::ts_ms);
    if (milliseconds > 1'000'000'000'000 && milliseconds < 9'180'000'000'000)
        return milliseconds * millisecond_ns;
    if (reader().has(Slot::ts_ms)) {
        if (auto const time = read_clock(reader().field(Slot::ts_ms), millisecond_ns, "ts_ms", doubts))
            return time;
    }
    auto const older = reader().field(Slot::ts);
    return older.kind == Field::Kind::text ? read_time(older, "ts", Need::optional, doubts)
                                           : read_clock(older, second_ns, "ts", doubts);
}

void FrameDecoder::Impl::ticker(arb_time received, Packets& packets) {
    if (frame.market.empty()) {
        frame.rejected = "ticker_without_market";
        return;
    }
    if (frame.is_combo) return;
    Doubts doubts;
    auto const& r = reader();
    Quote quote;
    quote.bid = read_price(r.field(Slot::yes_bid_dollars), "yes_bid", Need::required, doubts);
    quote.ask = read_price(r.field(Slot::yes_ask_dollars), "yes_ask", Need::required, doubts);
    quote.bid_size = read_amount(r.field(Slot::yes_bid_size_fp), "yes_bid_size", Need::required, doubts);
    quote.ask_size = read_amount(r.field(Slot::yes_ask_size_fp), "yes_ask_size", Need::required, doubts);
    quote.last_price = read_price(r.field(Slot::price_dollars), "last_price", Need::required, doubts);
    quote.last_size = read_amount(r.field(Slot::last_trade_size_fp), "last_size", Need::optional, doubts);
    quote.volume = read_amount(r.field(Slot::volume_fp), "volume", Need::required, doubts);
    quote.open_interest =
        read_amount(r.field(Slot::open_interest_fp), "open_interest", Need::required, doubts);
    settle_quote(quote, doubts);
    frame.time = time(doubts);
    frame.doubt = doubts.first();
    if (filter.quote && !filter.quote(frame, quote)) return;
    write_quote(packets, frame.market, quote, received, frame.time, doubts.flag());
}

void FrameDecoder::Impl::trade(arb_time received, Packets& packets) {
    auto const& r = reader();
    if (frame.market.empty()) {
        frame.rejected = "trade_without_market";
        return;
    }
    if (frame.is_combo) return;
    Doubts doubts;
    Trade trade;
    trade.market = frame.market;
    trade.price = read_price(r.field(Slot::yes_price_dollars), "price", Need::required, doubts);
    trade.size = read_amount(r.field(Slot::count_fp), "size", Need::required, doubts);
    if (trade.price == ARB_ABSENT || trade.size == ARB_ABSENT || trade.size == 0) {
        frame.rejected = trade.price == ARB_ABSENT ? "trade_without_price" : "trade_without_size";
        return;
    }
    auto const other = read_price(r.field(Slot::no_price_dollars), "no_price", Need::optional, doubts);
    if (other != ARB_ABSENT && other != ARB_UNIT - trade.price) {
        frame.rejected = "trade_prices_disagree";
        return;
    }
    auto const trade_id = r.field(Slot::trade_id);
    if (trade_id.kind == Field::Kind::text && !trade_id.text.empty())
        trade.trade_id = frame.trade_id = trade_id.text;
    else
        doubts.add("trade_id");
    trade.taker_side = read_taker(r.field(Slot::taker_outcome_side), r.field(Slot::taker_book_side),
                                  r.field(Slot::taker_side), doubts);
    trade.block = r.is_true(Slot::is_block_trade);
    trade.time = frame.time = time(doubts);
    frame.doubt = doubts.first();
    if (filter.trade && !filter.trade(trade.trade_id)) return;
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
    frame.yes = reader().yes();
    frame.no = reader().no();
}

void FrameDecoder::Impl::delta() {
    auto const& r = reader();
    auto const side = r.text(Slot::side);
    Doubts doubts;
    frame.is_yes = side == "yes";
    frame.price = read_price(r.field(Slot::price_dollars), "price", Need::required, doubts);
    frame.delta = read_signed(r.field(Slot::delta_fp), "delta", doubts);
    if (frame.market.empty())
        frame.rejected = "delta_without_market";
    else if (side != "yes" && side != "no")
        frame.rejected = "delta_without_side";
    else if (frame.price == ARB_ABSENT || frame.price == 0 || frame.price == ARB_UNIT)
        frame.rejected = "delta_without_price";
    else if (frame.delta == ARB_ABSENT)
        frame.rejected = "delta_without_size";
    Doubts of_time;
    frame.time = time(of_time);
    frame.doubt = of_time.first();
}

void FrameDecoder::Impl::lifecycle(std::string_view bytes, arb_time received, Packets& packets) {
    auto const& r = reader();
    frame.event_type = r.text(Slot::event_type);
    frame.event_ticker = r.text(Slot::event_ticker);
    if (frame.market.empty())
        frame.rejected = "lifecycle_without_market";
    else if (frame.event_type.empty())
        frame.rejected = "lifecycle_without_type";
    if (frame.is_combo || !frame.rejected.empty()) return;
    Doubts doubts;
    auto const value =
        read_price(r.field(Slot::settlement_value), "settlement_value", Need::optional, doubts);
    auto const decided = read_clock(r.field(Slot::determination_ts), second_ns, "determination_ts", doubts);
    auto const settled = read_clock(r.field(Slot::settled_ts), second_ns, "settled_ts", doubts);
    frame.time = settled != 0 ? settled : decided;
    // A rare frame, and what it says beside the status differs from type to type: kept as the venue's JSON.
    boost::json::error_code wrong;
    auto const whole = boost::json::parse({bytes.data(), bytes.size()}, wrong, {}, tolerant());
    auto const* const msg = whole.is_object() ? whole.get_object().if_contains("msg") : nullptr;
    auto const detail = msg != nullptr ? boost::json::serialize(*msg) : std::string{};
    if (msg != nullptr && msg->is_object() && msg->get_object().contains("additional_metadata")) {
        auto const* const more = msg->get_object().at("additional_metadata").if_object();
        auto const* const event = more != nullptr ? more->if_contains("event_ticker") : nullptr;
        // The text lies in the frame's bytes as well; a view of the document would not outlive this function.
        if (event != nullptr && event->is_string()) {
            auto const at = bytes.find(std::string_view{event->get_string()});
            if (at != std::string_view::npos)
                frame.event_ticker = bytes.substr(at, event->get_string().size());
        }
    }
    if (filter.lifecycle && !filter.lifecycle(frame.market)) return;
    frame.doubt = doubts.first();
    auto packet = packets.add<arb_status_change>(venue_name, received, frame.time, doubts.flag());
    packet->settlement_value = value;
    packet->lifecycle = lifecycle_of(frame.event_type);
    packet.text(&arb_status_change::market_id, frame.market);
    packet.text(&arb_status_change::venue_status, frame.event_type);
    packet.text(&arb_status_change::result, r.text(Slot::result));
    packet.text(&arb_status_change::detail, detail);
}

void FrameDecoder::Impl::reply() {
    auto const& r = reader();
    frame.channel = r.text(Slot::channel);
    // The acknowledgement of a subscription names the new sid inside msg.
    if (frame.type == FrameType::subscribed) frame.sid = r.number(Slot::msg_sid);
    frame.error_code = r.number(Slot::code);
    frame.error_text = r.text(Slot::msg_text);
    frame.event_ticker = r.text(Slot::event_ticker);
    frame.series_ticker = r.text(Slot::series_ticker);
}

}  // namespace arb::kalshi
