#include "polymarket/decode_catalogue.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "arbitrage/abi/ext/drift.h"
#include "arbitrage/abi/packet.h"
#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "polymarket/content.hpp"
#include "polymarket/json_text.hpp"
#include "polymarket/selection.hpp"

namespace arb::polymarket {

namespace {

namespace json = boost::json;

constexpr std::size_t depth_max = 32;
// The longest identifier of the venue has 78 characters.
constexpr std::size_t id_size_max = 256;

json::parse_options lenient() {
    json::parse_options options;
    options.max_depth = depth_max;
    options.allow_invalid_utf8 = true;  // sinks decide what becomes of a bad byte in a title
    return options;
}

bool good_id(std::string_view id) {
    auto const good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-' || c == '.' || c == ':';
    };
    return !id.empty() && id.size() <= id_size_max && std::all_of(id.begin(), id.end(), good);
}

// What has more digits than anything here is counted in: a share of a scalar market, for one.
bool is_fraction(std::string_view text) { return parse_decimal(text).error == DecimalError::too_precise; }

// One object of Gamma's; remembers whether something was there and could not be read.
class Fields {
  public:
    explicit Fields(json::object const& object) : object_{object} {}

    json::value const* find(std::string_view key) const {
        auto const* const value = object_.if_contains(key);
        return value == nullptr || value->is_null() ? nullptr : value;
    }
    std::string_view text(std::string_view key) {
        auto const* const value = find(key);
        if (value == nullptr) return {};
        if (auto const* const string = value->if_string()) return {string->data(), string->size()};
        odd(key);
        return {};
    }
    // Ids are texts; a number is read by its digits as long as it has them all.
    std::string id(std::string_view key) {
        auto const* const value = find(key);
        if (value == nullptr) return {};
        std::string out;
        if (auto const* const string = value->if_string())
            out.assign(string->data(), string->size());
        else if (value->is_int64() || value->is_uint64())
            out = number_text(*value);
        if (good_id(out)) return out;
        if (!out.empty() || !value->is_string()) odd(key);
        return {};
    }
    std::optional<bool> flag(std::string_view key) {
        auto const* const value = find(key);
        if (value == nullptr) return {};
        if (value->is_bool()) return value->get_bool();
        odd(key);
        return {};
    }
    std::string number(std::string_view key) {
        auto const* const value = find(key);
        if (value == nullptr) return {};
        if (auto const* const string = value->if_string()) return {string->data(), string->size()};
        if (value->is_number()) return number_text(*value);
        odd(key);
        return {};
    }
    // A number as `read` takes it; the field is odd where that finds none in it.
    std::int64_t amount(std::string_view key, std::int64_t (*read)(std::string_view)) {
        auto const said = number(key);
        auto const value = said.empty() ? ARB_ABSENT : read(said);
        if (!said.empty() && value == ARB_ABSENT && !is_fraction(said)) odd(key);
        return value;
    }
    // A list of what is only looked through.
    json::value const* items(std::string_view key) {
        auto const* const value = find(key);
        if (value == nullptr || value->is_array()) return value;
        odd(key);
        return nullptr;
    }
    arb_time time(std::string_view key) {
        auto const value = text(key);
        if (value.empty()) return 0;
        auto const time = parse_time(value);
        if (!time) odd(key);
        return time.value_or(0);
    }
    // Stringified or real.
    std::vector<std::string> list(std::string_view key);

    // The field has another type than it had, or a value that it cannot have.
    void odd(std::string_view key) { differ(ARB_DRIFT_RETYPED, key); }
    void need(std::string_view key) {
        if (find(key) == nullptr) differ(ARB_DRIFT_MISSING, key);
    }
    void look_for_unknown(bool (*known)(std::string_view)) {
        for (auto const& pair : object_)
            if (std::string_view const key{pair.key().data(), pair.key().size()}; !known(key))
                differ(ARB_DRIFT_UNKNOWN, key);
    }
    std::vector<Difference> take_differences() { return std::move(differences_); }
    std::uint16_t flags() const {
        auto const odd = [](Difference const& one) { return one.what == ARB_DRIFT_RETYPED; };
        return std::any_of(differences_.begin(), differences_.end(), odd) ? ARB_FLAG_ANOMALY : 0;
    }

  private:
    void differ(int what, std::string_view key) {
        for (auto const& one : differences_)
            if (one.what == what && one.field == key) return;
        differences_.push_back({what, std::string{key}});
    }
    json::object const& object_;
    std::vector<Difference> differences_;
};

std::optional<std::vector<std::string>> texts(json::value const& value) {
    auto const* const array = value.if_array();
    if (array == nullptr) return {};
    std::vector<std::string> out;
    for (auto const& item : *array) {
        // A number among token ids has lost digits already; prices are written as texts.
        if (!item.is_string()) return {};
        out.emplace_back(item.get_string().data(), item.get_string().size());
    }
    return out;
}

std::vector<std::string> Fields::list(std::string_view key) {
    auto const* const value = find(key);
    if (value == nullptr) return {};
    std::optional<std::vector<std::string>> out;
    if (auto const* const string = value->if_string()) {
        if (string->empty()) return {};
        out = decode_list({string->data(), string->size()});
    } else {
        out = texts(*value);
    }
    if (!out) odd(key);
    return out ? std::move(*out) : std::vector<std::string>{};
}

// Volumes are sums of binary fractions on the venue's side ("79945.98005599984"): cut after the sixth
// decimal.
std::int64_t read_volume(std::string_view text) {
    auto const point = text.find('.');
    if (point != std::string_view::npos && text.find_first_of("eE") == std::string_view::npos)
        text = text.substr(0, point + 7);
    auto const value = parse_decimal(text);
    return value && value.millionths >= 0 ? value.millionths : ARB_ABSENT;
}

std::int64_t read_tick(std::string_view text) {
    auto const value = parse_decimal(text);
    return value && value.millionths > 0 && value.millionths < ARB_UNIT ? value.millionths : ARB_ABSENT;
}

std::int64_t read_price(std::string_view text) {
    auto const value = parse_decimal(text);
    return value && value.millionths >= 0 && value.millionths <= ARB_UNIT ? value.millionths : ARB_ABSENT;
}

std::int64_t read_size(std::string_view text) {
    auto const value = parse_decimal(text);
    return value && value.millionths >= 0 ? value.millionths : ARB_ABSENT;
}

bool has_twins(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
}

void read_tokens(Fields& fields, MarketRow& row) {
    std::string_view const key = fields.text("version") == "v2" ? "positionIds" : "clobTokenIds";
    auto tokens = fields.list(key);
    bool const good =
        std::all_of(tokens.begin(), tokens.end(), [](std::string const& id) { return good_id(id); }) &&
        !has_twins(tokens);
    if (!good || (!tokens.empty() && tokens.size() != row.outcomes.size())) {
        fields.odd(key);
        return;
    }
    row.tokens = std::move(tokens);
}

// The price of what is as good as decided.
constexpr std::int64_t almost_whole = ARB_UNIT - ARB_UNIT / 50;

// What the market paid. Final prices are whole, one half each, or a share of a range.
bool read_settlement(Fields& fields, MarketRow& row) {
    auto const uma = fields.text("umaResolutionStatus");
    if (!uma.empty() && uma != "resolved") return false;
    auto const prices = fields.list("outcomePrices");
    if (prices.empty() || prices.size() != row.outcomes.size()) return false;
    std::int64_t sum = 0;
    std::size_t winner = prices.size();
    std::vector<std::int64_t> values;
    for (std::size_t i = 0; i != prices.size(); ++i) {
        auto const price = read_price(prices[i]);
        if (price == ARB_ABSENT) {
            if (!is_fraction(prices[i])) fields.odd("outcomePrices");
            return false;
        }
        values.push_back(price);
        sum += price;
        if (price == ARB_UNIT) winner = i;
    }
    if (sum != ARB_UNIT) return false;  // zero and zero: closed before there were results
    // Almost whole: the prices of before the result, which the listing has not taken in yet.
    if (winner == prices.size() && *std::max_element(values.begin(), values.end()) >= almost_whole)
        return false;
    bool const half = prices.size() == 2 && values[0] == ARB_UNIT / 2;
    // One half each is also what nobody prices yet shows: then the word counts.
    if (winner == prices.size() && uma != "resolved") return false;
    row.settlement_value = values[0];
    // A scalar market pays a share of its range; the venue has no word for it but the share.
    row.result = winner != prices.size() ? row.outcomes[winner] : half ? "50-50" : format_decimal(values[0]);
    return true;
}

void read_status(Fields& fields, MarketRow& row) {
    bool const closed = fields.flag("closed").value_or(false);
    bool const archived = fields.flag("archived").value_or(false);
    bool const active = fields.flag("active").value_or(true);
    bool const accepting = fields.flag("acceptingOrders").value_or(true);
    auto const order_book_said = fields.flag("enableOrderBook");
    bool const order_book = order_book_said.value_or(false);
    auto const uma = fields.text("umaResolutionStatus");
    if (closed) {
        row.lifecycle = read_settlement(fields, row) ? ARB_LIFECYCLE_SETTLED : ARB_LIFECYCLE_CLOSED;
        row.venue_status = "closed";
    } else if (archived) {
        row.lifecycle = ARB_LIFECYCLE_CLOSED;
        row.venue_status = "archived";
    } else if (!active) {
        row.lifecycle = ARB_LIFECYCLE_UNOPENED;
        row.venue_status = "inactive";
    } else if (!accepting) {
        row.lifecycle = uma == "resolved" ? ARB_LIFECYCLE_DETERMINED
                        : uma.empty()     ? ARB_LIFECYCLE_PAUSED
                                          : ARB_LIFECYCLE_CLOSED;
        row.venue_status = "not accepting orders";
    } else {
        row.lifecycle = row.tokens.empty() || !order_book ? ARB_LIFECYCLE_UNOPENED : ARB_LIFECYCLE_OPEN;
        row.venue_status = "active";
    }
    if (!uma.empty()) row.venue_status = uma;
    bool const open = !closed && !archived && active && accepting;
    row.has_book = open && order_book && !row.tokens.empty();
    row.vague = open && !row.has_book && order_book_said != false;
    if (closed) row.closed_at = fields.time("closedTime");
    if (row.lifecycle == ARB_LIFECYCLE_SETTLED) row.settled_at = row.closed_at;
}

// What the venue says of fees, in its own words.
std::string fee_text(std::string_view market) {
    std::string out;
    for (std::string_view const key : {"feesEnabled", "feeType", "feeSchedule"})
        if (auto const value = member(market, key))
            out.append(out.empty() ? "{\"" : ",\"").append(key).append("\":").append(*value);
    return out.empty() ? out : out + "}";
}

FeeSchedule read_fees(Fields& fields, std::string_view market) {
    auto const enabled = fields.flag("feesEnabled");
    auto const* const schedule = fields.find("feeSchedule");
    std::string_view const on = !enabled ? "" : *enabled ? "true" : "false";
    FeeSchedule out;
    if (schedule != nullptr && schedule->is_object()) {
        Fields inner{schedule->get_object()};
        auto const taker_only = inner.flag("takerOnly");
        std::string_view const taker = !taker_only ? "" : *taker_only ? "true" : "false";
        for (auto const* const figure : {"rate", "exponent", "rebateRate"})
            inner.amount(figure, read_fee_figure);
        out = polymarket::read_fees(on, inner.number("rate"), inner.number("exponent"),
                                    inner.number("rebateRate"), taker);
        if (inner.flags() != 0 || !out.known()) fields.odd("feeSchedule");
    } else {
        if (schedule != nullptr) fields.odd("feeSchedule");
        out = polymarket::read_fees(on, "", "", "", "");
    }
    out.type = fields.text("feeType");
    out.unsaid = schedule == nullptr && out.type.empty() && !out.known();
    out.raw = fee_text(market);
    return out;
}

std::optional<json::value> parse_object(std::string_view text) {
    json::error_code ec;
    auto value = json::parse(text, ec, {}, lenient());
    if (ec || !value.is_object()) return {};
    return value;
}

std::vector<std::string_view> items_of(std::string_view object, std::string_view key) {
    std::vector<std::string_view> out;
    if (auto const list = member(object, key))
        for_each_element(*list, [&](std::string_view item) { out.push_back(item); });
    return out;
}

// A market that was not listed inside an event names its events itself.
std::string first_event_id(std::string_view market) {
    for (auto const event : items_of(market, "events"))
        if (auto const value = parse_object(event)) return Fields{value->get_object()}.id("id");
    return {};
}

std::string first_text(json::value const* list, std::string_view key) {
    auto const* const array = list == nullptr ? nullptr : list->if_array();
    if (array == nullptr || array->empty() || !array->front().is_object()) return {};
    auto const* const value = array->front().get_object().if_contains(key);
    auto const* const text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

std::vector<std::string> read_tags(json::value const* list) {
    std::vector<std::string> out;
    auto const* const array = list == nullptr ? nullptr : list->if_array();
    if (array == nullptr) return out;
    for (auto const& tag : *array) {
        if (!tag.is_object()) continue;
        for (std::string_view const key : {"slug", "label"}) {
            auto const* const value = tag.get_object().if_contains(key);
            if (value != nullptr && value->is_string())
                out.push_back(lower_case({value->get_string().data(), value->get_string().size()}));
        }
    }
    return out;
}

// The venue closes an event some minutes after the last of its markets.
bool all_closed(std::vector<std::string_view> const& markets) {
    auto const closed = [](std::string_view market) { return member(market, "closed") == "true"; };
    return !markets.empty() && std::all_of(markets.begin(), markets.end(), closed);
}

}  // namespace

std::optional<std::vector<std::string>> decode_list(std::string_view text) {
    json::error_code ec;
    auto const value = json::parse(text, ec, {}, lenient());
    if (ec) return {};
    return texts(value);
}

std::string price_grid(std::int64_t tick_size) {
    return R"([{"start":"0","end":"1","step":")" + format_decimal(tick_size) + "\"}]";
}

Result<Page> decode_page(std::string_view body, std::string_view name) {
    auto const begin = body.find_first_not_of(" \n\r\t");
    if (begin == std::string_view::npos || (body[begin] != '{' && body[begin] != '['))
        return retry("the answer is not JSON");
    Page page;
    constexpr char const* damaged = "the answer ends early or is not JSON";
    if (body[begin] == '[') {
        if (!for_each_element(body, [&](std::string_view item) { page.items.push_back(item); }))
            return retry(damaged);
        return page;
    }
    auto split = split_list(body, name);
    if (!split.whole) return retry(damaged);
    if (!split.is_list) return retry("the answer has no \"" + std::string{name} + "\"");
    page.items = std::move(split.elements);
    if (auto const cursor = member(split.rest, "next_cursor")) {
        json::error_code ec;
        auto const value = json::parse(*cursor, ec);
        if (ec || (!value.is_string() && !value.is_null())) return retry("next_cursor is not a text");
        if (value.is_string()) page.next_cursor.assign(value.get_string().data(), value.get_string().size());
    }
    return page;
}

std::optional<EventRow> decode_event(std::string_view text) {
    EventRow row;
    auto split = split_list(text, "markets");
    row.raw = std::move(split.rest);
    row.markets = std::move(split.elements);
    auto const value = parse_object(row.raw);
    if (!value) return {};
    Fields fields{value->get_object()};
    row.id = fields.id("id");
    if (row.id.empty()) return {};
    row.slug = fields.text("slug");
    row.title = fields.text("title");
    auto const* const series = fields.items("series");
    row.series = fields.text("seriesSlug");
    if (row.series.empty()) row.series = first_text(series, "slug");
    row.series_title = first_text(series, "title");
    row.series_frequency = first_text(series, "recurrence");
    if (auto const raw = items_of(row.raw, "series"); !raw.empty()) row.series_raw = raw.front();
    row.category = fields.text("category");
    auto const* const tags = fields.items("tags");
    if (row.category.empty()) row.category = first_text(tags, "label");
    if (good_id(row.slug)) row.url = "https://polymarket.com/event/" + row.slug;
    row.tags = read_tags(tags);
    if (auto const markets = split.is_list ? std::nullopt : member(text, "markets");
        markets && *markets != "null")
        fields.odd("markets");
    row.opens_at = fields.time("startDate");
    row.closes_at = fields.time("endDate");
    bool const closed = fields.flag("closed").value_or(false) || fields.flag("archived").value_or(false) ||
                        all_closed(row.markets);
    row.lifecycle = closed                                 ? ARB_LIFECYCLE_CLOSED
                    : fields.flag("active").value_or(true) ? ARB_LIFECYCLE_OPEN
                                                           : ARB_LIFECYCLE_UNOPENED;
    if (auto const neg_risk = fields.flag("negRisk")) row.mutually_exclusive = *neg_risk ? ARB_YES : ARB_NO;
    append_content(*value, row.content);
    row.content += std::to_string(row.lifecycle);  // which its markets say, too
    fields.look_for_unknown(known_event_field);
    for (auto const* const key : {"title", "active", "closed"}) fields.need(key);
    row.flags = fields.flags();
    row.differences = fields.take_differences();
    return row;
}

std::vector<std::string_view> markets_of_event(std::string_view text) { return items_of(text, "markets"); }
std::vector<std::string_view> events_of_market(std::string_view text) { return items_of(text, "events"); }

std::optional<MarketRow> decode_market(std::string_view text, std::string_view event_id) {
    MarketRow row;
    row.event_id = event_id;
    if (row.event_id.empty()) row.event_id = first_event_id(text);
    row.raw = without_member(text, "events");
    auto const value = parse_object(row.raw);
    if (!value) return {};
    Fields fields{value->get_object()};
    row.id = lower_case(fields.id("conditionId"));
    if (row.id.empty()) return {};
    row.slug = fields.text("slug");
    row.title = fields.text("question");
    row.rules = fields.text("description");
    row.outcomes = fields.list("outcomes");
    read_tokens(fields, row);
    row.fees = read_fees(fields, row.raw);
    row.tick_size = fields.amount("orderPriceMinTickSize", read_tick);
    if (row.tick_size != ARB_ABSENT) row.price_ranges = price_grid(row.tick_size);
    if (fields.amount("orderMinSize", read_size) != ARB_ABSENT)
        row.min_order_size = fields.number("orderMinSize");
    row.neg_risk = fields.flag("negRisk");
    row.volume = fields.amount(fields.number("volume").empty() ? "volumeNum" : "volume", read_volume);
    row.volume_24h = fields.amount("volume24hr", read_volume);
    row.last_price = fields.amount("lastTradePrice", read_price);
    row.opens_at = fields.time("startDate");
    row.takes_orders_at = fields.time("acceptingOrdersTimestamp");
    row.closes_at = fields.time("endDate");
    if (row.closes_at == 0) row.closes_at = fields.time("endDateIso");
    read_status(fields, row);
    fields.look_for_unknown(known_market_field);
    for (auto const* const key : {"question", "outcomes", "active", "closed"}) fields.need(key);
    if (row.has_book)
        for (auto const* const key : {"acceptingOrders", "orderPriceMinTickSize"}) fields.need(key);
    append_content(*value, row.content);
    // Prices only indicate while a market is open; what it paid is a change.
    row.content.append(std::to_string(row.lifecycle)).append(row.result).append(row.event_id);
    if (row.settlement_value != ARB_ABSENT) row.content.append(format_decimal(row.settlement_value));
    row.flags = fields.flags();
    row.differences = fields.take_differences();
    return row;
}

}  // namespace arb::polymarket
