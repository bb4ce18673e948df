#include "scale/books.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <iterator>
#include <utility>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"

namespace json = boost::json;

namespace arb::scale {
namespace {

std::string text(json::object const& entry, char const* name) {
    return std::string{entry.at(name).as_string()};
}

std::int64_t amount(json::value const& value) {
    return parse_decimal(std::string{value.as_string()}).millionths;
}

Ladder ladder(json::array const& levels) {
    Ladder out;
    for (auto const& level : levels) out[amount(level.as_array()[0])] = amount(level.as_array()[1]);
    return out;
}

// "{0.1,0.2}"
std::vector<std::int64_t> amounts(std::string const& list) {
    std::vector<std::int64_t> out;
    std::string number;
    for (char const c : list) {
        if ((c >= '0' && c <= '9') || c == '.')
            number += c;
        else if (!number.empty())
            out.push_back(parse_decimal(std::exchange(number, {})).millionths);
    }
    return out;
}

Ladder ladder(test::Row const& row, std::size_t prices, std::size_t sizes) {
    auto const at = amounts(row[prices].value_or("")), size = amounts(row[sizes].value_or(""));
    Ladder out;
    for (std::size_t n = 0; n != std::min(at.size(), size.size()); ++n) out[at[n]] = size[n];
    return out;
}

std::int64_t milliseconds(std::optional<std::string> const& value) {
    auto const time = value ? parse_time(*value) : std::nullopt;
    return time ? *time / millisecond_ns : 0;
}

void apply(Book& book, Step const& step) {
    if (step.whole) {
        book = step.book;
        return;
    }
    auto& side = step.bid ? book.bids : book.asks;
    if (step.size == 0)
        side.erase(step.price);
    else
        side[step.price] = step.size;
}

// The markets of the sample as the inside of an SQL list.
std::string sql_list(Steps const& steps) {
    std::string out;
    for (auto const& [name, ignored] : steps) out += (out.empty() ? "'" : ",'") + name.second + "'";
    return out;
}

// In the order in which they were stored.
Steps stored_steps(Steps const& wanted, test::Database& database) {
    auto const of =
        " JOIN market_keys k ON k.market_key = t.market_key WHERE t.outcome = 0 AND k.market_id IN (" +
        sql_list(wanted) + ")";
    std::map<Name, std::map<std::int64_t, Step>> ordered;
    for (auto const& row :
         database.rows("SELECT t.venue, k.market_id, t.position, t.venue_time, t.bid_prices, t.bid_sizes, "
                       "t.ask_prices, t.ask_sizes FROM book_snapshots t" +
                       of))
        ordered[{*row[0], *row[1]}][std::stoll(*row[2])] = {
            milliseconds(row[3]), true, {ladder(row, 4, 5), ladder(row, 6, 7)}, false, 0, 0};
    for (auto const& row :
         database.rows("SELECT t.venue, k.market_id, t.position, t.venue_time, t.side, t.price, t.size "
                       "FROM book_changes t" +
                       of))
        ordered[{*row[0], *row[1]}][std::stoll(*row[2])] = {milliseconds(row[3]),
                                                            false,
                                                            {},
                                                            row[4] == "bid",
                                                            parse_decimal(row[5].value_or("")).millionths,
                                                            parse_decimal(row[6].value_or("")).millionths};
    Steps out;
    for (auto& [name, steps] : ordered)
        for (auto& [position, step] : steps) out[name].push_back(std::move(step));
    return out;
}

// The book when nothing after `ms` had happened. A stored book without a time of its own is as new as the
// change before it; `started`: there is one at all.
Book book_at(std::vector<Step> const& steps, std::int64_t ms, bool is_stored, bool& started) {
    Book book;
    started = false;
    for (auto const& step : steps) {
        // An opening book's time is that of its last change, which may be long ago.
        if (step.ms > ms && (!is_stored || started)) break;
        apply(book, step);
        started = started || step.whole;
    }
    return book;
}

// When somebody first ordered in it; nothing if nobody ever did.
std::optional<std::int64_t> first_order(std::vector<Step> const& steps) {
    Book book;
    for (auto const& step : steps) {
        apply(book, step);
        if (book != Book{}) return step.ms;
    }
    return {};
}

struct Gap {
    std::string venue, market;
    std::int64_t from_ms, to_ms;
};

std::vector<Gap> gaps_of_books(test::Database& database) {
    std::vector<Gap> out;
    for (auto const& row : database.rows(
             "SELECT g.venue, coalesce(k.market_id, ''), g.from_time, g.to_time FROM gaps g "
             "LEFT JOIN market_keys k ON k.market_key = g.market_key WHERE g.stream IN ('all', 'books')"))
        out.push_back({row[0].value_or(""), row[1].value_or(""), milliseconds(row[2]),
                       row[3] ? milliseconds(row[3]) : INT64_MAX});
    return out;
}

std::string shown(Ladder const& ladder) {
    std::string out;
    for (auto const& [price, size] : ladder) out += ' ' + format_decimal(price) + 'x' + format_decimal(size);
    return out;
}

}  // namespace

Told read_ledger(std::string const& file) {
    Told told;
    std::ifstream in{file};
    for (std::string line; std::getline(in, line) && !in.eof();) {
        std::string_view const kind{line.data(), std::min<std::size_t>(line.size(), 30)};
        auto const is = [&](std::string_view name) {
            return kind.starts_with("{\"kind\":\"" + std::string{name} + "\"");
        };
        bool const opening = is("opening_book"), change = is("book_change"), born = is("created");
        if (!opening && !change && !born && !is("lifecycle")) continue;
        auto const entry = json::parse(line).as_object();
        Name const name{text(entry, "venue"), text(entry, "market")};
        auto const ms = entry.at("ms").as_int64();
        if (opening)
            told.steps[name].push_back(
                {ms,
                 true,
                 {ladder(entry.at("bids").as_array()), ladder(entry.at("asks").as_array())},
                 false,
                 0,
                 0});
        else if (change)
            told.steps[name].push_back({ms,
                                        false,
                                        {},
                                        text(entry, "side") == "bid",
                                        amount(entry.at("price")),
                                        amount(entry.at("size"))});
        else if (born && entry.at("announced").as_bool())
            told.born.push_back({name, entry.at("tradable_ms").as_int64()});
        else if (!born && name.first == "polymarket" && text(entry, "status") == "open")
            told.opened_silently[name] = ms;
    }
    return told;
}

Comparison compare_books(Told const& told, test::Database& database, std::int64_t from_ms, std::int64_t to_ms,
                         std::int64_t found_within_ms, unsigned instants, std::mt19937_64& random) {
    Comparison result;
    auto const stored = stored_steps(told.steps, database);
    auto const gaps = gaps_of_books(database);
    std::uniform_int_distribution<std::int64_t> instant{from_ms, to_ms};
    for (auto const& [name, steps] : told.steps) {
        if (steps.front().ms > from_ms) continue;  // born later
        ++result.markets;
        auto const found = stored.find(name);
        if (found == stored.end()) {
            ++result.never_stored;
            result.different.push_back(name.first + ' ' + name.second + ": no book is stored at all");
            continue;
        }
        auto const opened = told.opened_silently.find(name);
        for (unsigned n = 0; n != instants; ++n) {
            auto const ms = instant(random);
            bool const listed = opened == told.opened_silently.end() || ms > opened->second + found_within_ms;
            result.not_listed += listed ? 0 : 1;
            if (!listed) continue;
            bool const in_gap = std::any_of(gaps.begin(), gaps.end(), [&](Gap const& gap) {
                return gap.venue == name.first && (gap.market.empty() || gap.market == name.second) &&
                       ms >= gap.from_ms && ms <= gap.to_ms;
            });
            result.in_gaps += in_gap ? 1 : 0;
            if (in_gap) continue;
            ++result.instants;
            bool told_started = false, stored_started = false;
            auto const expected = book_at(steps, ms, false, told_started);
            auto const is = book_at(found->second, ms, true, stored_started);
            if (is != expected)
                result.different.push_back(name.first + ' ' + name.second + " at " + std::to_string(ms) +
                                           ": bids" + shown(is.bids) + " asks" + shown(is.asks) +
                                           ", should be bids" + shown(expected.bids) + " asks" +
                                           shown(expected.asks));
        }
    }
    return result;
}

FirstQuotes first_quotes(Told const& told, test::Database& database, std::int64_t to_ms) {
    std::map<Name, std::int64_t> wanted;
    std::string list;
    for (auto const& born : told.born) {
        auto const steps = told.steps.find(born.market);
        auto const ordered = steps == told.steps.end() ? std::nullopt : first_order(steps->second);
        if (!ordered || std::max(*ordered, born.tradable_ms) > to_ms) continue;
        wanted[born.market] = std::max(*ordered, born.tradable_ms);
        list += (list.empty() ? "'" : ",'") + born.market.second + "'";
    }
    FirstQuotes result;
    if (wanted.empty()) return result;
    std::map<Name, std::int64_t> first;
    for (auto const& row :
         database.rows("SELECT t.venue, k.market_id, min(t.received_at) FROM tick_history t "
                       "JOIN market_keys k ON k.market_key = t.market_key WHERE k.market_id IN (" +
                       list + ") AND (t.bid IS NOT NULL OR t.ask IS NOT NULL) GROUP BY 1, 2"))
        first[{*row[0], *row[1]}] = milliseconds(row[2]);
    for (auto const& [name, quotable] : wanted) {
        auto const found = first.find(name);
        if (found == first.end())
            result.missing.push_back(name.first + ' ' + name.second);
        else
            result.ms.emplace_back(static_cast<double>(found->second - quotable), name);
    }
    std::sort(result.ms.begin(), result.ms.end());
    return result;
}

}  // namespace arb::scale
