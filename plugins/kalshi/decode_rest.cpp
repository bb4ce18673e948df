#include "decode_rest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "member.hpp"

namespace arb::kalshi {

namespace json = boost::json;

namespace {

json::parse_options tolerant() {
    json::parse_options options;
    options.allow_invalid_utf8 = true;  // one bad title must not cost the page
    return options;
}

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

std::string_view Document::cursor() const {
    return text(object(), object().contains("next_cursor") ? "next_cursor" : "cursor");
}

bool Document::odd_cursor() const {
    for (auto const* const key : {"cursor", "next_cursor"})
        if (auto const* const value = object().if_contains(key))
            if (!value->is_string() && !value->is_null()) return true;
    return false;
}

bool Document::lists(std::string_view key) const {
    auto const* const value = object().if_contains(key);
    return value != nullptr && (value->is_array() || value->is_null());
}

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

std::optional<Series> read_one_series(json::value const& value, std::string& ticker, Doubts& doubts,
                                      std::string_view& reason) {
    auto const* const object = value.if_object();
    if (object != nullptr) ticker = std::string{text(*object, "ticker")};
    if (object == nullptr || !is_id(ticker)) {
        reason = object == nullptr ? "series_not_an_object" : "series_without_ticker";
        return {};
    }
    Series out;
    out.category = std::string{read_text(*object, "category", Need::required, doubts)};
    out.title = std::string{read_text(*object, "title", Need::required, doubts, title_size_max)};
    out.frequency = std::string{read_text(*object, "frequency", Need::optional, doubts)};
    auto const fee = read_fee(*object, "fee_type", "fee_multiplier");
    if (!fee || fee->multiplier.empty()) doubts.add(fee ? "fee_multiplier" : "fee_type");
    out.fee = fee.value_or(Fee{});
    auto const* const tags = object->if_contains("tags");
    auto const is_text = [](json::value const& tag) { return tag.is_string(); };
    if (tags != nullptr && tags->is_array() &&
        std::all_of(tags->get_array().begin(), tags->get_array().end(), is_text))
        out.tags = json::serialize(*tags);
    else if (tags != nullptr && !tags->is_null())
        doubts.add("tags");
    out.updated_at = read_time(Member{*object, "last_updated_ts"}, "last_updated_ts", Need::optional, doubts);
    out.raw = json_text(value);
    return out;
}

void read_series(Document const& document, SeriesTable& table) {
    for (auto const& item : document.list("series")) {
        std::string ticker;
        std::string_view reason;
        Doubts doubts;
        if (auto series = read_one_series(item, ticker, doubts, reason))
            table.insert_or_assign(std::move(ticker), std::move(*series));
    }
}

void write_series(Packets& packets, std::string_view ticker, Series const& series, arb_time received) {
    auto packet = packets.add<arb_series>(venue_name, received, series.updated_at);
    packet.text(&arb_series::series_id, ticker);
    packet.text(&arb_series::title, series.title);
    packet.text(&arb_series::category, series.category);
    packet.text(&arb_series::frequency, series.frequency);
    packet.text(&arb_series::tags, series.tags);
    packet.text(&arb_series::raw, series.raw);
}

namespace {

Quote read_quote(json::object const& object, Doubts& doubts) {
    Quote quote;
    quote.bid = read_price(Member{object, "yes_bid_dollars"}, "yes_bid_dollars", Need::required, doubts);
    quote.ask = read_price(Member{object, "yes_ask_dollars"}, "yes_ask_dollars", Need::required, doubts);
    quote.bid_size =
        read_amount(Member{object, "yes_bid_size_fp"}, "yes_bid_size_fp", Need::required, doubts);
    quote.ask_size =
        read_amount(Member{object, "yes_ask_size_fp"}, "yes_ask_size_fp", Need::required, doubts);
    quote.last_price =
        read_price(Member{object, "last_price_dollars"}, "last_price_dollars", Need::required, doubts);
    quote.volume = read_amount(Member{object, "volume_fp"}, "volume_fp", Need::required, doubts);
    quote.open_interest =
        read_amount(Member{object, "open_interest_fp"}, "open_interest_fp", Need::required, doubts);
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
    row.price_ranges = json_text(*ranges);
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
    auto& doubts = row.doubts;
    row.ticker = text(*object, "ticker");
    if (!is_id(row.ticker)) {
        reason = "market_without_ticker";
        return {};
    }
    row.event_ticker = read_text(*object, "event_ticker", Need::required, doubts);
    row.title = read_text(*object, "title", Need::optional, doubts, title_size_max);
    if (row.title.empty())
        row.title = read_text(*object, "yes_sub_title", Need::required, doubts, title_size_max);
    row.status = read_text(*object, "status", Need::required, doubts);
    row.lifecycle = lifecycle_of(row.status);
    if (row.lifecycle == ARB_LIFECYCLE_NONE) doubts.add("status");
    row.result = read_text(*object, "result", Need::optional, doubts);
    row.waived_until = read_text(*object, "fee_waiver_expiration_time", Need::optional, doubts);
    row.rules = read_text(*object, "rules_primary", Need::optional, doubts, rules_size_max);
    if (auto const more = read_text(*object, "rules_secondary", Need::optional, doubts, rules_size_max);
        !more.empty())
        row.rules += (row.rules.empty() ? "" : "\n\n") + std::string{more};
    read_grid(*object, row);
    row.settlement_value = read_price(Member{*object, "settlement_value_dollars"}, "settlement_value_dollars",
                                      Need::optional, doubts);
    row.opens_at = read_time(Member{*object, "open_time"}, "open_time", Need::required, doubts);
    row.closes_at = read_time(Member{*object, "close_time"}, "close_time", Need::required, doubts);
    row.expected_at = read_time(Member{*object, "expected_expiration_time"}, "expected_expiration_time",
                                Need::optional, doubts);
    row.settled_at = read_time(Member{*object, "settlement_ts"}, "settlement_ts", Need::optional, doubts);
    row.updated_at = read_time(Member{*object, "updated_time"}, "updated_time", Need::optional, doubts);
    row.volume_24h = read_amount(Member{*object, "volume_24h_fp"}, "volume_24h_fp", Need::optional, doubts);
    row.quote = read_quote(*object, row.quote_doubts);
    if (row.quote.volume == ARB_ABSENT) doubts.add("volume_fp");
    return row;
}

std::optional<QuoteRow> read_quote_row(json::value const& value, std::string_view& reason) {
    auto const* const object = value.if_object();
    QuoteRow row;
    if (object != nullptr) row.ticker = text(*object, "ticker");
    if (!is_id(row.ticker)) {
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
    if (!is_id(row.ticker)) {
        reason = "event_without_ticker";
        return {};
    }
    auto& doubts = row.doubts;
    row.series = read_text(*object, "series_ticker", Need::required, doubts);
    row.title = read_text(*object, "title", Need::required, doubts, title_size_max);
    row.subtitle = read_text(*object, "sub_title", Need::optional, doubts, title_size_max);
    row.category = read_text(*object, "category", Need::optional, doubts);
    auto const* const exclusive = object->if_contains("mutually_exclusive");
    if (exclusive != nullptr && exclusive->is_bool())
        row.mutually_exclusive = exclusive->get_bool() ? ARB_YES : ARB_NO;
    else
        row.doubts.add("mutually_exclusive");
    row.fee = read_override(*object);
    row.updated_at =
        read_time(Member{*object, "last_updated_ts"}, "last_updated_ts", Need::optional, row.doubts);
    auto const* const override = object->if_contains("fee_type_override");
    if (!row.fee && override != nullptr && !override->is_null() &&
        !(override->is_string() && override->get_string().empty()))
        doubts.add("fee_type_override");
    auto const* const multiplier = object->if_contains("fee_multiplier_override");
    bool const read = row.fee && !row.fee->multiplier.empty();
    if (multiplier != nullptr && !read && (row.fee || !multiplier->is_null()))
        doubts.add("fee_multiplier_override");
    auto const* const markets = object->if_contains("markets");
    if (markets != nullptr && !markets->is_array() && !markets->is_null()) doubts.add("markets");
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
        if (!event.fee->type.empty()) out.fee.type = event.fee->type;
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
    auto const raw_text = json_text(raw);
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
    auto const raw_text = json_text(*market.raw);
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
    // What trading alone changes, and the stamps that say only that something changed; those without a unit
    // are of generations before March 2026.
    static constexpr std::string_view volatile_keys[] = {"last_price",
                                                         "last_price_dollars",
                                                         "last_updated_ts",
                                                         "liquidity",
                                                         "liquidity_dollars",
                                                         "markets",
                                                         "no_ask",
                                                         "no_ask_dollars",
                                                         "no_bid",
                                                         "no_bid_dollars",
                                                         "open_interest",
                                                         "open_interest_fp",
                                                         "previous_price",
                                                         "previous_price_dollars",
                                                         "previous_yes_ask",
                                                         "previous_yes_ask_dollars",
                                                         "previous_yes_bid",
                                                         "previous_yes_bid_dollars",
                                                         "updated_time",
                                                         "volume",
                                                         "volume_24h",
                                                         "volume_24h_fp",
                                                         "volume_fp",
                                                         "yes_ask",
                                                         "yes_ask_dollars",
                                                         "yes_ask_size_fp",
                                                         "yes_bid",
                                                         "yes_bid_dollars",
                                                         "yes_bid_size_fp"};
    static_assert(std::is_sorted(std::begin(volatile_keys), std::end(volatile_keys)));
    std::string out;
    for (auto const& member : raw) {
        std::string_view const key{member.key().data(), member.key().size()};
        if (std::binary_search(std::begin(volatile_keys), std::end(volatile_keys), key)) continue;
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
    if (!is_id(trade.market)) {
        reason = "trade_without_market";
        return {};
    }
    trade.price =
        read_price(Member{*object, "yes_price_dollars"}, "yes_price_dollars", Need::required, row.doubts);
    trade.size = read_amount(Member{*object, "count_fp"}, "count_fp", Need::required, row.doubts);
    if (trade.price == ARB_ABSENT || trade.size == ARB_ABSENT || trade.size == 0) {
        reason = trade.price == ARB_ABSENT ? "trade_without_price" : "trade_without_size";
        return {};
    }
    auto const other =
        read_price(Member{*object, "no_price_dollars"}, "no_price_dollars", Need::optional, row.doubts);
    if (other != ARB_ABSENT && other != ARB_UNIT - trade.price) {
        reason = "trade_prices_disagree";
        return {};
    }
    trade.trade_id = read_text(*object, "trade_id", Need::required, row.doubts);
    trade.taker_side = read_taker(Member{*object, "taker_outcome_side"}, Member{*object, "taker_book_side"},
                                  Member{*object, "taker_side"}, row.doubts);
    trade.block = read_flag(*object, "is_block_trade", row.doubts);
    trade.time = read_time(Member{*object, "created_time"}, "created_time", Need::required, row.doubts);
    return row;
}

ExchangeState read_exchange(Document const& document) {
    static constexpr char const* active = "active";
    // What does not say that it stands still is taken to trade.
    auto const word_of = [](boost::json::object const& part) {
        auto const rests = [&](char const* key) {
            auto const* const value = part.if_contains(key);
            return value != nullptr && value->is_bool() && !value->get_bool();
        };
        return rests("exchange_active")  ? "exchange_inactive"
               : rests("trading_active") ? "trading_inactive"
                                         : active;
    };
    ExchangeState out;
    out.word = word_of(document.object());
    for (auto const& item : document.list("exchange_index_statuses")) {
        if (!item.is_object()) continue;
        auto const& part = item.get_object();
        auto const word = word_of(part);
        auto const* const number = part.if_contains("exchange_index");
        if (word == active)
            out.word = active;
        else if (number != nullptr && number->is_int64() && out.parts.size() != exchange_parts_max)
            out.parts.push_back(
                {number->get_int64(), std::string{text(part, "description").substr(0, word_size_max)}, word});
    }
    out.trading = out.word == active;
    out.resumes =
        std::string{text(document.object(), "exchange_estimated_resume_time").substr(0, word_size_max)};
    return out;
}

Cutoff read_cutoff(Document const& document, Doubts& doubts) {
    auto const time = [&](char const* key) {
        return read_time(Member{document.object(), key}, key, Need::required, doubts);
    };
    return {time("market_settled_ts"), time("trades_created_ts")};
}

}  // namespace arb::kalshi
