// The whole plugin against the simulator: TLS, signatures, sweeps, subscriptions, faults.
#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "kalshi/collector.hpp"
#include "simulator/simulated.hpp"
#include "support/catch.hpp"
#include "support/recording_host.hpp"

using namespace arb;
using namespace arb::kalshi;
using namespace std::chrono_literals;
using arb::test::eventually;
namespace json = boost::json;

namespace {

Settings settings_for(arb::test::Simulated& simulated, bool with_key) {
    Settings settings;
    settings.rest_url = simulated.endpoint("kalshi", "rest_url");
    settings.websocket_url = simulated.endpoint("kalshi", "websocket_url");
    settings.catalogue_every = 1s;
    settings.poll_every = 500ms;
    settings.record = {true, true, with_key};
    if (!with_key) return settings;
    settings.key_id = simulated.endpoint("kalshi", "key_id");
    settings.key_file = simulated.endpoint("kalshi", "key_file");
    return settings;
}

std::shared_ptr<Signer const> signer_for(Settings const& settings) {
    if (settings.key_file.empty()) return nullptr;
    return Signer::load(settings.key_id, settings.key_file).value();
}

// The plugin at work on a thread of its own.
class Running {
  public:
    Running(arb::test::Simulated& simulated, Settings settings)
        : settings_{std::move(settings)}, access_{settings_, simulated.tls(), signer_for(settings_)} {
        thread_ = std::thread{[this] {
            Collector collector{host.host(), access_, io_};
            collector.run();
        }};
    }
    ~Running() {
        host.stop();
        io_.stop();
        thread_.join();
    }
    bool live() { return host.state() == ARB_STATE_LIVE; }

    arb::test::RecordingHost host{"kalshi"};

  private:
    Settings const settings_;
    Access const access_;
    boost::asio::io_context io_{1};
    std::thread thread_;
};

std::vector<json::object> ledger(arb::test::Simulated& simulated, std::string const& kind) {
    std::vector<json::object> out;
    std::ifstream in{simulated.endpoint("ledger_file")};
    for (std::string line; std::getline(in, line);) {
        auto const value = json::parse(line).as_object();
        if (value.at("kind").as_string() == kind && value.at("venue").as_string() == "kalshi")
            out.push_back(value);
    }
    return out;
}

std::int64_t amount(json::value const& value) {
    return value.is_null() ? ARB_ABSENT : parse_decimal(std::string_view{value.as_string()}).millionths;
}

std::string market_of(json::object const& line) { return std::string{line.at("market").as_string()}; }

std::map<std::string, std::string> final_states(arb::test::Simulated& simulated) {
    std::map<std::string, std::string> out;
    for (auto const& market : ledger(simulated, "final_market"))
        out[market_of(market)] = market.at("status").as_string();
    return out;
}

// What differs between the last quotes pushed and the ledger's final ones.
std::string wrong_quotes(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    std::map<std::string, arb_quote const*> last;
    for (auto const* const quote : host.all<arb_quote>())
        last[std::string{text(quote->header, quote->market_id)}] = quote;
    auto states = final_states(simulated);
    std::string wrong;
    for (auto const& expected : ledger(simulated, "final_quote")) {
        auto const id = market_of(expected);
        if (states[id] != "open" || is_combo(id)) continue;
        auto const found = last.find(id);
        if (found == last.end())
            wrong += id + " has no quote; ";
        else if (found->second->bid != amount(expected.at("bid")) ||
                 found->second->ask != amount(expected.at("ask")) ||
                 found->second->bid_size != amount(expected.at("bid_size")) ||
                 found->second->ask_size != amount(expected.at("ask_size")))
            wrong += id + " differs; ";
    }
    return wrong;
}

// Books as the packets say: replaced by a book, changed by the changes of its epoch.
std::string wrong_books(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    struct Book {
        std::uint64_t epoch = 0;
        std::map<std::int64_t, std::int64_t> sides[2];
    };
    std::map<std::string, Book> books;
    for (auto const* const packet : host.packets()) {
        if (auto const* const whole = as<arb_book>(*packet)) {
            auto& book = books[std::string{text(*packet, whole->market_id)}];
            book = Book{whole->epoch, {}};
            for (auto const& level : array<arb_level>(*packet, whole->bids))
                book.sides[ARB_BOOK_BID][level.price] = level.size;
            for (auto const& level : array<arb_level>(*packet, whole->asks))
                book.sides[ARB_BOOK_ASK][level.price] = level.size;
        } else if (auto const* const change = as<arb_book_change>(*packet)) {
            auto& book = books[std::string{text(*packet, change->market_id)}];
            if (book.epoch != change->epoch) return "a change of another epoch";
            if (change->size == 0)
                book.sides[change->side].erase(change->price);
            else
                book.sides[change->side][change->price] = change->size;
        }
    }
    auto states = final_states(simulated);
    std::string wrong;
    for (auto const& expected : ledger(simulated, "final_book")) {
        auto const id = market_of(expected);
        if (states[id] != "open" || is_combo(id)) continue;
        for (auto const side : {ARB_BOOK_BID, ARB_BOOK_ASK}) {
            std::map<std::int64_t, std::int64_t> levels;
            for (auto const& level : expected.at(side == ARB_BOOK_BID ? "bids" : "asks").as_array())
                levels[amount(level.at(0))] = amount(level.at(1));
            if (books[id].sides[side] != levels)
                wrong += id + (books.contains(id) && books[id].epoch != 0 ? "" : " has no book") +
                         (side == ARB_BOOK_BID ? " bids; " : " asks; ");
        }
    }
    return wrong;
}

std::string line_of(std::string_view market, std::string_view id, std::int64_t price, std::int64_t size,
                    bool buy) {
    return std::string{market} + " " + std::string{id} + " " + format_decimal(price) + " x " +
           format_decimal(size) + (buy ? " buy" : " sell");
}

std::vector<std::string> trades_of_ledger(arb::test::Simulated& simulated, bool only_live) {
    std::vector<std::string> out;
    for (auto const& trade : ledger(simulated, "trade"))
        if ((trade.at("live").as_bool() || !only_live) && !is_combo(market_of(trade)))
            out.push_back(line_of(market_of(trade), std::string{trade.at("trade_id").as_string()},
                                  amount(trade.at("price")), amount(trade.at("size")),
                                  trade.at("taker_side").as_string() == "buy"));
    std::sort(out.begin(), out.end());
    return out;
}

// As a sink keeps them: each trade id once.
std::vector<std::string> trades_of(arb::test::RecordingHost& host) {
    std::set<std::string> out;
    for (auto const* const trade : host.all<arb_trade>())
        out.insert(line_of(text(trade->header, trade->market_id), text(trade->header, trade->trade_id),
                           trade->price, trade->size, trade->taker_side == ARB_SIDE_BUY));
    return {out.begin(), out.end()};
}

std::string told(arb::test::RecordingHost& host) {
    std::string out;
    for (auto const& line : host.lines()) out += line + "\n";
    for (auto const& line : host.sentences())
        if (out.find(line) == std::string::npos) out += "state: " + line + "\n";
    for (auto const* const gap : host.all<arb_gap>())
        out += "gap: stream " + std::to_string(gap->stream) + " " +
               std::string{text(gap->header, gap->market_id)} + " " +
               std::string{text(gap->header, gap->reason)} + " " + format_time(gap->from_time) + " " +
               (gap->to_time == ARB_ABSENT ? "open" : format_time(gap->to_time)) +
               (gap->recovered == ARB_YES ? " recovered\n" : "\n");
    return out;
}

std::string violations(arb::test::Simulated& simulated) {
    std::string out;
    auto const report = simulated.control("report");
    for (auto const& [name, value] : report.at("violations").as_object())
        if (name.starts_with("kalshi")) out += std::string{name} + " " + json::serialize(value) + "; ";
    return out;
}

std::size_t open_gaps(arb::test::RecordingHost& host) {
    std::map<std::string, bool> open;
    for (auto const* const gap : host.all<arb_gap>())
        open[std::to_string(gap->stream) + std::string{text(gap->header, gap->market_id)} +
             std::to_string(gap->from_time)] = gap->to_time == ARB_ABSENT;
    return static_cast<std::size_t>(
        std::count_if(open.begin(), open.end(), [](auto const& entry) { return entry.second; }));
}

// Every market that ended is known with its end.
std::string without_end(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    std::map<std::string, int> last;
    for (auto const* const row : host.all<arb_market>())
        last[std::string{text(row->header, row->market_id)}] = row->lifecycle;
    std::string out;
    for (auto const& [id, state] : final_states(simulated))
        if (state == "settled" && last.contains(id) && last[id] != ARB_LIFECYCLE_SETTLED) out += id + "; ";
    return out;
}

}  // namespace

TEST_CASE("every trade once, every final quote and book, and no rule of the venue broken") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "800", "--seconds", "3", "--markets", "40"}};
    Running running{simulated, settings_for(simulated, true)};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto const expected = trades_of_ledger(simulated, true);
    CHECK(expected.size() > 50);
    eventually(10s, [&] { return running.host.all<arb_trade>().size() >= expected.size(); });
    eventually(10s, [&] {
        return wrong_quotes(simulated, running.host).empty() && wrong_books(simulated, running.host).empty();
    });
    INFO(told(running.host));
    CHECK(trades_of(running.host) == expected);
    CHECK(running.host.all<arb_trade>().size() == expected.size());
    CHECK(wrong_quotes(simulated, running.host) == "");
    CHECK(wrong_books(simulated, running.host) == "");
    CHECK(violations(simulated) == "");
    CHECK(running.host.all<arb_gap>().empty());
    eventually(10s, [&] { return without_end(simulated, running.host).empty(); });
    CHECK(without_end(simulated, running.host) == "");
}

TEST_CASE("without a key prices and trades are polled within the rate limit") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "3", "--markets", "40"}};
    Running running{simulated, settings_for(simulated, false)};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto const expected = trades_of_ledger(simulated, false);
    eventually(10s, [&] { return running.host.all<arb_trade>().size() >= expected.size(); });
    eventually(5s, [&] { return wrong_quotes(simulated, running.host).empty(); });
    INFO(told(running.host));
    CHECK(trades_of(running.host) == expected);
    CHECK(wrong_quotes(simulated, running.host) == "");
    CHECK(violations(simulated) == "");
    for (auto const* const quote : running.host.all<arb_quote>())
        CHECK((quote->header.flags & ARB_FLAG_POLLED) != 0);
}

TEST_CASE("faults of the feed leave gaps that are written down and closed, and everything is right again") {
    for (std::string const fault : {"cut", "seq_gap", "duplicate", "reorder", "malformed", "renamed_field",
                                    "no_snapshot", "http_500", "http_429", "accept_then_drop"}) {
        arb::test::Simulated simulated{
            {"--quiet-start", "--rate", "400", "--seconds", "5", "--markets", "20"}};
        Running running{simulated, settings_for(simulated, true)};
        REQUIRE(eventually(15s, [&] { return running.live(); }));
        simulated.control("start");
        REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
        simulated.fault(fault, "kalshi", 1.5);
        REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
        eventually(25s, [&] {
            return wrong_quotes(simulated, running.host).empty() &&
                   wrong_books(simulated, running.host).empty() && open_gaps(running.host) == 0;
        });
        INFO(fault << "\n" << told(running.host));
        CHECK(wrong_books(simulated, running.host) == "");
        CHECK(open_gaps(running.host) == 0);
        if (fault == "cut") {
            eventually(10s, [&] {
                return trades_of(running.host).size() >= trades_of_ledger(simulated, false).size();
            });
            CHECK(trades_of(running.host) == trades_of_ledger(simulated, false));
            CHECK(wrong_quotes(simulated, running.host) == "");
            CHECK_FALSE(running.host.all<arb_gap>().empty());
        }
    }
}

TEST_CASE("a selection subscribes to what it names and nothing else") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "2", "--markets", "40"}};
    auto settings = settings_for(simulated, true);
    auto const events =
        json::parse(simulated.get("/trade-api/v2/events?status=open&limit=2&with_nested_markets=true"));
    std::set<std::string> wanted;
    for (auto const& event : events.at("events").as_array()) {
        settings.select.events.emplace_back(event.at("event_ticker").as_string());
        for (auto const& market : event.at("markets").as_array())
            wanted.emplace(market.at("ticker").as_string());
    }
    Running running{simulated, settings};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    INFO(told(running.host));
    CHECK_FALSE(running.host.all<arb_quote>().empty());
    for (auto const* const quote : running.host.all<arb_quote>())
        CHECK(wanted.contains(std::string{text(quote->header, quote->market_id)}));
    for (auto const* const row : running.host.all<arb_market>())
        CHECK(wanted.contains(std::string{text(row->header, row->market_id)}));
    CHECK(violations(simulated) == "");
}

TEST_CASE("commands, the probe, and a key that is refused") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "20"}};
    auto settings = settings_for(simulated, true);
    Access const access{settings, simulated.tls(), signer_for(settings)};
    CHECK(probe_venue(access).has_value());
    std::vector<json::object> rows;
    auto const run = [&](Access const& as_whom, std::string_view name, std::string const& parameters) {
        rows.clear();
        return run_command(as_whom, name, Options{std::string_view{parameters}},
                           [&](json::object const& row) {
                               rows.push_back(row);
                               return true;
                           });
    };
    REQUIRE(run(access, "markets", R"({"limit":5})").has_value());
    REQUIRE(rows.size() == 5);
    auto const ticker = std::string{rows[0].at("ticker").as_string()};
    REQUIRE(run(access, "markets", R"({"ticker":")" + ticker + "\"}").has_value());
    CHECK(rows.size() == 1);
    CHECK(run(access, "trades", R"({"ticker":")" + ticker + "\"}").has_value());
    REQUIRE(run(access, "events", R"({"limit":2})").has_value());
    CHECK(rows.size() == 2);
    REQUIRE(run(access, "exchange_status", "{}").has_value());
    CHECK(rows.at(0).at("trading_active").as_bool());
    REQUIRE(run(access, "balance", "{}").has_value());
    CHECK(rows.at(0).at("balance").as_string() == "12345.67");
    CHECK(rows.at(0).at("portfolio_value").as_string() == "250");
    CHECK(run({settings, simulated.tls(), nullptr}, "balance", "{}").error().where == "/key_id");
    CHECK(violations(simulated) == "");

    Access const wrong{settings, simulated.tls(), Signer::load("another-key", settings.key_file).value()};
    CHECK(probe_venue(wrong).error().where == "/key_id");
    settings.key_id = "another-key";
    Running running{simulated, settings};
    REQUIRE(eventually(10s, [&] { return running.host.state() == ARB_STATE_HELD; }));
    CHECK(told(running.host).find("auth_failed") != std::string::npos);
    REQUIRE(eventually(10s, [&] { return !running.host.all<arb_market>().empty(); }));
}

TEST_CASE("a feed that answers pings and gives no data is found out and opened again", "[.slow]") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "75", "--markets", "20"}};
    Running running{simulated, settings_for(simulated, true)};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
    simulated.fault("freeze", "kalshi", 45);
    auto const reason = [&] {
        for (auto const* const gap : running.host.all<arb_gap>())
            if (text(gap->header, gap->reason) == "stalled") return true;
        return false;
    };
    CHECK(eventually(60s, reason));
    REQUIRE(eventually(90s, [&] { return simulated.finished(); }));
    eventually(20s, [&] {
        return open_gaps(running.host) == 0 &&
               trades_of(running.host).size() >= trades_of_ledger(simulated, false).size();
    });
    INFO(told(running.host));
    CHECK(open_gaps(running.host) == 0);
    auto const expected = trades_of_ledger(simulated, false), got = trades_of(running.host);
    std::vector<std::string> lost;
    std::set_difference(expected.begin(), expected.end(), got.begin(), got.end(), std::back_inserter(lost));
    CHECK(lost.empty());
    CHECK(got.size() == expected.size());
}
