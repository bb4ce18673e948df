// Gaps: intervals in which something of the venue may be missing. A gap is pushed when it opens, again when
// it closes, and again when everything missing was obtained; each push has the same name (stream, market,
// from), so that sinks keep one row. Nothing is assumed complete because nothing was heard of.
//
// Thread safety: none; on the venue's thread. Bounded by the number of markets that are subscribed.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "arbitrage/host.hpp"
#include "venue/outbox.hpp"

namespace arb {

class Gaps {
  public:
    // `venue` is the plugin's id. The outbox outlives this.
    Gaps(Outbox& outbox, Host host, std::string venue);

    // From `from` on something of `stream` (ARB_STREAM_*) may be missing; an empty market_id means the whole
    // stream of this instance. `reason` is a word of our own (disconnected, stalled, sequence, queue_full,
    // busy ...), counted as gaps_total{reason}. A gap that is open already stays as it is: the first reason
    // and the earliest time count.
    void open(int stream, std::string_view market_id, arb_time from, std::string_view reason,
              std::string_view detail = {});

    // Data is complete again from `to` on. Returns the closed gap's beginning, for a backfill; nothing if
    // none was open. `recovered`: everything in between was obtained already.
    std::optional<arb_time> close(int stream, std::string_view market_id, arb_time to,
                                  bool recovered = false);

    // Closes every open gap of the stream, or of all streams for ARB_STREAM_ALL.
    void close_all(int stream, arb_time to, bool recovered = false);

    // A gap known only afterwards, from its beginning to its end. For a gap that `close` returned and that a
    // backfill filled later: the same stream, market, from, to and reason, with `recovered`.
    void record(int stream, std::string_view market_id, arb_time from, arb_time to, std::string_view reason,
                std::string_view detail = {}, bool recovered = false);

    bool is_open(int stream, std::string_view market_id = {}) const;
    std::size_t open_count() const { return open_.size(); }

  private:
    struct Gap {
        arb_time from;
        std::string reason, detail;
    };
    using Name = std::pair<int, std::string>;  // stream, market
    struct Less {
        using is_transparent = void;
        template<class A, class B>
        bool operator()(A const& a, B const& b) const {
            return a.first != b.first ? a.first < b.first
                                      : std::string_view{a.second} < std::string_view{b.second};
        }
    };
    void push(int stream, std::string_view market_id, Gap const& gap, arb_time to, bool recovered);

    Outbox& outbox_;
    Host const host_;
    std::string const venue_;
    std::map<Name, Gap, Less> open_;
};

}  // namespace arb
