#include "sinks/sql/packet_json.hpp"

#include "arbitrage/decimal.hpp"
#include "arbitrage/fields.hpp"
#include "arbitrage/time.hpp"
#include "sinks/sql/text.hpp"

namespace arb::sql {
namespace {

namespace json = boost::json;

class Printer {
  public:
    Printer(arb_packet const& packet, json::object& out) : packet_{packet}, out_{out} {}

    void text(Field const& field, std::string_view value) { out_[field.name] = cleaned(value); }
    void texts(Field const& field, std::span<arb_ref const> values) {
        json::array texts;
        for (auto const& value : values) texts.emplace_back(cleaned(arb::text(packet_, value)));
        out_[field.name] = std::move(texts);
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
    void yes_no(Field const& field, bool value) { out_[field.name] = value; }
    void word(Field const& field, std::int32_t number, char const* value) {
        out_[field.name] = value == nullptr ? json::value(number) : json::value(value);
    }

  private:
    arb_packet const& packet_;
    json::object& out_;
};

}  // namespace

json::object packet_json(arb_packet const& packet) {
    json::object out{{"kind", kind_names[packet.kind]},
                     {"venue", venue(packet)},
                     {"position", packet.position},
                     {"received_time", format_time(packet.received_time)},
                     {"flags", packet.flags}};
    if (packet.venue_time != 0) out["venue_time"] = format_time(packet.venue_time);
    Printer printer{packet, out};
    print_fields(packet, printer);
    return out;
}

}  // namespace arb::sql
