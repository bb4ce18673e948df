#include "sinks/sql/book_at.hpp"

#include <fmt/format.h>

#include <optional>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "sinks/sql/commands.hpp"
#include "sinks/sql/market_name.hpp"

namespace arb::sql {
namespace {

// So many gaps in a row are looked behind for the time at which a book is known again.
constexpr int looks_max = 20;

using Row = boost::json::object;

std::string text_of(Row const& row, std::string_view key) {
    auto const& value = row.at(key);
    return value.is_null() ? std::string{} : std::string{std::string_view{value.as_string()}};
}

arb_time time_of(Row const& row, std::string_view key) {
    auto const text = text_of(row, key);
    return text.empty() ? 0 : parse_time(text).value();
}

std::int64_t amount_of(std::string_view text) {
    auto const value = parse_decimal(text);
    if (!value)
        throw Failure{Trouble::held, fmt::format("a stored amount {}: {}", describe(value.error), text)};
    return value.millionths;
}

// "[0.42,0.41,\"9223372036854.775807\"]": a reader of JSON would make doubles of them.
std::vector<std::int64_t> amounts_of(std::string_view list) {
    std::vector<std::int64_t> out;
    std::string number;
    for (char const c : list) {
        if (c == ',' || c == ']') {
            if (!number.empty()) out.push_back(amount_of(number));
            number.clear();
        } else if (c != '[' && c != '"' && c != ' ') {
            number += c;
        }
    }
    return out;
}

// Why a book is not known, and what is to be awaited. Without any of it: the next whole book.
struct Doubt {
    std::string why;
    arb_time open_since = 0;       // of a gap that has not ended
    arb_time ends_at = 0;          // of a gap, after the time that was asked about
    bool maybe_of_others = false;  // a gap of the whole feed, which a later change may show
};

// Rebuilds one book. Statements hold no text from outside but as parameters.
class Rebuild {
  public:
    Rebuild(Dialect& dialect, BookQuery const& query) : dialect_{dialect}, query_{query} {
        dialect_.begin_reading();
        market_ = find_market(dialect, query.market_id, query.venue);
        book_.market_id = market_.market_id;
        book_.outcome = market_.outcome.value_or(query.outcome);
        find_outcome(book_.outcome);
    }

    BookAt run() {
        find_end();
        if (auto const doubt = look(query_.at)) refuse(doubt->why + ". " + known_again(*doubt));
        apply_changes();
        book_.status = status();
        book_.venue_paused = venue_paused();
        return mirrored_ ? mirror() : book_;
    }

  private:
    static std::string quoted(arb_time time) { return '\'' + format_time(time) + '\''; }

    std::vector<Row> rows(std::string const& statement, std::vector<std::string> const& values = {}) {
        std::vector<Row> out;
        read_texts(dialect_.session(), statement, values, [&](Row const& row) {
            out.push_back(row);
            return true;
        });
        return out;
    }

    std::optional<Row> first(std::string const& statement) {
        auto found = rows(statement);
        if (found.empty()) return {};
        return std::move(found.front());
    }

    std::string lists() const {
        std::string out;
        for (auto const* const column : {"bid_prices", "bid_sizes", "ask_prices", "ask_sizes"})
            out += fmt::format("{}{} AS {}", out.empty() ? "" : ", ", dialect_.list_as_json(column), column);
        return out;
    }

    // A binary market is stored as its outcome 0.
    void find_outcome(std::int32_t wanted) {
        auto const of = [&](std::int32_t outcome) {
            return fmt::format("venue = '{}' AND market_key = {} AND outcome = {}", market_.venue,
                               market_.key, outcome);
        };
        of_market_ = of(wanted);
        if (wanted != 1) return;
        mirrored_ = !first("SELECT venue FROM book_snapshots WHERE " + of_market_ + " LIMIT 1").has_value();
        if (mirrored_) of_market_ = of(0);
    }

    // What is stored ends somewhere: the host may be off, or the sink behind.
    void find_end() {
        auto const found = first("SELECT CAST(max(received_at) AS TEXT) AS newest FROM ingest_positions");
        book_.stored_up_to = time_of(*found, "newest");
        if (query_.newest || book_.stored_up_to == 0 || query_.at / 1000 <= book_.stored_up_to / 1000) return;
        refuse(
            fmt::format("nothing that was received after {} is stored yet", format_time(book_.stored_up_to)));
    }

    // Reads what a book of that time is made from, or says why it cannot be made.
    std::optional<Doubt> look(arb_time at) {
        at_ = at;
        limit_ = quoted(at);
        auto const snapshot = first(
            "SELECT CAST(received_at AS TEXT) AS received_at, CAST(position AS TEXT) AS position, "
            "CAST(epoch AS TEXT) AS epoch, " +
            lists() + " FROM book_snapshots WHERE " + of_market_ + " AND received_at <= " + limit_ +
            " ORDER BY received_at DESC, position DESC LIMIT 1");
        if (!snapshot) return Doubt{"no whole book was stored at or before it"};
        begin(*snapshot);
        auto doubt = count_changes();
        return doubt ? doubt : check_gaps();
    }

    std::string status() {
        auto const found = first(fmt::format(
            "SELECT status FROM market_history WHERE venue = '{}' AND market_key = {} AND seen_at <= {} "
            "ORDER BY seen_at DESC, position DESC LIMIT 1",
            market_.venue, market_.key, limit_));
        return found ? text_of(*found, "status") : std::string{};
    }

    // As a whole: which part of it a market belongs to is not known here.
    bool venue_paused() {
        auto const found = first(fmt::format(
            "SELECT status FROM status_changes WHERE venue = '{}' AND market_key IS NULL AND status IS NOT "
            "NULL AND detail ->> 'part' IS NULL AND received_at <= {} ORDER BY received_at DESC, position "
            "DESC "
            "LIMIT 1",
            market_.venue, limit_));
        return found && text_of(*found, "status") == "paused";
    }

    void begin(Row const& snapshot) {
        book_.snapshot_at = time_of(snapshot, "received_at");
        book_.snapshot_position = std::stoll(text_of(snapshot, "position"));
        book_.epoch = text_of(snapshot, "epoch");
        auto const fill = [&](auto& side, char const* prices, char const* sizes) {
            side.clear();
            auto const price = amounts_of(text_of(snapshot, prices));
            auto const size = amounts_of(text_of(snapshot, sizes));
            for (std::size_t i = 0; i != price.size() && i != size.size(); ++i) side[price[i]] = size[i];
        };
        fill(book_.bids, "bid_prices", "bid_sizes");
        fill(book_.asks, "ask_prices", "ask_sizes");
        auto const since = quoted(book_.snapshot_at);
        after_ = fmt::format(
            "{0} AND received_at >= {1} AND received_at <= {2} AND (received_at > {1} OR position > {3})",
            of_market_, since, limit_, book_.snapshot_position);
    }

    // A change of another epoch belongs to a whole book that is not here.
    std::optional<Doubt> count_changes() {
        auto const found = first(fmt::format(
            "SELECT CAST(count(*) AS TEXT) AS changes, CAST(max(received_at) AS TEXT) AS last, "
            "CAST(min(CASE WHEN epoch <> {} THEN received_at END) AS TEXT) AS other FROM book_changes "
            "WHERE {}",
            book_.epoch, after_));
        if (auto const other = time_of(*found, "other"); other != 0)
            return Doubt{fmt::format("at {} it began anew, and the whole book of then is not stored",
                                     format_time(other))};
        book_.changes = std::stoll(text_of(*found, "changes"));
        book_.last_change_at = time_of(*found, "last");
        return {};
    }

    // Inside a gap nothing is known. A gap that came and went since the whole book would have begun another
    // epoch; only changes after its end show that it was not about this market.
    std::optional<Doubt> check_gaps() {
        auto const found = rows(fmt::format(
            "SELECT instance, stream, reason, CAST(market_key AS TEXT) AS market_key, CAST(from_time AS "
            "TEXT) AS from_time, CAST(to_time AS TEXT) AS to_time FROM gaps WHERE venue = '{}' AND stream IN "
            "('all', 'books') AND (market_key IS NULL OR market_key = {}) AND NOT recovered AND from_time < "
            "{} AND (to_time IS NULL OR to_time > {} OR from_time >= {}) ORDER BY gaps.from_time",
            market_.venue, market_.key, limit_, limit_, quoted(book_.snapshot_at)));
        for (auto const& gap : found) {
            auto const from = time_of(gap, "from_time"), to = time_of(gap, "to_time");
            auto const name = fmt::format("gap of {} (stream {}, {}) from {} to {}", text_of(gap, "instance"),
                                          text_of(gap, "stream"), text_of(gap, "reason"), format_time(from),
                                          to == 0 ? "now" : format_time(to));
            if (to == 0) return Doubt{"it lies inside a " + name, from};
            if (to / 1000 > at_ / 1000) return Doubt{"it lies inside a " + name, 0, to};
            bool const of_all = gap.at("market_key").is_null();
            if (!of_all || book_.last_change_at <= to)
                return Doubt{fmt::format("a {} lies between it and the whole book of {}", name,
                                         format_time(book_.snapshot_at)),
                             0, 0, of_all};
        }
        return {};
    }

    // Of each level only the last change counts.
    void apply_changes() {
        auto const found = rows(
            "SELECT side, CAST(price AS TEXT) AS price, CAST(size AS TEXT) AS size FROM (SELECT side, price, "
            "size, row_number() OVER (PARTITION BY side, price ORDER BY received_at DESC, position DESC) AS "
            "place FROM book_changes WHERE " +
            after_ + ") AS changes WHERE place = 1");
        for (auto const& change : found) {
            auto const price = amount_of(text_of(change, "price")), size = amount_of(text_of(change, "size"));
            auto const set = [&](auto& side) {
                if (size == 0)
                    side.erase(price);
                else
                    side[price] = size;
            };
            if (text_of(change, "side") == "bid")
                set(book_.bids);
            else
                set(book_.asks);
        }
    }

    BookAt mirror() const {
        auto out = book_;
        out.bids.clear();
        out.asks.clear();
        for (auto const& [price, size] : book_.asks) out.bids[complement(price)] = size;
        for (auto const& [price, size] : book_.bids) out.asks[complement(price)] = size;
        return out;
    }

    // The time of the first row after `at_`; 0 if there is none.
    arb_time next(char const* table) {
        auto const found =
            first(fmt::format("SELECT CAST(min(received_at) AS TEXT) AS next FROM {} WHERE {} "
                              "AND received_at > {}",
                              table, of_market_, limit_));
        return time_of(*found, "next");
    }

    // From when on it is known again: at the end of a gap in which a whole book came, else with the next
    // whole book, or with a change that shows that a gap was another feed's.
    std::string known_again(Doubt doubt) {
        for (int i = 0; i != looks_max; ++i) {
            if (doubt.open_since != 0) {
                limit_ = quoted(doubt.open_since);
                auto const whole = next("book_snapshots");
                return whole == 0
                           ? "No later whole book is stored"
                           : fmt::format("A whole book of {} is stored, but doubted until that gap ends",
                                         format_time(whole));
            }
            auto then = doubt.ends_at != 0 ? doubt.ends_at : next("book_snapshots");
            if (doubt.maybe_of_others)
                if (auto const change = next("book_changes"); change != 0)
                    then = then == 0 ? change : std::min(then, change);
            if (then == 0) return "No later whole book is stored";
            auto more = look(then);
            if (!more) return fmt::format("It is known again at {}", format_time(then));
            doubt = std::move(*more);
        }
        return fmt::format("It is not known again before {}", format_time(at_));
    }

    [[noreturn]] void refuse(std::string const& why) {
        throw Failure{Trouble::held, fmt::format("the book of {} {} at {} is not known: {}", market_.venue,
                                                 market_.market_id, format_time(query_.at), why)};
    }

    Dialect& dialect_;
    BookQuery const& query_;
    NamedMarket market_;
    std::string of_market_;  // condition for its rows
    bool mirrored_ = false;
    // Of the last look.
    arb_time at_ = 0;
    std::string limit_;  // its time, as a literal
    std::string after_;  // condition for the changes after the whole book
    BookAt book_;
};

}  // namespace

BookAt book_at(Dialect& dialect, BookQuery const& query) { return Rebuild{dialect, query}.run(); }

void show_book(Dialect& dialect, Options const& parameters, arb::Rows const& row) {
    BookQuery query;
    query.market_id = parameters.text("market");
    query.venue = parameters.text("venue");
    query.outcome = static_cast<std::int32_t>(parameters.integer("outcome", 0));
    if (query.market_id.empty()) throw Failure{Trouble::held, "say which: --market ID"};
    auto const at = parameters.text("at");
    query.newest = at.empty();
    auto const time = query.newest ? now() : parse_time(at).value_or(0);
    if (time == 0)
        throw Failure{Trouble::held, fmt::format("--at {} is not a time such as 2026-11-20T12:00:00Z", at)};
    query.at = time;
    auto const book = book_at(dialect, query);
    auto const depth = static_cast<std::size_t>(parameters.integer("depth", 0));
    auto levels = std::max(book.bids.size(), book.asks.size());
    if (depth != 0) levels = std::min(levels, depth);
    auto bid = book.bids.begin();
    auto ask = book.asks.begin();
    for (std::size_t level = 1; level <= std::max<std::size_t>(levels, 1); ++level) {
        Row out;
        if (levels != 0) out["level"] = level;
        if (bid != book.bids.end()) {
            out["bid_size"] = format_decimal(bid->second);
            out["bid"] = format_decimal((bid++)->first);
        }
        if (ask != book.asks.end()) {
            out["ask"] = format_decimal(ask->first);
            out["ask_size"] = format_decimal((ask++)->second);
        }
        if (level == 1) {
            if (book.market_id != query.market_id) {
                out["market_id"] = book.market_id;
                out["outcome"] = book.outcome;
            }
            out["snapshot_at"] = format_time(book.snapshot_at);
            out["changes"] = book.changes;
            if (book.last_change_at != 0) out["last_change_at"] = format_time(book.last_change_at);
            out["epoch"] = book.epoch;
            if (!book.status.empty()) out["status"] = book.status;
            if (book.venue_paused) out["venue_paused"] = true;
            if (book.stored_up_to != 0) out["stored_up_to"] = format_time(book.stored_up_to);
        }
        if (!row(out)) return;
    }
}

}  // namespace arb::sql
