// What the venue charges: schedules of series, events that override their series, and changes that are
// announced before they take effect. Pushed where they changed.
//
// Thread safety: none; on the venue's thread. Keeps two hashes and the fee of a schedule.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "decode.hpp"
#include "venue/change_filter.hpp"
#include "venue/outbox.hpp"

namespace arb::kalshi {

// The words of the venue for a fee. `multiplier` as the venue prints it, cut to a decimal text.
struct Fee {
    std::string type;
    std::string multiplier;
    bool operator==(Fee const&) const = default;
};

// JSON for the column `fee` of a market.
std::string fee_json(Fee const& fee, std::string_view waived_until);

// Type and multiplier of an event's override: either may be null, and then the series' stands. Nothing if
// both are, or if the type is no text.
std::optional<Fee> read_override(boost::json::object const& object);

// Type and multiplier of an object under these names; nothing if there is no type.
std::optional<Fee> read_fee(boost::json::object const& object, std::string_view type_key,
                            std::string_view multiplier_key);

struct FeeSchedule {
    int scope = ARB_SCOPE_SERIES;  // or ARB_SCOPE_EVENT
    std::string id;
    Fee fee;                      // of an event without type and multiplier: its override ended
    arb_time effective_from = 0;  // 0: the venue does not say
    char const* source = "";
    std::string raw = {};
    Doubts doubts = {};
};

// An item of `series_fee_change_arr` of GET /series/fee_changes.
std::optional<FeeSchedule> read_series_fee_change(boost::json::value const& value, std::string_view& reason);
// An item of `event_fee_changes` of GET /events/fee_changes.
std::optional<FeeSchedule> read_event_fee_change(boost::json::value const& value, std::string_view& reason);

void write_fee_schedule(Packets& packets, FeeSchedule const& schedule, arb_time received);

class Fees {
  public:
    // The type that the series of an event gives it; empty if that is not known.
    using TypeOf = std::function<std::string(std::string_view event)>;
    explicit Fees(Host host, Outbox& outbox, TypeOf type_of = {})
        : host_{host}, outbox_{outbox}, type_of_{std::move(type_of)} {}

    // The fee that holds now, as a series, an event or a frame gives it.
    void holds(FeeSchedule schedule);
    // A change with a date, past or to come. One that is not wanted says only that it is still listed.
    void announced(FeeSchedule const& schedule, bool wanted = true);
    // All changes of that scope were read. What was to come and is listed no more was withdrawn, or put off:
    // from its date on holds what held before it.
    void all_announced(int scope);

  private:
    void push(FeeSchedule schedule);
    void push_dated(FeeSchedule const& schedule);

    Host const host_;
    Outbox& outbox_;
    TypeOf const type_of_;
    struct ToCome {
        Fee fee;
        bool listed = true;
    };
    using Name = std::tuple<int, std::string>;  // scope, id
    Fee before(Name const& name, arb_time time) const;

    ChangeFilter filter_;
    std::map<Name, Fee> held_;                            // what holds now; of events that are overridden
    std::map<Name, std::map<arb_time, ToCome>> to_come_;  // until it began and was listed still
};

}  // namespace arb::kalshi
