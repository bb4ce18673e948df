// What /status answers, and how `arbitrage status` shows it to people.
//
// Thread safety: free functions without state.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "host/pipeline.hpp"

namespace arb::host {

char const* state_name(int state);

// What the host as a whole is doing.
struct HostState {
    int state = ARB_STATE_STARTING;
    arb_time since = 0;
    arb_time started = 0;
    std::string sentence;
    std::uint64_t clock_steps = 0;  // times the wall clock was set
    std::uint64_t pauses = 0;       // times the program did not run for 10 s or longer
};

boost::json::object status_json(HostState const& host, Config const& config, Pipeline const& pipeline,
                                queue::Queue const& queue);

// The answer of /status as lines for a person; `colour` for a terminal.
std::string status_text(boost::json::object const& status, bool colour);

enum class Show {
    brief,  // long texts are cut, and payloads left out: for reading
    whole,
};

// A packet as a JSON object: its header and every field of its kind that is given. Amounts are decimal text.
boost::json::object packet_json(arb_packet const& packet, Show show);

// The same on a line for a person: "12:00:01.123456 venue quote market=ID bid=0.42 ask=0.43".
std::string packet_line(boost::json::object const& packet);

}  // namespace arb::host
