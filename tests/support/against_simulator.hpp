// What tests of a whole venue plugin compare: the packets it pushed with the ledger of the simulator it ran
// against.
//
// Thread safety: pure functions of what the host recorded and the simulator wrote so far.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <set>
#include <string>

#include "arbitrage/decimal.hpp"
#include "arbitrage/time.hpp"
#include "simulator/simulated.hpp"
#include "support/recording_host.hpp"

namespace arb::test {

namespace json = boost::json;

inline std::int64_t amount(json::value const& value) {
    return value.is_null() ? ARB_ABSENT : parse_decimal(std::string_view{value.as_string()}).millionths;
}

inline std::string market_of(json::object const& line) { return std::string{line.at("market").as_string()}; }

// The status of each market at the end.
inline std::map<std::string, std::string> final_states(Simulated& simulated, std::string const& venue) {
    std::map<std::string, std::string> out;
    for (auto const& market : simulated.ledger("final_market", venue))
        out[market_of(market)] = market.at("status").as_string();
    return out;
}

// What differs between the last quotes pushed and the ledger's final ones of markets that are open and not
// `left_out`.
template<class LeftOut>
std::string wrong_quotes(Simulated& simulated, RecordingHost& host, std::string const& venue,
                         LeftOut const& left_out) {
    std::map<std::string, arb_quote const*> last;
    for (auto const* const quote : host.all<arb_quote>())
        last[std::string{text(quote->header, quote->market_id)}] = quote;
    auto states = final_states(simulated, venue);
    std::string wrong;
    for (auto const& expected : simulated.ledger("final_quote", venue)) {
        auto const id = market_of(expected);
        if (states[id] != "open" || left_out(id)) continue;
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

// What the plugin told its host, for a failure.
inline std::string told(RecordingHost& host) {
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

// Rules of the venue that were broken.
inline std::string violations(Simulated& simulated, std::string_view venue) {
    std::string out;
    auto const report = simulated.control("report");
    for (auto const& [name, value] : report.at("violations").as_object())
        if (name.starts_with(venue)) out += std::string{name} + " " + json::serialize(value) + "; ";
    return out;
}

// How many gaps were not closed.
inline std::size_t open_gaps(RecordingHost& host) {
    std::set<std::string> out;
    for (auto const* const gap : host.all<arb_gap>()) {
        auto const name = std::to_string(gap->stream) + std::string{text(gap->header, gap->market_id)} +
                          std::to_string(gap->from_time);
        if (gap->to_time == ARB_ABSENT)
            out.insert(name);
        else
            out.erase(name);
    }
    return out.size();
}

}  // namespace arb::test
