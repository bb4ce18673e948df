#include <algorithm>
#include <boost/json/value.hpp>
#include <map>
#include <tuple>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "pipeline/ledger.hpp"

namespace arb::test {
namespace {

// From the frame to the row's receive time: both are of this machine's clock, and a loaded machine is slow.
constexpr std::int64_t arrives_within_ms = 5'000;
// A gap begins with the newest packet that was kept, of any market: another's may have been on its way.
constexpr std::int64_t in_flight_ms = 250;
constexpr char const* columns[] = {"bid", "bid_size", "ask", "ask_size"};

struct Quote {
    std::int64_t ms = 0;
    std::int64_t values[4]{};  // bid, bid size, ask, ask size in millionths
};

struct Interval {
    std::string market;  // empty: every market
    std::int64_t from = 0, to = 0;
};

std::int64_t milliseconds(std::optional<std::string> const& value, std::int64_t otherwise) {
    auto const time = value ? parse_time(*value) : std::nullopt;
    return time ? *time / millisecond_ns : otherwise;
}

std::int64_t amount(std::optional<std::string> const& value) {
    return value ? parse_decimal(*value).millionths : ARB_ABSENT;
}

std::int64_t amount(boost::json::value const& value) {
    return value.is_null() ? ARB_ABSENT : parse_decimal(std::string{value.as_string()}).millionths;
}

bool same(Quote const& a, Quote const& b) {
    return std::equal(std::begin(a.values), std::end(a.values), std::begin(b.values));
}

std::map<std::pair<std::string, std::string>, std::vector<Quote>> stored_quotes(Database& database) {
    std::map<std::pair<std::string, std::string>, std::vector<Quote>> out;
    for (auto const& row : database.rows(
             "SELECT t.venue, k.market_id, t.received_at, t.bid, t.bid_size, t.ask, t.ask_size FROM "
             "tick_history t JOIN market_keys k ON k.market_key = t.market_key WHERE t.outcome = 0")) {
        Quote quote{milliseconds(row[2], 0), {}};
        for (std::size_t n = 0; n != std::size(columns); ++n) quote.values[n] = amount(row[n + 3]);
        out[{row[0].value_or(""), row[1].value_or("")}].push_back(quote);
    }
    for (auto& [name, quotes] : out)
        std::sort(quotes.begin(), quotes.end(), [](Quote const& a, Quote const& b) { return a.ms < b.ms; });
    return out;
}

std::map<std::string, std::vector<Interval>> gaps_of_quotes(Database& database) {
    std::map<std::string, std::vector<Interval>> out;
    for (auto const& row : database.rows(
             "SELECT g.venue, k.market_id, g.from_time, g.to_time FROM gaps g LEFT JOIN market_keys "
             "k ON k.market_key = g.market_key WHERE g.stream IN ('all', 'quotes')"))
        out[row[0].value_or("")].push_back(
            {row[1].value_or(""), milliseconds(row[2], 0), milliseconds(row[3], INT64_MAX)});
    return out;
}

bool arrived(std::vector<Quote> const& stored, Quote const& sent) {
    auto at = std::lower_bound(stored.begin(), stored.end(), sent.ms - in_flight_ms,
                               [](Quote const& quote, std::int64_t ms) { return quote.ms < ms; });
    for (; at != stored.end() && at->ms <= sent.ms + arrives_within_ms; ++at)
        if (same(*at, sent)) return true;
    return false;
}

}  // namespace

Problems Ledger::quotes(Database& database) const {
    auto const stored = stored_quotes(database);
    auto const gaps = gaps_of_quotes(database);
    auto const known_since = first_sent();
    std::map<Name, Quote> before;
    Problems problems;
    for (auto const& entry : of("quote")) {
        Name const name{std::string{entry.at("venue").as_string()},
                        std::string{entry.at("market").as_string()}};
        Quote sent{entry.at("ms").as_int64(), {}};
        for (std::size_t n = 0; n != std::size(columns); ++n) sent.values[n] = amount(entry.at(columns[n]));
        auto const [last, first] = before.try_emplace(name, sent);
        bool const repeated = !first && same(last->second, sent);
        last->second = sent;
        auto const known = known_since.find(name);
        if (repeated || known == known_since.end() || sent.ms <= known->second) continue;
        auto const history = stored.find(name);
        if (history != stored.end() && arrived(history->second, sent)) continue;
        auto const of_venue = gaps.find(name.first);
        bool const told =
            of_venue != gaps.end() &&
            std::any_of(of_venue->second.begin(), of_venue->second.end(), [&](Interval const& gap) {
                return (gap.market.empty() || gap.market == name.second) &&
                       sent.ms >= gap.from - in_flight_ms && sent.ms <= gap.to;
            });
        if (!told)
            problems.push_back(
                "quote of " + name.first + ' ' + name.second + " at " + std::to_string(sent.ms) +
                (entry.at("live").as_bool() ? ", sent" : ", not sent") + ": neither stored nor in a gap");
    }
    return problems;
}

}  // namespace arb::test
