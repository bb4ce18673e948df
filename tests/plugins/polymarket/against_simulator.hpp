// The plugin at work against the simulator, and what its tests compare with the ledger.
#pragma once

#include <algorithm>
#include <iterator>
#include <thread>

#include "polymarket/collector.hpp"
#include "polymarket/fixture.hpp"
#include "support/against_simulator.hpp"

namespace arb::polymarket::test {

using namespace std::chrono_literals;
using arb::test::open_gaps;
using arb::test::told;
namespace json = boost::json;

// The plugin's settings for a simulator.
inline Settings settings_for(arb::test::Simulated& simulated) {
    Settings settings;
    settings.gamma_url = simulated.endpoint("polymarket", "gamma_url");
    settings.clob_url = simulated.endpoint("polymarket", "clob_url");
    settings.data_url = simulated.endpoint("polymarket", "data_url");
    settings.websocket_url = simulated.endpoint("polymarket", "websocket_url");
    settings.catalogue_every = 1s;
    settings.record = {true, true, true};
    settings.timing.backfill_after = settings.timing.backfill_again = 1s;
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

inline std::vector<json::object> ledger(arb::test::Simulated& simulated, std::string const& kind) {
    return simulated.ledger(kind, std::string{venue_name});
}

inline std::string wrong_quotes(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
    return arb::test::wrong_quotes(simulated, host, std::string{venue_name},
                                   [](std::string const&) { return false; });
}

inline std::string violations(arb::test::Simulated& simulated) {
    return arb::test::violations(simulated, venue_name);
}

// How often the simulator saw something of this venue.
inline std::int64_t counted(arb::test::Simulated& simulated, std::string const& what) {
    auto const report = simulated.control("report");
    auto const* const count = report.at("counters").as_object().if_contains("polymarket." + what);
    return count == nullptr ? 0 : count->to_number<std::int64_t>();
}

// Every trade of the world, whether the stream showed it or not.
inline std::vector<std::string> trades_of_ledger(arb::test::Simulated& simulated) {
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

inline std::vector<std::string> trades_of(arb::test::RecordingHost& host) {
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
inline std::string wrong_trades(arb::test::Simulated& simulated, arb::test::RecordingHost& host) {
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

// All rows of gaps but the one which says that the trades of the time before the start were read.
inline std::vector<arb_gap const*> gaps(arb::test::RecordingHost& host) {
    auto out = host.all<arb_gap>();
    std::erase_if(out, [](arb_gap const* gap) {
        return text(gap->header, gap->reason) == "not_running" && gap->recovered == ARB_YES;
    });
    return out;
}

struct GapRows {
    std::map<std::pair<int, std::string>, int> by_market;  // stream and market -> rows
    std::set<std::string> reasons, trades_lost;            // rows of trades that were not recovered
};

inline GapRows gap_rows(arb::test::RecordingHost& host) {
    GapRows out;
    std::set<std::string> names;
    for (auto const* const gap : gaps(host)) {
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

}  // namespace arb::polymarket::test
