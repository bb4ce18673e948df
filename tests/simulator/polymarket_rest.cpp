#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>

#include "simulator/cursor.hpp"
#include "simulator/polymarket.hpp"

namespace arb::simulator {
namespace {

namespace json = boost::json;

constexpr std::size_t events_page_max = 500, markets_page_max = 100;
constexpr std::size_t condition_ids_max = 100;  // of one request
constexpr std::size_t tokens_max = 500;         // of POST /books
constexpr std::int64_t limit_window_ms = 10'000;
constexpr std::string_view slug_prefix = "simulated-";
constexpr std::int64_t closed_lag_ms = 2'000;  // Gamma learns of a resolution later than the stream says it

std::string number(std::int64_t value) { return format_decimal(value); }

// Gamma's habit: an array as the text of a string.
std::string stringified(std::vector<std::string> const& values) {
    std::vector<std::string> parts;
    for (auto const& value : values) parts.push_back(json_text(value));
    return json_text('[' + joined(parts, ", ") + ']');
}

std::string date(std::int64_t ms) { return rfc3339(ms).substr(0, 10); }

// "2026-07-24 00:00:16+00"
std::string spaced_time(std::int64_t ms) {
    auto text = rfc3339(ms / 1000 * 1000);
    text[10] = ' ';
    text.back() = '+';
    return text + "00";
}

bool any_of(std::vector<std::string> const& wanted, std::string const& value) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool newest_first(HttpRequest const& request) {
    auto const order = request.parameter("order");
    return request.parameter("ascending") == "false" &&
           (order == "id" || order == "createdAt" || order == "startDate");
}

}  // namespace

Polymarket::Polymarket(World& world, Ledger& ledger, Report& report, Faults& faults)
    : world_{world}, ledger_{ledger}, report_{report}, faults_{faults} {
    world_.observe(Venue::polymarket, *this);
}

// The published limits, counted in windows of ten seconds.
bool Polymarket::spend(std::string const& path) {
    struct Limit {
        std::string_view prefix;
        unsigned requests;
    };
    constexpr Limit limits[] = {{"/gamma/events", 500},
                                {"/gamma/markets", 300},
                                {"/gamma/tags", 200},
                                {"/gamma/", 4'000},
                                {"/clob/books", 500},
                                {"/clob/book", 1'500},
                                {"/clob/prices-history", 1'000},
                                {"/clob/", 9'000},
                                {"/data/v2/trades", 200},
                                {"/data/trades", 200},
                                {"/data/v2/positions", 150},
                                {"/data/positions", 150},
                                {"/data/", 1'000}};
    for (auto const& limit : limits) {
        if (!path.starts_with(limit.prefix)) continue;
        auto& spent = spent_[std::string{limit.prefix}];
        auto const window = now_ms() / limit_window_ms;
        if (spent.window != window) spent = {window, 0};
        return ++spent.requests <= limit.requests;
    }
    return true;
}

HttpResponse Polymarket::handle(HttpRequest const& request, std::string const& path) {
    report_.count(Venue::polymarket, "requests");
    if (auto const fault = faults_.answer(Venue::polymarket)) return *fault;
    if (!spend(path)) {
        report_.violation(Venue::polymarket, "rate_limit_exceeded", request.path);
        return {429, "error code: 1015", "text/html", {{"Retry-After", "1"}}};
    }
    if (path.starts_with("/gamma/")) return gamma(request, path.substr(6));
    if (path.starts_with("/clob/")) return clob(request, path.substr(5));
    if (path == "/data/v2/trades") return data_trades(request, false);
    if (path == "/data/trades") return data_trades(request, true);
    if (path == "/data/v2/positions") return data_positions(request, false);
    if (path == "/data/positions") return data_positions(request, true);
    report_.violation(Venue::polymarket, "unknown_path", request.path);
    return polymarket_error(404, "not found");
}

// ---- Gamma ----

HttpResponse Polymarket::gamma(HttpRequest const& request, std::string const& path) {
    if (path == "/events/keyset") return keyset(request, true);
    if (path == "/markets/keyset") return keyset(request, false);
    if (path == "/tags") return tags(request);
    auto const not_found = HttpResponse{404, R"({"type":"not found error","error":"id not found"})"};
    auto const last = path.substr(path.rfind('/') + 1);
    auto const now = now_ms();
    if (path.starts_with("/events/")) {
        auto const* event = world_.find_event(Venue::polymarket, last);
        for (auto const& other : world_.events())
            if (event == nullptr && other.venue == Venue::polymarket && other.slug == last) event = &other;
        return event == nullptr || event->listed_ms > now ? not_found
                                                          : HttpResponse{200, event_json(*event, true)};
    }
    if (path.starts_with("/markets/")) {
        auto const* const market = find_listed(last);
        return market == nullptr ? not_found : HttpResponse{200, market_json(*market, true)};
    }
    report_.violation(Venue::polymarket, "unknown_path", request.path);
    return not_found;
}

HttpResponse Polymarket::tags(HttpRequest const& request) {
    constexpr std::size_t tags_max = 100;
    constexpr std::string_view labels[] = {"Simulated", "Crypto", "Politics", "Sports", "Economics"};
    auto const number = [&](char const* name, char const* otherwise) {
        return std::strtoul(request.parameter(name, otherwise).c_str(), nullptr, 10);
    };
    auto const limit = std::clamp<std::size_t>(number("limit", "100"), 1, tags_max);
    std::vector<std::string> out;
    for (std::size_t n = number("offset", "0"); n < std::size(labels) && out.size() != limit; ++n) {
        std::string slug{labels[n]};
        slug[0] = static_cast<char>(slug[0] - 'A' + 'a');
        out.push_back(
            R"({"id":")" + std::to_string(21 + n) + R"(","label":")" + std::string{labels[n]} +
            R"(","slug":")" + slug +
            R"(","createdAt":"2024-11-13T19:58:34.318816Z","updatedAt":"2026-03-09T22:21:41.828275Z",)"
            R"("requiresTranslation":false})");
    }
    return {200, '[' + joined(out) + ']'};
}

bool Polymarket::is_over(Event const& event) const {
    return std::all_of(event.markets.begin(), event.markets.end(),
                       [&](std::size_t index) { return shows_closed(world_.markets()[index]); });
}

// Some things named one by one, in their order.
template<class Thing>
std::vector<Thing const*> named(std::vector<std::string> const& names, auto const& find) {
    std::vector<Thing const*> out;
    for (auto const& name : names)
        if (Thing const* const thing = find(name); thing != nullptr) out.push_back(thing);
    return out;
}

// A page of all that pass, oldest or newest first; the cursor is a place in the world, so that a page costs
// what is on it.
template<class Thing>
void Polymarket::Page::scan(std::deque<Thing> const& all, bool newest, auto const& passes,
                            auto const& write) {
    auto at = newest && position == 0 ? all.size() : position;
    auto const more = [&] { return newest ? at != 0 : at < all.size(); };
    while (more() && rows.size() != limit) {
        auto const& thing = all[newest ? --at : at++];
        if (passes(thing)) rows.push_back(write(thing));
    }
    next = more() ? at : 0;
}

// A page of a list that was made for this request.
void Polymarket::Page::cut(auto const& all, auto const& passes, auto const& write) {
    auto at = position;
    for (; at < all.size() && rows.size() != limit; ++at)
        if (passes(*all[at])) rows.push_back(write(*all[at]));
    next = at < all.size() ? at : 0;
}

void Polymarket::list_events(HttpRequest const& request, Page& page) {
    auto const closed = request.parameter("closed");
    auto const ids = request.parameters("id"), slugs = request.parameters("slug");
    auto const now = now_ms();
    auto const passes = [&](Event const& event) {
        return event.venue == Venue::polymarket && event.listed_ms <= now && any_of(slugs, event.slug) &&
               (closed.empty() || (closed == "true") == is_over(event));
    };
    auto const write = [&](Event const& event) { return event_json(event, true); };
    auto const find = [&](std::string const& id) { return world_.find_event(Venue::polymarket, id); };
    if (ids.empty())
        page.scan(world_.events(), newest_first(request), passes, write);
    else
        page.cut(named<Event>(ids, find), passes, write);
}

void Polymarket::list_markets(HttpRequest const& request, Page& page) {
    auto const closed = request.parameter("closed");
    auto const now = now_ms();
    auto const passes = [&](Market const& market) {
        return market.venue == Venue::polymarket && market.listed_ms <= now &&
               (closed.empty() || (closed == "true") == shows_closed(market));
    };
    auto const write = [&](Market const& market) { return market_json(market, true); };
    auto const by_number = [&](std::string const& id) { return find_listed(id); };
    auto const by_condition = [&](std::string const& id) { return world_.find(Venue::polymarket, id); };
    auto const by_token = [&](std::string const& token) { return world_.find_token(token); };
    if (auto const ids = request.parameters("id"); !ids.empty())
        page.cut(named<Market>(ids, by_number), passes, write);
    else if (auto const conditions = request.parameters("condition_ids"); !conditions.empty())
        page.cut(named<Market>(conditions, by_condition), passes, write);
    else if (auto const tokens = request.parameters("clob_token_ids"); !tokens.empty())
        page.cut(named<Market>(tokens, by_token), passes, write);
    else if (closed == "true" && request.parameter("order") == "closedTime" &&
             request.parameter("ascending") == "false")
        page.cut(world_.settled_last_first(Venue::polymarket), passes, write);
    else
        page.scan(world_.markets(), newest_first(request), passes, write);
}

// By number, or by the slug that is made of it; nothing if there is none or listings do not know it yet.
Market const* Polymarket::find_listed(std::string const& name) {
    auto const digits = name.starts_with(slug_prefix) ? name.substr(slug_prefix.size()) : name;
    auto const index = std::strtoull(digits.c_str(), nullptr, 10) - gamma_ids_from;
    if (index >= world_.markets().size()) return nullptr;
    auto const& market = world_.markets()[index];
    return market.gamma_id != digits || market.listed_ms > now_ms() ? nullptr : &market;
}

HttpResponse Polymarket::keyset(HttpRequest const& request, bool events) {
    if (request.has("offset")) {
        report_.violation(Venue::polymarket, "offset_on_keyset", request.path);
        return {422, R"({"type":"validation error","error":"offset is not supported on keyset endpoints"})"};
    }
    // The venue ignores these without a word, and answers with the first page for ever.
    for (auto const* const name : {"cursor", "next_cursor"})
        if (request.has(name)) report_.violation(Venue::polymarket, "wrong_cursor_name", name);
    auto const filters = filters_of(request, "after_cursor");
    auto const cursor = read_cursor(request.parameter("after_cursor"), filters);
    if (!cursor || cursor->other_filters) {
        report_.violation(Venue::polymarket, cursor ? "cursor_with_other_filters" : "bad_cursor",
                          request.path);
        return {422, R"({"type":"validation error","error":"invalid cursor"})"};
    }
    if (!request.has("closed")) report_.violation(Venue::polymarket, "closed_not_sent", request.path);
    if (request.parameters("condition_ids").size() > condition_ids_max)
        return {422, R"({"type":"validation error","error":"too many ids"})"};
    // Too large limits are clamped silently. Only what is on the page is written out.
    auto const asked = std::strtoul(request.parameter("limit", "20").c_str(), nullptr, 10);
    auto const limit = std::clamp<std::size_t>(asked, 1, events ? events_page_max : markets_page_max);
    Page page{limit, cursor->position, {}, 0};
    if (events)
        list_events(request, page);
    else
        list_markets(request, page);
    std::string out = events ? R"({"events":[)" : R"({"markets":[)";
    for (std::size_t n = 0; n != page.rows.size(); ++n) out.append(n == 0 ? "" : ",").append(page.rows[n]);
    out += ']';
    if (events && page.next == 0) report_.count(Venue::polymarket, "event_sweeps");
    if (page.next != 0) out += R"(,"next_cursor":")" + make_cursor(page.next, filters) + '"';
    return {200, out + '}'};
}

std::size_t Polymarket::subscribed() const {
    return static_cast<std::size_t>(std::count_if(subscribers_.begin(), subscribers_.end(),
                                                  [](auto const& entry) { return !entry.second.empty(); }));
}

bool Polymarket::shows_closed(Market const& market) const {
    return market.status == Status::settled && now_ms() - market.settled_ms > closed_lag_ms;
}

std::string Polymarket::event_json(Event const& event, bool with_markets) {
    bool const over = is_over(event);
    auto const created = rfc3339(event.created_ms);
    auto out = R"({"id":")" + event.id + R"(","ticker":")" + event.slug + R"(","slug":")" + event.slug +
               R"(","title":)" + json_text(event.title) +
               R"(,"description":"Simulated.","resolutionSource":"","startDate":")" + created +
               R"(","creationDate":")" + created +
               R"(","endDate":"2026-12-31T00:00:00Z","image":"","icon":"")" + R"(,"active":true,"closed":)" +
               boolean(over) +
               R"(,"archived":false,"new":false,"featured":false,"restricted":true,"liquidity":12345.678,)"
               R"("volume":987654.321,"openInterest":0,"createdAt":")" +
               created + R"(","updatedAt":")" + rfc3339(event.updated_ms) +
               R"(","competitive":0.8,"volume24hr":4321.5,"enableOrderBook":true,)" +
               R"("liquidityClob":12345.678,"negRisk":)" + boolean(event.exclusive) + R"(,"commentCount":3)";
    if (event.exclusive) out += R"(,"negRiskMarketID":")" + event.neg_risk_id + '"';
    if (with_markets) {
        std::vector<std::string> markets;
        for (auto const index : event.markets) markets.push_back(market_json(world_.markets()[index], false));
        out += R"(,"markets":[)" + joined(markets) + ']';
    }
    return out + R"(,"tags":[{"id":"21","label":")" + event.category +
           R"(","slug":"simulated"}],"series":[{"id":"9","slug":")" + event.series + R"(","title":")" +
           event.series + R"(","recurrence":"daily"}],"seriesSlug":")" + event.series +
           R"(","cyom":false,"enableNegRisk":)" + boolean(event.exclusive) +
           R"(,"negRiskAugmented":false,"pendingDeployment":false,"deploying":false,"requiresTranslation":false})";
}

std::string Polymarket::market_json(Market const& market, bool with_event) {
    auto const& event = world_.events()[market.event];
    bool const closed = shows_closed(market);
    auto const settled = market.settlement != ARB_ABSENT;
    auto const yes = settled                           ? market.settlement
                     : market.last_price == ARB_ABSENT ? 500'000
                                                       : market.last_price;
    auto out = R"({"id":")" + market.gamma_id + R"(","question":)" + json_text(market.title) +
               R"(,"conditionId":")" + market.id + R"(","slug":"simulated-)" + market.gamma_id +
               R"(","resolutionSource":"","endDate":")" + rfc3339(market.close_ms / 1000 * 1000) +
               R"(","liquidity":"94527.06956","startDate":")" + rfc3339(market.open_ms) +
               R"(","image":"","icon":"","description":)" + json_text(market.rules) + R"(,"outcomes":)" +
               stringified(market.outcomes) + R"(,"outcomePrices":)" +
               stringified({number(yes), number(ARB_UNIT - yes)}) + R"(,"volume":")" + number(market.volume) +
               R"(","active":true,"closed":)" + boolean(closed) +
               R"(,"marketMakerAddress":"","createdAt":")" + rfc3339(market.created_ms) +
               R"(","updatedAt":")" + rfc3339(market.updated_ms) + '"';
    if (closed) out += R"(,"closedTime":")" + spaced_time(market.settled_ms) + '"';
    out +=
        R"(,"new":false,"featured":false,"archived":false,"restricted":true,"groupItemTitle":"","groupItemThreshold":"0")"
        R"(,"questionID":"0x)" +
        sha1_hex(market.id) + R"(000000000000000000000000","enableOrderBook":true,)" +
        R"("orderPriceMinTickSize":)" + number(market.tick) + R"(,"orderMinSize":5,"volumeNum":)" +
        number(market.volume) + R"(,"liquidityNum":94527.06956,"endDateIso":")" + date(market.close_ms) +
        R"(","startDateIso":")" + date(market.open_ms) + R"(","hasReviewedDates":true,"volume24hr":)" +
        number(market.volume_24h) + R"(,"clobTokenIds":)" + stringified(market.tokens);
    if (market.version_2)
        out +=
            R"(,"version":"v2","positionIds":[")" + market.tokens[0] + R"(",")" + market.tokens[1] + R"("])";
    out +=
        R"(,"umaBond":"500","umaReward":"5","makerBaseFee":1000,"takerBaseFee":1000,"customLiveness":0,"acceptingOrders":)" +
        std::string{boolean(market.status == Status::open)} + R"(,"negRisk":)" + boolean(market.neg_risk);
    if (market.neg_risk) out += R"(,"negRiskMarketID":")" + event.neg_risk_id + '"';
    out += R"(,"ready":false,"funded":false,"acceptingOrdersTimestamp":")" +
           rfc3339(market.open_ms / 1000 * 1000) +
           R"(","cyom":false,"competitive":0.9,"approved":true,"rewardsMinSize":20,"rewardsMaxSpread":3.5)";
    if (!market.bids.empty() && !market.asks.empty())
        out += R"(,"spread":)" + number(market.best_ask() - market.best_bid());
    if (market.last_price != ARB_ABSENT) out += R"(,"lastTradePrice":)" + number(market.last_price);
    // On empty books bestBid is not there at all.
    if (!market.bids.empty()) out += R"(,"bestBid":)" + number(market.best_bid());
    out += R"(,"bestAsk":)" + number(market.asks.empty() ? ARB_UNIT : market.best_ask());
    if (settled)
        out += R"(,"umaResolutionStatus":")" +
               std::string{market.status == Status::settled ? "resolved" : "proposed"} + '"';
    out +=
        R"(,"automaticallyActive":true,"clearBookOnStart":false,"manualActivation":false,"negRiskOther":false,)"
        R"("umaResolutionStatuses":"[]","pendingDeployment":false,"deploying":false,"rfqEnabled":false,)"
        R"("holdingRewardsEnabled":false,"requiresTranslation":false,"feesEnabled":)";
    if (market.fee_rate == ARB_ABSENT)
        out += R"(false,"feeType":null)";
    else
        out += R"(true,"feeType":"general_fees","feeSchedule":{"exponent":1,"rate":)" +
               number(market.fee_rate) + R"(,"takerOnly":true,"rebateRate":0.25})";
    if (with_event) out += R"(,"events":[)" + event_json(event, false) + ']';
    return out + '}';
}

// ---- CLOB ----

HttpResponse Polymarket::clob(HttpRequest const& request, std::string const& path) {
    if (path == "/time") return {200, std::to_string(now_ms() / 1000)};
    if (path == "/ok") return {200, "\"OK\""};
    if (path == "/books") return books(request);
    if (path == "/prices-history") return prices_history(request);
    if (path.starts_with("/data/") || path == "/balance-allowance" || path == "/auth/api-keys")
        return account(request, path);
    if (path.starts_with("/markets-by-token/")) {
        auto const* const market = world_.find_token(path.substr(18));
        return market == nullptr ? polymarket_error(404, "market not found")
                                 : HttpResponse{200, R"({"condition_id":")" + market->id + R"("})"};
    }
    bool const compact = path.starts_with("/clob-markets/");
    if (!compact && !path.starts_with("/markets/")) return token_answer(request, path);
    auto const* const market = world_.find(Venue::polymarket, path.substr(compact ? 14 : 9));
    if (market == nullptr) return polymarket_error(404, "market not found");
    return clob_market(*market, compact);
}

HttpResponse Polymarket::clob_market(Market const& market, bool compact) {
    std::vector<std::string> tokens;
    for (std::size_t n = 0; n != 2; ++n)
        tokens.push_back(compact ? R"({"t":")" + market.tokens[n] + R"(","o":)" +
                                       json_text(market.outcomes[n]) + '}'
                                 : R"({"token_id":")" + market.tokens[n] + R"(","outcome":)" +
                                       json_text(market.outcomes[n]) + R"(,"price":0.5,"winner":)" +
                                       boolean(market.settlement == (n == 0 ? ARB_UNIT : 0)) + '}');
    auto const fee_data = market.fee_rate == ARB_ABSENT
                              ? std::string{}
                              : R"(,"fd":{"r":)" + number(market.fee_rate) + R"(,"e":1,"to":true})";
    if (compact)
        return {200, R"({"c":")" + market.id + R"(","t":[)" + joined(tokens) + R"(],"mts":)" +
                         number(market.tick) + fee_data + R"(,"mbf":1000,"tbf":1000,"r":null,"ao":)" +
                         boolean(market.status == Status::open) + R"(,"mos":5,"nr":)" +
                         boolean(market.neg_risk) + '}'};
    return {200, R"({"enable_order_book":true,"active":true,"closed":)" +
                     std::string{boolean(shows_closed(market))} + R"(,"archived":false,"accepting_orders":)" +
                     boolean(market.status == Status::open) +
                     R"(,"minimum_order_size":5,"minimum_tick_size":)" + number(market.tick) +
                     R"(,"condition_id":")" + market.id + R"(","question":)" + json_text(market.title) +
                     R"(,"is_50_50_outcome":)" + boolean(market.settlement == ARB_UNIT / 2) +
                     R"(,"neg_risk":)" + boolean(market.neg_risk) + R"(,"tokens":[)" + joined(tokens) +
                     R"(],"tags":["Simulated"]})"};
}

HttpResponse Polymarket::token_answer(HttpRequest const& request, std::string const& path) {
    auto const token = request.parameter("token_id");
    auto const* const market = world_.find_token(token);
    if (path == "/book") {
        if (token.empty()) return polymarket_error(400, "Invalid token id");
        if (market == nullptr || market->status == Status::settled)
            return polymarket_error(404, "No orderbook exists for the requested token id");
        return {200, book_json(*market, outcome_of(*market, token), true)};
    }
    if (market == nullptr) {
        report_.violation(Venue::polymarket, "unknown_path_or_token", request.path);
        return polymarket_error(404, "not found");
    }
    bool const other = outcome_of(*market, token) == 1;
    auto const bid = other ? complement(market->best_ask()) : market->best_bid();
    auto const ask = other ? complement(market->best_bid()) : market->best_ask();
    auto const text = [](std::int64_t value) {
        return value == ARB_ABSENT ? std::string{"0"} : number(value);
    };
    if (path == "/price")
        return {200, R"({"price":")" + text(request.parameter("side") == "SELL" ? ask : bid) + R"("})"};
    if (path == "/tick-size") return {200, R"({"minimum_tick_size":)" + number(market->tick) + '}'};
    if (path == "/neg-risk") return {200, R"({"neg_risk":)" + std::string{boolean(market->neg_risk)} + '}'};
    if (path == "/fee-rate")
        return {200, R"({"base_fee":)" + std::string{market->fee_rate == ARB_ABSENT ? "0" : "1000"} + '}'};
    if (path == "/midpoint" && bid != ARB_ABSENT && ask != ARB_ABSENT)
        return {200, R"({"mid":")" + number((bid + ask) / 2) + R"("})"};
    if (path == "/spread" && bid != ARB_ABSENT && ask != ARB_ABSENT)
        return {200, R"({"spread":")" + number(ask - bid) + R"("})"};
    if (path == "/last-trade-price")
        return {200, R"({"price":")" +
                         (market->last_price == ARB_ABSENT ? "0.5" : number(market->last_price)) +
                         R"(","side":")" + (market->last_price == ARB_ABSENT ? "" : "BUY") + R"("})"};
    report_.violation(Venue::polymarket, "unknown_path", request.path);
    return polymarket_error(404, "not found");
}

HttpResponse Polymarket::books(HttpRequest const& request) {
    boost::system::error_code failed;
    auto const value = json::parse(request.body, failed);
    if (request.method != "POST" || failed || !value.is_array())
        return polymarket_error(400, "Invalid payload");
    if (value.get_array().size() > tokens_max) {
        report_.violation(Venue::polymarket, "books_too_many", std::to_string(value.get_array().size()));
        return polymarket_error(400, "Payload exceeds the limit");
    }
    std::vector<std::string> out;
    for (auto const& entry : value.get_array()) {
        auto const* const token = entry.is_object() ? entry.get_object().if_contains("token_id") : nullptr;
        if (token == nullptr || !token->is_string()) return polymarket_error(400, "Invalid payload");
        std::string const id{token->get_string()};
        auto const* const market = world_.find_token(id);
        if (market != nullptr && market->status != Status::settled)
            out.push_back(book_json(*market, outcome_of(*market, id), true));
    }
    std::reverse(out.begin(), out.end());  // the order is not promised
    return {200, '[' + joined(out) + ']'};
}

}  // namespace arb::simulator
