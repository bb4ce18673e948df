#include "scale/asked.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <optional>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"

namespace json = boost::json;

namespace arb::scale {
namespace {

constexpr unsigned draws_a_book = 20;  // a moment may lie in a gap or between two steps of one receipt
constexpr auto answer_within = std::chrono::seconds{60};

struct Moment {
    Sampled const* market;
    std::int64_t ms;    // the venue's time
    arb_time received;  // ours
    std::string shown() const {
        return market->name.first + ' ' + market->name.second + " at " + format_time(received);
    }
};

std::optional<Moment> draw(Sample const& sample, Stored const& stored, std::mt19937_64& random) {
    for (unsigned n = 0; n != draws_a_book; ++n) {
        auto const& market = sample.markets[random() % sample.markets.size()];
        auto const ms = std::uniform_int_distribution<std::int64_t>{market.from_ms, market.to_ms}(random);
        if (stored.in_gap(market.name, ms)) continue;
        auto const& steps = *market.stored;
        auto const end = stored_book(steps, ms).steps;
        auto const last = steps[end - 1].received;
        if (end == steps.size()) return Moment{&market, ms, last};
        auto const next = steps[end].received;
        if (next > last) return Moment{&market, ms, last + (next - last) / 2};
    }
    return {};
}

void add_level(Ladder& side, json::object const& row, char const* price, char const* size) {
    if (!row.contains(price)) return;
    auto const amount = [&](char const* name) {
        return parse_decimal(std::string{row.at(name).as_string()}).millionths;
    };
    side[amount(price)] = amount(size);
}

Book book_of(std::string const& answer) {
    Book book;
    auto const rows = json::parse(answer);
    for (auto const& row : rows.as_array()) {
        add_level(book.bids, row.as_object(), "bid", "bid_size");
        add_level(book.asks, row.as_object(), "ask", "ask_size");
    }
    return book;
}

}  // namespace

Answers ask_books(Sample const& sample, Stored const& stored, test::Collector const& program, unsigned count,
                  std::mt19937_64& random) {
    using Clock = std::chrono::steady_clock;
    Answers result;
    for (unsigned n = 0; n != count && !sample.markets.empty(); ++n) {
        auto const moment = draw(sample, stored, random);
        if (!moment) continue;
        auto const begin = Clock::now();
        auto const answer = program.run(
            {"book", moment->market->name.second, "--at", format_time(moment->received), "--format", "json"},
            answer_within);
        auto const ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
        if (answer.code != 0) {
            bool const not_known = answer.errors.find("is not known") != std::string::npos;
            (not_known ? result.refused : result.different).push_back(moment->shown() + ": " + answer.errors);
            continue;
        }
        ++result.compared;
        result.milliseconds += ms;
        result.milliseconds_max = std::max(result.milliseconds_max, ms);
        auto const expected = told_book(*moment->market->told, moment->ms).book, is = book_of(answer.out);
        if (is != expected)
            result.different.push_back(moment->shown() + ": " + shown(is) + ", should be " + shown(expected));
    }
    return result;
}

}  // namespace arb::scale
