#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>

#include "arbitrage/decimal.hpp"
#include "pipeline/ledger.hpp"

namespace json = boost::json;

namespace arb::test {
namespace {

using Side = std::map<std::int64_t, std::int64_t>;  // price -> size
struct Book {
    Side bids, asks;
    bool operator==(Book const&) const = default;
};

// "{0.1,0.2}" of PostgreSQL and "[0.1,0.2]" or "["0.1","0.2"]" of SQLite.
std::vector<std::int64_t> amounts(std::string const& list) {
    std::vector<std::int64_t> out;
    std::string number;
    for (char const c : list) {
        bool const part = (c >= '0' && c <= '9') || c == '.' || c == '-' || c == 'e' || c == '+';
        if (part)
            number += c;
        else if (!number.empty())
            out.push_back(parse_decimal(std::exchange(number, {})).millionths);
    }
    return out;
}

Side side_of(Row const& row, std::size_t prices, std::size_t sizes) {
    auto const at = amounts(row[prices].value_or("")), size = amounts(row[sizes].value_or(""));
    Side side;
    for (std::size_t n = 0; n != std::min(at.size(), size.size()); ++n) side[at[n]] = size[n];
    return side;
}

Side side_of(json::array const& levels) {
    Side side;
    for (auto const& level : levels)
        side[parse_decimal(std::string{level.as_array()[0].as_string()}).millionths] =
            parse_decimal(std::string{level.as_array()[1].as_string()}).millionths;
    return side;
}

}  // namespace

Problems Ledger::books(Database& database) const {
    std::map<Name, Book> books;
    auto const rows = database.rows(
        "SELECT * FROM (SELECT t.venue, k.market_id, t.position, t.bid_prices AS a, t.bid_sizes AS b, "
        "t.ask_prices AS c, "
        "t.ask_sizes AS d FROM book_snapshots t JOIN market_keys k ON k.market_key = t.market_key WHERE "
        "t.outcome = 0) s");
    auto const changes = database.rows(
        "SELECT t.venue, k.market_id, t.position, t.side, t.price, t.size FROM book_changes t "
        "JOIN market_keys k ON k.market_key = t.market_key WHERE t.outcome = 0");
    std::map<std::int64_t, Row const*> in_order;  // by position, which no two packets share
    for (auto const& row : rows) in_order[std::stoll(row[2].value_or("0"))] = &row;
    for (auto const& row : changes) in_order[std::stoll(row[2].value_or("0"))] = &row;
    for (auto const& [position, row] : in_order) {
        auto& book = books[{(*row)[0].value_or(""), (*row)[1].value_or("")}];
        if (row->size() == 7) {
            book = {side_of(*row, 3, 4), side_of(*row, 5, 6)};
            continue;
        }
        auto& side = (*row)[3] == "bid" ? book.bids : book.asks;
        auto const price = parse_decimal((*row)[4].value_or("")).millionths;
        auto const size = parse_decimal((*row)[5].value_or("")).millionths;
        if (size == 0)
            side.erase(price);
        else
            side[price] = size;
    }
    Problems problems;
    for (auto const& entry : of("final_book")) {
        Name const name{std::string{entry.at("venue").as_string()},
                        std::string{entry.at("market").as_string()}};
        auto const found = books.find(name);
        if (found == books.end()) continue;  // never subscribed: it was settled, or not open yet
        Book const expected{side_of(entry.at("bids").as_array()), side_of(entry.at("asks").as_array())};
        if (found->second != expected)
            problems.push_back("book of " + name.first + ' ' + name.second +
                               ": does not end as the venue's does");
    }
    if (books.empty()) problems.push_back("no books are stored at all");
    return problems;
}

}  // namespace arb::test
