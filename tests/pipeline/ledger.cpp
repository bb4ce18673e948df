#include "pipeline/ledger.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <set>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"

namespace json = boost::json;

namespace arb::test {
namespace {

constexpr std::size_t problems_shown_max = 20;

std::string text(json::object const& entry, char const* name) {
    auto const& value = entry.at(name);
    return value.is_string() ? std::string{value.get_string()} : std::string{};
}

std::int64_t amount(json::object const& entry, char const* name) {
    auto const& value = entry.at(name);
    return value.is_null() ? ARB_ABSENT : parse_decimal(std::string{value.get_string()}).millionths;
}

// A number a database gave; a text that is no exact decimal is no amount anything equals.
std::int64_t amount(std::optional<std::string> const& value) {
    if (!value) return ARB_ABSENT;
    auto const decimal = parse_decimal(*value);
    return decimal ? decimal.millionths : ARB_ABSENT + 1;
}

std::string shown(std::int64_t value) { return value == ARB_ABSENT ? "NULL" : format_decimal(value); }

bool yes(std::optional<std::string> const& value) { return value == "1" || value == "t"; }

// Times of PostgreSQL and SQLite, as Unix milliseconds.
std::int64_t milliseconds(std::optional<std::string> const& value) {
    auto const time = value ? parse_time(*value) : std::nullopt;
    return time ? *time / millisecond_ns : -1;
}

std::string from_hex(std::string const& hex) {
    std::string out;
    auto const digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
        out += static_cast<char>(digit(hex[at]) * 16 + digit(hex[at + 1]));
    return out;
}

// Bytes a text column cannot hold: NUL, and what is not UTF-8 in the simulator's texts.
bool storable(std::string const& title) {
    return title.find('\0') == std::string::npos && title.find('\xFF') == std::string::npos &&
           title.find('\xFE') == std::string::npos;
}

// Where the database itself says that trades may be missing.
class Gaps {
  public:
    // `recovered_excuse`: what a gap says of its recovery is not believed.
    Gaps(Database& database, bool recovered_excuse)
        : open_{database.rows(query(recovered_excuse ? "" : " AND recovered IS NOT TRUE"))} {
        if (!recovered_excuse) recovered_ = database.rows(query(" AND recovered IS TRUE"));
    }
    bool hold(std::string const& venue, std::int64_t ms) const {
        return any(open_, venue, ms, in_flight_ms, 0) && !any(recovered_, venue, ms, 0, just_now_ms);
    }

    // Whether one of any kind ends after `ms`.
    bool end_after(std::string const& venue, std::int64_t ms) const {
        auto const later = [&](Row const& row) {
            return row[0] == venue && (!row[2] || milliseconds(row[2]) > ms);
        };
        return std::any_of(open_.begin(), open_.end(), later) ||
               std::any_of(recovered_.begin(), recovered_.end(), later);
    }

  private:
    // A gap begins with the newest packet that was kept, of any venue: another's may have been on its way.
    static constexpr std::int64_t in_flight_ms = 250;
    // What happened in the last moment before a listing of trades was read may come in the next.
    static constexpr std::int64_t just_now_ms = 2000;

    static std::string query(std::string const& more) {
        return "SELECT venue, from_time, to_time FROM gaps WHERE stream IN ('all', 'trades')" + more;
    }
    static bool any(std::vector<Row> const& rows, std::string const& venue, std::int64_t ms,
                    std::int64_t before, std::int64_t short_of) {
        return std::any_of(rows.begin(), rows.end(), [&](Row const& row) {
            return row[0] == venue && ms >= milliseconds(row[1]) - before &&
                   (!row[2] || ms <= milliseconds(row[2]) - short_of);
        });
    }

    std::vector<Row> open_, recovered_;
};

struct Tally {
    int sent = 0, unseen = 0, stored = 0;
};

}  // namespace

std::string told(Problems const& problems) {
    std::string out;
    for (std::size_t n = 0; n != std::min(problems.size(), problems_shown_max); ++n)
        out += "\n  " + problems[n];
    if (problems.size() > problems_shown_max)
        out += "\n  and " + std::to_string(problems.size() - problems_shown_max) + " more";
    return out;
}

Ledger::Ledger(std::string const& file) {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line) && !in.eof();) {
        auto entry = json::parse(line).as_object();
        entries_[text(entry, "kind")].push_back(std::move(entry));
    }
}

std::vector<Ledger::Entry> const& Ledger::of(std::string const& kind) const {
    static std::vector<Entry> const none;
    auto const found = entries_.find(kind);
    return found == entries_.end() ? none : found->second;
}

std::size_t Ledger::count(std::string const& kind) const { return of(kind).size(); }

std::map<Ledger::Name, std::int64_t> Ledger::first_sent() const {
    std::map<Name, std::int64_t> out;
    for (auto const* const kind : {"quote", "trade", "book_change"})
        for (auto const& entry : of(kind)) {
            if (!entry.at("live").as_bool()) continue;
            auto const ms = entry.at("ms").as_int64();
            auto const [at, fresh] = out.try_emplace({text(entry, "venue"), text(entry, "market")}, ms);
            if (!fresh) at->second = std::min(at->second, ms);
        }
    return out;
}

Problems Ledger::trades(Database& database, Wanted wanted) const {
    // Kalshi's have an id; of Polymarket's the whole print is all there is, so prints are counted. Those read
    // over REST have whole seconds.
    std::map<std::string, Tally> tallies;
    bool const all = wanted == Wanted::all_outside_gaps;
    Gaps const gaps{database, !all};
    auto const known_since = first_sent();
    auto const key = [](std::string const& venue, std::string const& market, std::string const& id,
                        std::string const& outcome, std::int64_t price, std::int64_t size,
                        std::string const& side, bool block, std::int64_t ms) {
        return venue + ' ' + market + ' ' + (venue == "kalshi" ? id : "") + " outcome " + outcome +
               " price " + shown(price) + " size " + shown(size) + ' ' + side + (block ? " block" : "") +
               " at " + std::to_string(venue == "kalshi" ? ms : ms / 1000 * 1000);
    };
    for (auto const& entry : of("trade")) {
        auto& tally = tallies[key(text(entry, "venue"), text(entry, "market"), text(entry, "trade_id"),
                                  std::to_string(entry.at("outcome").as_int64()), amount(entry, "price"),
                                  amount(entry, "size"), text(entry, "taker_side"),
                                  entry.at("block").as_bool(), entry.at("ms").as_int64())];
        auto const known = known_since.find({text(entry, "venue"), text(entry, "market")});
        auto const ms = entry.at("ms").as_int64();
        bool const owed = entry.at("live").as_bool() ||
                          (wanted == Wanted::all_of_kalshi && text(entry, "venue") == "kalshi") ||
                          (all && known != known_since.end() && ms > known->second);
        bool const excused =
            (all || wanted == Wanted::sent_outside_gaps) && gaps.hold(text(entry, "venue"), ms);
        ++(owed && !excused ? tally.sent : tally.unseen);
    }
    for (auto const& row : database.rows(
             "SELECT t.venue, k.market_id, t.trade_id, t.outcome, t.price, t.size, t.taker_side, "
             "t.block, t.venue_time FROM trades t JOIN market_keys k ON k.market_key = t.market_key"))
        ++tallies[key(row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), row[3].value_or(""),
                      amount(row[4]), amount(row[5]), row[6].value_or(""), yes(row[7]), milliseconds(row[8]))]
              .stored;
    Problems problems;
    for (auto const& [name, tally] : tallies)
        if (tally.stored < tally.sent || tally.stored > tally.sent + tally.unseen)
            problems.push_back("trade " + name + ": sent " + std::to_string(tally.sent) + " times, stored " +
                               std::to_string(tally.stored));
    return problems;
}

Problems Ledger::latest_prices(Database& database) const {
    std::map<Name, Row> stored;
    for (auto& row : database.rows(
             "SELECT p.venue, k.market_id, p.bid, p.bid_size, p.ask, p.ask_size, p.last_price, p.volume, "
             "p.open_interest FROM latest_prices p JOIN market_keys k ON k.market_key = p.market_key "
             "WHERE p.outcome = 0"))
        stored[{row[0].value_or(""), row[1].value_or("")}] = row;
    std::set<Name> quoted, traded;
    Gaps const gaps{database, false};
    for (auto const& entry : of("quote"))
        if (entry.at("live").as_bool()) quoted.insert({text(entry, "venue"), text(entry, "market")});
    for (auto const& entry : of("trade")) {
        // A last price that was lost in a gap, or known only to a run that ended, comes back with the next
        // trade.
        Name const name{text(entry, "venue"), text(entry, "market")};
        if (entry.at("live").as_bool() && !gaps.end_after(name.first, entry.at("ms").as_int64()))
            traded.insert(name);
        else
            traded.erase(name);
    }
    Problems problems;
    for (auto const& entry : of("final_quote")) {
        Name const name{text(entry, "venue"), text(entry, "market")};
        if (!quoted.contains(name)) continue;
        auto const found = stored.find(name);
        if (found == stored.end()) {
            problems.push_back("latest price of " + name.first + ' ' + name.second + ": none stored");
            continue;
        }
        std::vector<char const*> columns{"bid", "bid_size", "ask", "ask_size"};
        if (name.first == "kalshi")
            columns.insert(columns.end(), {"last_price", "volume", "open_interest"});
        else if (traded.contains(name))
            columns.push_back("last_price");
        for (std::size_t n = 0; n != columns.size(); ++n)
            if (amount(found->second[n + 2]) != amount(entry, columns[n]))
                problems.push_back("latest price of " + name.first + ' ' + name.second + ": " + columns[n] +
                                   " is " + found->second[n + 2].value_or("NULL") + ", should be " +
                                   shown(amount(entry, columns[n])));
    }
    return problems;
}

Problems Ledger::ticks(Database& database) const {
    using Tick = std::vector<std::int64_t>;
    std::map<std::string, std::vector<Tick>> stored;
    for (auto const& row : database.rows(
             "SELECT k.market_id, t.bid, t.bid_size, t.ask, t.ask_size, t.last_price, t.volume, "
             "t.open_interest FROM tick_history t JOIN market_keys k ON k.market_key = t.market_key "
             "WHERE t.venue = 'kalshi' AND t.outcome = 0 ORDER BY t.position")) {
        Tick tick;
        for (std::size_t n = 1; n != row.size(); ++n) tick.push_back(amount(row[n]));
        stored[row[0].value_or("")].push_back(tick);
    }
    std::map<std::string, std::size_t> reached;
    Problems problems;
    for (auto const& entry : of("quote")) {
        if (!entry.at("live").as_bool() || text(entry, "venue") != "kalshi") continue;
        Tick tick;
        for (auto const* const name :
             {"bid", "bid_size", "ask", "ask_size", "last_price", "volume", "open_interest"})
            tick.push_back(amount(entry, name));
        auto const& ticks = stored[text(entry, "market")];
        auto& at = reached[text(entry, "market")];
        auto const found = std::find(ticks.begin() + static_cast<std::ptrdiff_t>(at), ticks.end(), tick);
        if (found == ticks.end()) {
            problems.push_back("tick of " + text(entry, "market") + " at " +
                               std::to_string(entry.at("ms").as_int64()) + " (bid " + shown(tick[0]) +
                               " ask " + shown(tick[2]) + "): not stored after the one before it");
            continue;
        }
        // Repeats of the same values need not be stored: the next may be found at the same place.
        at = static_cast<std::size_t>(found - ticks.begin());
    }
    return problems;
}

Problems Ledger::catalogue(Database& database) const {
    Problems problems;
    std::map<Name, Row> events, markets;
    for (auto& row : database.rows(
             "SELECT venue, event_id, title, series, category, mutually_exclusive, flags FROM events"))
        events[{row[0].value_or(""), row[1].value_or("")}] = row;
    for (auto& row : database.rows(
             "SELECT venue, market_id, title, event_id, status, result, settlement_value, tick_size, "
             "flags FROM markets"))
        markets[{row[0].value_or(""), row[1].value_or("")}] = row;
    auto const compare = [&](std::string const& what, std::string const& is, std::string const& should) {
        if (is != should) problems.push_back(what + " is \"" + is + "\", should be \"" + should + '"');
    };
    auto const compare_title = [&](std::string const& what, Entry const& entry, Row const& row) {
        auto const title = from_hex(text(entry, "title_hex"));
        if (storable(title))
            compare(what + ": title", row[2].value_or("NULL"), title);
        else if (row.back() == "0" || row[2].value_or("").substr(0, 10) != title.substr(0, 10))
            problems.push_back(what + ": a title no column can hold is not flagged, or lost its beginning");
    };
    for (auto const& entry : of("final_event")) {
        Name const name{text(entry, "venue"), text(entry, "event")};
        auto const what = "event " + name.first + ' ' + name.second;
        auto const found = events.find(name);
        if (found == events.end()) {
            problems.push_back(what + ": not stored");
            continue;
        }
        compare_title(what, entry, found->second);
        if (yes(found->second[5]) != entry.at("mutually_exclusive").as_bool())
            problems.push_back(what + ": mutually_exclusive");
        if (name.first == "kalshi")
            compare(what + ": series", found->second[3].value_or("NULL"), text(entry, "series"));
    }
    for (auto const& entry : of("final_market")) {
        Name const name{text(entry, "venue"), text(entry, "market")};
        auto const what = "market " + name.first + ' ' + name.second;
        auto const found = markets.find(name);
        if (found == markets.end()) {
            problems.push_back(what + ": not stored");
            continue;
        }
        auto const& row = found->second;
        compare_title(what, entry, row);
        compare(what + ": event_id", row[3].value_or("NULL"), text(entry, "event"));
        compare(what + ": status", row[4].value_or("NULL"), text(entry, "status"));
        compare(what + ": result", row[5].value_or(""), text(entry, "result"));
        compare(what + ": settlement_value", shown(amount(row[6])), shown(amount(entry, "settlement_value")));
        compare(what + ": tick_size", shown(amount(row[7])), shown(amount(entry, "tick_size")));
    }
    for (auto const& [name, row] : markets)
        if (name.second.starts_with("KXMVE"))
            problems.push_back("market " + name.second + ": a combo nobody asked for");
    return problems;
}

Problems Ledger::everything(Database& database) const {
    Problems all;
    for (auto const& problems :
         {catalogue(database), trades(database), latest_prices(database), ticks(database), books(database)})
        all.insert(all.end(), problems.begin(), problems.end());
    if (auto const dead = database.one("SELECT count(*) FROM dead_letters"); dead != "0")
        all.push_back(dead + " packets are dead letters");
    return all;
}

}  // namespace arb::test
