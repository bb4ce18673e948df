// The whole plugin against the simulator: TLS, listing, connections, faults.
#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <map>
#include <set>
#include <thread>

#include "arbitrage/decimal.hpp"
#include "net/signature.hpp"
#include "polymarket/collector.hpp"
#include "polymarket/commands.hpp"
#include "polymarket/fixture.hpp"
#include "simulator/simulated.hpp"
#include "support/catch.hpp"

using namespace arb;
using namespace arb::polymarket;
using namespace arb::polymarket::test;
using namespace std::chrono_literals;
using arb::test::eventually;
namespace json = boost::json;

namespace {

// The plugin's settings for a simulator.
Settings settings_for(arb::test::Simulated& simulated) {
    Settings settings;
    settings.gamma_url = simulated.endpoint("polymarket", "gamma_url");
    settings.clob_url = simulated.endpoint("polymarket", "clob_url");
    settings.data_url = simulated.endpoint("polymarket", "data_url");
    settings.websocket_url = simulated.endpoint("polymarket", "websocket_url");
    settings.catalogue_every = 1s;
    settings.record = {true, true, true};
    settings.timing.backfill_after = 1s;
    settings.timing.doubt_settles = 2s;
    return settings;
}

// The plugin at work on a thread of its own.
class Running {
  public:
    explicit Running(arb::test::Simulated& simulated) : Running{simulated, settings_for(simulated)} {}
    Running(arb::test::Simulated& simulated, Settings settings)
        : settings_{std::move(settings)}, tls_{simulated.tls()} {
        thread_ = std::thread{[this] {
            Collector collector{host.host(), settings_, tls_, io_};
            collector.run();
        }};
    }
    ~Running() {
        host.stop();
        io_.stop();
        thread_.join();
    }
    bool live() { return host.state() == ARB_STATE_LIVE; }

    arb::test::RecordingHost host{"polymarket"};

  private:
    Settings const settings_;
    std::shared_ptr<net::Tls> const tls_;
    boost::asio::io_context io_{1};
    std::thread thread_;
};

std::vector<json::object> ledger(arb::test::Simulated& simulated, std::string const& kind) {
    std::vector<json::object> out;
    for (auto const& line : read_lines(simulated.endpoint("ledger_file"))) {
        auto const value = json::parse(line).as_object();
        if (value.at("kind").as_string() == kind && value.at("venue").as_string() == "polymarket")
            out.push_back(value);
    }
    return out;
}

std::int64_t amount(json::value const& value) {
    return value.is_null() ? ARB_ABSENT : parse_decimal(value.as_string()).millionths;
}

// What differs between the last quotes pushed and the ledger's final ones.
std::string wrong_quotes(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    std::map<std::string, arb_quote const*> last;
    for (auto const* const quote : host.all<arb_quote>())
        last[std::string{text(quote->header, quote->market_id)}] = quote;
    std::map<std::string, bool> settled;
    for (auto const& market : ledger(simulated, "final_market"))
        settled[std::string{market.at("market").as_string()}] = market.at("status").as_string() != "open";
    std::string wrong;
    for (auto const& expected : ledger(simulated, "final_quote")) {
        std::string const id{expected.at("market").as_string()};
        if (settled[id]) continue;
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

// Every trade of the world, whether the stream showed it or not.
std::vector<std::string> trades_of_ledger(arb::test::Simulated& simulated) {
    std::vector<std::string> out;
    for (auto const& trade : ledger(simulated, "trade"))
        out.push_back(std::string{trade.at("market").as_string()} + " " +
                      std::to_string(trade.at("outcome").to_number<int>()) + " " +
                      std::string{trade.at("price").as_string()} + " " +
                      std::string{trade.at("size").as_string()} + " " +
                      std::string{trade.at("taker_side").as_string()});
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::string> trades_of(arb::test::RecordingHost& host) {
    std::vector<std::string> out;
    for (auto const* const trade : host.all<arb_trade>())
        out.push_back(std::string{text(trade->header, trade->market_id)} + " " +
                      std::to_string(trade->outcome) + " " + format_decimal(trade->price) + " " +
                      format_decimal(trade->size) + " " +
                      (trade->taker_side == ARB_SIDE_BUY ? "buy" : "sell"));
    std::sort(out.begin(), out.end());
    return out;
}

// The first trades that are missing, or there more often than they were made.
std::string wrong_trades(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    constexpr std::size_t shown_max = 6;
    auto const expected = trades_of_ledger(simulated), there = trades_of(host);
    std::vector<std::string> missing, extra;
    std::set_difference(expected.begin(), expected.end(), there.begin(), there.end(),
                        std::back_inserter(missing));
    std::set_difference(there.begin(), there.end(), expected.begin(), expected.end(),
                        std::back_inserter(extra));
    std::string out;
    if (!missing.empty()) out += std::to_string(missing.size()) + " missing: ";
    for (std::size_t n = 0; n != std::min(missing.size(), shown_max); ++n) out += missing[n] + "; ";
    if (!extra.empty()) out += std::to_string(extra.size()) + " too many: ";
    for (std::size_t n = 0; n != std::min(extra.size(), shown_max); ++n) out += extra[n] + "; ";
    return out;
}

std::string told(arb::test::RecordingHost& host) {
    std::string out;
    for (auto const& line : host.lines()) out += line + "\n";
    for (auto const& line : host.sentences()) out += "state: " + line + "\n";
    return out;
}

std::string violations(arb::test::Simulated& simulated) {
    std::string out;
    auto const report = simulated.control("report");
    for (auto const& [name, value] : report.at("violations").as_object())
        if (name.starts_with("polymarket")) out += std::string{name} + " " + json::serialize(value) + "; ";
    return out;
}

// The names of gaps whose last word is that they are open.
std::set<std::string> open_gaps(arb::test::RecordingHost& host) {
    std::set<std::string> out;
    for (auto const* const gap : host.all<arb_gap>()) {
        auto const name = std::to_string(gap->stream) + std::string{text(gap->header, gap->market_id)} +
                          std::to_string(gap->from_time);
        if (gap->to_time == ARB_ABSENT)
            out.insert(name);
        else
            out.erase(name);
    }
    return out;
}

struct GapRows {
    std::map<std::pair<int, std::string>, int> by_market;  // stream and market -> rows
    std::set<std::string> reasons, trades_lost;            // rows of trades that were not recovered
};

GapRows gap_rows(arb::test::RecordingHost& host) {
    GapRows out;
    std::set<std::string> names;
    for (auto const* const gap : host.all<arb_gap>()) {
        if (gap->stream == ARB_STREAM_CATALOGUE) continue;
        std::string const market{text(gap->header, gap->market_id)};
        auto const name = std::to_string(gap->stream) + market + std::to_string(gap->from_time);
        if (names.insert(name).second) ++out.by_market[{gap->stream, market}];
        out.reasons.emplace(text(gap->header, gap->reason));
        if (gap->stream != ARB_STREAM_TRADES) continue;
        if (gap->recovered == ARB_YES)
            out.trades_lost.erase(name);
        else
            out.trades_lost.insert(name);
    }
    return out;
}

}  // namespace

TEST_CASE("every trade once, every final quote, and no rule of the venue broken") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "1200", "--seconds", "3", "--markets", "60"}};
    Running running{simulated};
    INFO(told(running.host));
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    auto const expected = trades_of_ledger(simulated);
    CHECK(expected.size() > 50);
    eventually(5s, [&] { return wrong_quotes(simulated, running.host).empty(); });
    eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
    CHECK(wrong_trades(simulated, running.host) == "");
    CHECK(wrong_quotes(simulated, running.host).empty());
    CHECK(violations(simulated).empty());
    for (auto const* const gap : running.host.all<arb_gap>())
        FAIL_CHECK("a gap: " << text(gap->header, gap->reason) << ", " << text(gap->header, gap->detail)
                             << "\n"
                             << told(running.host) << violations(simulated));
    CHECK(running.host.counter("book_hashes/different") == 0);
    // Each market that was resolved meanwhile has its result, from the stream or the listing.
    eventually(10s, [&] {
        return running.host.all<arb_status_change>().size() >= ledger(simulated, "status").size();
    });
    for (auto const& market : ledger(simulated, "final_market")) {
        if (market.at("status").as_string() != "settled") continue;
        std::string const id{market.at("market").as_string()};
        bool const known = eventually(10s, [&] {
            for (auto const* const row : running.host.all<arb_market>())
                if (text(row->header, row->market_id) == id && row->lifecycle == ARB_LIFECYCLE_SETTLED)
                    return true;
            return false;
        });
        INFO(id << "\n" << told(running.host));
        CHECK(known);
    }
    INFO(told(running.host));
}

TEST_CASE("faults of the feed: prices are right again afterwards, gaps are closed and trades are all there") {
    for (std::string const fault : {"cut", "reset", "malformed", "renamed_field", "overflow"}) {
        arb::test::Simulated simulated{
            {"--quiet-start", "--rate", "400", "--seconds", "4", "--markets", "20"}};
        Running running{simulated};
        REQUIRE(eventually(15s, [&] { return running.live(); }));
        simulated.control("start");
        REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
        simulated.fault(fault, "polymarket", 1.5);
        REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
        eventually(25s, [&] { return wrong_quotes(simulated, running.host).empty(); });
        INFO(fault << "\n" << told(running.host));
        CHECK(wrong_quotes(simulated, running.host).empty());
        // A catalogue that could not be read is tried again after a pause, so its gap closes last.
        CHECK(eventually(40s, [&] { return open_gaps(running.host).empty(); }));
        auto const rows = gap_rows(running.host);
        // However often a book was in doubt, its gap is one row.
        for (auto const& [name, count] : rows.by_market) CHECK((name.second.empty() || count == 1));
        CHECK(eventually(20s, [&] { return gap_rows(running.host).trades_lost.empty(); }));
        eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
        CHECK(wrong_trades(simulated, running.host) == "");
        if (fault != "malformed") CHECK_FALSE(rows.by_market.empty());
    }
}

TEST_CASE(
    "connections are renewed while they are good: nothing is missing, doubled or written down as a gap") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "800", "--seconds", "5", "--markets", "40"}};
    auto settings = settings_for(simulated);
    settings.timing.renew_min = settings.timing.renew_max = 700ms;
    settings.timing.overlap = 600ms;
    Running running{simulated, settings};
    INFO(told(running.host));
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    CHECK(running.host.counter("renewals") >= 2);
    CHECK(running.host.counter("repeated_trades") > 0);
    eventually(5s, [&] { return wrong_quotes(simulated, running.host).empty(); });
    eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
    CHECK(wrong_trades(simulated, running.host) == "");
    CHECK(wrong_quotes(simulated, running.host).empty());
    CHECK(running.host.all<arb_gap>().empty());
    CHECK(violations(simulated).empty());
}

TEST_CASE("a feed that only answers PING is replaced, and what it kept back is obtained") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "5", "--markets", "20"}};
    auto settings = settings_for(simulated);
    settings.timing.ping_every = 300ms;
    settings.timing.silence_min = settings.timing.silence_max = 1500ms;
    settings.timing.rest_ahead = 200ms;
    Running running{simulated, settings};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
    simulated.fault("freeze", "polymarket", 120, "&connection=open");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    eventually(15s, [&] { return wrong_quotes(simulated, running.host).empty(); });
    CHECK(eventually(
        15s, [&] { return open_gaps(running.host).empty() && gap_rows(running.host).trades_lost.empty(); }));
    INFO(told(running.host));
    CHECK(wrong_quotes(simulated, running.host).empty());
    eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
    CHECK(wrong_trades(simulated, running.host) == "");
    CHECK(gap_rows(running.host).reasons.count("stalled") == 1);
}

TEST_CASE("a connection that is silent about one market is replaced, and the others do not notice") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "6", "--markets", "20"}};
    auto settings = settings_for(simulated);
    settings.timing.quiet_after = 1s;
    settings.timing.audit_every = 100ms;
    settings.timing.audit_round = 1s;
    settings.timing.rest_ahead = 300ms;
    settings.timing.overlap = 500ms;
    Running running{simulated, settings};
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    simulated.control("start");
    REQUIRE(eventually(5s, [&] { return running.host.all<arb_trade>().size() > 5; }));
    auto const traded = running.host.all<arb_trade>();
    std::string const silent{text(traded.back()->header, traded.back()->market_id)};
    simulated.fault("silent_market", "polymarket", 120, "&connection=open&market=" + silent);
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    eventually(15s, [&] { return wrong_quotes(simulated, running.host).empty(); });
    CHECK(eventually(
        15s, [&] { return open_gaps(running.host).empty() && gap_rows(running.host).trades_lost.empty(); }));
    INFO(told(running.host));
    CHECK(wrong_quotes(simulated, running.host).empty());
    eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
    CHECK(wrong_trades(simulated, running.host) == "");
    CHECK(running.host.counter("renewals") >= 1);
    for (auto const& [name, count] : gap_rows(running.host).by_market) CHECK(name.second == silent);
}

TEST_CASE("what was resolved and traded while nothing ran is there after the next start") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "400", "--seconds", "3", "--markets", "20"}};
    {
        Running before{simulated};
        REQUIRE(eventually(15s, [&] { return before.live(); }));
    }
    simulated.control("start");
    REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
    std::set<std::string> settled;
    for (auto const& market : ledger(simulated, "final_market"))
        if (market.at("status").as_string() == "settled")
            settled.insert(std::string{market.at("market").as_string()});
    REQUIRE_FALSE(settled.empty());
    Running after{simulated};
    auto const known = [&] {
        std::set<std::string> out;
        for (auto const* const row : after.host.all<arb_market>())
            if (row->lifecycle == ARB_LIFECYCLE_SETTLED && row->result.length != 0)
                out.insert(std::string{text(row->header, row->market_id)});
        return out;
    };
    eventually(15s, [&] { return known() == settled; });
    INFO(told(after.host));
    CHECK(known() == settled);
    eventually(15s, [&] { return wrong_trades(simulated, after.host).empty(); });
    CHECK(wrong_trades(simulated, after.host) == "");
}

TEST_CASE("a venue that accepts and drops is not hammered, and one that sends no books is asked again") {
    for (std::string const fault : {"accept_then_drop", "no_snapshot"}) {
        arb::test::Simulated simulated{
            {"--quiet-start", "--rate", "300", "--seconds", "3", "--markets", "20"}};
        simulated.fault(fault, "polymarket", 4);
        Running running{simulated};
        std::this_thread::sleep_for(3s);
        INFO(fault << "\n" << told(running.host));
        CHECK_FALSE(running.live());
        CHECK(running.host.all<arb_quote>().empty());
        CHECK(running.host.counter("reconnects") <= net::ConnectBudget::connects_max);
        REQUIRE(eventually(40s, [&] { return running.live(); }));
        simulated.control("start");
        REQUIRE(eventually(20s, [&] { return simulated.finished(); }));
        eventually(10s, [&] { return wrong_quotes(simulated, running.host).empty(); });
        CHECK(wrong_quotes(simulated, running.host).empty());
        CHECK(eventually(40s, [&] { return open_gaps(running.host).empty(); }));
        eventually(10s, [&] { return wrong_trades(simulated, running.host).empty(); });
        CHECK(wrong_trades(simulated, running.host) == "");
        CHECK(violations(simulated).empty());
    }
}

TEST_CASE("a market made while it runs has its first quote within 5 s of its announcement") {
    arb::test::Simulated simulated{{"--quiet-start", "--rate", "800", "--seconds", "8", "--markets", "30"}};
    auto settings = settings_for(simulated);
    settings.catalogue_every = 60s;  // the listing will not help
    Running running{simulated, settings};
    INFO(told(running.host));
    REQUIRE(eventually(15s, [&] { return running.live(); }));
    std::set<std::string> before;
    for (auto const* const row : running.host.all<arb_market>())
        before.insert(std::string{text(row->header, row->market_id)});
    simulated.control("start");
    REQUIRE(eventually(30s, [&] { return simulated.finished(); }));
    std::map<std::string, arb_time> first;
    for (auto const* const quote : running.host.all<arb_quote>())
        first.try_emplace(std::string{text(quote->header, quote->market_id)}, quote->header.received_time);
    int made = 0;
    for (auto const& line : ledger(simulated, "created")) {
        std::string const id{line.at("market").as_string()};
        auto const at = std::max(line.at("ms").to_number<std::int64_t>(),
                                 line.at("tradable_ms").to_number<std::int64_t>()) *
                        millisecond_ns;
        // One of the last seconds has not had its time.
        if (before.contains(id) || running.host.host().now() - at < 5 * second_ns) continue;
        ++made;
        INFO(id);
        REQUIRE(first.contains(id));
        CHECK(first[id] - at < 5 * second_ns);
    }
    CHECK(made > 0);
    CHECK(eventually(15s, [&] { return running.host.all<arb_fee_schedule>().size() >= before.size(); }));
}

TEST_CASE("commands and the probe") {
    arb::test::Simulated simulated{{"--quiet-start", "--markets", "20"}};
    auto settings = settings_for(simulated);
    auto const tls = simulated.tls();
    CHECK(probe_services(settings, tls).has_value());
    std::vector<json::object> rows;
    auto const run = [&](std::string_view name, std::string const& parameters) {
        rows.clear();
        return run_command(settings, tls, name, Options{std::string_view{parameters}},
                           [&](json::object const& row) {
                               rows.push_back(row);
                               return true;
                           });
    };
    REQUIRE(run("markets", R"({"limit":5})").has_value());
    REQUIRE(rows.size() == 5);
    std::string const id{rows[0].at("market_id").as_string()};
    REQUIRE(run("book", R"({"market":")" + id + "\"}").has_value());
    REQUIRE_FALSE(rows.empty());
    CHECK(rows[0].at("price").is_string());
    CHECK(run("trades", R"({"market":")" + id + "\"}").has_value());
    REQUIRE(run("events", R"({"limit":2})").has_value());
    CHECK(rows.size() == 2);
    REQUIRE(run("selection", "{}").has_value());
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("rule").as_string() == "total");
    CHECK(rows[0].at("takes").to_number<int>() >= 5);
    REQUIRE(run("tags", "{}").has_value());
    CHECK(rows.size() == 1);
    CHECK(run("positions", "{}").error().where == "/user");
    CHECK(run("fills", "{}").error().where == "/api_key");
    CHECK(run("book", R"({"market":"no-such-market"})").error().where == "/market");
    CHECK(run("orders", "{}").error().where == "/api_key");
    auto const account = [&](char const* name) { return simulated.endpoint("polymarket", name); };
    auto const secret = [&](char const* name) { return net::read_secret(account(name)).value(); };
    settings.credentials = Credentials{account("address"), account("api_key"), secret("api_secret_file"),
                                       secret("api_passphrase_file")};
    auto const orders = run("orders", "{}");
    INFO((orders.has_error() ? orders.error().text : ""));
    REQUIRE(orders.has_value());
    CHECK(rows.size() == 1);
    CHECK(run("fills", "{}").has_value());
    REQUIRE(run("balance", "{}").has_value());
    CHECK(rows.at(0).at("collateral").as_string() == "250");
    settings.credentials->secret = "d3Jvbmc=";
    CHECK(run("balance", "{}").has_error());
    CHECK(violations(simulated).find("unknown_path") == std::string::npos);
}
