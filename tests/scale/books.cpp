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

arb_time time(std::optional<std::string> const& value) { return value ? parse_time(*value).value_or(0) : 0; }

std::int64_t milliseconds(std::optional<std::string> const& value) { return time(value) / millisecond_ns; }

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

// Polymarket's opening books have a time; an empty one without is that of a market whose end was learned by
// asking.
Step whole_book(test::Row const& row) {
    Step step{milliseconds(row[3]), true, {ladder(row, 5, 6), ladder(row, 7, 8)}, false, 0, 0, time(row[4])};
    if (row[0] == "polymarket" && !row[3] && step.book == Book{}) step.ms = step.received / millisecond_ns;
    return step;
}

Steps stored_steps(Steps const& wanted, test::Database& database) {
    auto const of =
        " JOIN market_keys k ON k.market_key = t.market_key WHERE t.outcome = 0 AND k.market_id IN (" +
        sql_list(wanted) + ")";
    std::map<Name, std::map<std::int64_t, Step>> ordered;
    for (auto const& row :
         database.rows("SELECT t.venue, k.market_id, t.position, t.venue_time, t.received_at, t.bid_prices, "
                       "t.bid_sizes, t.ask_prices, t.ask_sizes FROM book_snapshots t" +
                       of))
        ordered[{*row[0], *row[1]}][std::stoll(*row[2])] = whole_book(row);
    for (auto const& row :
         database.rows("SELECT t.venue, k.market_id, t.position, t.venue_time, t.received_at, t.side, "
                       "t.price, t.size FROM book_changes t" +
                       of))
        ordered[{*row[0], *row[1]}][std::stoll(*row[2])] = {milliseconds(row[3]),
                                                            false,
                                                            {},
                                                            row[5] == "bid",
                                                            parse_decimal(row[6].value_or("")).millionths,
                                                            parse_decimal(row[7].value_or("")).millionths,
                                                            time(row[4])};
    Steps out;
    for (auto& [name, steps] : ordered)
        for (auto& [position, step] : steps) out[name].push_back(std::move(step));
    return out;
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

Step opening_book(json::object const& entry) {
    Step step{};
    step.ms = entry.at("ms").as_int64();
    step.whole = true;
    step.book = {ladder(entry.at("bids").as_array()), ladder(entry.at("asks").as_array())};
    return step;
}

void take_change(json::object const& entry, Name const& name, Told& told) {
    Step step{};
    step.ms = entry.at("ms").as_int64();
    step.bid = text(entry, "side") == "bid";
    step.price = amount(entry.at("price"));
    step.size = amount(entry.at("size"));
    told.steps[name].push_back(std::move(step));
}

void take_birth(json::object const& entry, Name const& name, Told& told) {
    if (entry.at("announced").as_bool()) told.born.push_back({name, entry.at("tradable_ms").as_int64()});
}

void take_life(json::object const& entry, Name const& name, Told& told) {
    auto const ms = entry.at("ms").as_int64();
    if (text(entry, "status") == "open")
        told.opened_silently[name] = ms;
    else
        told.ended.try_emplace(name, ms);
}

// `first_counts`: the first book is there whatever its time.
BookThen book_then(std::vector<Step> const& steps, std::int64_t ms, bool first_counts) {
    BookThen out;
    bool begun = false;
    for (auto const& step : steps) {
        if (step.ms > ms && (begun || !first_counts)) break;
        apply(out.book, step);
        begun = begun || step.whole;
        ++out.steps;
    }
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
        if (opening)
            told.steps[name].push_back(opening_book(entry));
        else if (change)
            take_change(entry, name, told);
        else if (born)
            take_birth(entry, name, told);
        else if (name.first == "polymarket")
            take_life(entry, name, told);
    }
    return told;
}

bool Stored::in_gap(Name const& market, std::int64_t ms) const {
    return std::any_of(gaps.begin(), gaps.end(), [&](Gap const& gap) {
        return gap.venue == market.first && (gap.market.empty() || gap.market == market.second) &&
               ms >= gap.from_ms && ms <= gap.to_ms;
    });
}

Stored read_stored(Told const& told, test::Database& database) {
    return {stored_steps(told.steps, database), gaps_of_books(database)};
}

BookThen told_book(std::vector<Step> const& told, std::int64_t ms) { return book_then(told, ms, false); }

// An opening book's time is that of its last change, which may be long ago.
BookThen stored_book(std::vector<Step> const& stored, std::int64_t ms) { return book_then(stored, ms, true); }

Sample sample(Told const& told, Stored const& stored, std::int64_t from_ms, std::int64_t to_ms) {
    Sample out;
    for (auto const& [name, steps] : told.steps) {
        if (steps.front().ms > from_ms) continue;  // born later
        auto const found = stored.steps.find(name);
        if (found == stored.steps.end()) {
            out.never_stored.push_back(name.first + ' ' + name.second);
            continue;
        }
        auto from = from_ms;
        if (auto const opened = told.opened_silently.find(name); opened != told.opened_silently.end()) {
            auto const found_ms = found->second.front().received / millisecond_ns + 1;
            from = std::max(from, found_ms);
            out.found_after_ms_max = std::max(out.found_after_ms_max, found_ms - opened->second);
        }
        auto const ended = told.ended.find(name);
        auto const to = ended == told.ended.end() ? to_ms : std::min(to_ms, ended->second - 1);
        if (from < to) out.markets.push_back({name, &steps, &found->second, from, to});
    }
    return out;
}

std::string shown(Book const& book) { return "bids" + shown(book.bids) + " asks" + shown(book.asks); }

Comparison compare_books(Sample const& sample, Stored const& stored, unsigned instants,
                         std::mt19937_64& random) {
    Comparison result;
    for (auto const& market : sample.markets) {
        std::uniform_int_distribution<std::int64_t> instant{market.from_ms, market.to_ms};
        for (unsigned n = 0; n != instants; ++n) {
            auto const ms = instant(random);
            if (stored.in_gap(market.name, ms)) {
                ++result.in_gaps;
                continue;
            }
            ++result.instants;
            auto const expected = told_book(*market.told, ms).book, is = stored_book(*market.stored, ms).book;
            if (is != expected)
                result.different.push_back(market.name.first + ' ' + market.name.second + " at " +
                                           std::to_string(ms) + ": " + shown(is) + ", should be " +
                                           shown(expected));
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
