#include "decode_rest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"

namespace arb::kalshi {

namespace json = boost::json;

namespace {

json::parse_options tolerant() {
    json::parse_options options;
    options.allow_invalid_utf8 = true;  // one bad title must not cost the page
    return options;
}

std::string_view view(json::string const& text) { return {text.data(), text.size()}; }

// The text of a member; empty if it is no string.
std::string_view text(json::object const& object, std::string_view key) {
    auto const* const value = object.if_contains(key);
    return value != nullptr && value->is_string() ? view(value->get_string()) : std::string_view{};
}

// A member as a Field. A number becomes its shortest decimal text, which for what the venue prints is what it
// printed.
class Member {
  public:
    Member(json::object const& object, std::string_view key) {
        auto const* const value = object.if_contains(key);
        if (value == nullptr) return;
        switch (value->kind()) {
            case json::kind::null:
                field_.kind = Field::Kind::null;
                break;
            case json::kind::string:
                field_ = {Field::Kind::text, view(value->get_string())};
                break;
            case json::kind::int64:
                number("{}", value->get_int64());
                break;
            case json::kind::uint64:
                number("{}", value->get_uint64());
                break;
            case json::kind::double_:
                number("{}", value->get_double());
                break;
            default:
                field_.kind = Field::Kind::other;
                break;
        }
    }
    Member(Member const&) = delete;
    Member& operator=(Member const&) = delete;
    operator Field() const { return field_; }

  private:
    template<class Number>
    void number(fmt::format_string<Number&> format, Number value) {
        auto const end = fmt::format_to_n(buffer_.data(), buffer_.size(), format, value);
        field_ = {Field::Kind::number, {buffer_.data(), std::min(end.size, buffer_.size())}};
    }
    Field field_;
    std::array<char, 40> buffer_;
};

json::array const& no_items() {
    static json::array const none;
    return none;
}

// A lone half of a surrogate pair is the one thing in a text that the parser refuses and cannot be told to
// take. Each becomes the replacement character. `body` is otherwise unchanged in length and meaning.
std::string without_lone_surrogates(std::string_view body) {
    std::string out{body};
    auto const unit = [&](std::size_t at) -> int {
        if (at + 6 > out.size() || out[at] != '\\' || out[at + 1] != 'u') return -1;
        int value = 0;
        for (auto const c : std::string_view{out}.substr(at + 2, 4)) {
            auto const digit = c >= '0' && c <= '9'                 ? c - '0'
                               : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                                    : -1;
            if (digit < 0) return -1;
            value = value * 16 + digit;
        }
        return value;
    };
    for (std::size_t at = 0; at < out.size();) {
        if (out[at] != '\\') {
            ++at;
            continue;
        }
        auto const first = unit(at);
        if (first < 0) {
            at += 2;  // another escape; a backslash escaped by a backslash begins nothing
            continue;
        }
        auto const second = unit(at + 6);
        bool const high = first >= 0xd800 && first <= 0xdbff, low = first >= 0xdc00 && first <= 0xdfff;
        if (high && second >= 0xdc00 && second <= 0xdfff) {
            at += 12;
            continue;
        }
        if (high || low) out.replace(at, 6, "\\ufffd");
        at += 6;
    }
    return out;
}

}  // namespace

Result<Document> Document::parse(std::string_view body) {
    Document out;
    out.memory_ = std::make_shared<json::monotonic_resource>();
    json::error_code wrong;
    auto value = json::parse({body.data(), body.size()}, wrong, out.memory_.get(), tolerant());
    if (wrong.failed() &&
        (body.find("\\ud") != std::string_view::npos || body.find("\\uD") != std::string_view::npos)) {
        auto const repaired = without_lone_surrogates(body);
        value = json::parse(repaired, wrong, out.memory_.get(), tolerant());
    }
    if (wrong.failed()) return retry("the answer is not JSON: " + wrong.message());
    if (!value.is_object()) return retry("the answer is not a JSON object");
    out.value_ = std::make_shared<json::value const>(std::move(value));
    return out;
}

std::string_view Document::cursor() const { return text(object(), "cursor"); }

json::array const& Document::list(std::string_view key) const {
    auto const* const value = object().if_contains(key);
    return value != nullptr && value->is_array() ? value->get_array() : no_items();
}

std::string error_text(std::string_view body) {
    auto const document = Document::parse(body);
    if (document.has_error()) return {};
    auto const* at = &document.value().object();
    if (auto const* const error = at->if_contains("error")) {
        if (error->is_string()) return std::string{view(error->get_string())};
        if (error->is_object()) at = &error->get_object();
    }
    std::string out{text(*at, "code")};
    for (auto const part : {text(*at, "message"), text(*at, "details")})
        if (!part.empty()) out += (out.empty() ? "" : ": ") + std::string{part};
    return out;
}

namespace {

// Type and multiplier of an object with `prefix`fee_type`suffix`; nothing if the type is not there.
std::optional<Fee> read_fee(json::object const& object, std::string_view type_key,
                            std::string_view multiplier_key) {
    auto const type = text(object, type_key);
    if (type.empty()) return {};
    Member const member{object, multiplier_key};
    Field const multiplier = member;
    if (multiplier.kind != Field::Kind::number && multiplier.kind != Field::Kind::text)
        return Fee{std::string{type}, {}};
    auto const value = parse_decimal(multiplier.text);
    return Fee{std::string{type}, value ? format_decimal(value.millionths) : std::string{}};
}

}  // namespace

void read_series(Document const& document, SeriesTable& table) {
    for (auto const& item : document.list("series")) {
        auto const* const object = item.if_object();
        if (object == nullptr) continue;
        auto const ticker = text(*object, "ticker");
        if (ticker.empty()) continue;
        table.insert_or_assign(std::string{ticker},
                               Series{std::string{text(*object, "category")},
                                      read_fee(*object, "fee_type", "fee_multiplier").value_or(Fee{})});
    }
}

std::string fee_json(Fee const& fee, std::string_view waived_until) {
    if (fee.type.empty()) return {};
    auto out = R"({"type":)" + json::serialize(json::string{fee.type});
    if (!fee.multiplier.empty()) out += R"(,"multiplier":)" + fee.multiplier;
    if (!waived_until.empty()) out += R"(,"waived_until":)" + json::serialize(json::string{waived_until});
    return out + "}";
}

namespace {

Quote read_quote(json::object const& object, Doubts& doubts) {
    Quote quote;
    quote.bid = read_price(Member{object, "yes_bid_dollars"}, "yes_bid", Need::required, doubts);
    quote.ask = read_price(Member{object, "yes_ask_dollars"}, "yes_ask", Need::required, doubts);
    quote.bid_size = read_amount(Member{object, "yes_bid_size_fp"}, "yes_bid_size", Need::required, doubts);
    quote.ask_size = read_amount(Member{object, "yes_ask_size_fp"}, "yes_ask_size", Need::required, doubts);
    quote.last_price = read_price(Member{object, "last_price_dollars"}, "last_price", Need::required, doubts);
    quote.volume = read_amount(Member{object, "volume_fp"}, "volume", Need::required, doubts);
    quote.open_interest =
        read_amount(Member{object, "open_interest_fp"}, "open_interest", Need::required, doubts);
    settle_quote(quote, doubts);
    return quote;
}

// The finest step of the grid, and the grid as JSON.
void read_grid(json::object const& object, MarketRow& row) {
    auto const* const ranges = object.if_contains("price_ranges");
    if (ranges == nullptr || !ranges->is_array() || ranges->get_array().empty()) {
        row.doubts.add("price_ranges");
        return;
    }
    row.price_ranges = json::serialize(*ranges);
    for (auto const& range : ranges->get_array()) {
        auto const* const step_of = range.if_object();
        if (step_of == nullptr) {
            row.doubts.add("price_ranges");
            continue;
        }
        auto const step = read_price(Member{*step_of, "step"}, "price_ranges", Need::required, row.doubts);
        if (step == 0)
            row.doubts.add("price_ranges");
        else if (step != ARB_ABSENT && (row.tick_size == ARB_ABSENT || step < row.tick_size))
            row.tick_size = step;
    }
}

}  // namespace

std::optional<MarketRow> read_market(json::value const& value, std::string_view& reason) {
    auto const* const object = value.if_object();
    if (object == nullptr) {
        reason = "market_not_an_object";
        return {};
    }
    MarketRow row;
    row.raw = object;
    row.ticker = text(*object, "ticker");
    row.event_ticker = text(*object, "event_ticker");
    if (row.ticker.empty()) {
        reason = "market_without_ticker";
        return {};
    }
    if (row.event_ticker.empty()) row.doubts.add("event_ticker");
    row.title = text(*object, "title");
    if (row.title.empty()) row.title = text(*object, "yes_sub_title");
    if (row.title.empty()) row.doubts.add("title");
    row.status = text(*object, "status");
    row.lifecycle = lifecycle_of(row.status);
    if (row.lifecycle == ARB_LIFECYCLE_NONE) row.doubts.add("status");
    row.result = text(*object, "result");
    row.waived_until = text(*object, "fee_waiver_expiration_time");
    row.rules = text(*object, "rules_primary");
    if (auto const more = text(*object, "rules_secondary"); !more.empty())
        row.rules += (row.rules.empty() ? "" : "\n\n") + std::string{more};
    read_grid(*object, row);
    auto& doubts = row.doubts;
    row.settlement_value =
        read_price(Member{*object, "settlement_value_dollars"}, "settlement_value", Need::optional, doubts);
    row.opens_at = read_time(Member{*object, "open_time"}, "open_time", Need::required, doubts);
    row.closes_at = read_time(Member{*object, "close_time"}, "close_time", Need::required, doubts);
    row.expected_at =
        read_time(Member{*object, "expected_expiration_time"}, "expected_time", Need::optional, doubts);
    row.settled_at = read_time(Member{*object, "settlement_ts"}, "settlement_ts", Need::optional, doubts);
    row.volume_24h = read_amount(Member{*object, "volume_24h_fp"}, "volume_24h", Need::optional, doubts);
    row.quote = read_quote(*object, row.quote_doubts);
    if (row.quote.volume == ARB_ABSENT) doubts.add("volume");
    return row;
}

std::optional<QuoteRow> read_quote_row(json::value const& value, std::string_view& reason) {
    auto const* const object = value.if_object();
    QuoteRow row;
    if (object != nullptr) row.ticker = text(*object, "ticker");
    if (row.ticker.empty()) {
        reason = object == nullptr ? "market_not_an_object" : "market_without_ticker";
        return {};
    }
    row.quote = read_quote(*object, row.doubts);
    return row;
}

std::optional<EventRow> read_event(json::value const& value, std::string_view& reason) {
    auto const* const object = value.if_object();
    if (object == nullptr) {
        reason = "event_not_an_object";
        return {};
    }
    EventRow row;
    row.raw = object;
    row.ticker = text(*object, "event_ticker");
    if (row.ticker.empty()) {
        reason = "event_without_ticker";
        return {};
    }
    row.series = text(*object, "series_ticker");
    row.title = text(*object, "title");
    if (row.title.empty()) row.doubts.add("title");
    row.subtitle = text(*object, "sub_title");
    row.category = text(*object, "category");
    auto const* const exclusive = object->if_contains("mutually_exclusive");
    if (exclusive != nullptr && exclusive->is_bool())
        row.mutually_exclusive = exclusive->get_bool() ? ARB_YES : ARB_NO;
    else
        row.doubts.add("mutually_exclusive");
    row.fee = read_fee(*object, "fee_type_override", "fee_multiplier_override");
    auto const* const markets = object->if_contains("markets");
    row.markets = markets != nullptr && markets->is_array() ? &markets->get_array() : &no_items();
    return row;
}

EventContext context_of(EventRow const& event, SeriesTable const& series) {
    EventContext out{std::string{event.category}, {}};
    if (auto const found = series.find(event.series); found != series.end()) {
        if (!found->second.category.empty()) out.category = found->second.category;
        out.fee = found->second.fee;
    }
    if (event.fee.has_value()) {
        out.fee.type = event.fee->type;
        if (!event.fee->multiplier.empty()) out.fee.multiplier = event.fee->multiplier;
    }
    return out;
}

void EventSpan::add(MarketRow const& market) {
    // An event is as alive as the most alive of its markets.
    static constexpr int by_rank[] = {ARB_LIFECYCLE_OPEN,   ARB_LIFECYCLE_PAUSED,     ARB_LIFECYCLE_UNOPENED,
                                      ARB_LIFECYCLE_CLOSED, ARB_LIFECYCLE_DETERMINED, ARB_LIFECYCLE_SETTLED};
    auto const rank = [](int state) { return std::find(std::begin(by_rank), std::end(by_rank), state); };
    if (rank(market.lifecycle) < rank(lifecycle)) lifecycle = market.lifecycle;
    if (market.opens_at != 0 && (opens_at == 0 || market.opens_at < opens_at)) opens_at = market.opens_at;
    closes_at = std::max(closes_at, market.closes_at);
}

void write_event(Packets& packets, EventRow const& event, EventContext const& context, EventSpan const& span,
                 arb_time received) {
    json::object raw;
    for (auto const& member : *event.raw)
        if (member.key() != "markets") raw.emplace(member.key(), member.value());
    auto const raw_text = json::serialize(raw);
    auto packet = packets.add<arb_event>(venue_name, received, 0, event.doubts.flag());
    packet->opens_at = span.opens_at;
    packet->closes_at = span.closes_at;
    packet->lifecycle = span.lifecycle;
    packet->mutually_exclusive = event.mutually_exclusive;
    packet.text(&arb_event::event_id, event.ticker);
    packet.text(&arb_event::series, event.series);
    packet.text(&arb_event::title, event.title);
    packet.text(&arb_event::subtitle, event.subtitle);
    packet.text(&arb_event::category, context.category);
    packet.text(&arb_event::raw, raw_text);
}

void write_market(Packets& packets, MarketRow const& market, Fee const& fee, arb_time received) {
    static constexpr std::string_view outcomes[] = {"Yes", "No"};
    auto const fee_text = fee_json(fee, market.waived_until);
    auto const raw_text = json::serialize(*market.raw);
    auto packet = packets.add<arb_market>(venue_name, received, 0, market.doubts.flag());
    packet->tick_size = market.tick_size;
    packet->settlement_value = market.settlement_value;
    packet->volume = market.quote.volume;
    packet->opens_at = market.opens_at;
    packet->closes_at = market.closes_at;
    packet->expected_at = market.expected_at;
    packet->settled_at = market.settled_at;
    packet->lifecycle = market.lifecycle;
    packet.text(&arb_market::market_id, market.ticker);
    packet.text(&arb_market::event_id, market.event_ticker);
    packet.text(&arb_market::title, market.title);
    packet.texts(&arb_market::outcomes, outcomes);
    packet.text(&arb_market::venue_status, market.status);
    packet.text(&arb_market::rules, market.rules);
    packet.text(&arb_market::fee, fee_text);
    packet.text(&arb_market::price_ranges, market.price_ranges);
    packet.text(&arb_market::result, market.result);
    packet.text(&arb_market::raw, raw_text);
}

std::string content_of(json::object const& raw) {
    // What trading alone changes, and the stamps that say only that something changed.
    static constexpr std::string_view volatile_keys[] = {
        "yes_bid_dollars", "yes_ask_dollars", "no_bid_dollars", "no_ask_dollars", "yes_bid_size_fp",
        "yes_ask_size_fp", "last_price_dollars", "previous_yes_bid_dollars", "previous_yes_ask_dollars",
        "previous_price_dollars", "volume_fp", "volume_24h_fp", "open_interest_fp", "liquidity_dollars",
        "updated_time", "last_updated_ts",
        // Generations before March 2026 had these beside them.
        "yes_bid", "yes_ask", "no_bid", "no_ask", "last_price", "previous_yes_bid", "previous_yes_ask",
        "previous_price", "volume", "volume_24h", "open_interest", "liquidity", "markets"};
    std::string out;
    for (auto const& member : raw) {
        std::string_view const key{member.key().data(), member.key().size()};
        if (std::find(std::begin(volatile_keys), std::end(volatile_keys), key) != std::end(volatile_keys))
            continue;
        out.append(key).append(1, '=');
        // Most values are strings, and their characters will do.
        if (member.value().is_string())
            out.append(view(member.value().get_string()));
        else
            out += json::serialize(member.value());
        out.append(1, '\n');
    }
    return out;
}

std::optional<TradeRow> read_trade(json::value const& value, std::string_view& reason) {
    auto const* const object = value.if_object();
    TradeRow row;
    auto& trade = row.trade;
    if (object != nullptr) trade.market = text(*object, "ticker");
    if (trade.market.empty()) {
        reason = "trade_without_market";
        return {};
    }
    trade.price = read_price(Member{*object, "yes_price_dollars"}, "price", Need::required, row.doubts);
    trade.size = read_amount(Member{*object, "count_fp"}, "size", Need::required, row.doubts);
    if (trade.price == ARB_ABSENT || trade.size == ARB_ABSENT || trade.size == 0) {
        reason = trade.price == ARB_ABSENT ? "trade_without_price" : "trade_without_size";
        return {};
    }
    auto const other =
        read_price(Member{*object, "no_price_dollars"}, "no_price", Need::optional, row.doubts);
    if (other != ARB_ABSENT && other != ARB_UNIT - trade.price) {
        reason = "trade_prices_disagree";
        return {};
    }
    trade.trade_id = text(*object, "trade_id");
    if (trade.trade_id.empty()) row.doubts.add("trade_id");
    trade.taker_side = read_taker(Member{*object, "taker_outcome_side"}, Member{*object, "taker_book_side"},
                                  Member{*object, "taker_side"}, row.doubts);
    auto const* const block = object->if_contains("is_block_trade");
    trade.block = block != nullptr && block->is_bool() && block->get_bool();
    trade.time = read_time(Member{*object, "created_time"}, "created_time", Need::required, row.doubts);
    return row;
}

ExchangeState read_exchange(Document const& document) {
    // What does not say that it stands still is taken to trade.
    auto const trades = [](boost::json::object const& part) {
        for (auto const* const key : {"exchange_active", "trading_active"}) {
            auto const* const active = part.if_contains(key);
            if (active != nullptr && active->is_bool() && !active->get_bool()) return false;
        }
        return true;
    };
    ExchangeState out;
    out.trading = trades(document.object());
    for (auto const& part : document.list("exchange_index_statuses"))
        if (part.is_object() && trades(part.get_object())) out.trading = true;
    auto const* const resumes = document.object().if_contains("exchange_estimated_resume_time");
    if (!out.trading && resumes != nullptr && resumes->is_string())
        out.resumes = std::string{resumes->get_string()};
    return out;
}

}  // namespace arb::kalshi
