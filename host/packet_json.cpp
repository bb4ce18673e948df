#include <limits>

#include "arbitrage/decimal.hpp"
#include "arbitrage/fields.hpp"
#include "arbitrage/time.hpp"
#include "host/log.hpp"
#include "host/status.hpp"

namespace arb::host {

namespace json = boost::json;

namespace {

constexpr std::size_t text_bytes_max = 256;  // a tap is for reading; whole texts are in the database

class Printer {
  public:
    Printer(arb_packet const& packet, Show show, json::object& out)
        : packet_{packet}, show_{show}, out_{out} {}

    void text(Field const& field, std::string_view value) {
        if (show_ == Show::whole || field.as != Field::As::payload) out_[field.name] = shown(value);
    }
    void texts(Field const& field, std::span<arb_ref const> values) {
        json::array texts;
        for (auto const& value : values) texts.emplace_back(shown(arb::text(packet_, value)));
        if (!texts.empty()) out_[field.name] = std::move(texts);
    }
    void levels(Field const& field, std::span<arb_level const> values) {
        json::array levels;
        for (auto const& level : values)
            levels.push_back({format_decimal(level.price), format_decimal(level.size)});
        out_[field.name] = std::move(levels);
    }
    void amount(Field const& field, std::int64_t value) { out_[field.name] = format_decimal(value); }
    void time(Field const& field, arb_time value) { out_[field.name] = format_time(value); }
    void number(Field const& field, std::int32_t value) { out_[field.name] = value; }
    void counter(Field const& field, std::uint64_t value) { out_[field.name] = value; }
    void yes_no(Field const& field, bool value) { out_[field.name] = value ? "yes" : "no"; }
    void word(Field const& field, std::int32_t, char const* value) {
        if (value != nullptr) out_[field.name] = value;
    }

  private:
    std::string shown(std::string_view value) const {
        return escape(value, show_ == Show::whole ? std::numeric_limits<std::size_t>::max() : text_bytes_max);
    }

    arb_packet const& packet_;
    Show const show_;
    json::object& out_;
};

}  // namespace

json::object packet_json(arb_packet const& packet, Show show) {
    json::object out{
        {"kind", kind_names[packet.kind]}, {"venue", venue(packet)}, {"position", packet.position}};
    out["received"] = format_time(packet.received_time);
    if (packet.venue_time != 0) out["venue_time"] = format_time(packet.venue_time);
    Printer printer{packet, show, out};
    print_fields(packet, printer);
    if ((packet.flags & ARB_FLAG_BACKFILLED) != 0) out["backfilled"] = true;
    if ((packet.flags & ARB_FLAG_ANOMALY) != 0) out["anomaly"] = true;
    if ((packet.flags & ARB_FLAG_POLLED) != 0) out["polled"] = true;
    return out;
}

}  // namespace arb::host
