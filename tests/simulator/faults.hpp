// How the venues misbehave: which faults are in force, and what they do to frames and answers.
//
// Thread safety: none; on the simulator's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/server.hpp"
#include "simulator/world.hpp"

namespace arb::simulator {

// One order to misbehave, as /control/fault gives it.
struct Fault {
    std::string kind;
    Venue venue;
    unsigned connection = 0;   // 0: all of the venue, present and future
    std::string market = {};   // of silent_market
    std::string message = {};  // of drift_*: a frame's type, or the end of a REST path with its slash
    std::string field = {};    // of drift_*
    bool every = false;        // of drift_*: all such fields of a text, not only the first
    std::int64_t until_ms = 0;
    unsigned retry_after_s = 1;  // of http_429 and http_503; 0: they do not say
    std::uint64_t number = 0;
};

class Faults {
  public:
    static bool known(std::string const& kind);
    void start(Fault fault);
    // Ends the faults of this kind; of every kind if it is empty.
    void stop(std::string const& kind, Venue venue);
    bool active(std::string_view kind, Venue venue, unsigned connection = 0) const;
    bool silent(Venue venue, unsigned connection, std::string_view market) const;
    // The number of the newest order of this kind that strikes the connection; 0: there was none.
    std::uint64_t newest(std::string_view kind, Venue venue, unsigned connection) const;
    // What a request gets instead of its answer.
    std::optional<HttpResponse> answer(Venue venue) const;
    // Changes what drifts in an answer to a request for `path`.
    void drift_answer(Venue venue, std::string_view path, std::string& body) const;
    // The same for a frame of one connection; false: it is whole.
    bool drift_frame(Venue venue, unsigned connection, std::string& frame) const;
    // True while nothing was ever ordered: the way of most frames.
    bool idle() const { return orders_.empty(); }
    std::string json() const;  // those in force
    unsigned next_connection(Venue venue) { return ++connections_[static_cast<int>(venue)]; }

  private:
    std::vector<Fault> orders_;  // a test's worth
    std::uint64_t number_ = 0;
    unsigned connections_[2] = {};
};

// Who got a frame and who did not.
struct Delivery {
    std::vector<unsigned> seen, missed;  // numbers of connections
    bool live() const { return !seen.empty(); }
};

// The way out of one connection: where faults strike data frames.
class Line {
  public:
    Line(std::shared_ptr<Socket> socket, Venue venue, Faults& faults);
    // Whether the client gets the frame as it is. `market` is whom it is about, if it is about one. A `print`
    // is a trade without a number of its own: sent twice it would be two trades.
    bool data(std::string frame, std::string_view market = {}, bool print = false);
    void reply(std::string frame) { socket_->send(std::move(frame)); }
    void settle();  // sends what a fault that is over held back
    // Whether an order of this kind came that has not struck this connection yet.
    bool strikes_once(std::string const& kind);
    unsigned number() const { return number_; }
    Socket& socket() { return *socket_; }

  private:
    void send_malformed(std::string const& frame);
    bool send_renamed(std::string& frame);

    std::shared_ptr<Socket> socket_;
    Venue venue_;
    Faults& faults_;
    unsigned const number_;
    std::map<std::string, std::uint64_t> struck_;
    std::string held_;
};

}  // namespace arb::simulator
